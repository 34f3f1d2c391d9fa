//! The rows of docs/scale.md.

use latchkey_domain::Invalid;

use crate::clock::{MILLISECOND, SECOND};

use super::{
    quota::QuotaUse,
    scenario::{Leaving, Routing, Scenario},
};

const INSTANCES: [u32; 4] = [1, 10, 100, 1_000];

/// Traffic on one key.
pub(super) fn one_key() -> Result<Vec<Scenario>, Invalid> {
    let mut rows = Vec::new();
    for instances in INSTANCES {
        for calls in [1, 10, 100, 1_000, 10_000] {
            rows.push(Scenario::steady(instances, calls)?);
        }
    }
    rows.push(Scenario {
        measured: 20 * SECOND,
        ..Scenario::steady(1_000, 100_000)?
    });
    Ok(rows)
}

/// Traffic on many keys.
pub(super) fn many_keys() -> Result<Vec<Scenario>, Invalid> {
    let rows = [
        (10, 10, 1_000),
        (10, 1_000, 1_000),
        (100, 100, 1_000),
        (100, 1_000, 10_000),
        (100, 10_000, 10_000),
        (1_000, 1_000, 10_000),
        (1_000, 10_000, 10_000),
    ];
    rows.map(|(instances, keys, calls)| Scenario::many_keys(instances, keys, calls))
        .into_iter()
        .collect()
}

/// Instances that serve one call at a time and take 20 ms for it.
pub(super) fn one_at_a_time() -> Result<Vec<Scenario>, Invalid> {
    let rows = [(10, 100), (100, 1_000), (1_000, 10_000)];
    let scenarios = rows.map(|(instances, calls)| {
        Ok(Scenario {
            routing: Routing::Idle(20 * MILLISECOND),
            ..Scenario::steady(instances, calls)?
        })
    });
    scenarios.into_iter().collect()
}

/// Calls a second from which on the bound for calls wrongly refused is held.
const BUSY: u32 = 10;

/// All normal traffic that is not slower than that.
pub(super) fn normal() -> Result<Vec<Scenario>, Invalid> {
    let mut all = [one_key()?, many_keys()?, one_at_a_time()?].concat();
    all.retain(|scenario| scenario.calls >= BUSY);
    Ok(all)
}

/// One instance at 100 calls a second, whose key has a small burst.
pub(super) fn bursts() -> Result<Vec<Scenario>, Invalid> {
    let rows = [5, 10, 20, 50, 100, 200];
    rows.map(|burst| Scenario::steady(1, 100)?.with_burst(burst))
        .into_iter()
        .collect()
}

/// More calls than the rate.
pub(super) fn overload() -> Result<Vec<Scenario>, Invalid> {
    let rows = [
        (1, 1_000, 100.0),
        (10, 1_000, 100.0),
        (100, 100, 10.0),
        (100, 1_000, 100.0),
        (100, 10_000, 1_000.0),
        (1_000, 1_000, 100.0),
        (1_000, 10_000, 1_000.0),
        (100, 1_200, 1_000.0),
        (1_000, 1_200, 1_000.0),
        (1_000, 2_000, 1_000.0),
    ];
    rows.map(|(instances, calls, rate)| Scenario::one_key(instances, calls, rate))
        .into_iter()
        .collect()
}

/// More writes than an item takes: without leases, and on thousands of instances.
pub(super) fn beyond() -> Result<Vec<Scenario>, Invalid> {
    let without_leases = |calls| {
        Ok(Scenario {
            lease_max: 1,
            ..Scenario::steady(100, calls)?
        })
    };
    Ok(vec![
        without_leases(500)?,
        without_leases(2_000)?,
        Scenario::steady(100, 2_000)?,
        Scenario::steady(3_000, 3_000)?,
        Scenario::steady(4_000, 4_000)?,
        Scenario::steady(10_000, 10_000)?,
        Scenario::steady(10_000, 100_000)?,
    ])
}

/// The first ten seconds of many instances: all there at once, and one after another.
pub(super) fn starts() -> Result<Vec<Scenario>, Invalid> {
    let rows = [
        (100, 1_000, 0),
        (100, 10_000, 0),
        (1_000, 10_000, 10),
        (1_000, 100_000, 10),
        (1_000, 10_000, 0),
    ];
    let scenarios = rows.map(|(instances, calls, seconds)| {
        Ok(Scenario {
            starts: seconds * SECOND,
            warm_up: 0,
            measured: 10 * SECOND,
            ..Scenario::steady(instances, calls)?
        })
    });
    scenarios.into_iter().collect()
}

/// Quotas used to their end.
pub(super) fn quotas() -> Vec<QuotaUse> {
    let crashing = |limit, instances, calls, runs| QuotaUse {
        limit,
        instances,
        calls,
        crashes: 2,
        leaving: Leaving::Nobody,
        runs,
    };
    let leaving = |limit, leaving, runs| QuotaUse {
        crashes: 0,
        leaving,
        ..crashing(limit, 100, 1_000, runs)
    };
    vec![
        crashing(10_000, 10, 100, 200),
        crashing(10_000, 10, 1_000, 200),
        crashing(10_000, 100, 1_000, 200),
        crashing(100_000, 10, 1_000, 50),
        crashing(100_000, 100, 10_000, 50),
        crashing(1_000_000, 10, 10_000, 10),
        crashing(1_000_000, 100, 10_000, 10),
        leaving(10_000, Leaving::Frozen(90), 50),
        leaving(100_000, Leaving::Frozen(90), 20),
        leaving(1_000_000, Leaving::Frozen(90), 4),
        leaving(10_000, Leaving::Told(90), 50),
        leaving(100_000, Leaving::Told(90), 20),
    ]
}

/// For each number of instances, the scenarios of the plot, by calls a second.
pub(super) fn plot() -> Result<Vec<(u32, Vec<Scenario>)>, Invalid> {
    let calls = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
    let line = |instances| {
        let scenarios = calls.map(|calls| Scenario::steady(instances, calls));
        Ok((
            instances,
            scenarios.into_iter().collect::<Result<_, Invalid>>()?,
        ))
    };
    INSTANCES.map(line).into_iter().collect()
}
