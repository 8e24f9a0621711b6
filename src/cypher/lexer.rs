//! Text to tokens, by the rules of Neo4j's own lexer as far as token borders go.

use memchr::{memchr, memchr2, memchr3, memmem};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or a keyword: only its place tells.
    Word,
    /// An identifier in backticks.
    Quoted,
    /// What starts with a digit, or with a point and a digit.
    Number,
    /// A string.
    String,
    /// An operator, a bracket or another character.
    Symbol,
    /// The start of an interpolated string, `s'` or `s"`: the code in it follows as tokens in braces.
    Interpolation,
    /// Its end.
    InterpolationEnd,
    /// From here on it is no Cypher (a string, comment or name without end): the last token.
    Invalid,
}

/// A token: its kind and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Its first byte.
    pub(super) start: u32,
    /// One past its last byte.
    pub(super) end: u32,
}

/// How deep interpolated strings may nest.
const DEPTH: usize = 64;

/// An interpolated string that is open: its quote, and how many braces are open in its code (0: none, its
/// text goes on).
#[derive(Debug, Clone, Copy)]
struct Interpolated {
    quote: u8,
    braces: u32,
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    interpolated: Vec<Interpolated>,
}

impl<'t> Lexer<'t> {
    /// The tokens of `text`. A text of 4 GiB and more has none.
    pub(super) fn new(text: &'t str) -> Self {
        let text = if u32::try_from(text.len()).is_ok() { text } else { "" };
        Self { text, at: 0, interpolated: Vec::new() }
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &'t [u8] {
        self.text.as_bytes().get(at..).unwrap_or(&[])
    }

    fn character(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    /// The first byte at or after `at` that is neither white space nor comment. None: a comment has no end.
    fn skip_blanks(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.byte(at) {
                b' ' | 0x09..=0x0d | 0x1c..=0x1f => at += 1,
                b'/' if self.byte(at + 1) == b'/' => {
                    at += memchr2(b'\r', b'\n', self.rest(at)).unwrap_or(self.rest(at).len());
                }
                b'/' if self.byte(at + 1) == b'*' => {
                    at += 4 + memmem::find(self.rest(at + 2), b"*/")?;
                }
                0x80.. => match self.character(at) {
                    Some(character) if is_blank(character) => at += character.len_utf8(),
                    _ => return Some(at),
                },
                _ => return Some(at),
            }
        }
    }

    /// One past the last byte of the word that goes on at `at`.
    fn word_end(&self, mut at: usize) -> usize {
        loop {
            match self.byte(at) {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => at += 1,
                0x80.. => match self.character(at) {
                    Some(character) if is_word(character) => at += character.len_utf8(),
                    _ => return at,
                },
                _ => return at,
            }
        }
    }

    /// One past the last byte of the number at `at`: digits, letters (`0x1f`, `1_000`), a fraction and an
    /// exponent. Two points after it are a range.
    fn number_end(&self, start: usize) -> usize {
        let mut at = self.word_end(start);
        let mut fraction = self.byte(start) == b'.';
        if self.byte(at) == b'.' && (fraction || self.byte(at + 1).is_ascii_digit()) {
            fraction = true;
            at = self.word_end(at + 1);
        }
        let exponent = matches!(self.byte(at.wrapping_sub(1)), b'e' | b'E');
        let decimal = fraction || !matches!(self.byte(start + 1), b'x' | b'o');
        if exponent && decimal && matches!(self.byte(at), b'+' | b'-') && self.byte(at + 1).is_ascii_digit() {
            at = self.word_end(at + 1);
        }
        at
    }

    /// One past the quote that ends the string whose first quote is at `at`.
    fn string_end(&self, start: usize) -> Option<usize> {
        let quote = self.byte(start);
        let mut at = start + 1;
        loop {
            at += memchr2(quote, b'\\', self.rest(at))?;
            if self.byte(at) == quote {
                return Some(at + 1);
            }
            at += 1 + self.character(at + 1)?.len_utf8();
        }
    }

    /// One past the backtick that ends the name whose first backtick is at `at`.
    fn quoted_end(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        loop {
            at += 1 + memchr(b'`', self.rest(at))?;
            if self.byte(at) != b'`' {
                return Some(at);
            }
            at += 1;
        }
    }

    /// The next token of an interpolated string's text: the brace that starts code, or its end.
    fn interpolated_text(&self, quote: u8) -> Option<(Kind, usize, usize)> {
        let mut at = self.at;
        loop {
            at += memchr3(quote, b'\\', b'{', self.rest(at))?;
            match self.byte(at) {
                b'{' => return Some((Kind::Symbol, at, at + 1)),
                b'\\' => at += 1 + self.character(at + 1)?.len_utf8(),
                _ => return Some((Kind::InterpolationEnd, at, at + 1)),
            }
        }
    }

    /// The next token of code: its kind, start and end. None: there is none, or it has no end.
    fn code(&self, start: usize) -> Option<(Kind, usize, usize)> {
        let (kind, end) = match self.byte(start) {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let end = self.word_end(start);
                let quote = matches!(self.byte(end), b'\'' | b'"');
                if end == start + 1 && quote && matches!(self.byte(start), b's' | b'S') {
                    (Kind::Interpolation, end + 1)
                } else {
                    (Kind::Word, end)
                }
            }
            b'0'..=b'9' => (Kind::Number, self.number_end(start)),
            b'.' if self.byte(start + 1).is_ascii_digit() => (Kind::Number, self.number_end(start)),
            b'\'' | b'"' => (Kind::String, self.string_end(start)?),
            b'`' => (Kind::Quoted, self.quoted_end(start)?),
            0x80.. => match self.character(start)? {
                character if is_word(character) => (Kind::Word, self.word_end(start)),
                character => (Kind::Symbol, start + character.len_utf8()),
            },
            first => (Kind::Symbol, start + if is_pair(first, self.byte(start + 1)) { 2 } else { 1 }),
        };
        Some((kind, start, end))
    }

    /// Opens and closes interpolated strings. False: they nest too deep.
    fn follow(&mut self, kind: Kind, start: usize, end: usize) -> bool {
        match (kind, self.interpolated.last_mut()) {
            (Kind::Interpolation, _) => {
                let quote = self.byte(end - 1);
                self.interpolated.push(Interpolated { quote, braces: 0 });
            }
            (Kind::InterpolationEnd, _) => {
                self.interpolated.pop();
            }
            (Kind::Symbol, Some(open)) => match self.text.as_bytes().get(start) {
                Some(b'{') => open.braces += 1,
                Some(b'}') => open.braces -= 1,
                _ => {}
            },
            _ => {}
        }
        self.interpolated.len() <= DEPTH
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let found = match self.interpolated.last() {
            Some(&Interpolated { quote, braces: 0 }) => self.interpolated_text(quote),
            _ => match self.skip_blanks(self.at) {
                Some(start) if start >= self.text.len() && self.interpolated.is_empty() => {
                    self.at = start;
                    return None;
                }
                Some(start) if start < self.text.len() => self.code(start),
                _ => None,
            },
        };
        let (kind, start, end) = match found {
            Some((kind, start, end)) if self.follow(kind, start, end) => (kind, start, end),
            _ => {
                self.interpolated.clear();
                (Kind::Invalid, self.at, self.text.len())
            }
        };
        self.at = end;
        Some(Token { kind, start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
    }
}

/// Is it an operator of two characters?
fn is_pair(first: u8, second: u8) -> bool {
    matches!(
        (first, second),
        (b'<', b'>' | b'=')
            | (b'>' | b'+' | b'!', b'=')
            | (b'=', b'~')
            | (b':', b':')
            | (b'.', b'.')
            | (b'|', b'|')
    )
}

/// White space beyond ASCII.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// May it be part of a word, beyond ASCII? Neo4j lists the letters; what is in no list is an error there, so
/// it may as well be part of a word here: a name is never found in what Neo4j would not read as that name.
fn is_word(character: char) -> bool {
    !is_blank(character) && !is_dash(character) && !is_arrow_head(character)
}

/// The dashes that may stand for `-` in a pattern.
fn is_dash(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// The arrow heads that may stand for `<` and `>` in a pattern.
fn is_arrow_head(character: char) -> bool {
    matches!(character, '⟨' | '〈' | '﹤' | '＜' | '⟩' | '〉' | '﹥' | '＞')
}

#[cfg(test)]
mod tests;
