use std::path::PathBuf;

use image::RgbImage;
use ort::session::SessionInputValue;

use super::*;
use crate::face::models::{Catalogue, Progress, default_directory, fetch};
use crate::face::runtime::environment;

/// The real models, fetched if they are not there.
fn models() -> (Environment, PathBuf, Catalogue) {
    let directory = default_directory().expect("set HOME: the models are kept in the cache folder");
    let catalogue = Catalogue::load(&directory).unwrap();
    let mut silent = |_: Progress<'_>| ();
    if let Err(error) = fetch(&directory, &catalogue, &mut silent) {
        panic!("this test needs the models in {}: {error}", directory.display());
    }
    (environment(&directory, &catalogue).unwrap(), directory, catalogue)
}

/// A picture without a pattern.
fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        image::Rgb([a, b, c])
    })
}

fn whole(image: &RgbImage) -> Piece {
    Piece { level: 0, x: 0, y: 0, width: image.width(), height: image.height() }
}

/// All outputs, by name.
fn outputs(session: &mut Session, input: &Input, tensor: &Tensor) -> Vec<(String, Vec<f32>)> {
    let shape = [1, 3, tensor.height as usize, tensor.width as usize];
    let value: SessionInputValue<'_> =
        TensorRef::from_array_view((shape, tensor.values.as_slice())).unwrap().into();
    let outputs = session.run(ort::inputs![input.name.as_str() => value]).unwrap();
    outputs
        .iter()
        .map(|(name, v)| (name.to_owned(), v.try_extract_tensor::<f32>().unwrap().1.to_vec()))
        .collect()
}

/// The outputs of a model as it is, and as it is after the edit.
fn both(
    environment: &Environment,
    edit: Edit,
    path: PathBuf,
    input: &Input,
    tensor: &Tensor,
) -> [Vec<(String, Vec<f32>)>; 2] {
    let original = fs::read(path).unwrap();
    let changed = edited(&original, edit).unwrap();
    assert!(changed.len() < original.len());
    [original, changed].map(|model| {
        let weights = Weights { name: "test".to_owned(), model };
        outputs(&mut weights.session(environment).unwrap(), input, tensor)
    })
}

#[test]
fn folding_leaves_the_vector_as_it_is() {
    let (environment, directory, catalogue) = models();
    let model = catalogue.recogniser("sface").unwrap();
    let face = noise(112, 112);
    let tensor = Tensor::of_piece(&face, whole(&face), 1, &model.input);
    let path = directory.join(&model.file.name);
    let [original, folded] = both(&environment, Edit::Fold, path, &model.input, &tensor);
    let ([(name, a)], [(_, b)]) = (original.as_slice(), folded.as_slice()) else { panic!("one output") };
    assert_eq!((name.as_str(), a.len(), b.len()), (model.output.as_str(), model.dimension, model.dimension));
    let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < 5e-6, "{largest}");
}

#[test]
fn any_size_leaves_the_detections_as_they_are() {
    let (environment, directory, catalogue) = models();
    let model = catalogue.detector();
    let picture = noise(640, 640);
    let tensor = Tensor::of_piece(&picture, whole(&picture), MULTIPLE, &model.input);
    let path = directory.join(&model.file.name);
    let [original, free] = both(&environment, Edit::AnySize, path, &model.input, &tensor);
    assert_eq!(original, free);
}

#[test]
fn a_smaller_picture_gives_smaller_grids() {
    let (environment, directory, catalogue) = models();
    let weights = Weights::detector(catalogue.detector(), &directory).unwrap();
    let mut detector = FaceDetector::new(&environment, &weights, catalogue.detector()).unwrap();
    for (width, height) in [(33, 65), (640, 480), (1, 1)] {
        let picture = noise(width, height);
        // The grids' sizes are checked where the outputs are read.
        let tensor = detector.tensor(&picture, whole(&picture));
        assert_eq!(detector.detect(&tensor, 0.6).unwrap(), []);
    }
}
