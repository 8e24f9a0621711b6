//! Texts of statements: tokens, clauses, calls, and what is sent in their place.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the module is used in part, and without the crate that it is part of")]

#[path = "../../src"]
mod facebolt {
    pub mod cypher;
}
#[path = "../checks/cypher.rs"]
mod check;

use facebolt::cypher;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
