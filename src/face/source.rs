//! Where an image comes from.

use std::path::PathBuf;

use bytes::Bytes;
use url::Url;

use super::{ImageError, Policy};

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// To be fetched.
    Http(Url),
    /// A `data:` URL, decoded.
    Data(Bytes),
    /// A file. Whether it lies below the policy's directory is checked when it is opened.
    File(PathBuf),
}

impl Source {
    /// Reads what a user names as an image: an http(s) URL, a `data:` URL, a `file:` URL or a path. A
    /// relative path counts from `policy.directory`. Nothing is opened or resolved.
    ///
    /// # Errors
    /// If it is none of these, or of a kind that `policy` does not allow.
    pub fn parse(text: &str, policy: &Policy) -> Result<Source, ImageError> {
        todo!()
    }
}
