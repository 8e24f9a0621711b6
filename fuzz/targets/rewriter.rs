//! Texts of statements: what they ask of us, and what is sent in their place.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the module is used in part, and without the crate that it is part of")]

#[path = "../../src"]
mod facebolt {
    pub mod cypher;
}
#[path = "../checks/rewriting.rs"]
mod rewriting;

use facebolt::cypher;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rewriting::check(bytes));
