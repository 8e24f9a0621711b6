//! Exact all pairs under a threshold. Pure.
