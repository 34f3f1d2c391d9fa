//! The laws see: each fault that is put in is caught.

use latchkey_simulator::{
    mutation::{MUTATIONS, Mutation},
    run::run,
};

const SEEDS: u64 = 400;
const CALLS: u64 = 2_000;

/// Seeds until a fault is caught, and by what.
fn caught(mutation: Mutation) -> Option<(u64, String)> {
    (1..=SEEDS).find_map(|seed| {
        let broken = run(seed, CALLS, Some(mutation), 0).broken?;
        Some((seed, broken.to_string()))
    })
}

#[test]
fn every_fault_that_is_put_in_is_caught() {
    let mut missed = Vec::new();
    for mutation in MUTATIONS {
        match caught(mutation) {
            Some((seed, broken)) => println!("{mutation:?}: seed {seed}: {broken}"),
            None => missed.push(mutation),
        }
    }
    assert!(missed.is_empty(), "not caught in {SEEDS} seeds: {missed:?}");
}
