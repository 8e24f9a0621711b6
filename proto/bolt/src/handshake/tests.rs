use proptest::prelude::*;

use super::*;

/// What Neo4j 5.26 and 2026 answer to a client that wants a manifest.
const NEO4J_5_26: &[u8] = b"\x00\x00\x01\xFF\x03\x00\x04\x04\x04\x00\x04\x04\x05\x00\x02\x08\x05\x00";
const NEO4J_2026: &[u8] =
    b"\x00\x00\x01\xFF\x04\x00\x04\x04\x04\x00\x04\x04\x05\x00\x02\x08\x05\x00\x01\x01\x06\x00";

/// What the Python and JavaScript drivers of 5.28 and 6.x offer.
const DRIVERS: &[u8; 20] =
    b"\x60\x60\xB0\x17\x00\x00\x01\xFF\x00\x08\x08\x05\x00\x02\x04\x04\x00\x00\x00\x03";

fn slots(slots: [[u8; 4]; 4]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..].copy_from_slice(&slots.concat());
    bytes
}

fn cut(offer: [[u8; 4]; 4]) -> [u8; 20] {
    Proposals::parse(&slots(offer)).unwrap().cut().encode()
}

fn agree(offer: [[u8; 4]; 4]) -> Option<Agreed> {
    Proposals::parse(&slots(offer)).unwrap().agree()
}

fn version(major: u8, minor: u8) -> Option<Agreed> {
    Some(Agreed::Version(Version::new(major, minor)))
}

const NONE: [u8; 4] = [0; 4];

#[test]
fn the_offer_of_a_driver_is_read_and_written() {
    let range = |major, minor, span| Slot::Range(Range { major, minor, span });
    let offer = Proposals([Slot::Manifest(1), range(5, 8, 8), range(4, 4, 2), range(3, 0, 0)]);
    assert_eq!(Proposals::parse(DRIVERS), Ok(offer));
    assert_eq!(offer.encode(), *DRIVERS);
    assert_eq!(offer.agree(), Some(Agreed::Manifest));
    let expected = slots([[0, 0, 1, 0xFF], [0, 2, 8, 5], [0, 4, 4, 5], [0, 0, 4, 4]]);
    assert_eq!(offer.cut().encode(), expected);
    for i in 0..4 {
        let mut bytes = *DRIVERS;
        bytes[i] ^= 1;
        assert_eq!(Proposals::parse(&bytes), Err(HandshakeError::Magic));
    }
}

#[test]
fn the_first_slot_that_fits_wins() {
    assert_eq!(agree([[0, 0, 4, 4], [0, 0, 8, 5], NONE, NONE]), version(4, 4));
    assert_eq!(agree([[0, 0, 0, 3], [0, 3, 5, 5], [0, 0, 4, 4], NONE]), version(5, 4));
    assert_eq!(agree([[0, 0, 2, 7], [0, 5, 5, 6], NONE, NONE]), version(6, 1));
    assert_eq!(agree([[0x77, 0, 4, 4], NONE, NONE, NONE]), version(4, 4), "the reserved byte does not count");
    assert_eq!(agree([[0, 0, 2, 0xFF], [0, 0, 4, 4], NONE, NONE]), version(4, 4), "an unknown manifest");
    assert_eq!(agree([[0, 255, 255, 4], NONE, NONE, NONE]), version(4, 4));
    assert_eq!(agree([[0, 0, 5, 5], [0, 0, 0, 3], [0, 0, 9, 5], NONE]), None);
    assert_eq!(agree([NONE; 4]), None);
    for &known in Version::KNOWN {
        assert_eq!(agree([known.encode_choice(), NONE, NONE, NONE]), Some(Agreed::Version(known)));
    }
}

#[test]
fn an_offer_is_cut_to_what_is_known() {
    for (offer, expected) in [
        // Nothing to cut.
        (
            [[0, 1, 1, 6], [0, 2, 8, 5], [0, 4, 4, 5], [0, 0, 4, 4]],
            [[0, 1, 1, 6], [0, 2, 8, 5], [0, 4, 4, 5], [0, 0, 4, 4]],
        ),
        // What is older than 4.4, newer than 6.1, or 5.5, goes; the others move up.
        ([[0, 0, 0, 3], [0, 9, 9, 6], [0, 0, 5, 5], [0, 4, 4, 4]], [[0, 1, 1, 6], [0, 0, 4, 4], NONE, NONE]),
        ([[0, 0, 9, 5], [0, 0, 1, 0], NONE, [0, 1, 9, 5]], [[0, 0, 8, 5], NONE, NONE, NONE]),
        ([[0, 0, 2, 0xFF], [0, 0, 1, 0xFF], NONE, NONE], [[0, 0, 1, 0xFF], NONE, NONE, NONE]),
        // 5.5 splits a range.
        ([[0, 8, 8, 5], NONE, NONE, NONE], [[0, 2, 8, 5], [0, 4, 4, 5], NONE, NONE]),
        ([[0, 1, 6, 5], [0, 0, 4, 4], NONE, NONE], [[0, 0, 6, 5], [0, 0, 4, 4], NONE, NONE]),
        ([[0, 2, 6, 5], [0, 0, 4, 4], NONE, NONE], [[0, 0, 6, 5], [0, 0, 4, 5], [0, 0, 4, 4], NONE]),
        // Five parts for four slots: the oldest of the range gives way, not another slot.
        (
            [[0, 0, 1, 0xFF], [0, 0, 0, 6], [0, 8, 8, 5], [0, 0, 4, 4]],
            [[0, 0, 1, 0xFF], [0, 0, 0, 6], [0, 2, 8, 5], [0, 0, 4, 4]],
        ),
        (
            [[0, 2, 6, 5], [0, 3, 7, 5], [0, 4, 8, 5], [0, 0, 4, 4]],
            [[0, 0, 6, 5], [0, 1, 7, 5], [0, 2, 8, 5], [0, 0, 4, 4]],
        ),
    ] {
        assert_eq!(cut(offer), slots(expected), "{offer:?}");
    }
}

#[test]
fn answers_of_servers() {
    assert_eq!(parse_answer([0, 0, 8, 5]), Ok(Answer::Version(Version::V5_8)));
    assert_eq!(parse_answer([0, 0, 1, 6]), Ok(Answer::Version(Version::V6_1)));
    assert_eq!(parse_answer([0, 0, 1, 0xFF]), Ok(Answer::Manifest));
    assert_eq!(parse_answer([0; 4]), Ok(Answer::None));
    assert_eq!(parse_answer([0, 0, 5, 5]), Err(HandshakeError::UnknownVersion(Version::new(5, 5))));
    assert_eq!(parse_answer([0, 0, 2, 0xFF]), Err(HandshakeError::UnknownVersion(Version::new(0xFF, 2))));
    assert_eq!(parse_answer(*b"HTTP"), Err(HandshakeError::Answer(*b"HTTP")));
}

#[test]
fn manifests_of_servers_are_read_and_written() {
    for (bytes, newest) in [(NEO4J_5_26, Version::V5_8), (NEO4J_2026, Version::V6_1)] {
        let body = &bytes[4..];
        let (manifest, length) = Manifest::parse(body).unwrap().unwrap();
        assert_eq!((length, manifest.mask), (body.len(), 0));
        assert_eq!(manifest.encode(), bytes);
        for cut in 0..body.len() {
            assert_eq!(Manifest::parse(&body[..cut]), Ok(None));
        }
        let followed = [body, b"more"].concat();
        assert_eq!(Manifest::parse(&followed), Ok(Some((manifest.clone(), length))));
        assert!(manifest.contains(Version::new(4, 0)) && !manifest.contains(Version::new(5, 5)));

        let common = manifest.intersect(&Manifest::ours());
        for major in 0..=255 {
            for minor in 0..=255 {
                let version = Version::new(major, minor);
                assert_eq!(common.contains(version), version.is_known() && version <= newest, "{version}");
            }
        }
    }
    let common = Manifest::parse(&NEO4J_2026[4..]).unwrap().unwrap().0.intersect(&Manifest::ours());
    assert_eq!(common, Manifest::ours());
    let ours = b"\x00\x00\x01\xFF\x04\x00\x00\x04\x04\x00\x04\x04\x05\x00\x02\x08\x05\x00\x01\x01\x06\x00";
    assert_eq!(Manifest::ours().encode(), ours);
}

#[test]
fn an_intersection_has_no_capabilities_and_splits_ranges() {
    let theirs = Manifest { ranges: vec![Range { major: 5, minor: 9, span: 255 }], mask: 7 };
    let common = theirs.intersect(&Manifest::ours());
    assert_eq!(common.encode(), b"\x00\x00\x01\xFF\x02\x00\x02\x08\x05\x00\x04\x04\x05\x00");
    let foreign = Manifest { ranges: vec![Range { major: 9, minor: 1, span: 1 }], mask: 0 };
    assert_eq!(foreign.intersect(&Manifest::ours()).ranges, []);
    let whole = Manifest { ranges: vec![Range { major: 4, minor: 255, span: 255 }; 2], mask: 0 };
    assert_eq!(whole.intersect(&whole), whole);
}

#[test]
fn manifests_are_bounded() {
    assert_eq!(Manifest::parse(&[65]), Err(HandshakeError::TooManyRanges(65)));
    assert_eq!(Manifest::parse(&[64]), Ok(None));
    assert_eq!(Manifest::parse(&[0xFF, 0xFF, 0xFF, 0x7F]), Err(HandshakeError::TooManyRanges((1 << 28) - 1)));
    assert_eq!(Manifest::parse(&[0xFF; 10]), Err(HandshakeError::Varint));
    assert_eq!(Manifest::parse(&[0xFF; 9]), Ok(None));
    let masked = [0, 0x85, 0x01];
    assert_eq!(Manifest::parse(&masked), Ok(Some((Manifest { ranges: vec![], mask: 0x85 }, 3))));
    let all = [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
    assert_eq!(Manifest::parse(&all), Ok(Some((Manifest { ranges: vec![], mask: u64::MAX }, 11))));
    assert_eq!(Manifest { ranges: vec![], mask: u64::MAX }.encode()[4..], all);
    let [bits @ .., _] = all;
    assert_eq!(Manifest::parse(&[&bits as &[u8], &[0x02]].concat()), Err(HandshakeError::Varint));
}

#[test]
fn choices_of_clients() {
    let choice = encode_manifest_choice(Version::V5_8);
    assert_eq!(choice, [0, 0, 8, 5, 0]);
    assert_eq!(parse_choice(&choice), Ok(Some((Version::V5_8, 5))));
    // A padded zero, and messages right behind it.
    assert_eq!(parse_choice(b"\0\0\x01\x06\x80\x80\x80\x80\0\0\x02"), Ok(Some((Version::V6_1, 9))));
    for cut in 0..5 {
        assert_eq!(parse_choice(&choice[..cut]), Ok(None));
    }
    assert_eq!(parse_choice(b"\0\0\x01\x06\x80"), Ok(None));
    for bad in [[0, 0, 0, 0], [0, 2, 8, 5], [1, 0, 8, 5]] {
        assert_eq!(parse_choice(&bad), Err(HandshakeError::Choice(bad)));
    }
    assert_eq!(parse_choice(&[0, 0, 8, 5, 1]), Err(HandshakeError::Capability));
    assert_eq!(parse_choice(&[0, 0, 8, 5, 0x80, 1]), Err(HandshakeError::Capability));
    assert_eq!(parse_choice(&[[0, 0, 8, 5].as_slice(), &[0x80; 10]].concat()), Err(HandshakeError::Varint));
}

/// The versions that a server could choose from `proposals`.
fn offered(proposals: &Proposals) -> Vec<Version> {
    let versions = |slot: &Slot| match *slot {
        Slot::Range(range) => range.versions().collect(),
        _ => Vec::new(),
    };
    proposals.0.iter().flat_map(versions).collect()
}

fn any_slot() -> impl Strategy<Value = [u8; 4]> {
    prop_oneof![
        (0..=10_u8, 0..=10_u8, 3..=7_u8).prop_map(|(span, minor, major)| [0, span, minor, major]),
        any::<[u8; 4]>(),
        Just([0, 0, 1, 0xFF]),
        Just(NONE),
    ]
}

proptest! {
    #[test]
    fn a_cut_offer_holds_known_versions_only_and_agrees_as_before(offer in prop::array::uniform4(any_slot())) {
        let proposals = Proposals::parse(&slots(offer)).unwrap();
        let cut = proposals.cut();
        let all = offered(&proposals);
        prop_assert!(offered(&cut).iter().all(|version| version.is_known() && all.contains(version)));
        prop_assert_eq!(cut.agree(), proposals.agree());
        prop_assert_eq!(cut.cut(), cut);
        prop_assert_eq!(Proposals::parse(&cut.encode()), Ok(cut));
        let newest = |versions: Vec<Version>| versions.into_iter().filter(|v| v.is_known()).max();
        prop_assert_eq!(newest(offered(&cut)), newest(all));
    }

    #[test]
    fn any_bytes_are_a_manifest_or_not(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Some((manifest, length))) = Manifest::parse(&bytes) {
            prop_assert!(length <= bytes.len());
            let again = Manifest::parse(&manifest.encode()[4..]);
            prop_assert_eq!(again.unwrap().unwrap().0, manifest.clone());
            let common = manifest.intersect(&Manifest::ours());
            prop_assert!(Version::KNOWN.iter().all(|&v| common.contains(v) == manifest.contains(v)));
        }
        if let Ok(Some((_, length))) = parse_choice(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }
}
