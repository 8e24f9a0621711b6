//! The two networks, each as one thread uses it.

// Sizes of images in memory fit i64 and usize.
#![allow(clippy::cast_possible_truncation)]

use std::fs;
use std::io;
use std::path::Path;

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionOutputs};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::ModelError;
use super::detect::{Detection, Grid, MULTIPLE, STRIDES};
use super::graph::{Edit, edited};
use super::models::{Artifact, Detector, Input, Layout, Recogniser, sha256};
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
        let network = Network { name: weights.name.clone(), input: input.clone(), session };
        let wanted = network.shape(input.width, input.height);
        let there = network.find("input", network.session.inputs(), &input.name)?;
        let fits = |(there, wanted): (&i64, &usize)| *there < 0 || usize::try_from(*there) == Ok(*wanted);
        // Without any dimension nothing is said of the shape.
        if !there.is_empty() && (there.len() != wanted.len() || !there.iter().zip(&wanted).all(fits)) {
            let what = format!("the input '{}' is of the shape {there:?}, not {wanted:?}", input.name);
            return Err(network.misfit(what));
        }
        Ok(network)
    }

    fn shape(&self, width: u32, height: u32) -> [usize; 4] {
        let (width, height) = (width as usize, height as usize);
        match self.input.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }

    fn misfit(&self, what: String) -> ModelError {
        ModelError::Misfit { name: self.name.clone(), what }
    }

    /// The shape of the input or output of this name, which is of f32. Dimensions below zero are open.
    fn find<'o>(&self, kind: &str, all: &'o [Outlet], name: &str) -> Result<&'o [i64], ModelError> {
        let Some(outlet) = all.iter().find(|outlet| outlet.name() == name) else {
            let names: Vec<&str> = all.iter().map(Outlet::name).collect();
            return Err(self.misfit(format!("it has no {kind} '{name}', but {}", names.join(", "))));
        };
        match outlet.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Ok(shape),
            other => Err(self.misfit(format!("the {kind} '{name}' is {other}, no tensor of f32"))),
        }
    }

    fn run<T>(
        &mut self,
        tensor: &Tensor,
        read: impl FnOnce(&SessionOutputs<'_>) -> Option<T>,
    ) -> Result<T, ModelError> {
        let shape = self.shape(tensor.width, tensor.height);
        let view = TensorRef::from_array_view((shape, tensor.values.as_slice()));
        let outputs = view.and_then(|view| self.session.run(ort::inputs![self.input.name.as_str() => view]));
        match outputs {
            Ok(outputs) => read(&outputs).ok_or_else(|| ModelError::Output { name: self.name.clone() }),
            Err(source) => Err(ModelError::Run { name: self.name.clone(), source }),
        }
    }
}

/// What YuNet puts out for each stride.
const GRIDS: [&str; 4] = ["cls", "obj", "bbox", "kps"];

/// A YuNet.
pub(super) struct FaceDetector(Network);

impl FaceDetector {
    pub(super) fn new(
        environment: &Environment,
        weights: &Weights,
        model: &Detector,
    ) -> Result<FaceDetector, ModelError> {
        let network = Network::new(environment, weights, &model.input)?;
        for stride in STRIDES {
            for kind in GRIDS {
                network.find("output", network.session.outputs(), &format!("{kind}_{stride}"))?;
            }
        }
        Ok(FaceDetector(network))
    }

    /// A piece of `level` as the network takes it.
    pub(super) fn tensor(&self, level: &image::RgbImage, piece: Piece) -> Tensor {
        Tensor::of_piece(level, piece, MULTIPLE, &self.0.input)
    }

    /// The faces in a piece with at least `min_score`, in pixels of the piece; a face may be there more than once.
    pub(super) fn detect(&mut self, tensor: &Tensor, min_score: f32) -> Result<Vec<Detection>, ModelError> {
        let (width, height) = (tensor.width as usize, tensor.height as usize);
        self.0.run(tensor, |outputs| {
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
        let there = network.find("output", network.session.outputs(), &model.output)?;
        let open = there.is_empty() || there.iter().skip(1).any(|size| *size < 0);
        let length = there
            .iter()
            .filter(|size| **size >= 0)
            .try_fold(1, |length: i64, size| length.checked_mul(*size));
        if !open && length != i64::try_from(model.dimension).ok() {
            let what = format!(
                "the output '{}' is of the shape {there:?}, not of {} values",
                model.output, model.dimension
            );
            return Err(network.misfit(what));
        }
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
