//! `face.verify`: whether two photos show one person.

use packstream::Value;

use super::embed;
use super::{Argument, CONFIGURATION, Call, Column, Compute, ProcedureError, Rows, Signature, Tools, Type};
use crate::face::models::Recogniser;
use crate::face::{EmbedOptions, Face, FaceError, Normalization, Select};

#[derive(Debug)]
pub(super) struct Verify;

static SIGNATURE: Signature = Signature {
    name: "face.verify",
    arguments: &[
        Argument { name: "imageUrl1", kind: Type::String, default: None },
        Argument { name: "imageUrl2", kind: Type::String, default: None },
        CONFIGURATION,
    ],
    columns: &[
        Column::new("verified", Type::Boolean),
        Column::new("distance", Type::Float),
        Column::new("threshold", Type::Float),
        Column::new("similarity", Type::Float),
        Column::new("model", Type::String),
    ],
    description: "Tell whether the largest faces of two images are of one person.",
    writes: false,
};

impl Compute for Verify {
    fn signature(&self) -> &'static Signature {
        &SIGNATURE
    }

    fn call<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Call<'a> {
        Box::pin(async move {
            let url = |index| arguments.get(index).and_then(Value::as_str);
            let (Some(first), Some(second)) = (url(0), url(1)) else { return Ok(Rows::new()) };
            let options = embed::options(arguments.get(2), tools)?;
            let options = EmbedOptions { select: Select::Largest, ..options };
            let model = tools.engine().model(options.model.as_deref()).map_err(FaceError::from)?;
            let threshold = threshold(model, options.normalization)?;
            let (first, second) = futures_util::future::join(
                embed::faces(SIGNATURE.name, first, options.clone(), tools),
                embed::faces(SIGNATURE.name, second, options.clone(), tools),
            )
            .await;
            let (first, second) = (first?, second?);
            let (Some(first), Some(second)) = (first.first(), second.first()) else { return Ok(Rows::new()) };
            let distance = distance(first, second);
            Ok(vec![vec![
                Value::Boolean(distance < threshold),
                Value::Float(distance),
                Value::Float(threshold),
                Value::Float(1.0 / (1.0 + distance)),
                Value::String(first.model.to_string()),
            ]])
        })
    }
}

/// The distance below which two faces are one person's.
fn threshold(model: &Recogniser, normalization: Normalization) -> Result<f64, ProcedureError> {
    match normalization {
        Normalization::Calibrated => Ok(f64::from(Recogniser::CALIBRATED_THRESHOLD)),
        // As it is written in the catalogue: 1.055 is not to become 1.0549999475.
        Normalization::L2 => Ok(model.threshold_l2.to_string().parse().unwrap_or(model.threshold_l2.into())),
        Normalization::Raw => Err(super::options::OptionError::Value {
            key: "normalization",
            takes: "one of 'calibrated', 'l2': no model has a threshold for raw vectors".to_owned(),
        }
        .into()),
    }
}

/// The Euclidean distance, to the last bit what a link says of the two vectors.
fn distance(first: &Face, second: &Face) -> f64 {
    let pairs = first.embedding.iter().zip(&second.embedding);
    let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
    pairs.fold(0.0, |sum: f64, pair| sum + square(pair)).sqrt()
}
