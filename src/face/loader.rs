//! Loads the bytes of an image under a policy.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::{ImageError, LoaderError, Policy, Source};

mod connect;
mod http;
#[cfg(test)]
mod tests;

use connect::System;
use http::Http;

/// Loads images. Owns the HTTP client; cheap to clone.
#[derive(Debug, Clone)]
pub struct Loader {
    policy: Arc<Policy>,
    http: Http,
}

impl Loader {
    /// A loader for `policy`.
    ///
    /// # Errors
    /// If https is allowed but this machine has no CA certificates, or if the policy's directory cannot be
    /// used.
    pub fn new(mut policy: Policy) -> Result<Loader, LoaderError> {
        policy.directory = policy.directory.map(canonical_directory).transpose()?;
        let policy = Arc::new(policy);
        Ok(Loader { http: Http::new(Arc::clone(&policy), Arc::new(System))?, policy })
    }

    /// What may be loaded.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The bytes of `source`, at most [`Policy::max_bytes`]. Dropping the future ends a request.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub async fn load(&self, source: &Source) -> Result<Bytes, ImageError> {
        match source {
            Source::Http(url) => self.http.get(url.clone()).await,
            Source::Data(bytes) => Ok(bytes.clone()),
            Source::File(path) => {
                let (path, policy) = (path.clone(), Arc::clone(&self.policy));
                tokio::task::spawn_blocking(move || read_file(&path, &policy))
                    .await
                    .map_err(|e| ImageError::File(Some(e.into())))?
            }
        }
    }
}

fn canonical_directory(path: PathBuf) -> Result<PathBuf, LoaderError> {
    let canonical = path.canonicalize().and_then(|canonical| {
        if canonical.is_dir() { Ok(canonical) } else { Err(std::io::ErrorKind::NotADirectory.into()) }
    });
    canonical.map_err(|source| LoaderError::Directory { path, source })
}

fn read_file(path: &Path, policy: &Policy) -> Result<Bytes, ImageError> {
    let directory = policy.directory.as_ref().ok_or(ImageError::NoDirectory)?;
    let failed = |error| ImageError::File(Some(error));
    // Resolves links, so that one leading out of the directory is seen as what it is.
    let path = path.canonicalize().map_err(failed)?;
    // Only regular files: to open a pipe or a device could block this thread for ever.
    if !path.starts_with(directory) || !path.is_file() {
        return Err(ImageError::File(None));
    }
    let file = std::fs::File::open(&path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let too_large = || ImageError::TooLarge { limit: policy.max_bytes };
    if length > policy.max_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| too_large())?);
    // The file may be growing.
    file.take(policy.max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > policy.max_bytes {
        return Err(too_large());
    }
    Ok(bytes.into())
}
