//! Where an image comes from.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use url::Url;

use super::{ImageError, Policy};

#[cfg(test)]
mod tests;

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
    /// Reads what a user names as an image: an http(s) URL, a `data:` URL in base64, a `file:` URL or a path.
    /// A relative path counts from `policy.directory`. Nothing is opened or resolved.
    ///
    /// # Errors
    /// If it is none of these, or of a kind that `policy` does not allow.
    pub fn parse(text: &str, policy: &Policy) -> Result<Source, ImageError> {
        let text = text.trim();
        match scheme(text).as_deref() {
            // First: the URL parser would copy megabytes.
            Some("data") => decode_data_url(text, policy.max_bytes).map(Source::Data),
            Some("file") => {
                let url = Url::parse(text).map_err(|_| ImageError::Unrecognised)?;
                let path = url.to_file_path().map_err(|()| ImageError::Unrecognised)?;
                below_directory(path, policy)
            }
            Some(_) => {
                let url = Url::parse(text).map_err(|_| ImageError::Unrecognised)?;
                policy.admit(&url)?;
                Ok(Source::Http(url))
            }
            None if text.is_empty() => Err(ImageError::Unrecognised),
            None => below_directory(PathBuf::from(text), policy),
        }
    }
}

/// The scheme of a URL in lower case; `None` for a path, even one with a colon in a file name.
fn scheme(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let scheme = scheme.to_ascii_lowercase();
    let is_url = rest.starts_with("//") || matches!(scheme.as_str(), "data" | "file" | "http" | "https");
    (is_scheme && is_url).then_some(scheme)
}

fn below_directory(path: PathBuf, policy: &Policy) -> Result<Source, ImageError> {
    let directory = policy.directory.as_ref().ok_or(ImageError::NoDirectory)?;
    Ok(Source::File(directory.join(path)))
}

/// The bytes of `data:[type];base64,...` (RFC 2397). The stated type is not believed, so not read.
fn decode_data_url(text: &str, max_bytes: u64) -> Result<Bytes, ImageError> {
    let (header, body) = text.split_once(',').ok_or(ImageError::DataUrl)?;
    let (_, encoding) = header.rsplit_once(';').ok_or(ImageError::DataUrl)?;
    if !encoding.trim().eq_ignore_ascii_case("base64") {
        return Err(ImageError::DataUrl);
    }
    let body = unescape(body);
    let length = u64::try_from(base64::decoded_len_estimate(body.len())).unwrap_or(u64::MAX);
    // The estimate is up to two bytes too high; the exact length is checked below.
    if length > max_bytes.saturating_add(2) {
        return Err(ImageError::TooLarge { limit: max_bytes });
    }
    let bytes = STANDARD.decode(&*body).map_err(|_| ImageError::DataUrl)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(ImageError::TooLarge { limit: max_bytes });
    }
    Ok(bytes.into())
}

/// Base64 in a URL may have `+`, `/` and `=` percent-encoded.
fn unescape(body: &str) -> std::borrow::Cow<'_, str> {
    if !body.contains('%') {
        return body.into();
    }
    [("%2B", "+"), ("%2b", "+"), ("%2F", "/"), ("%2f", "/"), ("%3D", "="), ("%3d", "=")]
        .iter()
        .fold(body.to_owned(), |body, (escaped, plain)| body.replace(escaped, plain))
        .into()
}
