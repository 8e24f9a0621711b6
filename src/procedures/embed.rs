//! `face.embed`: one photo in, one row per face out.

use std::sync::Arc;
use std::time::Instant;

use packstream::{Map, Value};
use tracing::Instrument;

use super::options::{OptionError, Options};
use super::{Argument, CONFIGURATION, Call, Column, Compute, ProcedureError, Rows, Signature, Tools, Type};
use crate::face::{Area, EmbedOptions, Face, ImageError, Source};
use crate::metrics::{self, Stage};

#[derive(Debug)]
pub(super) struct Embed;

static SIGNATURE: Signature = Signature {
    name: "face.embed",
    arguments: &[Argument { name: "imageUrl", kind: Type::String, default: None }, CONFIGURATION],
    columns: &[
        Column::new("embedding", Type::FloatList),
        Column::new("index", Type::Integer),
        Column::new("confidence", Type::Float),
        Column::map("area", &AREA),
        Column::new("quality", Type::Float),
        Column::new("model", Type::String),
    ],
    description: "Find the faces of an image and embed each of them, the largest face first.",
    writes: false,
};

pub(super) const AREA: [(&str, Type); 9] = [
    ("x", Type::Float),
    ("y", Type::Float),
    ("w", Type::Float),
    ("h", Type::Float),
    ("left_eye", Type::FloatList),
    ("right_eye", Type::FloatList),
    ("nose", Type::FloatList),
    ("mouth_left", Type::FloatList),
    ("mouth_right", Type::FloatList),
];

pub(super) const KEYS: [&str; 7] =
    ["model", "normalization", "minConfidence", "minSize", "maxFaces", "select", "onNoFace"];

impl Compute for Embed {
    fn signature(&self) -> &'static Signature {
        &SIGNATURE
    }

    fn call<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Call<'a> {
        Box::pin(async move {
            let Some(url) = arguments.first().and_then(Value::as_str) else { return Ok(Rows::new()) };
            let options = options(arguments.get(1), tools)?;
            Ok(faces(SIGNATURE.name, url, options, tools).await?.iter().map(row).collect())
        })
    }
}

/// The faces of an image, on behalf of the procedure of this name.
pub(super) async fn faces(
    name: &'static str,
    url: &str,
    options: EmbedOptions,
    tools: &Tools,
) -> Result<Arc<[Face]>, ProcedureError> {
    let source = Source::parse(url, tools.loader.policy())?;
    let work = async {
        let fetching = Instant::now();
        let loading = tools.loader.load(&source).instrument(Stage::Fetch.span(name));
        let image = loading.await.inspect_err(|error| {
            if let ImageError::Fetch(failure) = error {
                metrics::fetch_failure(failure.label());
            }
        })?;
        metrics::native_seconds(name, Stage::Fetch, fetching.elapsed());
        let embedding = Instant::now();
        let (faces, origin) = tools.embedder.embed(image, options).instrument(Stage::Embed.span(name)).await;
        metrics::image(origin.label());
        let faces = faces?;
        metrics::native_seconds(name, Stage::Embed, embedding.elapsed());
        metrics::faces_found(u64::try_from(faces.len()).unwrap_or(u64::MAX));
        Ok(faces)
    };
    tools.image(work).await
}

/// What a configuration map says of embedding.
pub(super) fn options(argument: Option<&Value>, tools: &Tools) -> Result<EmbedOptions, ProcedureError> {
    let given = Options::new(argument, &KEYS)?;
    let default = EmbedOptions::default();
    let model = given.word("model", |name| Ok::<_, OptionError>(name.to_owned()))?;
    tools.engine().model(model.as_deref()).map_err(crate::face::FaceError::from)?;
    let most = u32::try_from(EmbedOptions::MAX_FACES).unwrap_or(u32::MAX);
    Ok(EmbedOptions {
        model: model.map(Into::into),
        normalization: given.word("normalization", str::parse)?.unwrap_or(default.normalization),
        min_confidence: given.number("minConfidence", 0.0, 1.0)?.map_or(default.min_confidence, narrow),
        min_size: given.whole("minSize", 0, u32::MAX)?.unwrap_or(default.min_size),
        max_faces: match given.whole("maxFaces", 1, most)? {
            Some(faces) => usize::try_from(faces).unwrap_or(default.max_faces),
            None => default.max_faces,
        },
        select: given.word("select", str::parse)?.unwrap_or(default.select),
        on_no_face: given.word("onNoFace", str::parse)?.unwrap_or(default.on_no_face),
    })
}

/// The nearest f32: scores have no more digits than that.
#[allow(clippy::cast_possible_truncation)]
fn narrow(number: f64) -> f32 {
    number as f32
}

/// The columns of one face.
pub(super) fn row(face: &Face) -> Vec<Value> {
    let embedding = face.embedding.iter().map(|value| Value::Float(f64::from(*value))).collect();
    vec![
        Value::List(embedding),
        Value::Integer(i64::try_from(face.index).unwrap_or(i64::MAX)),
        Value::Float(f64::from(face.confidence)),
        Value::Map(area(&face.area)),
        Value::Float(f64::from(face.quality)),
        Value::String(face.model.to_string()),
    ]
}

fn area(area: &Area) -> Map {
    let number = |value: f32| Value::Float(f64::from(value));
    let point = |point: [f32; 2]| Value::List(point.map(number).to_vec());
    Map::from([
        ("x", number(area.x)),
        ("y", number(area.y)),
        ("w", number(area.w)),
        ("h", number(area.h)),
        ("left_eye", point(area.left_eye)),
        ("right_eye", point(area.right_eye)),
        ("nose", point(area.nose)),
        ("mouth_left", point(area.mouth_left)),
        ("mouth_right", point(area.mouth_right)),
    ])
}
