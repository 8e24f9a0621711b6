//! Reads JSON lines, each a text, and prints a JSON line for each: how facebolt reads it, and what it would send to
//! Neo4j in its place. The tests compare that with Neo4j's own front end.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::BufRead;

use facebolt::cypher::{
    Asks, Call, Carrier, Edited, Field, Names, Refusal, Signature, Span, Statement, Wanted, carry,
    gather_keys, inspect, read_ahead, reading,
};
use serde_json::{Value, json};

const NAMES: Names<'_> = Names {
    procedures: &[Signature {
        name: "face.embed",
        arguments: &["imageUrl", "configuration"],
        required: 1,
        columns: &["embedding", "index", "confidence", "area", "quality", "model"],
        writes: false,
    }],
    functions: &[],
};

fn main() {
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line.unwrap()).unwrap();
        let spans = |spans: Vec<(String, Span)>| -> Vec<Value> {
            spans.into_iter().map(|(kind, span)| json!([kind, span.start, span.end])).collect()
        };
        let (tokens, clauses, unclear) = match reading(&text) {
            None => (None, None, Some("it cannot be read")),
            Some(read) => match read.clauses {
                Ok(clauses) => (Some(spans(read.tokens)), Some(spans(clauses)), None),
                Err(what) => (Some(spans(read.tokens)), None, Some(what)),
            },
        };
        let (calls, sent, refused) = match inspect(&text, &NAMES) {
            Ok(Asks::Calls(statement)) => {
                let calls: Vec<_> =
                    statement.calls.iter().map(|call| [call.name.start, call.name.end]).collect();
                match sent(&statement) {
                    Ok(sent) => (json!(calls), json!(sent), Value::Null),
                    Err(refusal) => (json!(calls), json!([]), json!(["refused", refusal.to_string()])),
                }
            }
            Ok(_) => (json!([]), json!([]), Value::Null),
            Err(Refusal::Call { error, .. }) => (json!([]), json!([]), json!(["error", error.to_string()])),
            Err(refusal) => (json!([]), json!([]), json!(["refused", refusal.to_string()])),
        };
        println!(
            "{}",
            json!({"tokens": tokens, "clauses": clauses, "unclear": unclear, "calls": calls, "sent": sent, "refused": refused})
        );
    }
}

/// All that may be sent in place of a statement: with rows or a failure in parameters, with callbacks, and the queries
/// that read beforehand.
fn sent(statement: &Statement<'_>) -> Result<Vec<String>, Refusal> {
    let point = || Field::Floats;
    let area = ["x", "y", "w", "h"].map(|key| (key.to_owned(), Field::Float));
    let points = ["left_eye", "right_eye"].map(|key| (key.to_owned(), point()));
    let fields = [
        Field::Floats,
        Field::Integer,
        Field::Float,
        Field::Map(area.into_iter().chain(points).collect()),
        Field::Float,
        Field::String,
    ];
    let wanted: Vec<Vec<Wanted>> = statement.calls.iter().map(wanted).collect();
    let by_row = |call: &Call<'_>| !call.computed().is_empty();
    let carriers = |constant: Carrier<'static>, gathered: bool| -> Vec<Carrier<'_>> {
        let carrier = |(call, wanted): (&Call<'_>, _)| match (by_row(call), gathered) {
            (false, _) => constant,
            (true, false) => Carrier::Callback { fields: &fields, wanted },
            (true, true) => Carrier::Gathered { wanted },
        };
        statement.calls.iter().zip(wanted.iter().map(Vec::as_slice)).map(carrier).collect()
    };
    let mut sent = Vec::new();
    for (constant, gathered) in [(Carrier::Rows, false), (Carrier::Raises, true)] {
        sent.push(carry(statement, &carriers(constant, gathered), [])?.text);
    }
    for (call, wanted) in statement.calls.iter().zip(&wanted).filter(|(call, _)| by_row(call)) {
        let queries = [read_ahead(statement, call, []), gather_keys(statement, call, wanted, [])];
        sent.extend(queries.into_iter().flatten().map(|Edited { text, .. }| text));
    }
    Ok(sent)
}

/// What the computed expressions of a call have to be.
fn wanted(call: &Call<'_>) -> Vec<Wanted> {
    let facebolt::cypher::Arguments::Explicit(arguments) = &call.arguments else { return Vec::new() };
    let mut wanted = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        match &argument.value {
            facebolt::cypher::Value::Constant(_) => {}
            facebolt::cypher::Value::Computed(_) => {
                wanted.push(if index == 0 { Wanted::Text } else { Wanted::Map })
            }
            facebolt::cypher::Value::Map(entries, _) => {
                let computed =
                    entries.iter().filter(|(_, entry)| matches!(entry, facebolt::cypher::Entry::Computed(_)));
                wanted.extend(computed.map(|_| Wanted::Anything));
            }
        }
    }
    wanted
}
