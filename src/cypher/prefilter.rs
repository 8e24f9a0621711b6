//! The substring search that nearly every text ends with.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// One of these is in every text that names us, unless it starts with `SHOW`. An escape may hide a name.
static NAMES: LazyLock<[Finder<'static>; 4]> =
    LazyLock::new(|| ["face", "gds", r"\u", "getRoutingTable"].map(Finder::new));

/// May `text` ask something of us?
pub(super) fn mentions(text: &[u8]) -> bool {
    NAMES.iter().any(|name| name.find(text).is_some()) || shows(text)
}

/// Is its first keyword `SHOW`, or can that not be told at a glance?
fn shows(text: &[u8]) -> bool {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(text.len());
    let text = text.get(start..).unwrap_or(&[]);
    let word = text.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(word);
    let is = |keyword: &str| word.eq_ignore_ascii_case(keyword.as_bytes());
    if is("SHOW") {
        return true;
    }
    // A comment, an option or a database before it: look for the word anywhere.
    let before = word.is_empty() || is("USE") || is("CYPHER") || is("EXPLAIN") || is("PROFILE");
    before && rest.windows(4).any(|window| window.eq_ignore_ascii_case(b"SHOW"))
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn only_what_may_name_us_passes() {
        for text in [
            "CALL face.embed($url)",
            "MATCH (a), (b) RETURN gds.similarity.cosine(a.e, b.e)",
            r"CALL f\u0061ce.embed()",
            "CALL dbms.routing.getRoutingTable({}, 'neo4j')",
            "SHOW PROCEDURES",
            " \n\tshow functions YIELD name",
            "/* all */ SHOW PROCEDURES",
            "// all\nShow PROCEDURES",
            "USE system SHOW DATABASES",
            "CYPHER 25 SHOW FUNCTIONS",
            "EXPLAIN SHOW PROCEDURES",
            "\u{2003}SHOW PROCEDURES",
            "CYPHER 5 MATCH (n:Show) RETURN n",
        ] {
            assert!(mentions(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "MATCH (n:Person) RETURN n",
            "MATCH (n:Face) RETURN n.show",
            "CALL db.labels()",
            "CREATE (n:Show {name: 'SHOW'})",
            "/* comment */ MATCH (n) RETURN n",
            "CYPHER 25 MATCH (n) RETURN n",
            "showing",
        ] {
            assert!(!mentions(text.as_bytes()), "{text}");
        }
        assert!(!mentions(&[0xff, 0xfe]));
    }
}
