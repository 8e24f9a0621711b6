//! The two networks, each as one thread uses it.

// Sizes of images in memory fit i64 and usize.
#![allow(clippy::cast_possible_truncation)]

use std::fs;
use std::io;
use std::path::Path;

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;

use super::ModelError;
use super::detect::{Detection, Grid, MULTIPLE, STRIDES};
use super::graph::{Edit, edited};
use super::models::{Artifact, Detector, Input, Recogniser, sha256};
use super::pyramid::Piece;
use super::tensor::Tensor;

#[cfg(test)]
mod tests;

/// A model's file, checked, edited and ready to become sessions.
#[derive(Debug)]
pub(super) struct Weights {
    name: String,
    model: Vec<u8>,
}

impl Weights {
    fn read(name: &str, file: &Artifact, directory: &Path, edit: Edit) -> Result<Weights, ModelError> {
        let name = name.to_owned();
        let path = directory.join(&file.name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ModelError::Missing { name, directory: directory.to_owned() });
            }
            Err(source) => return Err(ModelError::Read { path, source }),
        };
        if !sha256(bytes.as_slice()).is_ok_and(|sum| sum == file.sha256) {
            return Err(ModelError::Wrong { name, path });
        }
        match edited(&bytes, edit) {
            Ok(model) => Ok(Weights { name, model }),
            Err(_) => Err(ModelError::Malformed { name }),
        }
    }

    /// Reads a detector.
    pub(super) fn detector(model: &Detector, directory: &Path) -> Result<Weights, ModelError> {
        Weights::read(&model.name, &model.file, directory, Edit::AnySize)
    }

    /// Reads a recogniser.
    pub(super) fn recogniser(model: &Recogniser, directory: &Path) -> Result<Weights, ModelError> {
        Weights::read(&model.name, &model.file, directory, Edit::Fold)
    }

    /// A session on one thread: throughput is best with one session a core (225 photos a second on two
    /// cores, against 181 of one session with two threads).
    fn session(&self, environment: &Environment) -> Result<Session, ModelError> {
        let build = || -> ort::Result<Session> {
            Session::builder(environment)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                // A pattern is remembered for each size of input, and photos have any size.
                .with_memory_pattern(false)?
                .commit_from_memory(&self.model)
        };
        build().map_err(|source| ModelError::Run { name: self.name.clone(), source })
    }
}

/// A session with one image in.
struct Network {
    name: String,
    input: Input,
    session: Session,
}

impl Network {
    fn new(environment: &Environment, weights: &Weights, input: &Input) -> Result<Network, ModelError> {
        let session = weights.session(environment)?;
        Ok(Network { name: weights.name.clone(), input: input.clone(), session })
    }

    fn run<T>(
        &mut self,
        tensor: &Tensor,
        read: impl FnOnce(&SessionOutputs<'_>) -> Option<T>,
    ) -> Result<T, ModelError> {
        let shape = [1, 3, tensor.height as usize, tensor.width as usize];
        let view = TensorRef::from_array_view((shape, tensor.values.as_slice()));
        let outputs = view.and_then(|view| self.session.run(ort::inputs![self.input.name.as_str() => view]));
        match outputs {
            Ok(outputs) => read(&outputs).ok_or_else(|| ModelError::Output { name: self.name.clone() }),
            Err(source) => Err(ModelError::Run { name: self.name.clone(), source }),
        }
    }
}

/// A YuNet.
pub(super) struct FaceDetector(Network);

impl FaceDetector {
    pub(super) fn new(
        environment: &Environment,
        weights: &Weights,
        model: &Detector,
    ) -> Result<FaceDetector, ModelError> {
        Network::new(environment, weights, &model.input).map(FaceDetector)
    }

    /// The faces in a piece of `level` with at least `min_score`, in pixels of the piece; a face may be there
    /// more than once.
    pub(super) fn detect(
        &mut self,
        level: &image::RgbImage,
        piece: Piece,
        min_score: f32,
    ) -> Result<Vec<Detection>, ModelError> {
        let tensor = Tensor::of_piece(level, piece, MULTIPLE, &self.0.input);
        let (width, height) = (tensor.width as usize, tensor.height as usize);
        self.0.run(&tensor, |outputs| {
            let mut faces = Vec::new();
            for stride in STRIDES {
                let (columns, rows) = (width / stride, height / stride);
                let grid = |kind: &str, values: usize| {
                    let (_, data) =
                        outputs.get(format!("{kind}_{stride}"))?.try_extract_tensor::<f32>().ok()?;
                    (data.len() == columns * rows * values).then_some(data)
                };
                let (class, object) = (grid("cls", 1)?, grid("obj", 1)?);
                let (boxes, points) = (grid("bbox", 4)?, grid("kps", 10)?);
                faces.extend(Grid { stride, columns, class, object, boxes, points }.decode(min_score));
            }
            Some(faces)
        })
    }
}

/// A recogniser.
pub(super) struct FaceRecogniser {
    network: Network,
    output: String,
    dimension: usize,
}

impl FaceRecogniser {
    pub(super) fn new(
        environment: &Environment,
        weights: &Weights,
        model: &Recogniser,
    ) -> Result<FaceRecogniser, ModelError> {
        let network = Network::new(environment, weights, &model.input)?;
        Ok(FaceRecogniser { network, output: model.output.clone(), dimension: model.dimension })
    }

    /// The raw vector of an aligned face.
    pub(super) fn embed(&mut self, face: &Tensor) -> Result<Vec<f32>, ModelError> {
        self.network.run(face, |outputs| {
            let (_, vector) = outputs.get(&self.output)?.try_extract_tensor::<f32>().ok()?;
            let right = vector.len() == self.dimension && vector.iter().all(|v| v.is_finite());
            right.then(|| vector.to_vec())
        })
    }
}
