//! Pixels as a network wants them: planes of f32, normalised.

// Sizes come from images in memory, so their products fit usize.
#![allow(clippy::cast_possible_truncation)]

use image::RgbImage;

use super::models::{Channels, Input};
use super::pyramid::Piece;

/// Planes of `width` x `height` values, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) values: Vec<f32>,
}

/// Which of red, green and blue each plane holds.
pub(super) fn planes(channels: Channels) -> [usize; 3] {
    match channels {
        Channels::Rgb => [0, 1, 2],
        Channels::Bgr => [2, 1, 0],
    }
}

impl Tensor {
    /// A tensor all black.
    pub(super) fn black(width: u32, height: u32, input: &Input) -> Tensor {
        let length = 3 * width as usize * height as usize;
        Tensor { width, height, values: vec![normal(0.0, input); length] }
    }

    /// A piece of `image`, padded with black at the right and the bottom to multiples of `multiple`.
    pub(super) fn of_piece(image: &RgbImage, piece: Piece, multiple: u32, input: &Input) -> Tensor {
        let (width, height) =
            (piece.width.next_multiple_of(multiple), piece.height.next_multiple_of(multiple));
        let mut tensor = Tensor::black(width, height, input);
        let row_length = 3 * image.width() as usize;
        let (left, columns) = (3 * piece.x as usize, 3 * piece.width as usize);
        let rows = image.as_raw().chunks_exact(row_length).skip(piece.y as usize).take(piece.height as usize);
        let (first, others) = tensor.values.split_at_mut(width as usize * height as usize);
        let (second, third) = others.split_at_mut(width as usize * height as usize);
        let (red, green, blue) = match input.channels {
            Channels::Rgb => (first, second, third),
            Channels::Bgr => (third, second, first),
        };
        let planes = [red, green, blue].map(|plane| plane.chunks_exact_mut(width as usize));
        let [red, green, blue] = planes;
        for (((from, red), green), blue) in rows.zip(red).zip(green).zip(blue) {
            let from = from.get(left..left + columns).unwrap_or_default().as_chunks::<3>().0;
            for (((pixel, red), green), blue) in from.iter().zip(red).zip(green).zip(blue) {
                let [r, g, b] = pixel.map(|value| normal(f32::from(value), input));
                (*red, *green, *blue) = (r, g, b);
            }
        }
        tensor
    }
}

/// The network's value for a pixel of 0 to 255.
pub(super) fn normal(pixel: f32, input: &Input) -> f32 {
    (pixel - input.mean) * input.scale
}
