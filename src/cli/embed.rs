//! `facebolt embed`

use std::io::{IsTerminal as _, Read as _};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::settings::Settings;
use super::{CommandError, block_on, print};
use crate::face::{EmbedOptions, Engine, Face, FaceError, ImageError, Loader, Source};
use crate::server;

/// Embed the faces of images without Neo4j: one JSON line per face
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  facebolt embed photo.jpg https://example.org/team.png | head -1
  cat photo.jpg | facebolt embed -")]
pub(super) struct Embed {
    /// Files, http(s) or data: URLs, or - for standard input
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,

    #[command(flatten)]
    settings: Settings,
}

impl Embed {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let config = self.settings.load()?.config;
        let loader = Loader::new(server::policy(&config))?;
        let engine = Engine::start(&server::engine(&config))?;
        block_on(embed_all(&self.images, &loader, &engine, config.images.max_bytes))?
    }
}

async fn embed_all(
    images: &[String],
    loader: &Loader,
    engine: &Engine,
    most: usize,
) -> Result<(), CommandError> {
    let bar = if std::io::stdout().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
    bar.set_length(images.len().try_into().unwrap_or(u64::MAX));
    let mut failed = 0;
    for image in images {
        match embed(image, loader, engine, most).await {
            Ok(faces) => bar.suspend(|| faces.iter().try_for_each(|face| print(&line(image, face))))?,
            Err(error) => {
                failed += 1;
                bar.println(format!("facebolt: {image}: {error}"));
                if bar.is_hidden() {
                    eprintln!("facebolt: {image}: {error}");
                }
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failed == 0 { Ok(()) } else { Err(CommandError::Images { failed, all: images.len() }) }
}

async fn embed(image: &str, loader: &Loader, engine: &Engine, most: usize) -> Result<Vec<Face>, FaceError> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let bytes = if image == "-" {
        read(std::io::stdin().lock(), limit)?
    } else if image.contains("://") || image.starts_with("data:") {
        loader.load(&Source::parse(image, loader.policy())?).await?.into()
    } else {
        read(std::fs::File::open(image).map_err(|error| ImageError::File(Some(error)))?, limit)?
    };
    engine.embed(bytes.into(), EmbedOptions::default()).await
}

fn read(from: impl std::io::Read, limit: u64) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read = from.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    match read.map(u64::try_from) {
        Ok(Ok(length)) if length <= limit => Ok(bytes),
        Ok(_) => Err(ImageError::TooLarge { limit }),
        Err(error) => Err(ImageError::File(Some(error))),
    }
}

fn line(image: &str, face: &Face) -> String {
    let area = &face.area;
    let line = json!({
        "image": image,
        "index": face.index,
        "confidence": face.confidence,
        "quality": face.quality,
        "model": &*face.model,
        "area": {
            "x": area.x, "y": area.y, "w": area.w, "h": area.h,
            "left_eye": area.left_eye, "right_eye": area.right_eye, "nose": area.nose,
            "mouth_left": area.mouth_left, "mouth_right": area.mouth_right,
        },
        "embedding": face.embedding,
    });
    format!("{line}\n")
}
