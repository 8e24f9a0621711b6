//! What must hold of the tokens and the clauses of any text. Shared with the test that replays the corpus.

use crate::cypher::{Reading, Span, reading};

/// Every token is a part of the text, and what lies between them is blank: nothing is passed over, and to lex it
/// with other blanks gives the same tokens.
pub(crate) fn tokens(bytes: &[u8]) {
    let Some((text, read)) = read(bytes) else { return };
    let mut end = 0;
    let mut interpolated = false;
    for (kind, span) in &read.tokens {
        assert!(span.start < span.end, "{kind} {span:?} is empty");
        assert!(end <= span.start, "{kind} {span:?} starts within the one before");
        slice(text, *span);
        // The text of an interpolated string is no token.
        interpolated |= kind.starts_with("Interpolation");
        if !interpolated {
            blank(slice(text, Span { start: end, end: span.start }));
        }
        end = span.end;
    }
    if interpolated {
        return;
    }
    blank(slice(text, Span { start: end, end: text.len() }));
    let again = reading(&spaced(text, &read)).expect("blanks between tokens leave them as they are");
    assert_eq!(kinds(&again), kinds(&read));
}

/// Every clause is a part of the text, from the start of a token to the end of one; of two, one ends before the other
/// starts or holds all of it. Other blanks between the tokens give the same clauses.
pub(crate) fn clauses(bytes: &[u8]) {
    let Some((text, read)) = read(bytes) else { return };
    let Ok(clauses) = &read.clauses else { return };
    let mut open: Vec<Span> = Vec::new();
    let mut start = 0;
    for (kind, span) in clauses {
        slice(text, *span);
        assert!(start <= span.start, "{kind} {span:?} comes before an earlier one");
        start = span.start;
        let is =
            |border: fn(&Span) -> usize| read.tokens.iter().any(|(_, token)| border(token) == border(span));
        assert!(is(|span| span.start) && is(|span| span.end), "{kind} {span:?} cuts a token");
        open.retain(|outer| outer.end > span.start);
        assert!(open.last().is_none_or(|outer| span.end <= outer.end), "{kind} {span:?} crosses another");
        open.push(*span);
    }
    if read.tokens.iter().any(|(kind, _)| kind.starts_with("Interpolation")) {
        return;
    }
    let again = reading(&spaced(text, &read)).expect("blanks between tokens leave them as they are");
    let places = |read: &Reading| -> Vec<_> {
        let number = |at: usize| read.tokens.iter().position(|(_, token)| token.start == at);
        read.clauses.iter().flatten().map(|(kind, span)| (kind.clone(), number(span.start))).collect()
    };
    assert_eq!(places(&again), places(&read));
}

fn read(bytes: &[u8]) -> Option<(&str, Reading)> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some((text, reading(text)?))
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start..span.end).expect("a span is a part of the text")
}

fn blank(text: &str) {
    let tokens = reading(text).expect("blanks can be read").tokens;
    assert!(tokens.is_empty(), "{text:?} is passed over");
}

fn kinds(read: &Reading) -> Vec<&str> {
    read.tokens.iter().map(|(kind, _)| kind.as_str()).collect()
}

/// The tokens with one space before each.
fn spaced(text: &str, read: &Reading) -> String {
    read.tokens.iter().flat_map(|(_, span)| [" ", slice(text, *span)]).collect()
}
