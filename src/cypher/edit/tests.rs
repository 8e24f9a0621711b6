use super::super::tests::NAMES;
use super::super::{Asks, Names, inspect};
use super::*;

fn statement<'t>(text: &'t str, names: &Names<'_>) -> Box<Statement<'t>> {
    match inspect(text, names) {
        Ok(Asks::Calls(statement)) => statement,
        other => panic!("{text}: {other:?}"),
    }
}

fn edited(text: &str, carriers: &[Carrier]) -> Edited {
    carry_by_parameter(&statement(text, &NAMES), carriers, []).unwrap()
}

#[test]
fn calls_become_subqueries_over_parameters() {
    for (text, expected) in [
        // Standalone: all columns, in the order of the signature, under their names.
        (
            "CALL face.embed('x')",
            "UNWIND $__f0 AS __fr RETURN __fr.embedding AS embedding, __fr.index AS index",
        ),
        ("CALL face.embed", "UNWIND $__f0 AS __fr RETURN __fr.embedding AS embedding, __fr.index AS index"),
        (
            "CALL face.embed($p) YIELD *",
            "UNWIND $__f0 AS __fr RETURN __fr.embedding AS embedding, __fr.index AS index",
        ),
        ("CALL face.embed('x') YIELD index AS `my i`", "UNWIND $__f0 AS __fr RETURN __fr.index AS `my i`"),
        ("CALL face.embed('x') YIELD `index`;", "UNWIND $__f0 AS __fr RETURN __fr.index AS `index`;"),
        (
            "OPTIONAL CALL face.embed('x')",
            "OPTIONAL CALL () { UNWIND $__f0 AS __fr RETURN __fr.embedding AS embedding, __fr.index AS index } \
             RETURN embedding, index",
        ),
        // What stands before and behind stays.
        (
            "USE neo4j CALL face.embed('x') YIELD index",
            "USE neo4j UNWIND $__f0 AS __fr RETURN __fr.index AS index",
        ),
        (
            "CYPHER 25 planner=cost PROFILE /* a */ CALL face.embed('x') YIELD index // b",
            "CYPHER 25 planner=cost PROFILE /* a */ UNWIND $__f0 AS __fr RETURN __fr.index AS index // b",
        ),
        ("EXPLAIN CALL face.embed YIELD index", "EXPLAIN UNWIND $__f0 AS __fr RETURN __fr.index AS index"),
        // In a query.
        (
            "CALL face.embed('x') YIELD index RETURN index",
            "CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS index } RETURN index",
        ),
        (
            "MATCH (n) OPTIONAL CALL face.embed('x') YIELD index AS i\nRETURN n, i",
            "MATCH (n) OPTIONAL CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS i }\nRETURN n, i",
        ),
        (
            "CALL face.embed('x') YIELD index AS i CALL face.embed('y') YIELD index AS j RETURN i, j",
            "CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS i } \
             CALL () { UNWIND $__f1 AS __fr RETURN __fr.index AS j } RETURN i, j",
        ),
        (
            "RETURN 1 AS i UNION CALL face.embed('x') YIELD index RETURN index AS i",
            "RETURN 1 AS i UNION CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS index } RETURN index AS i",
        ),
        (
            "MATCH (n) CALL (n) { CALL face.embed('x') YIELD index RETURN index } IN TRANSACTIONS RETURN n, index",
            "MATCH (n) CALL (n) { CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS index } RETURN index } \
             IN TRANSACTIONS RETURN n, index",
        ),
        // A filter goes inside, with the variables that it reads.
        (
            "MATCH (n) CALL face.embed('x') YIELD index AS i WHERE i > 1 RETURN i",
            "MATCH (n) CALL () { UNWIND $__f0 AS __fr WITH *, __fr.index AS i WHERE i > 1 RETURN i } RETURN i",
        ),
        (
            "MATCH (n) OPTIONAL CALL face.embed('x') YIELD index WHERE n.i > index RETURN index",
            "MATCH (n) OPTIONAL CALL (*) { UNWIND $__f0 AS __fr WITH *, __fr.index AS index WHERE n.i > index \
             RETURN index } RETURN index",
        ),
        (
            "MATCH (n) CALL face.embed('x') YIELD index WHERE any(x IN n.l WHERE x = index) RETURN index",
            "MATCH (n) CALL (*) { UNWIND $__f0 AS __fr WITH *, __fr.index AS index \
             WHERE any(x IN n.l WHERE x = index) RETURN index } RETURN index",
        ),
        // In an expression, variables are named.
        (
            "MATCH (n) RETURN COUNT { MATCH (`a``b`) CALL face.embed('x') YIELD index WHERE index > n.i + `a``b`.i } AS c",
            "MATCH (n) RETURN COUNT { MATCH (`a``b`) CALL (`n`, `a``b`) { UNWIND $__f0 AS __fr \
             WITH *, __fr.index AS index WHERE index > n.i + `a``b`.i RETURN index } } AS c",
        ),
        (
            "RETURN COLLECT { CALL face.embed('x') YIELD index } AS c",
            "RETURN COLLECT { UNWIND $__f0 AS __fr RETURN __fr.index AS index } AS c",
        ),
        (
            "RETURN EXISTS { CALL face.embed('x') YIELD index } AS e",
            "RETURN EXISTS { CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS index } } AS e",
        ),
        // Escapes stay escapes.
        (
            r"CALL f\u0061ce.embed('\u0027) YIELD index AS \u0069 RETURN '\u005cu0041'",
            r"CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS \u0069 } RETURN '\u005cu0041'",
        ),
    ] {
        assert_eq!(edited(text, &[]).text, expected, "{text}");
    }
}

#[test]
fn a_failure_raises_only_where_it_is_evaluated() {
    let text =
        "MATCH (n) CALL face.embed('x') YIELD index AS i CALL face.embed('y') YIELD index AS j RETURN i, j";
    assert_eq!(
        edited(text, &[Carrier::Raises, Carrier::Rows]).text,
        "MATCH (n) CALL () { UNWIND [date($__f0)] AS __fr RETURN __fr.index AS i } \
         CALL () { UNWIND $__f1 AS __fr RETURN __fr.index AS j } RETURN i, j"
    );
    assert_eq!(
        edited("CALL face.embed('x') YIELD index", &[Carrier::Raises]).text,
        "UNWIND [date($__f0)] AS __fr RETURN __fr.index AS index"
    );
}

#[test]
fn our_names_differ_from_the_users() {
    let call = "CALL face.embed('x') YIELD index RETURN index";
    for (before, taken, expected) in [
        ("", vec!["image", "f0"], "__f0"),
        ("WITH 1 AS __f0 ", vec![], "__f_0"),
        ("WITH $__fr AS x ", vec![], "__f_0"),
        ("WITH 1 AS x__f___y ", vec![], "__f____0"),
        ("WITH '\\u005f_f' AS x ", vec![], "__f_0"),
        ("", vec!["__f0"], "__f_0"),
        ("WITH 1 AS __f_1 ", vec!["__f__x"], "__f___0"),
    ] {
        let text = format!("{before}{call}");
        let statement = statement(&text, &NAMES);
        let edited = carry_by_parameter(&statement, &[], taken).unwrap();
        assert_eq!(edited.parameters, [expected], "{text}");
        assert!(edited.text.contains(&format!("UNWIND ${expected} AS ")), "{text}");
    }
    let text = format!("WITH 1 AS __f{} {call}", "_".repeat(100));
    assert!(inspect(&text, &NAMES).is_err());
}

#[test]
fn positions_lead_back_to_the_users_text() {
    let text = "MATCH (😀) CALL face.embed('x') YIELD index WHERE nope > 1 RETURN 😀.y, index";
    let edited = edited(text, &[]);
    let unit = |text: &str, part: &str| text[..text.find(part).unwrap()].encode_utf16().count();
    let map = |part: &str| edited.positions.to_user(unit(&edited.text, part));
    for kept in ["(😀)", "nope", "> 1", "😀.y"] {
        assert_eq!((map(kept).offset, map(kept).exact), (unit(text, kept), true), "{kept}");
    }
    for ours in ["CALL (*)", "UNWIND", "WITH *", "RETURN index }"] {
        assert_eq!((map(ours).offset, map(ours).exact), (unit(text, "CALL"), false), "{ours}");
    }
}

#[test]
fn a_computed_argument_is_refused() {
    let text = "MATCH (n) CALL face.embed('x', {model: n.m}) YIELD index RETURN index";
    let refusal = carry_by_parameter(&statement(text, &NAMES), &[], []).unwrap_err();
    assert_eq!(refusal, Refusal::Computed { at: text.find("{model").unwrap() });
}
