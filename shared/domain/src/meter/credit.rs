//! Calls that pass while the store does not answer, where its owner wants that.
//!
//! They are admitted on what was last known of the meter: of its quota and of its bucket the part
//! that this instance had of all calls, for an hour at most. What is admitted so is owed, and
//! charged when the store answers again, whatever the limit is by then. Each instance knows of its
//! own calls alone, so quota and throttle are not exact any more (docs/metering.md).

use super::{Bucket, Holding, Known, Terms, charge::refused_by_plan};
use crate::{
    quota::day_of,
    time::{Day, HOUR, Hour, Nanos, Reading},
};

/// For how long after the store's last answer calls are admitted without it. A key that was
/// shown to be right counts as long.
pub const CREDIT_LIFE: Nanos = HOUR;

/// What an instance last knew of a meter.
#[derive(Debug, Clone)]
pub struct Standing {
    /// When the store told it.
    at: Reading,
    known: Known,
    /// The part of all calls that this instance had, above 0 and at most 1; none where it is
    /// not known.
    part: Option<f64>,
    /// There is no meter to charge.
    ended: bool,
}

impl Standing {
    /// A meter as it was read at `at`. How many others call with it is not known.
    pub fn read(meter: impl Into<Known>, at: Reading) -> Self {
        let known = meter.into();
        Self {
            at,
            part: None,
            ended: known.detached,
            known,
        }
    }
}

impl Holding {
    /// What is known of the meter; none before the store has told anything.
    pub fn standing(&self, terms: &Terms) -> Option<Standing> {
        let others = self.others.rate();
        let own = self
            .lease_of(terms)
            .map_or(0.0, |lease| lease.demand.rate());
        let told = Standing::read(self.known.clone()?, self.told_at());
        Some(Standing {
            part: (own > 0.0).then(|| own / (own + others)),
            ended: told.ended || self.has_ended(),
            ..told
        })
    }
}

/// Units that were admitted and are to be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debt {
    /// The quota window that they were admitted in; none on a plan without a quota.
    pub window: Option<Hour>,
    /// The day.
    pub day: Day,
    /// How many, at least 1.
    pub units: u64,
}

/// What one instance may admit of one meter without the store, and what it owes.
#[derive(Debug, Clone)]
pub struct Credit {
    standing: Standing,
    owed: Vec<Debt>,
}

impl Credit {
    /// Nothing owed.
    pub fn new(standing: Standing) -> Self {
        Self {
            standing,
            owed: Vec::new(),
        }
    }

    /// Takes in what was read with the key, where the meter itself has told nothing since.
    pub fn learn_read(&mut self, read: Standing) {
        if read.at.steady > self.standing.at.steady {
            self.learn(read);
        }
    }

    /// Takes in what the store has told since, and nothing that is older. What was taken of a
    /// bucket without the store stays taken, however often it comes and goes.
    pub fn learn(&mut self, told: Standing) {
        if told.at.steady < self.standing.at.steady {
            return;
        }
        let before = std::mem::replace(&mut self.standing, told);
        self.standing.part = self.standing.part.or(before.part);
        for (bucket, arrival) in before.known.arrivals() {
            let known = self.standing.known.arrival(*bucket);
            let later = known.map_or(*arrival, |known| known.max(*arrival));
            self.standing.known.set_arrival(*bucket, later);
        }
    }

    /// One call that the store gave no answer to: whether it passes. Its units are then owed.
    pub fn admit(&mut self, terms: &Terms, now: Reading) -> bool {
        let standing = &self.standing;
        let is_old = now.since(&standing.at) > CREDIT_LIFE;
        // Under a later plan other limits hold.
        let is_other = standing.known.plan_version > terms.plan_version;
        if standing.ended || is_old || is_other || refused_by_plan(terms).is_some() {
            return false;
        }
        let debt = Debt {
            window: terms
                .quota
                .map(|quota| quota.period().window(now.wall).start),
            day: day_of(now.wall),
            units: terms.units,
        };
        if self.left(terms, debt.window) < terms.units {
            return false;
        }
        if let Some(bucket) = &terms.bucket {
            let Some(arrival) = self.arrival_with(bucket, terms.units, now) else {
                return false;
            };
            self.standing.known.set_arrival(bucket.number, arrival);
        }
        self.owe(debt);
        true
    }

    /// What is owed now.
    pub fn owed(&self) -> &[Debt] {
        &self.owed
    }

    /// A debt was charged, or there is nothing any more to charge it to.
    pub fn settle(&mut self, settled: &Debt) {
        for debt in &mut self.owed {
            if (debt.window, debt.day) == (settled.window, settled.day) {
                debt.units = debt.units.saturating_sub(settled.units);
            }
        }
        self.owed.retain(|debt| debt.units > 0);
    }

    /// Units of the quota that are left to this instance in the window: its part of what the
    /// store told, less what it owes.
    fn left(&self, terms: &Terms, window: Option<Hour>) -> u64 {
        let Some((quota, window)) = terms.quota.zip(window) else {
            return u64::MAX;
        };
        let used = self.standing.known.in_window(window).unwrap_or(0);
        let left = i128::from(quota.limit()) - i128::from(used);
        let part = (left.max(0) as f64 * self.part()) as u64;
        let of_window = self.owed.iter().filter(|debt| debt.window == Some(window));
        part.saturating_sub(of_window.map(|debt| debt.units).sum())
    }

    /// The bucket's next arrival, if it has room. The instance's part of it is one of a smaller
    /// rate and burst: each unit takes longer, and a full one is as long as the whole one's.
    fn arrival_with(&self, bucket: &Bucket, units: u64, now: Reading) -> Option<Nanos> {
        let times = bucket.throttle.times(units)?;
        // By the clock that says more, as everything that is remembered.
        let now = self.standing.at.wall + now.since(&self.standing.at);
        let cost = (times.cost as f64 / self.part()).ceil();
        // What takes longer than can be told never comes back.
        let cost = if cost < Nanos::MAX as f64 / 4.0 {
            cost as Nanos
        } else {
            Nanos::MAX / 4
        };
        // One call at least, however small the part.
        let full = times.full.max(cost);
        let known = self.standing.known.arrival(bucket.number);
        let arrival = known.unwrap_or(now).clamp(now, now + full);
        (arrival - now <= full - cost).then_some(arrival + cost)
    }

    /// Where it is not known, others are taken for none.
    fn part(&self) -> f64 {
        self.standing.part.unwrap_or(1.0)
    }

    fn owe(&mut self, debt: Debt) {
        let same = |owed: &&mut Debt| (owed.window, owed.day) == (debt.window, debt.day);
        match self.owed.iter_mut().find(same) {
            Some(owed) => owed.units += debt.units,
            None => self.owed.push(debt),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Period, Quota, Throttle,
        meter::{Meter, model::at},
        time::SECOND,
    };

    /// Noon of 2026-11-25.
    const NOON: Nanos = (20_782 * 24 + 12) * HOUR;
    const TODAY: Hour = 20_782 * 24;

    fn terms(limit: Option<u64>, throttle: Option<(&str, u64)>, units: u64) -> Terms {
        Terms {
            plan_version: 3,
            quota: limit.map(|limit| Quota::new(limit, Period::Day).unwrap()),
            bucket: throttle.map(|(rate, burst)| Bucket {
                number: Bucket::PLAN,
                throttle: Throttle::new(rate.parse().unwrap(), Some(burst)).unwrap(),
            }),
            units,
            buckets: [0].into_iter().collect(),
        }
    }

    fn meter(used: i64) -> Meter {
        Meter {
            plan_version: 3,
            windows: [(TODAY, used)].into(),
            ..Meter::default()
        }
    }

    fn credit(used: i64, part: f64) -> Credit {
        Credit::new(Standing {
            part: Some(part),
            ..Standing::read(&meter(used), at(NOON))
        })
    }

    /// How many of so many calls at once pass.
    fn passed(credit: &mut Credit, terms: &Terms, calls: usize, now: Nanos) -> usize {
        (0..calls).filter(|_| credit.admit(terms, at(now))).count()
    }

    #[test]
    fn what_is_left_of_the_quota_passes_by_the_instance_s_part_and_is_owed() {
        for (part, expected) in [(1.0, 60), (0.5, 30), (0.01, 0)] {
            let mut credit = credit(40, part);
            let terms = terms(Some(100), None, 1);
            assert_eq!(passed(&mut credit, &terms, 200, NOON), expected, "{part}");
            let owed: u64 = credit.owed().iter().map(|debt| debt.units).sum();
            assert_eq!(owed, expected as u64);
        }
    }

    #[test]
    fn what_is_owed_is_not_admitted_twice_however_often_the_store_comes_and_goes() {
        let terms = terms(Some(100), Some(("0.001", 80)), 1);
        let mut credit = credit(40, 1.0);
        assert_eq!(passed(&mut credit, &terms, 50, NOON), 50);
        credit.learn(Standing::read(&meter(40), at(NOON + SECOND)));
        assert_eq!(passed(&mut credit, &terms, 50, NOON + SECOND), 10);
        let debt = credit.owed()[0];
        assert_eq!((debt.window, debt.units), (Some(TODAY), 60));
        credit.settle(&debt);
        assert_eq!(credit.owed(), []);
        credit.learn(Standing::read(&meter(20), at(NOON + 2 * SECOND)));
        let of_bucket = passed(&mut credit, &terms, 50, NOON + 2 * SECOND);
        assert_eq!(of_bucket, 20, "the bucket is not full again");
    }

    #[test]
    fn the_part_of_an_instance_is_what_it_had_of_all_calls() {
        let terms = terms(Some(1_000), None, 1);
        let mut holding = Holding::new(1_000, at(NOON));
        holding.learn(Some(&Known::from(&meter(0))), at(NOON));
        let mut now = NOON;
        // Of ten units nine are others'.
        for call in 1..200 {
            now += SECOND / 20;
            let crate::meter::Asked::Charge(mut charge, _) = holding.ask(&terms, false, at(now))
            else {
                continue;
            };
            let told = crate::meter::Answer::Applied(meter(10 * call));
            charge.answer(&mut holding, told, &at(now));
        }
        let part = holding.standing(&terms).unwrap().part.unwrap();
        assert!((0.05..0.2).contains(&part), "{part}");
        let mut credit = credit(0, part);
        credit.learn(Standing::read(&meter(0), at(NOON)));
        assert_eq!(credit.part(), part, "a read tells nothing of it");
    }

    #[test]
    fn what_is_told_late_changes_nothing() {
        let mut credit = credit(100, 1.0);
        credit.learn(Standing::read(&meter(0), at(NOON - SECOND)));
        assert!(!credit.admit(&terms(Some(100), None, 1), at(NOON)));
        // A read that began when the answer came tells of before.
        credit.learn_read(Standing::read(&meter(0), at(NOON)));
        assert!(!credit.admit(&terms(Some(100), None, 1), at(NOON)));
        credit.learn_read(Standing::read(&meter(0), at(NOON + 1)));
        assert!(credit.admit(&terms(Some(100), None, 1), at(NOON + 1)));
    }

    #[test]
    fn what_is_told_of_the_same_moment_counts() {
        let mut credit = credit(40, 1.0);
        credit.learn(Standing::read(&meter(90), at(NOON)));
        let terms = terms(Some(100), None, 1);
        assert_eq!(passed(&mut credit, &terms, 200, NOON), 10);
    }

    #[test]
    fn a_bucket_fills_at_the_rate_of_the_instance_s_part() {
        for (part, seconds) in [(1.0, 10), (0.5, 20)] {
            let terms = terms(None, Some(("0.1", 1)), 1);
            let mut credit = credit(0, part);
            let full_again = NOON + seconds * SECOND;
            for (now, expected) in [(NOON, 1), (full_again - 1, 0), (full_again, 1)] {
                let passed = passed(&mut credit, &terms, 2, now);
                assert_eq!(passed, expected, "{part}, {now}");
            }
        }
    }

    /// A unit of a part so small takes more nanoseconds than there are.
    #[test]
    fn however_small_the_part_one_call_passes_and_no_other() {
        let terms = terms(None, Some(("0.01", 1)), 1);
        for part in [1e-8, 1e-300, f64::MIN_POSITIVE] {
            let mut credit = credit(0, part);
            assert_eq!(passed(&mut credit, &terms, 5, NOON), 1, "{part}");
            assert_eq!(passed(&mut credit, &terms, 5, NOON + HOUR), 0, "{part}");
        }
    }

    #[test]
    fn after_an_hour_nothing_passes_by_whichever_clock_says_so_first() {
        let terms = terms(None, None, 1);
        assert!(credit(0, 1.0).admit(&terms, at(NOON + CREDIT_LIFE)));
        let later = NOON + CREDIT_LIFE + 1;
        for (wall, steady) in [(later, NOON), (NOON, later)] {
            assert!(!credit(0, 1.0).admit(&terms, Reading { wall, steady }));
        }
    }

    #[test]
    fn what_the_last_answer_refuses_does_not_pass() {
        let now = at(NOON + SECOND);
        let open = terms(Some(100), Some(("1", 5)), 1);
        assert!(credit(99, 1.0).admit(&open, now));
        assert!(!credit(100, 1.0).admit(&open, now), "the quota is used up");
        let standing = |meter: Meter| Credit::new(Standing::read(&meter, at(NOON)));
        let detached = Meter {
            detached: true,
            ..meter(0)
        };
        assert!(!standing(detached).admit(&open, now));
        let under_a_later_plan = Meter {
            plan_version: 4,
            ..meter(0)
        };
        assert!(!standing(under_a_later_plan).admit(&open, now));
        let empty = Meter {
            arrivals: [(0, NOON + 5 * SECOND + SECOND / 2)].into(),
            ..meter(0)
        };
        assert!(
            !standing(empty).admit(&open, at(NOON)),
            "the bucket is empty"
        );
        for zero in [terms(Some(0), None, 1), terms(None, Some(("0", 5)), 1)] {
            assert!(!credit(0, 1.0).admit(&zero, now));
        }
        let mut holding = Holding::new(1, at(NOON));
        assert!(holding.standing(&open).is_none(), "nothing is known");
        holding.learn(Some(&Known::from(&meter(0))), at(NOON));
        assert!(Credit::new(holding.standing(&open).unwrap()).admit(&open, now));
        holding.ended(at(NOON));
        assert!(!Credit::new(holding.standing(&open).unwrap()).admit(&open, now));
    }

    #[test]
    fn units_are_owed_to_the_window_and_the_day_that_they_were_admitted_in() {
        let midnight = NOON + 12 * HOUR;
        let mut credit = credit(99, 1.0);
        credit.standing.at = at(midnight - SECOND);
        let terms = terms(Some(100), None, 1);
        assert_eq!(passed(&mut credit, &terms, 9, midnight - 1), 1);
        assert_eq!(passed(&mut credit, &terms, 3, midnight), 3);
        let debts = [(TODAY, 20_782, 1), (TODAY + 24, 20_783, 3)].map(|(start, day, units)| Debt {
            window: Some(start),
            day,
            units,
        });
        assert_eq!(credit.owed(), debts);
        credit.settle(&debts[0]);
        assert_eq!(credit.owed(), &debts[1..]);
    }

    proptest! {
        /// The promise: of the quota its part of what was left, of the throttle a bucket of its
        /// part of rate and burst; each unit that passes is owed.
        #[test]
        fn no_more_passes_than_the_instance_s_part(
            part in 0.01f64..=1.0,
            used in 0i64..120,
            (rate, burst) in (1u32..50, 1u64..40),
            units in 1u64..4,
            calls in proptest::collection::vec(0i64..400, 1..300),
        ) {
            prop_assume!(units <= burst);
            let terms = terms(Some(100), Some((&rate.to_string(), burst)), units);
            let mut credit = credit(used, part);
            let (mut now, mut admitted) = (NOON, Vec::new());
            for pause in calls {
                now += pause * SECOND / 1_000;
                if credit.admit(&terms, at(now)) {
                    admitted.push(now);
                }
            }
            let all = admitted.len() as u64 * units;
            prop_assert!(all as f64 <= part * (100 - used).max(0) as f64);
            let owed: u64 = credit.owed().iter().map(|debt| debt.units).sum();
            prop_assert_eq!(owed, all);
            let burst = (part * burst as f64).max(units as f64);
            for (first, begin) in admitted.iter().enumerate() {
                for (last, end) in admitted.iter().enumerate().skip(first) {
                    let time = (end - begin) as f64 / SECOND as f64;
                    let passed = ((last - first + 1) as u64 * units) as f64;
                    prop_assert!(passed <= burst + part * f64::from(rate) * time + 1e-6);
                }
            }
        }
    }
}
