//! The regressions, and enough seeds to see that everything still fits together.

#![allow(clippy::unwrap_used, reason = "a test")]

use simulation::{Counters, Driver, Run, check, regression, shrink};

#[test]
fn regressions_stay_mended() {
    let mut count = 0;
    for entry in std::fs::read_dir(regression::folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "seed") {
            let run = regression::read(&path).unwrap();
            assert_eq!(check(&run).result, Ok(()), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 0, "where are they?");
}

#[test]
fn some_seeds_pass() {
    let mut counters = Counters::default();
    for seed in 0..300 {
        let outcome = check(&Run::of(seed));
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
        counters.merge(&outcome.counters);
    }
    let missing = counters.missing(false);
    assert!(missing.len() < 3, "{missing:?} never happened");
}

#[test]
fn some_seeds_of_whole_brokers_pass() {
    let mut counters = Counters::default();
    for seed in 0..300 {
        let outcome = check(&Run::of_brokers(seed));
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
        counters.merge(&outcome.counters);
    }
    let missing = counters.missing(true);
    assert!(missing.len() < 3, "{missing:?} never happened");
}

/// A driver that writes before it persists is found, and what is left of the script still finds it.
#[test]
fn a_bug_of_the_driver_is_found_and_shrunk() {
    let fails = |seed: &u64| {
        let run = Run { driver: Driver::WritesBeforePersisting, ..Run::of(*seed) };
        check(&run).result.is_err()
    };
    let seed = (0..1_000).find(fails).unwrap();
    let run = Run { driver: Driver::WritesBeforePersisting, ..Run::of(seed) };
    let shrunk = shrink(&run);
    assert!(shrunk.skipped.len() > run.skipped.len());
    assert!(check(&shrunk).result.is_err());
}
