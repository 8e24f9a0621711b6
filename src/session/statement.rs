//! One statement that names us: what it asks, the work for it, and the text that Neo4j gets in its place.

use std::sync::Arc;

use bolt::failure::Failure;
use bolt::message::{MessageError, RunMessage};
use packstream::{DecodeError, Limits};

use super::backend::Backend;
use super::edit::Edit;
use super::frontend::Held;
use super::functions::{self, Rewritten};
use super::wire::Stream;
use super::{Services, SessionError, calls, edit, link, listing, refusal, routing};
use crate::cypher::{self, Asks, Names, Refusal};
use crate::metrics::{self, Path};
use crate::procedures::Signature;

/// What is to be done with a statement.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Send the very bytes that came.
    Forward,
    /// Send this RUN in its place.
    Send { run: Vec<u8>, edit: Arc<Edit> },
    /// Send the very bytes that came: Neo4j does not know our procedure and says so, or what else is wrong with the
    /// text, in its own words. In place of the former the client gets this.
    Refuse(Failure),
    /// Answer FAILURE, in the backend's stead.
    Fail(Failure),
    /// The backend answered a request of ours with this FAILURE, and is in the failed state now.
    Failed(Vec<u8>),
}

/// Runs what a held statement asks of us. May be dropped at any time.
pub(crate) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    held: &Held,
) -> Result<Outcome, SessionError> {
    let Some(payload) = &held.payload else {
        return Ok(Outcome::Fail(refusal::unable(
            "The statement and its parameters are larger than limits.statement_bytes allows for a statement \
             that calls facebolt; split it, or raise the limit.",
        )));
    };
    let limits = Limits { bytes: payload.len(), ..Limits::default() };
    let run = match RunMessage::parse(payload, limits) {
        Ok(run) => run,
        Err(MessageError::Decode(DecodeError::TooManyElements { .. })) => {
            return Ok(Outcome::Fail(refusal::unable(format!(
                "The statement's parameters hold more than {} values, too many for a statement that calls facebolt; \
                 split it.",
                limits.elements
            ))));
        }
        // What is no proper RUN is the backend's to refuse.
        Err(_) => return Ok(Outcome::Forward),
    };
    let signatures: Vec<_> = services.registry.all().map(|procedure| procedure.signature()).collect();
    let columns: Vec<Vec<&str>> =
        signatures.iter().map(|s| s.columns.iter().map(|column| column.name).collect()).collect();
    let arguments: Vec<Vec<&str>> =
        signatures.iter().map(|s| s.arguments.iter().map(|argument| argument.name).collect()).collect();
    let procedures: Vec<cypher::Signature<'_>> = signatures
        .iter()
        .zip(columns.iter().zip(&arguments))
        .map(|(signature, (columns, arguments))| cypher::Signature {
            name: signature.name,
            arguments,
            required: signature.arguments.iter().filter(|argument| argument.default.is_none()).count(),
            columns,
            writes: signature.writes,
        })
        .collect();
    let names = Names { procedures: &procedures, functions: &cypher::FUNCTIONS };
    let asks = cypher::inspect(run.query, &names);
    let functions = match &asks {
        Ok(Asks::Functions(_)) => true,
        Ok(Asks::Calls(statement)) => !statement.functions.is_empty(),
        _ => false,
    };
    if functions {
        match functions::write_out(backend, &run).await? {
            Rewritten::No => {}
            Rewritten::Failed(failure) => return Ok(Outcome::Failed(failure)),
            Rewritten::Yes(written) => {
                metrics::statement("function", Path::Native);
                if matches!(asks, Ok(Asks::Functions(_))) {
                    return written.send(&run);
                }
                // It calls procedures too.
                let (text, parameters) = (written.text.clone(), written.parameters.clone());
                let inner = RunMessage { query: &text, parameters: &parameters, ..run };
                let asks = cypher::inspect(inner.query, &names);
                let outcome = answer(backend, services, &inner, asks, &signatures).await?;
                let to = edit::Reader { version: backend.version, dialect: backend.dialect };
                return written.after(outcome, to);
            }
        }
    }
    answer(backend, services, &run, asks, &signatures).await
}

/// Does what a statement asks, its functions aside.
async fn answer<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    run: &RunMessage<'_>,
    asks: Result<Asks<'_>, Refusal>,
    signatures: &[&'static Signature],
) -> Result<Outcome, SessionError> {
    match asks {
        Ok(Asks::Nothing | Asks::Functions(_)) => Ok(Outcome::Forward),
        Ok(Asks::Listing(listing)) => listing::run(backend, services, run, &listing).await,
        Ok(Asks::RoutingTable(call)) => routing::call(&backend.reached, run, &call),
        Ok(Asks::Calls(statement)) => {
            let outcome = calls::run(backend, services, run, &statement).await?;
            let path = if matches!(outcome, Outcome::Send { .. }) { Path::Native } else { Path::Refused };
            for call in &statement.calls {
                if let Some(signature) = signatures.get(call.procedure) {
                    metrics::statement(signature.name, path);
                }
            }
            Ok(outcome)
        }
        Ok(Asks::Link(shape)) => {
            let outcome = link::run(backend, services, run, &shape).await?;
            let path = match outcome {
                Outcome::Send { .. } => Path::Native,
                Outcome::Forward => Path::Forwarded,
                _ => Path::Refused,
            };
            metrics::statement("link", path);
            if !matches!(outcome, Outcome::Forward) {
                return Ok(outcome);
            }
            match functions::write_out(backend, run).await? {
                Rewritten::No => Ok(Outcome::Forward),
                Rewritten::Failed(failure) => Ok(Outcome::Failed(failure)),
                Rewritten::Yes(written) => written.send(run),
            }
        }
        Err(refusal) => {
            metrics::statement("refused", Path::Refused);
            let signature = |index| signatures.get(index).copied();
            Ok(Outcome::Refuse(refusal::refused(&refusal, run.query, backend.dialect, signature)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::procedures::Registry;

    #[test]
    fn the_registry_names_each_procedure_once() {
        let registry = Registry::new();
        let names: Vec<&str> = registry.all().map(|procedure| procedure.signature().name).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(names.len(), unique.len());
    }
}
