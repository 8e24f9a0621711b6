//! The parameters of a RUN, kept as the client encoded them and read only where one is asked for.

use packstream::{DecodeError, Limits, Reader, Value, Writer};

use super::SessionError;

/// An encoded map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters<'r> {
    raw: &'r [u8],
}

impl<'r> Parameters<'r> {
    pub(crate) fn new(raw: &'r [u8]) -> Self {
        Self { raw }
    }

    /// How long a statement may be has been seen to: `limits.statement_bytes`.
    fn reader(&self) -> Reader<'r> {
        Reader::new(self.raw, Limits { bytes: self.raw.len(), ..Limits::default() })
    }

    /// All names, in the client's order.
    pub(crate) fn names(&self) -> Result<Vec<&'r str>, DecodeError> {
        let mut reader = self.reader();
        let mut names = Vec::new();
        for _ in 0..reader.map()? {
            names.push(reader.string()?);
            reader.skip()?;
        }
        Ok(names)
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Value>, DecodeError> {
        let mut reader = self.reader();
        for _ in 0..reader.map()? {
            if reader.string()? == name {
                return reader.value().map(Some);
            }
            reader.skip()?;
        }
        Ok(None)
    }

    /// The same map with entries of ours behind, their values encoded already.
    pub(crate) fn with(&self, ours: &[(&str, &[u8])]) -> Result<Vec<u8>, SessionError> {
        let mut reader = self.reader();
        let entries = reader.map()?;
        let room: usize = ours.iter().map(|(name, value)| name.len() + value.len() + 5).sum();
        let mut out = Vec::with_capacity(self.raw.len() + room + 5);
        let mut writer = Writer::new(&mut out);
        writer.map(entries + ours.len())?;
        writer.raw(reader.remaining());
        for (name, value) in ours {
            writer.string(name)?;
            writer.raw(value);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::{Map, decode, encode};

    #[test]
    fn entries_stay_as_they_were_sent() {
        // An integer wider than it needs to be: 5 as INT_64.
        let raw = [0xA1, 0x81, b'n', 0xCB, 0, 0, 0, 0, 0, 0, 0, 5];
        let parameters = Parameters::new(&raw);
        assert_eq!(parameters.names().unwrap(), ["n"]);
        assert_eq!(parameters.get("n").unwrap(), Some(Value::Integer(5)));
        assert_eq!(parameters.get("m").unwrap(), None);
        let value = encode(&Value::from("x")).unwrap();
        let with = parameters.with(&[("m", &value)]).unwrap();
        assert_eq!(with[1..raw.len()], raw[1..]);
        let map = Map::from([("n", Value::Integer(5)), ("m", Value::from("x"))]);
        assert_eq!(decode(&with, Limits::default()).unwrap(), Value::Map(map));
    }
}
