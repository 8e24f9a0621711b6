//! All pairs under distance 10 among clustered 128-d vectors: seconds by size, tier and threads,
//! beside the time that the products alone would take in f32 at this machine's peak.
//!
//! `cargo bench --bench link_kernel [-- SIZE...]`; 10,000, 50,000 and 100,000 vectors by default.

#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "measuring the peak needs instruction sets; a benchmark may stop at the first error"
)]

use std::{
    hint::black_box,
    ops::ControlFlow,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use facebolt::link::{Comparison, Metric, Options, Predicate, Set, Tier, all_pairs};

const DIMENSION: usize = 128;
const THRESHOLD: f64 = 10.0;

fn main() {
    let sizes: Vec<u32> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = match sizes.as_slice() {
        [] if std::env::args().any(|argument| argument == "--bench") => &[10_000, 50_000, 100_000],
        // Run as a test: only that it runs.
        [] => &[500][..],
        sizes => sizes,
    };
    let peak = peak();
    println!("f32 fused multiply-add, one thread: {:.1} Gflop/s", peak / 1e9);
    println!("      N  tier         threads  seconds  x f32 limit     pairs  candidates");
    for &size in sizes {
        let set = faces(size);
        for threads in [1, 2] {
            // Two operations for each element of each pair of the upper triangle.
            let limit = f64::from(size).powi(2) * DIMENSION as f64 / peak / threads as f64;
            println!("{size:7}  {:11}  {threads:7}  {limit:7.3}  {:11.2}", "f32 limit", 1.0);
            for tier in Tier::ALL.into_iter().filter(|tier| tier.is_available()) {
                let (seconds, pairs, candidates) = measure(&set, Options { threads, tier });
                let share = seconds / limit;
                let tier = tier.to_string();
                println!(
                    "{size:7}  {tier:11}  {threads:7}  {seconds:7.3}  {share:11.2}  {pairs:8}  {candidates:10}"
                );
            }
        }
    }
}

/// The best of three runs.
fn measure(set: &Set, options: Options) -> (f64, u64, u64) {
    let predicate = Predicate::new(Metric::EuclideanDistance, Comparison::Less, THRESHOLD).expect("valid");
    let cancel = AtomicBool::new(false);
    let runs = (0..3).map(|_| {
        let started = Instant::now();
        let outcome = all_pairs(set, &predicate, &options, &cancel, |pairs| {
            black_box(pairs);
            ControlFlow::Continue(())
        })
        .expect("available and not cancelled");
        (started.elapsed().as_secs_f64(), outcome.pairs, outcome.candidates)
    });
    runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("three runs")
}

/// N/4 people with 2 to 6 faces each: faces of one person about 4 to 9 apart, of two about 12 to 17.
fn faces(count: u32) -> Set {
    let mut random = Random(u64::from(count));
    let mut set = Set::new(DIMENSION).expect("valid");
    while set.len() < count {
        let person: Vec<f64> = (0..DIMENSION).map(|_| 0.84 * random.normal()).collect();
        for _ in 0..2 + random.next() % 5 {
            let spread = 0.25 + 0.3 * random.uniform();
            let face: Vec<f64> = person.iter().map(|x| x + spread * random.normal()).collect();
            if set.len() < count {
                set.push(&face).expect("of the set's dimension");
            }
        }
    }
    set
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The sum of twelve uniform numbers less 6: variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// The most f32 operations a second that one thread reaches, by the widest fused multiply-add.
fn peak() -> f64 {
    const ROUNDS: u32 = 1 << 20;
    let started = Instant::now();
    let mut best = f64::MAX;
    let mut operations = 0.0;
    while started.elapsed() < Duration::from_millis(500) {
        let round = Instant::now();
        operations = f64::from(ROUNDS) * f64::from(multiply_add(ROUNDS));
        best = best.min(round.elapsed().as_secs_f64());
    }
    operations / best
}

/// Operations in a round.
#[cfg(target_arch = "x86_64")]
fn multiply_add(rounds: u32) -> u32 {
    use std::arch::x86_64::*;

    /// Independent sums, enough to hide the latency of an addition.
    const SUMS: usize = 12;

    #[target_feature(enable = "avx512f")]
    fn wide(rounds: u32) {
        let factor = black_box(_mm512_set1_ps(0.5));
        let mut sums = [factor; SUMS];
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums);
    }
    #[target_feature(enable = "avx2,fma")]
    fn narrow(rounds: u32) {
        let factor = black_box(_mm256_set1_ps(0.5));
        let mut sums = [factor; SUMS];
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums);
    }
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has AVX-512 F.
        unsafe { wide(rounds) };
        2 * 16 * SUMS as u32
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has AVX2 and FMA.
        unsafe { narrow(rounds) };
        2 * 8 * SUMS as u32
    } else {
        portable(rounds)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn multiply_add(rounds: u32) -> u32 {
    portable(rounds)
}

fn portable(rounds: u32) -> u32 {
    const SUMS: usize = 48;
    let factor = black_box(0.5_f32);
    let mut sums = [factor; SUMS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = *sum * factor + factor;
        }
    }
    black_box(sums);
    2 * SUMS as u32
}
