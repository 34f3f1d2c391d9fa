//! The laws of metering hold in every run, and a seed is a run to the byte.

use latchkey_simulator::run::{prove, run};

#[test]
fn the_laws_hold_after_every_step_of_every_run() {
    let proof = prove(1, 60, 5_000, 2);
    let counts = proof.counts;
    assert!(proof.failed.is_empty(), "{:#?}", proof.failed);
    assert_eq!(proof.runs, 60);
    // It went through all that it is to go through.
    for (what, times) in [
        ("admitted", counts.admitted),
        ("from memory", counts.from_memory),
        ("refused from memory", counts.refused_from_memory),
        ("throttled", counts.throttled),
        ("quota exceeded", counts.quota_exceeded),
        ("unavailable", counts.unavailable),
        ("clamped", counts.clamps),
        ("returned", counts.returns),
        ("died", counts.deaths),
        ("changed", counts.changes),
    ] {
        assert!(times > 0, "{what}: never, in {counts:?}");
    }
}

#[test]
fn a_seed_run_twice_gives_the_same_bytes() {
    for seed in [3, 17, 4_242] {
        let (one, other) = (run(seed, 3_000, None, 500), run(seed, 3_000, None, 500));
        assert_eq!(one, other);
        assert_eq!(one.lines.len(), 500);
        // Without a record in words it goes the same way.
        assert_eq!(run(seed, 3_000, None, 0).digest, one.digest);
    }
    assert_ne!(run(1, 100, None, 0).digest, run(2, 100, None, 0).digest);
}

#[test]
fn a_run_that_fails_fails_again_at_the_same_step() {
    let mutation = Some(latchkey_simulator::mutation::Mutation::QuotaOffByOne);
    let failed = (1..200).find_map(|seed| {
        let report = run(seed, 2_000, mutation, 40);
        report.broken.is_some().then_some(report)
    });
    let failed = failed.unwrap();
    assert_eq!(run(failed.seed, 2_000, mutation, 40), failed);
}
