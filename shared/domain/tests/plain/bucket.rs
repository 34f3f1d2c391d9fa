//! A throttle against a token bucket in exact arithmetic: no more than it, and no less than what
//! the rounding of a nanosecond a call takes away.

use latchkey_domain::{
    Nanos, Reason,
    meter::{Bucket, Holding, Meter, Terms, Verdict},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    random::{START, throttles},
    real::{at, call},
    world::Throttle,
};

/// A unit, in billionths of millionths: a rate in millionths of a unit a second adds its number
/// of them each nanosecond.
const UNIT: i128 = 1_000_000_000_000_000;

/// A token bucket, full at first, that may be filled beyond its burst by what comes in `grace`.
pub(crate) struct Exact {
    rate: i128,
    most: i128,
    has: i128,
    at: Nanos,
}

impl Exact {
    pub(crate) fn new(throttle: &Throttle, grace: Nanos, now: Nanos) -> Self {
        let rate = i128::from(throttle.millionths);
        let most = i128::from(throttle.burst()) * UNIT + rate * i128::from(grace);
        Self {
            rate,
            most,
            has: most,
            at: now,
        }
    }

    /// Whether it has the units, `sooner` from now on.
    fn has(&mut self, units: u64, now: Nanos, sooner: Nanos) -> bool {
        let came = self.rate * i128::from(now - self.at);
        self.has = (self.has + came).min(self.most);
        self.at = now;
        self.has + self.rate * i128::from(sooner) >= i128::from(units) * UNIT
    }

    /// Takes the units, and says whether it had them.
    pub(crate) fn take(&mut self, units: u64, now: Nanos) -> bool {
        let had = self.has(units, now, 0);
        self.has -= i128::from(units) * UNIT;
        had
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_meter_is_a_token_bucket_and_a_counter(
        throttle in throttles(),
        calls in vec((0i64..3_000_000_000, 1u64..4), 1..60),
    ) {
        // A burst takes a whole number of nanoseconds, rounded up once.
        let mut exact = Exact::new(&throttle, 1, START);
        let (mut item, mut now) = (Some(Meter::default()), START);
        let (mut charges, mut counted) = (0, 0);
        let mut holding = Holding::new(1, at(now));
        for (wait, units) in calls {
            now += wait;
            let number = Bucket::PLAN;
            let terms = Terms {
                plan_version: 1,
                quota: None,
                bucket: Some(Bucket { number, throttle: throttle.said() }),
                units,
                buckets: [number].into_iter().collect(),
            };
            match call(&mut item, &mut holding, &terms, at(now)).0 {
                Verdict::Admitted { .. } => {
                    charges += 1;
                    counted += units as i64;
                    prop_assert!(exact.take(units, now));
                }
                Verdict::Refused(refusal) => {
                    prop_assert_eq!(refusal.reason, Reason::Throttled);
                    let never = throttle.millionths == 0 || throttle.burst() < units;
                    // Each charge was rounded up by less than a nanosecond.
                    prop_assert!(never || !exact.has(units, now, -charges - 1));
                }
            }
            prop_assert_eq!(item.as_ref().unwrap().days.values().sum::<i64>(), counted);
        }
    }
}
