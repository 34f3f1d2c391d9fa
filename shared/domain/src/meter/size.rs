//! How many units a charge takes, and how long a bucket that was found empty is left alone.
//!
//! Never more than was just asked for, so that an instance that dies loses no more than its last
//! 0.7 s; but together no more writes than an item takes, whatever the number of instances. Of a
//! quota a small part only, one by one at its end; of a bucket half of what it has.

use super::{Bucket, Holding, Refusal, Terms, demand::Demand};
use crate::{
    Quota, Reason,
    throttle::BucketTimes,
    time::{Nanos, Reading, SECOND},
};

/// Life of a lease, unless it is to last longer.
const LIFE: Nanos = SECOND;
/// The longest life, of leases for keys that hundreds of instances are called with.
pub(super) const LONGEST_LIFE: Nanos = 4 * SECOND;
/// Writes a second that one meter is to see at most, of the 1,000 that DynamoDB takes.
const WRITES: f64 = 400.0;
/// How many times its own demand an instance takes so that this holds.
const STRETCH: f64 = 4.0;
const MOST: u64 = 1_000;
/// Part of what is left of a quota that one lease may be.
const OF_REMAINING: u64 = 64;
/// Part of the whole quota.
const OF_LIMIT: u64 = 1_024;
/// Calls that a lease leaves in the bucket at least, for others.
const KEPT_FOR_OTHERS: u64 = 10;
/// Units a second that others take without counting as such.
const FEW: f64 = 0.5;
/// How long a bucket is left to fill up beyond one call's units.
const GATHERING: Nanos = SECOND / 20;
/// How far the arrival of a full bucket may lie beyond full by another's clock.
pub(super) const CLOCK_MARGIN: Nanos = SECOND / 5;

/// A number of units to take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) units: u64,
    /// What was asked for lately.
    demand: Demand,
}

impl Size {
    /// What one call takes.
    pub(super) fn of_call(self, terms: &Terms) -> Self {
        Self {
            units: terms.units,
            ..self
        }
    }

    /// How long they may be spent from memory: longer where they are more than was asked for.
    pub(super) fn life(&self) -> Nanos {
        if self.units as f64 > self.demand.units() {
            self.demand.life(self.units, LONGEST_LIFE)
        } else {
            LIFE
        }
    }

    /// As much as `most`, in whole calls, and at least one call's.
    pub(super) fn at_most(self, most: u64, terms: &Terms) -> Self {
        let units = self.units.min(most).max(terms.units);
        Self {
            units: units - units % terms.units.max(1),
            ..self
        }
    }
}

impl Holding {
    /// What a charge takes at first.
    pub(super) fn size(&mut self, terms: &Terms, now: Reading) -> Size {
        let boost = self.boost.factor(now);
        let all = self.others.rate();
        let lease = self.lease(terms.bucket.as_ref(), now);
        let demand = lease.demand;
        let most = Size {
            units: MOST.min(self.lease_max),
            demand,
        };
        if self.lease_max <= terms.units {
            return most.of_call(terms);
        }
        let own = demand.units();
        let shared = ((all + demand.rate()) / WRITES).min(STRETCH * own);
        let mut units = own.max(shared).max(own * boost) as u64;
        if let Some(bucket) = &terms.bucket {
            let (free, gain) = (self.free(bucket, now.wall), gain(bucket, own));
            let spare = free.saturating_sub(reserve(bucket, terms, all));
            units = units.min(spare.max(gain)).min(free);
        }
        if let Some(quota) = &terms.quota {
            units = units.min(self.share(quota, now.wall));
        }
        most.at_most(units, terms)
    }

    /// Units that are worth a write to a bucket that others race for as well.
    pub(super) fn worth(&self, terms: &Terms) -> Option<u64> {
        let bucket = terms.bucket.filter(|_| self.lease_max > 1)?;
        let lease = self.lease_of(terms)?;
        Some(gain(&bucket, lease.demand.units()).max(terms.units))
    }

    /// The part of a quota that one lease may be.
    fn share(&self, quota: &Quota, now: Nanos) -> u64 {
        let known = self.known.as_ref();
        let left = known.map_or(quota.limit(), |known| known.remaining(quota, now));
        (left / OF_REMAINING).min(quota.limit() / OF_LIMIT)
    }

    /// Units that the bucket has, by its last known arrival: at most as many, since others
    /// may have taken some.
    fn free(&self, bucket: &Bucket, now: Nanos) -> u64 {
        let known = self.known.as_ref();
        let arrival = known.and_then(|known| known.arrival(bucket.number));
        let ahead = arrival.map_or(0, |arrival| (arrival - now).max(0));
        let full = bucket.throttle.times(1).map_or(0, |times| times.full);
        bucket.throttle.rate().units_in(full - ahead)
    }

    /// Whether a call is refused by a bucket that has no room for it for certain, since an
    /// arrival only grows; or by one that is left to fill up for a moment.
    pub(super) fn throttled(&self, terms: &Terms, now: &Reading) -> Option<Refusal> {
        let bucket = terms.bucket.as_ref()?;
        let known = self.known_under(terms.plan_version)?;
        let BucketTimes { cost, full } = bucket.throttle.times(terms.units)?;
        let lease = self.lease_of(terms)?;
        // By the clock that says more.
        let now_wall = self.seen.wall + now.since(&self.seen);
        let arrival = known.arrival(bucket.number)?;
        if arrival > now_wall + full + CLOCK_MARGIN {
            // Not lawful: a charge meets it and sets it right.
            return None;
        }
        let room_at = arrival - full + cost;
        let gathered = gain(bucket, lease.demand.units()).max(terms.units);
        let gathered = bucket.throttle.rate().cost(gathered).unwrap_or(cost);
        let gathered_at = (arrival - full + gathered).min(room_at + GATHERING);
        let leases = self.lease_max > 1;
        let until = if leases { gathered_at } else { room_at };
        let wait = (until - now_wall).max(lease.holds.remaining(terms.units, now).unwrap_or(0));
        (wait > 0).then(|| Refusal {
            retry_after: Some(wait),
            remaining: self.remaining(terms, now.wall),
            ..Refusal::of(Reason::Throttled)
        })
    }
}

/// Units that a lease leaves in the bucket: half of it, and some calls' where others call as well.
/// What dies unused in a lease is then missed by nobody.
fn reserve(bucket: &Bucket, terms: &Terms, others: f64) -> u64 {
    let half = bucket.throttle.burst().div_ceil(2);
    if others > FEW {
        half.max(terms.units.saturating_mul(KEPT_FOR_OTHERS))
    } else {
        half
    }
}

/// Units that are worth a write to a bucket that is nearly empty.
fn gain(bucket: &Bucket, demand: f64) -> u64 {
    let of_rate = bucket.throttle.rate().units_in(GATHERING);
    of_rate.min(demand as u64).min(bucket.throttle.burst() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Period, Throttle,
        meter::{Known, Meter, model::at},
        time::DAY,
    };

    const NOW: Nanos = 20_782 * DAY;

    fn terms(quota: Option<u64>, throttle: Option<(&str, u64)>) -> Terms {
        Terms {
            plan_version: 1,
            quota: quota.map(|limit| Quota::new(limit, Period::Day).unwrap()),
            bucket: throttle.map(|(rate, burst)| Bucket {
                number: Bucket::PLAN,
                throttle: Throttle::new(rate.parse().unwrap(), Some(burst)).unwrap(),
            }),
            units: 1,
            buckets: [Bucket::PLAN].into_iter().collect(),
        }
    }

    /// An instance that was just asked for so many units, while others take so many a second.
    fn asked(own: u64, others: i64, terms: &Terms) -> Holding {
        let mut holding = Holding::new(1_000, at(NOW));
        let lease = holding.lease(terms.bucket.as_ref(), at(NOW));
        lease.demand.count(own, at(NOW));
        // So long that nothing is left of what was before.
        holding.others.saw(100 * others, 100 * SECOND);
        holding
    }

    /// It has read that the bucket is idle again at `arrival`.
    fn learn_arrival(holding: &mut Holding, arrival: Nanos) {
        let meter = Meter {
            plan_version: 1,
            arrivals: [(Bucket::PLAN, arrival)].into(),
            ..Meter::default()
        };
        holding.learn(Some(&Known::from(&meter)), at(NOW));
    }

    fn units(mut holding: Holding, terms: &Terms) -> u64 {
        holding.size(terms, at(NOW)).units
    }

    #[test]
    fn what_was_just_asked_for_is_taken_and_more_where_an_item_is_written_to_often() {
        let free = terms(None, None);
        // 400 writes a second: of 1,203 units a second 3 each, and 4 times its own at most.
        for (own, others, taken) in [(2, 0, 2), (2, 1_200, 3), (2, 8_000, 8), (900, 0, 900)] {
            let holding = asked(own, others, &free);
            assert_eq!(units(holding, &free), taken, "{own}, {others}");
        }
        assert_eq!(units(asked(5_000, 0, &free), &free), 1_000, "the most");
        let mut refused = asked(20, 0, &free);
        refused.boost.refused(at(NOW));
        assert_eq!(units(refused, &free), 40, "while the store refuses");
    }

    #[test]
    fn of_a_quota_a_sixty_fourth_of_the_rest_and_a_thousandth_of_the_whole_at_most() {
        let plan = terms(Some(10_240), None);
        for (used, taken) in [(0, 10), (9_600, 10), (9_663, 9), (10_048, 3), (10_230, 1)] {
            let mut holding = asked(60, 0, &plan);
            let window = plan.quota.unwrap().period().window(NOW).start;
            let meter = Meter {
                windows: [(window, used)].into(),
                ..Meter::default()
            };
            holding.learn(Some(&Known::from(&meter)), at(NOW));
            assert_eq!(units(holding, &plan), taken, "{used} used");
        }
        assert_eq!(units(asked(60, 0, &plan), &plan), 10, "nothing known");
        let dear = Terms { units: 3, ..plan };
        assert_eq!(units(asked(60, 0, &dear), &dear), 9, "whole calls");
    }

    #[test]
    fn of_a_bucket_half_is_left_and_where_it_has_less_what_it_gains_in_a_twentieth_of_a_second() {
        let plan = terms(None, Some(("100", 100)));
        let cost = SECOND / 100;
        for (others, taken_before, taken) in
            [(0, 0, 50), (0, 20, 30), (0, 48, 5), (0, 96, 4), (0, 100, 1)]
        {
            let mut holding = asked(60, others, &plan);
            learn_arrival(&mut holding, NOW + taken_before * cost);
            assert_eq!(units(holding, &plan), taken, "{taken_before} taken");
        }
        // Ten calls are left to others: all of a bucket of 12 but two.
        let small = terms(None, Some(("100", 12)));
        for (others, taken) in [(0, 6), (1, 5)] {
            assert_eq!(units(asked(60, others, &small), &small), taken, "{others}");
        }
        let mut few = asked(60, 0, &small);
        few.others.saw(50, 100 * SECOND);
        assert_eq!(units(few, &small), 6, "half a unit a second is nobody");
    }

    /// What no clock explains, a charge is to meet and set right.
    #[test]
    fn a_bucket_that_is_fuller_than_full_refuses_nothing_from_memory() {
        let plan = terms(None, Some(("100", 100)));
        for (over, refuses) in [(0, true), (CLOCK_MARGIN, true), (CLOCK_MARGIN + 1, false)] {
            let mut holding = asked(60, 0, &plan);
            learn_arrival(&mut holding, NOW + SECOND + over);
            let refused = holding.throttled(&plan, &at(NOW)).is_some();
            assert_eq!(refused, refuses, "{over}");
        }
    }

    #[test]
    fn a_write_is_worth_what_a_bucket_gains_and_without_leases_nothing_is_waited_for() {
        let plan = terms(None, Some(("100", 100)));
        let dear = Terms { units: 7, ..plan };
        for (own, terms, worth) in [(60, &plan, 5), (3, &plan, 3), (60, &dear, 7)] {
            assert_eq!(asked(own, 0, terms).worth(terms), Some(worth), "{own}");
        }
        let of = |lease_max| {
            let mut holding = asked(60, 0, &plan);
            holding.lease_max = lease_max;
            holding
        };
        assert_eq!(of(1).worth(&plan), None);
        assert_eq!(of(2).worth(&plan), Some(5));
        let small = terms(None, Some(("100", 4)));
        assert_eq!(asked(60, 0, &small).worth(&small), Some(2), "half of it");
    }

    /// With leases a bucket is left alone until it has what is worth a write.
    #[test]
    fn a_bucket_with_room_for_one_call_is_left_to_fill_up_where_there_are_leases() {
        let plan = terms(None, Some(("100", 100)));
        let cost = SECOND / 100;
        for (lease_max, wait) in [(1, None), (2, Some(4 * cost)), (1_000, Some(4 * cost))] {
            let mut holding = asked(60, 0, &plan);
            holding.lease_max = lease_max;
            learn_arrival(&mut holding, NOW + SECOND - cost);
            let refused = holding.throttled(&plan, &at(NOW));
            let told = refused.and_then(|refusal| refusal.retry_after);
            assert_eq!(told, wait, "{lease_max}");
        }
    }

    #[test]
    fn more_than_was_asked_for_lives_longer_and_four_seconds_at_most() {
        let holding = asked(10, 0, &terms(None, None));
        let demand = holding.lease_of(&terms(None, None)).unwrap().demand;
        for (units, life) in [
            (5, SECOND),
            (10, SECOND),
            (11, 2_310_000_000),
            (100, 4 * SECOND),
        ] {
            let found = Size { units, demand }.life();
            assert!((found - life).abs() <= 1, "{units}: {found}");
        }
    }
}
