//! Worker threads that turn images into faces.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::models::{Catalogue, Recogniser};
use super::{EmbedOptions, Face, FaceError, StartError};

/// How an engine runs.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where models and ONNX Runtime lie; `None`: [`models::default_directory`](super::models::default_directory).
    pub models_directory: Option<PathBuf>,
    /// Name of the recogniser that [`EmbedOptions::model`] `None` stands for.
    pub model: String,
    /// Worker threads; 0: one per core.
    pub threads: usize,
    /// Images that may wait for a worker; more are refused with [`FaceError::Busy`].
    pub queue: usize,
    /// Most pixels of an image; checked before it is decoded.
    pub max_pixels: u64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            models_directory: None,
            model: "sface".to_owned(),
            threads: 0,
            queue: 256,
            max_pixels: 50_000_000,
        }
    }
}

/// Worker threads with the models loaded. Cheap to clone; the threads end with the last clone.
#[derive(Debug, Clone)]
pub struct Engine {}

impl Engine {
    /// Loads ONNX Runtime and the models, and starts the threads. Blocks (about a second); call it on a
    /// blocking thread.
    ///
    /// # Errors
    /// If the runtime or a model is missing or wrong; the text says how to mend it.
    pub fn start(config: &EngineConfig) -> Result<Engine, StartError> {
        todo!()
    }

    /// The recogniser that is used when none is named.
    pub fn default_model(&self) -> &Recogniser {
        todo!()
    }

    /// The recogniser `name`, or the default.
    ///
    /// # Errors
    /// [`ModelError::Unknown`](super::ModelError::Unknown).
    pub fn model(&self, name: Option<&str>) -> Result<&Recogniser, super::ModelError> {
        todo!()
    }

    /// All models that are known.
    pub fn catalogue(&self) -> &Catalogue {
        todo!()
    }

    /// Whether the recogniser `name` is in memory.
    pub fn is_loaded(&self, name: &str) -> bool {
        todo!()
    }

    /// Images that wait for a worker.
    pub fn queue_length(&self) -> usize {
        todo!()
    }

    /// The faces of one image, the largest first. Dropping the future cancels: an image that waits is
    /// skipped, one that is worked on is left at the next stage.
    ///
    /// # Errors
    /// See [`FaceError`].
    pub async fn embed(&self, image: Bytes, options: EmbedOptions) -> Result<Vec<Face>, FaceError> {
        todo!()
    }
}
