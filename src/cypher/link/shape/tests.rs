use super::super::super::tests::NAMES;
use super::super::super::{Asks, inspect};
use super::super::{Gather, Identity};
use super::*;

fn read(text: &str) -> LinkShape<'_> {
    match inspect(text, &NAMES) {
        Ok(Asks::Link(link)) => *link,
        other => panic!("{text}: {other:?}"),
    }
}

const WRITING: &str = "\
MATCH (p1:Face),(p2:Face)
WHERE ID(p1) <> ID(p2)
WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance
WHERE distance < 10
MERGE (p1)-[e:SAME]-(p2)
SET e.distance=distance";

#[test]
fn the_link_query_is_recognised_and_rewritten() {
    let link = read(WRITING);
    assert_eq!((link.metric, link.comparison), (Metric::EuclideanDistance, Comparison::Less));
    assert_eq!(
        (&link.threshold, link.order, link.residual),
        (&Expr::Integer(10), PairOrder::NotEqual, false)
    );
    let gather = "MATCH (p1:Face) RETURN elementId(p1) AS elementId, id(p1) AS id, p1.embedding AS vector";
    assert_eq!(link.gather, Gather::Same(gather.into()));
    let edited = link.rewrite([]);
    assert_eq!(edited.parameters, ["__f0"]);
    assert_eq!(
        edited.text,
        "CALL () { UNWIND $__f0 AS __fg MATCH (p1) WHERE elementId(p1) = __fg[0] WITH __fg, p1 MATCH (p1:Face) \
         UNWIND range(0, size(__fg[1]) - 1) AS __fi MATCH (p2) WHERE elementId(p2) = __fg[1][__fi] \
         WITH __fg, __fi, p1, p2 MATCH (p2:Face) WHERE ID(p1) <> ID(p2) \
         RETURN p1, p2, __fg[2][__fi] AS __fd } WITH p1, p2, __fd as distance\n\
         WHERE distance < 10\nMERGE (p1)-[e:SAME]-(p2)\nSET e.distance=distance"
    );
    let offset = |text: &str, part: &str| text.rfind(part).unwrap();
    for kept in ["(p2:Face)", "ID(p2)", "as distance", "MERGE", "e.distance"] {
        let mapped = edited.positions.to_user(offset(&edited.text, kept));
        assert_eq!((mapped.offset, mapped.exact), (offset(WRITING, kept), true), "{kept}");
    }
    let ours = edited.positions.to_user(offset(&edited.text, "UNWIND range"));
    assert_eq!((ours.offset, ours.exact), (0, false));
    assert_eq!(link.rewrite(["__f0"]).parameters, ["__f_0"]);
}

#[test]
fn a_measure_in_the_condition_stays_inside() {
    let text = "MATCH (a:F), (b:F) WHERE id(a) < id(b) AND $t >= gds.similarity.euclideanDistance(b.e, a.e) RETURN *";
    let link = read(text);
    assert_eq!((link.comparison, link.threshold), (Comparison::LessOrEqual, Expr::Parameter("t".into())));
    assert_eq!((link.order, link.prefix.end), (PairOrder::Less(Identity::Id), text.find(" RETURN").unwrap()));
    let edited = read(text).rewrite([]).text;
    let expected = "MATCH (b:F) WHERE id(a) < id(b) AND $t >= __fg[2][__fi] RETURN a, b } RETURN *";
    assert!(edited.ends_with(expected), "{edited}");
}

#[test]
fn each_condition_goes_where_it_can_be_told() {
    let text = "/* lead */ CYPHER 5 USE neo4j MATCH (a:A {k: $k}) WHERE a.x = 1 // one\n MATCH (b:A {k: $k}) \
                WHERE elementId(b) < elementId(a) AND b.y <> a.y AND b.x = 1 AND $on \
                WITH a, gds.similarity.cosine(a.p, b.q) AS s WHERE 0.5 < s AND s <> 0.7 RETURN a, s";
    let link = read(text);
    assert_eq!((link.metric, link.comparison), (Metric::Cosine, Comparison::Greater));
    assert_eq!((link.order, link.residual), (PairOrder::Greater(Identity::ElementId), true));
    assert_eq!(link.parameters, ["k", "on"]);
    let lead = "/* lead */ CYPHER 5 USE neo4j MATCH";
    let left = format!(
        "{lead} (a:A {{k: $k}}) WHERE a.x = 1 AND $on RETURN elementId(a) AS elementId, id(a) AS id, a.p AS vector"
    );
    let right = format!(
        "{lead} (b:A {{k: $k}}) WHERE b.x = 1 AND $on RETURN elementId(b) AS elementId, id(b) AS id, b.q AS vector"
    );
    assert_eq!(link.gather, Gather::Sides(left, right));
    let edited = link.rewrite([]).text;
    let inner = "WHERE b.x = 1 AND $on AND elementId(b) < elementId(a) AND b.y <> a.y RETURN a, b, __fg[2][__fi] AS __fd } \
                 WITH a, __fd AS s WHERE 0.5 < s AND s <> 0.7 RETURN a, s";
    assert!(edited.ends_with(inner), "{edited}");
}

#[test]
fn both_sides_are_the_same_only_if_they_ask_for_the_same() {
    for (patterns, filter, same) in [
        ("(a:F), (b:F)", "a <> b", true),
        ("(a:F&!G {k: 1}), (b:F&!G {k: 1})", "a <> b", true),
        ("(a:F), (b:F)", "a.x = 1 AND b.x = 1", true),
        ("(a:F), (b:F)", "a.x = 1 AND a.y AND b.y AND b.x = 1", true),
        ("(a:F), (b:G)", "a <> b", false),
        ("(a:F {k: 1}), (b:F {k: 2})", "a <> b", false),
        ("(a:F), (b:F)", "a.x = 1", false),
        ("(a:F), (b:F)", "a.x = 1 AND b.x = 2", false),
        ("(a:F), (b)", "a <> b", false),
    ] {
        let text =
            format!("MATCH {patterns} WHERE {filter} AND gds.similarity.cosine(a.e, b.e) > 0.5 RETURN a");
        assert_eq!(matches!(read(&text).gather, Gather::Same(_)), same, "{text}");
    }
    let text = "MATCH (a:F), (b:F) WHERE gds.similarity.cosine(a.e, b.f) > 0.5 RETURN a";
    assert!(matches!(read(text).gather, Gather::Sides(..)));
}

/// A text with the parts of the shape, each of which can be replaced.
fn with(patterns: &str, filter: &str, items: &str, test: &str, tail: &str) -> String {
    format!("MATCH {patterns} WHERE {filter} WITH {items} WHERE {test} {tail}")
}

#[test]
fn any_other_shape_is_left_alone() {
    const F: &str = "gds.similarity.euclideanDistance(a.e, b.e)";
    let items = format!("a, b, {F} AS d");
    let (p, i) = ("(a:F), (b:F)", items.as_str());
    assert!(matches!(inspect(&with(p, "a <> b", i, "d < 10", "RETURN d"), &NAMES), Ok(Asks::Link(_))));
    let mut texts = vec![
        // Patterns.
        with("(a:F)-[:R]->(b:F)", "true", i, "d < 10", "RETURN d"),
        with("(a:F), (b:F), (c:F)", "true", i, "d < 10", "RETURN d"),
        with("(a:F), (a:F)", "true", i, "d < 10", "RETURN d"),
        with("(a:F), ()", "true", i, "d < 10", "RETURN d"),
        with("(a:F WHERE a.x), (b:F)", "true", i, "d < 10", "RETURN d"),
        with("(a:F {k: b.k}), (b:F)", "true", i, "d < 10", "RETURN d"),
        with("(a:$($l)), (b:F)", "true", i, "d < 10", "RETURN d"),
        with("p = (a:F), (b:F)", "true", i, "d < 10", "RETURN d"),
        with("ANY SHORTEST (a:F), (b:F)", "true", i, "d < 10", "RETURN d"),
        with("REPEATABLE ELEMENTS (a:F), (b:F)", "true", i, "d < 10", "RETURN d"),
        with("(a:F), (b:F) USING SCAN a:F", "true", i, "d < 10", "RETURN d"),
        with("(and:F), (b:F)", "true", &i.replace("a.e", "and.e"), "d < 10", "RETURN d"),
        // Conditions.
        with(p, "a.x OR b.x", i, "d < 10", "RETURN d"),
        with(p, "rand() < 0.5", i, "d < 10", "RETURN d"),
        with(p, "(a)-->(b)", i, "d < 10", "RETURN d"),
        with(p, "EXISTS { (a)-->(b) }", i, "d < 10", "RETURN d"),
        with(p, "c.x", i, "d < 10", "RETURN d"),
        // What is handed on.
        with(p, "true", &format!("*, {F} AS d"), "d < 10", "RETURN d"),
        with(p, "true", &format!("DISTINCT {i}"), "d < 10", "RETURN d"),
        with(p, "true", &format!("{i}, count(*) AS c"), "d < 10", "RETURN d"),
        with(p, "true", &format!("{i}, a.x AS x"), "d < 10", "RETURN d"),
        with(p, "true", &format!("b AS a, {F} AS d"), "d < 10", "RETURN d"),
        with(p, "true", &format!("{i} ORDER BY d LIMIT 5"), "d < 10", "RETURN d"),
        with(p, "true", &format!("b, {F} AS a"), "a < 10", "RETURN a"),
        with(p, "true", &format!("a, b, 1 - {F} AS d"), "d < 10", "RETURN d"),
        // The test.
        with(p, "true", i, "d > 10", "RETURN d"),
        with(p, "true", i, "d = 10", "RETURN d"),
        with(p, "true", i, "NOT d < 10", "RETURN d"),
        with(p, "true", i, "d < 10 OR d > 20", "RETURN d"),
        with(p, "true", i, "d < a.t", "RETURN d"),
        with(p, "true", i, "d < '10'", "RETURN d"),
        with(p, "true", i, "d < 5 + 5", "RETURN d"),
        with(p, "true", i, "d < Infinity", "RETURN d"),
        with(p, "true", i, "true", "RETURN d"),
        with(p, "true", i, "d < 10 AND CASE WHEN a.x THEN true END", "RETURN d"),
        // What follows.
        with(p, "true", i, "d < 10", ""),
        with(p, "true", i, "d < 10", "RETURN d UNION RETURN 1 AS d"),
        with(p, "true", i, "d < 10", "RETURN d NEXT RETURN d"),
        with(p, "true", i, "d < 10", &format!("RETURN {F}")),
        with(p, "true", i, "d < 10", "RETURN (d"),
        // The function.
        format!("MATCH {p} WHERE gds.similarity.cosine(a.e, a.e) > 0.5 RETURN a"),
        format!("MATCH {p} WHERE gds.similarity.cosine(a.e, $v) > 0.5 RETURN a"),
        format!("MATCH {p} WHERE gds.similarity.cosine(a.e, b.e[0]) > 0.5 RETURN a"),
        format!("MATCH {p} WHERE gds.similarity.cosine(a.e, b.e) < 0.5 RETURN a"),
        format!("MATCH {p} WHERE (a.x AND {F} < 10) RETURN a"),
        format!("MATCH (a:F) WHERE {F} < 10 MATCH (b:F) RETURN a"),
        format!("MATCH (a:F) WHERE b.x MATCH (b:F) WHERE {F} < 10 RETURN a"),
        format!("OPTIONAL MATCH {p} WHERE {F} < 10 RETURN a"),
        format!("WITH 1 AS x MATCH {p} WHERE {F} < 10 RETURN a"),
    ];
    texts.extend(["EXPLAIN", "PROFILE"].map(|mode| format!("{mode} {WRITING}")));
    for text in texts {
        assert!(matches!(inspect(&text, &NAMES), Ok(Asks::Functions(_))), "{text}");
    }
}
