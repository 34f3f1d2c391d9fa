//! The laws see: each fault that is put in is caught, by the law that it breaks.

use latchkey_simulator::{
    laws::Law,
    mutation::{MUTATIONS, Mutation},
    run::run,
};

/// Runs in which a fault must show once; the rarest shows in about one of 60.
const SEEDS: u64 = 600;
const CALLS: u64 = 2_000;

/// The laws that a fault may be caught by.
fn laws_of(mutation: Mutation) -> &'static [Law] {
    match mutation {
        Mutation::QuotaOffByOne
        | Mutation::SpentAfterWindow
        | Mutation::ReturnKept
        | Mutation::Undercharged => &[Law::Quota],
        Mutation::RoomOffByOne | Mutation::ClampByFrozen => &[Law::Throttle],
        Mutation::NoFence | Mutation::MakesItems | Mutation::ChargesTombstones => &[Law::Writes],
        Mutation::SpentPastLife => &[Law::Throttle, Law::Quota],
        Mutation::ReturnedTwice => &[Law::Returns, Law::Usage],
        Mutation::ReturnedToThrottle => &[Law::Returns],
        Mutation::NettedTwice => &[Law::Quota, Law::Life],
        Mutation::LateAnswerAdmits => &[Law::Time],
        Mutation::DenialOfDearForCheap => &[Law::Life],
    }
}

#[test]
fn every_fault_that_is_put_in_is_caught() {
    for mutation in MUTATIONS {
        let caught = (1..=SEEDS).find_map(|seed| {
            let broken = run(seed, CALLS, Some(mutation), 0).broken?;
            Some((seed, broken))
        });
        let Some((seed, broken)) = caught else {
            panic!("{mutation:?} is not caught in {SEEDS} seeds");
        };
        println!("{mutation:?}: seed {seed}: {broken}");
        assert!(
            laws_of(mutation).contains(&broken.law),
            "{mutation:?}: {broken}"
        );
    }
}

/// By the throttle's own bound, though the end of a window tells of most of them.
#[test]
fn leases_spent_past_their_life_exceed_the_throttle() {
    let by_throttle = (1..=2_000).find(|seed| {
        let report = run(*seed, CALLS, Some(Mutation::SpentPastLife), 0);
        report
            .broken
            .is_some_and(|broken| broken.law == Law::Throttle)
    });
    assert!(by_throttle.is_some());
}
