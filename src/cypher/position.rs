//! Positions as Neo4j reports them, and the way back from an edited text to the user's.

/// A place in a text, as Neo4j reports it. Neo4j counts UTF-16 code units (a Java string's `char`s) in the
/// text as the client sent it: an escape such as `\u0041` counts six, and what stands before the query
/// (`EXPLAIN`, `CYPHER 25`) counts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// UTF-16 code units before it.
    pub offset: usize,
    /// The line, from 1. Lines end at a line feed, or a carriage return that none follows.
    pub line: usize,
    /// UTF-16 code units before it in its line, plus 1.
    pub column: usize,
}

impl Position {
    /// The position of the byte `at` of `text`.
    pub fn of_byte(text: &str, at: usize) -> Self {
        let mut position = Self { offset: 0, line: 1, column: 1 };
        let mut characters = text.char_indices().peekable();
        while let Some((_, character)) = characters.next_if(|&(byte, _)| byte < at) {
            let units = character.len_utf16();
            position.offset += units;
            position.column += units;
            let next = characters.peek().map(|&(_, next)| next);
            if character == '\n' || (character == '\r' && next != Some('\n')) {
                position.line += 1;
                position.column = 1;
            }
        }
        position
    }

    /// The position `offset` UTF-16 code units into `text`.
    pub fn of_offset(text: &str, offset: usize) -> Self {
        let mut units = 0;
        let byte = text.char_indices().find_map(|(byte, character)| {
            let here = units >= offset;
            units += character.len_utf16();
            here.then_some(byte)
        });
        Self::of_byte(text, byte.unwrap_or(text.len()))
    }

    /// What Neo4j appends to the message of a syntax error: ` (line 1, column 17 (offset: 16))`, then the
    /// line of the text in quotes, and below it a caret. Here a line ends at a line feed only.
    pub fn suffix(&self, text: &str) -> String {
        let Self { offset, line, column } = self;
        let mut start = 0;
        let mut shown = "";
        // Empty lines at the end do not count: they are no lines for Java's `split`.
        for candidate in text.trim_end_matches('\n').split('\n') {
            let length = candidate.encode_utf16().count();
            shown = candidate;
            if start + length >= *offset {
                break;
            }
            start += length + 1;
        }
        let indent = (offset - start.min(*offset)).min(shown.encode_utf16().count());
        format!(" (line {line}, column {column} (offset: {offset}))\n\"{shown}\"\n{:1$}^", "", indent + 1)
    }
}

/// From offsets of an edited text to offsets of the user's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionMap {
    pieces: Vec<Piece>,
}

/// A piece of the edited text, all offsets in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where it starts.
    start: usize,
    /// Where in the user's text it comes from.
    user: usize,
    /// Is it the user's, so that the offset within it counts?
    exact: bool,
}

/// An offset of the user's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mapped {
    /// UTF-16 code units before it.
    pub offset: usize,
    /// Did it point to text of the user's? If not it pointed to ours, and `offset` is that of the call or
    /// clause that ours stands for.
    pub exact: bool,
}

impl PositionMap {
    /// Where `offset` (UTF-16 code units of the edited text) lies in the user's text.
    pub fn to_user(&self, offset: usize) -> Mapped {
        let after = self.pieces.partition_point(|piece| piece.start <= offset);
        match after.checked_sub(1).and_then(|last| self.pieces.get(last)) {
            Some(&Piece { start, user, exact: true }) => {
                Mapped { offset: user + (offset - start), exact: true }
            }
            Some(&Piece { user, .. }) => Mapped { offset: user, exact: false },
            None => Mapped { offset, exact: true },
        }
    }
}

/// A text that is put together from pieces of the user's and of ours.
#[derive(Debug)]
pub(super) struct Weave<'t> {
    source: &'t str,
    text: String,
    units: usize,
    pieces: Vec<Piece>,
    /// A byte of the source and its offset, to count on from.
    mark: (usize, usize),
}

impl<'t> Weave<'t> {
    pub(super) fn new(source: &'t str) -> Self {
        let text = String::with_capacity(source.len() + 256);
        Self { source, text, units: 0, pieces: Vec::new(), mark: (0, 0) }
    }

    /// The offset of the byte `at` of the source.
    pub(super) fn offset(&mut self, at: usize) -> usize {
        let (byte, offset) = if at < self.mark.0 { (0, 0) } else { self.mark };
        let between = self.source.get(byte..at).unwrap_or("");
        self.mark = (at, offset + between.encode_utf16().count());
        self.mark.1
    }

    /// Appends the bytes `start..end` of the source.
    pub(super) fn user(&mut self, start: usize, end: usize) -> &mut Self {
        let user = self.offset(start);
        self.append(Piece { start: self.units, user, exact: true }, self.source.get(start..end).unwrap_or(""))
    }

    /// Appends text of ours that stands for what is at `offset` of the source.
    pub(super) fn ours(&mut self, text: &str, offset: usize) -> &mut Self {
        self.append(Piece { start: self.units, user: offset, exact: false }, text)
    }

    fn append(&mut self, piece: Piece, text: &str) -> &mut Self {
        let repeated =
            self.pieces.last().is_some_and(|last| !last.exact && !piece.exact && last.user == piece.user);
        if !repeated && !text.is_empty() {
            self.pieces.push(piece);
        }
        self.units += text.encode_utf16().count();
        self.text.push_str(text);
        self
    }

    /// What there is so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn finish(self) -> (String, PositionMap) {
        (self.text, PositionMap { pieces: self.pieces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(offset: usize, line: usize, column: usize) -> Position {
        Position { offset, line, column }
    }

    #[test]
    fn offsets_count_utf_16_code_units() {
        let text = "é😀x\r\ny\rz\nw";
        for (at, expected) in [
            ("é", position(0, 1, 1)),
            ("😀", position(1, 1, 2)),
            ("x", position(3, 1, 4)),
            ("y", position(6, 2, 1)),
            ("z", position(8, 3, 1)),
            ("w", position(10, 4, 1)),
        ] {
            assert_eq!(Position::of_byte(text, text.find(at).unwrap()), expected, "{at}");
            assert_eq!(Position::of_offset(text, expected.offset), expected, "{at}");
        }
        assert_eq!(Position::of_byte(text, 1000).offset, 11);
        assert_eq!(Position::of_offset(text, 1000).offset, 11);
        assert_eq!(Position::of_byte("", 0), position(0, 1, 1));
    }

    #[test]
    fn the_suffix_shows_the_line() {
        for (text, offset, expected) in [
            ("CALL x YIELD y", 13, " (line 1, column 14 (offset: 13))\n\"CALL x YIELD y\"\n              ^"),
            ("a\nbcd\ne", 4, " (line 2, column 3 (offset: 4))\n\"bcd\"\n   ^"),
            ("a\nbcd\ne", 1, " (line 1, column 2 (offset: 1))\n\"a\"\n  ^"),
            ("a\n\n", 2, " (line 2, column 1 (offset: 2))\n\"a\"\n ^"),
            ("", 0, " (line 1, column 1 (offset: 0))\n\"\"\n ^"),
            ("\n", 0, " (line 1, column 1 (offset: 0))\n\"\"\n ^"),
        ] {
            assert_eq!(Position::of_offset(text, offset).suffix(text), expected, "{text:?} {offset}");
        }
    }

    #[test]
    fn a_map_leads_from_the_edited_text_to_the_users() {
        let source = "😀 CALL x RETURN é";
        let mut weave = Weave::new(source);
        let call = weave.offset(5);
        weave.user(0, 5).ours("UNWIND ", call).ours("$p ", call).user(12, source.len()).user(0, 4);
        let (text, map) = weave.finish();
        assert_eq!(text, "😀 UNWIND $p RETURN é😀");
        let mapped = |offset| (map.to_user(offset).offset, map.to_user(offset).exact);
        assert_eq!(
            [mapped(0), mapped(2), mapped(3), mapped(12)],
            [(0, true), (2, true), (3, false), (3, false)]
        );
        assert_eq!([mapped(13), mapped(20), mapped(21)], [(10, true), (17, true), (0, true)]);
        assert_eq!(PositionMap::default().to_user(7), Mapped { offset: 7, exact: true });
    }
}
