//! The procedures: what each is called, takes and yields. Adding one is one file and one line in
//! [`Registry::new`].

mod arguments;
mod batch;
mod coerce;
#[cfg(test)]
mod documented;
mod embed;
mod given;
mod graph;
mod link;
mod listing;
mod models;
mod options;
mod search;
mod tools;
mod verify;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use packstream::Value;

use crate::cypher::Field;
use crate::face::{FaceError, ImageError};

pub(crate) use arguments::{ArgumentError, CoerceError, Given, RowError, check, fill};
pub(crate) use graph::{GraphError, GraphPlan, LinkPlan, Measure, Output, SearchPlan};
pub(crate) use listing::{functions, procedures as listing};
pub(crate) use tools::{Places, Tools};

/// A type of Cypher, as far as signatures need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    String,
    Integer,
    Float,
    Map,
    FloatList,
    StringList,
    Boolean,
    Node,
    Any,
}

/// An argument of a procedure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    /// What stands for it where it is left out; `None`: it must be given.
    pub(crate) default: Option<Default>,
}

/// The default of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Default {
    /// `{}`
    EmptyMap,
}

/// A column that a procedure yields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    /// What a map holds, in this order; empty for other types.
    pub(crate) entries: &'static [(&'static str, Type)],
}

impl Column {
    const fn new(name: &'static str, kind: Type) -> Self {
        Self { name, kind, entries: &[] }
    }

    const fn map(name: &'static str, entries: &'static [(&'static str, Type)]) -> Self {
        Self { name, kind: Type::Map, entries }
    }

    /// How it comes back through CSV.
    pub(crate) fn field(&self) -> Field {
        self.kind.field(self.entries)
    }
}

/// What is known of a procedure without calling it.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [Argument],
    pub(crate) columns: &'static [Column],
    pub(crate) description: &'static str,
    /// Does it write to the graph?
    pub(crate) writes: bool,
}

/// The rows of one call, values in the order of the signature's columns.
pub(crate) type Rows = Vec<Vec<Value>>;

/// Why a call failed; its text is what the user reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcedureError {
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Shared by all who asked for the same image.
    #[error(transparent)]
    Face(#[from] Arc<FaceError>),
    /// A key of a configuration map.
    #[error("{0}")]
    Option(#[from] options::OptionError),
    #[error(transparent)]
    Graph(#[from] graph::GraphError),
    #[error("it took longer than {} s", tools::IMAGE_TIMEOUT.as_secs())]
    TooSlow,
}

impl From<FaceError> for ProcedureError {
    fn from(error: FaceError) -> Self {
        Self::Face(Arc::new(error))
    }
}

/// The rows to come.
pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Result<Rows, ProcedureError>> + Send + 'a>>;

/// What to read of the graph, and what to make of it, to come.
pub(crate) type Plan<'a> = Pin<Box<dyn Future<Output = Result<GraphPlan, ProcedureError>> + Send + 'a>>;

/// The last argument of nearly all of them.
const CONFIGURATION: Argument =
    Argument { name: "configuration", kind: Type::Map, default: Some(Default::EmptyMap) };

/// A procedure that computes from its arguments alone.
pub(crate) trait Compute: std::fmt::Debug + Send + Sync {
    /// What is known without calling it.
    fn signature(&self) -> &'static Signature;

    /// Calls it. The arguments fit the signature: one for each, of its type or null. Dropping the future
    /// cancels the work.
    fn call<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Call<'a>;
}

/// A procedure that reads the graph. The session does that before the statement runs, so that its arguments are
/// constant and nothing has written before it.
pub(crate) trait Graph: std::fmt::Debug + Send + Sync {
    /// What is known without calling it.
    fn signature(&self) -> &'static Signature;

    /// What is to be read. The arguments are as for [`Compute::call`].
    fn plan<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Plan<'a>;
}

/// A procedure.
#[derive(Debug)]
pub(crate) enum Procedure {
    Compute(Box<dyn Compute>),
    Graph(Box<dyn Graph>),
}

impl Procedure {
    /// What is known without calling it.
    pub(crate) fn signature(&self) -> &'static Signature {
        match self {
            Self::Compute(procedure) => procedure.signature(),
            Self::Graph(procedure) => procedure.signature(),
        }
    }
}

/// All procedures.
#[derive(Debug)]
pub(crate) struct Registry {
    procedures: Vec<Procedure>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let compute = |procedure| Procedure::Compute(procedure);
        let links = link::ALL.map(|link| Procedure::Graph(Box::new(link)));
        let mut procedures = vec![
            compute(Box::new(embed::Embed)),
            compute(Box::new(batch::EmbedBatch)),
            compute(Box::new(verify::Verify)),
            compute(Box::new(models::Models)),
        ];
        procedures.extend(links);
        procedures.push(Procedure::Graph(Box::new(search::Search)));
        Self { procedures }
    }

    /// These and no others.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of(procedures: Vec<Procedure>) -> Self {
        Self { procedures }
    }

    /// In the order that indexes refer to.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Procedure> {
        self.procedures.iter()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Procedure> {
        self.procedures.get(index)
    }
}

impl Signature {
    /// As Neo4j writes it: `face.embed(imageUrl :: STRING, configuration  =  {} :: MAP) :: (..)`.
    pub(crate) fn render(&self) -> String {
        let argument = |argument: &Argument| match argument.default {
            None => format!("{} :: {}", argument.name, argument.kind.name()),
            Some(default) => {
                format!("{}  =  {} :: {}", argument.name, default.render(), argument.kind.name())
            }
        };
        let arguments: Vec<String> = self.arguments.iter().map(argument).collect();
        let columns: Vec<String> =
            self.columns.iter().map(|column| format!("{} :: {}", column.name, column.kind.name())).collect();
        format!("{}({}) :: {}", self.name, arguments.join(", "), columns.join(", "))
    }
}

impl Default {
    fn render(self) -> &'static str {
        match self {
            Self::EmptyMap => "Map{}",
        }
    }

    fn value(self) -> Value {
        match self {
            Self::EmptyMap => Value::Map(packstream::Map::new()),
        }
    }
}

impl Type {
    /// Its name in signatures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Integer => "INTEGER",
            Self::Float => "FLOAT",
            Self::Map => "MAP",
            Self::FloatList => "LIST<FLOAT>",
            Self::StringList => "LIST<STRING>",
            Self::Boolean => "BOOLEAN",
            Self::Node => "NODE",
            Self::Any => "ANY",
        }
    }

    fn field(self, entries: &[(&'static str, Self)]) -> Field {
        match self {
            Self::String => Field::String,
            Self::Integer => Field::Integer,
            Self::Float => Field::Float,
            Self::FloatList => Field::Floats,
            Self::Boolean => Field::Boolean,
            // No row asks for them: who yields them takes no arguments from rows.
            Self::Node | Self::Any | Self::StringList => Field::String,
            Self::Map => {
                Field::Map(entries.iter().map(|(key, kind)| ((*key).to_owned(), kind.field(&[]))).collect())
            }
        }
    }

    /// Its name in type errors.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::Map => "Map",
            Self::FloatList => "List<Float>",
            Self::StringList => "List<String>",
            Self::Boolean => "Boolean",
            Self::Node => "Node",
            Self::Any => "Any",
        }
    }
}
