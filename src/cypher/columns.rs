//! What stands behind `YIELD`, for statements of Neo4j's own.

use std::borrow::Cow;

use super::lexer::Kind;
use super::token::Tokens;

/// A column and its name outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column<'d> {
    pub(super) field: Cow<'d, str>,
    /// The token of the name that it has outside.
    pub(super) outside: usize,
}

/// Reads `*` (no list) or `a, b AS c` from the token `at` on, and says where it ends. None: it is something else.
pub(super) fn columns<'d>(tokens: &Tokens<'d>, at: usize) -> Option<(Option<Vec<Column<'d>>>, usize)> {
    if tokens.symbol(at) == "*" {
        return Some((None, at + 1));
    }
    let mut columns = Vec::new();
    let mut at = at;
    loop {
        let field = tokens.name(at)?;
        let outside = if tokens.is(at + 1, "AS") { at + 2 } else { at };
        tokens.name(outside)?;
        columns.push(Column { field, outside });
        at = outside + 1;
        if tokens.symbol(at) != "," {
            return Some((Some(columns), at));
        }
        at += 1;
    }
}

/// The first token behind a `USE` with a plain name, if one starts at `at`.
pub(super) fn behind_use(tokens: &Tokens<'_>, at: usize) -> usize {
    if !tokens.is(at, "USE") || tokens.name(at + 1).is_none() {
        return at;
    }
    let mut end = at + 2;
    while tokens.symbol(end) == "." && tokens.name(end + 1).is_some() {
        end += 2;
    }
    end
}

/// Is there nothing from `at` on, but perhaps a semicolon?
pub(super) fn ends(tokens: &Tokens<'_>, at: usize) -> bool {
    let last = tokens.kind(at) == Some(Kind::Symbol) && tokens.text(at) == ";";
    at + usize::from(last) == tokens.len()
}
