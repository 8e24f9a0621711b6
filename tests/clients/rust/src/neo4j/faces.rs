//! The promises about face.embed and links.

use neo4j::driver::Record;
use neo4j::retry::ExponentialBackoff;
use neo4j::session::SessionConfig;
use neo4j::{ValueReceive, ValueSend};
use shared::Promise::{self, Keep};
use shared::{EMBED, EMBED_ROW, LINK, NO_IMAGE, photo};

use crate::base::{Parameters, Probe, failure, integer, parameters, run};

pub fn named(name: &str) -> Option<Promise<Probe>> {
    Some(Keep(match name {
        "embed_literal" => embed_literal,
        "embed_parameter" => embed_parameter,
        "embed_row" => embed_row,
        "embed_error" => embed_error,
        "embed_explain" => embed_explain,
        "link_auto" => link_auto,
        "link_managed" => link_managed,
        _ => return None,
    }))
}

fn no_image() -> Parameters {
    parameters([("url", NO_IMAGE.into())])
}

fn check_embedding(row: &Record) {
    let Some(ValueReceive::List(embedding)) = row.value("embedding") else { panic!("no embedding: {row:?}") };
    let embedding: Vec<f64> = embedding.iter().map(|part| part.as_float().unwrap()).collect();
    shared::check_embedding(&embedding, integer(row, "index"));
}

fn embed_literal(p: &Probe) {
    let found = p.rows(&EMBED.replace("$url", &format!("'{}'", photo())));
    assert_eq!(found.len(), 1);
    check_embedding(&found[0]);
}

fn embed_parameter(p: &Probe) {
    let values = parameters([("url", photo().into())]);
    let mut session = p.driver.session(SessionConfig::new());
    let found = session.transaction().run_with_retry(ExponentialBackoff::new(), |transaction| {
        let mut stream = transaction.query(EMBED).with_parameters(&values).run()?;
        let found = stream.try_as_eager_result()?.unwrap().records;
        stream.consume()?;
        transaction.commit()?;
        Ok(found)
    });
    let found = found.unwrap();
    assert_eq!(found.len(), 1);
    check_embedding(&found[0]);
}

fn embed_row(p: &Probe) {
    let values = parameters([("url", photo().into())]);
    p.with("UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})", &values);
    let found = p.rows(EMBED_ROW);
    assert_eq!(found.iter().map(|row| integer(row, "n")).collect::<Vec<_>>(), [1, 2, 3]);
    found.iter().for_each(check_embedding);
}

fn embed_error(p: &Probe) {
    let (code, status, message) = failure(run(&p.driver, SessionConfig::new(), EMBED, &no_image()));
    // What each server says of a procedure of its own that fails.
    let expected = if shared::old() { "50N42" } else { "52N37" };
    assert_eq!((code.as_str(), status.as_str()), ("Neo.ClientError.Procedure.ProcedureCallFailed", expected));
    assert!(message.starts_with("Failed to invoke procedure `face.embed`: Caused by: "), "{message}");
    assert_eq!(integer(&p.rows("RETURN 1 AS one")[0], "one"), 1);
}

fn embed_explain(p: &Probe) {
    let found = run(&p.driver, SessionConfig::new(), &format!("EXPLAIN {EMBED}"), &no_image()).unwrap();
    assert_eq!(found.records.len(), 0);
    assert!(found.summary.plan.is_some(), "no plan");
}

/// Holds the counters of the link query, as run by `run`, to known values.
fn linked(p: &Probe, run: impl Fn() -> (i64, i64)) {
    let vector = |parts: Vec<f64>| ValueSend::List(parts.into_iter().map(ValueSend::Float).collect());
    let vectors = ValueSend::List(shared::vectors().into_iter().map(vector).collect());
    p.with(
        "UNWIND $vectors AS vector CREATE (:Face {embedding: vector})",
        &parameters([("vectors", vectors)]),
    );
    for created in [169, 0] {
        assert_eq!(run(), (created, 338));
    }
    assert_eq!(integer(&p.rows("MATCH ()-[e:SAME]->() RETURN count(e) AS n")[0], "n"), 169);
}

fn link_auto(p: &Probe) {
    linked(p, || {
        let counters =
            run(&p.driver, SessionConfig::new(), LINK, &Parameters::new()).unwrap().summary.counters;
        (counters.relationships_created, counters.properties_set)
    });
}

fn link_managed(p: &Probe) {
    linked(p, || {
        let mut session = p.driver.session(SessionConfig::new());
        let done = session.transaction().run_with_retry(ExponentialBackoff::new(), |transaction| {
            let done = transaction.query(LINK).run()?.consume()?.unwrap();
            transaction.commit()?;
            Ok((done.counters.relationships_created, done.counters.properties_set))
        });
        done.unwrap()
    });
}
