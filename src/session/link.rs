//! The Euclidean-link statement: Neo4j reads the vectors, the kernel finds the pairs, Neo4j runs the rest of
//! the statement on them.

mod choice;
mod gather;
mod pairs;
mod search;
mod vectors;

use std::sync::Arc;
use std::time::Instant;

use bolt::failure::Failure;
use bolt::message::RunMessage;
use packstream::Value;
use tracing::Instrument;

use self::choice::Choice;
pub(crate) use self::gather::{NotRead, sides};
pub(crate) use self::search::Search;
use self::vectors::BadVector;
pub(crate) use self::vectors::Side;
use super::backend::Backend;
use super::dialect::Dialect;
use super::edit::Edit;
use super::functions::thrown;
use super::parameters::Parameters;
use super::reading::Query;
use super::statement::Outcome;
use super::wire::Stream;
use super::{Services, SessionError, refusal};
use crate::cypher::{self, Expr, Fails, Gather, LinkShape, Mode};
use crate::link::{self, LinkError, Options, Predicate};
use crate::metrics::{self, Stage};

/// Label of the metrics.
const NAME: &str = "link";

/// Runs the statement. May be dropped at any time.
pub(crate) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    run: &RunMessage<'_>,
    shape: &LinkShape<'_>,
) -> Result<Outcome, SessionError> {
    let started = Instant::now();
    let parameters = Parameters::new(run.parameters);
    let Some(threshold) = threshold(&shape.threshold, &parameters)? else { return Ok(Outcome::Forward) };
    let predicate = match Predicate::new(metric(shape.metric), comparison(shape.comparison), threshold) {
        Ok(predicate) => predicate,
        // Odd thresholds are left to Neo4j.
        Err(_) => return Ok(Outcome::Forward),
    };

    if shape.mode == Mode::Explain {
        return send(run, shape, &packstream::encode(&Value::List(Vec::new()))?, started);
    }
    match choice::choose(backend, run, shape, services.config.link.native_from).await? {
        Choice::Native => {}
        Choice::Neo4j => return Ok(Outcome::Forward),
        Choice::Failed(failure) => return Ok(Outcome::Failed(failure)),
    }
    let gathering = Instant::now();
    let texts: &[&str] = match &shape.gather {
        Gather::Same(text) => &[text],
        Gather::Sides(left, right) => &[left, right],
    };
    let queries: Vec<Query<'_>> =
        texts.iter().map(|text| Query { text, parameters: run.parameters }).collect();
    let limit = services.config.link.max_pairs.get();
    let options = Options { threads: services.config.link.threads, tier: services.tier };
    let mut search = Search::new(predicate, options, limit);
    let growing = matches!(shape.gather, Gather::Same(_)).then_some(&mut search);
    let span = Stage::Gather.span(NAME);
    let gathered = sides(backend, run, &queries, growing).instrument(span).await?;
    metrics::native_seconds(NAME, Stage::Gather, gathering.elapsed());
    let mut gathered = match gathered {
        Ok(sides) => sides.into_iter(),
        Err(NotRead::Failure(payload)) => return Ok(Outcome::Failed(payload)),
        Err(NotRead::TooLong) => return Ok(Outcome::Forward),
    };
    let left = gathered.next().unwrap_or_default();
    let right = gathered.next().unwrap_or_else(|| Arc::clone(&left));
    tracing::debug!(left = left.len(), right = right.len(), "vectors read");
    if let Some(bad) = vectors::first_bad(&left, &right, shape.order) {
        if shape.residual {
            // Which of them it really compares depends on a predicate over both nodes: Neo4j finds out.
            return Ok(Outcome::Forward);
        }
        return Ok(Outcome::Fail(bad_vector(shape, bad, backend.dialect)));
    }

    let comparing = Instant::now();
    let span = Stage::Compare.span(NAME);
    let found = search.finish(&left, &right, shape.order).instrument(span).await;
    metrics::native_seconds(NAME, Stage::Compare, comparing.elapsed());
    let pairs = match found {
        Ok(Some(pairs)) => pairs,
        Ok(None) => {
            return Ok(Outcome::Fail(refusal::unable(format!(
                "More than {limit} pairs are within the threshold, the most that one statement may write \
                 (link.max_pairs). Lower the threshold, or split the statement by a predicate on one of the \
                 nodes."
            ))));
        }
        Err(LinkError::Cancelled) => return Ok(Outcome::Forward),
        Err(error) => {
            return Ok(Outcome::Fail(refusal::unable(format!("The link was not computed: {error}."))));
        }
    };
    send(run, shape, &pairs.encode(&left, &right)?, started)
}

/// The statement over these pairs, in place of the user's.
fn send(
    run: &RunMessage<'_>,
    shape: &LinkShape<'_>,
    pairs: &[u8],
    started: Instant,
) -> Result<Outcome, SessionError> {
    let parameters = Parameters::new(run.parameters);
    let edited = shape.rewrite(parameters.names()?);
    let Some(name) = edited.parameters.first() else { return Ok(Outcome::Forward) };
    let parameters = parameters.with(&[(name, pairs)])?;
    let payload = bolt::message::run_raw(&edited.text, &parameters, run.extra)?;
    let edit = Edit {
        text: run.query.to_owned(),
        positions: edited.positions,
        spent: started.elapsed(),
        ..Edit::default()
    };
    Ok(Outcome::Send { run: payload, edit: Arc::new(edit) })
}

/// The threshold as a number. NaN stands for what compares with nothing; none: a parameter that the client
/// did not send, which is Neo4j's to say.
fn threshold(expression: &Expr, parameters: &Parameters<'_>) -> Result<Option<f64>, SessionError> {
    let number = |value: &Value| match value {
        Value::Float(number) => *number,
        Value::Integer(number) => *number as f64,
        _ => f64::NAN,
    };
    Ok(match expression {
        Expr::Float(number) => Some(*number),
        Expr::Integer(number) => Some(*number as f64),
        Expr::Parameter(name) => parameters.get(name)?.as_ref().map(number),
        _ => Some(f64::NAN),
    })
}

fn metric(metric: cypher::Metric) -> link::Metric {
    match metric {
        cypher::Metric::EuclideanDistance => link::Metric::EuclideanDistance,
        cypher::Metric::Euclidean => link::Metric::EuclideanSimilarity,
        cypher::Metric::Cosine => link::Metric::Cosine,
    }
}

fn comparison(comparison: cypher::Comparison) -> link::Comparison {
    match comparison {
        cypher::Comparison::Less => link::Comparison::Less,
        cypher::Comparison::LessOrEqual => link::Comparison::LessEqual,
        cypher::Comparison::Greater => link::Comparison::Greater,
        cypher::Comparison::GreaterOrEqual => link::Comparison::GreaterEqual,
    }
}

/// GDS's own error for a pair that it cannot measure.
fn bad_vector(shape: &LinkShape<'_>, bad: BadVector, dialect: Dialect) -> Failure {
    let function = match shape.metric {
        cypher::Metric::EuclideanDistance => "gds.similarity.euclideanDistance",
        cypher::Metric::Euclidean => "gds.similarity.euclidean",
        cypher::Metric::Cosine => "gds.similarity.cosine",
    };
    let fails = match (bad, shape.swapped) {
        (BadVector::Length, _) => Fails::Size,
        (BadVector::Both, _) | (BadVector::Left, false) | (BadVector::Right, true) => Fails::First,
        (BadVector::Right, false) | (BadVector::Left, true) => Fails::Second,
    };
    refusal::function_failed(function, &thrown(function, fails.word()), dialect)
}
