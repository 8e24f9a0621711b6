//! Models, ONNX Runtime, and one face through them.

use std::time::Instant;

use bytes::Bytes;

use super::super::models::directory;
use super::{Answer, whole};
use crate::config::Config;
use crate::face::{EmbedOptions, Engine, EngineConfig, Loader};
use crate::server;

/// A face: a cut of tests/photos/obama.jpg, see the credits there.
pub(super) const FACE: &[u8] = include_bytes!("face.jpg");

/// Loads everything that `serve` would, on one thread.
pub(super) fn start(config: &Config) -> (Answer, Option<Engine>) {
    let directory = match directory(config) {
        Ok(directory) => directory,
        Err(error) => return (Answer::Failed(error.to_string()), None),
    };
    match Engine::start(&EngineConfig { threads: 1, ..server::engine(config) }) {
        Ok(engine) => {
            let text = format!("{} and ONNX Runtime are in {}", config.models.default, directory.display());
            (Answer::Ok(text), Some(engine))
        }
        Err(error) => (Answer::Failed(whole(&error)), None),
    }
}

/// Embeds the face.
pub(super) async fn embed(config: &Config, engine: Option<Engine>) -> Answer {
    if let Err(error) = Loader::new(server::policy(config)) {
        return Answer::Failed(whole(&error));
    }
    let Some(engine) = engine else { return Answer::Unknown("there are no models to do it with".to_owned()) };
    let began = Instant::now();
    match engine.embed(Bytes::from_static(FACE), EmbedOptions::default()).await {
        Ok(faces) if faces.len() == 1 => Answer::Ok(format!("one face in {:.0?}", began.elapsed())),
        Ok(faces) => Answer::Failed(format!(
            "{} faces were found on a picture of one: the models are not those of models.toml",
            faces.len()
        )),
        Err(error) => Answer::Failed(whole(&error)),
    }
}
