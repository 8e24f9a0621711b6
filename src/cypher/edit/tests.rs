use super::super::tests::NAMES;
use super::super::{Asks, Names, inspect};
use super::*;

fn statement<'t>(text: &'t str, names: &Names<'_>) -> Box<Statement<'t>> {
    match inspect(text, names) {
        Ok(Asks::Calls(statement)) => statement,
        other => panic!("{text}: {other:?}"),
    }
}

fn edited(text: &str, carriers: &[Carrier<'_>]) -> Edited {
    carry(&statement(text, &NAMES), carriers, []).unwrap()
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
        (
            "EXPLAIN CALL face.embed YIELD index",
            "EXPLAIN UNWIND [$imageUrl] AS __fx0 UNWIND $__f0 AS __fr RETURN __fr.index AS index",
        ),
        (
            "EXPLAIN MATCH (n) CALL face.embed($u, {}) YIELD index RETURN index",
            "EXPLAIN MATCH (n) CALL () { UNWIND [$u] AS __fx0 UNWIND [{}] AS __fx1 \
             UNWIND $__f0 AS __fr RETURN __fr.index AS index } RETURN index",
        ),
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
        let edited = carry(&statement, &[], taken).unwrap();
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
    let refusal = carry(&statement(text, &NAMES), &[], []).unwrap_err();
    assert_eq!(refusal, Refusal::Computed { at: text.find("n.m").unwrap() });
}

/// The two columns of the tests' procedure.
const FIELDS: [Field; 2] = [Field::Floats, Field::Integer];

const CALLBACK: Carrier<'static> = Carrier::Callback { fields: &FIELDS, wanted: &[Wanted::Text] };

/// The text over a callback, `K(x)` for the expression that writes `x`.
fn asked(text: &str) -> String {
    let statement = statement(text, &NAMES);
    let carriers = vec![CALLBACK; statement.calls.len()];
    let edited = carry(&statement, &carriers, []).unwrap();
    assert_eq!(edited.escapes.as_deref(), Some("__fe"));
    ["__fk0", "__fk1", "__fk2", "__f0k0"].iter().fold(edited.text, |text, key| {
        let strict = if key.ends_with('0') { Wanted::Text } else { Wanted::Anything };
        text.replace(&key::expression(key, strict, "__f", "__fe", Some("__f0")), &format!("K({key})"))
    })
}

#[test]
fn calls_ask_for_their_rows_where_arguments_are_computed() {
    for (text, expected) in [
        (
            "CALL face.embed('a' + $b)",
            "UNWIND ['a' + $b] AS __fk0 LOAD CSV FROM $__f0 + K(__fk0) AS __fr \
             RETURN toFloatList(split(__fr[1], ';')[1..]) AS embedding, toInteger(__fr[2]) AS index",
        ),
        (
            "MATCH (p) CALL face.embed(p.url) YIELD index AS i RETURN i",
            "MATCH (p) CALL (*) { UNWIND [p.url] AS __fk0 LOAD CSV FROM $__f0 + K(__fk0) AS __fr \
             RETURN toInteger(__fr[1]) AS i } RETURN i",
        ),
        (
            "MATCH (p) OPTIONAL CALL face.embed(p.url, {model: p.m, minSize: 5, select: $s + 'x'}) \
             YIELD index, embedding WHERE index > p.i RETURN index",
            "MATCH (p) OPTIONAL CALL (*) { UNWIND [p.url] AS __fk0 UNWIND [p.m] AS __fk1 UNWIND [$s + 'x'] AS __fk2 \
             LOAD CSV FROM $__f0 + K(__fk0) + '/' + K(__fk1) + '/' + K(__fk2) AS __fr \
             WITH *, toInteger(__fr[2]) AS index, toFloatList(split(__fr[1], ';')[1..]) AS embedding \
             WHERE index > p.i RETURN index, embedding } RETURN index",
        ),
        (
            "RETURN EXISTS { MATCH (`a b`) CALL face.embed(`a b`.url) YIELD index WHERE index > n.i } AS e",
            "RETURN EXISTS { MATCH (`a b`) CALL (`a b`, `n`) { UNWIND [`a b`.url] AS __fk0 \
             LOAD CSV FROM $__f0 + K(__fk0) AS __fr WITH *, toInteger(__fr[1]) AS index WHERE index > n.i \
             RETURN index } } AS e",
        ),
        (
            "MATCH (p) RETURN COLLECT { CALL face.embed(p.url) YIELD index }",
            "MATCH (p) RETURN COLLECT { UNWIND [p.url] AS __fk0 LOAD CSV FROM $__f0 + K(__fk0) AS __fr \
             RETURN toInteger(__fr[1]) AS index }",
        ),
    ] {
        assert_eq!(asked(text), expected, "{text}");
    }
}

#[test]
fn each_call_has_its_own_carrier() {
    let text =
        "CALL face.embed('x') YIELD index AS i MATCH (p) CALL face.embed(p.url) YIELD index AS j RETURN i, j";
    let statement = statement(text, &NAMES);
    let edited = carry(&statement, &[Carrier::Rows, CALLBACK], []).unwrap();
    assert_eq!(edited.parameters, ["__f0", "__f1"]);
    assert!(
        edited
            .text
            .starts_with("CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS i } MATCH (p) CALL (*) {")
    );
    assert_eq!(edited.replaced[1].1, "CALL face.embed(p.url) YIELD index AS j");
    assert!(edited.text.ends_with(&format!("{} RETURN i, j", edited.replaced[1].0)));
    assert!(matches!(carry(&statement, &[], []), Err(Refusal::Computed { .. })));
}

#[test]
fn what_is_unknown_is_not_named_in_an_expression() {
    for (text, expected) in [
        (
            "MATCH (p) RETURN EXISTS { CALL face.embed([x IN p.l | x.u][0]) YIELD index RETURN index } AS e",
            "MATCH (p) RETURN EXISTS { UNWIND [[x IN p.l | x.u][0]] AS __f0k0 CALL (`__f0k0`) { \
             LOAD CSV FROM $__f0 + K(__f0k0) AS __fr RETURN toInteger(__fr[1]) AS index } RETURN index } AS e",
        ),
        (
            "MATCH (p) RETURN COUNT { OPTIONAL CALL face.embed(head([x IN p.l | x])) YIELD index WHERE index < p.n \
             RETURN index } AS e",
            "MATCH (p) RETURN COUNT { UNWIND [head([x IN p.l | x])] AS __f0k0 OPTIONAL CALL (`__f0k0`, `p`) { \
             LOAD CSV FROM $__f0 + K(__f0k0) AS __fr WITH *, toInteger(__fr[1]) AS index WHERE index < p.n \
             RETURN index } RETURN index } AS e",
        ),
        (
            "MATCH (p) RETURN COUNT { CALL face.embed(p.url) YIELD index WHERE any(x IN p.l WHERE x = index) \
             RETURN index } AS e",
            "MATCH (p) RETURN COUNT { CALL (`p`) { UNWIND [p.url] AS __fk0 LOAD CSV FROM $__f0 + K(__fk0) AS __fr \
             RETURN toInteger(__fr[1]) AS index } WITH * WHERE any(x IN p.l WHERE x = index) RETURN index } AS e",
        ),
    ] {
        assert_eq!(asked(text), expected, "{text}");
    }
    for text in [
        "MATCH (p) RETURN COLLECT { CALL face.embed([x IN p.l | x][0]) YIELD index RETURN * } AS e",
        "MATCH (p) RETURN COUNT { OPTIONAL CALL face.embed('x') YIELD index WHERE any(x IN p.l WHERE x = index) \
         RETURN index } AS e",
    ] {
        assert!(matches!(inspect(text, &NAMES), Err(Refusal::NotUnderstood { .. })), "{text}");
    }
}

#[test]
fn a_call_that_is_all_of_a_subquery_returns_nothing() {
    assert_eq!(
        edited("MATCH (p) CALL (p) { CALL face.embed('x') YIELD index } RETURN p", &[]).text,
        "MATCH (p) CALL (p) { CALL () { UNWIND $__f0 AS __fr RETURN __fr.index AS index } FINISH } RETURN p"
    );
}

#[test]
fn positions_lead_into_arguments_and_columns() {
    let text = "MATCH (p) CALL face.embed(p.url + q) YIELD index AS i RETURN i";
    let statement = statement(text, &NAMES);
    let edited = carry(&statement, &[CALLBACK], []).unwrap();
    for (part, users, exact) in [("q]", "q)", true), ("i }", "i RETURN", true), ("replace(", "p.url", false)]
    {
        let mapped = edited.positions.to_user(edited.text.find(part).unwrap());
        assert_eq!((mapped.offset, mapped.exact), (text.find(users).unwrap(), exact), "{part}");
    }
}

#[test]
fn rows_that_were_gathered_are_looked_up() {
    let text = "MATCH (p) CALL face.embed(p.url) YIELD index RETURN index";
    let statement = statement(text, &NAMES);
    let edited = carry(&statement, &[Carrier::Gathered { wanted: &[Wanted::Text] }], []).unwrap();
    let key = key::expression("__fk0", Wanted::Text, "__f", "__fe", None);
    let expected = format!(
        "MATCH (p) CALL (*) {{ UNWIND [p.url] AS __fk0 UNWIND [coalesce($__f0[{key}], $__f0[''])] AS __fv \
         UNWIND CASE WHEN __fv IS :: STRING THEN [date(__fv)] ELSE __fv END AS __fr RETURN __fr.index AS index }} \
         RETURN index"
    );
    assert_eq!(edited.text, expected);
}
