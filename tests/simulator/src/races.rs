//! Races for a bucket's units that an instance has lost: each excuses refusals for a moment.
//!
//! It counts at least the races that the instance counts, and at most its grants, so that the
//! pause here is never shorter than a lawful one.

use latchkey_domain::Nanos;

use crate::clock::{MILLISECOND, SECOND, SKEW};

/// The pause after a first lost race; it doubles with each, and halves with each grant.
const FIRST: Nanos = 50 * MILLISECOND;
const LONGEST: Nanos = 4 * SECOND;

#[derive(Debug, Clone, Copy)]
struct Race {
    bucket: u16,
    units: u64,
    pause: Nanos,
    /// When it was last lost, in true time; none since a grant.
    lost_at: Option<Nanos>,
}

/// The lost races of one instance.
#[derive(Debug, Clone, Default)]
pub struct Races(Vec<Race>);

impl Races {
    /// A write for a call of `units` met a bucket without room for it.
    pub fn lost(&mut self, bucket: u16, units: u64, now: Nanos) {
        let race = |race: &&mut Race| (race.bucket, race.units) == (bucket, units);
        match self.0.iter_mut().find(race) {
            Some(race) => {
                race.pause = (2 * race.pause).clamp(FIRST, LONGEST);
                race.lost_at = Some(now);
            }
            None => self.0.push(Race {
                bucket,
                units,
                pause: FIRST,
                lost_at: Some(now),
            }),
        }
    }

    /// A charge for a call of `units` was granted at once.
    pub fn won(&mut self, bucket: u16, units: u64) {
        let beaten = |race: &&mut Race| race.bucket == bucket && race.units <= units;
        for race in self.0.iter_mut().filter(beaten) {
            race.pause /= 2;
            race.lost_at = None;
        }
        self.0.retain(|race| race.pause >= FIRST);
    }

    /// For how long a call of `units` may still be refused for a race that was lost; not above 0
    /// where for none.
    pub fn pause(&self, bucket: u16, units: u64, now: Nanos) -> Nanos {
        let pauses = self
            .of(bucket, units)
            .filter_map(|race| Some(race.pause + 2 * SKEW - (now - race.lost_at?)));
        pauses.max().unwrap_or(-1)
    }

    /// Whether races for calls of `units` were lost lately.
    pub fn contended(&self, bucket: u16, units: u64) -> bool {
        self.of(bucket, units).next().is_some()
    }

    fn of(&self, bucket: u16, units: u64) -> impl Iterator<Item = &Race> {
        let obeyed = move |race: &&Race| race.bucket == bucket && race.units <= units;
        self.0.iter().filter(obeyed)
    }

    /// The plan has changed.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
