//! A set that is searched while it grows has the pairs that it has afterwards.

use std::{
    sync::{atomic::Ordering, mpsc},
    thread,
    time::Duration,
};

use super::{
    data::{Family, Random},
    exactness::{METRICS, comparisons, threshold},
    *,
};

/// Long enough for anything that comes at all.
const LONG: Duration = Duration::from_secs(60);

fn within(threshold: f64) -> Predicate {
    Predicate::new(Metric::EuclideanDistance, Comparison::Less, threshold).unwrap()
}

/// What is found while the rows come one by one.
fn fed(dimension: usize, rows: &[Vec<f64>], predicate: &Predicate, options: Options) -> (Found, Outcome) {
    let mut found = Vec::new();
    let feed = Feed::new(dimension);
    let outcome = thread::scope(|scope| {
        let search = scope.spawn(|| {
            fed_pairs(None, &feed, predicate, &options, &AtomicBool::new(false), |pairs| {
                found.extend(pairs.iter().map(|pair| (pair.a, pair.b, pair.value.to_bits())));
                ControlFlow::Continue(())
            })
        });
        let mut set = Set::new(dimension).unwrap();
        for row in rows {
            set.push(row).unwrap();
            feed.grow(&set);
            thread::yield_now();
        }
        feed.end(&set);
        search.join().unwrap()
    });
    if predicate.satisfiable() {
        assert_eq!(feed.compared(), (rows.len() * rows.len()) as u64);
    }
    found.sort_unstable();
    (found, outcome.unwrap())
}

#[test]
fn pairs_of_a_growing_set_are_those_of_the_set() {
    for (family, count) in [
        (Family::Clusters, 800),
        (Family::Ties, 384),
        (Family::Strange, 500),
        (Family::Outlier, 400),
        (Family::Offset, 3),
    ] {
        let rows = family.rows(count, 6, count as u64);
        for metric in METRICS {
            let threshold = threshold(metric, &rows, &mut Random(7));
            let predicate = Predicate::new(metric, comparisons(metric)[1], threshold).unwrap();
            let expected = expected(&rows, None, &predicate);
            for (tier, threads) in tiers().zip([2, 1, 3, 1]) {
                let (found, outcome) = fed(6, &rows, &predicate, Options { threads, tier });
                assert!(found == expected, "{family:?}, {tier}, {predicate:?}");
                assert!(outcome.complete);
            }
        }
    }
    let (found, outcome) = fed(6, &[], &within(1.0), Options::default());
    assert!(found.is_empty() && outcome.complete);
}

#[test]
fn first_rows_that_are_unlike_the_others_cost_no_bounds() {
    // In a frame of the first block all others are clamped to the ends of the integers, or lie in one point.
    for size in [1e-6, 1e6] {
        let (dimension, count) = (32, 1600);
        let mut rows = Family::Clusters.rows(count, dimension, 5);
        rows.iter_mut().take(384).flatten().for_each(|x| *x *= size);
        let expected = expected(&rows, None, &within(2.0));
        for tier in tiers() {
            let options = Options { threads: 2, tier };
            let (found, outcome) = fed(dimension, &rows, &within(2.0), options);
            assert!(found == expected, "{tier}");
            // In one that is fitted to all.
            let (_, fitted) = super::found(&set(dimension, &rows), None, &within(2.0), options);
            let most = fitted.candidates + (count * count / 8) as u64;
            assert!(outcome.candidates < most, "{tier}: {outcome:?}, {fitted:?}");
        }
    }
}

#[test]
fn pairs_come_before_the_end() {
    let mut set = Set::new(2).unwrap();
    for row in Family::Duplicates.rows(2000, 2, 1) {
        set.push(&row).unwrap();
    }
    let (feed, (send, came)) = (Feed::new(2), mpsc::channel());
    thread::scope(|scope| {
        let search = scope.spawn(|| {
            let cancel = AtomicBool::new(false);
            fed_pairs(None, &feed, &within(1.0), &Options::default(), &cancel, |pairs| {
                let _ = send.send(pairs.len());
                ControlFlow::Continue(())
            })
        });
        feed.grow(&set);
        assert!(came.recv_timeout(LONG).is_ok());
        feed.end(&set);
        assert_eq!(search.join().unwrap().unwrap().pairs, 2000 * 1999 / 2);
    });
}

#[test]
fn a_search_that_waits_for_vectors_can_be_cancelled() {
    for rows in [0, 10, 1000] {
        let set = set(2, &Family::Clusters.rows(rows, 2, 1));
        let (feed, cancel) = (Feed::new(2), AtomicBool::new(false));
        feed.grow(&set);
        thread::scope(|scope| {
            let search = scope.spawn(|| {
                fed_pairs(None, &feed, &within(1.0), &Options::default(), &cancel, |_| {
                    ControlFlow::Continue(())
                })
            });
            cancel.store(true, Ordering::Relaxed);
            let result = search.join().unwrap();
            assert!(matches!(result, Err(LinkError::Cancelled)), "{result:?}");
        });
    }
}

#[test]
fn a_sink_that_breaks_off_does_not_wait_for_the_end() {
    let set = set(2, &Family::Duplicates.rows(1000, 2, 1));
    let feed = Feed::new(2);
    feed.grow(&set);
    let outcome = fed_pairs(None, &feed, &within(1.0), &Options::default(), &AtomicBool::new(false), |_| {
        ControlFlow::Break(())
    });
    assert!(!outcome.unwrap().complete);
}
