//! Pauses after lost races for an empty bucket.
//!
//! Without them each refused call of each instance would be a failed write. A pause is kept for
//! each number of units a call may cost, since a call that costs less may pass where a dear one
//! was refused; a call obeys the pauses of those that cost no more than it does.

use crate::time::{Nanos, Reading, SECOND};

const FIRST: Nanos = SECOND / 20;
const LONGEST: Nanos = 4 * SECOND;

#[derive(Debug, Clone, Copy)]
struct Hold {
    units: u64,
    pause: Nanos,
    /// The last lost race; none once its pause is over for good.
    from: Option<Reading>,
}

/// The pauses of one bucket.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds(Vec<Hold>);

impl Holds {
    /// A write for a call of `units` failed, and the bucket had no room.
    pub(super) fn lost(&mut self, units: u64, now: Reading) {
        match self.0.iter_mut().find(|hold| hold.units == units) {
            Some(hold) => {
                hold.pause = (hold.pause * 2).clamp(FIRST, LONGEST);
                hold.from = Some(now);
            }
            None => self.0.push(Hold {
                units,
                pause: FIRST,
                from: Some(now),
            }),
        }
    }

    /// A charge for a call of `units` was granted: so would have been those that cost less.
    pub(super) fn won(&mut self, units: u64) {
        for hold in self.0.iter_mut().filter(|hold| hold.units <= units) {
            hold.pause /= 2;
            hold.from = None;
        }
        self.0.retain(|hold| hold.pause >= FIRST);
    }

    /// What is left of the pauses that a call of `units` obeys.
    pub(super) fn remaining(&self, units: u64, now: &Reading) -> Option<Nanos> {
        let obeyed = self.0.iter().filter(|hold| hold.units <= units);
        obeyed
            .filter_map(|hold| Some(hold.pause - now.since(&hold.from?)))
            .filter(|left| *left > 0)
            .max()
    }

    /// Whether races for calls of `units` were lost lately.
    pub(super) fn contended(&self, units: u64) -> bool {
        self.0.iter().any(|hold| hold.units <= units)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
