//! The laws see: each fault that is put in is caught, by the law that it breaks.

use fastrand::Rng;
use latchkey_simulator::{
    clock::{DAY, SECOND},
    laws::{Broken, Law},
    mutation::{MUTATIONS, Mutation},
    plan::{Limits, PlanAt, Traffic},
    run::run,
    setting::{Faults, Latency, Setting},
    world::World,
};

/// Runs in which a fault must show once; the rarest shows in about one of 50.
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

/// Some thirty calls at once, then none for so long that the bucket fills up: what is still on
/// lease then would come on top of a burst.
fn bursts(rng: &mut Rng) -> Setting {
    Setting {
        traffic: Traffic {
            gap: 20 * SECOND,
            calls: CALLS,
        },
        crowded: 970,
        pauses: 0,
        instances: 4,
        hot: false,
        lease_max: 1_000,
        faults: Faults::default(),
        latency: Latency::CALM,
        capacity: None,
        happens_every: DAY,
        ..Setting::draw(rng, CALLS)
    }
}

#[test]
fn leases_spent_past_their_life_exceed_the_throttle() {
    let run = |seed, mutation| {
        let mut rng = Rng::with_seed(seed);
        let setting = bursts(&mut rng);
        let limits = Limits {
            millionths: 3_000_000,
            burst: 60,
        };
        let plan = PlanAt::simple(None, Some(limits));
        World::of(rng, setting, plan, mutation, 0).run(seed).broken
    };
    let by_throttle = |broken: Broken| broken.law == Law::Throttle;
    let caught =
        (1..=20).filter(|seed| run(*seed, Some(Mutation::SpentPastLife)).is_some_and(by_throttle));
    let caught = caught.count();
    println!("caught in {caught} of 20");
    assert!(caught > 5);
    assert!((1..=20).all(|seed| run(seed, None).is_none()));
}
