//! `face.embedBatch`: many photos in, the rows of each or the reason why it has none.

use futures_util::stream::{self, StreamExt};
use packstream::Value;

use super::embed::{self, AREA};
use super::{Argument, CONFIGURATION, Call, Column, Compute, ProcedureError, Rows, Signature, Tools, Type};
use crate::face::{EmbedOptions, FaceError, OnNoFace};

#[derive(Debug)]
pub(super) struct EmbedBatch;

static SIGNATURE: Signature = Signature {
    name: "face.embedBatch",
    arguments: &[Argument { name: "imageUrls", kind: Type::StringList, default: None }, CONFIGURATION],
    columns: &[
        Column::new("position", Type::Integer),
        Column::new("embedding", Type::FloatList),
        Column::new("index", Type::Integer),
        Column::new("confidence", Type::Float),
        Column::map("area", &AREA),
        Column::new("quality", Type::Float),
        Column::new("model", Type::String),
        Column::new("error", Type::String),
    ],
    description: "Find and embed the faces of many images; one that fails gives a row with the reason.",
    writes: false,
};

impl Compute for EmbedBatch {
    fn signature(&self) -> &'static Signature {
        &SIGNATURE
    }

    fn call<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Call<'a> {
        Box::pin(async move {
            let mut arguments = arguments.into_iter();
            let Some(Value::List(urls)) = arguments.next() else { return Ok(Rows::new()) };
            // That an image has no face is told in its row, whatever else it would mean.
            let options = embed::options(arguments.next().as_ref(), tools)?;
            let options = EmbedOptions { on_no_face: OnNoFace::Error, ..options };
            let images = urls.into_iter().map(|url| image(url, options.clone(), tools));
            // In order; how many are in work is for the statement to say.
            let mut images = stream::iter(images).buffered(tools.width());
            let (mut rows, mut position) = (Rows::new(), 0);
            while let Some(image) = images.next().await {
                rows.extend(image?.into_iter().map(|mut row| {
                    row.insert(0, Value::Integer(position));
                    row
                }));
                position += 1;
            }
            Ok(rows)
        })
    }
}

/// The rows of one image but for its position. What no image of the batch can do without is an error.
async fn image(url: Value, options: EmbedOptions, tools: &Tools) -> Result<Rows, ProcedureError> {
    let failed = |reason: String| {
        let mut row = vec![Value::Null; SIGNATURE.columns.len() - 2];
        row.push(Value::String(reason));
        Ok(vec![row])
    };
    let Some(url) = url.as_str() else { return failed("the image is null".to_owned()) };
    match embed::faces(SIGNATURE.name, url, options, tools).await {
        Ok(faces) => {
            let rows = faces.iter().map(|face| {
                let mut row = embed::row(face);
                row.push(Value::Null);
                row
            });
            Ok(rows.collect())
        }
        Err(ProcedureError::Face(error))
            if matches!(*error, FaceError::Model(_) | FaceError::Stopped | FaceError::Busy) =>
        {
            Err(error.into())
        }
        Err(error) => failed(error.to_string()),
    }
}
