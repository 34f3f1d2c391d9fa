//! What a key's and a plan's rules say of a call, and where quota windows begin: the questions
//! that the plain model asks.

use std::net::IpAddr;

use latchkey_domain::{Nanos, Period};

use crate::world::{Call, Key, Method, Plan, Rule, Throttle, World};

/// The plan's bucket, or that of a method, by its place.
pub(crate) type Bucket = Option<usize>;

/// Of the key's plans that cover the call the one that names its stage most closely; of two
/// such the one with the lower id, which is its number here.
pub(crate) fn plan_of(world: &World, key: &Key, call: &Call) -> Option<usize> {
    let closeness = |plan: &Plan| {
        let covering = plan.stages.iter().filter(|stage| covers(stage, call));
        covering
            .map(|(api, stage)| u8::from(*api != "*") + u8::from(*stage != "*"))
            .max()
    };
    let covers = |at: &&usize| {
        let plan = &world.plans[**at];
        !plan.is_deleting && (!plan.is_native || call.has_native_plans) && closeness(plan).is_some()
    };
    let on = key.plans.iter().filter(covers).copied();
    on.max_by_key(|at| (closeness(&world.plans[*at]), std::cmp::Reverse(*at)))
}

fn covers((api, stage): &(&str, &str), call: &Call) -> bool {
    (*api == "*" || *api == call.api) && (*stage == "*" || *stage == call.stage)
}

/// What the closest rule says that says what a call costs.
pub(crate) fn units(plan: &Plan, call: &Call) -> u64 {
    closest(plan, call, |method| method.units).map_or(1, |(_, units)| units)
}

/// The bucket of the closest method that has one, or else the plan's.
pub(crate) fn bucket(plan: &Plan, call: &Call) -> Option<(Bucket, Throttle)> {
    let own = closest(plan, call, |method| method.throttle);
    let own = own.map(|(at, throttle)| (Some(at), throttle));
    own.or_else(|| plan.throttle.map(|throttle| (None, throttle)))
}

/// Of the methods that say something of a call, the one with the most fixed segments, then one
/// that names its HTTP method, then the one whose path comes last in the alphabet.
fn closest<T>(plan: &Plan, call: &Call, says: impl Fn(&Method) -> Option<T>) -> Option<(usize, T)> {
    let methods = plan.methods.iter().enumerate();
    let known = methods.filter(|(_, method)| covers(&plan.stages[method.stage], call));
    let fitting = known.filter(|(_, method)| is_of(&method.rule, call));
    let saying = fitting.filter_map(|(at, method)| Some((at, method, says(method)?)));
    let fixed = |rule: &Rule| {
        rule.path
            .split('/')
            .filter(|part| !part.contains(['*', '{']))
            .count()
    };
    let rank = |rule: &Rule| (fixed(rule), rule.method.is_some(), rule.path);
    let best = saying.max_by_key(|(_, method, _)| rank(&method.rule));
    best.map(|(at, _, said)| (at, said))
}

/// Whether a route rule opens a call: by its route template, or by its path both as it was sent
/// and as it reads when decoded.
pub(crate) fn opens(rule: &Rule, call: &Call) -> bool {
    match call.template {
        Some(template) => fits(rule, call, template),
        None => {
            let fits = |path| fits(rule, call, path);
            fits(call.path) && fits(call.decoded) && !call.decoded.contains("/../")
        }
    }
}

/// Whether a call is of a method: by its route template, or by its path however it may be read.
fn is_of(rule: &Rule, call: &Call) -> bool {
    let readings = match call.template {
        Some(template) => vec![template],
        None => vec![call.path, call.decoded, call.resolved],
    };
    readings.iter().any(|path| fits(rule, call, path))
}

fn fits(rule: &Rule, call: &Call, path: &str) -> bool {
    let pattern: Vec<_> = rule.path.split('/').collect();
    let path: Vec<_> = path.split('/').collect();
    rule.method.is_none_or(|method| method == call.method) && along(&pattern, &path)
}

fn along(rule: &[&str], path: &[&str]) -> bool {
    match (rule, path) {
        ([], []) | (["*"], [_, ..]) => true,
        ([one, rest @ ..], [part, parts @ ..]) => {
            (one == part || one.starts_with('{') && !part.is_empty()) && along(rest, parts)
        }
        _ => false,
    }
}

/// Whether an IPv4 network holds an address.
pub(crate) fn holds((network, bits): &([u8; 4], u32), address: Option<IpAddr>) -> bool {
    let Some(IpAddr::V4(address)) = address.map(|address| address.to_canonical()) else {
        return false;
    };
    (u32::from(address) ^ u32::from_be_bytes(*network))
        .checked_shr(32 - bits)
        .unwrap_or(0)
        == 0
}

/// Start and end of the window of a period, by the calendar in UTC.
pub(crate) fn window(period: Period, at: Nanos) -> (Nanos, Option<Nanos>) {
    use jiff::{Timestamp, ToSpan as _, civil::Weekday, tz::Offset};
    let now = Timestamp::from_nanosecond(i128::from(at)).unwrap();
    let now = Offset::UTC.to_datetime(now);
    let day = now.date();
    let (start, span) = match period {
        Period::Hour => (day.at(now.hour(), 0, 0, 0), 1.hour()),
        Period::Day => (day.at(0, 0, 0, 0), 1.day()),
        Period::Week => {
            let since = day.weekday().since(Weekday::Sunday);
            ((day - i64::from(since).days()).at(0, 0, 0, 0), 1.week())
        }
        Period::Month => (day.first_of_month().at(0, 0, 0, 0), 1.month()),
        Period::Lifetime => return (0, None),
    };
    let instant = |time: jiff::civil::DateTime| {
        let instant = Offset::UTC.to_timestamp(time).unwrap();
        instant.as_nanosecond() as Nanos
    };
    (instant(start), Some(instant(start + span)))
}
