//! One worker thread: its sessions, and what it does at each stage.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use ort::environment::Environment;

use super::known;
use super::photo::{Faces, Gather, Looks, Request, Step};
use super::queue::Queue;
use crate::face::align::{Similarity, template, warp};
use crate::face::detect::{Detection, merge};
use crate::face::models::{Catalogue, Recogniser};
use crate::face::network::{FaceDetector, FaceRecogniser, Weights};
use crate::face::pixels::decode;
use crate::face::pyramid::Pyramid;
use crate::face::{Area, EmbedOptions, Face, FaceError, ModelError, Normalization, OnNoFace, Select};

mod floor;

pub use floor::Floor;

/// What all workers share.
#[derive(Debug)]
pub(super) struct Models {
    environment: Environment,
    directory: PathBuf,
    catalogue: Catalogue,
    detector: Weights,
    /// Of the recognisers that have been used; gone once every worker that waited for them has a session.
    recognisers: Mutex<HashMap<String, Weak<Weights>>>,
}

impl Models {
    pub(super) fn new(
        environment: Environment,
        directory: PathBuf,
        catalogue: Catalogue,
    ) -> Result<Models, ModelError> {
        let detector = Weights::detector(catalogue.detector(), &directory)?;
        Ok(Models { environment, directory, catalogue, detector, recognisers: Mutex::default() })
    }

    /// Whether every recogniser that the user has described is there and fits, but for `loaded`, which is seen to
    /// anyway.
    pub(super) fn check(&self, loaded: &str) -> Result<(), ModelError> {
        let described = self.catalogue.recognisers().iter().filter(|model| !model.built_in);
        for model in described.filter(|model| model.name != loaded) {
            FaceRecogniser::new(&self.environment, &Weights::recogniser(model, &self.directory)?, model)?;
        }
        Ok(())
    }

    pub(super) fn is_loaded(&self, name: &str) -> bool {
        self.recognisers.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Reads a recogniser's file, once for all workers that want it at the same time.
    fn weights(&self, model: &Recogniser) -> Result<Arc<Weights>, ModelError> {
        let mut recognisers = self.recognisers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(weights) = recognisers.get(&model.name).and_then(Weak::upgrade) {
            return Ok(weights);
        }
        let weights = Arc::new(Weights::recogniser(model, &self.directory)?);
        recognisers.insert(model.name.clone(), Arc::downgrade(&weights));
        Ok(weights)
    }
}

pub(super) struct Worker {
    models: Arc<Models>,
    max_pixels: u64,
    detector: FaceDetector,
    recognisers: HashMap<Arc<str>, FaceRecogniser>,
}

impl Worker {
    /// A worker with the detector and one recogniser in memory.
    pub(super) fn new(models: Arc<Models>, max_pixels: u64, model: &Arc<str>) -> Result<Worker, ModelError> {
        let detector = FaceDetector::new(&models.environment, &models.detector, models.catalogue.detector())?;
        let mut worker = Worker { models, max_pixels, detector, recognisers: HashMap::new() };
        worker.recogniser(model)?;
        Ok(worker)
    }

    fn recogniser(&mut self, name: &Arc<str>) -> Result<&mut FaceRecogniser, ModelError> {
        use std::collections::hash_map::Entry;
        match self.recognisers.entry(Arc::clone(name)) {
            Entry::Occupied(loaded) => Ok(loaded.into_mut()),
            Entry::Vacant(place) => {
                let model = known(&self.models.catalogue, name)?;
                let weights = self.models.weights(model)?;
                Ok(place.insert(FaceRecogniser::new(&self.models.environment, &weights, model)?))
            }
        }
    }

    /// Works until the queue stops.
    pub(super) fn run(mut self, queue: &Queue) {
        while let Some(step) = queue.next() {
            let mut next = Some(step);
            while let Some(step) = next.take() {
                let request = Arc::clone(step.request());
                if request.is_over() {
                    break;
                }
                // A decoder that panics over one image must not take the worker with it. What a panic could
                // leave half done is the image's own; sessions hold no state between runs.
                match catch_unwind(AssertUnwindSafe(|| self.perform(step))) {
                    Ok(Ok(following)) => {
                        let mut following = following.into_iter();
                        next = following.next();
                        queue.share(following);
                    }
                    Ok(Err(error)) => request.answer(Err(error)),
                    Err(_) => request.answer(Err(FaceError::Failed)),
                }
            }
        }
    }

    /// Does one step; what follows from it.
    fn perform(&mut self, step: Step) -> Result<Vec<Step>, FaceError> {
        match step {
            Step::Decode(request, image) => self.decode(request, image),
            Step::Detect(looks, index) => self.detect(&looks, index),
            Step::Embed(faces, index) => self.embed(&faces, index),
        }
    }

    fn decode(&self, request: Arc<Request>, image: Bytes) -> Result<Vec<Step>, FaceError> {
        let side = self.side();
        let photo = decode(&image, self.max_pixels, |long| Pyramid::needed(long, side))?;
        let pyramid = Arc::new(Pyramid::new(photo, side).ok_or(FaceError::Failed)?);
        let pieces = pyramid.pieces();
        let found = Gather::new(pieces.len());
        let looks = Arc::new(Looks { request, image, pyramid, pieces, found });
        Ok((0..looks.pieces.len()).map(|index| Step::Detect(Arc::clone(&looks), index)).collect())
    }

    fn detect(&mut self, looks: &Arc<Looks>, index: usize) -> Result<Vec<Step>, FaceError> {
        let piece = *looks.pieces.get(index).ok_or(FaceError::Failed)?;
        let level = looks.pyramid.level(piece.level).ok_or(FaceError::Failed)?;
        let min_score = looks.request.options.min_confidence;
        let tensor = self.detector.tensor(&level.pixels, piece);
        let mut faces = self.detector.detect(&tensor, min_score)?;
        for face in &mut faces {
            *face = face.placed(piece.origin(), &level.place);
        }
        let Some(found) = looks.found.put(index, faces) else {
            return Ok(Vec::new());
        };
        let chosen = choose(merge(found), &looks.request.options);
        if chosen.is_empty() {
            looks.request.answer(match looks.request.options.on_no_face {
                OnNoFace::Skip => Ok(Vec::new()),
                OnNoFace::Error => Err(FaceError::NoFace),
            });
            return Ok(Vec::new());
        }
        let pyramid = match self.needed(&looks.request.model, &chosen)? {
            needed if looks.pyramid.has(needed) => Arc::clone(&looks.pyramid),
            needed => {
                let photo = decode(&looks.image, self.max_pixels, |_| needed)?;
                Arc::new(looks.pyramid.with(photo))
            }
        };
        let embedded = Gather::new(chosen.len());
        let faces = Arc::new(Faces { request: Arc::clone(&looks.request), pyramid, chosen, embedded });
        Ok((0..faces.chosen.len()).map(|index| Step::Embed(Arc::clone(&faces), index)).collect())
    }

    /// Sides of what the detector looks at first.
    fn side(&self) -> u32 {
        self.models.catalogue.detector().input.width
    }

    /// The scale at which a photo has as many pixels as the recogniser can use for these faces. Where they are so small
    /// that what they were found in has fewer, the photo is decoded once more.
    fn needed(&self, model: &str, faces: &[Detection]) -> Result<f64, ModelError> {
        let model = known(&self.models.catalogue, model)?;
        let target = template(model.alignment, &model.input);
        let scales = faces.iter().filter_map(|face| Similarity::fit(&face.landmarks, &target));
        Ok(scales.map(|similarity| similarity.scale()).fold(0.0, f64::max))
    }

    fn embed(&mut self, faces: &Faces, index: usize) -> Result<Vec<Step>, FaceError> {
        let Request { model: name, options, .. } = &*faces.request;
        let detection = faces.chosen.get(index).ok_or(FaceError::Failed)?;
        let models = Arc::clone(&self.models);
        let model = known(&models.catalogue, name)?;
        let aligned = align(&faces.pyramid, detection, model).ok_or(FaceError::Failed)?;
        let raw = self.recogniser(name)?.embed(&aligned)?;
        let norm = raw.iter().map(|v| v * v).sum::<f32>().sqrt();
        let face = Face {
            embedding: normalized(raw, norm, options.normalization, model.threshold_l2),
            confidence: detection.score,
            area: Area::from(detection),
            quality: norm,
            model: Arc::clone(name),
            index,
        };
        if let Some(all) = faces.embedded.put(index, face) {
            faces.request.answer(Ok(all));
        }
        Ok(Vec::new())
    }
}

/// The faces that the caller wants, the largest first.
fn choose(mut faces: Vec<Detection>, options: &EmbedOptions) -> Vec<Detection> {
    // Side lengths of images are far below 2^24, where f32 is exact.
    #[allow(clippy::cast_precision_loss)]
    let min_size = options.min_size as f32;
    faces.retain(|face| face.width.min(face.height) >= min_size && face.has_extent());
    faces.sort_by(|a, b| b.area().total_cmp(&a.area()).then(a.x.total_cmp(&b.x)).then(a.y.total_cmp(&b.y)));
    faces.truncate(match options.select {
        Select::All => options.max_faces.min(EmbedOptions::MAX_FACES),
        Select::Largest => options.max_faces.min(1),
    });
    faces
}

/// The face as the recogniser wants it, from the coarsest level that has enough pixels for it.
fn align(pyramid: &Pyramid, face: &Detection, model: &Recogniser) -> Option<crate::face::tensor::Tensor> {
    let target = template(model.alignment, &model.input);
    let level = pyramid.level_for(Similarity::fit(&face.landmarks, &target)?.scale())?;
    let here = face.landmarks.map(|point| level.place.in_level(point));
    Some(warp(&level.pixels, &Similarity::fit(&here, &target)?, &model.input))
}

/// A vector without a direction stays as it is.
fn normalized(mut raw: Vec<f32>, norm: f32, normalization: Normalization, threshold_l2: f32) -> Vec<f32> {
    let factor = match normalization {
        Normalization::Raw => return raw,
        Normalization::L2 => 1.0 / norm,
        Normalization::Calibrated => Recogniser::CALIBRATED_THRESHOLD / threshold_l2 / norm,
    };
    if factor.is_finite() {
        raw.iter_mut().for_each(|v| *v *= factor);
    }
    raw
}
