//! The plan of a run: each of its versions, and what a call asks for under it.

use fastrand::Rng;
use latchkey_domain::{
    Hour, Nanos, Period, Quota, Rate, Throttle,
    meter::{Bucket, Terms},
};

use crate::clock::{DAY, HOUR, SECOND};

/// Methods that calls go to.
pub const METHODS: usize = 3;
/// Buckets that a plan may ever number.
const MOST_NUMBERS: u16 = 24;

/// A throttle in whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Millionths of a unit a second.
    pub millionths: u64,
    /// Units at once.
    pub burst: u64,
}

impl Limits {
    fn rate(self) -> Option<Rate> {
        let (whole, rest) = (self.millionths / 1_000_000, self.millionths % 1_000_000);
        format!("{whole}.{rest:06}").parse().ok()
    }

    fn throttle(self) -> Option<Throttle> {
        Throttle::new(self.rate()?, Some(self.burst)).ok()
    }

    /// Time that `units` take, rounded up once.
    pub fn cost(self, units: u64) -> Nanos {
        let work = u128::from(units) * 1_000_000_000_000_000;
        Nanos::try_from(work.div_ceil(u128::from(self.millionths.max(1)))).unwrap_or(Nanos::MAX)
    }

    /// Time that the whole burst takes.
    pub fn full(self) -> Nanos {
        self.cost(self.burst)
    }
}

/// A method of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// What a call costs.
    pub units: u64,
    /// Its own bucket, which replaces the plan's.
    pub bucket: Option<(u16, Limits)>,
}

/// The counter that a charge goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Of a quota window, by the hour in which it starts.
    Window(Hour),
    /// Of a UTC day, where there is no quota.
    Day(i64),
}

impl Counter {
    /// The counter of a charge under `quota` at a reading of the wall clock.
    pub fn of(quota: Option<&Quota>, wall: Nanos) -> Self {
        match quota {
            Some(quota) => Self::Window(quota.period().window(wall).start),
            None => Self::Day(wall.div_euclid(DAY)),
        }
    }

    /// From when to when a unit may be admitted that is charged to it at `wall`.
    pub fn span(quota: Option<&Quota>, wall: Nanos) -> (Nanos, Nanos) {
        match quota {
            Some(quota) => {
                let window = quota.period().window(wall);
                let end = window.end.map_or(Nanos::MAX / 2, |end| end * HOUR);
                (window.start * HOUR, end)
            }
            None => {
                let day = wall.div_euclid(DAY);
                (day * DAY, (day + 1) * DAY)
            }
        }
    }
}

/// One version of the plan.
#[derive(Debug, Clone)]
pub struct PlanAt {
    /// From 1 on.
    pub version: u64,
    /// Its quota.
    pub quota: Option<Quota>,
    /// Its own bucket.
    pub own: Option<Limits>,
    /// Its methods.
    pub methods: [Method; METHODS],
    /// The number that the next method's bucket gets: none is used twice.
    next_number: u16,
    terms: Vec<Terms>,
}

/// What a run's traffic is like, for limits that matter to it.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    /// Mean time between calls.
    pub gap: Nanos,
    /// Calls of the run.
    pub calls: u64,
}

impl PlanAt {
    /// A first version in which each call costs one unit.
    pub fn simple(quota: Option<Quota>, own: Option<Limits>) -> Self {
        let method = Method {
            units: 1,
            bucket: None,
        };
        let mut plan = Self {
            version: 1,
            quota,
            own,
            methods: [method; METHODS],
            next_number: 1,
            terms: Vec::new(),
        };
        plan.settle();
        plan
    }

    /// A first version.
    pub fn draw(rng: &mut Rng, traffic: Traffic) -> Self {
        let dear = rng.bool();
        let mut units = || if dear { rng.u64(1..=3) } else { 1 };
        let mut plan = Self::simple(None, None);
        for method in &mut plan.methods {
            method.units = units();
        }
        if rng.u8(0..10) < 8 {
            plan.quota = Some(draw_quota(rng, traffic));
        }
        if rng.u8(0..10) < 8 {
            plan.own = Some(draw_limits(rng, traffic));
        }
        if rng.u8(0..3) == 0 {
            plan.give_bucket(rng, traffic);
        }
        plan.settle();
        plan
    }

    /// The next version: something is raised, lowered, added or taken away.
    pub fn changed(&self, rng: &mut Rng, traffic: Traffic) -> Self {
        let mut next = self.clone();
        next.version += 1;
        match rng.u8(0..8) {
            0 => next.quota = Some(draw_quota(rng, traffic)),
            1 => next.quota = None,
            2 | 3 => {
                if let Some(quota) = next.quota {
                    let limit = scaled(rng, quota.limit());
                    next.quota = Quota::new(limit, quota.period()).ok();
                }
            }
            4 => next.own = Some(draw_limits(rng, traffic)),
            5 => next.own = None,
            6 => next.give_bucket(rng, traffic),
            _ => {
                let method = rng.usize(0..METHODS);
                if let Some(method) = next.methods.get_mut(method) {
                    method.bucket = None;
                    method.units = rng.u64(1..=3);
                }
            }
        }
        next.settle();
        next
    }

    fn give_bucket(&mut self, rng: &mut Rng, traffic: Traffic) {
        let number = self.next_number;
        if number <= MOST_NUMBERS
            && let Some(method) = self.methods.get_mut(rng.usize(0..METHODS))
        {
            method.bucket = Some((number, draw_limits(rng, traffic)));
            self.next_number += 1;
        }
    }

    fn settle(&mut self) {
        let numbers = self.methods.iter().filter_map(|method| method.bucket);
        let buckets = self
            .own
            .map(|_| Bucket::PLAN)
            .into_iter()
            .chain(numbers.map(|(number, _)| number))
            .collect();
        self.terms = self
            .methods
            .iter()
            .map(|method| Terms {
                plan_version: self.version,
                quota: self.quota,
                bucket: method
                    .bucket
                    .or(self.own.map(|own| (Bucket::PLAN, own)))
                    .and_then(|(number, limits)| {
                        let throttle = limits.throttle()?;
                        Some(Bucket { number, throttle })
                    }),
                units: method.units,
                buckets,
            })
            .collect();
    }

    /// What a call to a method asks for.
    pub fn terms(&self, method: usize) -> Option<&Terms> {
        self.terms.get(method)
    }

    /// The throttle of a bucket.
    pub fn limits(&self, number: u16) -> Option<Limits> {
        if number == Bucket::PLAN {
            return self.own;
        }
        let buckets = self.methods.iter().filter_map(|method| method.bucket);
        buckets
            .filter(|(of, _)| *of == number)
            .map(|(_, limits)| limits)
            .next()
    }

    /// Whether no state of the meter can let a call to `method` pass.
    pub fn never_admits(&self, method: usize) -> bool {
        let Some(terms) = self.terms(method) else {
            return true;
        };
        let units = terms.units;
        terms.quota.is_some_and(|quota| quota.limit() < units)
            || terms.bucket.is_some_and(|bucket| {
                self.limits(bucket.number)
                    .is_none_or(|limits| limits.burst < units || limits.millionths == 0)
            })
    }
}

fn scaled(rng: &mut Rng, number: u64) -> u64 {
    match rng.u8(0..4) {
        0 => number / 2,
        1 => number.saturating_sub(rng.u64(0..=3)),
        2 => number + rng.u64(1..=3),
        _ => number * 2,
    }
}

fn draw_quota(rng: &mut Rng, traffic: Traffic) -> Quota {
    const PERIODS: [Period; 5] = Period::ALL;
    let period = PERIODS[rng.usize(0..PERIODS.len())];
    let window = match period {
        Period::Hour => HOUR,
        Period::Day => DAY,
        Period::Week => 7 * DAY,
        Period::Month => 30 * DAY,
        Period::Lifetime => Nanos::MAX,
    };
    let in_window = (window / traffic.gap.max(1)).clamp(1, traffic.calls as i64) as u64;
    let limit = match rng.u8(0..12) {
        0 => rng.u64(0..=5),
        1 | 2 => rng.u64(5..=100),
        3..=5 => in_window / rng.u64(2..=10) + 1,
        6 | 7 => in_window + rng.u64(0..=in_window),
        _ => 1_000_000 * rng.u64(1..=1_000),
    };
    // No limit that is drawn is above the highest.
    Quota::new(limit, period).unwrap_or_else(|_| unreachable!("a limit within bounds"))
}

fn draw_limits(rng: &mut Rng, traffic: Traffic) -> Limits {
    let calls_per_million_seconds = 1_000_000 * SECOND as u64 / traffic.gap.max(1) as u64;
    let millionths = match rng.u8(0..10) {
        0 => [100_000, 300_000, 500_000][rng.usize(0..3)],
        1 => [1_000_000, 3_000_000, 10_000_000][rng.usize(0..3)],
        2 | 3 => calls_per_million_seconds / rng.u64(5..=20),
        4 | 5 => calls_per_million_seconds * rng.u64(5..=10) / 10,
        6 | 7 => calls_per_million_seconds * rng.u64(10..=15) / 10,
        8 => calls_per_million_seconds * rng.u64(2..=5),
        _ => calls_per_million_seconds + rng.u64(0..1_000_000),
    }
    .max(20_000);
    let of_second = millionths.div_ceil(1_000_000);
    let burst = match rng.u8(0..10) {
        0 => 1,
        1..=3 => rng.u64(1..=6),
        4 | 5 => of_second.max(3),
        6 => rng.u64(0..=20),
        7 | 8 => of_second * rng.u64(1..=8) + 3,
        _ => rng.u64(20..=200),
    };
    Limits { millionths, burst }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_what_calls_are_asked_for() {
        let traffic = Traffic {
            gap: 10_000_000,
            calls: 1_000,
        };
        let mut rng = Rng::with_seed(7);
        let mut plan = PlanAt::draw(&mut rng, traffic);
        for _ in 0..2_000 {
            plan = plan.changed(&mut rng, traffic);
            for (number, method) in plan.methods.iter().enumerate() {
                let terms = plan.terms(number).unwrap();
                let bucket = method.bucket.or(plan.own.map(|own| (0, own)));
                assert_eq!(
                    terms.bucket.map(|bucket| bucket.number),
                    bucket.map(|(number, _)| number)
                );
                if let Some((number, limits)) = bucket {
                    assert!(terms.buckets.contains(number));
                    assert_eq!(plan.limits(number), Some(limits));
                    let rate = terms.bucket.unwrap().throttle.rate();
                    assert_eq!(rate.cost(3), Some(limits.cost(3)));
                }
            }
        }
    }
}
