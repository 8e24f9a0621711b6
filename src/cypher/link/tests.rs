use super::super::{Asks, Names, inspect};
use super::*;

const NAMES: Names<'_> = Names {
    procedures: &[],
    functions: &["gds.similarity.euclideanDistance", "gds.similarity.euclidean", "gds.similarity.cosine"],
};

fn link(text: &str) -> LinkShape<'_> {
    match inspect(text, &NAMES) {
        Ok(Asks::Link(shape)) => *shape,
        other => panic!("{text}: {other:?}"),
    }
}

const MISSION: &str = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) WITH p1, p2, \
    gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 \
    MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";

#[test]
fn the_query_that_users_bring() {
    let shape = link(MISSION);
    assert_eq!((shape.metric, shape.comparison), (Metric::EuclideanDistance, Comparison::Less));
    assert_eq!((shape.order, shape.residual), (PairOrder::NotEqual, false));
    assert_eq!(shape.threshold, Expr::Integer(10));
    let gather = "MATCH (p1:Face) RETURN elementId(p1) AS elementId, id(p1) AS id, p1.embedding AS vector";
    assert_eq!(shape.gather, Gather::Same(gather.to_owned()));
    let edited = shape.rewrite([]);
    let expected = "CALL () { UNWIND $Fg AS Fg MATCH (p1) WHERE elementId(p1) = Fg[0] WITH Fg, p1 MATCH (p1:Face) \
         UNWIND range(0, size(Fg[1]) - 1) AS Fi MATCH (p2) WHERE elementId(p2) = Fg[1][Fi] WITH Fg, Fi, p1, p2 \
         MATCH (p2:Face) WHERE (ID(p1) <> ID(p2)) RETURN p1, p2, Fg[2][Fi] AS Fd } \
         WITH p1, p2, Fd  as distance WHERE distance < 10 MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";
    assert_eq!(edited.text, expected.replace('F', "__f").replace("__face", "Face"));
    assert_eq!(edited.parameters, ["__fg"]);
    assert_eq!(shape.rewrite(["__fg", "__f_"]).parameters, ["__f__g"]);
}

#[test]
fn explain_and_profile_are_not_for_reading() {
    let text = format!("CYPHER 5 PROFILE USE neo4j {MISSION}");
    let shape = link(&text);
    assert_eq!(shape.mode, Mode::Profile);
    assert!(matches!(&shape.gather, Gather::Same(text) if text.starts_with("CYPHER 5 USE neo4j MATCH (p1")));
    assert!(shape.rewrite([]).text.starts_with("CYPHER 5 PROFILE USE neo4j CALL () {"));
    assert_eq!(link(&format!("explain {MISSION}")).mode, Mode::Explain);
}

#[test]
fn orders() {
    let identity = |test: &str| {
        let text = format!(
            "MATCH (a:F), (b:F) WHERE {test} AND gds.similarity.euclideanDistance(b.e, a.e) <= $t RETURN a, b"
        );
        let shape = link(&text);
        assert_eq!(shape.comparison, Comparison::LessOrEqual);
        assert_eq!(shape.threshold, Expr::Parameter("t".to_owned()));
        (shape.order, shape.residual)
    };
    assert_eq!(identity("id(a) < id(b)"), (PairOrder::Less(Identity::Id), false));
    assert_eq!(identity("id(b) < id(a)"), (PairOrder::Greater(Identity::Id), false));
    assert_eq!(identity("elementId(a) > elementId(b)"), (PairOrder::Greater(Identity::ElementId), false));
    assert_eq!(identity("a <> b"), (PairOrder::NotEqual, false));
    assert_eq!(identity("a.x < b.x"), (PairOrder::All, true));
    assert_eq!(identity("a <> b AND a.x = b.x"), (PairOrder::NotEqual, true));
}

#[test]
fn sides_with_predicates_of_their_own() {
    let shape = link(
        "CYPHER 5 MATCH (a:F {k: $k}) WHERE a.ok MATCH (b:G) WHERE NOT b.bad AND a <> b \
         AND 0.9 < gds.similarity.cosine(a.e, b.`f g`) CREATE (a)-[:S]->(b)",
    );
    assert_eq!((shape.metric, shape.comparison), (Metric::Cosine, Comparison::Greater));
    let of = |head: &str, v: &str, p: &str| {
        format!("CYPHER 5 MATCH {head} RETURN elementId({v}) AS elementId, id({v}) AS id, {v}.{p} AS vector")
    };
    let left = of("(a:F {k: $k}) WHERE (a.ok)", "a", "e");
    let right = of("(b:G) WHERE (NOT b.bad)", "b", "`f g`");
    assert_eq!(shape.gather, Gather::Sides(left, right));
    let text = shape.rewrite([]).text;
    assert!(text.starts_with("CYPHER 5 CALL () {"), "{text}");
    assert!(text.contains("MATCH (a:F {k: $k}) WHERE (a.ok) UNWIND"), "{text}");
    let end = "MATCH (b:G) WHERE (NOT b.bad) AND (a <> b) RETURN a, b } CREATE (a)-[:S]->(b)";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn what_is_wider_is_left_alone() {
    let f = "gds.similarity.euclideanDistance(a.e, b.e)";
    for text in [
        format!("MATCH (a:F), (b:F) WHERE {f} > 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WHERE {f} < 1 OR a.x RETURN a, b"),
        format!("MATCH (a:F), (b:F) WHERE NOT {f} < 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WHERE {f} < a.x RETURN a, b"),
        format!("MATCH (a:F), (b:F) WHERE {f} < 1 RETURN {f}"),
        format!("MATCH (a:F), (b:F) WHERE {f} < 1 AND rand() < 0.5 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WHERE {f} < 1 AND EXISTS {{ (a)-->(b) }} RETURN a, b"),
        format!("MATCH (a:F)-->(b:F) WHERE {f} < 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F), (c) WHERE {f} < 1 RETURN a, b"),
        format!("MATCH (a:F WHERE a.x), (b:F) WHERE {f} < 1 RETURN a, b"),
        format!("OPTIONAL MATCH (a:F) MATCH (b:F) WHERE {f} < 1 RETURN a, b"),
        format!("UNWIND [1] AS u MATCH (a:F), (b:F) WHERE {f} < 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WHERE {f} < 1 RETURN a UNION MATCH (a) RETURN a"),
        format!("MATCH (a:F), (b:F) WITH DISTINCT a, b, {f} AS d WHERE d < 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WITH *, {f} AS d WHERE d < 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WITH a, b, {f} AS d ORDER BY d LIMIT 3 WHERE d < 1 RETURN a, b"),
        format!("MATCH (a:F), (b:F) WITH a, count(b) AS c, {f} AS d WHERE d < 1 RETURN a"),
        format!("MATCH (a:F), (b:F) WITH a, b, {f} AS d RETURN a, d"),
        format!("MATCH (a:F), (b:F) WITH a, b, {f} AS d WHERE d < 1 OR a.x RETURN a"),
        format!("MATCH (a:F), (b:F) WITH a, b, {f} * 2 AS d WHERE d < 1 RETURN a"),
        format!("MATCH (a:F), (a:F) WHERE {f} < 1 RETURN a"),
        "MATCH (a:F), (b:F) WHERE gds.similarity.euclideanDistance(a.e, $v) < 1 RETURN a".to_owned(),
    ] {
        assert!(matches!(inspect(&text, &NAMES), Ok(Asks::Functions(_))), "{text}");
    }
}

#[test]
fn a_keyword_may_follow_the_measure_at_once() {
    let text = link("MATCH(a:F)MATCH(b:F)WITH a,b,gds.similarity.cosine(a.e,b.e)AS d WHERE d>1 RETURN d")
        .rewrite([])
        .text;
    assert!(text.ends_with("WITH a,b,__fd AS d WHERE d>1 RETURN d"), "{text}");
}

#[test]
fn a_product_stays_one() {
    let tail = "gds.similarity.euclideanDistance(a.e, b.e) < 1 RETURN a";
    let text = |text: &str| link(text).rewrite([]).text;
    let one = text(&format!("MATCH (a:F),\n (b:G) WHERE a <> b AND {tail}"));
    assert!(
        one.contains(" RETURN a, b UNION ALL MATCH (a:F),\n (b:G) WHERE false RETURN a, b } RETURN a"),
        "{one}"
    );
    assert!(!text(&format!("MATCH (a:F) MATCH (b:G) WHERE a <> b AND {tail}")).contains("UNION"));
}

#[test]
fn nodes_are_counted() {
    let tail = "WITH a, b, gds.similarity.euclideanDistance(a.e, b.e) AS d WHERE d < 1 RETURN a";
    assert_eq!(
        link(&format!("MATCH (a:F), (b:F) {tail}")).counts(),
        ["MATCH (a:F) RETURN count(*) AS count"]
    );
    assert_eq!(
        link(&format!("CYPHER 5 MATCH (a:F) WHERE a.x MATCH (b:F) {tail}")).counts(),
        [
            "CYPHER 5 MATCH (a:F) WHERE (a.x) RETURN count(*) AS count",
            "CYPHER 5 MATCH (b:F) RETURN count(*) AS count"
        ]
    );
}
