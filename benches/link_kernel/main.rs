//! All pairs under distance 10 among clustered 128-d vectors: seconds by size and tier, beside the time that the
//! products alone would take in f32 at this machine's peak, and beside other programs.
//!
//! `cargo bench --bench link_kernel [-- SIZE.. [--threads N] [--peers COMMAND..] [--large SIZE..]]`: 10,000, 50,000 and
//! 100,000 vectors on 2 threads by default. `COMMAND FILE DIMENSION CUTOFF THREADS` is what `link_peers.py` is. Each of
//! `--large` runs alone in a process of its own, so that the peak of its memory is known. Ends with an error if somebody
//! counts other pairs.

#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "measuring the peak needs instruction sets; a benchmark may stop at the first error"
)]

mod faces;
mod large;
mod peak;
mod peers;

use std::{hint::black_box, ops::ControlFlow, sync::atomic::AtomicBool, time::Instant};

use facebolt::link::{Comparison, Metric, Options, Predicate, Set, Tier, all_pairs};

const DIMENSION: usize = 128;
const CUTOFF: f64 = 10.0;
/// What is beyond this is not the rounding of 32 bits.
const ROUNDING: f64 = 1e-5;

/// What is to be measured.
#[derive(Debug, Default)]
struct Arguments {
    sizes: Vec<u32>,
    threads: usize,
    peers: Vec<String>,
    large: Vec<u32>,
    /// The one size that this process is for.
    alone: Option<u32>,
}

impl Arguments {
    fn read() -> Self {
        let mut read = Self { threads: 2, ..Self::default() };
        let mut option = String::new();
        for argument in std::env::args().skip(1) {
            if argument.starts_with("--") {
                option = argument;
                continue;
            }
            let number = || argument.parse().expect("a number");
            match option.as_str() {
                "--peers" => read.peers.push(argument),
                "--large" => read.large.push(number()),
                "--alone" => read.alone = Some(number()),
                "--threads" => read.threads = number() as usize,
                _ => read.sizes.push(number()),
            }
        }
        if read.sizes.is_empty() {
            let measured = std::env::args().any(|argument| argument == "--bench");
            // Run as a test: only that it runs.
            read.sizes = if measured { vec![10_000, 50_000, 100_000] } else { vec![500] };
        }
        read
    }
}

fn main() {
    let arguments = Arguments::read();
    let threads = arguments.threads;
    if let Some(size) = arguments.alone {
        return large::alone(size, threads);
    }
    println!("{threads} threads, {DIMENSION} dimensions, distance below {CUTOFF}");
    println!("      N  by            seconds  x f32 limit  x fastest of ours       pairs  candidates");
    for &size in &arguments.sizes {
        let set = faces::faces(size);
        let peak = peak::peak(threads);
        // Two operations for each element of each pair of the upper triangle.
        let limit = f64::from(size).powi(2) * DIMENSION as f64 / peak;
        println!("{size:7}  {:12}  {limit:7.3}  {:11.2}  at {:.1} Gflop/s", "f32 limit", 1.0, peak / 1e9);
        let mut fastest = f64::MAX;
        let mut pairs = None;
        for tier in Tier::ALL {
            let name = tier.to_string();
            if !tier.is_available() {
                println!("{size:7}  {name:12}  not run: this processor has not its instructions");
                continue;
            }
            let done = measure(&set, CUTOFF, Options { threads, tier });
            assert_eq!(*pairs.get_or_insert(done.pairs), done.pairs, "{tier} found other pairs");
            fastest = fastest.min(done.seconds);
            println!(
                "{size:7}  {name:12}  {:7.3}  {:11.2}  {:17.2}  {:10}  {:10}",
                done.seconds,
                done.seconds / limit,
                done.seconds / fastest,
                done.pairs,
                done.candidates
            );
        }
        if !arguments.peers.is_empty() {
            let count = |cutoff| measure(&set, cutoff, Options { threads, tier: Tier::Auto }).pairs;
            let counts = count(CUTOFF * (1.0 - ROUNDING))..=count(CUTOFF * (1.0 + ROUNDING));
            for peer in peers::run(&arguments.peers, &set, threads) {
                println!(
                    "{size:7}  {:12}  {:7.3}  {:11.2}  {:17.2}  {:10}",
                    peer.name,
                    peer.seconds,
                    peer.seconds / limit,
                    peer.seconds / fastest,
                    peer.pairs
                );
                assert!(counts.contains(&peer.pairs), "{} found other pairs than {counts:?}", peer.name);
                // It decides in doubles as we do.
                assert!(peer.name != "numpy" || Some(peer.pairs) == pairs, "numpy found other pairs");
            }
        }
    }
    large::run(&arguments.large, threads);
}

/// How a run went.
struct Done {
    seconds: f64,
    pairs: u64,
    candidates: u64,
}

/// The best of three runs.
fn measure(set: &Set, cutoff: f64, options: Options) -> Done {
    let runs = (0..3).map(|_| once(set, cutoff, options));
    runs.min_by(|a, b| a.seconds.total_cmp(&b.seconds)).expect("three runs")
}

fn once(set: &Set, cutoff: f64, options: Options) -> Done {
    let predicate = Predicate::new(Metric::EuclideanDistance, Comparison::Less, cutoff).expect("valid");
    let started = Instant::now();
    let outcome = all_pairs(set, &predicate, &options, &AtomicBool::new(false), |pairs| {
        black_box(pairs);
        ControlFlow::Continue(())
    })
    .expect("available and not cancelled");
    let seconds = started.elapsed().as_secs_f64();
    Done { seconds, pairs: outcome.pairs, candidates: outcome.candidates }
}
