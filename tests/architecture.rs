//! The arrows of docs/architecture.md: what each part may know of the others.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

/// Parts of the house and what their sources must not name.
const WALLS: [(&str, &[&str]); 9] = [
    ("proto/packstream/src", &["tokio", "std::net", "bolt::"]),
    ("proto/bolt/src", &["tokio", "std::net", "facebolt::"]),
    ("src/cypher", &["tokio", "std::net", "std::fs", "packstream", "bolt::", "crate::"]),
    ("src/link", &["tokio", "std::net", "std::fs", "packstream", "bolt::", "crate::"]),
    (
        "src/callback",
        &["bolt::", "crate::session", "crate::server", "crate::procedures", "crate::face", "crate::link"],
    ),
    (
        "src/face",
        &["packstream", "bolt::", "crate::session", "crate::cypher", "crate::link", "crate::server"],
    ),
    ("src/procedures", &["bolt::", "crate::session", "crate::server", "tokio::net"]),
    ("src/session", &["crate::server"]),
    ("src/transport", &["packstream", "bolt::", "crate::session", "crate::server", "crate::cypher"]),
];

fn sources(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_arrow_points_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for (part, strangers) in WALLS {
        let folder = root.join(part);
        let own = folder.with_extension("rs");
        let mut files = sources(&folder);
        files.extend(own.exists().then_some(own));
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let own_path = format!("crate::{}", part.trim_start_matches("src/"));
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default().replace(&own_path, "");
                let stranger = strangers.iter().find(|stranger| code.contains(**stranger));
                assert_eq!(stranger, None, "{}:{}: {line}", file.display(), number + 1);
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} files looked at");
}
