//! The decision and the meter, held against a model that is short enough to be seen to be right.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bucket;
mod leases;
mod model;
mod random;
mod real;
mod rules;
#[path = "../../src/meter/table.rs"]
mod table;
mod world;

use std::collections::BTreeMap;

use latchkey_domain::{
    Nanos, Reason,
    meter::{Meter, Verdict},
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{TestCaseError, TestRunner},
};

use model::{Meters, Owner, Used};
use random::{Event, History, KEYS, START, histories, slow_histories};
use real::Real;
use world::World;

/// Both sides of one world.
struct Both {
    world: World,
    meters: Meters,
    real: Real,
}

impl Both {
    fn new(world: World, lease_max: u64) -> Self {
        let mut real = Real::new(&world, lease_max);
        let mut meters = Meters::new();
        let places =
            (0..KEYS).flat_map(|key| world.keys[key].plans.iter().map(move |plan| (key, *plan)));
        for place in places.filter_map(|place| owner(&world, place)) {
            meters.insert(place, Used::default());
            real.table.insert(place, Some(Meter::default()));
        }
        Self {
            world,
            meters,
            real,
        }
    }

    /// Lets an event happen on both sides, and says how it was decided.
    fn happen(&mut self, now: Nanos, event: Event) -> Result<Option<Verdict>, TestCaseError> {
        match event {
            Event::Call(mut call) => {
                call.at = now;
                let expected = model::ask(&self.world, &mut self.meters, &call);
                let decided = self.real.ask(&self.world, &call);
                prop_assert_eq!(decided, expected, "{:?}", call);
                return Ok(Some(decided.1));
            }
            Event::Change(at, quota, throttle) => {
                let plan = &mut self.world.plans[at];
                plan.quota = quota;
                // A bucket that goes and comes back may have been dropped or not.
                plan.throttle = plan.throttle.and(throttle).or(plan.throttle);
                plan.version += 1;
                plan.limit(&mut self.real.plans[at]);
            }
            Event::Grant(key, plan, left) => self.grant((key, plan), left, now),
            Event::Turn(key, plan) => {
                // A shared meter stays when one of its keys leaves.
                let place = owner(&self.world, (key, plan));
                let place = place.filter(|(owner, _)| matches!(owner, Owner::Key(_)));
                if let Some(used) = place.and_then(|place| self.meters.get_mut(&place)) {
                    used.detached = !used.detached;
                }
                if let Some(meter) =
                    place.and_then(|place| self.real.table.get_mut(&place)?.as_mut())
                {
                    meter.detached = !meter.detached;
                }
            }
            Event::Forget => self.real.forget(),
        }
        Ok(None)
    }

    fn grant(&mut self, place: (usize, usize), left: u64, now: Nanos) {
        let quota = self.world.plans[place.1].quota;
        let place = owner(&self.world, place);
        if let Some((place, (limit, period))) = place.zip(quota) {
            let (start, _) = rules::window(period, now);
            let used = limit as i64 - left as i64;
            if let Some(meter) = self.meters.get_mut(&place) {
                meter.units.insert(start, used);
            }
            if let Some(Some(meter)) = self.real.table.get_mut(&place) {
                meter.windows.insert(period.window(now).start, used);
            }
        }
    }
}

/// Whose meter a key's on a plan is.
fn owner(world: &World, (key, plan): (usize, usize)) -> Option<(Owner, usize)> {
    let owner = match world.plans[plan].is_shared {
        false => Some(Owner::Key(key)),
        true => world.keys[key].customer.map(Owner::Customer),
    };
    owner.map(|owner| (owner, plan))
}

/// How each call of a history was decided.
fn decided((world, events): History, lease_max: u64) -> Result<Vec<Verdict>, TestCaseError> {
    let mut both = Both::new(world, lease_max);
    let mut now = START;
    let mut verdicts = Vec::new();
    for (wait, event) in events {
        now += wait;
        if matches!(event, Event::Grant(..) | Event::Turn(..)) {
            // Whoever refused a moment ago sees it some seconds later; here a new instance looks.
            both.real.forget();
        }
        verdicts.extend(both.happen(now, event)?);
        prop_assert!(both.real.writes <= 2, "alone, the second write is right");
    }
    Ok(verdicts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Equal in plan, reason, what is left, and when to come back, call by call.
    #[test]
    fn without_leases_the_real_decision_is_the_plain_one(history in histories()) {
        decided(history, 1)?;
    }

    /// Whoever calls now and then is metered call by call, however large a lease may be.
    #[test]
    fn a_slow_caller_s_decision_is_the_plain_one_with_leases_too(
        history in slow_histories(),
        lease_max in 2u64..=1_000,
    ) {
        decided(history, lease_max)?;
    }
}

/// What is compared is worth comparing: all that `decide` and a meter can say is said, often.
#[test]
fn the_plain_model_is_asked_for_every_reason() {
    every_reason_is_met(histories(), 1);
    every_reason_is_met(slow_histories(), 1_000);
}

fn every_reason_is_met(histories: impl Strategy<Value = History>, lease_max: u64) {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..300 {
        let history = histories.new_tree(&mut runner).unwrap().current();
        for verdict in decided(history, lease_max).unwrap() {
            let name = match verdict {
                Verdict::Admitted { remaining: Some(_) } => "admitted, of a quota",
                Verdict::Admitted { remaining: None } => "admitted",
                Verdict::Refused(refusal) => refusal.reason.as_str(),
            };
            *seen.entry(name).or_default() += 1;
        }
    }
    // These are found before `decide`, or when the store fails.
    let elsewhere = [
        Reason::MalformedEvent,
        Reason::MissingKey,
        Reason::MalformedKey,
        Reason::Unavailable,
    ];
    let reasons = Reason::ALL
        .iter()
        .filter(|reason| !elsewhere.contains(reason));
    let wanted = reasons
        .map(|reason| reason.as_str())
        .chain(["admitted", "admitted, of a quota"]);
    for name in wanted {
        let times = seen.get(name).copied().unwrap_or(0);
        assert!(times >= 50, "{name}: {times} times; {seen:?}");
    }
}
