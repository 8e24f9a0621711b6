//! Labelled statements: every use of our names is found, and nothing else is.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use facebolt::cypher::{Asks, Names, Signature, inspect};
use serde_json::Value;

const NAMES: Names<'_> = Names {
    procedures: &[Signature {
        name: "face.embed",
        arguments: &["imageUrl", "configuration"],
        required: 1,
        columns: &["embedding", "index", "confidence", "area", "quality", "model"],
        writes: false,
    }],
    functions: &["gds.similarity.euclideanDistance"],
};

/// What is found in a text: `P` for a procedure or `F` for a function, and the name as written.
fn found(text: &str) -> Vec<(char, &str)> {
    let part = |span: facebolt::cypher::Span| text.get(span.start..span.end).unwrap();
    match inspect(text, &NAMES).unwrap_or_else(|refusal| panic!("{text}: {refusal}")) {
        Asks::Nothing | Asks::RoutingTable(_) | Asks::Listing(_) => Vec::new(),
        Asks::Calls(statement) => {
            let calls = statement.calls.iter().map(|call| ('P', part(call.name)));
            calls.chain(statement.functions.iter().map(|call| ('F', part(call.name)))).collect()
        }
        Asks::Functions(calls) => calls.iter().map(|call| ('F', part(call.name))).collect(),
        Asks::Link(_) => panic!("{text}: none of these is a link"),
    }
}

#[test]
fn all_hits_and_no_false_one() {
    let statements: Value = serde_json::from_str(include_str!("data/cypher_recognition.json")).unwrap();
    let statements = statements.as_array().unwrap();
    let mut hits = 0;
    for statement in statements {
        let text = statement["text"].as_str().unwrap();
        let expected: Vec<(char, &str)> = statement["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| (hit[0].as_str().unwrap().chars().next().unwrap(), hit[1].as_str().unwrap()))
            .collect();
        assert_eq!(found(text), expected, "{}", statement["id"]);
        hits += expected.len();
    }
    assert_eq!((statements.len(), hits), (65, 11));
}
