//! Exact all pairs under a threshold: vectors and a [`Predicate`] in, pairs out.
//!
//! Pure: no IO, no global state, no threads but those that [`all_pairs`], [`fed_pairs`] and
//! [`cross_pairs`] start and join. The set of pairs and every bit of every value are the same whatever the blocking, the
//! number of threads and the [`Tier`], because low precision only ever *proposes* pairs (with a
//! proof, at [`Frame`], that none is missed) and each proposal is then decided in f64 exactly as
//! Neo4j's Graph Data Science library computes it ([`Predicate::value`]).
//!
//! ```
//! use std::{ops::ControlFlow, sync::atomic::AtomicBool};
//! use facebolt::link::{Comparison, Metric, Options, Predicate, Set, all_pairs};
//!
//! let mut set = Set::new(2)?;
//! for row in [[0.0, 0.0], [3.0, 4.0], [100.0, 0.0]] {
//!     set.push(&row)?;
//! }
//! let near = Predicate::new(Metric::EuclideanDistance, Comparison::Less, 10.0)?;
//! let mut found = Vec::new();
//! all_pairs(&set, &near, &Options::default(), &AtomicBool::new(false), |pairs| {
//!     found.extend_from_slice(pairs);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!((found[0].a, found[0].b, found[0].value), (0, 1, 5.0));
//! # Ok::<(), facebolt::link::LinkError>(())
//! ```

mod block;
mod error;
mod exact;
mod feed;
mod float;
mod frame;
mod int8;
mod pairs;
mod predicate;
mod search;
mod set;
#[cfg(test)]
mod tests;
mod tier;
mod tile;
mod tiles;

pub use error::LinkError;
pub use feed::Feed;
pub use frame::Frame;
pub use pairs::{Options, Outcome, Pair, all_pairs, cross_pairs, fed_pairs};
pub use predicate::{Comparison, Metric, Predicate};
pub use set::Set;
pub use tier::Tier;

/// Longest vector that the bounds are proved for.
pub const MAX_DIMENSION: usize = 4096;
