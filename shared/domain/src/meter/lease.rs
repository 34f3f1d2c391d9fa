//! Units that one instance has taken ahead for one bucket of a meter.
//!
//! A lease has two parts. What was taken from the throttle (`left`) dies within a second or a
//! few, since the bucket has refilled by then. What was charged to the quota (the pocket) stays
//! good to the end of its window, and the next charge takes that much less. So nothing has to be
//! given back, and no write ever lowers a counter.

use super::{Known, Return, demand::Demand, hold::Holds};
use crate::{
    Quota,
    quota::day_of,
    time::{Day, Hour, Nanos, Reading, SECOND},
};

/// How far two wall clocks may differ: each may be off by 100 ms.
const SKEW: Nanos = SECOND / 5;

/// The counter that a charge goes to: of a quota window, or of a day where there is no quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    Window(Hour),
    Day(Day),
}

impl Counter {
    pub(super) fn of(quota: Option<&Quota>, now: Nanos) -> Self {
        match quota {
            Some(quota) => Self::Window(quota.period().window(now).start),
            None => Self::Day(day_of(now)),
        }
    }

    /// What it counts.
    pub(super) fn of_known(self, known: &Known) -> i64 {
        let count = match self {
            Self::Window(start) => known.in_window(start),
            Self::Day(day) => known.on_day(day),
        };
        count.unwrap_or(0)
    }
}

/// Units that are charged to a counter and not used yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pocket {
    units: u64,
    counter: Option<Counter>,
    /// Of the units, how many were charged on `day`, the last on which any were.
    of_day: u64,
    day: Day,
}

impl Pocket {
    fn add(&mut self, counter: Counter, day: Day, units: u64) {
        if self.counter != Some(counter) {
            *self = Self::default();
        }
        if self.day != day {
            self.of_day = 0;
        }
        self.counter = Some(counter);
        self.day = day;
        self.units += units;
        self.of_day += units;
    }

    /// What can be given back of it: what is of another counter is lost.
    pub(super) fn to_return(self, counter: Counter) -> Option<Return> {
        (self.counter == Some(counter)).then_some(Return {
            window: match counter {
                Counter::Window(start) => Some(start),
                Counter::Day(_) => None,
            },
            units: self.units,
            day: self.day,
            of_day: self.of_day,
        })
    }

    /// Takes the oldest first.
    fn take(&mut self, units: u64) {
        self.units = self.units.saturating_sub(units);
        self.of_day = self.of_day.min(self.units);
    }
}

/// A charge that was granted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// Units taken from the throttle.
    pub(super) units: u64,
    /// Units charged to the counter.
    pub(super) net: u64,
    pub(super) counter: Counter,
    pub(super) day: Day,
    /// The frozen reading of the charge.
    pub(super) from: Reading,
    pub(super) life: Nanos,
}

/// What an instance holds for one bucket, and what it knows of the calls on it.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    /// The bucket's number; none where the call has no throttle.
    pub(super) bucket: Option<u16>,
    pocket: Pocket,
    left: u64,
    from: Reading,
    life: Nanos,
    /// Units that were charged and are good for nothing any more.
    lost: u64,
    pub(super) demand: Demand,
    pub(super) holds: Holds,
}

impl Lease {
    pub(super) fn new(bucket: Option<u16>, now: Reading) -> Self {
        Self {
            bucket,
            pocket: Pocket::default(),
            left: 0,
            from: now,
            life: 0,
            lost: 0,
            demand: Demand::new(now),
            holds: Holds::default(),
        }
    }

    /// Lets go of what is no longer good: all of it in another window, the throttle's part when
    /// it is too old by either clock, or comes from a time that lies ahead.
    pub(super) fn refresh(&mut self, counter: Counter, now: &Reading) {
        if self.pocket.counter != Some(counter) {
            self.lose();
            self.left = 0;
        }
        let (wall, steady) = (now.wall - self.from.wall, now.steady - self.from.steady);
        if steady >= self.life || wall >= self.life || wall < -SKEW {
            self.left = 0;
        }
    }

    /// Whether both parts have these units.
    pub(super) fn has(&self, units: u64) -> bool {
        self.left >= units && self.pocket.units >= units
    }

    /// Admits a call from memory if both parts have its units.
    pub(super) fn spend(&mut self, units: u64) -> bool {
        let has = self.has(units);
        if has {
            self.left -= units;
            self.pocket.take(units);
        }
        has
    }

    /// Units charged to a counter and not used.
    pub(super) fn pocket_of(&self, counter: Counter) -> u64 {
        if self.pocket.counter == Some(counter) {
            self.pocket.units
        } else {
            0
        }
    }

    /// What a charge brings. Of an earlier lease only the pocket goes on.
    pub(super) fn grant(&mut self, grant: &Grant) {
        self.add_to_pocket(grant);
        self.left = grant.units;
        self.from = grant.from;
        self.life = grant.life;
    }

    fn add_to_pocket(&mut self, grant: &Grant) {
        if self.pocket.counter != Some(grant.counter) {
            self.lose();
        }
        self.pocket.add(grant.counter, grant.day, grant.net);
    }

    /// What an answer brings that came too late for its call: units for later ones, but none of
    /// the throttle's.
    pub(super) fn grant_late(&mut self, grant: &Grant) {
        self.add_to_pocket(grant);
        self.left = 0;
    }

    /// Takes over what another one, whose bucket is no more, has of `counter`. What this one
    /// has is of `counter` as well, or nothing.
    pub(super) fn absorb(&mut self, other: &Self, counter: Counter) {
        self.lost += other.lost;
        if other.pocket.counter != Some(counter) {
            self.lost += other.pocket.units;
            return;
        }
        if self.pocket.units == 0 {
            self.pocket = other.pocket;
        } else {
            let same_day = self.pocket.day == other.pocket.day;
            self.pocket.units += other.pocket.units;
            self.pocket.of_day += if same_day { other.pocket.of_day } else { 0 };
        }
    }

    /// Lets go of the pocket: nobody will use what is in it.
    pub(super) fn lose(&mut self) {
        self.lost += self.pocket.units;
        self.pocket = Pocket::default();
    }

    /// Units lost since this was last asked.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Takes the pocket out of memory.
    pub(super) fn take_pocket(&mut self) -> Pocket {
        self.left = 0;
        std::mem::take(&mut self.pocket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::model::at;

    const TODAY: Counter = Counter::Day(8);

    /// A lease of 5 units, with 20 in the pocket that were charged on this day.
    fn granted(counter: Counter, day: Day) -> Lease {
        let mut lease = Lease::new(None, at(0));
        lease.grant(&Grant {
            units: 5,
            net: 20,
            counter,
            day,
            from: at(0),
            life: SECOND,
        });
        lease
    }

    #[test]
    fn a_call_takes_its_units_from_both_parts() {
        let mut lease = granted(TODAY, 8);
        assert!(lease.spend(2));
        assert!(lease.has(3) && !lease.has(4));
        assert_eq!(lease.pocket_of(TODAY), 18);
        assert!(!lease.spend(4));
        assert_eq!(lease.pocket_of(TODAY), 18);
    }

    /// What a bucket that is no more has taken goes on, as far as it is of the same counter.
    #[test]
    fn what_is_taken_over_is_good_where_its_counter_is_the_same_and_lost_elsewhere() {
        for (counter, day, (pocket, of_day, lost)) in [
            (TODAY, 8, (39, 39, 5)),
            (TODAY, 7, (39, 20, 5)),
            (Counter::Day(7), 7, (20, 20, 24)),
        ] {
            let (mut own, mut other) = (granted(TODAY, 8), granted(counter, day));
            own.lost = 2;
            other.lost = 3;
            assert!(other.spend(1));
            own.absorb(&other, TODAY);
            assert_eq!(own.pocket_of(TODAY), pocket, "{counter:?}");
            assert_eq!(own.take_lost(), lost, "{counter:?}");
            let returned = own.take_pocket().to_return(TODAY).unwrap();
            assert_eq!((returned.units, returned.of_day), (pocket, of_day));
        }
        let mut empty = Lease::new(None, at(0));
        empty.absorb(&granted(TODAY, 7), TODAY);
        let returned = empty.take_pocket().to_return(TODAY).unwrap();
        assert_eq!((returned.units, returned.day, returned.of_day), (20, 7, 20));
    }
}
