//! Every tier against the obvious loop, on inputs that are meant to break the bounds.

mod data;
mod exactness;
mod feed;
mod kernels;
mod limits;
mod volume;

use std::{ops::ControlFlow, sync::atomic::AtomicBool};

use super::*;

/// GDS's functions as its source spells them; no code is shared with the module under test.
fn gds(metric: Metric, a: &[f64], b: &[f64]) -> f64 {
    let (mut delta, mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0, 0.0);
    for k in 0..a.len() {
        let difference = a[k] - b[k];
        delta += difference * difference;
        ab += a[k] * b[k];
        aa += a[k] * a[k];
        bb += b[k] * b[k];
    }
    match metric {
        Metric::EuclideanDistance => f64::sqrt(delta),
        Metric::EuclideanSimilarity => 1.0 / (1.0 + f64::sqrt(delta)),
        Metric::Cosine => ab / f64::sqrt(aa * bb),
    }
}

fn holds(predicate: &Predicate, value: f64) -> bool {
    let threshold = predicate.threshold();
    match predicate.comparison() {
        Comparison::Less => value < threshold,
        Comparison::LessEqual => value <= threshold,
        Comparison::Greater => value > threshold,
        Comparison::GreaterEqual => value >= threshold,
    }
}

/// Pairs as they are compared: the value by its bits.
type Found = Vec<(u32, u32, u64)>;

/// The obvious loop over all pairs of `x`, or of `x` and `y`.
fn expected(x: &[Vec<f64>], y: Option<&[Vec<f64>]>, predicate: &Predicate) -> Found {
    let mut found = Vec::new();
    for (a, i) in x.iter().zip(0..) {
        for (b, j) in y.unwrap_or(x).iter().zip(0..) {
            let value = gds(predicate.metric(), a, b);
            if (y.is_some() || i < j) && holds(predicate, value) {
                found.push((i, j, value.to_bits()));
            }
        }
    }
    found
}

fn set(dimension: usize, rows: &[Vec<f64>]) -> Set {
    let mut set = Set::new(dimension).unwrap();
    for row in rows {
        set.push(row).unwrap();
    }
    set
}

/// What the module finds, in order of the indices.
fn found(x: &Set, y: Option<&Set>, predicate: &Predicate, options: Options) -> (Found, Outcome) {
    let mut found = Vec::new();
    let cancel = AtomicBool::new(false);
    let sink = |pairs: &[Pair]| {
        found.extend(pairs.iter().map(|pair| (pair.a, pair.b, pair.value.to_bits())));
        ControlFlow::Continue(())
    };
    let outcome = match y {
        Some(y) => cross_pairs(x, y, predicate, &options, &cancel, sink),
        None => all_pairs(x, predicate, &options, &cancel, sink),
    }
    .unwrap();
    found.sort_unstable();
    (found, outcome)
}

/// All tiers that this machine can run.
fn tiers() -> impl Iterator<Item = Tier> {
    [Tier::Auto].into_iter().chain(Tier::ALL).filter(|tier| tier.is_available())
}

/// 0 missed, 0 extra, every value the same in every bit, in every tier, on one thread and on more. Returns how many pairs
/// there are.
#[track_caller]
fn check(dimension: usize, x: &[Vec<f64>], y: Option<&[Vec<f64>]>, predicate: &Predicate) -> usize {
    let expected = expected(x, y, predicate);
    let (left, right) = (set(dimension, x), y.map(|y| set(dimension, y)));
    for (tier, threads) in tiers().zip([2, 1, 3, 1]) {
        let (found, outcome) = found(&left, right.as_ref(), predicate, Options { threads, tier });
        assert!(outcome.complete);
        assert_eq!(outcome.pairs, expected.len() as u64);
        if found != expected {
            let missed: Vec<_> = expected.iter().filter(|pair| !found.contains(pair)).take(5).collect();
            let extra: Vec<_> = found.iter().filter(|pair| !expected.contains(pair)).take(5).collect();
            panic!("{tier}, {predicate:?}, d = {dimension}: missed {missed:?}, extra {extra:?}");
        }
    }
    expected.len()
}
