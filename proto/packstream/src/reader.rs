//! Bytes to values: the one cursor, and the only code that takes input apart.

use std::collections::HashSet;

use crate::marker::*;
use crate::{DecodeError, Kind, Limits, Map, Structure, Value};

type Result<T> = std::result::Result<T, DecodeError>;

/// Up to this many keys, comparing each with each is faster than a set.
const FEW_KEYS: usize = 16;

/// A bounds-checked cursor over encoded values.
///
/// After an error its position is unspecified: drop it.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
    limits: Limits,
    /// What is left of [`Limits::elements`].
    elements: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `input`.
    pub fn new(input: &'a [u8], limits: Limits) -> Self {
        Self { rest: input, length: input.len(), limits, elements: limits.elements }
    }

    /// The bytes that are not read yet.
    pub fn remaining(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// The kind of the next value, which stays unread.
    pub fn peek(&self) -> Result<Kind> {
        if self.length > self.limits.bytes {
            return Err(DecodeError::TooLong { length: self.length });
        }
        let at = self.position();
        let marker = *self.rest.first().ok_or(DecodeError::Truncated { at })?;
        Kind::of(marker).ok_or(DecodeError::Reserved { marker, at })
    }

    /// Ends the reading; bytes that are left are an error.
    pub fn finish(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Trailing { at: self.position() }) }
    }

    /// Reads a null.
    pub fn null(&mut self) -> Result<()> {
        self.marker(Kind::Null)?;
        Ok(())
    }

    /// Reads a boolean.
    pub fn boolean(&mut self) -> Result<bool> {
        Ok(self.marker(Kind::Boolean)? == TRUE)
    }

    /// Reads an integer of any width; one written wider than need be is accepted.
    pub fn integer(&mut self) -> Result<i64> {
        Ok(match self.marker(Kind::Integer)? {
            INT_8 => i8::from_be_bytes(self.array()?).into(),
            INT_16 => i16::from_be_bytes(self.array()?).into(),
            INT_32 => i32::from_be_bytes(self.array()?).into(),
            INT_64 => i64::from_be_bytes(self.array()?),
            tiny => i8::from_be_bytes([tiny]).into(),
        })
    }

    /// Reads a float; a NaN keeps its bits.
    pub fn float(&mut self) -> Result<f64> {
        self.marker(Kind::Float)?;
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// Reads floats as long as they come, at most `count`, to the end of `out`. What follows stays unread.
    pub fn floats(&mut self, count: usize, out: &mut Vec<f64>) {
        let (encoded, _) = self.rest.as_chunks::<9>();
        let before = out.len();
        let floats = encoded
            .iter()
            .take(count)
            .map_while(|[marker, bytes @ ..]| (*marker == FLOAT).then(|| f64::from_be_bytes(*bytes)));
        out.extend(floats);
        self.rest = self.rest.get((out.len() - before) * 9..).unwrap_or_default();
    }

    /// Reads a byte array.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.length_of(Kind::Bytes)?;
        self.take(length)
    }

    /// Reads a text.
    pub fn string(&mut self) -> Result<&'a str> {
        let text = self.raw_string()?;
        let at = self.position() - text.len();
        str::from_utf8(text).map_err(|source| DecodeError::Utf8 { at, source })
    }

    /// Reads a text whose bytes may be no UTF-8.
    pub fn raw_string(&mut self) -> Result<&'a [u8]> {
        let length = self.length_of(Kind::String)?;
        self.take(length)
    }

    /// Reads the header of a list: the number of values that follow.
    pub fn list(&mut self) -> Result<usize> {
        self.elements_of(Kind::List, 1)
    }

    /// Reads the header of a map: the number of entries that follow, each a string and a value.
    pub fn map(&mut self) -> Result<usize> {
        self.elements_of(Kind::Map, 2)
    }

    /// Reads the header of a structure: its tag, and the number of values that follow.
    pub fn structure(&mut self) -> Result<(u8, usize)> {
        let at = self.position();
        let fields = self.length_of(Kind::Structure)?;
        let [tag] = self.array()?;
        self.announce(at, fields, 1)?;
        Ok((tag, fields))
    }

    /// Reads a UUID.
    pub fn uuid(&mut self) -> Result<[u8; 16]> {
        self.marker(Kind::Uuid)?;
        self.array()
    }

    /// Reads one value with everything in it. A map that repeats a key is an error.
    pub fn value(&mut self) -> Result<Value> {
        self.value_within(self.limits.depth)
    }

    /// Reads one map with everything in it.
    pub fn entries(&mut self) -> Result<Map> {
        let depth = self.descend(self.limits.depth)?;
        self.entries_within(depth)
    }

    /// Passes over one value and returns its bytes. What is checked: markers, lengths, limits, and that map keys
    /// are strings; what is not: UTF-8, and keys that repeat.
    pub fn skip(&mut self) -> Result<&'a [u8]> {
        let before = self.rest;
        self.skip_within(self.limits.depth)?;
        let length = before.len() - self.rest.len();
        before.get(..length).ok_or(DecodeError::Truncated { at: self.position() })
    }

    fn value_within(&mut self, depth: usize) -> Result<Value> {
        Ok(match self.peek()? {
            Kind::Null => {
                self.null()?;
                Value::Null
            }
            Kind::Boolean => Value::Boolean(self.boolean()?),
            Kind::Integer => Value::Integer(self.integer()?),
            Kind::Float => Value::Float(self.float()?),
            Kind::Bytes => Value::Bytes(self.bytes()?.to_vec()),
            Kind::String => Value::String(self.string()?.to_owned()),
            Kind::Uuid => Value::Uuid(self.uuid()?),
            Kind::List => {
                let depth = self.descend(depth)?;
                let length = self.list()?;
                Value::List(self.values(length, depth)?)
            }
            Kind::Map => {
                let depth = self.descend(depth)?;
                Value::Map(self.entries_within(depth)?)
            }
            Kind::Structure => {
                let depth = self.descend(depth)?;
                let (tag, length) = self.structure()?;
                Value::Structure(Structure { tag, fields: self.values(length, depth)? })
            }
        })
    }

    fn values(&mut self, length: usize, depth: usize) -> Result<Vec<Value>> {
        // Not `with_capacity`: a value is much larger in memory than the one byte that vouches for it.
        let mut values = Vec::new();
        for _ in 0..length {
            values.push(self.value_within(depth)?);
        }
        Ok(values)
    }

    fn entries_within(&mut self, depth: usize) -> Result<Map> {
        let at = self.position();
        let length = self.map()?;
        let mut entries: Vec<(String, Value)> = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..length {
            let key = self.string()?;
            let repeated = if length > FEW_KEYS {
                !seen.insert(key)
            } else {
                entries.iter().any(|(earlier, _)| earlier == key)
            };
            if repeated {
                return Err(DecodeError::DuplicateKey { at });
            }
            entries.push((key.to_owned(), self.value_within(depth)?));
        }
        Ok(Map::from_unique(entries))
    }

    fn skip_within(&mut self, depth: usize) -> Result<()> {
        match self.peek()? {
            Kind::Null => self.null()?,
            Kind::Boolean => drop(self.boolean()?),
            Kind::Integer => drop(self.integer()?),
            Kind::Float => drop(self.float()?),
            Kind::Bytes => drop(self.bytes()?),
            Kind::String => drop(self.raw_string()?),
            Kind::Uuid => drop(self.uuid()?),
            Kind::List => {
                let depth = self.descend(depth)?;
                for _ in 0..self.list()? {
                    self.skip_within(depth)?;
                }
            }
            Kind::Map => {
                let depth = self.descend(depth)?;
                for _ in 0..self.map()? {
                    self.raw_string()?;
                    self.skip_within(depth)?;
                }
            }
            Kind::Structure => {
                let depth = self.descend(depth)?;
                for _ in 0..self.structure()?.1 {
                    self.skip_within(depth)?;
                }
            }
        }
        Ok(())
    }

    fn descend(&self, depth: usize) -> Result<usize> {
        depth.checked_sub(1).ok_or(DecodeError::TooDeep { at: self.position() })
    }

    /// Reads the marker of a value that must be of `expected` kind.
    fn marker(&mut self, expected: Kind) -> Result<u8> {
        let found = self.peek()?;
        if found != expected {
            return Err(DecodeError::Unexpected { expected, found, at: self.position() });
        }
        let [marker] = self.array()?;
        Ok(marker)
    }

    /// Reads the marker and the length of a value of a kind that has one.
    fn length_of(&mut self, kind: Kind) -> Result<usize> {
        Ok(match self.marker(kind)? {
            BYTES_8 | STRING_8 | LIST_8 | MAP_8 => u8::from_be_bytes(self.array()?).into(),
            BYTES_16 | STRING_16 | LIST_16 | MAP_16 => u16::from_be_bytes(self.array()?).into(),
            BYTES_32 | STRING_32 | LIST_32 | MAP_32 => {
                usize::try_from(u32::from_be_bytes(self.array()?)).unwrap_or(usize::MAX)
            }
            tiny => usize::from(tiny & 0x0F),
        })
    }

    fn elements_of(&mut self, kind: Kind, least: usize) -> Result<usize> {
        let at = self.position();
        let count = self.length_of(kind)?;
        self.announce(at, count, least)?;
        Ok(count)
    }

    /// Accounts for `count` elements of at least `least` bytes each, announced by the header at `at`.
    fn announce(&mut self, at: usize, count: usize, least: usize) -> Result<()> {
        self.elements = self.elements.checked_sub(count).ok_or(DecodeError::TooManyElements { at })?;
        if count.saturating_mul(least) > self.rest.len() {
            return Err(DecodeError::Truncated { at });
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let at = self.position();
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated { at })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let at = self.position();
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated { at })?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// Decodes the one value that is all of `bytes`.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Value> {
    let mut reader = Reader::new(bytes, limits);
    let value = reader.value()?;
    reader.finish()?;
    Ok(value)
}
