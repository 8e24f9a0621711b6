//! The promise: `models.toml` describes any recogniser of the kinds that we know, and what is wrong with one is said
//! when we start, by its name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/collage.rs"]
mod collage;
#[path = "support/engine.rs"]
mod engine;
#[path = "support/onnx.rs"]
mod onnx;

use std::fs;
use std::sync::Arc;

use collage::PHOTOS;
use facebolt::face::models::{Catalogue, default_directory};
use facebolt::face::{EmbedOptions, Engine, EngineConfig, Face, Normalization};
use onnx::Window;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A models directory with the detector, but without SFace.
struct Models {
    folder: TempDir,
    catalogue: String,
}

/// What `models.toml` says of a recogniser.
#[derive(Clone)]
struct Entry {
    name: &'static str,
    input: &'static str,
    sides: u32,
    more: &'static str,
    output: &'static str,
    dimension: u32,
    alignment: &'static str,
}

/// `(pixel - 127.5) / 128`, plane by plane, as facenet-pytorch's.
const FACENET_512: Entry = Entry {
    name: "facenet512",
    input: "input",
    sides: 160,
    more: r#"channels = "rgb", mean = 127.5, scale = 0.0078125"#,
    output: "embedding",
    dimension: 512,
    alignment: "[[54.0, 62.0], [106.0, 62.0], [80.0, 92.0], [59.0, 122.0], [101.0, 122.0]]",
};

/// Standardised, pixel by pixel, as the Keras model that DeepFace uses.
const FACENET_128: Entry = Entry {
    name: "facenet128",
    input: "input_1",
    sides: 160,
    more: r#"channels = "rgb", mean = 0.0, scale = 1.0, layout = "nhwc", standardise = true"#,
    output: "Bottleneck_BatchNorm",
    dimension: 128,
    alignment: "\"arcface\"",
};

/// `(pixel - 127.5) / 127.5`, as InsightFace's.
const ARCFACE: Entry = Entry {
    name: "arcface",
    input: "input.1",
    sides: 112,
    more: r#"channels = "rgb", mean = 127.5, scale = 0.00784313725"#,
    output: "683",
    dimension: 512,
    alignment: "\"arcface\"",
};

impl Entry {
    /// A network that fits it. Its vector begins in the middle of the picture.
    fn window(&self) -> Window<'static> {
        let sides = u64::from(self.sides);
        let (shape, row) = if self.more.contains("nhwc") {
            ([0, sides, sides, 3], 3 * sides)
        } else {
            ([0, 3, sides, sides], sides)
        };
        let dimension = u64::from(self.dimension);
        Window { input: self.input, shape, output: self.output, from: row * (sides / 2), dimension }
    }

    fn toml(&self, sum: &str) -> String {
        let Entry { name, input, sides, more, output, dimension, alignment } = self;
        format!(
            "[[recogniser]]\nname = \"{name}\"\noutput = \"{output}\"\ndimension = {dimension}\nthreshold_l2 = 1.1\n\
             alignment = {alignment}\ninput = {{ name = \"{input}\", width = {sides}, height = {sides}, {more} }}\n\
             file = {{ name = \"{name}.onnx\", sha256 = \"{sum}\", licence = \"MIT\" }}\n"
        )
    }
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Models {
    fn new() -> Models {
        engine::engine(); // Fetches the models and loads ONNX Runtime, of which a process has one.
        let (folder, ours) = (tempfile::tempdir().unwrap(), default_directory().unwrap());
        let catalogue = Catalogue::load(&ours).unwrap();
        for file in [&catalogue.detector().file, &catalogue.runtime().unwrap().file] {
            std::os::unix::fs::symlink(ours.join(&file.name), folder.path().join(&file.name)).unwrap();
        }
        Models { folder, catalogue: String::new() }
    }

    /// With this recogniser, whose file is `onnx`.
    fn with_file(mut self, entry: &Entry, onnx: &[u8]) -> Models {
        fs::write(self.folder.path().join(format!("{}.onnx", entry.name)), onnx).unwrap();
        self.catalogue += &entry.toml(&sum(onnx));
        self
    }

    fn with(self, entry: &Entry) -> Models {
        let onnx = entry.window().onnx();
        self.with_file(entry, &onnx)
    }

    fn start(&self, default: &str) -> Result<Engine, String> {
        fs::write(self.folder.path().join(Catalogue::FILE), &self.catalogue).unwrap();
        let config = EngineConfig {
            models_directory: Some(self.folder.path().to_owned()),
            model: default.to_owned(),
            threads: 1,
            ..EngineConfig::default()
        };
        // All that a user reads of it.
        Engine::start(&config).map_err(|error| error.to_string())
    }
}

async fn raw(engine: &Engine, model: Option<&str>) -> Face {
    let options = EmbedOptions {
        model: model.map(Arc::from),
        normalization: Normalization::Raw,
        ..EmbedOptions::default()
    };
    let mut faces = engine.embed(PHOTOS[4].bytes().into(), options).await.unwrap();
    assert_eq!(faces.len(), 1);
    faces.remove(0)
}

#[tokio::test]
async fn every_kind_of_recogniser_is_fed_as_it_is_described() {
    let models = Models::new().with(&FACENET_512).with(&FACENET_128).with(&ARCFACE);
    let engine = models.start("facenet512").unwrap();
    let named = |name: &'static str| EmbedOptions { model: Some(name.into()), ..EmbedOptions::default() };

    // By default, and by name. Vectors say whose they are.
    let face = raw(&engine, None).await;
    assert_eq!((&*face.model, face.embedding.len()), ("facenet512", 512));
    assert!(engine.is_loaded("facenet512") && !engine.is_loaded("facenet128"));
    // What is put out is what was put in: pixels of a face, brought to the range that was asked for.
    let of_pixel = |mean: f32, scale: f32| move |value: &f32| value / scale + mean;
    let pixels: Vec<f32> = face.embedding.iter().map(of_pixel(127.5, 0.007_812_5)).collect();
    assert!(pixels.iter().all(|pixel| (-0.01..255.01).contains(pixel)), "{pixels:?}");
    assert!(pixels.iter().any(|pixel| *pixel > 100.0), "{pixels:?}");

    // Pixel by pixel: skin, so that red is more than blue nearly everywhere.
    let face = raw(&engine, Some("facenet128")).await;
    assert_eq!((&*face.model, face.embedding.len()), ("facenet128", 128));
    let redder = face.embedding.chunks_exact(3).filter(|pixel| pixel[0] > pixel[2]).count();
    assert!(redder > 30, "{redder} of 42");
    assert!(face.embedding.iter().all(|value| value.abs() < 6.0));
    // Which the order of the channels turns round.
    let bgr = Entry {
        more: r#"channels = "bgr", mean = 0.0, scale = 1.0, layout = "nhwc", standardise = true"#,
        ..FACENET_128
    };
    let other = Models::new().with(&bgr).start("facenet128").unwrap();
    let turned = raw(&other, None).await;
    assert_eq!(turned.embedding[0], face.embedding[2]);
    assert_eq!(turned.embedding[2], face.embedding[0]);

    let face = raw(&engine, Some("arcface")).await;
    assert_eq!((&*face.model, face.embedding.len()), ("arcface", 512));
    assert!(face.embedding.iter().all(|value| (-1.001..1.001).contains(value)));
    assert!(engine.is_loaded("arcface"));

    // Calibrated by its own threshold.
    let face = &engine.embed(PHOTOS[4].bytes().into(), named("arcface")).await.unwrap()[0];
    let norm = face.embedding.iter().map(|value| value * value).sum::<f32>().sqrt();
    assert!((norm - 10.0 / 1.1).abs() < 1e-3, "{norm}");
    // The one that we know of ourselves is not there, which matters only to who asks for it.
    let error = engine.embed(PHOTOS[4].bytes().into(), named("sface")).await.unwrap_err().to_string();
    assert!(error.contains("'sface'") && error.contains("facebolt models fetch"), "{error}");
}

#[test]
fn what_is_wrong_with_a_model_is_said_at_the_start() {
    let says = |models: Models, default: &str, parts: &[&str]| {
        let error = models.start(default).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}: not {parts:?}");
    };
    let fits = ARCFACE.window();
    // By the default model, and by another one that is described beside it.
    for default in ["arcface", "facenet128"] {
        let models = || if default == "arcface" { Models::new() } else { Models::new().with(&FACENET_128) };
        let with = |window: Window<'_>| models().with_file(&ARCFACE, &window.onnx());

        let missing = models().with(&ARCFACE);
        fs::remove_file(missing.folder.path().join("arcface.onnx")).unwrap();
        says(missing, default, &["'arcface'", "is not in "]);
        let wrong = models().with(&ARCFACE);
        fs::write(wrong.folder.path().join("arcface.onnx"), "something else").unwrap();
        says(wrong, default, &["'arcface'", "SHA-256"]);
        says(models().with_file(&ARCFACE, b"no network"), default, &["'arcface'", "ONNX"]);
        says(models().with_file(&ARCFACE, b""), default, &["'arcface'"]);

        says(with(Window { input: "data", ..fits }), default, &["'arcface'", "no input 'input.1', but data"]);
        says(with(Window { output: "fc1", ..fits }), default, &["'arcface'", "no output '683', but fc1"]);
        let larger = Window { shape: [1, 3, 160, 160], ..fits };
        says(with(larger), default, &["'arcface'", "the input 'input.1' is of the shape [1, 3, 160, 160]"]);
        let pixels = Window { shape: [1, 112, 112, 3], ..fits };
        says(with(pixels), default, &["'arcface'", "not [1, 3, 112, 112]"]);
        let batch = Window { shape: [8, 3, 112, 112], ..fits };
        says(with(batch), default, &["'arcface'", "[8, 3, 112, 112]"]);
        let shorter = Window { dimension: 128, ..fits };
        says(with(shorter), default, &["'arcface'", "the output '683'", "not of 512 values"]);
        // And what fits does start.
        assert!(with(Window { shape: [0, 3, 0, 0], ..fits }).start(default).is_ok());
        assert!(with(Window { shape: [1, 3, 112, 112], ..fits }).start(default).is_ok());
    }
    says(Models::new().with(&ARCFACE), "nobody", &["'nobody'", "sface, arcface"]);
    says(Models::new(), "sface", &["'sface'", "facebolt models fetch"]);
}

#[test]
fn what_is_wrong_with_the_catalogue_or_the_detector_is_said_at_the_start() {
    let mut models = Models::new().with(&ARCFACE);
    models.catalogue = models.catalogue.replace("threshold_l2 = 1.1", "threshold_l2 = 11");
    let error = models.start("arcface").unwrap_err();
    assert!(error.contains("models.toml: threshold_l2 of \"arcface\""), "{error}");
    let mut models = Models::new().with(&ARCFACE);
    models.catalogue = models.catalogue.replace("dimension", "dimensions");
    let error = models.start("arcface").unwrap_err();
    assert!(error.contains("models.toml is not a catalogue") && error.contains("dimensions"), "{error}");

    // A recogniser in the place of the detector.
    let window = Window { shape: [1, 3, 640, 640], ..ARCFACE.window() };
    let onnx = window.onnx();
    let mut models = Models::new().with(&ARCFACE);
    fs::write(models.folder.path().join("detector.onnx"), &onnx).unwrap();
    let entry = format!(
        "[detector]\nname = \"mine\"\ninput = {{ name = \"input.1\", width = 640, height = 640, channels = \"bgr\", mean = 0, \
         scale = 1 }}\nfile = {{ name = \"detector.onnx\", sha256 = \"{}\", licence = \"MIT\" }}\n",
        sum(&onnx)
    );
    models.catalogue += &entry;
    let error = models.start("arcface").unwrap_err();
    assert!(error.contains("'mine'") && error.contains("no output 'cls_8'"), "{error}");
}
