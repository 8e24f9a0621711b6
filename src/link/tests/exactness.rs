//! The answer is the obvious loop's, whatever the data, the threshold, the tier and the blocking.

use proptest::prelude::*;

use super::{
    data::{FAMILIES, Family, Random},
    *,
};

pub(super) const METRICS: [Metric; 3] =
    [Metric::EuclideanDistance, Metric::EuclideanSimilarity, Metric::Cosine];

/// The two comparisons that a metric takes.
pub(super) fn comparisons(metric: Metric) -> [Comparison; 2] {
    match metric {
        Metric::EuclideanDistance => [Comparison::Less, Comparison::LessEqual],
        Metric::EuclideanSimilarity | Metric::Cosine => [Comparison::Greater, Comparison::GreaterEqual],
    }
}

/// A threshold that is the value of a pair, or next to one: the hardest there are.
pub(super) fn threshold(metric: Metric, rows: &[Vec<f64>], random: &mut Random) -> f64 {
    let mut values: Vec<f64> = (0..200)
        .filter(|_| rows.len() > 1)
        .map(|_| gds(metric, &rows[random.below(rows.len())], &rows[random.below(rows.len())]))
        .filter(|value| value.is_normal() || *value == 0.0)
        .collect();
    values.sort_by(f64::total_cmp);
    let Some(value) = values.get(random.below(values.len().max(1))).copied() else { return 1.0 };
    let value = match random.below(3) {
        0 => value,
        1 => value.next_up(),
        _ => value.next_down(),
    };
    if value.is_subnormal() { 0.0 } else { value }
}

fn check_family(family: Family, metric: Metric, count: usize, dimension: usize, seed: u64) {
    let rows = family.rows(count, dimension, seed);
    let random = &mut Random(!seed);
    for comparison in comparisons(metric) {
        let predicate = Predicate::new(metric, comparison, threshold(metric, &rows, random)).unwrap();
        check(dimension, &rows, None, &predicate);
        let (x, y) = rows.split_at(count / 3);
        check(dimension, x, Some(y), &predicate);
    }
}

#[test]
fn every_family_metric_and_dimension() {
    // Around every width at which a kernel or an unrolled loop has a remainder.
    let dimensions =
        [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 255, 257, 511, 512, 513];
    let mut seed = 0_u32;
    for family in FAMILIES {
        for metric in METRICS {
            for dimension in dimensions {
                seed += 1;
                check_family(family, metric, 12 + seed as usize % 24, dimension, seed.into());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_data(
        family in prop::sample::select(&FAMILIES[..]),
        metric in prop::sample::select(&METRICS[..]),
        count in 0..140_usize,
        dimension in 1..200_usize,
        seed: u64,
    ) {
        check_family(family, metric, count, dimension, seed);
    }

    #[test]
    fn any_bits(
        rows in (1..6_usize).prop_flat_map(|d| prop::collection::vec(prop::collection::vec(any::<f64>(), d), 0..30)),
        metric in prop::sample::select(&METRICS[..]),
        threshold in prop_oneof![any::<f64>(), -2.0..2.0_f64, Just(0.0), Just(1.0), Just(-1.0), Just(f64::NAN)],
    ) {
        let dimension = rows.first().map_or(1, Vec::len);
        for comparison in comparisons(metric) {
            if let Ok(predicate) = Predicate::new(metric, comparison, threshold) {
                check(dimension, &rows, None, &predicate);
            }
        }
    }
}

#[test]
fn sets_of_several_blocks() {
    for (family, count) in
        [(Family::Clusters, 800), (Family::Offset, 450), (Family::Ties, 400), (Family::Strange, 500)]
    {
        for metric in METRICS {
            check_family(family, metric, count, 12, count as u64);
        }
    }
}

#[test]
fn rows_beyond_those_that_the_frame_was_fitted_to() {
    // Alternating, so that the even sample sees but one kind.
    let mut rows = Family::Clusters.rows(400, 24, 1);
    for (row, size) in rows.iter_mut().skip(1).step_by(2).zip([1e3, 1e13, 1e-9, 1e25].into_iter().cycle()) {
        row.iter_mut().for_each(|x| *x *= size);
    }
    for metric in METRICS {
        for comparison in comparisons(metric) {
            let predicate =
                Predicate::new(metric, comparison, threshold(metric, &rows, &mut Random(2))).unwrap();
            check(24, &rows, None, &predicate);
        }
    }
}

#[test]
fn duplicates_whose_products_underflow() {
    // Rows of size 1 on both sides set the frame; between them tiny rows, each twice, whose products
    // are subnormal f32 or vanish one by one while their sum would not.
    for (size, dimension) in [(1e-19, 1), (1e-21, 2), (1e-22, 16), (3e-23, 64), (1e-23, 64), (3e-23, 300)] {
        let mut rows = Family::Clusters.rows(60, dimension, 3);
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = [1.0, -1.0, size][index % 3];
            row.iter_mut().for_each(|x| *x = factor * (x.abs() + 0.1));
        }
        let tiny: Vec<_> = rows.iter().skip(2).step_by(3).cloned().collect();
        rows.extend(tiny);
        let same = Predicate::new(Metric::EuclideanDistance, Comparison::LessEqual, 0.0).unwrap();
        assert!(expected(&rows, None, &same).len() >= 20);
        check(dimension, &rows, None, &same);
    }
}

#[test]
fn the_longest_vectors() {
    let rows = Family::Clusters.rows(30, MAX_DIMENSION, 5);
    for metric in METRICS {
        for comparison in comparisons(metric) {
            let predicate =
                Predicate::new(metric, comparison, threshold(metric, &rows, &mut Random(6))).unwrap();
            check(MAX_DIMENSION, &rows, None, &predicate);
        }
    }
    // The largest sums that the integer kernels can meet.
    let rows: Vec<Vec<f64>> = [1.0, -1.0, 1.0, -1.0].map(|x| vec![x; MAX_DIMENSION]).to_vec();
    let within = |t| Predicate::new(Metric::EuclideanDistance, Comparison::LessEqual, t).unwrap();
    check(MAX_DIMENSION, &rows, None, &within(0.5));
    check(MAX_DIMENSION, &rows, None, &within(128.0));
}

#[test]
fn thresholds_at_the_ends() {
    let rows = Family::Strange.rows(60, 6, 9);
    for threshold in
        [0.0, -0.0, -1.0, 1.0, f64::NAN, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 1e-160, 1.0_f64.next_up()]
    {
        for metric in METRICS {
            for comparison in comparisons(metric) {
                check(6, &rows, None, &Predicate::new(metric, comparison, threshold).unwrap());
            }
        }
    }
}

#[test]
fn documented_values_of_gds() {
    let (a, b) = ([1.0, 5.0, 3.0, 6.7], [5.0, 2.5, 3.1, 9.0]);
    let value = |metric, a: &[f64], b: &[f64]| {
        let comparison = comparisons(metric)[1];
        let (left, right) = (set(a.len(), &[a.to_vec()]), set(b.len(), &[b.to_vec()]));
        let threshold = if comparison == Comparison::LessEqual { 1e3 } else { -1e3 };
        let predicate = Predicate::new(metric, comparison, threshold).unwrap();
        let (found, _) = found(&left, Some(&right), &predicate, Options::default());
        f64::from_bits(found[0].2)
    };
    assert_eq!(value(Metric::EuclideanDistance, &a, &b), 5.248_809_388_804_284);
    assert_eq!(value(Metric::EuclideanSimilarity, &a, &b), 0.160_030_485_454_022);
    assert_eq!(value(Metric::Cosine, &a, &b), 0.882_757_381_034_594);
    // Null elements count as 0.
    assert_eq!(value(Metric::EuclideanDistance, &[0.0, 1.0, 3.0], &[1.0, 0.0, 2.0]), 1.732_050_807_568_877_2);
}

#[test]
fn predicate_value_is_what_pairs_carry() {
    let rows = Family::MixedElements.rows(40, 19, 3);
    for metric in METRICS {
        let predicate = Predicate::new(metric, comparisons(metric)[0], 0.5).unwrap();
        for (a, b) in rows.iter().zip(&rows[1..]) {
            assert_eq!(predicate.value(a, b).to_bits(), gds(metric, a, b).to_bits());
            assert_eq!(predicate.value(a, b).to_bits(), predicate.value(b, a).to_bits());
        }
    }
}
