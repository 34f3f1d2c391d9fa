//! What an instance has in memory for each bucket, followed from outside: units of its pockets.

use latchkey_domain::{Reading, meter::Terms};

use crate::plan::Counter;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    number: Option<u16>,
    counter: Counter,
    units: i64,
}

/// For each bucket, what is held.
#[derive(Debug, Clone, Default)]
pub struct Held(Vec<Bucket>);

impl Held {
    fn bucket(&mut self, number: Option<u16>, counter: Counter) -> &mut Bucket {
        let at = self.0.iter().position(|bucket| bucket.number == number);
        let at = at.unwrap_or_else(|| {
            self.0.push(Bucket {
                number,
                counter,
                units: 0,
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
        self.bucket(number(terms), counter);
    }

    /// A charge brought units.
    pub fn add(&mut self, terms: &Terms, counter: Counter, units: i64) {
        self.bucket(number(terms), counter).units += units;
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
}

fn number(terms: &Terms) -> Option<u16> {
    terms.bucket.map(|bucket| bucket.number)
}
