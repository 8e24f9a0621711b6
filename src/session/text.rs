//! The query text of a RUN that is still arriving, and the statement number of a PULL.

use bolt::message::Pull;
use packstream::Limits;

use super::SessionError;
use super::qids::Qids;

/// What is known of a RUN's query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Query<'p> {
    /// More bytes are needed.
    Incomplete,
    /// The text, which may not be UTF-8.
    Text(&'p [u8]),
    /// It is no string: the backend knows what to do.
    Unreadable,
}

/// The query at the head of a RUN of which only the beginning may be there.
pub(crate) fn query(run: &[u8]) -> Query<'_> {
    let Some((&marker, rest)) = run.get(2..).and_then(<[u8]>::split_first) else { return Query::Incomplete };
    let width = match marker {
        0x80..=0x8F => 0,
        0xD0 => 1,
        0xD1 => 2,
        0xD2 => 4,
        _ => return Query::Unreadable,
    };
    let Some((size, rest)) = rest.split_at_checked(width) else { return Query::Incomplete };
    let length = match width {
        0 => usize::from(marker & 0x0F),
        _ => size.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
    };
    rest.get(..length).map_or(Query::Incomplete, Query::Text)
}

/// A PULL or DISCARD with the server's statement number in place of the client's, and that number. What we
/// cannot read is the backend's to refuse.
pub(crate) fn renumber(payload: &[u8], qids: &Qids) -> Result<(Vec<u8>, Option<i64>), SessionError> {
    let Ok(mut pull) = Pull::parse(payload, Limits::default()) else { return Ok((payload.to_vec(), None)) };
    pull.qid = pull.qid.map(|qid| qids.to_server(qid));
    Ok((pull.encode()?, pull.qid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::Map;

    fn run(text: &str) -> Vec<u8> {
        bolt::message::run(text, &Map::new(), &Map::new()).unwrap()
    }

    #[test]
    fn a_text_is_found_as_soon_as_it_is_complete() {
        for length in [0, 1, 15, 16, 255, 256, 65_535, 65_536] {
            let text = "x".repeat(length);
            let message = run(&text);
            assert_eq!(query(&message), Query::Text(text.as_bytes()));
            // Behind the text stand two empty maps.
            let complete = message.len() - 2;
            assert_eq!(query(&message[..complete]), Query::Text(text.as_bytes()));
            for cut in (0..complete.min(12)).chain(complete.saturating_sub(3)..complete) {
                assert_eq!(query(&message[..cut]), Query::Incomplete, "{length} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_string_is_unreadable() {
        assert_eq!(query(&[0xB3, 0x10, 0xC0]), Query::Unreadable);
        assert_eq!(query(&[0xB3, 0x10, 0xD3]), Query::Unreadable);
    }

    #[test]
    fn only_a_given_number_is_changed() {
        let mut qids = Qids::default();
        qids.add(0);
        let pull =
            |qid: Option<i64>| Pull { tag: 0x3F, n: 10, qid, other: Map::from([("x", 1)]) }.encode().unwrap();
        for (given, sent) in [(Some(0), Some(1)), (Some(4), Some(5)), (Some(-1), Some(-1)), (None, None)] {
            assert_eq!(renumber(&pull(given), &qids).unwrap(), (pull(sent), sent));
        }
        assert_eq!(renumber(&[0xB1, 0x3F, 0x01], &qids).unwrap(), (vec![0xB1, 0x3F, 0x01], None));
    }
}
