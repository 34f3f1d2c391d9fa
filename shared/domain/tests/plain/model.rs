//! The whole decision in one go: may this call pass, and may it still be paid for?
//!
//! One caller after another, one memory, nothing that fails: nested questions in the order in
//! which docs/invariants.md and the README promise them, a counter for each quota window, and a
//! bucket for each throttle. A bucket's water is time: a call takes `ceil(units * 10^9 / rate)`
//! nanoseconds out of it, and each nanosecond puts one back. So it is exact, and it rounds where
//! Latchkey says that it does.

use std::collections::BTreeMap;

use latchkey_domain::{
    Nanos, Reason,
    meter::{Refusal, Verdict},
};

use crate::{
    rules::{Bucket, bucket, holds, opens, plan_of, units, window},
    world::{Call, Plan, World},
};

/// What was used by an owner on a plan.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// Whether the key is off the plan.
    pub(crate) detached: bool,
    /// Units of each quota window, by its start.
    pub(crate) units: BTreeMap<Nanos, i64>,
    /// What is missing in each bucket: how much, and when that was so.
    missing: BTreeMap<Bucket, (Nanos, Nanos)>,
    /// The plan's version at the last charge.
    version: u64,
}

/// Who owns what was used: a key or a customer, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Key(usize),
    Customer(usize),
}

/// All that was used, by owner and plan.
pub(crate) type Meters = BTreeMap<(Owner, usize), Used>;

/// The decision on a call, and the plan that it was made under.
pub(crate) fn ask(world: &World, meters: &mut Meters, call: &Call) -> (Option<usize>, Verdict) {
    match permitted(world, call) {
        Err(reason) => (None, Verdict::refused(reason)),
        Ok((_, at)) if world.plans[at].is_native => {
            (Some(at), Verdict::Admitted { remaining: None })
        }
        Ok((owner, at)) => {
            let verdict = paid(&world.plans[at], meters.get_mut(&(owner, at)), call);
            (Some(at), verdict)
        }
    }
}

/// The checks of the key, in their order.
fn permitted(world: &World, call: &Call) -> Result<(Owner, usize), Reason> {
    let number = call.key.ok_or(Reason::UnknownKey)?;
    let key = &world.keys[number];
    let replaced = |(value, ends): &(u8, Nanos)| *value == call.value && call.at < *ends;
    if call.value != key.value && !key.replaced.iter().any(replaced) {
        Err(Reason::UnknownKey)
    } else if !key.enabled {
        Err(Reason::KeyDisabled)
    } else if key.not_before.is_some_and(|from| call.at < from) {
        Err(Reason::KeyNotYetValid)
    } else if key.expires_at.is_some_and(|end| call.at >= end) {
        Err(Reason::KeyExpired)
    } else if key
        .networks
        .as_ref()
        .is_some_and(|all| !all.iter().any(|net| holds(net, call.ip)))
    {
        Err(Reason::IpNotAllowed)
    } else if key
        .routes
        .as_ref()
        .is_some_and(|all| !all.iter().any(|rule| opens(rule, call)))
    {
        Err(Reason::RouteNotAllowed)
    } else {
        let plan = plan_of(world, key, call).ok_or(Reason::NoUsagePlan)?;
        match (world.plans[plan].is_shared, key.customer) {
            (false, _) => Ok((Owner::Key(number), plan)),
            (true, Some(customer)) => Ok((Owner::Customer(customer), plan)),
            (true, None) => Err(Reason::NoUsagePlan),
        }
    }
}

/// Whether the meter has the units: first what the plan can never pay, then whether there is a
/// meter, then the quota, then the throttle.
fn paid(plan: &Plan, used: Option<&mut Used>, call: &Call) -> Verdict {
    let units = units(plan, call);
    let quota = plan
        .quota
        .map(|(limit, period)| (limit, window(period, call.at)));
    if let Some((limit, _)) = quota.filter(|(limit, _)| *limit < units) {
        return refused(Reason::QuotaExceeded, None, (limit == 0).then_some(0));
    }
    let bucket = bucket(plan, call);
    if bucket.is_some_and(|(_, throttle)| throttle.millionths == 0 || throttle.burst() < units) {
        return refused(Reason::Throttled, None, None);
    }
    let Some(used) = used.filter(|used| !used.detached) else {
        return Verdict::refused(Reason::NoUsagePlan);
    };
    let left = quota.map(|(limit, (start, _))| {
        let charged = used.units.get(&start).copied().unwrap_or(0);
        (i128::from(limit) - i128::from(charged)).max(0) as u64
    });
    if left.is_some_and(|left| left < units) {
        let end = quota.and_then(|(_, (_, end))| end);
        return refused(Reason::QuotaExceeded, end.map(|end| end - call.at), left);
    }
    if let Some((bucket, throttle)) = bucket {
        let (cost, full) = (throttle.cost(units), throttle.cost(throttle.burst()));
        let (missing, since) = used.missing.get(&bucket).copied().unwrap_or_default();
        let mut missing = (missing - (call.at - since)).max(0);
        // A bucket that became smaller is empty and no more than that. Of clocks that differ by
        // 200 ms nothing is said, so that much more is believed under the same plan.
        let lower = used.version < plan.version;
        if missing > full + if lower { 0 } else { 200_000_000 } {
            missing = full;
            used.version = plan.version;
        }
        used.missing.insert(bucket, (missing, call.at));
        if missing + cost > full {
            return refused(Reason::Throttled, Some(missing + cost - full), left);
        }
        used.missing.insert(bucket, (missing + cost, call.at));
    }
    if let Some((_, (start, _))) = quota {
        *used.units.entry(start).or_default() += units as i64;
    }
    used.version = plan.version;
    Verdict::Admitted {
        remaining: left.map(|left| left - units),
    }
}

fn refused(reason: Reason, retry_after: Option<Nanos>, remaining: Option<u64>) -> Verdict {
    Verdict::Refused(Refusal {
        reason,
        retry_after,
        remaining,
    })
}
