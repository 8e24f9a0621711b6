//! Takes lists and predicates apart, as far as that is safe.

use super::super::lexer::Kind;
use super::super::token::Tokens;

/// Tokens `first..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: usize,
    pub(super) end: usize,
}

/// Words that change the meaning of a list of items or predicates: where one stands, nothing is split.
const FOREIGN: [&str; 8] = ["OR", "XOR", "CASE", "DISTINCT", "ORDER", "SKIP", "OFFSET", "LIMIT"];

/// The parts of a range between the tokens at which `separates` holds, outside of brackets. None: a part is
/// empty, or a bracket is not closed.
pub(super) fn split(
    tokens: &Tokens<'_>,
    range: Range,
    separates: impl Fn(usize) -> bool,
) -> Option<Vec<Range>> {
    let mut parts = Vec::new();
    let (mut first, mut at) = (range.first, range.first);
    while at <= range.end {
        if at == range.end || separates(at) {
            parts.push(Range { first, end: at });
            first = at + 1;
        } else if matches!(tokens.symbol(at), "(" | "[" | "{") || tokens.kind(at) == Some(Kind::Interpolation)
        {
            at = tokens.closing(at, range.end)?;
        }
        at += 1;
    }
    parts.iter().all(|part| part.first < part.end).then_some(parts)
}

/// Is it a keyword, and not the name of a property, parameter or label?
fn is_word(tokens: &Tokens<'_>, at: usize, word: &str) -> bool {
    tokens.is(at, word) && !matches!(tokens.symbol_before(at), "." | "$" | ":")
}

/// What stands before `WHERE` and what behind it. None: something there is not understood.
pub(super) fn split_where(tokens: &Tokens<'_>, range: Range) -> Option<(Range, Option<Range>)> {
    let parts = split(tokens, range, |at| is_word(tokens, at, "WHERE"))?;
    let understood = |part: &Range| {
        let words = |at: usize| FOREIGN.iter().any(|word| is_word(tokens, at, word));
        split(tokens, *part, words).is_some_and(|parts| parts.len() == 1)
    };
    match *parts.as_slice() {
        [before] if understood(&before) => Some((before, None)),
        [before, behind] if understood(&before) && understood(&behind) => Some((before, Some(behind))),
        _ => None,
    }
}

/// The predicates that `AND` holds together.
pub(super) fn conjuncts(tokens: &Tokens<'_>, range: Range) -> Option<Vec<Range>> {
    split(tokens, range, |at| is_word(tokens, at, "AND"))
}

/// The two sides of the only comparison of a predicate, and its operator.
pub(super) fn comparison<'d>(tokens: &Tokens<'d>, range: Range) -> Option<(Range, &'d str, Range)> {
    let operator = |at: usize| matches!(tokens.symbol(at), "<" | "<=" | ">" | ">=" | "<>" | "=");
    if is_word(tokens, range.first, "NOT") {
        return None;
    }
    match *split(tokens, range, operator)?.as_slice() {
        [left, right] => Some((left, tokens.symbol(left.end), right)),
        _ => None,
    }
}
