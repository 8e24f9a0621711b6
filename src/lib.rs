//! facebolt: a Bolt proxy for Neo4j that embeds faces and links them by exact Euclidean distance.

pub mod admin;
mod callback;
pub mod cli;
pub mod config;
pub mod cypher;
pub mod face;
pub mod link;
pub mod listener;
pub mod metrics;
mod procedures;
pub mod server;
mod session;
mod systemd;
pub mod telemetry;
mod transport;

/// Plays the conversation that these bytes stand for against a model of Neo4j's server; panics where the client sees
/// what it must not.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn converse(bytes: &[u8]) {
    session::conversation::play(bytes);
}
