//! Worker threads that turn images into faces.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::models::{Catalogue, Recogniser, default_directory};
use super::runtime;
use super::{EmbedOptions, Face, FaceError, ModelError, StartError};

mod photo;
mod queue;
mod worker;

use photo::{Request, Step};
use queue::Queue;
pub use worker::Floor;
use worker::{Models, Worker};

/// How an engine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Where models and ONNX Runtime lie; `None`: [`default_directory`].
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
pub struct Engine(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    /// None: it was never started.
    models: Option<Arc<Models>>,
    catalogue: Catalogue,
    default_model: Arc<str>,
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Loads ONNX Runtime and the models, and starts the threads. Blocks for some tenths of a second: call it
    /// on a thread that may.
    ///
    /// A process loads one ONNX Runtime: a second engine uses that of the first.
    ///
    /// # Errors
    /// If the runtime or a model is missing or wrong; the text says how to mend it.
    pub fn start(config: &EngineConfig) -> Result<Engine, StartError> {
        let (models, catalogue, default_model) = load(config)?;
        models.check(&default_model)?;
        let queue = Arc::new(Queue::new(config.queue));
        let count = match config.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let (ready, started) = std::sync::mpsc::channel();
        let threads = Vec::with_capacity(count);
        let mut pool = Pool { models: Some(Arc::clone(&models)), catalogue, default_model, queue, threads };
        for number in 0..count {
            let (models, queue) = (Arc::clone(&models), Arc::clone(&pool.queue));
            let (model, max_pixels) = (Arc::clone(&pool.default_model), config.max_pixels);
            let ready = ready.clone();
            let thread = std::thread::Builder::new().name(format!("face-{number}")).spawn(move || {
                let worker = Worker::new(models, max_pixels, &model);
                // The receiver is gone only if another worker failed, and then the queue has stopped.
                match worker {
                    Ok(worker) => {
                        let _ = ready.send(Ok(()));
                        drop(ready);
                        worker.run(&queue);
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
            pool.threads.push(thread.map_err(StartError::Thread)?);
        }
        drop(ready);
        let started: Vec<()> = started.into_iter().collect::<Result<_, ModelError>>()?;
        if started.len() < count {
            return Err(StartError::Worker);
        }
        Ok(Engine(Arc::new(pool)))
    }

    /// An engine without models and threads, which takes no image.
    #[cfg(any(test, fuzzing))]
    #[allow(clippy::unwrap_used)]
    pub(crate) fn idle() -> Engine {
        let catalogue = Catalogue::load(std::path::Path::new("no directory")).unwrap();
        let queue = Arc::new(Queue::new(0));
        Engine(Arc::new(Pool {
            models: None,
            catalogue,
            default_model: "sface".into(),
            queue,
            threads: Vec::new(),
        }))
    }

    /// The recogniser `name`, or the default.
    ///
    /// # Errors
    /// [`ModelError::Unknown`].
    pub fn model(&self, name: Option<&str>) -> Result<&Recogniser, ModelError> {
        known(self.catalogue(), name.unwrap_or(&self.0.default_model))
    }

    /// All models that are known.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    /// Whether the recogniser `name` is in memory: the default is, others are once they have been used.
    pub fn is_loaded(&self, name: &str) -> bool {
        self.0.models.as_ref().is_some_and(|models| models.is_loaded(name))
    }

    /// How many images it works on at a time.
    pub fn threads(&self) -> usize {
        self.0.threads.len()
    }

    /// Images that wait for a worker.
    pub fn queue_length(&self) -> usize {
        self.0.queue.length()
    }

    /// The faces of one image, the largest first. Dropping the future cancels: an image that waits is
    /// skipped, one that is worked on is left at the next stage.
    ///
    /// # Errors
    /// See [`FaceError`].
    pub async fn embed(&self, image: Bytes, options: EmbedOptions) -> Result<Vec<Face>, FaceError> {
        let model = match &options.model {
            Some(name) => known(self.catalogue(), name)?.name.as_str().into(),
            None => Arc::clone(&self.0.default_model),
        };
        let (reply, answer) = oneshot::channel();
        let request = Arc::new(Request::new(model, options, reply));
        self.0.queue.offer(Step::Decode(request, image))?;
        // Without an answer, the queue was emptied by a stop.
        answer.await.unwrap_or(Err(FaceError::Stopped))
    }
}

/// The models, what is known of all of them, and the name of the default one.
fn load(config: &EngineConfig) -> Result<(Arc<Models>, Catalogue, Arc<str>), StartError> {
    let directory = config.models_directory.clone().or_else(default_directory);
    let directory = directory.ok_or(StartError::NoDirectory)?;
    let catalogue = Catalogue::load(&directory)?;
    let default_model = known(&catalogue, &config.model)?.name.as_str().into();
    let environment = runtime::environment(&directory, &catalogue)?;
    let models = Arc::new(Models::new(environment, directory, catalogue.clone())?);
    Ok((models, catalogue, default_model))
}

/// What each of some images takes at the least, on one thread; for benches.
///
/// # Errors
/// As [`Engine::start`], and the first image's error.
#[doc(hidden)]
pub fn floor(config: &EngineConfig, images: &[Bytes]) -> Result<Vec<Floor>, Box<dyn std::error::Error>> {
    let (models, _, model) = load(config)?;
    let mut worker = Worker::new(models, config.max_pixels, &model)?;
    Ok(images.iter().map(|image| worker.floor(image, &model)).collect::<Result<_, _>>()?)
}

fn known<'c>(catalogue: &'c Catalogue, name: &str) -> Result<&'c Recogniser, ModelError> {
    catalogue.recogniser(name).ok_or_else(|| {
        let names: Vec<_> = catalogue.recognisers().iter().map(|r| r.name.as_str()).collect();
        ModelError::Unknown { name: name.to_owned(), known: names.join(", ") }
    })
}

impl Drop for Pool {
    /// Waits for the workers to finish the stage that they are in (some ten milliseconds): ONNX Runtime must
    /// not be in use when the process ends.
    fn drop(&mut self) {
        self.queue.stop();
        for thread in self.threads.drain(..) {
            // A worker's panic has been answered where it happened.
            let _ = thread.join();
        }
    }
}
