//! Runs the promises named on the command line with the Rust driver `neo4j`. Prints a line for each.

mod base;
mod faces;
mod promises;

use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use base::{Probe, env};

/// What a client does with a promise.
pub enum Promise {
    /// Panics if it is not kept.
    Keep(fn(&Probe)),
    /// Why the driver cannot do what it is about.
    Unable(&'static str),
}

fn text(thrown: &(dyn std::any::Any + Send)) -> String {
    let text = thrown.downcast_ref::<String>().cloned();
    let text = text.or_else(|| thrown.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let text = text.unwrap_or_else(|| "a panic without a text".to_owned());
    text.chars().take(4000).collect::<String>().replace('\n', "\n  ")
}

fn main() {
    let address = env("ADDRESS");
    for name in std::env::args().skip(1) {
        let began = Instant::now();
        let keep = match promises::named(&name).or_else(|| faces::named(&name)) {
            Some(Promise::Keep(keep)) => keep,
            Some(Promise::Unable(reason)) => {
                println!("- {name} {reason}");
                continue;
            }
            None => {
                println!("FAILED {name} 0.00\n  this client does not know the promise");
                continue;
            }
        };
        let kept = panic::catch_unwind(AssertUnwindSafe(|| {
            let probe = Probe::new(&address);
            probe.rows("MATCH (n:Probe|Face) DETACH DELETE n");
            keep(&probe);
        }));
        let seconds = began.elapsed().as_secs_f64();
        match kept {
            Ok(()) => println!("ok {name} {seconds:.2}"),
            Err(thrown) => println!("FAILED {name} {seconds:.2}\n  {}", text(&*thrown)),
        }
    }
}
