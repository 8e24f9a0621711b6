//! Calls of procedures that read the graph: the vectors are read before the statement runs, and what is made of them
//! travels in its place.

mod found;

use std::sync::Arc;
use std::time::Instant;

use bolt::message::RunMessage;
use packstream::{Map, Value};
use tracing::Instrument;

use self::found::Found;
use super::backend::Backend;
use super::calls::Plan;
use super::link::{NotRead, Search, Side};
use super::reading::Query;
use super::wire::Stream;
use super::{Services, SessionError};
use crate::cypher::{Call, Identity, Mode, NodeFilter, Nodes, PairOrder, Relationships, Statement};
use crate::link::{LinkError, Options};
use crate::metrics::{self, Stage};
use crate::procedures::{
    Given, Graph, GraphError, GraphPlan, LinkPlan, Measure, Output, ProcedureError, SearchPlan, Signature,
};

/// What travels in the place of a call.
#[derive(Debug)]
pub(super) enum Carried {
    /// Rows, encoded; in these columns are the element ids of nodes.
    Rows { nodes: Vec<usize>, rows: Vec<u8> },
    /// What relationships are written from, encoded.
    Relationships { relationships: Relationships, map: Vec<u8> },
}

/// What a call has brought; none: it reads no graph.
pub(super) type Brought = Option<Result<Carried, Arc<ProcedureError>>>;

/// What became of a call.
enum Outcome {
    Carried(Carried),
    Failed(ProcedureError),
    /// Neo4j answered with this FAILURE.
    Refused(Vec<u8>),
}

/// A call that is being worked on.
struct Work<'w> {
    services: &'w Services,
    run: &'w RunMessage<'w>,
    statement: &'w Statement<'w>,
    call: &'w Call<'w>,
    signature: &'static Signature,
}

/// What a call is to read. Nothing is fetched for a statement that is only planned.
pub(super) async fn plan(
    graph: &dyn Graph,
    call: &Call<'_>,
    given: Vec<Given>,
    services: &Services,
    mode: Mode,
    auto_commit: bool,
) -> Result<GraphPlan, ProcedureError> {
    let arguments: Vec<Value> = given.into_iter().filter_map(Given::known).collect();
    if mode == Mode::Explain && !graph.signature().writes {
        return Ok(GraphPlan::Nothing);
    }
    let plan = graph.plan(arguments, &services.tools.of_their_own()).await?;
    match &plan {
        GraphPlan::Link(link) if link.output.batched() && !(call.standalone && auto_commit) => {
            Err(GraphError::Batch.into())
        }
        _ => Ok(plan),
    }
}

/// Reads and computes for each call that has a plan for that. The error is Neo4j's FAILURE. May be dropped at any time.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    run: &RunMessage<'_>,
    statement: &Statement<'_>,
    plans: &[Plan],
) -> Result<Result<Vec<Brought>, Vec<u8>>, SessionError> {
    let mut all = Vec::with_capacity(plans.len());
    for (call, plan) in statement.calls.iter().zip(plans) {
        let procedure = services.registry.get(call.procedure);
        let (Plan::Graph(plan), Some(procedure)) = (plan, procedure) else {
            all.push(None);
            continue;
        };
        let work = Work { services, run, statement, call, signature: procedure.signature() };
        all.push(Some(match plan.as_ref() {
            Err(error) => Err(Arc::clone(error)),
            Ok(plan) if statement.mode == Mode::Explain => Ok(nothing(plan)?),
            Ok(plan) => match work.run(backend, plan).await? {
                Outcome::Carried(carried) => Ok(carried),
                Outcome::Failed(error) => Err(Arc::new(error)),
                Outcome::Refused(failure) => return Ok(Err(failure)),
            },
        }));
    }
    Ok(Ok(all))
}

/// What travels if the statement is only planned.
fn nothing(plan: &GraphPlan) -> Result<Carried, SessionError> {
    Ok(match plan {
        GraphPlan::Link(LinkPlan { output: Output::Write(relationships), .. }) => {
            let map = packstream::encode(&Value::Map(Map::from([("pairs", Value::List(Vec::new()))])))?;
            Carried::Relationships { relationships: relationships.clone(), map }
        }
        _ => Carried::Rows { nodes: Vec::new(), rows: packstream::encode(&Value::List(Vec::new()))? },
    })
}

impl Work<'_> {
    async fn run<B: Stream>(
        &self,
        backend: &mut Backend<B>,
        plan: &GraphPlan,
    ) -> Result<Outcome, SessionError> {
        match plan {
            GraphPlan::Nothing => Ok(Outcome::Carried(nothing(plan)?)),
            GraphPlan::Link(plan) => self.link(backend, plan).await,
            GraphPlan::Search(plan) => self.nearest(backend, plan).await,
        }
    }

    async fn link<B: Stream>(
        &self,
        backend: &mut Backend<B>,
        plan: &LinkPlan,
    ) -> Result<Outcome, SessionError> {
        let mut search = match self.search_for(plan.measure, plan.threads) {
            Ok(search) => search,
            Err(error) => return Ok(Outcome::Failed(error.into())),
        };
        let reading = Instant::now();
        let same = plan.target.is_none();
        let nodes: Vec<&Nodes> = [&plan.source].into_iter().chain(&plan.target).collect();
        let sides = match self.read(backend, &nodes, same.then_some(&mut search)).await? {
            Ok(sides) => sides,
            Err(outcome) => return Ok(outcome),
        };
        let read = reading.elapsed();
        let mut sides = sides.into_iter();
        let source = sides.next().unwrap_or_default();
        let target = sides.next().unwrap_or_else(|| Arc::clone(&source));
        if let (Some((first, _)), Some((other, _))) = (source.lengths(), target.lengths())
            && first != other
        {
            let property = plan.source.property.clone();
            return Ok(Outcome::Failed(GraphError::Mixed { property, first, other }.into()));
        }
        let computing = Instant::now();
        // Of one set each pair once, unless both ways are wanted.
        let order = if same && plan.undirected { PairOrder::Less(Identity::Id) } else { PairOrder::NotEqual };
        let mut found = match self.find(search, &source, &target, order).await {
            Ok(found) => Found::new(found, plan.measure),
            Err(error) => return Ok(Outcome::Failed(error.into())),
        };
        if let Some(most) = plan.top_k {
            found.nearest_of_each(most, same && plan.undirected);
        }
        if !same && plan.undirected {
            found.once(&source, &target);
        }
        if let Some(most) = plan.top_n {
            found.nearest(most);
        }
        found.sort(&source, &target);
        let computed = computing.elapsed();
        if let Output::Stream = plan.output {
            return Ok(Outcome::Carried(Carried::Rows {
                nodes: vec![0, 1],
                rows: found.rows(&source, &target)?,
            }));
        }
        let integer = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let nodes = source.len() + if same { 0 } else { target.len() };
        let millis =
            |time: std::time::Duration| Value::Integer(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let mut counts = Map::from([
            ("nodesCompared", integer(nodes)),
            ("pairsFound", integer(found.len())),
            ("distanceDistribution", Value::Map(found.distribution())),
            ("readMillis", millis(read)),
            ("computeMillis", millis(computed)),
            ("configuration", Value::Map(plan.configuration.clone())),
        ]);
        let Output::Write(relationships) = &plan.output else {
            for nothing in ["relationshipsWritten", "propertiesSet", "writeMillis"] {
                counts.insert(nothing, 0);
            }
            let rows = packstream::encode(&Value::List(vec![Value::Map(counts)]))?;
            return Ok(Outcome::Carried(Carried::Rows { nodes: Vec::new(), rows }));
        };
        let map = found.pairs(&source, &target, counts, relationships.batch.is_some())?;
        Ok(Outcome::Carried(Carried::Relationships { relationships: relationships.clone(), map }))
    }

    async fn nearest<B: Stream>(
        &self,
        backend: &mut Backend<B>,
        plan: &SearchPlan,
    ) -> Result<Outcome, SessionError> {
        let search = match self.search_for(plan.measure, 0) {
            Ok(search) => search,
            Err(error) => return Ok(Outcome::Failed(error.into())),
        };
        let side = match self.read(backend, &[&plan.nodes], None).await? {
            Ok(mut sides) => sides.pop().unwrap_or_default(),
            Err(outcome) => return Ok(outcome),
        };
        let queries = match Side::of(&plan.queries) {
            Ok(queries) => Arc::new(queries),
            Err(_) => return Ok(Outcome::Failed(GraphError::NoQuery.into())),
        };
        if let (Some((query, _)), Some((nodes, _))) = (queries.lengths(), side.lengths())
            && query != nodes
        {
            let property = plan.nodes.property.clone();
            return Ok(Outcome::Failed(GraphError::Query { property, nodes, query }.into()));
        }
        match self.find(search, &queries, &side, PairOrder::NotEqual).await {
            Ok(found) => {
                let mut found = Found::new(found, plan.measure);
                found.nearest_of_each(plan.top_k, false);
                Ok(Outcome::Carried(Carried::Rows { nodes: vec![0], rows: found.hits(&side)? }))
            }
            Err(error) => Ok(Outcome::Failed(error.into())),
        }
    }

    /// Reads nodes with their vectors, all of one length.
    async fn read<B: Stream>(
        &self,
        backend: &mut Backend<B>,
        nodes: &[&Nodes],
        search: Option<&mut Search>,
    ) -> Result<Result<Vec<Arc<Side>>, Outcome>, SessionError> {
        let reading = Instant::now();
        let texts: Vec<String> = nodes.iter().map(|nodes| nodes.query(self.statement, self.call)).collect();
        let parameters: Vec<Vec<u8>> = nodes.iter().map(|nodes| ids(nodes)).collect::<Result<_, _>>()?;
        let queries: Vec<Query<'_>> =
            texts.iter().zip(&parameters).map(|(text, parameters)| Query { text, parameters }).collect();
        let span = Stage::Gather.span(self.signature.name);
        let sides = super::link::sides(backend, self.run, &queries, search).instrument(span).await?;
        metrics::native_seconds(self.signature.name, Stage::Gather, reading.elapsed());
        let property = || nodes.first().map(|nodes| nodes.property.clone()).unwrap_or_default();
        let sides = match sides {
            Ok(sides) => sides,
            Err(NotRead::Failure(failure)) => return Ok(Err(Outcome::Refused(failure))),
            Err(NotRead::TooLong) => {
                let error = GraphError::NoVector { property: property() };
                return Ok(Err(Outcome::Failed(error.into())));
            }
        };
        let mixed = sides
            .iter()
            .find_map(|side| side.lengths().filter(|(first, other)| first != other || *first == 0));
        Ok(match mixed {
            None => Ok(sides),
            Some((0, _) | (_, 0)) => {
                Err(Outcome::Failed(GraphError::NoVector { property: property() }.into()))
            }
            Some((first, other)) => {
                Err(Outcome::Failed(GraphError::Mixed { property: property(), first, other }.into()))
            }
        })
    }

    /// A search for what is near; `threads` 0: as configured.
    fn search_for(&self, measure: Measure, threads: usize) -> Result<Search, GraphError> {
        let link = &self.services.config.link;
        let threads = if threads == 0 { link.threads } else { threads };
        let options = Options { threads, tier: self.services.tier };
        Ok(Search::new(measure.predicate()?, options, link.max_pairs.get()))
    }

    async fn find(
        &self,
        search: Search,
        left: &Arc<Side>,
        right: &Arc<Side>,
        order: PairOrder,
    ) -> Result<Vec<(u32, u32, f64)>, GraphError> {
        let limit = self.services.config.link.max_pairs.get();
        let comparing = Instant::now();
        let span = Stage::Compare.span(self.signature.name);
        let found = search.finish(left, right, order).instrument(span).await;
        metrics::native_seconds(self.signature.name, Stage::Compare, comparing.elapsed());
        match found {
            Ok(Some(pairs)) => Ok(pairs.into_pairs()),
            Ok(None) => Err(GraphError::TooMany { limit }),
            Err(error) => Err(LinkError::into(error)),
        }
    }
}

/// The parameters of the query for nodes.
fn ids(nodes: &Nodes) -> Result<Vec<u8>, SessionError> {
    let mut map = Map::new();
    if let Some(NodeFilter::Ids(ids)) = &nodes.filter {
        map.insert(Nodes::IDS, Value::List(ids.iter().map(|id| Value::from(id.as_str())).collect()));
    }
    Ok(packstream::encode(&Value::Map(map))?)
}
