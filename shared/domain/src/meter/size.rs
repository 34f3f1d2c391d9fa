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
        let (demand, contended) = (lease.demand, lease.holds.contended(terms.units));
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
            units = units.min(spare.max(gain));
            if contended {
                units = units.max(gain);
            }
            units = units.min(free);
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
