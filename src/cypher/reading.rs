//! How a text is read, for tests that hold our reading against that of Neo4j's own front end.

use super::call::Span;
use super::prefix::prefix;
use super::segment::outline;
use super::token::Tokens;
use super::unescape::Decoded;

/// How a text is read.
#[derive(Debug)]
pub struct Reading {
    /// Its tokens: the kind of each, and its bytes.
    pub tokens: Vec<(String, Span)>,
    /// Its clauses: the kind of each, and its bytes. Else what is not understood.
    pub clauses: Result<Vec<(String, Span)>, &'static str>,
}

/// Reads a text whether or not it names us. None: it has no decoding, too many tokens, or is cut off.
pub fn reading(text: &str) -> Option<Reading> {
    let decoded = Decoded::new(text)?;
    let tokens = Tokens::new(&decoded)?;
    let kinds = (0..tokens.len()).filter_map(|at| Some((at, tokens.kind(at)?)));
    let read = kinds.map(|(at, kind)| (format!("{kind:?}"), tokens.span(at, at + 1))).collect();
    let clauses = outline(&tokens, prefix(&tokens).body).map_err(|unclear| unclear.what).map(|outline| {
        let clause = |clause: super::segment::Clause| {
            (format!("{:?}", clause.kind), tokens.span(clause.first, clause.end))
        };
        outline.clauses.into_iter().map(clause).collect()
    });
    Some(Reading { tokens: read, clauses })
}
