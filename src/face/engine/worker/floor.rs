//! What a photo takes at the least.

use std::time::{Duration, Instant};

use super::{Arc, EmbedOptions, FaceError, Pyramid, Worker, align, choose, decode, known, merge};

/// The time of each part of a photo's work that cannot be left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Floor {
    /// Its decoding, at the sizes needed.
    pub decode: Duration,
    /// The detector's runs.
    pub detect: Duration,
    /// The recogniser's runs.
    pub embed: Duration,
}

impl Worker {
    /// Embeds an image by the default model, and tells what the bare decoder and the bare models took of it.
    pub(in crate::face::engine) fn floor(
        &mut self,
        image: &[u8],
        model: &Arc<str>,
    ) -> Result<Floor, FaceError> {
        let mut floor = Floor::default();
        let options = EmbedOptions::default();
        let side = self.side();
        let photo =
            timed(&mut floor.decode, || decode(image, self.max_pixels, |long| Pyramid::needed(long, side)))?;
        let mut pyramid = Pyramid::new(photo, side).ok_or(FaceError::Failed)?;
        let mut found = Vec::new();
        for piece in pyramid.pieces() {
            let level = pyramid.level(piece.level).ok_or(FaceError::Failed)?;
            let tensor = self.detector.tensor(&level.pixels, piece);
            let detected =
                timed(&mut floor.detect, || self.detector.detect(&tensor, options.min_confidence))?;
            found.push(detected.iter().map(|face| face.placed(piece.origin(), &level.place)).collect());
        }
        let chosen = choose(merge(found), &options);
        let needed = self.needed(model, &chosen)?;
        if !pyramid.has(needed) {
            pyramid = pyramid.with(timed(&mut floor.decode, || decode(image, self.max_pixels, |_| needed))?);
        }
        let models = Arc::clone(&self.models);
        for face in &chosen {
            let aligned = align(&pyramid, face, known(&models.catalogue, model)?).ok_or(FaceError::Failed)?;
            let recogniser = self.recogniser(model)?;
            timed(&mut floor.embed, || recogniser.embed(&aligned))?;
        }
        Ok(floor)
    }
}

fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    *sum += began.elapsed();
    done
}
