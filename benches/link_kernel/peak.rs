//! The most f32 operations a second that threads reach side by side, by the widest fused multiply-add.

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

/// How long it is tried for; the best round counts.
const TRIED: Duration = Duration::from_millis(500);

/// Of all threads together.
pub(super) fn peak(threads: usize) -> f64 {
    let start = Barrier::new(threads);
    let one = || {
        start.wait();
        best()
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

fn best() -> f64 {
    const ROUNDS: u32 = 1 << 20;
    let started = Instant::now();
    let mut best = f64::MAX;
    let mut operations = 0.0;
    while started.elapsed() < TRIED {
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
