//! Links between pages lead somewhere; what leads out of the project is not followed.

use std::collections::BTreeSet;
use std::path::Path;

use super::{files, pages, read_to_string, root, text};

/// The targets of a page's links and pictures.
fn targets(page: &str) -> Vec<String> {
    page.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The anchors of a page's headings, as GitHub and mdBook name them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let name = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(name).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for page in pages() {
        let folder = page.parent().unwrap();
        for target in targets(&read_to_string(&page).unwrap()) {
            if target.starts_with("http://") || target.starts_with("https://") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { folder.join(path) };
            assert!(file.exists(), "{}: {target}", page.display());
            // The book holds what is below docs/ and nothing else.
            if page.starts_with(root().join("docs")) {
                let file = file.canonicalize().unwrap();
                assert!(
                    file.starts_with(root().join("docs").canonicalize().unwrap()),
                    "{}: {target} leaves the book",
                    page.display()
                );
            }
            if !anchor.is_empty() {
                let there = anchors(&read_to_string(&file).unwrap());
                assert!(there.contains(anchor), "{}: {target}; there are {there:?}", page.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} links");
}

#[test]
fn every_page_is_in_the_book() {
    let docs = root().join("docs");
    let listed: BTreeSet<_> =
        targets(&text("docs/SUMMARY.md")).iter().map(|target| docs.join(target)).collect();
    let summary = docs.join("SUMMARY.md");
    let there: BTreeSet<_> = files(&docs, "md").into_iter().filter(|page| *page != summary).collect();
    assert_eq!(listed, there);
}

#[test]
fn every_include_leads_somewhere() {
    for page in pages() {
        let page_text = read_to_string(&page).unwrap();
        for include in page_text.split("{{#include ").skip(1) {
            let path = include.split_once("}}").unwrap().0;
            assert!(Path::new(page.parent().unwrap()).join(path).exists(), "{}: {path}", page.display());
        }
    }
}
