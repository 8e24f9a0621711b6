//! Values of a catalogue that make no sense.

use std::path::{Component, Path};

use super::{Alignment, Artifact, Detector, Entries, Input, Layout, Package, Recogniser};

impl Entries {
    /// The first value that makes no sense.
    pub(super) fn problem(&self) -> Option<String> {
        let artifacts = (self.runtimes.iter().map(|r| &r.file))
            .chain(self.detector.iter().map(|d| &d.file))
            .chain(self.recognisers.iter().map(|r| &r.file));
        let inputs = self.detector.iter().map(|d| (&d.name, &d.input));
        let inputs = inputs.chain(self.recognisers.iter().map(|r| (&r.name, &r.input)));
        artifacts
            .filter_map(Artifact::problem)
            .chain(inputs.filter_map(|(name, input)| input.problem(name)))
            .chain(self.recognisers.iter().filter_map(Recogniser::problem))
            .chain(self.detector.iter().filter_map(Detector::problem))
            .chain(self.twice())
            .next()
    }

    /// A name that two recognisers have.
    fn twice(&self) -> Option<String> {
        let mut rest = self.recognisers.iter();
        while let Some(first) = rest.next() {
            if rest.clone().any(|other| other.name == first.name) {
                return Some(format!("there are two recognisers of the name {:?}", first.name));
            }
        }
        None
    }
}

impl Detector {
    fn problem(&self) -> Option<String> {
        (self.input.layout != Layout::Nchw || self.input.standardise)
            .then(|| format!("input of {:?}: a detector takes planes as they are", self.name))
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
        } else if !self.alignment.is_sound() {
            Some(format!("alignment of {:?} must be \"arcface\" or five points that are apart", self.name))
        } else {
            None
        }
    }
}

impl Alignment {
    /// Whether a face can be laid onto it.
    fn is_sound(&self) -> bool {
        let Alignment::Points(points) = self else { return true };
        let [first, rest @ ..] = points;
        points.iter().flatten().all(|value| value.is_finite() && value.abs() <= 8192.0)
            && rest.iter().any(|point| point != first)
    }
}
