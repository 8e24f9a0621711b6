//! Reads JSON lines, each a text, and prints a JSON line for each: how facebolt reads it, and what it would send to
//! Neo4j in its place. The tests compare that with Neo4j's own front end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::BufRead;

use facebolt::cypher::{
    Arguments, Asks, Call, Carrier, Edited, FUNCTIONS, Field, FunctionCall, Names, Refusal, Signature, Span,
    Statement, Wanted, Yield, carry, gather_keys, inspect, read_ahead, reading, write_out,
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
    functions: &FUNCTIONS,
};

/// The names to find in the texts, in a JSON file: procedures [name, number of arguments, columns], and functions.
struct Wide {
    procedures: Vec<(String, Vec<String>, Vec<String>)>,
    functions: Vec<String>,
}

impl Wide {
    fn read(path: &str) -> Self {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let strings = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
        let procedure = |entry: &Value| {
            let count = entry[1].as_u64().unwrap();
            let arguments = (0..count).map(|index| format!("a{index}")).collect();
            (entry[0].as_str().unwrap().to_owned(), arguments, strings(&entry[2]))
        };
        let procedures = file["procedures"].as_array().unwrap().iter().map(procedure).collect();
        Self { procedures, functions: strings(&file["functions"]) }
    }
}

fn strs(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}

fn main() {
    let wide = std::env::args().nth(1).map(|path| Wide::read(&path));
    let wide = wide.unwrap_or(Wide { procedures: Vec::new(), functions: Vec::new() });
    let lists: Vec<_> = wide
        .procedures
        .iter()
        .map(|(name, arguments, columns)| (name.as_str(), strs(arguments), strs(columns)))
        .collect();
    let signature = |entry| {
        let (name, arguments, columns): &(&'_ str, Vec<&'_ str>, Vec<&'_ str>) = entry;
        Signature { name, arguments, required: 0, columns, writes: false }
    };
    let procedures: Vec<_> = lists.iter().map(signature).collect();
    let functions = strs(&wide.functions);
    let names = Names { procedures: &procedures, functions: &functions };
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line.unwrap()).unwrap();
        let mut printed = read(&text);
        printed["found"] = found(&text, &names);
        let (sent, refused) = match inspect(&text, &NAMES) {
            Ok(Asks::Calls(statement)) => match sent(&statement) {
                Ok(sent) => (json!(sent), Value::Null),
                Err(refusal) => (json!([]), json!(refusal.to_string())),
            },
            Ok(Asks::Functions(_) | Asks::Link(_)) => match write_out(&text, &FUNCTIONS, true, []) {
                Some(written) => (json!([written.edited.text]), Value::Null),
                None => (json!([]), json!("the functions are not written out")),
            },
            Ok(_) => (json!([]), Value::Null),
            Err(Refusal::Call { error, .. }) => (json!([]), json!(error.to_string())),
            Err(refusal) => (json!([]), json!(refusal.to_string())),
        };
        printed["sent"] = sent;
        printed["refused"] = refused;
        println!("{printed}");
    }
}

/// The tokens and clauses of a text.
fn read(text: &str) -> Value {
    let spans = |spans: Vec<(String, Span)>| -> Vec<Value> {
        spans.into_iter().map(|(kind, span)| json!([kind, span.start, span.end])).collect()
    };
    match reading(text) {
        None => json!({"unclear": "it cannot be read"}),
        Some(read) => match read.clauses {
            Ok(clauses) => json!({"tokens": spans(read.tokens), "clauses": spans(clauses)}),
            Err(what) => json!({"tokens": spans(read.tokens), "unclear": what}),
        },
    }
}

/// Where a text calls what has one of the names, or why it is refused.
fn found(text: &str, names: &Names<'_>) -> Value {
    let bytes = |span: Span| [span.start, span.end];
    let call = |call: &Call<'_>| {
        let arguments: Vec<_> = match &call.arguments {
            Arguments::Implicit => Vec::new(),
            Arguments::Explicit(arguments) => arguments.iter().map(|argument| bytes(argument.span)).collect(),
        };
        let items = if call.written == Yield::Items { call.yields.as_slice() } else { &[] };
        let yields: Vec<_> = items.iter().map(|item| [&item.field, &item.name]).collect();
        json!({"at": bytes(call.name), "arguments": arguments, "yields": yields})
    };
    let functions =
        |calls: &[FunctionCall]| -> Vec<_> { calls.iter().map(|call| bytes(call.name)).collect() };
    match inspect(text, names) {
        Ok(Asks::Calls(statement)) => {
            let calls: Vec<_> = statement.calls.iter().map(call).collect();
            json!({"calls": calls, "functions": functions(&statement.functions)})
        }
        Ok(Asks::Functions(calls)) => json!({"calls": [], "functions": functions(&calls)}),
        Ok(Asks::Link(_)) => json!({"link": true}),
        Ok(_) => json!({"calls": [], "functions": []}),
        Err(Refusal::Call { error, .. }) => json!({"refused": error.to_string()}),
        Err(refusal) => json!({"refused": refusal.to_string()}),
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
    let Arguments::Explicit(arguments) = &call.arguments else { return Vec::new() };
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
