//! Why bytes are no value, or a value cannot be bytes.

use std::str::Utf8Error;

use crate::Kind;

/// Why an input was refused. `at` is an offset from the start of the input. No variant carries input text, so an
/// error may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends inside a value, or a declared length is beyond its end.
    #[error("the value at byte {at} is cut short")]
    Truncated {
        /// Where the value, or the part of it that is missing, begins.
        at: usize,
    },
    /// A marker that no version of PackStream gives a meaning.
    #[error("reserved marker {marker:02X} at byte {at}")]
    Reserved {
        /// The marker.
        marker: u8,
        /// Where it is.
        at: usize,
    },
    /// A value of another type than the one asked for.
    #[error("expected {expected}, found {found} at byte {at}")]
    Unexpected {
        /// The type asked for; of a map key: string.
        expected: Kind,
        /// The type found.
        found: Kind,
        /// Where it is.
        at: usize,
    },
    /// A text that is not UTF-8.
    #[error("the text at byte {at} is not UTF-8")]
    Utf8 {
        /// Where the text (behind its header) begins.
        at: usize,
        /// What is wrong with it.
        source: Utf8Error,
    },
    /// A map holds the same key twice.
    #[error("the map at byte {at} repeats a key")]
    DuplicateKey {
        /// Where the map begins.
        at: usize,
    },
    /// Bytes are left behind the last value.
    #[error("unread bytes from byte {at} on")]
    Trailing {
        /// Where they begin.
        at: usize,
    },
    /// The input is longer than [`Limits::bytes`](crate::Limits::bytes).
    #[error("the input of {length} bytes is longer than the limit")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// Values lie deeper inside each other than [`Limits::depth`](crate::Limits::depth).
    #[error("the nesting at byte {at} is deeper than the limit")]
    TooDeep {
        /// Where the value that is too deep begins.
        at: usize,
    },
    /// The headers announce more than [`Limits::elements`](crate::Limits::elements).
    #[error("the header at byte {at} exceeds the limit of elements")]
    TooManyElements {
        /// Where the header is.
        at: usize,
    },
}

/// Why a value has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// PackStream lengths end at 2^31-1.
    #[error("a {kind} of length {length} cannot be encoded")]
    TooLong {
        /// What is too long.
        kind: Kind,
        /// Bytes or elements.
        length: usize,
    },
    /// A structure of more than 15 fields.
    #[error("a structure of {fields} fields cannot be encoded")]
    TooManyFields {
        /// The number of fields.
        fields: usize,
    },
    /// Values lie deeper inside each other than 2,048.
    #[error("the nesting is too deep to be encoded")]
    TooDeep,
}
