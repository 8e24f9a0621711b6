use super::super::super::constant::Expr;
use super::super::super::tests::NAMES;
use super::super::super::{Asks, inspect};
use super::super::Mode;
use super::*;

fn read(text: &str) -> Result<Statement<'_>, Refusal> {
    match inspect(text, &NAMES) {
        Ok(Asks::Calls(statement)) => Ok(*statement),
        Ok(other) => panic!("{text}: {other:?}"),
        Err(refusal) => Err(refusal),
    }
}

/// The first call of `text`.
fn call(text: &str) -> Call<'_> {
    read(text).unwrap().calls.swap_remove(0)
}

#[test]
fn a_call_is_read_whole() {
    let text = "MATCH (n)\nOPTIONAL CALL `face` . embed ( $url , {model: 'm'} ) YIELD index, embedding AS `e` WHERE e <> n.e RETURN *";
    let statement = read(text).unwrap();
    assert_eq!((statement.mode, statement.version, statement.text), (Mode::Run, None, text));
    assert_eq!(statement.parameters, ["url"]);
    let [call] = statement.calls.as_slice() else { panic!() };
    let slice = |span: Span| &text[span.start..span.end];
    assert!(slice(call.span).starts_with("OPTIONAL CALL") && slice(call.span).ends_with("e <> n.e"));
    assert_eq!(slice(call.name), "`face` . embed");
    assert!(call.optional && !call.standalone && call.procedure == 0);
    let Arguments::Explicit(arguments) = &call.arguments else { panic!() };
    assert_eq!(arguments.iter().map(|argument| argument.text).collect::<Vec<_>>(), ["$url", "{model: 'm'}"]);
    assert_eq!(arguments[0].value, Value::Constant(Expr::Parameter("url".into())));
    let yields: Vec<_> =
        call.yields.iter().map(|item| (item.column, &*item.field, &*item.written, &*item.name)).collect();
    assert_eq!(yields, [(1, "index", "index", "index"), (0, "embedding", "`e`", "e")]);
    let filter = call.filter.as_ref().unwrap();
    assert_eq!((filter.text, &filter.mentions), ("e <> n.e", &Mentions::Exactly(vec!["n".into()])));
}

#[test]
fn a_standalone_call_is_told_from_one_in_a_query() {
    for (text, standalone, written) in [
        ("CALL face.embed", true, Yield::Absent),
        ("USE neo4j CALL face.embed('x') YIELD *;", true, Yield::All),
        ("CYPHER 25 EXPLAIN OPTIONAL CALL face.embed('x')", true, Yield::Absent),
        ("CALL face.embed('x') YIELD index", true, Yield::Items),
        ("CALL face.embed('x') YIELD index RETURN index", false, Yield::Items),
        ("RETURN EXISTS { CALL face.embed('x') YIELD index }", false, Yield::Items),
    ] {
        let call = call(text);
        assert_eq!((call.standalone, call.written), (standalone, written), "{text}");
        assert_eq!(call.arguments == Arguments::Implicit, text == "CALL face.embed");
    }
}

#[test]
fn what_depends_on_rows_is_told_with_its_variables() {
    for (argument, variables) in [
        ("n.url", Some("n")),
        ("'http://' + n.host + $path", Some("n")),
        ("toUpper('x')", Some("")),
        ("[x IN n.urls | x][0]", None),
    ] {
        let text = format!("MATCH (n) CALL face.embed({argument}) YIELD index RETURN index");
        let Arguments::Explicit(arguments) = call(&text).arguments else { panic!() };
        let expected = variables.map_or(Mentions::Unknown, |names| {
            Mentions::Exactly(names.split_whitespace().map(str::to_owned).collect())
        });
        assert_eq!(arguments[0].value, Value::Computed(expected), "{text}");
    }
}

#[test]
fn places_and_writes_before_are_told() {
    use Place::{Expression, Query, Subquery};
    let tail = "CALL face.embed('x') YIELD index";
    for (before, behind, place, after_write) in [
        ("", "RETURN index", Query, false),
        ("MATCH (n)", "CREATE (m) RETURN index", Query, false),
        ("CREATE (n) WITH n", "RETURN index", Query, true),
        ("MATCH (n) SET n.x = 1 WITH n", "RETURN index", Query, true),
        ("CALL db.labels() YIELD label", "RETURN index", Query, true),
        ("CALL face.embed('y') YIELD embedding", "RETURN index", Query, false),
        ("CALL face.link('Face') YIELD pairsFound", "RETURN index", Query, true),
        ("MATCH (n) CALL (n) { CREATE (m) } WITH n", "RETURN index", Query, true),
        ("MATCH (n) CALL (n) {", "RETURN index } RETURN index", Subquery, false),
        ("MATCH (n) CALL (n) {", "CREATE (m) RETURN index } RETURN index", Subquery, true),
        ("CREATE (n) WITH n CALL (n) {", "RETURN index } RETURN index", Subquery, true),
        ("MATCH (n) WHERE EXISTS { MATCH (m)", "RETURN index } RETURN n", Expression, false),
        ("MATCH (n) WHERE EXISTS { CALL () {", "RETURN index } RETURN index } RETURN n", Expression, false),
        ("MATCH (n) RETURN n AS index NEXT", "RETURN index", Query, false),
        ("RETURN 1 AS index UNION MATCH (n)", "RETURN index", Query, false),
        ("MATCH (n) MERGE (n)-[:R]->(n) WITH n WHERE COUNT {", "} > 1 RETURN n", Expression, true),
    ] {
        let text = format!("{before} {tail} {behind}");
        let call = read(&text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}")).calls.pop().unwrap();
        assert_eq!((call.place, call.after_write), (place, after_write), "{text}");
    }
}

/// Each with the message and the offset that Neo4j's own front end gives.
#[test]
fn what_neo4j_refuses_is_refused_with_its_words() {
    let yield_missing = "Procedure call inside a query does not support naming results implicitly";
    let concludes = "Query cannot conclude with CALL together with YIELD";
    let collect = "A Collect Expression must end with a single return column.";
    let must_return =
        "Query cannot conclude with CALL (must be a RETURN clause, a FINISH clause, an update clause";
    for (text, message, offset) in [
        ("CALL face.embed('x') YIELD * RETURN 1", "Cannot use `YIELD *` outside standalone call", 0),
        ("MATCH (n) CALL face.embed('x') RETURN 1", yield_missing, 10),
        ("MATCH (n) OPTIONAL CALL face.embed('x') RETURN 1", yield_missing, 10),
        (
            "MATCH (n) CALL face.embed",
            "Procedure call inside a query does not support passing arguments implicitly",
            10,
        ),
        ("CALL { CALL face.embed('x') } RETURN 1", yield_missing, 7),
        ("RETURN EXISTS { CALL face.embed('x') YIELD * } AS e", yield_missing, 16),
        (
            "MATCH (n) CALL face.embed YIELD embedding RETURN 1",
            "Procedure call inside a query does not support passing arguments implicitly. Please pass arguments \
             explicitly in parentheses after procedure name for face.embed",
            10,
        ),
        (
            "CALL face.embed()",
            "Procedure call does not provide the required number of arguments: got 0 expected at least 1 (total: 2, 1 \
             of which have default values).",
            0,
        ),
        (
            "CALL face.embed(1,2,3)",
            "Procedure call provides too many arguments: got 3 expected no more than 2.",
            0,
        ),
        ("CALL face.embed('x') YIELD index, nope", "Unknown procedure output: `nope`", 34),
        ("CALL face.embed('x') YIELD embedding AS a, index AS a", "Variable `a` already declared", 40),
        (
            "CALL face.embed('x') YIELD embedding WHERE embedding IS NULL",
            "Cannot use standalone call with WHERE (instead use: `CALL ... WITH * WHERE ... RETURN *`)",
            37,
        ),
        (
            "RETURN COUNT { CALL face.embed('x') YIELD index WHERE true } AS c",
            "Cannot use standalone call",
            48,
        ),
        ("MATCH (n) CALL face.embed('x') YIELD embedding", concludes, 10),
        ("CALL { MATCH (n) CALL face.embed('x') YIELD index } RETURN 1", concludes, 17),
        ("RETURN COLLECT { MATCH (n) CALL face.embed('x') YIELD index } AS c", concludes, 27),
        ("RETURN COLLECT { CALL face.embed('x') } AS c", collect, 7),
        ("RETURN COLLECT { CALL face.embed('x') YIELD * } AS c", collect, 7),
        ("RETURN COLLECT { OPTIONAL CALL face.embed('x') YIELD index } AS c", collect, 7),
        ("OPTIONAL CALL face.embed('x') YIELD embedding", must_return, 0),
        ("MATCH (n) OPTIONAL CALL face.embed('x') YIELD embedding", must_return, 10),
        (
            "CALL face.embed('a' + count(*)) YIELD embedding RETURN 1",
            "Procedure call cannot take an aggregating function as argument, please add a 'WITH' to your statement.\n\
             For example:\n    MATCH (n:Person) WITH collect(n.name) AS names CALL proc(names) YIELD value RETURN value",
            22,
        ),
        ("MATCH (n) FOREACH (x IN [1] | CALL face.embed('x'))", "Invalid use of CALL inside FOREACH", 30),
    ] {
        let refusal = read(text).unwrap_err();
        assert!(matches!(refusal, Refusal::Call { .. }), "{text}: {refusal:?}");
        assert!(refusal.to_string().starts_with(message), "{text}: {refusal}");
        assert_eq!(refusal.position(text).offset, offset, "{text}");
    }
}

#[test]
fn an_aggregate_is_quoted_as_neo4j_writes_it() {
    for (aggregate, expected) in [
        ("max ( p.url )", "max(p.url)"),
        ("count( DISTINCT p)", "count(DISTINCT p)"),
        ("collect( 'x')", "collect(\"x\")"),
        ("count ( * )", "count(*)"),
        ("sum(p.x*2)", "sum(p.x * 2)"),
        ("max({a:p.url,b : [ 1,2 ]}.a )", "max({a: p.url, b: [1, 2]}.a)"),
        ("max(size(p.l)+$i)", "max(size(p.l) + $i)"),
    ] {
        let text = format!("MATCH (p) CALL face.embed({aggregate} + 'x') YIELD index RETURN index");
        let Err(Refusal::Call { error: CallError::AggregateInArgument { written, .. }, .. }) = read(&text)
        else {
            panic!("{text}")
        };
        assert_eq!(written, expected);
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    for (text, what, at) in [
        ("CALL face.embed('x'); RETURN 1", "more than one statement", 20),
        ("CALL face.embed('x') RETRN", "what follows the call", 21),
        ("CALL face.embed('x',)", "an empty argument", 20),
        ("CALL face.embed('x') YIELD 1", "the columns behind YIELD", 27),
        ("CALL face.embed('x' YIELD index", "a bracket is not closed", 31),
        ("CALL face.embed('x)", "it is too long, or a quote or comment has no end", 5),
        ("RETURN [x IN (CALL face.embed('x'))]", "a CALL where no clause starts", 14),
        ("SHOW INDEXES YIELD name CALL face.embed('x')", "a query does not start with a clause", 0),
        (
            "DEFINE PROCEDURE face.embed() { RETURN 1 } CALL face.embed()",
            "a query does not start with a clause",
            0,
        ),
        (
            "CALL face.embed('x') YIELD index UNION CALL face.embed('y') YIELD index",
            "a call that is all of a query within the statement",
            0,
        ),
        (
            "RETURN COUNT { MATCH (m) CALL face.embed('x') YIELD index WHERE m:A|B } AS c",
            "the variables of this WHERE",
            64,
        ),
        (
            "MATCH (n) CALL face.embed('x') YIELD index WHERE EXISTS { CALL face.embed('y') YIELD index AS i } RETURN n",
            "a call within another",
            58,
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), Refusal::NotUnderstood { what, at }, "{text}");
    }
}

#[test]
fn positions_are_those_of_the_text_as_sent() {
    let text = "EXPLAIN // 😀\nMATCH (n) CALL f\\u0061ce.embed('x') YIELD nope RETURN 1";
    let refusal = read(text).unwrap_err();
    let position = refusal.position(text);
    assert_eq!((position.line, position.column, position.offset), (2, 43, 56));
    assert_eq!(
        format!("{refusal}{}", position.suffix(text)),
        "Unknown procedure output: `nope` (line 2, column 43 (offset: 56))\n\
         \"MATCH (n) CALL f\\u0061ce.embed('x') YIELD nope RETURN 1\"\n                                           ^"
    );
}
