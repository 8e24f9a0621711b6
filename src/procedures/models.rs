//! `face.models`: the recognisers that there are.

use packstream::Value;

use super::{Call, Column, Compute, Signature, Tools, Type};
use crate::face::models::Recogniser;

#[derive(Debug)]
pub(super) struct Models;

static SIGNATURE: Signature = Signature {
    name: "face.models",
    arguments: &[],
    columns: &[
        Column::new("name", Type::String),
        Column::new("dimension", Type::Integer),
        Column::new("distanceCutoff", Type::Float),
        Column::new("licence", Type::String),
        Column::new("source", Type::String),
        Column::new("loaded", Type::Boolean),
    ],
    description: "List the models that embed faces.",
    writes: false,
};

impl Compute for Models {
    fn signature(&self) -> &'static Signature {
        &SIGNATURE
    }

    fn call<'a>(&'a self, _: Vec<Value>, tools: &'a Tools) -> Call<'a> {
        let row = |model: &Recogniser| {
            // Where it is fetched from; null: users put it there.
            let source = model.file.source.as_ref().map(ToString::to_string);
            vec![
                Value::String(model.name.clone()),
                Value::Integer(i64::try_from(model.dimension).unwrap_or(i64::MAX)),
                Value::Float(Recogniser::CALIBRATED_THRESHOLD.into()),
                Value::String(model.file.licence.clone()),
                source.map_or(Value::Null, Value::String),
                Value::Boolean(tools.engine().is_loaded(&model.name)),
            ]
        };
        Box::pin(async move { Ok(tools.engine().catalogue().recognisers().iter().map(row).collect()) })
    }
}
