//! What leases may change and what not: a quota is used as the plain model says to the unit, a
//! throttle within its bound, and nobody is refused what the table has had for long.

use latchkey_domain::{
    Nanos, Period, Quota, Reason,
    meter::{Bucket, Holding, Meter, Terms, Verdict},
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    bucket::Exact,
    random::rarely,
    real::{at, call},
    rules::window,
    table::give_back,
    world::Throttle,
};

const SECOND: Nanos = 1_000_000_000;
/// A little before the end of an hour, a day, a week and a month.
const START: Nanos = crate::random::START + 29 * SECOND + SECOND / 2;
/// Life of a lease.
const LIFE: Nanos = SECOND;
/// For how long an idle bucket may be charged as a busy one.
const SLACK: Nanos = SECOND / 4;
/// For how long a bucket may be left to fill up.
const GATHERING: Nanos = SECOND / 20;

/// Instances with one meter, and one clock.
struct Fleet {
    item: Option<Meter>,
    instances: Vec<Holding>,
    now: Nanos,
}

impl Fleet {
    fn new(instances: usize, lease_max: u64) -> Self {
        Self {
            item: Some(Meter::default()),
            instances: vec![Holding::new(lease_max, at(START)); instances],
            now: START,
        }
    }

    fn call(&mut self, who: usize, terms: &Terms) -> Verdict {
        let holding = &mut self.instances[who];
        call(&mut self.item, holding, terms, at(self.now)).0
    }

    /// Units in memory, of all instances.
    fn pocketed(&self) -> u64 {
        let now = at(self.now);
        self.instances
            .iter()
            .map(|holding| holding.pocketed(now))
            .sum()
    }

    /// An instance gives back what it has; the write is delivered twice.
    fn give_back(&mut self, who: usize) {
        let now = at(self.now);
        let held = self.instances[who].pocketed(now);
        let back = self.instances[who].give_back(now);
        assert_eq!(
            back.map_or(0, |back| back.units),
            held,
            "no more and no less than it has"
        );
        assert_eq!(self.instances[who].pocketed(now), 0, "once out, it is out");
        if let Some(back) = back {
            let write = back.with_ticket(self.meter().ticket);
            assert!(give_back(&mut self.item, &write));
            assert!(!give_back(&mut self.item, &write), "the ticket is used");
        }
    }

    fn meter(&self) -> &Meter {
        self.item.as_ref().unwrap()
    }

    /// So much was used of a quota before.
    fn use_up(&mut self, quota: &Quota, used: u64) {
        let start = quota.period().window(self.now).start;
        let meter = self.item.as_mut().unwrap();
        meter.windows.insert(start, used as i64);
    }

    fn charged(&self, quota: &Quota) -> i64 {
        let start = quota.period().window(self.now).start;
        self.meter().windows.get(&start).copied().unwrap_or(0)
    }
}

fn terms(quota: Option<Quota>, throttle: Option<Throttle>, units: u64) -> Terms {
    let number = Bucket::PLAN;
    Terms {
        plan_version: 1,
        quota,
        bucket: throttle.map(|throttle| Bucket {
            number,
            throttle: throttle.said(),
        }),
        units,
        buckets: [number].into_iter().collect(),
    }
}

/// Calls as they come: some at once, and then a pause.
fn calls() -> impl Strategy<Value = Vec<(Nanos, usize, u64)>> {
    let pause = prop_oneof![
        3 => 0..SECOND / 10,
        3 => 0..2 * SECOND,
        3 => 0..30 * SECOND,
        1 => 0..2 * 3_600 * SECOND,
    ];
    vec((pause, 1usize..150, 1u64..4), 1..20)
}

fn quotas() -> impl Strategy<Value = Quota> {
    let period = select(Period::ALL.to_vec());
    (1_000u64..300_000, period).prop_map(|(limit, period)| Quota::new(limit, period).unwrap())
}

/// Rarely, what a new limit is above what was used: often so little that it is in pockets.
fn limits() -> impl Strategy<Value = Option<u64>> {
    rarely(prop_oneof![0u64..30, 0u64..20_000])
}

fn throttles() -> impl Strategy<Value = Throttle> {
    let rate = prop_oneof![500_000u64..20_000_000, 500_000u64..2_000_000_000];
    let burst = (3u64..500).prop_map(Some);
    (rate, burst).prop_map(|(millionths, burst)| Throttle { millionths, burst })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// One instance, a quota, no throttle: not a call more or less than the plain counter lets
    /// through, and what is told to be left is what is left, lease or no lease.
    #[test]
    fn with_leases_a_lone_instance_uses_a_quota_as_the_plain_counter_does(
        quota in quotas(),
        left in 0u64..1_000,
        lease_max in 1u64..=1_000,
        calls in calls(),
    ) {
        let mut fleet = Fleet::new(1, lease_max);
        let limit = quota.limit();
        let mut used = limit.saturating_sub(left);
        let (mut start, _) = window(quota.period(), START);
        fleet.use_up(&quota, used);
        for (pause, count, units) in calls {
            fleet.now += pause;
            let (now_start, end) = window(quota.period(), fleet.now);
            if now_start != start {
                (start, used) = (now_start, 0);
            }
            for _ in 0..count {
                let verdict = fleet.call(0, &terms(Some(quota), None, units));
                let has = used + units <= limit;
                used += if has { units } else { 0 };
                match verdict {
                    Verdict::Admitted { remaining } => {
                        prop_assert!(has);
                        prop_assert_eq!(remaining, Some(limit - used));
                    }
                    Verdict::Refused(refusal) => {
                        prop_assert!(!has, "{:?}", refusal);
                        prop_assert_eq!(refusal.reason, Reason::QuotaExceeded);
                        prop_assert_eq!(refusal.remaining, Some(limit - used));
                        prop_assert_eq!(refusal.retry_after, end.map(|end| end - fleet.now));
                    }
                }
                let charged = fleet.charged(&quota);
                prop_assert_eq!(charged, (used + fleet.pocketed()) as i64);
            }
        }
    }

    /// Many instances: what was charged is what was admitted and what is in pockets, and never
    /// more than the limit; a call is refused only where the rest is in the pockets of others, or
    /// was until a moment ago: a quota that was used up is remembered for some seconds.
    #[test]
    fn instances_together_admit_no_more_than_the_plain_counter(
        quota in quotas(),
        left in 0u64..600,
        instances in 2usize..6,
        calls in vec((0..SECOND / 5, 0usize..6, 1usize..30, 1u64..4, prop::bool::weighted(0.1)), 1..40),
    ) {
        let mut fleet = Fleet::new(instances, 1_000);
        let granted = quota.limit().saturating_sub(left);
        let (mut start, mut used) = (window(quota.period(), START).0, granted);
        let (mut admitted, mut given_back) = (0, None);
        fleet.use_up(&quota, used);
        for (pause, who, count, units, gives_back) in calls {
            fleet.now += pause;
            if gives_back {
                fleet.give_back(who % instances);
                given_back = Some(fleet.now);
            }
            let (now_start, _) = window(quota.period(), fleet.now);
            if now_start != start {
                (start, used) = (now_start, 0);
            }
            for _ in 0..count {
                let verdict = fleet.call(who % instances, &terms(Some(quota), None, units));
                if matches!(verdict, Verdict::Admitted { .. }) {
                    used += units;
                    admitted += units as i64;
                } else if given_back.is_none_or(|at| fleet.now - at >= 5 * SECOND) {
                    let free = quota.limit() - used;
                    prop_assert!(free < units + fleet.pocketed(), "{} free", free);
                }
                let charged = fleet.charged(&quota);
                prop_assert_eq!(charged, (used + fleet.pocketed()) as i64);
                prop_assert!(charged <= quota.limit() as i64);
                let told = fleet.meter().days.values().sum::<i64>();
                prop_assert!(told >= admitted, "the history tells no less");
            }
        }
    }

    /// Limits change while leases are out: each charge keeps the limit that it is made under, and
    /// there is always an answer.
    #[test]
    fn a_limit_that_changes_is_kept_by_each_charge_from_then_on(
        limit in 1u64..20_000,
        calls in vec((0..SECOND, 0usize..3, 1usize..60, 1u64..4, limits()), 1..40),
    ) {
        let mut fleet = Fleet::new(3, 1_000);
        let (mut limit, mut version) = (limit, 1);
        let (mut most, mut used) = (limit, 0);
        for (pause, who, count, units, change) in calls {
            fleet.now += pause;
            if let Some(change) = change {
                (limit, version) = (used + change, version + 1);
                most = most.max(limit);
            }
            let quota = Quota::new(limit, Period::Lifetime).unwrap();
            let terms = Terms { plan_version: version, ..terms(Some(quota), None, units) };
            for _ in 0..count {
                let before = fleet.charged(&quota);
                let verdict = fleet.call(who, &terms);
                let charged = fleet.charged(&quota);
                prop_assert!(charged == before || charged <= limit as i64);
                match verdict {
                    Verdict::Admitted { .. } => used += units,
                    Verdict::Refused(refusal) => {
                        prop_assert_eq!(refusal.reason, Reason::QuotaExceeded);
                        let free = limit.saturating_sub(used);
                        prop_assert!(charged > limit as i64 || free < units + fleet.pocketed());
                        prop_assert!(refusal.remaining < Some(units));
                    }
                }
                prop_assert!(used <= most);
                prop_assert_eq!(charged, (used + fleet.pocketed()) as i64);
            }
        }
    }

    /// A throttle: in any time no more than the burst and the rate over that time and the life
    /// of a lease; and a lone caller is refused only what the table has not had for 50 ms.
    #[test]
    fn with_leases_a_throttle_is_a_token_bucket_within_its_bound(
        throttle in throttles(),
        lease_max in 2u64..=1_000,
        calls in calls(),
    ) {
        let mut fleet = Fleet::new(1, lease_max);
        let mut bound = Exact::new(&throttle, LIFE + SLACK + 1, START);
        for (pause, count, units) in calls {
            fleet.now += pause;
            for _ in 0..count {
                fleet.now += SECOND / 1_000;
                let verdict = fleet.call(0, &terms(None, Some(throttle), units));
                match verdict {
                    Verdict::Admitted { .. } => prop_assert!(bound.take(units, fleet.now)),
                    Verdict::Refused(refusal) => {
                        prop_assert_eq!(refusal.reason, Reason::Throttled);
                        let full = throttle.cost(throttle.burst());
                        let room_at = fleet.meter().arrivals[&0] - full + throttle.cost(units);
                        prop_assert!(fleet.now < room_at + GATHERING, "{:?}", refusal);
                        let retry_at = fleet.now + refusal.retry_after.unwrap();
                        prop_assert!(retry_at >= room_at && retry_at <= room_at + GATHERING);
                    }
                }
            }
        }
    }

    /// The same of many instances, together.
    #[test]
    fn instances_together_keep_the_throttle_s_bound(
        throttle in throttles(),
        instances in 2usize..6,
        calls in vec((0..SECOND / 5, 0usize..6, 1usize..30, 1u64..4), 1..60),
    ) {
        let mut fleet = Fleet::new(instances, 1_000);
        // Where others take more than one, a lease may live for 4 s.
        let mut bound = Exact::new(&throttle, 4 * LIFE + SLACK + 1, START);
        for (pause, who, count, units) in calls {
            fleet.now += pause;
            for _ in 0..count {
                let verdict = fleet.call(who % instances, &terms(None, Some(throttle), units));
                if matches!(verdict, Verdict::Admitted { .. }) {
                    prop_assert!(bound.take(units, fleet.now));
                }
            }
        }
    }
}

/// Leases that are not taken would make all of this true.
#[test]
fn a_busy_caller_is_served_from_memory() {
    let mut fleet = Fleet::new(1, 1_000);
    let quota = Quota::new(1_000_000, Period::Day).ok();
    let terms = terms(quota, None, 1);
    let mut writes = 0;
    for _ in 0..2_000 {
        fleet.now += SECOND / 100;
        let holding = &mut fleet.instances[0];
        let (verdict, more) = call(&mut fleet.item, holding, &terms, at(fleet.now));
        assert!(matches!(verdict, Verdict::Admitted { .. }));
        writes += more;
    }
    assert!(writes <= 40, "{writes} writes for 2,000 calls");
}
