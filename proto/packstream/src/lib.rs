//! PackStream, the value encoding of Bolt: values to bytes and back.
//!
//! Versions 1 (Bolt up to 6.0) and 2 (Bolt 6.1, which adds the UUID marker `E0`) differ by that one marker, so
//! there is one [`Reader`] and one [`Writer`] for both. Nothing here does IO, panics, or allocates on the word
//! of the input: a declared length is checked against the bytes that are there.
//!
//! ```
//! use packstream::{Limits, Map, Value, decode, encode};
//!
//! let value = Value::from(Map::from([("n", 1000)]));
//! let bytes = encode(&value)?;
//! assert_eq!(bytes, [0xA1, 0x81, b'n', 0xC9, 0x03, 0xE8]);
//! assert_eq!(decode(&bytes, Limits::default())?, value);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod kind;
mod limits;
mod map;
mod marker;
mod reader;
mod value;
mod writer;

pub use error::{DecodeError, EncodeError};
pub use kind::Kind;
pub use limits::Limits;
pub use map::Map;
pub use reader::{Reader, decode};
pub use value::{Structure, Value};
pub use writer::{Writer, encode};

#[cfg(test)]
mod tests;
