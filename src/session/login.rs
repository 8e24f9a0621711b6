//! What a client may send until LOGON has succeeded: no more than Neo4j takes then.

use bolt::chunk::{Frame, Scanner};
use bytes::Buf;
use packstream::{Kind, Limits, Reader, Value};
use zeroize::Zeroizing;

use super::SessionError;
use super::buffers::extend_wiping;
use super::wire::{Stream, Wire};

/// Items of one list, entries of one map or fields of one structure.
const MAX_ELEMENTS: usize = 64;

/// Lists, maps and structures inside each other, the message itself among them.
const MAX_DEPTH: usize = 4;

/// Walks through a whole message without keeping any of it.
pub(super) fn check(message: &[u8]) -> Result<(), SessionError> {
    walk(&mut Reader::new(message, Limits::default()), MAX_DEPTH)
}

fn walk(reader: &mut Reader<'_>, depth: usize) -> Result<(), SessionError> {
    let kind = reader.peek()?;
    let elements = match kind {
        Kind::List => reader.list()?,
        Kind::Map => reader.map()?,
        Kind::Structure => reader.structure()?.1,
        _ => return Ok(reader.skip().map(drop)?),
    };
    let depth = depth.checked_sub(1).ok_or(SessionError::TooMuchBeforeLogin)?;
    if elements > MAX_ELEMENTS {
        return Err(SessionError::TooMuchBeforeLogin);
    }
    for _ in 0..elements {
        if kind == Kind::Map {
            reader.raw_string()?;
        }
        walk(reader, depth)?;
    }
    Ok(())
}

/// Reads the next message of a client that will be refused whatever is in it.
pub(super) async fn message<C: Stream>(
    client: &mut Wire<C>,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, SessionError> {
    let mut scanner = Scanner::new();
    let mut message = Zeroizing::new(Vec::new());
    let mut read = 0;
    loop {
        let mut rest: &[u8] = &client.inbox;
        let mut whole = false;
        while !whole && let Some(frame) = scanner.next(&mut rest) {
            match frame {
                Frame::Noop => {}
                Frame::Data { payload, .. } => extend_wiping(&mut message, payload),
                Frame::End => whole = true,
            }
        }
        let taken = client.inbox.len() - rest.len();
        client.inbox.advance(taken);
        if whole {
            return Ok(message);
        }
        read += taken;
        if read > limit {
            return Err(SessionError::TooLongBeforeLogin);
        }
        client.need(client.inbox.len() + 1).await.map_err(SessionError::Client)?;
    }
}

/// Does the driver that sends this HELLO hold a FAILURE of it to be a violation of the protocol, which it does not
/// retry? That of JavaScript (seen of 6.3.0) does, where LOGON is a message of its own.
pub(super) fn wants_success(hello: &[u8]) -> bool {
    let mut reader = Reader::new(hello, Limits::default());
    let Ok(_) = reader.structure() else { return false };
    let Ok(Value::Map(metadata)) = reader.value() else { return false };
    let agent = metadata.get("bolt_agent").and_then(Value::as_map);
    let product = agent.and_then(|agent| agent.get("product")).and_then(Value::as_str);
    product.is_some_and(|product| product.starts_with("neo4j-javascript/"))
}

#[cfg(test)]
mod tests {
    use packstream::{Map, encode};

    use super::*;

    /// A HELLO with this in its map, beside what drivers send.
    fn hello(extra: impl IntoIterator<Item = (String, Value)>) -> Vec<u8> {
        let mut map = Map::from([("user_agent", "test/1")]);
        map.extend(extra);
        [b"\xB1\x01".as_slice(), &encode(&Value::from(map)).unwrap()].concat()
    }

    fn keys(count: usize) -> impl Iterator<Item = (String, Value)> {
        (0..count).map(|key| (format!("k{key}"), Value::from(1)))
    }

    fn lists(depth: usize) -> Value {
        (0..depth).fold(Value::from(1), |inner, _| Value::from(vec![inner]))
    }

    fn too_much(message: &[u8]) -> bool {
        match check(message) {
            Ok(()) => false,
            Err(SessionError::TooMuchBeforeLogin) => true,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn elements_are_counted_for_each_container() {
        assert!(!too_much(&hello(keys(63))));
        assert!(too_much(&hello(keys(64))));
        let routing = Value::from(keys(40).collect::<Map>());
        assert!(!too_much(&hello(keys(40).chain([("routing".to_owned(), routing)]))));
        let list = |count| hello([("l".to_owned(), Value::from(vec![Value::from(1); count]))]);
        assert!(!too_much(&list(64)));
        assert!(too_much(&list(65)));
    }

    #[test]
    fn the_driver_of_javascript_is_known_by_its_agent() {
        let agent = |product: &str| {
            let agent = Value::Map(Map::from([("product", product)]));
            hello([("bolt_agent".to_owned(), agent)])
        };
        assert!(wants_success(&agent("neo4j-javascript/6.3.0")));
        assert!(!wants_success(&agent("neo4j-python/6.4.1")));
        assert!(!wants_success(&hello([])));
        assert!(!wants_success(b"\xB1\x01"));
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(!too_much(&hello([("l".to_owned(), lists(2))])));
        assert!(too_much(&hello([("l".to_owned(), lists(3))])));
        let deep = [b"\xB1\x01\xA1\x81l".as_slice(), &[0x91; 8000]].concat();
        assert!(too_much(&deep));
    }

    #[test]
    fn what_is_declared_must_be_there() {
        for message in [
            b"".as_slice(),
            b"\xB1",
            b"\xB1\x01",
            b"\xB1\x01\xA1",
            b"\xB1\x01\xA1\x81a",
            b"\xB1\x01\xA1\x8Fabc",
            b"\xB1\x01\xDA\x7F\xFF\xFF\xFF",
            b"\xB1\x01\xD6\x7F\xFF\xFF\xFF",
            b"\xB1\x01\xA1\x81a\xD2\xFF\xFF\xFF\xFF",
        ] {
            assert!(check(message).is_err(), "{message:?}");
        }
    }

    #[test]
    fn every_kind_of_value_passes() {
        let values = [
            Value::Null,
            Value::from(true),
            Value::from(1.5),
            Value::from(vec![Value::from(-17)]),
            Value::from("text"),
        ];
        let map = values.into_iter().enumerate().map(|(index, value)| (index.to_string(), value));
        assert!(!too_much(&hello(map)));
        assert!(!too_much(b"\xB1\x6A\xA1\x81b\xCC\x02\x00\xFF"));
        assert!(!too_much(b"\xB0\x02"));
    }
}
