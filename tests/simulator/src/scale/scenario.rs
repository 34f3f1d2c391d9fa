//! One way in which keys are called.

use latchkey_domain::{
    Invalid, Nanos, Quota, Rate, Throttle,
    meter::{Bucket, Terms},
};

use crate::clock::{HOUR, SECOND};

/// `LEASE_MAX` as the authorizer has it by default.
const LEASE_MAX: u64 = 1_000;

/// Time before anything is measured.
const WARM_UP: Nanos = 20 * SECOND;
/// Calls that are measured at least, and the longest time for that: some hours, so that the day
/// does not end.
const CALLS: i64 = 100_000;
const LONGEST: Nanos = 10 * HOUR;

/// Which instance serves a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// Any of them, each several calls at once.
    Any,
    /// Any that is idle: each serves one call at a time, as Lambda's do, and is occupied for this
    /// long beside what metering takes. Where none is idle the call waits.
    Idle(Nanos),
}

/// Instances that get no more calls from half of the run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// None does.
    Nobody,
    /// So many are frozen for good, with what they hold.
    Frozen(u32),
    /// So many are told to end, and give back what they hold.
    Told(u32),
}

/// Traffic on the keys of one plan, and who serves it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Instances of the authorizer.
    pub instances: u32,
    /// Keys; the k-th most called gets 1/k of what the first gets.
    pub keys: u32,
    /// Calls a second on all keys together.
    pub calls: u32,
    /// The throttle that each key has.
    pub throttle: Option<Throttle>,
    /// The quota that each key has.
    pub quota: Option<Quota>,
    /// Most units that an instance takes at once.
    pub lease_max: u64,
    /// Who serves a call.
    pub routing: Routing,
    /// The time in which the instances start, one after another; 0 where all are there at once.
    pub starts: Nanos,
    /// Instances that die within the run on average, each replaced at once.
    pub crashes: u32,
    /// Instances that get no more calls.
    pub leaving: Leaving,
    /// Time before anything is measured.
    pub warm_up: Nanos,
    /// Time that is measured.
    pub measured: Nanos,
    /// Time from the start in which instances die; some leave at half of it.
    pub busy: Nanos,
    /// The seed of all chance.
    pub seed: u64,
}

impl Scenario {
    /// Traffic on one key that may be called at `rate` and, for a burst, as often as that in a
    /// second.
    ///
    /// # Errors
    /// [`Invalid`] for a rate that no plan may have.
    pub fn one_key(instances: u32, calls: u32, rate: f64) -> Result<Self, Invalid> {
        // Long enough for a share of a few in ten thousand to show.
        let for_shares = CALLS * SECOND / i64::from(calls.max(1));
        let measured = for_shares.clamp(60 * SECOND, LONGEST);
        Ok(Self {
            instances,
            keys: 1,
            calls,
            throttle: Some(Throttle::new(Rate::try_from(rate)?, None)?),
            quota: None,
            lease_max: LEASE_MAX,
            routing: Routing::Any,
            starts: 0,
            crashes: 0,
            leaving: Leaving::Nobody,
            warm_up: WARM_UP,
            measured,
            busy: WARM_UP + measured,
            seed: 1,
        })
    }

    /// Normal traffic on one key: the plan allows a quarter more than is called, and twice as
    /// much where one instance serves it.
    ///
    /// # Errors
    /// [`Invalid`] for a rate that no plan may have.
    pub fn steady(instances: u32, calls: u32) -> Result<Self, Invalid> {
        let room = if instances == 1 { 2.0 } else { 1.25 };
        Self::one_key(instances, calls, room * f64::from(calls))
    }

    /// Normal traffic on many keys of one plan, which allows each a quarter more than the first of
    /// them is called.
    ///
    /// # Errors
    /// [`Invalid`] for a rate that no plan may have.
    pub fn many_keys(instances: u32, keys: u32, calls: u32) -> Result<Self, Invalid> {
        let all: f64 = (1..=keys).map(|rank| 1.0 / f64::from(rank)).sum();
        let rate = (1.25 * f64::from(calls) / all).ceil();
        Ok(Self {
            keys,
            ..Self::one_key(instances, calls, rate)?
        })
    }

    /// The same with this burst.
    ///
    /// # Errors
    /// [`Invalid`] for a burst that no plan may have.
    pub fn with_burst(mut self, burst: u64) -> Result<Self, Invalid> {
        self.throttle = match self.throttle {
            Some(throttle) => Some(Throttle::new(throttle.rate(), Some(burst))?),
            None => None,
        };
        Ok(self)
    }

    /// What each call asks of its meter.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            plan_version: 1,
            quota: self.quota,
            bucket: self.throttle.map(|throttle| Bucket {
                number: Bucket::PLAN,
                throttle,
            }),
            units: 1,
            buckets: [Bucket::PLAN].into_iter().collect(),
        }
    }

    /// When the last call comes.
    pub(super) fn ends(&self) -> Nanos {
        self.warm_up + self.measured
    }
}
