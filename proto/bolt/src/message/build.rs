//! Messages to bytes.

use packstream::{EncodeError, Limits, Map, Reader, Value, Writer};

use super::{MessageError, tag};

type Result<T, E = EncodeError> = std::result::Result<T, E>;

/// SUCCESS.
pub fn success(metadata: &Map) -> Result<Vec<u8>> {
    with_map(tag::SUCCESS, metadata)
}

/// IGNORED.
pub fn ignored() -> Vec<u8> {
    bare(tag::IGNORED)
}

/// RECORD.
pub fn record(values: &[Value]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.structure(tag::RECORD, 1)?;
    writer.list(values.len())?;
    values.iter().try_for_each(|value| writer.value(value))?;
    Ok(out)
}

/// RUN.
pub fn run(query: &str, parameters: &Map, extra: &Map) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.structure(tag::RUN, 3)?;
    writer.string(query)?;
    writer.entries(parameters)?;
    writer.entries(extra)?;
    Ok(out)
}

/// RUN with maps that are encoded already.
pub fn run_raw(query: &str, parameters: &[u8], extra: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.structure(tag::RUN, 3)?;
    writer.string(query)?;
    writer.raw(parameters);
    writer.raw(extra);
    Ok(out)
}

/// PULL of `n` records of the last statement; -1 for all.
pub fn pull(n: i64) -> Vec<u8> {
    with_n(tag::PULL, n)
}

/// DISCARD of `n` records of the last statement; -1 for all.
pub fn discard(n: i64) -> Vec<u8> {
    with_n(tag::DISCARD, n)
}

/// BEGIN.
pub fn begin(extra: &Map) -> Result<Vec<u8>> {
    with_map(tag::BEGIN, extra)
}

/// COMMIT.
pub fn commit() -> Vec<u8> {
    bare(tag::COMMIT)
}

/// ROLLBACK.
pub fn rollback() -> Vec<u8> {
    bare(tag::ROLLBACK)
}

/// RESET.
pub fn reset() -> Vec<u8> {
    bare(tag::RESET)
}

/// GOODBYE.
pub fn goodbye() -> Vec<u8> {
    bare(tag::GOODBYE)
}

/// HELLO.
pub fn hello(extra: &Map) -> Result<Vec<u8>> {
    with_map(tag::HELLO, extra)
}

/// LOGON.
pub fn logon(auth: &Map) -> Result<Vec<u8>> {
    with_map(tag::LOGON, auth)
}

/// An encoded map with the entries of `raw_map`, byte for byte, and `extra` behind them.
///
/// `raw_map` must be well-formed, as from [`RunMessage::parse`](super::RunMessage::parse): only its header is
/// read. The keys of `extra` must be new to it, or the server will refuse the map.
pub fn splice_parameters(raw_map: &[u8], extra: &[(&str, Value)]) -> Result<Vec<u8>, MessageError> {
    let mut reader = Reader::new(raw_map, Limits { bytes: usize::MAX, depth: 1, elements: usize::MAX });
    let entries = reader.map()?;
    let mut out = Vec::with_capacity(raw_map.len());
    let mut writer = Writer::new(&mut out);
    writer.map(entries.saturating_add(extra.len()))?;
    writer.raw(reader.remaining());
    for (key, value) in extra {
        writer.string(key)?;
        writer.value(value)?;
    }
    Ok(out)
}

fn bare(tag: u8) -> Vec<u8> {
    vec![0xB0, tag]
}

pub(crate) fn with_map(tag: u8, map: &Map) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.structure(tag, 1)?;
    writer.entries(map)?;
    Ok(out)
}

/// The map `{n: n}`; its head is spelled out, for it cannot fail as that of a larger map might.
fn with_n(tag: u8, n: i64) -> Vec<u8> {
    let mut out = vec![0xB1, tag, 0xA1, 0x81, b'n'];
    Writer::new(&mut out).integer(n);
    out
}
