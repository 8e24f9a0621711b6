//! What must hold for any first bytes. Shared with the test that replays the corpus.

use bolt::Version;
use bolt::handshake::{
    Agreed, Manifest, Proposals, Range, Slot, encode_manifest_choice, parse_answer, parse_choice,
};

/// Reads `bytes` as all that a handshake consists of.
pub(crate) fn check(bytes: &[u8]) {
    if let Some(head) = bytes.first_chunk() {
        let _ = parse_answer(*head);
    }
    if let Some(offer) = bytes.first_chunk() {
        proposals(offer);
    }
    manifest(bytes);
    choice(bytes);
}

fn versions(range: Range) -> impl Iterator<Item = Version> {
    (0..=u8::MAX)
        .map(move |minor| Version::new(range.major, minor))
        .filter(move |&version| range.contains(version))
}

fn proposals(offer: &[u8; 20]) {
    let Ok(proposals) = Proposals::parse(offer) else { return };
    let cut = proposals.cut();
    for slot in cut.0 {
        match slot {
            Slot::Range(range) => assert!(versions(range).all(Version::is_known)),
            Slot::Manifest(version) => assert_eq!(version, 1),
            Slot::Empty => (),
        }
    }
    assert_eq!(cut.agree(), proposals.agree());
    assert_eq!(Proposals::parse(&cut.encode()), Ok(cut));
    if let Some(Agreed::Version(version)) = cut.agree() {
        assert!(version.is_known());
    }
}

fn manifest(bytes: &[u8]) {
    let Ok(Some((manifest, length))) = Manifest::parse(bytes) else { return };
    assert_eq!(Manifest::parse(&bytes[..length]), Ok(Some((manifest.clone(), length))));
    for cut in 0..length {
        assert_eq!(Manifest::parse(&bytes[..cut]), Ok(None));
    }
    let encoded = manifest.encode();
    assert_eq!(Manifest::parse(&encoded[4..]), Ok(Some((manifest.clone(), encoded.len() - 4))));
    let common = manifest.intersect(&Manifest::ours());
    assert!(common.ranges.iter().flat_map(|range| versions(*range)).all(Version::is_known));
    for &version in Version::KNOWN {
        assert_eq!(common.contains(version), manifest.contains(version));
    }
}

fn choice(bytes: &[u8]) {
    let Ok(Some((version, length))) = parse_choice(bytes) else { return };
    for cut in 0..length {
        assert_eq!(parse_choice(&bytes[..cut]), Ok(None));
    }
    let encoded = encode_manifest_choice(version);
    assert_eq!(parse_choice(&encoded), Ok(Some((version, encoded.len()))));
}
