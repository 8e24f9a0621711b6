//! The promises with the driver `neo4j`.

// The driver's error is large, and its own closures return it.
#![allow(clippy::result_large_err)]

mod base;
mod faces;
mod promises;

fn main() {
    let named = |name: &str| promises::named(name).or_else(|| faces::named(name));
    shared::main(named, base::Probe::clean);
}
