use packstream::{Kind, Limits, Map, Structure, Value, decode, encode};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 100, elements: 1 << 16 };

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
    entries.into_iter().collect()
}

/// A RUN as the Python driver sends it: `RETURN $x`, {x: [1]}, {db: "neo4j"}.
const RUN: &[u8] = b"\xB3\x10\x89RETURN $x\xA1\x81x\x91\x01\xA1\x82db\x85neo4j";

#[test]
fn requests_have_these_bytes() {
    let user = map([("scheme", "none".into())]);
    let extra = map([("db", "neo4j".into())]);
    let parameters = map([("x", vec![Value::from(1_i64)].into())]);
    for (built, bytes) in [
        (hello(&map([("user_agent", "x/1".into())])).unwrap(), b"\xB1\x01\xA1\x8Auser_agent\x83x/1" as &[u8]),
        (logon(&user).unwrap(), b"\xB1\x6A\xA1\x86scheme\x84none"),
        (begin(&extra).unwrap(), b"\xB1\x11\xA1\x82db\x85neo4j"),
        (run("RETURN $x", &parameters, &extra).unwrap(), RUN),
        (run_raw("RETURN $x", b"\xA1\x81x\x91\x01", b"\xA1\x82db\x85neo4j").unwrap(), RUN),
        (pull(-1), b"\xB1\x3F\xA1\x81n\xFF"),
        (pull(1000), b"\xB1\x3F\xA1\x81n\xC9\x03\xE8"),
        (discard(-1), b"\xB1\x2F\xA1\x81n\xFF"),
        (commit(), b"\xB0\x12"),
        (rollback(), b"\xB0\x13"),
        (reset(), b"\xB0\x0F"),
        (goodbye(), b"\xB0\x02"),
    ] {
        assert_eq!(built, bytes);
        assert!(decode(bytes, LIMITS).is_ok());
    }
}

#[test]
fn replies_have_these_bytes_and_are_read() {
    let metadata = map([("has_more", true.into())]);
    for (built, bytes, reply) in [
        (
            success(&metadata).unwrap(),
            b"\xB1\x70\xA1\x88has_more\xC3" as &[u8],
            Reply::Success(metadata.clone()),
        ),
        (success(&Map::new()).unwrap(), b"\xB1\x70\xA0", Reply::Success(Map::new())),
        (ignored(), b"\xB0\x7E", Reply::Ignored),
        (record(&[1_i64.into(), "a".into()]).unwrap(), b"\xB1\x71\x92\x01\x81a", Reply::Record),
        (b"\xB1\x7F\xA0".to_vec(), b"\xB1\x7F\xA0", Reply::Failure(Map::new())),
    ] {
        assert_eq!(built, bytes);
        assert_eq!(parse_reply(bytes, LIMITS), Ok(reply));
        let is_record = bytes[1] == tag::RECORD;
        for cut in 0..bytes.len() {
            assert_eq!(
                parse_reply(&bytes[..cut], LIMITS).is_ok(),
                is_record && cut > 2,
                "{bytes:02X?} {cut}"
            );
        }
    }
    assert_eq!(parse_reply(&reset(), LIMITS), Err(MessageError::Tag { tag: tag::RESET }));
    assert_eq!(parse_reply(b"\xB0\x70", LIMITS), Err(MessageError::Fields { tag: tag::SUCCESS, fields: 0 }));
    assert_eq!(
        parse_reply(b"\xB1\x7E\x01", LIMITS),
        Err(MessageError::Fields { tag: tag::IGNORED, fields: 1 })
    );
    assert!(parse_reply(b"\xB1\x70\x01", LIMITS).is_err());
    assert!(parse_reply(b"\xB1\x70\xA0\xA0", LIMITS).is_err());
    assert!(parse_reply(b"\x01", LIMITS).is_err());
}

#[test]
fn a_run_is_read_by_reference() {
    let run = RunMessage::parse(RUN, LIMITS).unwrap();
    let (parameters, extra) = (b"\xA1\x81x\x91\x01" as &[u8], b"\xA1\x82db\x85neo4j" as &[u8]);
    assert_eq!(run, RunMessage { query: "RETURN $x", parameters, extra });
    assert_eq!(run_raw(run.query, run.parameters, run.extra).unwrap(), RUN);
    for cut in 0..RUN.len() {
        assert!(RunMessage::parse(&RUN[..cut], LIMITS).is_err());
    }
}

#[test]
fn what_is_no_run_is_refused() {
    for (bytes, error) in [
        (b"\xB0\x0F" as &[u8], MessageError::Tag { tag: tag::RESET }),
        (b"\xB2\x10\x80\xA0", MessageError::Fields { tag: tag::RUN, fields: 2 }),
        (b"\xB3\x10\x80\xA0\xA0\xC0", DecodeError::Trailing { at: 5 }.into()),
        (b"\xB3\x10\x80\xC0\xA0", wrong(Kind::Map, Kind::Null, 3)),
        (b"\xB3\x10\x80\xA0\x90", wrong(Kind::Map, Kind::List, 4)),
        (b"\xB3\x10\x01\xA0\xA0", wrong(Kind::String, Kind::Integer, 2)),
        (b"\x93\x80\xA0\xA0", wrong(Kind::Structure, Kind::List, 0)),
    ] {
        assert_eq!(RunMessage::parse(bytes, LIMITS), Err(error));
    }
    let not_utf_8 = RunMessage::parse(b"\xB3\x10\x81\xFF\xA0\xA0", LIMITS);
    assert!(matches!(not_utf_8, Err(MessageError::Decode(DecodeError::Utf8 { at: 3, .. }))));
    let deep = [b"\xB3\x10\x80\xA1\x80" as &[u8], &[0x91; 200], b"\xC0\xA0"].concat();
    assert!(matches!(
        RunMessage::parse(&deep, LIMITS),
        Err(MessageError::Decode(DecodeError::TooDeep { .. }))
    ));
}

fn wrong(expected: Kind, found: Kind, at: usize) -> MessageError {
    DecodeError::Unexpected { expected, found, at }.into()
}

#[test]
fn a_pull_is_read_with_what_it_holds_besides() {
    let parse = |bytes: &[u8]| Pull::parse(bytes, LIMITS);
    let plain = Pull { tag: tag::PULL, n: 1000, qid: None, other: Map::new() };
    assert_eq!(parse(&pull(1000)), Ok(plain.clone()));
    assert_eq!(plain.encode(), Ok(pull(1000)));

    let bytes = b"\xB1\x2F\xA3\x81n\xFF\x83qid\x02\x84more\x92\x01\x02";
    let rich = parse(bytes).unwrap();
    let other = map([("more", vec![1_i64.into(), Value::from(2_i64)].into())]);
    assert_eq!(rich, Pull { tag: tag::DISCARD, n: -1, qid: Some(2), other });
    assert_eq!(rich.encode().as_deref(), Ok(bytes as &[u8]));
    for cut in 0..bytes.len() {
        assert!(parse(&bytes[..cut]).is_err());
    }

    assert_eq!(parse(b"\xB1\x3F\xA0"), Err(MessageError::Entry("n")));
    assert_eq!(parse(b"\xB1\x3F\xA1\x81n\x811"), Err(MessageError::Entry("n")));
    assert_eq!(parse(b"\xB1\x3F\xA2\x81n\x01\x83qid\xC0"), Err(MessageError::Entry("qid")));
    assert_eq!(parse(b"\xB0\x3F"), Err(MessageError::Fields { tag: tag::PULL, fields: 0 }));
    assert_eq!(parse(b"\xB0\x12"), Err(MessageError::Tag { tag: tag::COMMIT }));
    assert_eq!(parse(b"\xB1\x3F\xA1\x81n\x01\x01"), Err(DecodeError::Trailing { at: 6 }.into()));
}

#[test]
fn parameters_are_spliced_byte_for_byte() {
    // A value in a longer form than need be, and a key and a text that are not UTF-8, stay as they are.
    let raw = b"\xD8\x02\x81\xFF\xCB\0\0\0\0\0\0\0\x01\x81t\x81\xFE";
    let spliced = splice_parameters(raw, &[("__rows", vec![Value::Null].into())]).unwrap();
    assert_eq!(spliced, b"\xA3\x81\xFF\xCB\0\0\0\0\0\0\0\x01\x81t\x81\xFE\x86__rows\x91\xC0");
    assert_eq!(splice_parameters(b"\xA0", &[]).unwrap(), b"\xA0");
    // The header grows with the number of entries.
    let fifteen: Map = (0..15).map(|i| (format!("{i:02}"), i)).collect();
    let raw = encode(&fifteen.into()).unwrap();
    let spliced = splice_parameters(&raw, &[("a", 1_i64.into())]).unwrap();
    assert_eq!(spliced[..2], [0xD8, 16]);
    assert_eq!(spliced[2..], [&raw[1..], b"\x81a\x01"].concat());

    assert_eq!(splice_parameters(b"\x90", &[]), Err(wrong(Kind::Map, Kind::List, 0)));
    assert_eq!(splice_parameters(b"", &[]), Err(DecodeError::Truncated { at: 0 }.into()));
    let bad = Structure { tag: 1, fields: vec![Value::Null; 16] };
    let refused = splice_parameters(b"\xA0", &[("a", Value::Structure(bad))]);
    assert_eq!(refused, Err(EncodeError::TooManyFields { fields: 16 }.into()));
}

proptest! {
    #[test]
    fn a_spliced_map_is_the_union(
        theirs in hash_map("[a-z]{1,20}", any::<i64>(), 0..300),
        ours in hash_map("__[a-z]{1,20}", any::<i64>(), 0..20),
    ) {
        let theirs: Map = theirs.into_iter().collect();
        let raw = encode(&theirs.clone().into()).unwrap();
        let extra: Vec<_> = ours.iter().map(|(key, value)| (key.as_str(), Value::from(*value))).collect();
        let spliced = splice_parameters(&raw, &extra).unwrap();
        let union: Map = theirs.into_iter().chain(extra.iter().map(|(k, v)| (k.to_string(), v.clone()))).collect();
        prop_assert_eq!(decode(&spliced, LIMITS).unwrap(), Value::Map(union));
    }

    #[test]
    fn any_bytes_are_a_message_or_not(
        head in prop::sample::select(vec![b"\xB3\x10" as &[u8], b"\xB1\x3F", b"\xB1\x70", b""]),
        body in vec(prop_oneof![any::<u8>(), 0x80..=0x84_u8, 0xA0..=0xA3_u8], 0..40),
    ) {
        let bytes = [head, &body].concat();
        if let Ok(run) = RunMessage::parse(&bytes, LIMITS) {
            let again = run_raw(run.query, run.parameters, run.extra).unwrap();
            prop_assert_eq!(RunMessage::parse(&again, LIMITS), Ok(run));
        }
        if let Ok(pull) = Pull::parse(&bytes, LIMITS) {
            prop_assert!(Pull::parse(&pull.encode().unwrap(), LIMITS).is_ok());
        }
        let _ = parse_reply(&bytes, LIMITS);
    }
}
