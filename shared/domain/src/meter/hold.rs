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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: Nanos) -> Reading {
        Reading {
            wall: nanos,
            steady: nanos,
        }
    }

    fn lost(times: usize, units: u64) -> Holds {
        let mut holds = Holds::default();
        for _ in 0..times {
            holds.lost(units, at(0));
        }
        holds
    }

    #[test]
    fn a_pause_doubles_from_a_twentieth_of_a_second_to_four() {
        let pauses = [1, 2, 3, 7, 8, 20].map(|times| lost(times, 1).remaining(1, &at(0)));
        let ms = [50, 100, 200, 3_200, 4_000, 4_000];
        assert_eq!(pauses, ms.map(|ms| Some(ms * SECOND / 1_000)));
    }

    #[test]
    fn a_pause_is_over_at_its_end() {
        let holds = lost(1, 1);
        assert_eq!(holds.remaining(1, &at(FIRST - 1)), Some(1));
        assert_eq!(holds.remaining(1, &at(FIRST)), None);
        assert_eq!(holds.remaining(1, &at(FIRST + 1)), None);
    }

    #[test]
    fn a_call_obeys_the_longest_pause_of_those_that_cost_no_more() {
        let mut holds = lost(2, 3);
        holds.lost(5, at(0));
        let left = |units| holds.remaining(units, &at(0));
        assert_eq!(
            [left(2), left(3), left(5)],
            [None, Some(2 * FIRST), Some(2 * FIRST)]
        );
        let contended = |units| holds.contended(units);
        assert_eq!(
            [contended(2), contended(3), contended(9)],
            [false, true, true]
        );
    }

    #[test]
    fn a_charge_that_is_granted_ends_the_pause_and_halves_the_next() {
        let mut holds = lost(3, 2);
        holds.won(1);
        assert_eq!(
            holds.remaining(2, &at(0)),
            Some(4 * FIRST),
            "of a dearer call"
        );
        holds.won(2);
        assert_eq!(holds.remaining(2, &at(0)), None);
        assert!(holds.contended(2));
        holds.lost(2, at(0));
        assert_eq!(
            holds.remaining(2, &at(0)),
            Some(4 * FIRST),
            "from half of it, doubled"
        );
        for _ in 0..3 {
            holds.won(2);
        }
        assert!(!holds.contended(2), "below the first pause it is forgotten");
    }

    #[test]
    fn all_is_forgotten_at_once() {
        let mut holds = lost(4, 1);
        holds.forget();
        assert!(!holds.contended(1));
        assert_eq!(holds.remaining(1, &at(0)), None);
    }
}
