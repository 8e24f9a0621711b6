use proptest::collection::vec;
use proptest::prelude::*;

use super::Frame::{Data, End, Noop};
use super::*;

/// All frames of `input`, and what is left of it.
fn scan<'a>(scanner: &mut Scanner, mut input: &'a [u8]) -> (Vec<Frame<'a>>, &'a [u8]) {
    let frames = std::iter::from_fn(|| scanner.next(&mut input)).collect();
    (frames, input)
}

#[test]
fn messages_and_noops_are_told_apart() {
    let input = b"\0\0\0\x02ab\0\x01c\0\0\0\0\0\x01d\0\0";
    let mut scanner = Scanner::new();
    assert!(!scanner.in_message());
    let (frames, rest) = scan(&mut scanner, input);
    assert_eq!(
        frames,
        [
            Noop,
            Data { raw: b"\0\x02ab", payload: b"ab" },
            Data { raw: b"\0\x01c", payload: b"c" },
            End,
            Noop,
            Data { raw: b"\0\x01d", payload: b"d" },
            End,
        ]
    );
    assert_eq!((rest, scanner), (b"" as &[u8], Scanner::new()));
}

#[test]
fn half_a_header_is_waited_for_and_half_a_chunk_is_not() {
    let mut scanner = Scanner::new();
    assert_eq!(scan(&mut scanner, b"\0"), (vec![], b"\0" as &[u8]));
    assert!(!scanner.in_message());
    assert_eq!(scan(&mut scanner, b"\0\x03"), (vec![Data { raw: b"\0\x03", payload: b"" }], b"" as &[u8]));
    assert!(scanner.in_message());
    assert_eq!(scan(&mut scanner, b"a"), (vec![Data { raw: b"a", payload: b"a" }], b"" as &[u8]));
    assert_eq!(scan(&mut scanner, b""), (vec![], b"" as &[u8]));
    assert_eq!(scan(&mut scanner, b"bc\0"), (vec![Data { raw: b"bc", payload: b"bc" }], b"\0" as &[u8]));
    assert!(scanner.in_message(), "between two chunks");
    assert_eq!(scan(&mut scanner, b"\0\0\0"), (vec![End], b"\0" as &[u8]));
    assert!(!scanner.in_message());
}

#[test]
fn chunks_of_a_byte_are_read() {
    let input: Vec<u8> = b"message".iter().flat_map(|byte| [0, 1, *byte]).chain([0, 0]).collect();
    let (frames, _) = scan(&mut Scanner::new(), &input);
    assert_eq!(frames.len(), 8);
    assert_eq!(payload_of(&frames), b"message");
}

fn payload_of(frames: &[Frame<'_>]) -> Vec<u8> {
    let part = |frame: &Frame<'_>| if let Data { payload, .. } = frame { payload.to_vec() } else { vec![] };
    frames.iter().flat_map(part).collect()
}

#[test]
fn a_message_is_written_in_the_longest_chunks() {
    for (length, headers) in [
        (1, &[1_u16] as &[u16]),
        (65_535, &[65_535]),
        (65_536, &[65_535, 1]),
        (131_070, &[65_535, 65_535]),
        (131_071, &[65_535, 65_535, 1]),
    ] {
        let payload: Vec<u8> = (0..length).map(|i: usize| i.to_le_bytes()[0]).collect();
        let mut out = b"before".to_vec();
        write_message(&mut out, &payload);
        let (frames, rest) = scan(&mut Scanner::new(), &out[6..]);
        assert_eq!((payload_of(&frames), rest), (payload, b"" as &[u8]));
        assert_eq!(frames.last(), Some(&End));
        let lengths = frames.iter().filter_map(|frame| match frame {
            Data { raw: [high, low, ..], .. } => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        });
        assert_eq!(lengths.collect::<Vec<_>>(), headers);
    }
    let mut out = Vec::new();
    write_message(&mut out, &[0xB0, 0x0F]);
    assert_eq!(out, [0, 2, 0xB0, 0x0F, 0, 0]);
}

/// What came of a stream: the bytes of each message, or nothing for a NOOP.
type Heard = Vec<Option<Vec<u8>>>;

proptest! {
    /// A stream means the same however it is cut, and its raw bytes come out as they went in.
    #[test]
    fn cuts_do_not_matter(
        messages in vec(prop::option::of((vec(1..400_usize, 1..5), any::<u8>())), 0..6),
        cuts in vec(1..200_usize, 1..40),
    ) {
        let (mut stream, mut said) = (Vec::new(), Heard::new());
        for message in messages {
            said.push(message.map(|(chunks, byte)| {
                for length in &chunks {
                    stream.extend(u16::try_from(*length).unwrap().to_be_bytes());
                    stream.extend(vec![byte; *length]);
                }
                vec![byte; chunks.iter().sum()]
            }));
            stream.extend([0, 0]);
        }

        let (mut scanner, mut heard, mut message, mut raw_bytes) =
            (Scanner::new(), Heard::new(), Vec::new(), Vec::new());
        let (mut held, mut rest, mut cuts) = (Vec::new(), stream.as_slice(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            rest = behind;
            held.extend_from_slice(part);
            let mut input = held.as_slice();
            while let Some(frame) = scanner.next(&mut input) {
                match frame {
                    Noop => heard.push(None),
                    End => heard.push(Some(std::mem::take(&mut message))),
                    Data { raw, payload } => {
                        prop_assert!(raw.ends_with(payload) && raw.len() - payload.len() <= 2);
                        prop_assert!(!raw.is_empty());
                        message.extend_from_slice(payload);
                        raw_bytes.extend_from_slice(raw);
                        continue;
                    }
                }
                raw_bytes.extend([0, 0]);
            }
            prop_assert!(input.len() <= 1);
            held = input.to_vec();
        }
        prop_assert_eq!(heard, said);
        prop_assert_eq!(raw_bytes, stream);
        prop_assert!(!scanner.in_message());
    }
}
