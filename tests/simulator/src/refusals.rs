//! Refusals after a charge: each must be true of the state that the charge's last write met.

use latchkey_domain::{
    Nanos, Reason,
    meter::{Meter, Refusal, Write},
};

use crate::{
    clock::MILLISECOND,
    instance::Current,
    laws::{Broken, Law, broken},
    plan::Counter,
    world::World,
};

/// How long a bucket that others race for may be left to fill up.
const GATHERING: Nanos = 50 * MILLISECOND;

impl World {
    /// Law 4's other side, of a refusal that a charge came to.
    pub(crate) fn check_refused(
        &self,
        place: usize,
        current: &Current,
        refusal: &Refusal,
    ) -> Result<(), Broken> {
        let plan = self.plan(current.terms.plan_version);
        if plan.never_admits(current.call.method) {
            return Ok(());
        }
        let met = current.met.as_ref();
        let holds = match (refusal.reason, met) {
            (Reason::QuotaExceeded, Some(Some(meter))) => self.is_short(place, current, meter),
            (Reason::Throttled, Some(Some(meter))) => {
                self.is_far || self.has_no_room(place, current, meter, refusal.retry_after)
            }
            (Reason::NoUsagePlan, Some(meter)) => meter.as_ref().is_none_or(|meter| meter.detached),
            (Reason::Unavailable, _) => true,
            _ => false,
        };
        if holds {
            return Ok(());
        }
        Err(broken(Law::Life, || {
            format!(
                "{refusal:?} after a charge for {:?} at {:?} is not true of {met:?}",
                current.terms, current.frozen
            )
        }))
    }

    /// Whether a quota has fewer units than the call asks for, with those that its bucket has in
    /// memory. More than the limit is charged only where that was higher: then no charge passes.
    fn is_short(&self, place: usize, current: &Current, meter: &Meter) -> bool {
        let terms = &current.terms;
        let Some(quota) = terms.quota else {
            return false;
        };
        let counter = Counter::of(Some(&quota), current.frozen.wall);
        let window = quota.period().window(current.frozen.wall).start;
        let used = meter.windows.get(&window).copied().unwrap_or(0);
        let left = quota.limit() as i64 - used;
        let pocket = self.instances[place].held.units(terms, counter);
        left < 0 || left + pocket < terms.units as i64
    }

    /// Whether a bucket has no room, or is one that others race for and leaves what is not worth
    /// a write; and whether the wait that is told is the true one.
    fn has_no_room(
        &self,
        place: usize,
        current: &Current,
        meter: &Meter,
        told: Option<Nanos>,
    ) -> bool {
        let (terms, wall) = (&current.terms, current.frozen.wall);
        let Some((bucket, told)) = terms.bucket.zip(told) else {
            return false;
        };
        let Some(limits) = self.plan(terms.plan_version).limits(bucket.number) else {
            return false;
        };
        let (full, cost) = (limits.full(), limits.cost(terms.units));
        let wrote = current.request.map(|request| &self.requests[request].write);
        if let Some(Write::Clamp(clamp)) = wrote {
            return told == (clamp.arrival - full + cost - wall).max(1);
        }
        let Some(arrival) = meter.arrivals.get(&bucket.number) else {
            return false;
        };
        let races = &self.instances[place].told.races;
        let pause = races.pause(bucket.number, terms.units, self.now);
        let wait = arrival - full + cost - wall;
        if wait > 0 {
            return told == wait || told > wait && told <= pause;
        }
        let left_alone = arrival + GATHERING >= wall + full && told <= pause.max(GATHERING);
        self.setting.lease_max > 1 && left_alone && races.contended(bucket.number, terms.units)
    }
}
