//! What must hold for any stream of chunks. Shared with the test that replays the corpus.

use bolt::Version;
use bolt::chunk::{Frame, Scanner, write_message};
use bolt::failure::Failure;
use bolt::message::{Pull, Reply, RunMessage, parse_reply, run_raw, splice_parameters};
use packstream::{Limits, Reader, Value, decode, encode};

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 100, elements: 1 << 16 };

/// Reads `bytes` as a stream of messages, whole and byte by byte, and each message as all that it could be.
pub(crate) fn check(bytes: &[u8]) {
    let messages = scan(bytes, bytes.len().max(1));
    assert_eq!(scan(bytes, 1), messages);
    for payload in messages.iter().flatten() {
        let mut written = Vec::new();
        write_message(&mut written, payload);
        assert_eq!(scan(&written, written.len()), [Some(payload.clone())]);
        message(payload);
        value(payload);
    }
    value(bytes);
}

/// The messages in `stream`, read `step` bytes at a time; nothing stands for a NOOP.
fn scan(stream: &[u8], step: usize) -> Vec<Option<Vec<u8>>> {
    let (mut scanner, mut messages, mut message) = (Scanner::new(), Vec::new(), Vec::new());
    let (mut held, mut raw_bytes) = (Vec::new(), Vec::new());
    for part in stream.chunks(step) {
        held.extend_from_slice(part);
        let mut input = held.as_slice();
        while let Some(frame) = scanner.next(&mut input) {
            match frame {
                Frame::Noop => messages.push(None),
                Frame::End => messages.push(Some(std::mem::take(&mut message))),
                Frame::Data { raw, payload } => {
                    raw_bytes.extend_from_slice(raw);
                    message.extend_from_slice(payload);
                    continue;
                }
            }
            raw_bytes.extend([0, 0]);
        }
        held = input.to_vec();
    }
    assert!(held.len() <= 1);
    assert_eq!([raw_bytes, held].concat(), stream);
    messages
}

fn message(payload: &[u8]) {
    if let Ok(run) = RunMessage::parse(payload, LIMITS) {
        let again = run_raw(run.query, run.parameters, run.extra).unwrap();
        assert_eq!(RunMessage::parse(&again, LIMITS), Ok(run));
        let spliced = splice_parameters(run.parameters, &[("__rows", Value::Null)]).unwrap();
        let count = |map| Reader::new(map, LIMITS).map();
        assert_eq!(count(&spliced), count(run.parameters).map(|entries| entries + 1));
        assert_eq!(Reader::new(&spliced, Limits::default()).skip(), Ok(spliced.as_slice()));
    }
    if let Ok(pull) = Pull::parse(payload, LIMITS) {
        let again = pull.encode().unwrap();
        assert_eq!(Pull::parse(&again, LIMITS).unwrap().encode(), Ok(again));
    }
    if let Ok(Reply::Failure(map)) = parse_reply(payload, LIMITS) {
        for version in [Version::V5_6, Version::V5_7] {
            let failure = Failure::decode(&map, version);
            let Ok(Reply::Failure(again)) = parse_reply(&failure.encode(version).unwrap(), LIMITS) else {
                panic!("a FAILURE is read as something else");
            };
            assert_eq!(Failure::decode(&again, version), failure);
        }
    }
}

fn value(bytes: &[u8]) {
    let mut reader = Reader::new(bytes, LIMITS);
    let Ok(value) = reader.value() else { return };
    let length = reader.position();
    assert_eq!(Reader::new(bytes, LIMITS).skip(), Ok(&bytes[..length]));
    assert_eq!(reader.remaining(), &bytes[length..]);
    let shortest = encode(&value).unwrap();
    assert!(shortest.len() <= length);
    // Compared as bytes, since a NaN is not equal to itself.
    assert_eq!(encode(&decode(&shortest, LIMITS).unwrap()), Ok(shortest));
}
