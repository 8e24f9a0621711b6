//! Literal maps of which some values are computed.

use super::super::constant::constant;
use super::super::token::Tokens;
use super::Entry;
use super::read::separator;

/// The entries of the literal map that the tokens `first..end` are. None: they are something else.
pub(super) fn entries(tokens: &Tokens<'_>, first: usize, end: usize) -> Option<Vec<(String, Entry)>> {
    let close = end.checked_sub(1)?;
    if tokens.symbol(first) != "{" || tokens.closing(first, end) != Some(close) {
        return None;
    }
    let mut entries = Vec::new();
    let mut at = first + 1;
    loop {
        let key = tokens.name(at)?.into_owned();
        let value = at + 2;
        let stop = separator(tokens, value, close);
        if tokens.symbol(at + 1) != ":" || stop <= value {
            return None;
        }
        let entry = match constant(tokens, value, stop) {
            Some(constant) => Entry::Constant(constant),
            None => Entry::Computed(tokens.span(value, stop)),
        };
        entries.push((key, entry));
        if stop == close {
            return Some(entries);
        }
        at = stop + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::constant::Expr;
    use super::super::super::unescape::Decoded;
    use super::super::Span;
    use super::*;

    #[test]
    fn only_literal_maps_are_read() {
        let read = |text: &str| {
            let decoded = Decoded::new(text).unwrap();
            let tokens = Tokens::new(&decoded).unwrap();
            entries(&tokens, 0, tokens.len())
        };
        let map = read("{a: 1, `b`: f(x, {c: d}), e: [x, y]}").unwrap();
        assert_eq!(map[0], ("a".to_owned(), Entry::Constant(Expr::Integer(1))));
        assert_eq!(map[1], ("b".to_owned(), Entry::Computed(Span { start: 12, end: 24 })));
        assert_eq!(map[2], ("e".to_owned(), Entry::Computed(Span { start: 29, end: 35 })));
        for text in
            ["n", "n {.a}", "{}", "{a}", "{a: }", "{a: x,}", "{a: x} + {b: y}", "[{a: x}]", "{a: x", "{1: x}"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
