//! `facebolt embed`

mod images;

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use self::images::{Image, found};
use super::settings::Settings;
use super::{CommandError, block_on};
use crate::face::{EmbedOptions, Engine, Face, FaceError, ImageError, Loader};
use crate::server;

/// Embed the faces of images without Neo4j: one JSON line per face
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  facebolt embed photos/ https://example.org/team.png > faces.jsonl
  cat photo.jpg | facebolt embed -

Lines come in the order of the images. Exit status 1: some image failed.")]
pub(super) struct Embed {
    /// Files, folders, http(s) or data: URLs, or - for standard input
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,

    #[command(flatten)]
    settings: Settings,
}

impl Embed {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let config = self.settings.load()?.config;
        let images = found(&self.images);
        let loader = Loader::new(server::policy(&config))?;
        let engine = Engine::start(&server::engine(&config))?;
        // Each worker has one in work, and one that waits or is being loaded.
        let at_once = engine.threads().saturating_mul(2);
        block_on(embed_all(images, &Tools { loader, engine }, at_once))?
    }
}

struct Tools {
    loader: Loader,
    engine: Engine,
}

async fn embed_all(images: Vec<Image>, tools: &Tools, at_once: usize) -> Result<(), CommandError> {
    let all = images.len();
    let bar = bar(all);
    let mut failed = 0;
    let embedded = images.into_iter().map(|image| async move {
        let faces = embed(&image, tools).await;
        (image, faces)
    });
    let mut embedded = stream::iter(embedded).buffered(at_once.max(1));
    while let Some((image, faces)) = embedded.next().await {
        match faces {
            Ok(faces) => {
                let lines: String = faces.iter().map(|face| line(image.name(), face)).collect();
                if !bar.suspend(|| write(&lines))? {
                    break;
                }
            }
            Err(error) => {
                failed += 1;
                // Not eprintln!, which panics when nobody can read it.
                let told = told(&error);
                bar.suspend(|| drop(writeln!(io::stderr(), "facebolt: {}: {told}", image.shown())));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failed == 0 { Ok(()) } else { Err(CommandError::Images { failed, all }) }
}

/// What is wrong. Of a file on the command line the reason is told: it is the user's own.
fn told(error: &FaceError) -> String {
    match error {
        FaceError::Image(ImageError::File(Some(reason))) => format!("cannot read the image: {reason}"),
        error => error.to_string(),
    }
}

/// A bar on a terminal, unless the lines go there too.
fn bar(all: usize) -> ProgressBar {
    let length = u64::try_from(all).unwrap_or(u64::MAX);
    if all < 2 || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    // A template that is not valid would leave the bar as it looks by itself.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} images, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

async fn embed(image: &Image, tools: &Tools) -> Result<Vec<Face>, FaceError> {
    let bytes = image.load(&tools.loader).await?;
    tools.engine.embed(bytes, EmbedOptions::default()).await
}

/// Whether anybody still reads what is written.
fn write(lines: &str) -> Result<bool, CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CommandError::Output(error)),
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
