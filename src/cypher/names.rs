//! The names that we answer to, and where a text uses them.

use super::call::Span;
use super::lexer::{Kind, Lexer, Token};
use super::token::{index, token_name, token_text};
use super::unescape::Decoded;

/// The procedures and functions that are ours. Names are case-sensitive, without backticks.
#[derive(Debug, Clone, Copy)]
pub struct Names<'n> {
    /// Our procedures.
    pub procedures: &'n [Signature<'n>],
    /// Our functions, such as `gds.similarity.euclideanDistance`.
    pub functions: &'n [&'n str],
}

/// What the text alone can be checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'n> {
    /// The full name, such as `face.embed`.
    pub name: &'n str,
    /// The names of all arguments, in order: what implicit arguments are taken from.
    pub arguments: &'n [&'n str],
    /// How many of them, from the left, have no default.
    pub required: usize,
    /// The names of the columns, in order; plain identifiers. At least one (none of ours is VOID).
    pub columns: &'n [&'n str],
    /// May it write?
    pub writes: bool,
}

/// One call of one of our functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionCall {
    /// Index into [`Names::functions`].
    pub function: usize,
    /// The name as it is written, without the parenthesis.
    pub name: Span,
}

/// Where a text uses one of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// Which.
    pub(super) name: Hits,
    /// The token at which it starts: the word `CALL`, or the name of a function.
    pub(super) token: usize,
    /// The name in the decoded text.
    pub(super) start: usize,
    /// Its end.
    pub(super) end: usize,
}

/// Which name was found, as an index into [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hits {
    /// A procedure after `CALL`.
    Procedure(usize),
    /// A function before a parenthesis.
    Function(usize),
}

impl Hit {
    /// The call, if it is one of a function.
    pub(super) fn function(&self, decoded: &Decoded<'_>) -> Option<FunctionCall> {
        let Hits::Function(function) = self.name else { return None };
        let name = Span { start: decoded.source(self.start), end: decoded.source(self.end) };
        Some(FunctionCall { function, name })
    }
}

/// How often a text may use our names. What comes after is not found.
pub(super) const LIMIT: usize = 1000;

/// All places where `text` (decoded) uses one of `names`, up to [`LIMIT`] and one more.
pub(super) fn hits(text: &str, names: &Names<'_>) -> Vec<Hit> {
    let mut found = Vec::new();
    let mut lexer = Lexer::new(text);
    let mut before = None;
    let mut token = 0;
    while let Some(next) = lexer.next() {
        let before = before.replace(next);
        if let Some((name, start, end)) = hit(text, &lexer, before, next, names) {
            found.push(Hit { name, token, start, end });
            if found.len() > LIMIT {
                break;
            }
        }
        token += 1;
    }
    found
}

/// The name that starts with the token `next`, of which `rest` are the following ones.
fn hit(
    text: &str,
    rest: &Lexer<'_>,
    before: Option<Token>,
    next: Token,
    names: &Names<'_>,
) -> Option<(Hits, usize, usize)> {
    let before = before.map_or("", |token| token_text(text, token));
    if next.kind == Kind::Word && token_text(text, next).eq_ignore_ascii_case("CALL") {
        if matches!(before, "." | ":" | "$") {
            return None;
        }
        let mut rest = rest.clone();
        let first = rest.next()?;
        let chain = Chain { text, first, rest };
        let procedure = names.procedures.iter().position(|known| chain.is(known.name, false).is_some())?;
        let end = chain.is(names.procedures.get(procedure)?.name, false)?;
        return Some((Hits::Procedure(procedure), index(first.start), end));
    }
    if !matches!(next.kind, Kind::Word | Kind::Quoted)
        || matches!(before, "." | "$")
        || before.eq_ignore_ascii_case("CALL")
    {
        return None;
    }
    let chain = Chain { text, first: next, rest: rest.clone() };
    let function = names.functions.iter().position(|known| chain.is(known, true).is_some())?;
    let end = chain.is(names.functions.get(function)?, true)?;
    Some((Hits::Function(function), index(next.start), end))
}

/// A name of parts between points.
struct Chain<'t> {
    text: &'t str,
    first: Token,
    rest: Lexer<'t>,
}

impl Chain<'_> {
    /// Where the name ends if it is all of `known` and nothing more; with `call`, if a parenthesis follows.
    fn is(&self, known: &str, call: bool) -> Option<usize> {
        let mut parts = known.split('.');
        let mut part = self.first;
        if token_name(self.text, part)? != parts.next()? {
            return None;
        }
        let mut rest = self.rest.clone();
        for known in parts {
            if token_text(self.text, rest.next()?) != "." {
                return None;
            }
            part = rest.next()?;
            if token_name(self.text, part)? != known {
                return None;
            }
        }
        let after = rest.next().map_or("", |token| token_text(self.text, token));
        (after != "." && (!call || after == "(")).then_some(index(part.end))
    }
}
