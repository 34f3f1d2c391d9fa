//! What may happen to a request on its way, drawn by a seed.

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;

/// The longest that a request or its repetition is held up, in ms: longer than a charge waits.
const LONGEST_MS: u64 = 400;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The connection ends before the request is delivered.
    CutBefore,
    /// It is delivered, and the connection ends before its answer.
    CutAfter,
    /// It is delivered late.
    Delay,
    /// It is delivered, and once more later.
    Twice,
    /// The store has no capacity for it: not delivered.
    Throttled,
    /// A fault of the store's: not delivered.
    FailedBefore,
    /// It is delivered, and answered as a fault of the store's.
    FailedAfter,
}

impl Fault {
    /// All that are something.
    pub(crate) const ALL: [Self; 7] = [
        Self::CutBefore,
        Self::CutAfter,
        Self::Delay,
        Self::Twice,
        Self::Throttled,
        Self::FailedBefore,
        Self::FailedAfter,
    ];
}

/// Which faults happen, and how often.
#[derive(Debug)]
pub(crate) struct Faults {
    rng: Rng,
    /// Of 1,000 requests so many have a fault.
    per_mille: u32,
    of: Vec<Fault>,
    done: BTreeMap<Fault, u64>,
}

impl Faults {
    pub(crate) fn none() -> Self {
        Self::drawn(0, 0, &Fault::ALL)
    }

    /// Every kind as often as the others.
    pub(crate) fn of_every_kind(seed: u64, per_mille: u32) -> Self {
        Self::drawn(seed, per_mille, &Fault::ALL)
    }

    /// Each request has this fault.
    pub(crate) fn always(fault: Fault) -> Self {
        Self::drawn(0, 1_000, &[fault])
    }

    fn drawn(seed: u64, per_mille: u32, of: &[Fault]) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            per_mille,
            of: of.to_vec(),
            done: BTreeMap::new(),
        }
    }

    /// What happens to the next request, and after how long where it is about time.
    pub(crate) fn draw(&mut self) -> (Fault, Duration) {
        let is_one = self.rng.u32(0..1_000) < self.per_mille;
        let fault = match self.rng.choice(&self.of) {
            Some(fault) if is_one => *fault,
            _ => Fault::None,
        };
        *self.done.entry(fault).or_default() += 1;
        (fault, Duration::from_millis(self.rng.u64(0..=LONGEST_MS)))
    }

    /// How often each happened so far.
    pub(crate) fn done(&self) -> BTreeMap<Fault, u64> {
        self.done.clone()
    }
}
