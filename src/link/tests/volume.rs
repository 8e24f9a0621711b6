//! Exactness over as many pairs as are asked for: `make test-exact` asks for tens of millions.

use super::{
    data::{FAMILIES, Random},
    exactness::{METRICS, comparisons, threshold},
    *,
};

/// Pairs that each tier is compared on, unless `FACEBOLT_TEST_PAIRS` says how many.
const PAIRS: u64 = 100_000;
/// Around the widths at which a kernel or an unrolled loop has a remainder.
const DIMENSIONS: [usize; 16] = [1, 2, 3, 5, 8, 15, 17, 32, 63, 65, 96, 127, 128, 129, 257, 513];

#[test]
fn as_many_pairs_as_are_asked_for() {
    let asked = |name| std::env::var(name).ok().map(|number| number.parse().expect("a number"));
    let wanted = asked("FACEBOLT_TEST_PAIRS").unwrap_or(PAIRS);
    let seed = asked("FACEBOLT_TEST_SEED").unwrap_or(1);
    let random = &mut Random(seed);
    // With few pairs a round must be small, with many there should be several blocks to a set.
    let most = if wanted > PAIRS { 1200 } else { 70 };
    let (mut compared, mut near) = (0, 0);
    for round in 0.. {
        for family in FAMILIES {
            let metric = METRICS[random.below(METRICS.len())];
            let comparison = comparisons(metric)[random.below(2)];
            let dimension = DIMENSIONS[random.below(DIMENSIONS.len())];
            let rows = family.rows(2 + random.below(most), dimension, random.next());
            let predicate = Predicate::new(metric, comparison, threshold(metric, &rows, random)).unwrap();
            let (x, y) = rows.split_at(if round % 2 == 0 { rows.len() } else { rows.len() / 3 });
            let y = (!y.is_empty()).then_some(y);
            near += check(dimension, x, y, &predicate);
            compared += y.map_or_else(|| x.len() * (x.len() - 1) / 2, |y| x.len() * y.len()) as u64;
        }
        if compared >= wanted {
            break;
        }
    }
    for tier in Tier::ALL {
        if tier.is_available() {
            println!(
                "{tier}: {compared} pairs of seed {seed}, {near} of them near: 0 missed, 0 extra, equal in every bit"
            );
        } else {
            println!("{tier}: not run, this processor has not its instructions");
        }
    }
    assert!(near > 0);
}
