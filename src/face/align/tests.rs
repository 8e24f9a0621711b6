use image::{Rgb, RgbImage};
use proptest::prelude::*;

use super::{ARCFACE, Points, Similarity, template, warp};
use crate::face::models::{Alignment, Channels, Input, Layout, Template};

fn input(width: u32) -> Input {
    Input {
        name: "x".to_owned(),
        width,
        height: width,
        channels: Channels::Rgb,
        mean: 0.0,
        scale: 1.0,
        layout: Layout::Nchw,
        standardise: false,
    }
}

/// The same least-squares problem in complex numbers, where it has a closed form: with `z` the centred points
/// of `from` and `w` those of `to`, `a + ib` is `sum(w * conj(z)) / sum(|z|^2)`.
fn closed_form(from: &Points, to: &Points) -> (f64, f64) {
    let mean = |points: &Points, axis: usize| points.iter().map(|p| f64::from(p[axis])).sum::<f64>() / 5.0;
    let (mut a, mut b, mut square) = (0.0, 0.0, 0.0);
    for (z, w) in from.iter().zip(to) {
        let (zx, zy) = (f64::from(z[0]) - mean(from, 0), f64::from(z[1]) - mean(from, 1));
        let (wx, wy) = (f64::from(w[0]) - mean(to, 0), f64::from(w[1]) - mean(to, 1));
        a += wx * zx + wy * zy;
        b += wy * zx - wx * zy;
        square += zx * zx + zy * zy;
    }
    (a / square, b / square)
}

proptest! {
    #[test]
    fn the_fit_is_the_closed_form(points in prop::array::uniform5(prop::array::uniform2(-500f32..500.0))) {
        let (a, b) = closed_form(&points, &ARCFACE);
        prop_assume!(a.hypot(b) > 1e-3);
        let fit = Similarity::fit(&points, &ARCFACE).unwrap();
        prop_assert!((fit.a - a).abs() < 1e-6 && (fit.b - b).abs() < 1e-6, "{fit:?} {a} {b}");
    }

    #[test]
    fn a_similarity_is_found_again(turn in -3.0f64..3.0, scale in 0.1f64..10.0, x in -900f64..900.0, y in -900f64..900.0) {
        let known = Similarity { a: scale * turn.cos(), b: scale * turn.sin(), t: [x, y] };
        let to = ARCFACE.map(|p| known.apply(p.map(f64::from)).map(|v| v as f32));
        let fit = Similarity::fit(&ARCFACE, &to).unwrap();
        prop_assert!((fit.scale() / scale - 1.0).abs() < 1e-4);
        for point in ARCFACE.map(|p| p.map(f64::from)) {
            let [back_x, back_y] = fit.inverse().apply(fit.apply(point));
            prop_assert!((back_x - point[0]).hypot(back_y - point[1]) < 1e-9);
            let ([fit_x, fit_y], [known_x, known_y]) = (fit.apply(point), known.apply(point));
            prop_assert!((fit_x - known_x).hypot(fit_y - known_y) < 1e-2);
        }
    }
}

#[test]
fn a_mirrored_face_is_turned_not_mirrored() {
    let mirrored = ARCFACE.map(|[x, y]| [-x, y]);
    let fit = Similarity::fit(&mirrored, &ARCFACE).unwrap();
    let (a, b) = closed_form(&mirrored, &ARCFACE);
    assert!((fit.a - a).abs() < 1e-9 && (fit.b - b).abs() < 1e-9);
}

#[test]
fn points_without_extent_have_no_fit() {
    assert_eq!(Similarity::fit(&[[3.0, 4.0]; 5], &ARCFACE), None);
    assert_eq!(Similarity::fit(&[[f32::NAN, 0.0]; 5], &ARCFACE), None);
}

#[test]
fn the_template_grows_with_the_input() {
    let arcface = Alignment::Named(Template::Arcface);
    assert_eq!(template(arcface, &input(112)), ARCFACE);
    assert_eq!(template(arcface, &input(224))[0], [2.0 * 38.2946, 2.0 * 51.6963]);
    // Points are those of the input.
    assert_eq!(template(Alignment::Points(ARCFACE), &input(224)), ARCFACE);
}

#[test]
fn warping_interpolates_and_is_black_outside() {
    let image = RgbImage::from_fn(4, 4, |x, y| {
        Rgb([u8::try_from(10 * x).unwrap(), u8::try_from(10 * y).unwrap(), 100])
    });
    // Half a pixel to the right and down.
    let shift = Similarity { a: 1.0, b: 0.0, t: [0.5, 0.5] };
    let bgr = Input { channels: Channels::Bgr, mean: 10.0, scale: 2.0, ..input(16) };
    let at = |input: &Input, plane: usize, x: usize, y: usize| {
        warp(&image, &shift, input).values[(plane * 16 + y) * 16 + x]
    };
    let rgb = input(16);
    assert_eq!((at(&rgb, 0, 2, 2), at(&rgb, 1, 2, 3), at(&rgb, 2, 2, 2)), (15.0, 25.0, 100.0));
    // At the corner, three of four neighbours are outside.
    assert_eq!((at(&rgb, 2, 0, 0), at(&rgb, 2, 1, 0), at(&rgb, 2, 4, 4)), (25.0, 50.0, 25.0));
    assert_eq!((at(&rgb, 2, 5, 2), at(&rgb, 2, 15, 15)), (0.0, 0.0));
    assert_eq!((at(&bgr, 0, 2, 2), at(&bgr, 2, 2, 2), at(&bgr, 0, 15, 15)), (180.0, 10.0, -20.0));
}

#[test]
fn a_layout_by_pixels_holds_the_same_values() {
    let image = RgbImage::from_fn(4, 4, |x, y| {
        Rgb([u8::try_from(10 * x).unwrap(), u8::try_from(10 * y).unwrap(), 100])
    });
    let shift = Similarity { a: 1.0, b: 0.0, t: [0.5, 0.5] };
    let planes = warp(&image, &shift, &input(16)).values;
    let pixels = warp(&image, &shift, &Input { layout: Layout::Nhwc, ..input(16) }).values;
    for at in 0..256 {
        assert_eq!(pixels[3 * at..3 * at + 3], [planes[at], planes[256 + at], planes[512 + at]]);
    }
}

#[test]
fn a_standardised_image_has_mean_0_and_deviation_1() {
    let image = RgbImage::from_fn(16, 16, |x, y| Rgb([u8::try_from(x * y).unwrap(), 7, 200]));
    let still = Similarity { a: 1.0, b: 0.0, t: [0.0, 0.0] };
    let values = warp(&image, &still, &Input { standardise: true, ..input(16) }).values;
    let mean = values.iter().sum::<f32>() / 768.0;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 768.0;
    assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
    // All of one colour: not blown up, and no division by nothing.
    let flat = RgbImage::from_pixel(16, 16, Rgb([9; 3]));
    let values = warp(&flat, &still, &Input { standardise: true, ..input(16) }).values;
    assert!(values.iter().all(|value| *value == 0.0));
}
