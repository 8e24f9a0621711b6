//! Values to bytes.

use crate::marker::*;
use crate::{EncodeError, Kind, Map, Value};

type Result<T> = std::result::Result<T, EncodeError>;

/// Twice what [`Limits`](crate::Limits) lets in by default, so that a value that was read can be wrapped.
const MAX_DEPTH: usize = 2048;

/// The markers of one kind by the width of its length.
struct Widths {
    kind: Kind,
    tiny: Option<u8>,
    one: u8,
    two: u8,
    four: u8,
}

const BYTES: Widths = Widths { kind: Kind::Bytes, tiny: None, one: BYTES_8, two: BYTES_16, four: BYTES_32 };
const STRING: Widths =
    Widths { kind: Kind::String, tiny: Some(TINY_STRING), one: STRING_8, two: STRING_16, four: STRING_32 };
const LIST: Widths =
    Widths { kind: Kind::List, tiny: Some(TINY_LIST), one: LIST_8, two: LIST_16, four: LIST_32 };
const MAP: Widths = Widths { kind: Kind::Map, tiny: Some(TINY_MAP), one: MAP_8, two: MAP_16, four: MAP_32 };

/// Appends encoded values to a buffer, each in its shortest form.
///
/// [`list`](Self::list), [`map`](Self::map) and [`structure`](Self::structure) write headers; that as many values
/// follow is the caller's care.
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// Writes behind what is in `out` already.
    pub fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes a null.
    pub fn null(&mut self) {
        self.out.push(NULL);
    }

    /// Writes a boolean.
    pub fn boolean(&mut self, b: bool) {
        self.out.push(if b { TRUE } else { FALSE });
    }

    /// Writes an integer.
    pub fn integer(&mut self, i: i64) {
        if let Ok(i) = i8::try_from(i) {
            if i < -16 {
                self.out.push(INT_8);
            }
            self.out.extend(i.to_be_bytes());
        } else if let Ok(i) = i16::try_from(i) {
            self.out.push(INT_16);
            self.out.extend(i.to_be_bytes());
        } else if let Ok(i) = i32::try_from(i) {
            self.out.push(INT_32);
            self.out.extend(i.to_be_bytes());
        } else {
            self.out.push(INT_64);
            self.out.extend(i.to_be_bytes());
        }
    }

    /// Writes a float.
    pub fn float(&mut self, f: f64) {
        self.out.push(FLOAT);
        self.out.extend(f.to_be_bytes());
    }

    /// Writes a byte array.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.length(&BYTES, bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes a text.
    pub fn string(&mut self, text: &str) -> Result<()> {
        self.length(&STRING, text.len())?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Writes the header of a list of `length` values.
    pub fn list(&mut self, length: usize) -> Result<()> {
        self.length(&LIST, length)
    }

    /// Writes the header of a map of `length` entries, each a string and a value.
    pub fn map(&mut self, length: usize) -> Result<()> {
        self.length(&MAP, length)
    }

    /// Writes the header of a structure of `fields` values, at most 15.
    pub fn structure(&mut self, tag: u8, fields: u8) -> Result<()> {
        if fields > 0x0F {
            return Err(EncodeError::TooManyFields { fields: fields.into() });
        }
        self.out.extend([STRUCTURE | fields, tag]);
        Ok(())
    }

    /// Writes a UUID.
    pub fn uuid(&mut self, uuid: [u8; 16]) {
        self.out.push(UUID);
        self.out.extend(uuid);
    }

    /// Writes any value.
    pub fn value(&mut self, value: &Value) -> Result<()> {
        self.value_within(value, MAX_DEPTH)
    }

    /// Writes a map with all its entries.
    pub fn entries(&mut self, map: &Map) -> Result<()> {
        self.entries_within(map, MAX_DEPTH)
    }

    /// Appends values that are encoded already.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    fn value_within(&mut self, value: &Value, depth: usize) -> Result<()> {
        match value {
            Value::Null => self.null(),
            Value::Boolean(b) => self.boolean(*b),
            Value::Integer(i) => self.integer(*i),
            Value::Float(f) => self.float(*f),
            Value::Bytes(bytes) => self.bytes(bytes)?,
            Value::String(text) => self.string(text)?,
            Value::Uuid(uuid) => self.uuid(*uuid),
            Value::List(items) => {
                self.list(items.len())?;
                self.values(items, depth)?;
            }
            Value::Map(map) => self.entries_within(map, depth)?,
            Value::Structure(structure) => {
                let fields = structure.fields.len();
                let count = u8::try_from(fields).map_err(|_| EncodeError::TooManyFields { fields })?;
                self.structure(structure.tag, count)?;
                self.values(&structure.fields, depth)?;
            }
        }
        Ok(())
    }

    fn values(&mut self, values: &[Value], depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
        values.iter().try_for_each(|value| self.value_within(value, depth))
    }

    fn entries_within(&mut self, map: &Map, depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(EncodeError::TooDeep)?;
        self.map(map.len())?;
        map.iter().try_for_each(|(key, value)| {
            self.string(key)?;
            self.value_within(value, depth)
        })
    }

    fn length(&mut self, widths: &Widths, length: usize) -> Result<()> {
        if let Ok(n) = u8::try_from(length) {
            match widths.tiny {
                Some(tiny) if n <= 0x0F => self.out.push(tiny | n),
                _ => self.out.extend([widths.one, n]),
            }
        } else if let Ok(n) = u16::try_from(length) {
            self.out.push(widths.two);
            self.out.extend(n.to_be_bytes());
        } else if let Ok(n) = i32::try_from(length) {
            self.out.push(widths.four);
            self.out.extend(n.to_be_bytes());
        } else {
            return Err(EncodeError::TooLong { kind: widths.kind, length });
        }
        Ok(())
    }
}

/// Encodes one value.
pub fn encode(value: &Value) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    Writer::new(&mut out).value(value)?;
    Ok(out)
}
