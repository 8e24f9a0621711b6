//! What is refused, how a search ends early, and what it holds in memory.

use std::{sync::atomic::Ordering, time::Instant};

use super::{data::Family, *};

fn within(threshold: f64) -> Predicate {
    Predicate::new(Metric::EuclideanDistance, Comparison::Less, threshold).unwrap()
}

#[test]
fn predicates_that_are_refused() {
    use Comparison::{Greater, GreaterEqual, Less, LessEqual};
    for (metric, comparison) in [
        (Metric::EuclideanDistance, Greater),
        (Metric::EuclideanDistance, GreaterEqual),
        (Metric::EuclideanSimilarity, Less),
        (Metric::Cosine, LessEqual),
    ] {
        let error = Predicate::new(metric, comparison, 1.0).unwrap_err();
        assert!(matches!(error, LinkError::Comparison { .. }), "{error}");
    }
    for threshold in [f64::INFINITY, f64::NEG_INFINITY, 5e-324, -1e-310] {
        let error = Predicate::new(Metric::EuclideanDistance, Less, threshold).unwrap_err();
        assert!(matches!(error, LinkError::Threshold(_)), "{error}");
    }
}

#[test]
fn predicates_that_nothing_satisfies() {
    use Comparison::{Greater, GreaterEqual, Less, LessEqual};
    for (metric, comparison, threshold, satisfiable) in [
        (Metric::EuclideanDistance, Less, 0.0, false),
        (Metric::EuclideanDistance, LessEqual, 0.0, true),
        (Metric::EuclideanDistance, LessEqual, -1.0, false),
        (Metric::EuclideanDistance, Less, f64::NAN, false),
        (Metric::EuclideanSimilarity, Greater, 1.0, false),
        (Metric::EuclideanSimilarity, GreaterEqual, 1.0, true),
        (Metric::Cosine, GreaterEqual, f64::NAN, false),
        (Metric::Cosine, Greater, 1.0, true),
    ] {
        let predicate = Predicate::new(metric, comparison, threshold).unwrap();
        assert_eq!(predicate.satisfiable(), satisfiable, "{predicate:?}");
    }
}

#[test]
fn shapes_that_are_refused() {
    assert!(matches!(Set::new(0), Err(LinkError::Dimension(0))));
    assert!(matches!(Set::new(MAX_DIMENSION + 1), Err(LinkError::Dimension(_))));
    let mut x = Set::new(3).unwrap();
    assert!(matches!(x.push(&[1.0; 2]), Err(LinkError::Length { expected: 3, found: 2 })));
    assert!(x.is_empty());
    let y = Set::new(4).unwrap();
    let cancel = AtomicBool::new(false);
    let sink = |_: &[Pair]| ControlFlow::Continue(());
    let error = cross_pairs(&x, &y, &within(1.0), &Options::default(), &cancel, sink).unwrap_err();
    assert!(matches!(error, LinkError::Length { expected: 3, found: 4 }));

    assert!(matches!(Frame::new(within(1.0), 0, Tier::Auto, &[]), Err(LinkError::Dimension(0))));
    assert!(matches!(Frame::new(within(1.0), 2, Tier::Auto, &[0.0; 3]), Err(LinkError::Length { .. })));
}

#[test]
fn a_tier_that_the_processor_lacks_is_refused() {
    for tier in Tier::ALL {
        let frame = Frame::new(within(1.0), 2, tier, &[]);
        match tier.is_available() {
            true => assert_eq!(frame.unwrap().tier(), tier),
            false => assert!(matches!(frame, Err(LinkError::Tier { .. }))),
        }
    }
    assert!(Tier::Faer.is_available());
}

#[test]
fn empty_sets_and_single_rows() {
    for rows in [Vec::new(), vec![vec![1.0, 2.0]]] {
        check(2, &rows, None, &within(1.0));
        check(2, &rows, Some(&[]), &within(1.0));
        check(2, &rows, Some(&[vec![1.0, 2.0]]), &within(1.0));
    }
}

#[test]
fn dense_answers_come_in_bounded_batches() {
    let count = 3000;
    let rows = Family::Duplicates.rows(count, 2, 1);
    let x = set(2, &rows);
    for tier in tiers() {
        let (mut pairs, mut largest) = (0, 0);
        let outcome =
            all_pairs(&x, &within(1.0), &Options { threads: 2, tier }, &AtomicBool::new(false), |batch| {
                pairs += batch.len() as u64;
                largest = largest.max(batch.len());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(pairs, (count * (count - 1) / 2) as u64);
        assert_eq!(outcome.pairs, pairs);
        assert!(largest <= 4096, "{largest}");
    }
}

#[test]
fn a_sink_that_breaks_off_gets_no_more() {
    let x = set(2, &Family::Duplicates.rows(2000, 2, 1));
    for threads in [1, 4] {
        let mut calls = 0;
        let options = Options { threads, ..Options::default() };
        let outcome = all_pairs(&x, &within(1.0), &options, &AtomicBool::new(false), |_| {
            calls += 1;
            ControlFlow::Break(())
        })
        .unwrap();
        assert!(!outcome.complete);
        assert_eq!(calls, 1);
    }
}

#[test]
fn cancelling_ends_the_search() {
    let x = set(2, &Family::Duplicates.rows(4000, 2, 1));
    for threads in [1, 2] {
        let options = Options { threads, ..Options::default() };
        // From the start, and while pairs come in.
        for after in [0, 1] {
            let (cancel, mut batches) = (AtomicBool::new(after == 0), 0);
            let result = all_pairs(&x, &within(1.0), &options, &cancel, |_| {
                batches += 1;
                cancel.store(true, Ordering::Relaxed);
                ControlFlow::Continue(())
            });
            assert!(matches!(result, Err(LinkError::Cancelled)), "{result:?}");
            assert!(batches <= after * threads, "{batches} batches");
        }
    }
}

#[test]
fn cancelling_ends_a_search_that_finds_nothing() {
    // Long enough that only the flag can end it soon, and nothing ever reaches the sink.
    let x = set(64, &Family::Clusters.rows(20_000, 64, 1));
    let cancel = AtomicBool::new(false);
    let started = Instant::now();
    let result = std::thread::scope(|scope| {
        let search = scope.spawn(|| {
            let options = Options { threads: 1, tier: Tier::Faer };
            all_pairs(&x, &within(1e-6), &options, &cancel, |_| ControlFlow::Continue(()))
        });
        cancel.store(true, Ordering::Relaxed);
        search.join().unwrap()
    });
    assert!(matches!(result, Err(LinkError::Cancelled)), "{result:?} after {:?}", started.elapsed());
}

#[test]
fn a_sink_that_panics_ends_the_search() {
    let x = set(2, &Family::Duplicates.rows(2000, 2, 1));
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let result = std::panic::catch_unwind(|| {
        let options = Options { threads: 3, ..Options::default() };
        all_pairs(&x, &within(1.0), &options, &AtomicBool::new(false), |_| {
            calls.fetch_add(1, Ordering::Relaxed);
            panic!("a sink's own");
        })
    });
    assert!(result.is_err());
    assert_eq!(calls.into_inner(), 1);
}
