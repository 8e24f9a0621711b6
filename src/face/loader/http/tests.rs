//! Hostile URLs and servers. Each has an exact refusal, and none reaches what it is after.

mod network;
mod real;
mod redirects;
mod servers;
mod urls;

use crate::face::{FetchFailure, ImageError};

/// How an image is to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// Not fetched, for this reason, in the words of all such reasons.
    Fetch(FetchFailure),
    Scheme,
    UserInfo,
    Unrecognised,
    NoDirectory,
    TooLarge,
}

use Refusal::{NoDirectory, Scheme, TooLarge, Unrecognised, UserInfo};

const REFUSED: Refusal = Refusal::Fetch(FetchFailure::Refused);
const UNRESOLVED: Refusal = Refusal::Fetch(FetchFailure::Resolve);

impl Refusal {
    fn of<T: std::fmt::Debug>(result: Result<T, ImageError>) -> Refusal {
        match result {
            Err(ImageError::Fetch(failure)) => Refusal::Fetch(failure),
            Err(ImageError::Scheme) => Scheme,
            Err(ImageError::UserInfo) => UserInfo,
            Err(ImageError::Unrecognised) => Unrecognised,
            Err(ImageError::NoDirectory) => NoDirectory,
            Err(ImageError::TooLarge { .. }) => TooLarge,
            other => panic!("{other:?}"),
        }
    }
}

/// Whatever keeps us from an image, who asked learns one thing only.
#[test]
fn refused_unreachable_and_not_found_are_told_in_the_same_words() {
    use FetchFailure::{Body, Connect, Refused, Resolve, Status, Timeout};
    let texts = [Refused, Resolve, Connect, Timeout, Status, Body]
        .map(|failure| ImageError::Fetch(failure).to_string());
    let [first, rest @ ..] = &texts;
    assert!(rest.iter().all(|text| text == first), "{texts:?}");
}
