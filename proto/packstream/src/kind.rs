//! What a marker announces.

use std::fmt;

use crate::marker::*;

/// The type of a value, as its marker tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value.
    Null,
    /// True or false.
    Boolean,
    /// 64 bits, signed.
    Integer,
    /// IEEE 754 binary64.
    Float,
    /// A byte array.
    Bytes,
    /// UTF-8 text.
    String,
    /// Values in order.
    List,
    /// Values by name.
    Map,
    /// A tag and at most 15 fields: messages, nodes, dates and the like.
    Structure,
    /// 16 bytes (PackStream 2).
    Uuid,
}

impl Kind {
    /// The kind that `marker` announces, or nothing if the marker is reserved.
    pub(crate) fn of(marker: u8) -> Option<Self> {
        Some(match marker {
            0x00..TINY_STRING | 0xF0..=0xFF | INT_8 | INT_16 | INT_32 | INT_64 => Self::Integer,
            TINY_STRING..TINY_LIST | STRING_8 | STRING_16 | STRING_32 => Self::String,
            TINY_LIST..TINY_MAP | LIST_8 | LIST_16 | LIST_32 => Self::List,
            TINY_MAP..STRUCTURE | MAP_8 | MAP_16 | MAP_32 => Self::Map,
            STRUCTURE..NULL => Self::Structure,
            NULL => Self::Null,
            FLOAT => Self::Float,
            FALSE | TRUE => Self::Boolean,
            BYTES_8 | BYTES_16 | BYTES_32 => Self::Bytes,
            UUID => Self::Uuid,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::List => "list",
            Self::Map => "map",
            Self::Structure => "structure",
            Self::Uuid => "UUID",
        })
    }
}
