//! `face.search`: the nodes whose embeddings are nearest to a face.

use packstream::Value;

use super::graph::{GraphError, GraphPlan, Measure, SearchPlan};
use super::options::Options;
use super::{Argument, CONFIGURATION, Column, Graph, Plan, ProcedureError, Signature, Tools, Type};
use crate::cypher::Nodes;
use crate::face::EmbedOptions;
use crate::face::models::Recogniser;

#[derive(Debug)]
pub(super) struct Search;

static SIGNATURE: Signature = Signature {
    name: "face.search",
    arguments: &[Argument { name: "query", kind: Type::Any, default: None }, CONFIGURATION],
    columns: &[
        Column::new("node", Type::Node),
        Column::new("distance", Type::Float),
        Column::new("similarity", Type::Float),
        Column::new("index", Type::Integer),
    ],
    description: "Find the nodes whose embeddings are nearest to an embedding, or to each face of an image.",
    writes: false,
};

pub(super) const KEYS: [&str; 4] = ["nodeLabel", "nodeProperty", "distanceCutoff", "topK"];

/// How many may be found of each face, and by default.
const MOST: u32 = 1_000_000;
const TOP_K: u32 = 10;

impl Graph for Search {
    fn signature(&self) -> &'static Signature {
        &SIGNATURE
    }

    fn plan<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Plan<'a> {
        Box::pin(async move {
            let given = Options::new(arguments.get(1), &KEYS)?;
            let cutoff = given.number("distanceCutoff", 0.0, 1e100)?;
            let cutoff = cutoff.unwrap_or(f64::from(Recogniser::CALIBRATED_THRESHOLD));
            let name =
                |key, default: &str| Ok::<_, ProcedureError>(given.name(key)?.unwrap_or(default.to_owned()));
            let nodes = Nodes {
                label: name("nodeLabel", "Face")?,
                property: name("nodeProperty", "embedding")?,
                filter: None,
            };
            let top_k = given.whole("topK", 1, MOST)?.unwrap_or(TOP_K);
            let queries = match arguments.first() {
                None | Some(Value::Null) => return Ok(GraphPlan::Nothing),
                Some(Value::String(image)) => faces(image, tools).await?,
                Some(Value::List(elements)) => vec![embedding(elements).ok_or(GraphError::NoQuery)?],
                Some(_) => return Err(GraphError::NoQuery.into()),
            };
            let measure = Measure::Distance(cutoff);
            let top_k = usize::try_from(top_k).unwrap_or(usize::MAX);
            Ok(GraphPlan::Search(SearchPlan { nodes, queries, measure, top_k }))
        })
    }
}

/// The embeddings of an image's faces.
async fn faces(image: &str, tools: &Tools) -> Result<Vec<Vec<f64>>, ProcedureError> {
    let faces = super::embed::faces(SIGNATURE.name, image, EmbedOptions::default(), tools).await?;
    let wide = |face: &crate::face::Face| face.embedding.iter().map(|x| f64::from(*x)).collect();
    Ok(faces.iter().map(wide).collect())
}

fn embedding(elements: &[Value]) -> Option<Vec<f64>> {
    let number = |element: &Value| match element {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    };
    elements.iter().map(number).collect()
}
