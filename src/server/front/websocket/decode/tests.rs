use proptest::prelude::*;

use super::*;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=0xFFFF => {
            bytes.push(0xFE);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0xFF);
            bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Everything that comes out of pieces of these lengths, and the rest.
fn decode(bytes: &[u8], lengths: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>, Option<End>) {
    let mut decoder = Decoder::default();
    let (mut data, mut pings) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    for &length in lengths.iter().chain([&usize::MAX]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        let mut piece = piece.to_vec();
        let decoded = decoder.decode(&mut piece);
        data.extend_from_slice(&piece[..decoded.payload]);
        pings.extend(decoded.ping);
        if decoded.end.is_some() {
            return (data, pings, decoded.end);
        }
    }
    (data, pings, None)
}

#[test]
fn violations_have_neo4js_codes() {
    let text = frame(0x81, b"text");
    let unmasked = [0x82, 0x02, 1, 2].to_vec();
    let long = [&[0x82, 0xFF][..], &65_537_u64.to_be_bytes(), &MASK].concat();
    let endless = [&[0x82, 0xFF][..], &u64::MAX.to_be_bytes(), &MASK].concat();
    let long_ping = [&[0x89, 0xFE, 0, 126][..], &MASK].concat();
    let inside = [frame(0x02, b"a"), frame(0x82, b"b")].concat();
    for (bytes, expected) in [
        (text, NOT_BINARY),
        (unmasked, PROTOCOL),
        (long, TOO_LONG),
        (endless, TOO_LONG),
        (long_ping, PROTOCOL),
        (inside, PROTOCOL),
        (frame(0x80, b"continuation of nothing"), PROTOCOL),
        (frame(0xC2, b"compressed"), PROTOCOL),
        (frame(0xA2, b"rsv2"), PROTOCOL),
        (frame(0x92, b"rsv3"), PROTOCOL),
        (frame(0x83, b"reserved"), PROTOCOL),
        (frame(0x8B, b"reserved"), PROTOCOL),
        (frame(0x09, b"ping in pieces"), PROTOCOL),
        (frame(0x88, b"1"), PROTOCOL),
    ] {
        for lengths in [vec![], vec![1; bytes.len()]] {
            match decode(&bytes, &lengths).2 {
                Some(End::Violation { code, .. }) => assert_eq!(code, expected, "{bytes:?}"),
                other => panic!("{bytes:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn frames_of_every_length_pass() {
    for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
        let payload: Vec<u8> = (0..length).map(|byte: u32| byte.to_le_bytes()[0]).collect();
        assert_eq!(decode(&frame(0x82, &payload), &[]), (payload, vec![], None), "{length}");
    }
}

#[test]
fn a_length_may_be_wider_than_need_be() {
    let wide = [&[0x82, 0xFF][..], &2_u64.to_be_bytes(), &[0; 4], b"ab"].concat();
    assert_eq!(decode(&wide, &[]).0, b"ab");
}

#[test]
fn control_frames_come_between_the_frames_of_a_message() {
    let frames =
        [frame(0x02, b"a"), frame(0x89, b"one"), frame(0x00, b""), frame(0x8A, b"pong"), frame(0x80, b"b")]
            .concat();
    assert_eq!(decode(&frames, &[]), (b"ab".to_vec(), vec![b"one".to_vec()], None));
    assert_eq!(decode(&[frame(0x89, b"1"), frame(0x89, b"2")].concat(), &[]).1, [b"2".to_vec()]);
}

#[test]
fn nothing_behind_a_close_counts() {
    let frames = [frame(0x82, b"a"), frame(0x88, b"\x03\xE9"), frame(0x82, b"b")].concat();
    assert_eq!(decode(&frames, &[]), (b"a".to_vec(), vec![], Some(End::Close(b"\x03\xE9".to_vec()))));
    assert_eq!(decode(&frame(0x88, b""), &[]).2, Some(End::Close(Vec::new())));
}

proptest! {
    /// Whatever the borders of frames and of reads, the data is the same.
    #[test]
    fn borders_mean_nothing(
        payloads in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), any::<bool>()), 0..12),
        lengths in prop::collection::vec(1..40_usize, 0..100),
    ) {
        let mut bytes = Vec::new();
        let mut inside = false;
        let mut expected = Vec::new();
        for (payload, last) in &payloads {
            let opcode = if inside { 0x00 } else { 0x02 };
            bytes.extend(frame(if *last { 0x80 | opcode } else { opcode }, payload));
            inside = !last;
            expected.extend_from_slice(payload);
            bytes.extend(frame(0x89, b"ping"));
        }
        let (data, pings, end) = decode(&bytes, &lengths);
        prop_assert_eq!(data, expected);
        prop_assert!(pings.len() <= payloads.len());
        prop_assert_eq!(end, None);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (data, ..) = decode(&bytes, &[7, 1, 30]);
        prop_assert!(data.len() <= bytes.len());
    }
}
