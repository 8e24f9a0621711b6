//! An engine with the real models, shared by the tests of one process.

// Test code: to panic is how it reports. (Clippy knows that only inside of #[test] functions.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use facebolt::face::models::{self, Catalogue, Progress};
use facebolt::face::{Engine, EngineConfig};

static ENGINE: OnceLock<Engine> = OnceLock::new();

/// The engine; fetches the models into the user's cache folder if they are not there yet.
///
/// # Panics
/// If they cannot be fetched. The message says what to do.
pub(crate) fn engine() -> &'static Engine {
    ENGINE.get_or_init(|| {
        let directory =
            models::default_directory().expect("set HOME: the models are kept in the cache folder");
        let catalogue = Catalogue::load(&directory).unwrap();
        let mut report = |progress: Progress<'_>| {
            if let Progress::Fetching(artifact, 0, _) = progress {
                eprintln!("fetching {} into {}", artifact.name, directory.display());
            }
        };
        if let Err(error) = models::fetch(&directory, &catalogue, &mut report) {
            panic!("these tests need the models in {}: {error}", directory.display());
        }
        Engine::start(&EngineConfig::default()).unwrap_or_else(|error| panic!("{error}: {error:?}"))
    })
}
