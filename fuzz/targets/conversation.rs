//! Conversations of a client with the session and a model of Neo4j's server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| facebolt::converse(bytes));
