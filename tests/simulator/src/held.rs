//! What an instance has in memory for each bucket, followed from outside: units of its pockets,
//! and how much it was asked for lately, which says how large and how old its leases may get.

use latchkey_domain::{Nanos, Reading, meter::Terms};

use crate::{clock::SECOND, plan::Counter};

/// Life of a lease that is no larger than what was asked for lately, and of any.
const LIFE: Nanos = SECOND;
const LONGEST_LIFE: Nanos = 4 * SECOND;
/// Time over which calls count, in seconds.
const MEMORY: f64 = 0.7;
/// A larger lease lives three times as long as it lasts on average.
const TIMES: f64 = 3.0;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    number: Option<u16>,
    counter: Counter,
    units: i64,
    demand: f64,
    asked: Reading,
}

/// For each bucket, what is held and was asked for.
#[derive(Debug, Clone, Default)]
pub struct Held(Vec<Bucket>);

impl Held {
    fn bucket(&mut self, number: Option<u16>, counter: Counter, now: Reading) -> &mut Bucket {
        let at = self.0.iter().position(|bucket| bucket.number == number);
        let at = at.unwrap_or_else(|| {
            self.0.push(Bucket {
                number,
                counter,
                units: 0,
                demand: 0.0,
                asked: now,
            });
            self.0.len() - 1
        });
        let bucket = &mut self.0[at];
        if bucket.counter != counter {
            (bucket.counter, bucket.units) = (counter, 0);
        }
        bucket
    }

    /// The instance was asked under another version of the plan: buckets that it no longer has
    /// are gone, and their pockets may have gone to another.
    pub fn renew(&mut self, terms: &Terms) {
        self.0.retain(|bucket| match bucket.number {
            Some(number) => terms.buckets.contains(number),
            None => terms.bucket.is_none(),
        });
    }

    /// It turned to the counter of `terms` at `now`.
    pub fn turn(&mut self, terms: &Terms, now: Reading) {
        let counter = Counter::of(terms.quota.as_ref(), now.wall);
        self.bucket(number(terms), counter, now);
    }

    /// A call has asked for units.
    pub fn ask(&mut self, terms: &Terms, now: Reading) {
        let counter = Counter::of(terms.quota.as_ref(), now.wall);
        let bucket = self.bucket(number(terms), counter, now);
        let passed = now.since(&bucket.asked).max(0) as f64 / SECOND as f64;
        bucket.demand = bucket.demand * (-passed / MEMORY).exp() + terms.units as f64;
        bucket.asked = now;
    }

    /// A charge brought units.
    pub fn add(&mut self, terms: &Terms, counter: Counter, units: i64, now: Reading) {
        self.bucket(number(terms), counter, now).units += units;
    }

    /// A call used units. It may have used some that came from a bucket that is gone.
    pub fn take(&mut self, terms: &Terms, units: i64) {
        let number = number(terms);
        if let Some(bucket) = self.0.iter_mut().find(|bucket| bucket.number == number) {
            bucket.units = (bucket.units - units).max(0);
        }
    }

    /// Units that the bucket of `terms` has at least.
    pub fn units(&self, terms: &Terms, counter: Counter) -> i64 {
        let of = |bucket: &&Bucket| bucket.number == number(terms) && bucket.counter == counter;
        self.0.iter().find(of).map_or(0, |bucket| bucket.units)
    }

    /// Units that its bucket was asked for in the last 0.7 s.
    pub fn demand(&self, terms: &Terms) -> f64 {
        let of = |bucket: &&Bucket| bucket.number == number(terms);
        self.0.iter().find(of).map_or(0.0, |bucket| bucket.demand)
    }

    /// How long a lease of `units` may live.
    pub fn life(&self, terms: &Terms, units: u64, lease_max: u64) -> Nanos {
        let demand = self.demand(terms);
        if lease_max <= terms.units || (units as f64) < demand - 1e-6 {
            return LIFE;
        }
        let lasts = TIMES * MEMORY * 1.001 * units as f64 / demand.max(1.0);
        ((lasts * SECOND as f64) as Nanos).clamp(LIFE, LONGEST_LIFE)
    }
}

fn number(terms: &Terms) -> Option<u16> {
    terms.bucket.map(|bucket| bucket.number)
}
