//! The documents say what the program does, and nothing else: keys, metrics, functions, errors, commands,
//! dependencies, and links between pages.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "docs/errors.rs"]
mod errors;
#[path = "docs/links.rs"]
mod links;

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    read_to_string(root().join(path)).unwrap()
}

/// Files below a folder with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every page for people: those of the book, and those in the root.
fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs"), "md");
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root().join(page)));
    pages
}

/// What stands between single backquotes.
fn spans(text: &str) -> Vec<String> {
    let mut outside = true;
    let prose = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        outside ^= fence;
        outside && !fence
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// The blocks of code of a language, each without its fences and its indentation.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), inside) {
            (Some(name), None) => {
                inside = Some((indent, name == language));
                found.extend((name == language).then(String::new));
            }
            (Some(_), Some(_)) => inside = None,
            (None, Some((indent, true))) => {
                let block = found.last_mut().unwrap();
                block.push_str(line.get(indent..).unwrap_or_default());
                block.push('\n');
            }
            _ => {}
        }
    }
    found
}

/// The first cell of each row of a page's tables, where it is one span of code.
fn rows(page: &str) -> BTreeSet<String> {
    let cells =
        page.lines().filter_map(|line| line.strip_prefix("| `")).filter(|cell| !cell.starts_with('`'));
    cells.filter_map(|line| Some(line.split_once("` |")?.0.to_owned())).collect()
}

/// `section.key` of all keys.
fn keys() -> BTreeSet<String> {
    let table = toml::Table::try_from(facebolt::config::Config::default()).unwrap();
    let keys = table.iter().flat_map(|(section, keys)| {
        keys.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
    });
    keys.collect()
}

/// That the commented file has every key, a test of the configuration itself checks.
#[test]
fn every_key_that_a_page_names_exists() {
    let keys = keys();
    let sections: BTreeSet<&str> = keys.iter().map(|key| key.split_once('.').unwrap().0).collect();
    let mut named = BTreeSet::new();
    for page in pages() {
        for span in spans(&read_to_string(&page).unwrap()) {
            let key = span.split(" = ").next().unwrap();
            let Some((section, name)) = key.split_once('.') else { continue };
            let like_a_key =
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'*');
            if !sections.contains(section) || !like_a_key || matches!(name, "" | "rs" | "toml") {
                continue;
            }
            let known = match key.strip_suffix('*') {
                Some(start) => keys.iter().any(|key| key.starts_with(start)),
                None => keys.contains(key),
            };
            assert!(known, "{}: there is no key {key}", page.display());
            named.insert(key.to_owned());
        }
    }
    assert!(named.len() > 20, "only {named:?}");
    assert!(text("docs/reference/configuration.md").contains("{{#include ../facebolt.toml}}"));
}

#[test]
fn every_configuration_in_a_page_is_taken() {
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&read_to_string(&page).unwrap(), "toml") {
            if block.contains("{{#include") || block.contains("[[recogniser]]") {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("facebolt.toml"), &block).unwrap();
            let done = facebolt(&["config"], folder.path());
            let wrong = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{}: {wrong}\n{block}", page.display());
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} blocks");
}

fn facebolt(arguments: &[&str], folder: &Path) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facebolt"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FACEBOLT_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn every_variable_that_a_page_names_stands_for_a_key() {
    let keys = keys();
    for page in pages() {
        let page_text = read_to_string(&page).unwrap();
        for word in page_text.split(|c: char| !c.is_ascii_uppercase() && c != '_') {
            let Some((section, key)) = word.strip_prefix("FACEBOLT_").and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            let key = format!("{section}.{key}").to_ascii_lowercase();
            assert!(keys.contains(&key), "{}: {word}", page.display());
        }
    }
    for file in ["Dockerfile", "docker-compose.yml", "packaging/facebolt.service"] {
        let file_text = text(file);
        let words = file_text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        let variables: Vec<_> = words.filter_map(|word| word.strip_prefix("FACEBOLT_")).collect();
        assert!(!variables.is_empty(), "{file}");
        for variable in variables {
            let key = variable.replacen("__", ".", 1).to_ascii_lowercase();
            assert!(keys.contains(&key), "{file}: {variable}");
        }
    }
}

#[test]
fn every_metric_is_documented_as_it_is_and_no_other() {
    let page = text("docs/reference/metrics.md");
    for metric in facebolt::metrics::ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = format!("{:?}", metric.kind).to_ascii_lowercase();
        let row = format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.join(", "), metric.help);
        assert!(page.contains(&row), "missing: {row}");
    }
    let known: BTreeSet<&str> = facebolt::metrics::ALL.iter().map(|metric| metric.name).collect();
    let labels: BTreeSet<&str> =
        facebolt::metrics::ALL.iter().flat_map(|metric| metric.labels).copied().collect();
    let explained = rows(&page);
    for label in labels.iter().filter(|label| **label != "version") {
        assert!(explained.contains(*label), "the label {label} is not explained");
    }
    for page in pages().into_iter().chain([root().join("docs/grafana.json")]) {
        let page_text = read_to_string(&page).unwrap();
        for word in page_text.split(|c: char| !c.is_ascii_lowercase() && c != '_') {
            let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| word.strip_suffix(part));
            let name = parts.filter(|name| known.contains(name)).unwrap_or(word);
            let ours = name.starts_with("facebolt_") && name.len() > "facebolt_".len();
            assert!(!ours || known.contains(name), "{}: there is no metric {word}", page.display());
        }
    }
}

#[test]
fn every_function_is_documented_and_no_other() {
    let known: BTreeSet<String> = facebolt::cypher::FUNCTIONS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(rows(&text("docs/reference/functions.md")), known);
}

#[test]
fn the_command_line_is_documented_as_it_prints_itself() {
    let page = text("docs/reference/command-line.md");
    let blocks = blocks(&page, "text");
    let mut commands = blocks.iter();
    for command in ["", "serve", "check", "embed", "models", "config"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let done = facebolt(&arguments, root());
        let help = String::from_utf8(done.stdout).unwrap();
        assert_eq!(
            commands.next().map(String::as_str),
            Some(help.as_str()),
            "facebolt {}",
            arguments.join(" ")
        );
    }
    assert_eq!(commands.next(), None);
}

#[test]
fn every_dependency_has_its_reason_and_no_other() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let named =
        |section: &str| manifest[section].as_table().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (normal, tests) = (named("dependencies"), named("dev-dependencies"));
    let page = text("docs/reference/dependencies.md");
    assert_eq!(rows(&page), &normal | &tests);
    let only_tests = tests.difference(&normal).count();
    let counted = format!(
        "{} crates are depended upon directly, beside the two of our own, and {only_tests} more",
        normal.len() - 2
    );
    assert!(page.contains(&counted), "{counted}");
    // What the crates without IO need, the package needs too.
    for part in ["packstream", "bolt"] {
        let manifest: toml::Table = text(&format!("proto/{part}/Cargo.toml")).parse().unwrap();
        for section in ["dependencies", "dev-dependencies"] {
            for name in manifest[section].as_table().unwrap().keys() {
                assert!(normal.contains(name) || tests.contains(name), "{part}: {name}");
            }
        }
    }
    let empty = page.lines().find(|line| line.starts_with("| `") && line.ends_with("|  |"));
    assert_eq!(empty, None, "a dependency without a reason");
}
