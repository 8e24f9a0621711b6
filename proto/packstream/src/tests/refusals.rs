//! What is not read, and what is not written.

use super::{nested, structure};
use crate::{DecodeError, EncodeError, Kind, Limits, Map, Reader, Value, Writer, decode, encode};

fn refusal(bytes: &[u8]) -> DecodeError {
    decode(bytes, Limits::default()).unwrap_err()
}

#[test]
fn another_type_than_asked_for_is_an_error() {
    type Read = fn(&mut Reader<'_>) -> Option<DecodeError>;
    let reads: [(Kind, Read); 10] = [
        (Kind::Null, |reader| reader.null().err()),
        (Kind::Boolean, |reader| reader.boolean().err()),
        (Kind::Integer, |reader| reader.integer().err()),
        (Kind::Float, |reader| reader.float().err()),
        (Kind::Bytes, |reader| reader.bytes().err()),
        (Kind::String, |reader| reader.string().err()),
        (Kind::List, |reader| reader.list().err()),
        (Kind::Map, |reader| reader.map().err()),
        (Kind::Structure, |reader| reader.structure().err()),
        (Kind::Uuid, |reader| reader.uuid().err()),
    ];
    let values = [
        Value::Null,
        true.into(),
        1_i64.into(),
        1.0.into(),
        Value::Bytes(vec![1]),
        "x".into(),
        vec![Value::Null].into(),
        Map::from([("x", Value::Null)]).into(),
        structure(1, vec![]),
        Value::Uuid([1; 16]),
    ];
    for (expected, read) in reads {
        for value in &values {
            let bytes = encode(value).unwrap();
            let mut reader = Reader::new(&bytes, Limits::default());
            let found = value.kind();
            let error = (found != expected).then_some(DecodeError::Unexpected { expected, found, at: 0 });
            assert_eq!(read(&mut reader), error);
        }
    }
}

#[test]
fn reserved_markers_are_errors_wherever_they_are() {
    for (bytes, at) in [(&[0xC7_u8] as &[u8], 0), (&[0x92, 0x01, 0xDF], 2), (b"\xA1\x81a\xEF", 3)] {
        let error = DecodeError::Reserved { marker: bytes[at], at };
        assert_eq!(refusal(bytes), error);
        assert_eq!(Reader::new(bytes, Limits::default()).skip(), Err(error));
    }
}

#[test]
fn keys_are_texts_and_come_once() {
    assert!(matches!(
        refusal(b"\xA1\x01\x01"),
        DecodeError::Unexpected { expected: Kind::String, at: 1, .. }
    ));
    assert!(Reader::new(b"\xA1\x01\x01", Limits::default()).skip().is_err());
    assert_eq!(refusal(b"\x91\xA2\x81a\x01\x81a\x02"), DecodeError::DuplicateKey { at: 1 });
    // Many keys are compared in another way.
    let mut bytes = vec![0xD8, 100];
    for i in 0..99 {
        bytes.extend([0x82, b'0' + i / 10, b'0' + i % 10, 0xC0]);
    }
    let unique = [&bytes as &[u8], b"\x8299\xC0"].concat();
    assert_eq!(decode(&unique, Limits::default()).unwrap().as_map().unwrap().len(), 100);
    let repeated = [&bytes as &[u8], b"\x8242\xC0"].concat();
    assert_eq!(refusal(&repeated), DecodeError::DuplicateKey { at: 0 });
}

#[test]
fn texts_are_utf_8() {
    let bytes = b"\x92\x01\x83a\xFFb";
    assert!(matches!(refusal(bytes), DecodeError::Utf8 { at: 3, source } if source.valid_up_to() == 1));
    assert_eq!(Reader::new(bytes, Limits::default()).skip(), Ok(bytes as &[u8]));
    assert!(matches!(refusal(b"\xA1\x82\xC0\x80\xC0"), DecodeError::Utf8 { at: 2, .. }));
}

#[test]
fn lengths_that_are_not_there_are_refused_before_they_are_believed() {
    // Any of these would take gigabytes if it were believed.
    for marker in [0xCE, 0xD2, 0xD6, 0xDA] {
        for length in [[0xFF_u8; 4], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0xFF, 0, 0]] {
            let bytes = [&[marker], &length as &[u8], &[0xC0; 100]].concat();
            assert!(matches!(
                refusal(&bytes),
                DecodeError::Truncated { .. } | DecodeError::TooManyElements { .. }
            ));
        }
    }
    // A map entry takes two bytes at least.
    assert_eq!(refusal(b"\xA2\x80\xC0\x80"), DecodeError::Truncated { at: 0 });
}

#[test]
fn bytes_behind_the_value_are_an_error() {
    assert_eq!(refusal(&[0x91, 0x01, 0x02]), DecodeError::Trailing { at: 2 });
}

#[test]
fn a_long_input_is_refused_whole() {
    let limits = Limits { bytes: 3, ..Limits::default() };
    assert_eq!(decode(b"\x82ab", limits), Ok("ab".into()));
    assert_eq!(decode(b"\x83abc", limits), Err(DecodeError::TooLong { length: 4 }));
    assert_eq!(Reader::new(b"\x01\x01\x01\x01", limits).integer(), Err(DecodeError::TooLong { length: 4 }));
}

#[test]
fn elements_are_counted_over_the_whole_input() {
    let limits = Limits { elements: 4, ..Limits::default() };
    let bytes =
        encode(&vec![Map::from([("a", 1_i64)]).into(), structure(1, vec![Value::Null])].into()).unwrap();
    assert_eq!(decode(&bytes, limits).unwrap().as_list().unwrap().len(), 2);
    let less = Limits { elements: 3, ..limits };
    assert_eq!(decode(&bytes, less), Err(DecodeError::TooManyElements { at: 5 }));
    let mut reader = Reader::new(&bytes, less);
    assert_eq!((reader.list(), reader.map()), (Ok(2), Ok(1)));
    assert_eq!(reader.string(), Ok("a"));
    assert_eq!(reader.integer(), Ok(1));
    assert_eq!(reader.skip(), Err(DecodeError::TooManyElements { at: 5 }));
}

#[test]
fn nesting_ends_at_the_limit() {
    let map_in_structure = |inner: Value| structure(1, vec![Map::from([("a", inner)]).into()]);
    for (value, depth) in [(nested(3), 3), (map_in_structure(nested(1)), 3), (map_in_structure(1.into()), 2)]
    {
        let bytes = encode(&value).unwrap();
        let limits = Limits { depth, ..Limits::default() };
        assert_eq!(decode(&bytes, limits), Ok(value));
        assert!(Reader::new(&bytes, limits).skip().is_ok());
        let less = Limits { depth: depth - 1, ..limits };
        assert!(matches!(decode(&bytes, less), Err(DecodeError::TooDeep { .. })));
        assert!(matches!(Reader::new(&bytes, less).skip(), Err(DecodeError::TooDeep { .. })));
    }
    let limits = Limits { depth: 0, ..Limits::default() };
    assert_eq!(Reader::new(&[0xA0], limits).entries(), Err(DecodeError::TooDeep { at: 0 }));
}

#[test]
fn the_default_depth_fits_on_half_a_small_stack() {
    let within = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        let depth = Limits::default().depth;
        for (open, close) in [(&[0x91_u8] as &[u8], 0x90), (b"\xA1\x80", 0xA0), (b"\xB1\x01", 0xC0)] {
            let extra = usize::from(close != 0xC0);
            let bytes = [open.repeat(depth - extra), vec![close]].concat();
            let value = decode(&bytes, Limits::default()).unwrap();
            assert_eq!(encode(&value.clone()), Ok(bytes.clone()));
            assert_eq!(Reader::new(&bytes, Limits::default()).skip(), Ok(bytes.as_slice()));
            assert!(value == value.clone() && !format!("{value:?}").is_empty());
            let deeper = [open, &bytes].concat();
            assert!(matches!(refusal(&deeper), DecodeError::TooDeep { .. }));
            // Far too deep: what a hostile client would send.
            let hostile = open.repeat(1_000_000);
            assert!(matches!(refusal(&hostile), DecodeError::TooDeep { .. }));
        }
        assert!(encode(&nested(2048)).is_ok());
        assert_eq!(encode(&nested(2049)), Err(EncodeError::TooDeep));
    });
    within.unwrap().join().unwrap();
}

#[test]
fn what_has_no_encoding_is_refused() {
    let fields = vec![Value::Null; 16];
    assert_eq!(encode(&structure(1, fields)), Err(EncodeError::TooManyFields { fields: 16 }));
    assert_eq!(
        encode(&structure(1, vec![Value::Null; 300])),
        Err(EncodeError::TooManyFields { fields: 300 })
    );
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    assert_eq!(writer.structure(1, 16), Err(EncodeError::TooManyFields { fields: 16 }));
    assert_eq!(writer.list(1 << 31), Err(EncodeError::TooLong { kind: Kind::List, length: 1 << 31 }));
    assert_eq!(writer.map(1 << 31), Err(EncodeError::TooLong { kind: Kind::Map, length: 1 << 31 }));
    assert_eq!(out, []);
    Writer::new(&mut out).list((1 << 31) - 1).unwrap();
    assert_eq!(out, [0xD6, 0x7F, 0xFF, 0xFF, 0xFF]);
}
