//! `face.link`, `face.link.stream` and `face.link.stats`: all nodes whose vectors are near each other.

use packstream::{Map, Value};

use super::graph::{GraphError, GraphPlan, LinkPlan, Measure, Output};
use super::options::{OptionError, Options};
use super::{Argument, CONFIGURATION, Column, Graph, Plan, ProcedureError, Signature, Tools, Type};
use crate::cypher::{NodeFilter, Nodes, Relationships};
use crate::face::models::Recogniser;

/// The three of them.
pub(super) const ALL: [Link; 3] = [Link(Kind::Write), Link(Kind::Stream), Link(Kind::Stats)];

#[derive(Debug)]
pub(super) struct Link(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Stream,
    Stats,
}

const ARGUMENTS: [Argument; 2] =
    [Argument { name: "nodeLabel", kind: Type::String, default: None }, CONFIGURATION];

const COUNTS: [Column; 9] = [
    Column::new("nodesCompared", Type::Integer),
    Column::new("pairsFound", Type::Integer),
    Column::new("relationshipsWritten", Type::Integer),
    Column::new("propertiesSet", Type::Integer),
    Column::new("distanceDistribution", Type::Map),
    Column::new("readMillis", Type::Integer),
    Column::new("computeMillis", Type::Integer),
    Column::new("writeMillis", Type::Integer),
    Column::new("configuration", Type::Map),
];

static WRITE: Signature = Signature {
    name: "face.link",
    arguments: &ARGUMENTS,
    columns: &COUNTS,
    description: "Link all nodes with the label whose embeddings are near each other.",
    writes: true,
};

static STREAM: Signature = Signature {
    name: "face.link.stream",
    arguments: &ARGUMENTS,
    columns: &[
        Column::new("node1", Type::Node),
        Column::new("node2", Type::Node),
        Column::new("distance", Type::Float),
        Column::new("similarity", Type::Float),
    ],
    description: "Stream all pairs of nodes with the label whose embeddings are near each other.",
    writes: false,
};

static STATS: Signature = Signature {
    name: "face.link.stats",
    arguments: &ARGUMENTS,
    columns: &COUNTS,
    description: "Count the pairs of nodes with the label whose embeddings are near each other, and write nothing.",
    writes: false,
};

pub(super) const KEYS: [&str; 13] = [
    "nodeProperty",
    "metric",
    "distanceCutoff",
    "similarityCutoff",
    "topK",
    "topN",
    "sourceNodeFilter",
    "targetNodeFilter",
    "undirected",
    "concurrency",
    "writeRelationshipType",
    "writeProperty",
    "batchSize",
];

/// Farther than any two embeddings are, and no overflow when squared.
const MOST_DISTANCE: f64 = 1e100;

/// Below this a similarity excludes nothing that floats tell apart.
const LEAST_SIMILARITY: f64 = 1e-9;

/// What `topK` and `topN` may be at most.
const MOST_PAIRS: u32 = 1_000_000_000;

/// Threads that may be asked for.
const MOST_THREADS: u32 = 1024;

impl Graph for Link {
    fn signature(&self) -> &'static Signature {
        match self.0 {
            Kind::Write => &WRITE,
            Kind::Stream => &STREAM,
            Kind::Stats => &STATS,
        }
    }

    fn plan<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Plan<'a> {
        Box::pin(async move { Ok(GraphPlan::Link(plan(self.0, &arguments, tools)?)) })
    }
}

fn plan(kind: Kind, arguments: &[Value], tools: &Tools) -> Result<LinkPlan, ProcedureError> {
    let label = arguments.first().and_then(Value::as_str).filter(|label| !label.is_empty());
    let label = label.ok_or(GraphError::NoLabel)?.to_owned();
    let given = Options::new(arguments.get(1), &KEYS)?;
    let property = given.name("nodeProperty")?.unwrap_or_else(|| "embedding".to_owned());
    let measure = measure(&given, tools.engine().model(None).map_err(crate::face::FaceError::from)?)?;
    let filters = (filter(&given, "sourceNodeFilter")?, filter(&given, "targetNodeFilter")?);
    let count = |key| given.whole(key, 1, MOST_PAIRS).map(|n| n.and_then(|n| usize::try_from(n).ok()));
    let undirected = given.flag("undirected")?.unwrap_or(true);
    let batch = given.whole("batchSize", 0, MOST_PAIRS)?.filter(|size| *size > 0);
    let relationships = Relationships {
        kind: given.name("writeRelationshipType")?.unwrap_or_else(|| "SAME".to_owned()),
        property: given.name("writeProperty")?.unwrap_or_else(|| "distance".to_owned()),
        undirected,
        batch,
    };
    let nodes = |filter| Nodes { label: label.clone(), property: property.clone(), filter };
    let mut plan = LinkPlan {
        source: nodes(filters.0.clone()),
        target: (filters.0 != filters.1).then(|| nodes(filters.1)),
        measure,
        top_k: count("topK")?,
        top_n: count("topN")?,
        undirected,
        threads: given.whole("concurrency", 0, MOST_THREADS)?.unwrap_or(0).try_into().unwrap_or(0),
        output: Output::Stats,
        configuration: Map::new(),
    };
    plan.configuration = configuration(&plan, &given, (kind == Kind::Write).then_some(&relationships));
    plan.output = match kind {
        Kind::Write => Output::Write(relationships),
        Kind::Stream => Output::Stream,
        Kind::Stats => Output::Stats,
    };
    Ok(plan)
}

/// How near is near.
pub(super) fn measure(given: &Options<'_>, model: &Recogniser) -> Result<Measure, OptionError> {
    let cosine = given.word("metric", |metric| match metric.to_ascii_uppercase().as_str() {
        "EUCLIDEAN" => Ok(false),
        "COSINE" => Ok(true),
        _ => Err("'EUCLIDEAN' or 'COSINE'"),
    })?;
    let cosine = cosine.unwrap_or(false);
    let most = if cosine { 2.0 } else { MOST_DISTANCE };
    let distance = given.number("distanceCutoff", 0.0, most)?;
    let least = if cosine { -1.0 } else { LEAST_SIMILARITY };
    let similarity = given.number("similarityCutoff", least, 1.0)?;
    if distance.is_some() && similarity.is_some() {
        let takes = "left out where 'distanceCutoff' is given".to_owned();
        return Err(OptionError::Value { key: "similarityCutoff", takes });
    }
    // Of unit vectors: d^2 = 2 - 2 cos.
    let threshold = f64::from(model.threshold_l2);
    Ok(match (cosine, distance, similarity) {
        (false, _, Some(cutoff)) => Measure::EuclideanSimilarity(cutoff),
        (false, cutoff, None) => {
            Measure::Distance(cutoff.unwrap_or(f64::from(Recogniser::CALIBRATED_THRESHOLD)))
        }
        (true, _, Some(cutoff)) => Measure::Cosine(cutoff),
        (true, cutoff, None) => Measure::CosineDistance(cutoff.unwrap_or(threshold * threshold / 2.0)),
    })
}

/// A label, or a list of element ids.
fn filter(given: &Options<'_>, key: &'static str) -> Result<Option<NodeFilter>, OptionError> {
    let takes = || OptionError::Value { key, takes: "a label or a list of element ids".to_owned() };
    match given.any(key) {
        None => Ok(None),
        Some(Value::String(label)) if !label.is_empty() => Ok(Some(NodeFilter::Label(label.clone()))),
        Some(Value::List(ids)) => {
            let ids = ids.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(takes));
            Ok(Some(NodeFilter::Ids(ids.collect::<Result<_, _>>()?)))
        }
        Some(_) => Err(takes()),
    }
}

/// The settings in force.
fn configuration(plan: &LinkPlan, given: &Options<'_>, write: Option<&Relationships>) -> Map {
    let (metric, key, cutoff) = match plan.measure {
        Measure::Distance(cutoff) => ("EUCLIDEAN", "distanceCutoff", cutoff),
        Measure::EuclideanSimilarity(cutoff) => ("EUCLIDEAN", "similarityCutoff", cutoff),
        Measure::CosineDistance(cutoff) => ("COSINE", "distanceCutoff", cutoff),
        Measure::Cosine(cutoff) => ("COSINE", "similarityCutoff", cutoff),
    };
    let mut map = Map::from([
        ("nodeLabel", Value::from(plan.source.label.as_str())),
        ("nodeProperty", Value::from(plan.source.property.as_str())),
        ("metric", Value::from(metric)),
        (key, Value::Float(cutoff)),
        ("undirected", Value::Boolean(plan.undirected)),
        ("concurrency", Value::Integer(i64::try_from(plan.threads).unwrap_or(i64::MAX))),
    ]);
    for key in ["topK", "topN", "sourceNodeFilter", "targetNodeFilter"] {
        if let Some(value) = given.any(key) {
            map.insert(key, value.clone());
        }
    }
    if let Some(write) = write {
        map.insert("writeRelationshipType", write.kind.as_str());
        map.insert("writeProperty", write.property.as_str());
        map.insert("batchSize", i64::from(write.batch.unwrap_or(0)));
    }
    map
}
