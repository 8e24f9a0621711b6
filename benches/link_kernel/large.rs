//! Sizes at which memory counts: each in a process of its own.

use std::process::Command;

use facebolt::link::{Options, Tier};

use super::{CUTOFF, DIMENSION, faces, once};

/// Runs each size and says how time and memory grow from one to the next.
pub(super) fn run(sizes: &[u32], threads: usize) {
    if sizes.is_empty() {
        return;
    }
    println!("\neach in a process of its own, by the fastest tier");
    println!("      N  seconds  peak MB  of which vectors       pairs  x seconds  x N squared  x MB    x N");
    let mut last: Option<(f64, f64, f64)> = None;
    for &size in sizes {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args(["--threads", &threads.to_string(), "--alone", &size.to_string()]);
        let output = command.output().expect("this program again");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        let numbers: Vec<f64> = text.split_whitespace().map(|n| n.parse().expect("a number")).collect();
        let &[seconds, peak, pairs] = numbers.as_slice() else { panic!("three numbers: {text}") };
        let vectors = f64::from(size) * DIMENSION as f64 * 8.0 / 1e6;
        print!("{size:7}  {seconds:7.1}  {peak:7.0}  {vectors:16.0}  {pairs:10}");
        if let Some((from, before, used)) = last {
            let times = f64::from(size) / from;
            print!("  {:9.1}  {:11.1}", seconds / before, times * times);
            print!("  {:4.1}  {times:5.1}", peak / used);
        }
        println!();
        last = Some((f64::from(size), seconds, peak));
    }
}

/// Seconds, peak of memory in MB and pairs of one size.
pub(super) fn alone(size: u32, threads: usize) {
    let set = faces::faces(size);
    let done = once(&set, CUTOFF, Options { threads, tier: Tier::Auto });
    println!("{} {} {}", done.seconds, peak_of_memory(), done.pairs);
}

/// The most that this process has held, in MB; NaN where the system does not tell.
fn peak_of_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes * 1024.0 / 1e6)
}
