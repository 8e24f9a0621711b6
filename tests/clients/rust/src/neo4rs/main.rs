//! The promises with the driver `neo4rs`.

mod base;
mod faces;
mod promises;
mod values;

fn main() {
    let named =
        |name: &str| promises::named(name).or_else(|| values::named(name)).or_else(|| faces::named(name));
    shared::main(named, base::Probe::clean);
}
