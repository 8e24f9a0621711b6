//! What a caller asks of the engine, and what it gets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How one image is to be embedded.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedOptions {
    /// The recogniser's name in the catalogue; `None`: the engine's default.
    pub model: Option<Arc<str>>,
    /// The scale of the vectors.
    pub normalization: Normalization,
    /// Faces that the detector trusts less are dropped; 0 to 1.
    pub min_confidence: f32,
    /// Faces whose shorter side is less are dropped; pixels of the upright image.
    pub min_size: u32,
    /// At most so many faces, the largest; capped at [`EmbedOptions::MAX_FACES`].
    pub max_faces: usize,
    /// All faces, or the largest only.
    pub select: Select,
    /// Whether an image without a face is an error.
    pub on_no_face: OnNoFace,
}

impl EmbedOptions {
    /// Most faces that one image yields, whatever is asked for: more work than this would let one photo
    /// hold the workers.
    pub const MAX_FACES: usize = 1000;
}

impl Default for EmbedOptions {
    fn default() -> Self {
        EmbedOptions {
            model: None,
            normalization: Normalization::Calibrated,
            min_confidence: 0.6,
            min_size: 0,
            max_faces: Self::MAX_FACES,
            select: Select::All,
            on_no_face: OnNoFace::Skip,
        }
    }
}

/// The scale of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Normalization {
    /// Unit vector times `10 / threshold_l2`: Euclidean distance 10 is the decision boundary of every model.
    #[default]
    Calibrated,
    /// Unit vector.
    L2,
    /// As the model puts it out.
    Raw,
}

/// Which of an image's faces are embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Select {
    /// All of them.
    #[default]
    All,
    /// The largest.
    Largest,
}

/// What an image without a face is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnNoFace {
    /// An empty list.
    #[default]
    Skip,
    /// [`FaceError::NoFace`](super::FaceError::NoFace).
    Error,
}

/// A word that is none of a choice's words; its text lists them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {0}")]
pub struct UnknownChoice(&'static str);

/// The words of an enum, as users write them: lower case on output, any case on input.
macro_rules! choice {
    ($type:ident, $list:literal, $($word:literal => $variant:ident),+) => {
        impl FromStr for $type {
            type Err = UnknownChoice;

            fn from_str(text: &str) -> Result<Self, UnknownChoice> {
                $(if text.eq_ignore_ascii_case($word) { return Ok($type::$variant); })+
                Err(UnknownChoice($list))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($type::$variant => $word),+ })
            }
        }
    };
}

choice!(Normalization, "'calibrated', 'l2', 'raw'", "calibrated" => Calibrated, "l2" => L2, "raw" => Raw);
choice!(Select, "'all', 'largest'", "all" => All, "largest" => Largest);
choice!(OnNoFace, "'skip', 'error'", "skip" => Skip, "error" => Error);

/// One face of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// The vector; its length is the model's dimension.
    pub embedding: Vec<f32>,
    /// The detector's score, 0 to 1.
    pub confidence: f32,
    /// Where the face is.
    pub area: Area,
    /// Norm of the model's raw vector. SFace: 11 to 15 for good faces, 4 to 7 for blurred or false ones.
    pub quality: f32,
    /// Name of the recogniser. Vectors of different models must not be compared.
    pub model: Arc<str>,
    /// Place among the image's faces, the largest first, from 0.
    pub index: usize,
}

/// Where a face is: pixels of the upright image, from its top left corner. A face at the border may reach
/// beyond it. Left and right are the person's own, as in DeepFace: the left eye has the larger x on an
/// upright face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge of the box.
    pub x: f32,
    /// Top edge of the box.
    pub y: f32,
    /// Width of the box.
    pub w: f32,
    /// Height of the box.
    pub h: f32,
    /// The left eye.
    pub left_eye: [f32; 2],
    /// The right eye.
    pub right_eye: [f32; 2],
    /// Tip of the nose.
    pub nose: [f32; 2],
    /// Left corner of the mouth.
    pub mouth_left: [f32; 2],
    /// Right corner of the mouth.
    pub mouth_right: [f32; 2],
}
