//! The ways in and out: transports on one port, TLS and the PROXY protocol to the backend, limits, and what
//! strangers may try before they have logged in. A real facebolt in front of a real Neo4j.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "support/bolt.rs"]
mod bolt_client;
#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/facebolt.rs"]
mod facebolt;
#[path = "support/neo4j.rs"]
mod neo4j;

#[path = "transports/attacks.rs"]
mod attacks;
#[path = "transports/backend.rs"]
mod backend;
#[path = "transports/front.rs"]
mod front;
#[path = "transports/limits.rs"]
mod limits;
#[path = "transports/routing.rs"]
mod routing;
#[path = "transports/secrets.rs"]
mod secrets;
