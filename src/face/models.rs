//! The models: what is known of them, where they lie, how they are fetched.

use std::fmt;
use std::path::{Path, PathBuf};

mod catalogue;
mod fetch;

pub use catalogue::{
    Alignment, Artifact, Catalogue, CatalogueError, Channels, Detector, Input, Package, Recogniser, Runtime,
};
pub use fetch::{FetchError, Progress, fetch};

/// Where models lie unless configured otherwise: the user's cache folder, or `None` if the user has no home.
pub fn default_directory() -> Option<PathBuf> {
    todo!()
}

/// What [`verify`] found out about one file.
#[derive(Debug)]
pub struct Status<'c> {
    /// What the catalogue says.
    pub artifact: &'c Artifact,
    /// Where it is, or would be.
    pub path: PathBuf,
    /// Whether it is there and right.
    pub state: State,
}

/// Whether a file is there and right.
#[derive(Debug)]
pub enum State {
    /// There, and its SHA-256 is right.
    Verified,
    /// Not there.
    Missing,
    /// There, but another file.
    Wrong,
    /// Not readable.
    Unreadable(std::io::Error),
}

/// Looks at every file of `catalogue` (for this platform) in `directory`, reading it whole.
pub fn verify<'c>(directory: &Path, catalogue: &'c Catalogue) -> Vec<Status<'c>> {
    todo!()
}
