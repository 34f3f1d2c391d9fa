//! What one instance knows of one meter and holds of it in memory.
//!
//! Most calls end here: they are admitted from a lease, or refused because the last known state
//! says so for certain. All others begin a [`Charge`].

use super::{
    Asked, Bucket, Charge, Known, Meter, Refusal, Return, Terms, Verdict,
    charge::refused_by_plan,
    demand::{Boost, Others},
    lease::{Counter, Lease},
};
use crate::{
    Quota, Reason,
    quota::day_of,
    time::{Day, Nanos, Reading, SECOND},
};

/// How long it is remembered that there is no meter to charge.
const NO_PLAN_FOR: Nanos = 5 * SECOND;
/// The longest that a used-up quota is remembered: units may be granted meanwhile. Instances
/// differ in it by up to a half, so that they do not all ask at once.
const USED_UP_FOR: Nanos = 5 * SECOND;

/// A refusal that is remembered for a while.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    reason: Reason,
    at: Reading,
    time: Nanos,
}

/// What one instance knows of a meter, and the leases that it has of it. One charge of it is
/// under way at a time.
#[derive(Debug, Clone)]
pub struct Holding {
    pub(super) lease_max: u64,
    /// The state as it was last seen.
    pub(super) known: Option<Known>,
    /// The frozen reading of the charge that it was told by.
    pub(super) seen: Reading,
    /// When it was told.
    told_at: Reading,
    /// The later version of the plan that what is known was judged by, and found lawful.
    judged: u64,
    /// The plan that it was last asked under.
    plan_version: u64,
    quota: Option<Quota>,
    refused: Option<Remembered>,
    pub(super) others: Others,
    pub(super) boost: Boost,
    leases: Vec<Lease>,
}

impl Holding {
    /// Nothing known and nothing held. A lease is at most `lease_max` units: 1 turns leases off.
    pub fn new(lease_max: u64, now: Reading) -> Self {
        Self {
            lease_max,
            known: None,
            seen: now,
            told_at: now,
            judged: 0,
            plan_version: 0,
            quota: None,
            refused: None,
            others: Others::default(),
            boost: Boost::new(now),
            leases: Vec::new(),
        }
    }

    /// Takes in what was read of the meter at `read_at`, where nothing better is known: before the
    /// first charge, and after one that found no meter to charge.
    pub fn learn(&mut self, meter: Option<&Known>, read_at: Reading) {
        let later = self.refused.is_some_and(|refused| {
            refused.reason == Reason::NoUsagePlan && read_at.since(&refused.at) >= 0
        });
        if later && !meter.is_some_and(|meter| meter.detached) {
            self.refused = None;
            self.known = None;
        }
        if self.known.is_none() && meter.is_some() {
            self.known = meter.cloned();
            self.judged = 0;
            (self.seen, self.told_at) = (read_at, read_at);
        }
    }

    /// One call: admitted or refused from memory, or to be charged. `by_previous` says that it
    /// came with a value that a rotation had replaced, which the meter keeps the last day of.
    pub fn ask(&mut self, terms: &Terms, by_previous: bool, now: Reading) -> Asked {
        if let Some(refusal) = refused_by_plan(terms) {
            return Asked::Done(Verdict::Refused(refusal));
        }
        let marked = !by_previous || self.is_marked(day_of(now.wall));
        self.turn_to(terms, &now);
        let lease = self.lease(terms.bucket.as_ref(), now);
        lease.demand.count(terms.units, now);
        let leased = lease.has(terms.units);
        if !leased || !marked {
            match self.refusal(terms, &now) {
                // There is more to be written than to be charged, and it can wait.
                Some(_) if leased => {}
                Some(refusal) => return Asked::Done(Verdict::Refused(refusal)),
                None => return Charge::begin(self, *terms, by_previous, now),
            }
        }
        self.lease(terms.bucket.as_ref(), now).spend(terms.units);
        let remaining = self.remaining(terms, now.wall);
        Asked::Done(Verdict::Admitted { remaining })
    }

    /// Takes what can be given back out of memory: before the process ends, and before the
    /// holding is forgotten. Whoever takes it sends it once and never again.
    pub fn give_back(&mut self, now: Reading) -> Option<Return> {
        let counter = Counter::of(self.quota.as_ref(), now.wall);
        let returns = self.leases.iter_mut().filter_map(|lease| {
            if lease.pocket_of(counter) == 0 {
                lease.lose();
            }
            lease.take_pocket().to_return(counter)
        });
        returns.reduce(Return::and)
    }

    /// Units that were charged and will never be used, as far as this instance knows: their
    /// window or day was over before they were. Each is told once.
    pub fn take_lost(&mut self) -> u64 {
        self.leases.iter_mut().map(Lease::take_lost).sum()
    }

    /// Units that are charged to the counter of `now` and not used.
    pub fn pocketed(&self, now: Reading) -> u64 {
        let counter = Counter::of(self.quota.as_ref(), now.wall);
        self.leases
            .iter()
            .map(|lease| lease.pocket_of(counter))
            .sum()
    }

    /// Turns to a plan as it is now. Refusals of an earlier version are forgotten; what was
    /// charged under it is kept, also for buckets that the plan no longer has.
    pub(super) fn turn_to(&mut self, terms: &Terms, now: &Reading) {
        let mut gone = Vec::new();
        if self.plan_version != terms.plan_version {
            self.plan_version = terms.plan_version;
            self.refused = None;
            let is_gone = |lease: &mut Lease| match lease.bucket {
                Some(number) => !terms.buckets.contains(number),
                None => terms.bucket.is_some(),
            };
            gone.extend(self.leases.extract_if(.., is_gone));
            for lease in &mut self.leases {
                lease.holds.forget();
            }
        }
        self.quota = terms.quota;
        let counter = Counter::of(terms.quota.as_ref(), now.wall);
        let lease = self.lease(terms.bucket.as_ref(), *now);
        lease.refresh(counter, now);
        gone.iter().for_each(|gone| lease.absorb(gone, counter));
    }

    /// The lease of a bucket.
    pub(super) fn lease(&mut self, bucket: Option<&Bucket>, now: Reading) -> &mut Lease {
        let number = bucket.map(|bucket| bucket.number);
        let found = self.leases.iter().position(|lease| lease.bucket == number);
        let at = found.unwrap_or_else(|| {
            // Most meters have one bucket: room for one more, and no other.
            self.leases.reserve_exact(1);
            self.leases.push(Lease::new(number, now));
            self.leases.len() - 1
        });
        &mut self.leases[at]
    }

    pub(super) fn lease_of(&self, terms: &Terms) -> Option<&Lease> {
        let number = terms.bucket.map(|bucket| bucket.number);
        self.leases.iter().find(|lease| lease.bucket == number)
    }

    /// Units of the call's counter that are in memory for its bucket.
    pub(super) fn pocket(&self, terms: &Terms, now: Nanos) -> u64 {
        let counter = Counter::of(terms.quota.as_ref(), now);
        self.lease_of(terms)
            .map_or(0, |lease| lease.pocket_of(counter))
    }

    /// Units left of the quota for this instance, as far as was last seen: what others have on
    /// lease counts as used.
    pub(super) fn remaining(&self, terms: &Terms, now: Nanos) -> Option<u64> {
        let quota = terms.quota.as_ref()?;
        let left = self.known.as_ref().map_or_else(
            || quota.limit(),
            |known| known.remaining_with(quota, now, self.pocket(terms, now)),
        );
        Some(left)
    }

    fn is_marked(&self, day: Day) -> bool {
        let known = self.known.as_ref();
        known.and_then(|known| known.previous_charged) == Some(day)
    }

    /// What is known for certain to be refused, or was refused a moment ago. A quota that is
    /// used up as well is told first, as the table would.
    fn refusal(&self, terms: &Terms, now: &Reading) -> Option<Refusal> {
        let recent = self
            .refused
            .filter(|refused| now.since(&refused.at) < refused.time)
            .map(|refused| refused.reason);
        if recent == Some(Reason::NoUsagePlan) {
            return Some(Refusal::of(Reason::NoUsagePlan));
        }
        let throttled = self.throttled(terms, now);
        let left = self.remaining(terms, now.wall);
        match left.filter(|left| *left < terms.units) {
            Some(left) if recent.is_some() || throttled.is_some() => {
                Some(Refusal::of_quota(terms, left, now.wall))
            }
            _ => throttled,
        }
    }

    /// Takes in a state that an answer tells. `net` was charged by this instance with it.
    pub(super) fn told(&mut self, meter: &Meter, net: u64, frozen: Reading, now: &Reading) {
        let told = Known::from(meter);
        let counter = Counter::of(self.quota.as_ref(), frozen.wall);
        if let Some(known) = &self.known {
            let grown = counter.of_known(&told) - counter.of_known(known) - net as i64;
            self.others.saw(grown, now.since(&self.told_at));
        }
        self.known = Some(told);
        self.judged = 0;
        (self.seen, self.told_at) = (frozen, *now);
    }

    /// What is known of buckets is lawful under this version, though it was written under an
    /// earlier one.
    pub(super) fn judge(&mut self, plan_version: u64) {
        self.judged = plan_version;
    }

    /// What is known, if it was written or judged under this version of the plan: then an
    /// arrival only grows.
    pub(super) fn known_under(&self, plan_version: u64) -> Option<&Known> {
        let known = self.known.as_ref()?;
        (known.plan_version == plan_version || self.judged == plan_version).then_some(known)
    }

    /// There is no meter, or it is ended.
    pub(super) fn ended(&mut self, at: Reading) {
        self.refused = Some(Remembered {
            reason: Reason::NoUsagePlan,
            at,
            time: NO_PLAN_FOR,
        });
    }

    /// Whether there was no meter to charge, or an ended one, when it was last asked for.
    pub(super) fn has_ended(&self) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|refused| refused.reason == Reason::NoUsagePlan)
    }

    /// When what is known was told.
    pub(super) fn told_at(&self) -> Reading {
        self.told_at
    }

    /// The quota is used up. The clock's own noise spreads those who find it so at once.
    pub(super) fn used_up(&mut self, at: Reading) {
        let spread = (at.wall ^ at.steady).rem_euclid(USED_UP_FOR / 2);
        self.refused = Some(Remembered {
            reason: Reason::QuotaExceeded,
            at,
            time: USED_UP_FOR - spread,
        });
    }

    /// Something was granted.
    pub(super) fn served(&mut self) {
        self.refused = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_quota_is_remembered_for_half_of_five_seconds_at_least_by_the_clocks_own_noise() {
        for (wall, steady, time) in [
            (0, 0, 5 * SECOND),
            (0b1100, 0b1010, 5 * SECOND - 0b0110),
            (4 * SECOND, 0, 5 * SECOND - 3 * SECOND / 2),
            (5 * SECOND / 2 - 1, 0, 5 * SECOND / 2 + 1),
        ] {
            let now = Reading { wall, steady };
            let mut holding = Holding::new(1, now);
            holding.used_up(now);
            let remembered = holding.refused.unwrap();
            assert_eq!((remembered.at, remembered.time), (now, time), "{now:?}");
        }
    }
}
