//! What stands before a query: `EXPLAIN`, `PROFILE`, `CYPHER 25 planner=cost`.

use super::call::Mode;
use super::lexer::Kind;
use super::token::Tokens;

/// What stands before a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) mode: Mode,
    /// The number after `CYPHER`.
    pub(super) version: Option<u32>,
    /// The first token behind it.
    pub(super) body: usize,
}

/// Reads the prefix.
pub(super) fn prefix(tokens: &Tokens<'_>) -> Prefix {
    let mut prefix = Prefix { mode: Mode::Run, version: None, body: 0 };
    loop {
        let at = prefix.body;
        if tokens.is(at, "EXPLAIN") {
            prefix.mode = Mode::Explain;
            prefix.body += 1;
        } else if tokens.is(at, "PROFILE") {
            prefix.mode = Mode::Profile;
            prefix.body += 1;
        } else if tokens.is(at, "CYPHER") {
            prefix.body += 1;
            if tokens.kind(prefix.body) == Some(Kind::Number) {
                let number = tokens.text(prefix.body).split('.').next().unwrap_or("");
                prefix.version = number.parse().ok().or(prefix.version);
                prefix.body += 1;
            }
            while tokens.kind(prefix.body) == Some(Kind::Word) && tokens.symbol(prefix.body + 1) == "=" {
                prefix.body += 3;
            }
        } else {
            return prefix;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::unescape::Decoded;
    use super::*;

    #[test]
    fn options_are_read_and_stepped_over() {
        use Mode::{Explain, Profile, Run};
        for (text, mode, version, body) in [
            ("RETURN 1", Run, None, "RETURN"),
            ("explain RETURN 1", Explain, None, "RETURN"),
            ("PROFILE /* */ CALL x", Profile, None, "CALL"),
            ("CYPHER 25 RETURN 1", Run, Some(25), "RETURN"),
            ("CYPHER 5.26 planner=cost runtime = slotted EXPLAIN MATCH (n)", Explain, Some(5), "MATCH"),
            ("EXPLAIN CYPHER 5 CYPHER debug=1 RETURN 1", Explain, Some(5), "RETURN"),
            ("CYPHER RETURN 1", Run, None, "RETURN"),
        ] {
            let decoded = Decoded::new(text).unwrap();
            let tokens = Tokens::new(&decoded).unwrap();
            let prefix = prefix(&tokens);
            assert_eq!(
                (prefix.mode, prefix.version, tokens.text(prefix.body)),
                (mode, version, body),
                "{text}"
            );
        }
    }
}
