//! The images that a command line names.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::face::{ImageError, Loader, Source};

/// What files of images are called in a folder. Which format one has is told by its first bytes.
const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// One image that is to be embedded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Image {
    Stdin,
    File(PathBuf, String),
    Url(String),
    /// A folder that cannot be read, with the reason.
    Unreadable(String, io::ErrorKind),
}

/// All images that are named, those of a folder in the order of their names.
pub(super) fn found(names: &[String]) -> Vec<Image> {
    let mut images = Vec::new();
    for name in names {
        let path = Path::new(name);
        if name == "-" {
            images.push(Image::Stdin);
        } else if name.contains("://") || name.starts_with("data:") {
            images.push(Image::Url(name.clone()));
        } else if path.is_dir() {
            folder(path, &mut Vec::new(), &mut images);
        } else {
            images.push(Image::File(path.to_owned(), name.clone()));
        }
    }
    images
}

/// The images of a folder that is within `parents`: a link may lead back to one of them.
fn folder(path: &Path, parents: &mut Vec<PathBuf>, images: &mut Vec<Image>) {
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let (canonical, entries) = match (path.canonicalize(), entries) {
        (Ok(canonical), Ok(entries)) => (canonical, entries),
        (Err(error), _) | (_, Err(error)) => {
            return images.push(Image::Unreadable(path.display().to_string(), error.kind()));
        }
    };
    if parents.contains(&canonical) {
        return;
    }
    parents.push(canonical);
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            folder(&path, parents, images);
        } else if is_image(&path) {
            let name = path.display().to_string();
            images.push(Image::File(path, name));
        }
    }
    parents.pop();
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

impl Image {
    /// As it was named.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Stdin => "-",
            Self::File(_, name) | Self::Url(name) | Self::Unreadable(name, _) => name,
        }
    }

    /// The same, short enough for a message.
    pub(super) fn shown(&self) -> String {
        const MOST: usize = 200;
        let mut shown: String = self.name().chars().take(MOST).collect();
        if shown.len() < self.name().len() {
            shown.push_str("...");
        }
        shown
    }

    pub(super) async fn load(&self, loader: &Loader) -> Result<Bytes, ImageError> {
        let limit = loader.policy().max_bytes;
        match self {
            Self::Url(url) => loader.load(&Source::parse(url, loader.policy())?).await,
            Self::Unreadable(_, kind) => Err(ImageError::File(Some((*kind).into()))),
            Self::Stdin => blocking(move || read(io::stdin().lock(), limit)).await,
            Self::File(path, _) => {
                let path = path.clone();
                blocking(move || read(File::open(path).map_err(unreadable)?, limit)).await
            }
        }
    }
}

fn unreadable(error: io::Error) -> ImageError {
    ImageError::File(Some(error))
}

async fn blocking(
    read: impl FnOnce() -> Result<Bytes, ImageError> + Send + 'static,
) -> Result<Bytes, ImageError> {
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|error| Err(unreadable(error.into())))
}

fn read(from: impl Read, limit: u64) -> Result<Bytes, ImageError> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(ImageError::TooLarge { limit });
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_looked_into_in_order() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("b/c")).unwrap();
        for name in ["z.JPG", "a.png", "notes.txt", "b/2.webp", "b/1.jpeg", "b/c/0.jpg", "README"] {
            fs::write(path(name), "").unwrap();
        }
        std::os::unix::fs::symlink(root.path(), path("b/up")).unwrap();
        let name = |name: &str| path(name).display().to_string();
        let named = [root.path().display().to_string(), name("notes.txt"), "-".into(), "data:x".into()];
        let images = found(&named);
        let names: Vec<&str> = images.iter().map(Image::name).collect();
        let sorted = ["a.png", "b/1.jpeg", "b/2.webp", "b/c/0.jpg", "z.JPG", "notes.txt"].map(name);
        assert_eq!(names, sorted.iter().map(String::as_str).chain(["-", "data:x"]).collect::<Vec<_>>());
        assert_eq!(images[names.len() - 2], Image::Stdin);
    }
}
