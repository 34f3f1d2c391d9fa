//! The simulation of scale measures what it says: it is exact where that can be known, and shows
//! losses where there are some.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use latchkey_simulator::scale::{Leaving, QuotaUse, QuotaUsed, Routing, Scenario, simulate};

const SECOND: i64 = 1_000_000_000;

fn short(scenario: Scenario) -> Scenario {
    Scenario {
        warm_up: 5 * SECOND,
        measured: 20 * SECOND,
        ..scenario
    }
}

fn used(crashes: u32, leaving: Leaving) -> QuotaUsed {
    let quota = QuotaUse {
        limit: 4_000,
        instances: 10,
        calls: 400,
        crashes,
        leaving,
        runs: 5,
    };
    quota.run().unwrap()
}

#[test]
fn a_seed_run_twice_measures_the_same_and_another_seed_something_else() {
    let scenario = short(Scenario::many_keys(20, 10, 500).unwrap());
    let other = Scenario {
        seed: 2,
        ..scenario.clone()
    };
    assert_eq!(simulate(&scenario), simulate(&scenario));
    assert_ne!(simulate(&scenario), simulate(&other));
}

#[test]
fn one_instance_without_leases_writes_once_a_call_and_admits_what_the_central_bucket_does() {
    let scenario = Scenario {
        lease_max: 1,
        ..short(Scenario::one_key(1, 50, 40.0).unwrap())
    };
    let measures = simulate(&scenario);
    let outcomes = measures.outcomes;
    assert_eq!(measures.writes, outcomes.calls - outcomes.from_memory);
    assert!(outcomes.throttled > 100, "{outcomes:?}");
    assert!(measures.too_few <= 1, "{measures:?}");
    assert!(outcomes.admitted <= measures.central + 1, "{measures:?}");
}

#[test]
fn every_call_is_counted_as_one_thing() {
    for routing in [Routing::Any, Routing::Idle(20_000_000)] {
        let scenario = Scenario {
            routing,
            ..short(Scenario::one_key(10, 300, 100.0).unwrap())
        };
        let outcomes = simulate(&scenario).outcomes;
        let told = outcomes.admitted + outcomes.throttled + outcomes.unavailable;
        assert_eq!(outcomes.calls, told, "{outcomes:?}");
        assert!((5_500..6_500).contains(&outcomes.calls), "{outcomes:?}");
    }
}

#[test]
fn an_item_takes_no_more_than_a_thousand_writes_a_second() {
    let scenario = Scenario {
        lease_max: 1,
        ..short(Scenario::steady(20, 2_000).unwrap())
    };
    let measures = simulate(&scenario);
    let taken = measures.writes - measures.writes_refused;
    assert!((19_900..=21_000).contains(&taken), "{taken}");
    assert!(measures.unavailable_share() > 0.3, "{measures:?}");
}

#[test]
fn a_quota_is_used_to_its_last_unit_unless_an_instance_takes_some_with_it() {
    let whole = used(0, Leaving::Nobody);
    assert_eq!((whole.unused, whole.over), (0.0, 0));
    for lossy in [used(6, Leaving::Nobody), used(0, Leaving::Frozen(8))] {
        assert!(lossy.unused > 0.0 && lossy.over == 0, "{lossy:?}");
        assert!(lossy.worst >= lossy.unused, "{lossy:?}");
    }
}

#[test]
fn instances_that_are_told_to_end_give_back_what_frozen_ones_keep() {
    let (told, frozen) = (used(0, Leaving::Told(8)), used(0, Leaving::Frozen(8)));
    assert!(told.unused < frozen.unused / 4.0, "{told:?} {frozen:?}");
    assert_eq!(told.over, 0);
}
