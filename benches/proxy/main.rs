//! What one more hop costs: the same requests to Neo4j directly and through each proxy, taking turns.
//!
//! `scripts/bench-proxy` starts all of them and calls `cargo bench --bench proxy -- NAME=HOST:PORT..`, with the
//! login in `NEO4J_USER` and `NEO4J_PASSWORD`. The first name is the one that others are compared with.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark may stop at the first error"
)]

mod client;

use std::time::{Duration, Instant};

use client::Client;

/// Turns that each path gets; the medians over them are printed.
const ROUNDS: usize = 7;
const PING_PONGS: usize = 4000;
const QUERIES: usize = 1000;
const CONNECTIONS: usize = 16;
const QUERIES_EACH: usize = 500;
const SMALL_RECORDS: &str = "UNWIND range(1, 1000000) AS i RETURN i";
const FLOATS: &str =
    "WITH [i IN range(1, 128) | i / 7.0] AS v UNWIND range(1, 10000) AS i RETURN v AS embedding";

/// One measurement: its name, its unit, and whether more is better.
struct Figure {
    name: &'static str,
    unit: &'static str,
    digits: usize,
}

const FIGURES: [Figure; 7] = [
    Figure { name: "RESET ping-pong, p50", unit: "us", digits: 1 },
    Figure { name: "RESET ping-pong, p99", unit: "us", digits: 1 },
    Figure { name: "RETURN 1, 1 connection, p50", unit: "us", digits: 0 },
    Figure { name: "RETURN 1, 1 connection, p99", unit: "us", digits: 0 },
    Figure { name: "RETURN 1, 16 connections", unit: "queries/s", digits: 0 },
    Figure { name: "1,000,000 small records", unit: "MB/s", digits: 1 },
    Figure { name: "10,000 x 128 floats", unit: "MB/s", digits: 1 },
];

fn main() {
    let paths: Vec<(String, String)> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.split_once('=').map(|(name, at)| (name.to_owned(), at.to_owned())))
        .collect();
    if paths.is_empty() {
        // `cargo test --benches` runs it without servers: there is nothing to measure.
        println!(
            "usage: cargo bench --bench proxy -- direct=HOST:PORT [NAME=HOST:PORT..]; see scripts/bench-proxy"
        );
        return;
    }
    // The first turn warms the server's plans and its JVM, and is not counted.
    let mut seen = vec![vec![Vec::new(); FIGURES.len()]; paths.len()];
    for round in 0..=ROUNDS {
        for (path, (_, address)) in paths.iter().enumerate() {
            for (figure, value) in turn(address).into_iter().enumerate() {
                if round > 0 {
                    seen[path][figure].push(value);
                }
            }
        }
    }
    print!("{:28}{:10}", "median (least .. most)", "");
    paths.iter().for_each(|(name, _)| print!("{name:>28}"));
    println!();
    for (index, figure) in FIGURES.iter().enumerate() {
        print!("{:28}{:10}", figure.name, figure.unit);
        for path in &mut seen {
            let values = &mut path[index];
            values.sort_by(f64::total_cmp);
            let (least, middle, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
            let digits = figure.digits;
            print!("{:>28}", format!("{middle:.digits$} ({least:.digits$} .. {most:.digits$})"));
        }
        println!();
    }
}

/// All figures of one path, once.
fn turn(address: &str) -> [f64; FIGURES.len()] {
    let (reset, reset_99) = quantiles(PING_PONGS, address, Client::reset);
    let (query, query_99) = quantiles(QUERIES, address, |client| {
        client.query("RETURN 1");
    });
    [
        reset,
        reset_99,
        query,
        query_99,
        throughput(address),
        bulk(address, SMALL_RECORDS),
        bulk(address, FLOATS),
    ]
}

/// p50 and p99 in microseconds.
fn quantiles(count: usize, address: &str, mut request: impl FnMut(&mut Client)) -> (f64, f64) {
    let mut client = Client::connect(address);
    let mut times: Vec<Duration> = (0..count)
        .map(|_| {
            let began = Instant::now();
            request(&mut client);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    (micros(times[count / 2]), micros(times[count * 99 / 100]))
}

/// Queries per second over many connections.
fn throughput(address: &str) -> f64 {
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| Client::connect(address)).collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| (0..QUERIES_EACH).for_each(|_| _ = client.query("RETURN 1")));
        }
    });
    (CONNECTIONS * QUERIES_EACH) as f64 / began.elapsed().as_secs_f64()
}

/// Megabytes per second of one large result.
fn bulk(address: &str, text: &str) -> f64 {
    let mut client = Client::connect(address);
    let began = Instant::now();
    let bytes = client.query(text);
    bytes as f64 / 1e6 / began.elapsed().as_secs_f64()
}
