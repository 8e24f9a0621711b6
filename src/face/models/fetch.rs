//! Fetches models and ONNX Runtime as parts of Python wheels, by pip: a registry client that every machine
//! can have, that follows the user's own proxies and mirrors, and that checks hashes itself.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::{Artifact, Catalogue, Package, State, sha256, state};

#[cfg(test)]
mod tests;

/// How often it is looked how far a download is.
const LOOK: Duration = Duration::from_millis(100);

/// What [`fetch`] is doing with which file.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'c> {
    /// It is there and right.
    Present(&'c Artifact),
    /// It is being fetched. So many bytes of the wheel that holds it are here, of as many if that is known.
    Fetching(&'c Artifact, u64, Option<u64>),
    /// It has been fetched, checked and put in place.
    Fetched(&'c Artifact),
    /// The catalogue names no source for it: it has to be copied into the directory.
    NoSource(&'c Artifact),
}

/// A file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no `python3`.
    #[error(
        "python3 is needed to fetch {file}, and is not installed: install python3 and pip (Debian: apt-get \
         install python3-pip), or copy the file into the models directory"
    )]
    NoPython {
        /// The file.
        file: String,
    },
    /// `python3` has no pip.
    #[error(
        "pip is needed to fetch {file}, and python3 has none: install pip (Debian: apt-get install \
         python3-pip), or copy the file into the models directory"
    )]
    NoPip {
        /// The file.
        file: String,
    },
    /// pip failed: no network, or the package is not there.
    #[error("pip cannot download the package {package}: {message}")]
    Pip {
        /// The package and its version.
        package: String,
        /// The last line of what pip says.
        message: String,
    },
    /// What came is not what `models.toml` names.
    #[error("{file} has another SHA-256 than models.toml says; it was not installed")]
    Wrong {
        /// The file or wheel.
        file: String,
    },
    /// The wheel does not hold the file.
    #[error("the wheel of {package} does not hold {path}")]
    Wheel {
        /// The package and its version.
        package: String,
        /// The path in the wheel.
        path: String,
        /// What is wrong.
        source: zip::result::ZipError,
    },
    /// The models directory cannot be used.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Fetches what of `catalogue` (for this platform) is not yet in `directory`. Blocks; needs `python3` with
/// pip, unless nothing is missing.
///
/// Every wheel and every file is checked by its SHA-256, and put in place atomically: several processes may
/// fetch at once. A file that is there and right is left alone, so a machine without a network is served by
/// copying the files into its directory.
///
/// # Errors
/// See [`FetchError`]; files that were done stay.
pub fn fetch(
    directory: &Path,
    catalogue: &Catalogue,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), FetchError> {
    fetch_with("python3", directory, catalogue, progress)
}

fn fetch_with(
    python: &str,
    directory: &Path,
    catalogue: &Catalogue,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), FetchError> {
    let mut download: Option<(&Package, Download)> = None;
    for artifact in catalogue.artifacts() {
        let path = directory.join(&artifact.name);
        if matches!(state(&path, artifact), State::Verified) {
            progress(Progress::Present(artifact));
            continue;
        }
        let Some(package) = &artifact.source else {
            progress(Progress::NoSource(artifact));
            continue;
        };
        let mut arrived = |bytes| progress(Progress::Fetching(artifact, bytes, package.bytes));
        arrived(0);
        // Files of one wheel stand next to each other in the catalogue.
        let wheel = match download.take() {
            Some((last, wheel)) if last.sha256 == package.sha256 => wheel,
            _ => Download::new(python, directory, package, artifact, &mut arrived)?,
        };
        wheel.install(package, artifact, &path)?;
        download = Some((package, wheel));
        progress(Progress::Fetched(artifact));
    }
    Ok(())
}

/// A wheel in a folder of its own, which goes with it.
struct Download {
    folder: PathBuf,
    wheel: PathBuf,
}

impl Drop for Download {
    fn drop(&mut self) {
        // What cannot be removed is only a waste of space.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Download {
    fn new(
        python: &str,
        directory: &Path,
        package: &Package,
        artifact: &Artifact,
        arrived: &mut dyn FnMut(u64),
    ) -> Result<Download, FetchError> {
        // Below the models directory: a rename from there is atomic.
        // Its name is random: others may be fetching, in other containers with the same process ids.
        let random = RandomState::new().build_hasher().finish();
        let folder = directory.join(format!(".fetch-{random:016x}"));
        fs::create_dir_all(&folder).map_err(|source| FetchError::Io { path: folder.clone(), source })?;
        let mut download = Download { folder, wheel: PathBuf::new() };
        download.pip(python, package, artifact, arrived)?;
        download.wheel = download.find_wheel()?;
        let sum = File::open(&download.wheel).and_then(sha256).map_err(|e| download.failed(e))?;
        if sum == package.sha256 {
            Ok(download)
        } else {
            Err(FetchError::Wrong { file: package.to_string() })
        }
    }

    fn failed(&self, source: io::Error) -> FetchError {
        FetchError::Io { path: self.folder.clone(), source }
    }

    fn pip(
        &self,
        python: &str,
        package: &Package,
        artifact: &Artifact,
        arrived: &mut dyn FnMut(u64),
    ) -> Result<(), FetchError> {
        let requirements = self.folder.join("requirements.txt");
        let requirement =
            format!("{}=={} --hash=sha256:{}\n", package.package, package.version, package.sha256);
        fs::write(&requirements, requirement).map_err(|e| self.failed(e))?;
        let mut command = Command::new(python);
        command.args(["-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]);
        command.args(["--no-input", "--disable-pip-version-check", "--quiet"]);
        // Whatever Python runs here, the wheel is the one whose hash is known.
        if let Some(python) = &package.python {
            command
                .args(["--implementation", "cp", "--python-version", python])
                .arg(format!("--abi=cp{python}"));
        }
        if let Some(platform) = &package.platform {
            command.args(["--platform", platform]);
        }
        command.arg("--dest").arg(&self.folder).arg("--requirement").arg(&requirements);
        let output = self.watched(&mut command, arrived).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FetchError::NoPython { file: artifact.name.clone() },
            _ => FetchError::Pip { package: package.to_string(), message: error.to_string() },
        })?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr);
        if message.contains("No module named pip") {
            return Err(FetchError::NoPip { file: artifact.name.clone() });
        }
        let last = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        Err(FetchError::Pip { package: package.to_string(), message: last.chars().take(300).collect() })
    }

    /// Runs it to its end, telling how many bytes are in the folder meanwhile: pip says nothing of how far it is that
    /// every version of it says.
    fn watched(&self, command: &mut Command, arrived: &mut dyn FnMut(u64)) -> io::Result<Output> {
        // Where pip keeps what has not all arrived.
        command.env("TMPDIR", &self.folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        std::thread::scope(|scope| {
            let running = scope.spawn(|| child.wait_with_output());
            while !running.is_finished() {
                arrived(bytes_below(&self.folder));
                std::thread::sleep(LOOK);
            }
            running.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        })
    }

    fn find_wheel(&self) -> Result<PathBuf, FetchError> {
        let entries = fs::read_dir(&self.folder).map_err(|e| self.failed(e))?;
        let mut wheels = entries.flatten().map(|entry| entry.path());
        wheels
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .ok_or_else(|| self.failed(io::ErrorKind::NotFound.into()))
    }

    /// Puts one file of the wheel in its place.
    fn install(&self, package: &Package, artifact: &Artifact, to: &Path) -> Result<(), FetchError> {
        let wheel_error =
            |source| FetchError::Wheel { package: package.to_string(), path: package.path.clone(), source };
        let wheel = File::open(&self.wheel).map_err(|e| self.failed(e))?;
        let mut wheel = zip::ZipArchive::new(wheel).map_err(wheel_error)?;
        let mut entry = wheel.by_name(&package.path).map_err(wheel_error)?;
        // The wheel's hash has been checked: its sizes are to be trusted.
        let part = self.folder.join("part");
        let written = File::create(&part).and_then(|mut file| {
            io::copy(&mut entry.by_ref(), &mut file)?;
            file.sync_all()
        });
        written.map_err(|e| self.failed(e))?;
        if !matches!(state(&part, artifact), State::Verified) {
            return Err(FetchError::Wrong { file: artifact.name.clone() });
        }
        fs::rename(&part, to).map_err(|source| FetchError::Io { path: to.to_owned(), source })
    }
}

/// Bytes of all files below a folder; those that vanish meanwhile are none.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.package, self.version)
    }
}
