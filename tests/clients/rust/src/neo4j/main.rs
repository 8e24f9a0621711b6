//! The promises with the driver `neo4j`.

// Its error is large, and the type of each closure that it takes.
#![allow(clippy::result_large_err)]

mod base;
mod faces;
mod promises;

fn main() {
    let named = |name: &str| promises::named(name).or_else(|| faces::named(name));
    shared::main(named, base::Probe::clean);
}
