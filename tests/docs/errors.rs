//! docs/reference/errors.md: the codes that clients see, and the texts behind them.

use std::collections::BTreeSet;

use super::{rows, text};

/// Where failures for clients are made.
const CODES: [&str; 2] = ["src/session/refusal.rs", "proto/bolt/src/failure/known.rs"];

/// Where the reasons of a failed procedure, and of a command that fails, are worded.
const TEXTS: [&str; 13] = [
    "src/face/error.rs",
    "src/procedures.rs",
    "src/procedures/options.rs",
    "src/procedures/graph.rs",
    "src/config/error.rs",
    "src/telemetry.rs",
    "src/server.rs",
    "src/listener.rs",
    "src/transport/tls.rs",
    "src/cli.rs",
    "src/metrics.rs",
    "src/face/models/catalogue.rs",
    "src/face/models/fetch.rs",
];

/// Neo4j's codes in a text.
fn codes(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with("Neo."))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_code_is_documented_and_no_other() {
    let ours: BTreeSet<String> = CODES.iter().flat_map(|file| codes(&text(file))).collect();
    assert!(ours.len() > 8, "only {ours:?}");
    let page = text("docs/reference/errors.md");
    assert_eq!(codes(&page), ours);
}

#[test]
fn every_text_of_an_error_is_documented_and_no_other() {
    let known: BTreeSet<String> = TEXTS.iter().flat_map(|file| texts(&text(file))).collect();
    assert!(known.len() > 60, "only {}", known.len());
    let page = text("docs/reference/errors.md");
    let tables = page.split_once("## Reasons of a failed procedure").unwrap().1;
    let mut documented = rows(tables);
    documented.extend(
        tables.lines().filter_map(|line| Some(line.strip_prefix("| `` ")?.split_once(" `` |")?.0.to_owned())),
    );
    let differing: Vec<_> = documented.symmetric_difference(&known).collect();
    assert!(differing.is_empty(), "in the page or in the code alone: {differing:#?}");
}

/// What `#[error("..")]` says, with … for what is put in; not where that is all.
fn texts(source: &str) -> Vec<String> {
    let attributes = source.split("#[error(").skip(1);
    let literals = attributes.filter_map(|rest| literal(rest.trim_start()));
    let flat = literals.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    flat.filter(|text| text.contains(char::is_alphabetic)).collect()
}

/// A string literal at the start of a text.
fn literal(source: &str) -> Option<String> {
    let mut characters = source.strip_prefix('"')?.chars().peekable();
    let mut read = String::new();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some(read),
            '\\' => match characters.next()? {
                '\n' => while characters.next_if(|c| c.is_whitespace()).is_some() {},
                'n' => read.push('\n'),
                other => read.push(other),
            },
            '{' => {
                while characters.next()? != '}' {}
                read.push('…');
            }
            other => read.push(other),
        }
    }
    None
}
