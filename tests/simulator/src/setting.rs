//! What a run is like: how many instances, how fast, how rough. Drawn from its seed.

use fastrand::Rng;
use latchkey_domain::{Nanos, Period};

use crate::{
    clock::{HOUR, MILLISECOND, SECOND},
    plan::Traffic,
};

/// The mean length of a pause, in milliseconds.
const MEAN_PAUSE_MS: Nanos = 3_500;

/// How an answer may fail to come, in thousandths of the requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The request never arrives.
    pub lost_request: u32,
    /// It is applied, and the answer never arrives.
    pub lost_answer: u32,
    /// The connection breaks before or after.
    pub broken: u32,
    /// It arrives twice, the second time up to minutes later.
    pub doubled: u32,
    /// It arrives up to minutes late.
    pub late: u32,
    /// A transaction is in the way.
    pub conflict: u32,
    /// Refused for want of capacity.
    pub throttled: u32,
}

impl Faults {
    fn draw(rng: &mut Rng) -> Self {
        let (rare, often) = (5, 80);
        let mut chance = |most: u32| {
            if rng.bool() { rng.u32(0..=most) } else { 0 }
        };
        let most = if chance(1) == 1 { often } else { rare };
        Self {
            lost_request: chance(most),
            lost_answer: chance(most),
            broken: chance(most),
            doubled: chance(most),
            late: chance(most),
            conflict: chance(most),
            throttled: chance(most),
        }
    }
}

/// How long a request takes one way.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    /// At least.
    pub least: Nanos,
    /// Mostly at most.
    pub most: Nanos,
    /// Thousandths that take up to half a second.
    pub slow: u32,
}

impl Latency {
    /// A quiet day.
    pub const CALM: Self = Self {
        least: MILLISECOND,
        most: 4 * MILLISECOND,
        slow: 0,
    };

    /// A regime.
    pub fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..6) {
            0..=2 => Self::CALM,
            3 => Self {
                slow: 20,
                ..Self::CALM
            },
            4 => Self {
                least: MILLISECOND,
                most: 60 * MILLISECOND,
                slow: 50,
            },
            _ => Self {
                least: 5 * MILLISECOND,
                most: 250 * MILLISECOND,
                slow: 200,
            },
        }
    }

    /// One way.
    pub fn way(&self, rng: &mut Rng) -> Nanos {
        if rng.u32(0..1_000) < self.slow {
            rng.i64(self.most..=500 * MILLISECOND)
        } else {
            rng.i64(self.least..=self.most)
        }
    }
}

/// All that is drawn before a run begins.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The true time at which it begins.
    pub begins: Nanos,
    /// Calls and their pace.
    pub traffic: Traffic,
    /// Thousandths of calls that come right after the one before.
    pub crowded: u32,
    /// Thousandths of calls after which there is none for some seconds.
    pub pauses: u32,
    /// Processes at a time.
    pub instances: usize,
    /// Whether most calls go to one of them.
    pub hot: bool,
    /// `LEASE_MAX`.
    pub lease_max: u64,
    /// Keys that share the meter; 1 and not `customer` where it is a key's own.
    pub keys: usize,
    /// Whether the meter belongs to a customer.
    pub customer: bool,
    /// Thousandths of calls by a value that a rotation has replaced.
    pub by_previous: u32,
    /// Whether steady clocks stand still while frozen.
    pub stands_still: bool,
    /// What goes wrong on the way.
    pub faults: Faults,
    /// How long the way is at first.
    pub latency: Latency,
    /// Writes a second that the item takes.
    pub capacity: Option<u64>,
    /// Mean time between misfortunes and changes.
    pub happens_every: Nanos,
}

impl Setting {
    /// The setting of a seed's generator.
    pub fn draw(rng: &mut Rng, calls: u64) -> Self {
        const GAPS: [Nanos; 9] = [
            MILLISECOND / 2,
            2 * MILLISECOND,
            2 * MILLISECOND,
            10 * MILLISECOND,
            50 * MILLISECOND,
            200 * MILLISECOND,
            SECOND,
            5 * SECOND,
            60 * SECOND,
        ];
        let gap = GAPS[rng.usize(0..GAPS.len())];
        let pauses = if rng.bool() { rng.u32(0..=10) } else { 0 };
        let paused = Nanos::from(pauses) * MEAN_PAUSE_MS * MILLISECOND;
        let lasts = (gap + paused / 1_000) * calls as i64;
        let instances = match rng.u8(0..5) {
            0 => 1,
            1 => 2,
            2 => rng.usize(2..=5),
            3 => rng.usize(2..=12),
            _ => rng.usize(10..=40),
        };
        let customer = rng.u8(0..4) == 0;
        Self {
            begins: draw_beginning(rng, lasts),
            traffic: Traffic { gap, calls },
            crowded: rng.u32(0..600),
            pauses,
            instances,
            hot: rng.bool(),
            lease_max: [1, 2, 7, 1_000, 1_000, 1_000][rng.usize(0..6)],
            keys: if customer { 3 } else { 1 },
            customer,
            by_previous: if rng.u8(0..4) == 0 { 30 } else { 0 },
            stands_still: rng.bool(),
            faults: Faults::draw(rng),
            latency: Latency::draw(rng),
            capacity: (rng.u8(0..4) == 0).then(|| rng.u64(5..=1_000)),
            happens_every: lasts / rng.i64(10..=150) + 1,
        }
    }

    /// The longest life that a lease may have: those of hundreds of writes a second, or under a
    /// store that refuses, are stretched.
    pub fn longest_life(&self) -> Nanos {
        let is_refused = self.capacity.is_some() || self.faults.throttled > 0;
        if is_refused || self.traffic.gap < 50 * MILLISECOND {
            4 * SECOND
        } else {
            SECOND
        }
    }
}

/// So that the run goes over the end of a window of some period.
fn draw_beginning(rng: &mut Rng, lasts: Nanos) -> Nanos {
    let some_day = (20_500 + rng.i64(0..800)) * 24 * HOUR + rng.i64(0..24) * HOUR;
    let period = [Period::Hour, Period::Day, Period::Week, Period::Month][rng.usize(0..4)];
    let end = period.window(some_day).end.unwrap_or(0) * HOUR;
    end - rng.i64(0..=lasts)
}
