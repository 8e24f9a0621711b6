//! A dense answer streams through the kernel: half of all pairs are found, and never held.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use facebolt::link::{Comparison, Metric, Options, Predicate, Set, Tier, all_pairs};

/// Without optimisation a pair takes ten times as long.
const ROWS: u32 = if cfg!(debug_assertions) { 6_000 } else { 20_000 };
/// Uniform numbers of 0..1 are less than this apart in half of all pairs: `1 - sqrt(1/2)`.
const CUTOFF: f64 = 0.292_893_218_813_452_5;
/// What the search may add to the memory of the process. The pairs alone would take 144 MB, or 1,600.
const MOST: u64 = 32 << 20;

/// The only test of its process: the peak of its memory is this test's.
#[test]
fn a_dense_answer_is_never_held() {
    let mut numbers: Vec<f64> =
        (1..=ROWS).map(|n| (f64::from(n) * 0.618_033_988_749_894_9).fract()).collect();
    let mut set = Set::new(1).unwrap();
    for number in &numbers {
        set.push(&[*number]).unwrap();
    }
    let expected = below(&mut numbers);
    let near = Predicate::new(Metric::EuclideanDistance, Comparison::Less, CUTOFF).unwrap();
    for tier in Tier::ALL.into_iter().filter(|tier| tier.is_available()) {
        let before = peak();
        let (mut pairs, mut batches) = (0, 0_u64);
        let options = Options { threads: 2, tier };
        let outcome = all_pairs(&set, &near, &options, &AtomicBool::new(false), |batch| {
            pairs += batch.len() as u64;
            batches += 1;
            // Slower than the search: what it finds meanwhile must not pile up.
            if batches % 1000 == 0 {
                std::thread::sleep(Duration::from_millis(10));
            }
            ControlFlow::Continue(())
        });
        assert!(outcome.unwrap().complete);
        assert_eq!(pairs, expected, "{tier}");
        let added = peak() - before;
        assert!(added < MOST, "{tier}: {added} bytes");
    }
}

/// How many pairs of numbers are less than the cutoff apart, by another way.
fn below(numbers: &mut [f64]) -> u64 {
    numbers.sort_by(f64::total_cmp);
    let mut first = 0;
    let mut pairs = 0;
    for (last, number) in numbers.iter().enumerate() {
        while number - numbers[first] >= CUTOFF {
            first += 1;
        }
        pairs += (last - first) as u64;
    }
    pairs
}

/// The most that this process has held, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}
