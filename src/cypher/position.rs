//! Positions as Neo4j reports them, and the way back from an edited text to the user's.

/// A place in a text, as Neo4j reports it. Neo4j counts UTF-16 code units (a Java string's `char`s), in
/// the text as the client sent it: escapes such as `\u0041` count six, and what stands before the query
/// (`EXPLAIN`, `CYPHER 25`) counts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// UTF-16 code units before it, from 0.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// UTF-16 code units before it in its line, plus 1.
    pub column: usize,
}

impl Position {
    /// The position of the byte `at` of `text`.
    pub fn of_byte(text: &str, at: usize) -> Self {
        let _ = (text, at);
        Self { offset: 0, line: 1, column: 1 }
    }

    /// The position `offset` UTF-16 code units into `text`.
    pub fn of_offset(text: &str, offset: usize) -> Self {
        let _ = (text, offset);
        Self { offset: 0, line: 1, column: 1 }
    }

    /// What Neo4j appends to the message of a syntax error: ` (line 1, column 17 (offset: 16))`, the line
    /// of the text in quotes, and a caret below the place.
    pub fn suffix(&self, text: &str) -> String {
        let _ = text;
        String::new()
    }
}

/// From offsets of an edited text to offsets of the user's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionMap {}

/// An offset of the user's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mapped {
    /// UTF-16 code units before it.
    pub offset: usize,
    /// Did it point to text of the user's? If not, it pointed to ours, and `offset` is that of the call or
    /// clause that ours stands for.
    pub exact: bool,
}

impl PositionMap {
    /// Where `offset` (UTF-16 code units of the edited text) lies in the user's text.
    pub fn to_user(&self, offset: usize) -> Mapped {
        Mapped { offset, exact: true }
    }
}
