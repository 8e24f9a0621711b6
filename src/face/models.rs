//! The models: what is known of them, where they lie, how they are fetched.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

mod catalogue;
mod fetch;

pub use catalogue::{
    Alignment, Artifact, Catalogue, CatalogueError, Channels, Detector, Input, Layout, Package, Recogniser,
    Runtime, Template,
};
pub use fetch::{FetchError, Progress, fetch};

/// Where models lie unless configured otherwise: the user's cache folder; `None` if the user has no home.
pub fn default_directory() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "facebolt")?;
    Some(folders.cache_dir().join("models"))
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
    Unreadable(io::Error),
}

/// Looks at every file of `catalogue` (for this platform) in `directory`, reading each whole.
pub fn verify<'c>(directory: &Path, catalogue: &'c Catalogue) -> Vec<Status<'c>> {
    let status = |artifact: &'c Artifact| {
        let path = directory.join(&artifact.name);
        Status { artifact, state: state(&path, artifact), path }
    };
    catalogue.artifacts().map(status).collect()
}

pub(super) fn state(path: &Path, artifact: &Artifact) -> State {
    match File::open(path).and_then(sha256) {
        Ok(sum) if sum == artifact.sha256 => State::Verified,
        Ok(_) => State::Wrong,
        Err(error) if error.kind() == io::ErrorKind::NotFound => State::Missing,
        Err(error) => State::Unreadable(error),
    }
}

/// The SHA-256 of everything that `reader` yields, as hexadecimal digits in lower case.
pub(super) fn sha256(mut reader: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(length) => hash.update(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
