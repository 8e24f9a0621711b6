//! Values and bytes that nobody thought of.

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

use super::structure;
use crate::{Limits, Reader, Value, decode, encode};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-200_i64..200).prop_map(Value::from),
        any::<f64>().prop_filter("NaN is not equal to itself", |f| !f.is_nan()).prop_map(Value::from),
        vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        any::<String>().prop_map(Value::from),
        any::<[u8; 16]>().prop_map(Value::Uuid),
    ];
    leaf.prop_recursive(6, 200, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::from),
            hash_map(".{0,20}", inner.clone(), 0..20)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
            (any::<u8>(), vec(inner, 0..=15)).prop_map(|(tag, fields)| structure(tag, fields)),
        ]
    })
}

/// Bytes in which markers of every kind, and small lengths, are likely.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => any::<u8>(),
        2 => 0x80..=0xB4_u8,
        1 => 0xC0..=0xE0_u8,
        3 => 0..=4_u8,
    ];
    vec(byte, 0..64)
}

proptest! {
    #[test]
    fn a_value_comes_back_from_its_bytes(value in any_value()) {
        let bytes = encode(&value).unwrap();
        prop_assert_eq!(decode(&bytes, Limits::default()).unwrap(), value);
        prop_assert_eq!(Reader::new(&bytes, Limits::default()).skip().unwrap(), &bytes);
    }

    #[test]
    fn a_part_of_a_value_is_an_error(value in any_value(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&value).unwrap();
        let part = &bytes[..cut.index(bytes.len())];
        prop_assert!(decode(part, Limits::default()).is_err());
        prop_assert!(Reader::new(part, Limits::default()).skip().is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop_oneof![likely_bytes(), vec(any::<u8>(), 0..64)]) {
        let skipped = Reader::new(&bytes, Limits::default()).skip().map(<[u8]>::len);
        let mut reader = Reader::new(&bytes, Limits::default());
        if let Ok(value) = reader.value() {
            prop_assert_eq!(skipped, Ok(reader.position()), "skip goes as far as value");
            let shortest = encode(&value).unwrap();
            prop_assert!(shortest.len() <= reader.position());
            let again = decode(&shortest, Limits::default()).unwrap();
            // Compared as bytes, since a NaN is not equal to itself.
            prop_assert_eq!(encode(&again).unwrap(), shortest);
        }
    }
}
