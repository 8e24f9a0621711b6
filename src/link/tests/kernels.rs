//! The kernels against their scalar twins, and how tight the bounds are.

use std::sync::Arc;

use super::{
    data::{Family, Random},
    *,
};
use crate::link::{
    block::{Block, Image},
    exact::{self, LANES},
    int8::scalar::is_candidate,
    tile::scan,
};

fn within(threshold: f64) -> Predicate {
    Predicate::new(Metric::EuclideanDistance, Comparison::Less, threshold).unwrap()
}

/// Candidates as a kernel names them.
fn candidates(a: &Block, b: &Block, same: bool) -> Vec<(usize, usize)> {
    let mut named = Vec::new();
    let flow = scan(a, b, same, &mut Vec::new(), |i, j, mask| {
        named.extend((0..64).filter(|bit| mask >> bit & 1 == 1).map(|bit| (i, j + bit)));
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    named.sort_unstable();
    named
}

#[test]
fn integer_kernels_name_what_their_scalar_twin_names() {
    for tier in [Tier::Avx512Vnni, Tier::Avx2].into_iter().filter(|tier| tier.is_available()) {
        for (dimension, rows, seed) in
            [(1, 1, 1), (3, 70, 2), (4, 64, 3), (7, 13, 4), (8, 100, 5), (128, 131, 6), (513, 40, 7)]
        {
            for (family, threshold) in [
                (Family::Clusters, 0.4 * (dimension as f64).sqrt()),
                (Family::Ties, (dimension as f64).sqrt()),
                (Family::Strange, 1.0),
                (Family::Outlier, 1e-3),
            ] {
                let x = family.rows(rows, dimension, seed).concat();
                let y = family.rows(rows / 2 + 1, dimension, !seed).concat();
                let frame = Arc::new(Frame::new(within(threshold), dimension, tier, &x).unwrap());
                let block = |rows: Vec<f64>| Block::new(0, rows.into(), Arc::clone(&frame));
                let (a, b) = (block(x), block(y));
                let (Image::Int(left), Image::Int(right)) = (&a.image, &b.image) else {
                    panic!("not integers")
                };
                let mut twin = Vec::new();
                for i in 0..a.rows() {
                    twin.extend((0..b.rows()).filter(|j| is_candidate(left, right, i, *j)).map(|j| (i, j)));
                }
                assert_eq!(candidates(&a, &b, false), twin, "{tier} {family:?} d = {dimension}");
                let mut twin = Vec::new();
                for i in 0..a.rows() {
                    twin.extend(
                        (i + 1..a.rows()).filter(|j| is_candidate(left, left, i, *j)).map(|j| (i, j)),
                    );
                }
                assert_eq!(candidates(&a, &a, true), twin, "{tier} {family:?} d = {dimension}, same");
            }
        }
    }
}

#[test]
fn sums_side_by_side_are_the_sums_one_by_one() {
    let mut random = Random(11);
    for dimension in [1, 7, 8, 9, 16, 127, 128, 300] {
        let rows = Family::MixedElements.rows(40, dimension, random.next());
        let mut pick = || std::array::from_fn(|_| rows[random.below(rows.len())].as_slice());
        let (a, b): (exact::Rows<'_>, exact::Rows<'_>) = (pick(), pick());
        let (distances, dots) = (exact::squared_distances(a, b), exact::dots(a, b));
        for lane in 0..LANES {
            assert_eq!(distances[lane].to_bits(), exact::squared_distance(a[lane], b[lane]).to_bits());
            assert_eq!(dots[lane].to_bits(), exact::dot(a[lane], b[lane]).to_bits());
        }
    }
}

/// A bound that lets everything pass is correct and worthless.
#[test]
fn bounds_rule_out_nearly_all_that_is_not_a_pair() {
    let (dimension, count) = (64, 800);
    let all = (count * (count - 1) / 2) as u64;
    let mut outlier = Family::Clusters.rows(count, dimension, 1);
    outlier[count / 2].fill(1e18);
    let shift = |rows: Vec<Vec<f64>>, by: f64| -> Vec<Vec<f64>> {
        rows.into_iter().map(|row| row.into_iter().map(|x| x + by).collect()).collect()
    };
    for (name, rows, threshold) in [
        ("clusters", Family::Clusters.rows(count, dimension, 1), 4.0),
        ("huge", Family::Huge.rows(count, dimension, 1), 4e18),
        ("enormous", Family::Enormous.rows(count, dimension, 1), 4e100),
        ("tiny", Family::Tiny.rows(count, dimension, 1), 4e-30),
        ("offset", shift(Family::Clusters.rows(count, dimension, 1), 1e6), 4.0),
        ("outlier", outlier, 4.0),
    ] {
        let set = set(dimension, &rows);
        for tier in tiers() {
            let (_, outcome) = found(&set, None, &within(threshold), Options { threads: 1, tier });
            let spared = all - outcome.candidates;
            // The outlier itself may be decided exactly with everyone.
            assert!(
                outcome.candidates - outcome.pairs <= all / 100 + count as u64,
                "{name}, {tier}: {} candidates for {} pairs, {spared} spared",
                outcome.candidates,
                outcome.pairs
            );
        }
    }
}

#[test]
fn cosine_candidates_are_few() {
    let rows = Family::Clusters.rows(800, 64, 4);
    let predicate = Predicate::new(Metric::Cosine, Comparison::Greater, 0.9).unwrap();
    for tier in tiers() {
        let (_, outcome) = found(&set(64, &rows), None, &predicate, Options { threads: 1, tier });
        assert!(outcome.pairs > 0);
        assert!(outcome.candidates <= outcome.pairs + 3200, "{tier}: {outcome:?}");
    }
}

#[test]
fn auto_leaves_integers_where_they_do_not_separate() {
    // Two groups far apart: a step of the integer grid is wider than either group.
    let mut rows = Family::Clusters.rows(300, 32, 8);
    for (row, offset) in rows.iter_mut().zip([1e3, -1e3].into_iter().cycle()) {
        row.iter_mut().for_each(|x| *x = 0.1 * *x + offset);
    }
    let (_, outcome) = found(&set(32, &rows), None, &within(0.2), Options::default());
    assert_eq!(outcome.tier, Tier::Faer);
    let rows = Family::Clusters.rows(300, 32, 8);
    let (_, outcome) = found(&set(32, &rows), None, &within(2.0), Options::default());
    assert_eq!(Ok(outcome.tier), Tier::Auto.resolve().map_err(|_| ()));
}

#[test]
fn blocks_whose_norms_differ_are_skipped() {
    // Each block at a radius of its own: only pairs within one can be near.
    let (dimension, mut rows) = (16, Vec::new());
    for radius in [1.0, 1e3, 1e6] {
        rows.extend(Family::Ties.rows(384, dimension, 1).into_iter().map(|mut row| {
            row[0] += radius;
            row
        }));
    }
    let flat = rows.concat();
    let frame = Arc::new(Frame::new(within(1.0), dimension, Tier::Faer, &flat).unwrap());
    let block = |rows: &[f64]| Block::new(0, rows.to_vec().into(), Arc::clone(&frame));
    let blocks: Vec<_> = flat.chunks(384 * dimension).map(block).collect();
    assert!(blocks[0].is_apart(&blocks[2]) && blocks[2].is_apart(&blocks[0]));
    assert!(!blocks[1].is_apart(&blocks[1]));
    check(dimension, &rows, None, &within(1.5));
}
