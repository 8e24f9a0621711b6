//! Photos to faces to embeddings.
//!
//! An image [`Source`] is loaded by a [`Loader`] under a [`Policy`]; an [`Engine`] turns its bytes into
//! [`Face`]s on worker threads of its own. What the models are, and how they get onto this machine, is in
//! [`models`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use facebolt::face::{EmbedOptions, Engine, EngineConfig, Loader, Policy, Source};
//!
//! let loader = Loader::new(Policy::default())?;
//! let engine = Engine::start(&EngineConfig::default())?;
//! let source = Source::parse("https://example.org/photo.jpg", loader.policy())?;
//! let bytes = loader.load(&source).await?;
//! for face in engine.embed(bytes, EmbedOptions::default()).await? {
//!     println!("{} {:?}", face.confidence, face.area);
//! }
//! # Ok(())
//! # }
//! ```

mod align;
mod detect;
mod embedder;
mod engine;
mod error;
mod graph;
mod loader;
pub mod models;
mod network;
mod options;
mod pixels;
mod policy;
mod pyramid;
mod runtime;
mod source;
mod tensor;

pub use embedder::{Embedder, Origin, Outcome};
pub use engine::{Engine, EngineConfig};
#[doc(hidden)]
pub use engine::{Floor, floor};
pub use error::{FaceError, FetchFailure, ImageError, LoaderError, ModelError, RuntimeError, StartError};
pub use loader::Loader;
pub use options::{Area, EmbedOptions, Face, Normalization, OnNoFace, Select, UnknownChoice};
pub use policy::{AllowedHost, HostError, Policy};
pub use source::Source;
