//! The tokens of a text that names us, to be looked at from any side.

use std::borrow::Cow;

use super::call::Span;
use super::lexer::{Kind, Lexer, Token};
use super::unescape::Decoded;

/// How many tokens a text that names us may have: 12 MiB of them.
const LIMIT: usize = 1 << 20;

/// The tokens of a text. Indexes beyond the end are no tokens: they have no kind and no text.
#[derive(Debug)]
pub(super) struct Tokens<'d> {
    decoded: &'d Decoded<'d>,
    list: Vec<Token>,
}

impl<'d> Tokens<'d> {
    /// All tokens. None: too many, or the text is no Cypher.
    pub(super) fn new(decoded: &'d Decoded<'d>) -> Option<Self> {
        let list: Vec<Token> = Lexer::new(&decoded.text).take(LIMIT + 1).collect();
        let fit = list.len() <= LIMIT && list.last().is_none_or(|token| token.kind != Kind::Invalid);
        fit.then_some(Self { decoded, list })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// What the token `at` is.
    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.list.get(at).map(|token| token.kind)
    }

    /// The decoded text of the token `at`.
    pub(super) fn text(&self, at: usize) -> &'d str {
        self.list.get(at).map_or("", |token| token_text(&self.decoded.text, *token))
    }

    /// Is the token `at` the keyword `word` (given in capitals)?
    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.kind(at) == Some(Kind::Word) && self.text(at).eq_ignore_ascii_case(word)
    }

    /// The symbol at `at`; an empty text if it is no symbol.
    pub(super) fn symbol(&self, at: usize) -> &'d str {
        if self.kind(at) == Some(Kind::Symbol) { self.text(at) } else { "" }
    }

    /// The symbol before `at`; an empty text if there is none.
    pub(super) fn symbol_before(&self, at: usize) -> &'d str {
        at.checked_sub(1).map_or("", |before| self.symbol(before))
    }

    /// The name that the token `at` gives, without backticks.
    pub(super) fn name(&self, at: usize) -> Option<Cow<'d, str>> {
        self.list.get(at).and_then(|token| token_name(&self.decoded.text, *token))
    }

    /// The bytes of the user's text that the tokens `first..end` stand in.
    pub(super) fn span(&self, first: usize, end: usize) -> Span {
        let start = self.list.get(first).map_or(self.decoded.text.len(), |token| index(token.start));
        let last = end.checked_sub(1).and_then(|last| self.list.get(last));
        let end = last.map_or(start, |token| index(token.end)).max(start);
        Span { start: self.decoded.source(start), end: self.decoded.source(end) }
    }

    /// The bracket that closes the one at `open`, no further than `end`. None: there is none.
    pub(super) fn closing(&self, open: usize, end: usize) -> Option<usize> {
        let mut depth = 0usize;
        for at in open..end.min(self.len()) {
            match (self.kind(at)?, self.text(at)) {
                (Kind::Interpolation, _) | (Kind::Symbol, "(" | "[" | "{") => depth += 1,
                (Kind::InterpolationEnd, _) | (Kind::Symbol, ")" | "]" | "}") => {
                    depth = depth.checked_sub(1)?
                }
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }
}

/// The text of a token.
pub(super) fn token_text(text: &str, token: Token) -> &str {
    text.get(index(token.start)..index(token.end)).unwrap_or("")
}

/// The name that a token gives, without backticks.
pub(super) fn token_name(text: &str, token: Token) -> Option<Cow<'_, str>> {
    let text = token_text(text, token);
    match token.kind {
        Kind::Word => Some(Cow::Borrowed(text)),
        Kind::Quoted => {
            let inner = text.strip_prefix('`')?.strip_suffix('`')?;
            let doubled = inner.contains('`');
            Some(if doubled { Cow::Owned(inner.replace("``", "`")) } else { Cow::Borrowed(inner) })
        }
        _ => None,
    }
}

/// A token's offset as an index.
pub(super) fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
