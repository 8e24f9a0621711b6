use proptest::prelude::*;

use super::*;

/// Names as they are used by the tests.
pub(super) const NAMES: Names<'static> = Names {
    procedures: &[
        Signature {
            name: "face.embed",
            arguments: &["imageUrl", "configuration"],
            required: 1,
            columns: &["embedding", "index"],
            writes: false,
        },
        Signature {
            name: "face.link",
            arguments: &["nodeLabel", "configuration"],
            required: 1,
            columns: &["pairsFound"],
            writes: true,
        },
    ],
    functions: &["gds.similarity.euclideanDistance", "gds.similarity.euclidean", "gds.similarity.cosine"],
};

/// Real queries and traps, each with the names of ours that it uses, as written.
#[test]
fn names_are_recognised_where_neo4j_would_call_them_and_nowhere_else() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/data/cypher_recognition.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 65);
    for case in cases {
        let (id, text) = (case["id"].as_str().unwrap(), case["text"].as_str().unwrap());
        let decoded = Decoded::new(text).unwrap();
        let found: Vec<[String; 2]> = hits(&decoded.text, &NAMES)
            .iter()
            .map(|hit| {
                let kind = if matches!(hit.name, Hits::Procedure(_)) { "P" } else { "F" };
                let written = &text[decoded.source(hit.start)..decoded.source(hit.end)];
                [kind.to_owned(), written.to_owned()]
            })
            .collect();
        let expected: Vec<[String; 2]> = serde_json::from_value(case["hits"].clone()).unwrap();
        assert_eq!(found, expected, "{id}");

        let asks = inspect(text, &NAMES);
        assert!(expected.is_empty() || mentions(text.as_bytes()), "{id}");
        match expected.first().map(|[kind, _]| kind.as_str()) {
            None => assert_eq!(asks, Ok(Asks::Nothing), "{id}"),
            Some("F") => assert!(matches!(asks, Ok(Asks::Functions(_))), "{id}"),
            // Its arguments depend on rows, but it is understood.
            Some(_) => assert!(matches!(asks, Ok(Asks::Calls(_))), "{id}: {asks:?}"),
        }
    }
}

#[test]
fn a_text_that_neo4j_cannot_decode_is_left_to_it() {
    assert_eq!(inspect(r"CALL face.embed('\uH')", &NAMES), Ok(Asks::Nothing));
}

#[test]
fn half_a_surrogate_pair_is_refused_only_if_we_are_named() {
    assert_eq!(inspect(r"RETURN '\ud83d'", &NAMES), Ok(Asks::Nothing));
    let refusal = inspect(r"CALL face.embed('\ud83d')", &NAMES).unwrap_err();
    assert_eq!(refusal, Refusal::NotUnderstood { what: "half a surrogate pair", at: 5 });
}

#[test]
fn calls_and_tokens_are_limited() {
    let calls = |count: usize| "CALL face.embed('x') YIELD index AS i ".repeat(count) + "RETURN 1";
    assert!(matches!(inspect(&calls(1000), &NAMES), Ok(Asks::Calls(_))));
    assert!(matches!(inspect(&calls(1001), &NAMES), Err(Refusal::NotUnderstood { .. })));
    let long = "CALL face.embed('x') YIELD index RETURN 1".to_owned() + &" + 1".repeat(600_000);
    assert!(matches!(inspect(&long, &NAMES), Err(Refusal::NotUnderstood { .. })));
    let deep = format!("RETURN {}1{} UNION CALL face.embed", "(".repeat(10_000), ")".repeat(10_000));
    assert!(matches!(inspect(&deep, &NAMES), Err(Refusal::NotUnderstood { .. })));
}

/// Pieces of Cypher, in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "CALL",
        "OPTIONAL",
        "face",
        "embed",
        "face.embed",
        "gds.similarity.euclideanDistance",
        "YIELD",
        "WHERE",
        "RETURN",
        "WITH",
        "MATCH",
        "(a:Face)",
        "(b:Face)",
        "a",
        "b",
        "a.e",
        "b.e",
        "AS",
        "d",
        "<",
        "10",
        "$p",
        "AND",
        "OR",
        "UNION",
        "ALL",
        "NEXT",
        "WHEN",
        "THEN",
        "ELSE",
        "CASE",
        "END",
        "EXISTS",
        "COUNT",
        "COLLECT",
        "FOREACH",
        "|",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ":",
        "::",
        "*",
        "+",
        "-",
        ";",
        "'x'",
        "'",
        "\"",
        "`",
        "`a`",
        "s'",
        "/*",
        "*/",
        "//",
        "\n",
        "\r\n",
        "\\u0061",
        "\\ud83d\\ude00",
        "\\",
        "é",
        "😀",
        "embedding",
        "index",
        "CREATE",
        "SET",
        "ON",
        "STARTS",
        "IS",
        "NULL",
        "NOT",
        "DISTINCT",
        "IN",
        "TRANSACTIONS",
        "EXPLAIN",
        "CYPHER",
        "25",
        "1.5",
        "0x",
        "UNWIND",
        "CALL face.embed($p) YIELD embedding AS x",
        "CALL face.embed('x')",
        "id(a) < id(b)",
        "__f0",
        "true",
        "gds.similarity.euclideanDistance(a.e, b.e)",
        "MATCH (a:Face), (b:Face)",
        "WITH a, b,",
        "AS d WHERE d < 10",
    ]);
    let gap = prop::sample::select(vec!["", " ", " ", " ", "  "]);
    prop::collection::vec((words, gap), 0..40)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, gap)| [word, gap]).collect())
}

/// Everything that can be asked of what was found.
fn exercise(text: &str) {
    let within = |span: Span| assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text:?}");
    match inspect(text, &NAMES) {
        Ok(Asks::Nothing | Asks::RoutingTable(_)) => {}
        Ok(Asks::Functions(calls)) => calls.iter().for_each(|call| within(call.name)),
        Ok(Asks::Link(link)) => {
            within(link.prefix);
            let edited = link.rewrite(["__f0"]);
            assert!(edited.text.ends_with(&text[link.prefix.end..]));
            let length = edited.text.encode_utf16().count();
            assert!((0..=length).all(|at| edited.positions.to_user(at).offset <= text.len()));
        }
        Ok(Asks::Calls(statement)) => {
            let mut before = 0;
            for call in &statement.calls {
                within(call.span);
                within(call.name);
                assert!(before <= call.span.start && call.span.start < call.span.end);
                before = call.span.end;
                assert!(!call.yields.is_empty());
                call.filter.iter().for_each(|filter| within(filter.span));
                if let Arguments::Explicit(arguments) = &call.arguments {
                    for argument in arguments {
                        within(argument.span);
                        assert_eq!(argument.text, &text[argument.span.start..argument.span.end]);
                    }
                }
            }
            if let Ok(edited) = carry(&statement, &[Carrier::Raises], ["p", "__f_1"]) {
                assert_eq!(edited.parameters.len(), statement.calls.len());
                let again = inspect(&edited.text, &NAMES);
                assert!(!matches!(again, Ok(Asks::Calls(_))), "{:?}", edited.text);
                let length = edited.text.encode_utf16().count();
                assert!((0..=length).all(|at| edited.positions.to_user(at).offset <= text.len()));
            }
        }
        Err(refusal) => {
            let position = refusal.position(text);
            assert!(position.suffix(text).contains(&format!("offset: {}", position.offset)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_pieces_in_any_order_are_survived(text in soup()) {
        exercise(&text);
    }

    #[test]
    fn any_characters_are_survived(text in any::<String>()) {
        exercise(&text);
        exercise(&format!("CALL face.embed({text}"));
        exercise(&format!("MATCH (a), (b) WHERE {text} gds.similarity.cosine(a.e, b.e) > 1 RETURN a"));
    }

    #[test]
    fn a_text_without_our_names_asks_nothing(text in soup().prop_map(|text| text.replace("face", "fare").replace("gds", "gdx").replace("\\u", "u"))) {
        prop_assert_eq!(inspect(&text, &NAMES), Ok(Asks::Nothing));
    }
}
