//! docs/reference/procedures.md says what the registry does, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use packstream::Value;

use super::{Registry, embed, link, listing, search};

const PAGE: &str = include_str!("../../docs/reference/procedures.md");

/// The page's sections on one procedure each, by its name.
fn sections() -> BTreeMap<&'static str, &'static str> {
    let sections = PAGE.split("\n### ").skip(1);
    sections.map(|section| section.split_once('\n').unwrap()).collect()
}

/// The text without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first column of the tables with this head.
fn first_column(section: &str, head: &str) -> BTreeSet<String> {
    let rows = section.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = rows.take_while(|line| line.starts_with("| `"));
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_procedure_is_documented_and_no_other() {
    let sections = sections();
    let listed = listing(&Registry::new());
    let text = |row: &packstream::Map, key| row.get(key).and_then(Value::as_str).unwrap().to_owned();
    let names: BTreeSet<String> = listed.iter().map(|row| text(row, "name")).collect();
    assert_eq!(sections.keys().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), names);
    for row in &listed {
        let expected = format!("```text {} ``` {}", text(row, "signature"), text(row, "description"));
        let section = flat(sections[text(row, "name").as_str()]);
        assert!(section.starts_with(&expected), "expected:\n{expected}\nfound:\n{section}");
    }
}

#[test]
fn every_key_of_a_configuration_is_documented_and_no_other() {
    let sections = sections();
    for (name, keys) in [
        ("face.embed", embed::KEYS.as_slice()),
        ("face.link", link::KEYS.as_slice()),
        ("face.search", search::KEYS.as_slice()),
    ] {
        let keys: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(first_column(sections[name], "| key of the configuration |"), keys, "{name}");
    }
}

#[test]
fn every_column_of_a_face_is_documented_and_no_other() {
    let listed = listing(&Registry::new());
    let row =
        listed.iter().find(|row| row.get("name").and_then(Value::as_str) == Some("face.embed")).unwrap();
    let columns = row.get("returnDescription").and_then(Value::as_list).unwrap();
    let name =
        |column: &Value| column.as_map().unwrap().get("name").and_then(Value::as_str).unwrap().to_owned();
    let columns: BTreeSet<String> = columns.iter().map(name).collect();
    assert_eq!(first_column(sections()["face.embed"], "| column |"), columns);
}
