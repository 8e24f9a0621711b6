//! The exact bytes of every form, on both sides of each boundary.

use super::structure;
use crate::{DecodeError, Kind, Limits, Map, Reader, Value, Writer, decode, encode};

fn table() -> Vec<(Value, Vec<u8>)> {
    let mut table = vec![
        (Value::Null, vec![0xC0]),
        (false.into(), vec![0xC2]),
        (true.into(), vec![0xC3]),
        (Value::Uuid(*b"0123456789abcdef"), b"\xE00123456789abcdef".to_vec()),
    ];
    for (float, bytes) in [
        (0.0, [0xC1, 0, 0, 0, 0, 0, 0, 0, 0]),
        (-0.0, [0xC1, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (1.1, [0xC1, 0x3F, 0xF1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A]),
        (f64::MAX, [0xC1, 0x7F, 0xEF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        (5e-324, [0xC1, 0, 0, 0, 0, 0, 0, 0, 1]),
        (f64::NEG_INFINITY, [0xC1, 0xFF, 0xF0, 0, 0, 0, 0, 0, 0]),
    ] {
        table.push((float.into(), bytes.to_vec()));
    }
    for (integer, bytes) in [
        (0_i64, &[0x00_u8] as &[u8]),
        (1, &[0x01]),
        (127, &[0x7F]),
        (128, &[0xC9, 0x00, 0x80]),
        (-1, &[0xFF]),
        (-16, &[0xF0]),
        (-17, &[0xC8, 0xEF]),
        (-128, &[0xC8, 0x80]),
        (-129, &[0xC9, 0xFF, 0x7F]),
        (32_767, &[0xC9, 0x7F, 0xFF]),
        (32_768, &[0xCA, 0x00, 0x00, 0x80, 0x00]),
        (-32_768, &[0xC9, 0x80, 0x00]),
        (-32_769, &[0xCA, 0xFF, 0xFF, 0x7F, 0xFF]),
        (2_147_483_647, &[0xCA, 0x7F, 0xFF, 0xFF, 0xFF]),
        (2_147_483_648, &[0xCB, 0, 0, 0, 0, 0x80, 0, 0, 0]),
        (-2_147_483_648, &[0xCA, 0x80, 0, 0, 0]),
        (-2_147_483_649, &[0xCB, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]),
        (i64::MAX, &[0xCB, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        (i64::MIN, &[0xCB, 0x80, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        table.push((integer.into(), bytes.to_vec()));
    }
    for (length, header) in [
        (0, &[0xCC_u8, 0] as &[u8]),
        (255, &[0xCC, 0xFF]),
        (256, &[0xCD, 0x01, 0x00]),
        (65_535, &[0xCD, 0xFF, 0xFF]),
        (65_536, &[0xCE, 0, 1, 0, 0]),
    ] {
        table.push((Value::Bytes(vec![0xA5; length]), [header, &vec![0xA5; length]].concat()));
    }
    for (length, header) in [
        (0, &[0x80_u8] as &[u8]),
        (1, &[0x81]),
        (15, &[0x8F]),
        (16, &[0xD0, 0x10]),
        (255, &[0xD0, 0xFF]),
        (256, &[0xD1, 0x01, 0x00]),
        (65_535, &[0xD1, 0xFF, 0xFF]),
        (65_536, &[0xD2, 0, 1, 0, 0]),
    ] {
        table.push(("x".repeat(length).into(), [header, &vec![b'x'; length]].concat()));
    }
    table.push(("Größe".into(), b"\x87Gr\xC3\xB6\xC3\x9Fe".to_vec()));
    for (length, header) in [
        (0, &[0x90_u8] as &[u8]),
        (15, &[0x9F]),
        (16, &[0xD4, 0x10]),
        (255, &[0xD4, 0xFF]),
        (256, &[0xD5, 0x01, 0x00]),
        (65_535, &[0xD5, 0xFF, 0xFF]),
        (65_536, &[0xD6, 0, 1, 0, 0]),
    ] {
        table.push((vec![Value::from(7_i64); length].into(), [header, &vec![7; length]].concat()));
    }
    for (length, header) in [
        (0, &[0xA0_u8] as &[u8]),
        (15, &[0xAF]),
        (16, &[0xD8, 0x10]),
        (255, &[0xD8, 0xFF]),
        (256, &[0xD9, 0x01, 0x00]),
        (65_535, &[0xD9, 0xFF, 0xFF]),
        (65_536, &[0xDA, 0, 1, 0, 0]),
    ] {
        let keys = (0..length).map(|i| format!("{i:05x}"));
        let bytes = keys.clone().flat_map(|key| [b"\x85", key.as_bytes(), b"\xC0"].concat());
        let entries = keys.map(|key| (key, Value::Null)).collect();
        table.push((Map::from_unique(entries).into(), header.iter().copied().chain(bytes).collect()));
    }
    for fields in 0..=15_u8 {
        let bytes = [vec![0xB0 | fields, 0x4E], vec![0xC3; fields.into()]].concat();
        table.push((structure(0x4E, vec![true.into(); fields.into()]), bytes));
    }
    table.push((
        Map::from([
            ("a", Value::from(vec![1.into(), Value::Null])),
            ("b", structure(0x58, vec![7203_i64.into(), 1.0.into(), 2.0.into()])),
        ])
        .into(),
        b"\xA2\x81a\x92\x01\xC0\x81b\xB3\x58\xC9\x1C\x23\xC1\x3F\xF0\0\0\0\0\0\0\xC1\x40\0\0\0\0\0\0\0"
            .to_vec(),
    ));
    table
}

#[test]
fn every_form_has_its_bytes() {
    for (value, bytes) in table() {
        let header = &bytes[..bytes.len().min(9)];
        assert_eq!(encode(&value).as_ref(), Ok(&bytes), "{header:02X?}");
        assert_eq!(decode(&bytes, Limits::default()).as_ref(), Ok(&value), "{header:02X?}");

        let mut reader = Reader::new(&bytes, Limits::default());
        assert_eq!(reader.peek(), Ok(value.kind()));
        assert_eq!(reader.position(), 0);
        assert_eq!(reader.skip(), Ok(bytes.as_slice()), "{header:02X?}");
        assert_eq!((reader.position(), reader.remaining()), (bytes.len(), &[] as &[u8]));
        assert_eq!(reader.finish(), Ok(()));
    }
}

#[test]
fn negative_zero_and_nan_keep_their_bits() {
    for bits in [0x8000_0000_0000_0000_u64, 0x7FF8_0000_0000_0001, 0xFFF0_0000_0000_0002] {
        let bytes = encode(&f64::from_bits(bits).into()).unwrap();
        let read = decode(&bytes, Limits::default()).unwrap().as_f64().unwrap();
        assert_eq!(read.to_bits(), bits);
    }
}

#[test]
fn every_truncation_is_an_error() {
    for (_, bytes) in table() {
        // Of the long ones, every cut near the ends and some in between.
        let step = if bytes.len() > 5_000 { 9_973 } else { 1 };
        let cuts = (0..bytes.len()).filter(|cut| *cut < 20 || *cut + 20 > bytes.len() || cut % step == 0);
        for cut in cuts {
            let part = &bytes[..cut];
            for error in
                [decode(part, Limits::default()).err(), Reader::new(part, Limits::default()).skip().err()]
            {
                assert!(matches!(error, Some(DecodeError::Truncated { .. })), "{cut}: {error:?}");
            }
        }
    }
}

#[test]
fn forms_longer_than_need_be_are_read() {
    for (bytes, value) in [
        (&[0xC8_u8, 0x01] as &[u8], Value::from(1_i64)),
        (&[0xC9, 0, 1], 1.into()),
        (&[0xCA, 0, 0, 0, 1], 1.into()),
        (&[0xCB, 0, 0, 0, 0, 0, 0, 0, 1], 1.into()),
        (&[0xCE, 0, 0, 0, 1, 9], Value::Bytes(vec![9])),
        (b"\xD0\x01x", "x".into()),
        (b"\xD1\0\x01x", "x".into()),
        (b"\xD2\0\0\0\x01x", "x".into()),
        (&[0xD6, 0, 0, 0, 1, 0xC0], vec![Value::Null].into()),
        (b"\xDA\0\0\0\x01\x81x\xC0", Map::from([("x", Value::Null)]).into()),
    ] {
        assert_eq!(decode(bytes, Limits::default()), Ok(value), "{bytes:02X?}");
    }
}

#[test]
fn typed_reads_take_one_value_each() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.null();
    writer.boolean(true);
    writer.integer(-300);
    writer.float(0.5);
    writer.bytes(&[1, 2]).unwrap();
    writer.string("text").unwrap();
    writer.raw(b"\x82\xFF\xFE");
    writer.list(2).unwrap();
    writer.integer(1);
    writer.value(&"two".into()).unwrap();
    writer.map(1).unwrap();
    writer.string("key").unwrap();
    writer.null();
    writer.entries(&Map::from([("a", 1_i64)])).unwrap();
    writer.structure(0x70, 1).unwrap();
    writer.uuid([7; 16]);

    let mut reader = Reader::new(&bytes, Limits::default());
    assert_eq!(reader.null(), Ok(()));
    assert_eq!(reader.boolean(), Ok(true));
    assert_eq!(reader.integer(), Ok(-300));
    assert_eq!(reader.float(), Ok(0.5));
    assert_eq!(reader.bytes(), Ok([1_u8, 2].as_slice()));
    assert_eq!(reader.string(), Ok("text"));
    assert_eq!(reader.raw_string(), Ok(b"\xFF\xFE" as &[u8]));
    assert_eq!(reader.list(), Ok(2));
    assert_eq!(reader.skip(), Ok([1_u8].as_slice()));
    assert_eq!(reader.value(), Ok("two".into()));
    assert_eq!(reader.map(), Ok(1));
    assert_eq!(reader.string(), Ok("key"));
    assert_eq!(reader.null(), Ok(()));
    assert_eq!(reader.entries(), Ok(Map::from([("a", 1_i64)])));
    assert_eq!(reader.structure(), Ok((0x70, 1)));
    assert_eq!(reader.uuid(), Ok([7; 16]));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn markers_announce_these_kinds_and_no_others() {
    let reserved = [0xC4, 0xC5, 0xC6, 0xC7, 0xCF, 0xD3, 0xD7, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF];
    for marker in 0..=u8::MAX {
        let kind = match marker {
            0x80..=0x8F | 0xD0..=0xD2 => Some(Kind::String),
            0x90..=0x9F | 0xD4..=0xD6 => Some(Kind::List),
            0xA0..=0xAF | 0xD8..=0xDA => Some(Kind::Map),
            0xB0..=0xBF => Some(Kind::Structure),
            0xC0 => Some(Kind::Null),
            0xC1 => Some(Kind::Float),
            0xC2 | 0xC3 => Some(Kind::Boolean),
            0xCC..=0xCE => Some(Kind::Bytes),
            0xE0 => Some(Kind::Uuid),
            0xE1..=0xEF => None,
            _ if reserved.contains(&marker) => None,
            _ => Some(Kind::Integer),
        };
        let expected = kind.ok_or(DecodeError::Reserved { marker, at: 0 });
        assert_eq!(Reader::new(&[marker], Limits::default()).peek(), expected, "{marker:02X}");
    }
}

#[test]
fn a_map_keeps_its_order() {
    let mut map = Map::from([("b", 1_i64), ("a", 2), ("c", 3)]);
    assert_eq!(map.insert("a", 20_i64), Some(2.into()));
    assert_eq!(map.insert("d", "new"), None);
    assert_eq!(map.remove("b"), Some(1.into()));
    assert_eq!(map.remove("b"), None);
    assert_eq!(map.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "c", "d"]);
    assert_eq!((map.get("a"), map.get("b"), map.len()), (Some(&20.into()), None, 3));
    let again: Map = map.clone().into_iter().chain([("a".to_owned(), Value::Null)]).collect();
    assert_eq!(encode(&again.into()).unwrap(), b"\xA3\x81a\xC0\x81c\x03\x81d\x83new");
    assert!(Map::new().is_empty() && !map.is_empty());
}

#[test]
fn floats_are_read_as_far_as_they_come() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    for number in [0.5, -0.0, f64::NAN] {
        writer.float(number);
    }
    writer.integer(1);
    writer.float(2.0);
    let mut out = vec![7.0];
    let mut reader = Reader::new(&bytes, Limits::default());
    reader.floats(2, &mut out);
    assert_eq!((out.as_slice(), reader.position()), (&[7.0, 0.5, 0.0] as &[f64], 18));
    reader.floats(9, &mut out);
    assert!(out[3].is_nan() && out[2].is_sign_negative());
    assert_eq!((out.len(), reader.integer()), (4, Ok(1)));
    // One that is cut off stays for the read that says so.
    let mut cut = Reader::new(&bytes[28..bytes.len() - 1], Limits::default());
    cut.floats(1, &mut out);
    assert_eq!((out.len(), cut.position()), (4, 0));
    assert!(matches!(cut.float(), Err(DecodeError::Truncated { .. })));
}
