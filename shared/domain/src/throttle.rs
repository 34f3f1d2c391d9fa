//! How fast a key may call: a rate, and a burst on top.

use std::{fmt, str::FromStr};

use crate::{Invalid, time::Nanos};

/// Requests per second, exact to a millionth.
///
/// API Gateway's `rateLimit` is a double; here it is kept as the decimal number that was
/// written, since a rounded time per request is wrong by a third at high rates
/// (docs/invariants.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    millionths: u64,
}

impl Rate {
    const ALLOWED: &'static str = "a number from 0 to 1000000000 with at most 6 decimals";
    const MAX_MILLIONTHS: u64 = Self::MAX * 1_000_000;
    /// The highest, in requests per second.
    pub const MAX: u64 = 1_000_000_000;

    /// A whole number of requests per second.
    pub const fn per_second(rate: u32) -> Self {
        Self {
            millionths: rate as u64 * 1_000_000,
        }
    }

    /// Whether it lets nothing through.
    pub const fn is_zero(self) -> bool {
        self.millionths == 0
    }

    /// The rate, rounded up to whole requests per second.
    pub fn ceil(self) -> u64 {
        self.millionths.div_ceil(1_000_000)
    }

    /// The nearest double, for JSON.
    pub fn as_f64(self) -> f64 {
        // Both are below 2^53 or lose less than a decimal that was never given.
        self.millionths as f64 / 1e6
    }

    /// Time that `units` requests take at this rate: `ceil(units * 10^9 / rate)`, worked out
    /// for the whole of `units`. None at rate 0, or where it does not fit.
    pub fn cost(self, units: u64) -> Option<Nanos> {
        let nanos_millionths = u128::from(units) * 1_000_000_000_000_000;
        let cost = nanos_millionths.checked_add(u128::from(self.millionths).checked_sub(1)?)?
            / u128::from(self.millionths);
        Nanos::try_from(cost).ok()
    }

    /// Units that come in `time` at this rate: the most whose cost is not above it.
    pub(crate) fn units_in(self, time: Nanos) -> u64 {
        let time = u128::try_from(time).unwrap_or(0);
        let units = time * u128::from(self.millionths) / 1_000_000_000_000_000;
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

impl FromStr for Rate {
    type Err = Invalid;

    /// Reads a decimal number such as `10`, `0.5` or `1000000`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("a rateLimit", text, Self::ALLOWED);
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 6 {
            return Err(invalid());
        }
        let millionths = format!("{whole}{decimals:0<6}")
            .parse()
            .map_err(|_| invalid())?;
        if millionths > Self::MAX_MILLIONTHS {
            return Err(invalid());
        }
        Ok(Self { millionths })
    }
}

impl TryFrom<f64> for Rate {
    type Error = Invalid;

    /// The shortest decimal number that reads back as this double, which is what was written.
    fn try_from(rate: f64) -> Result<Self, Invalid> {
        rate.to_string().parse()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / 1_000_000, self.millionths % 1_000_000);
        write!(f, "{whole}")?;
        if rest > 0 {
            write!(f, ".{}", format!("{rest:06}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// A token bucket's two numbers. Either of them 0 lets nothing through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    rate: Rate,
    burst: Option<u64>,
}

impl Throttle {
    /// Longest time in which a bucket may fill up: 100 years, so that no sum overflows.
    const MAX_FULL: Nanos = 100 * 366 * crate::time::DAY;
    /// Highest burst.
    pub const MAX_BURST: u64 = 1_000_000_000;

    /// A throttle; without a `burst` it is the rate, rounded up, and at least 1.
    ///
    /// # Errors
    /// [`Invalid`] for a burst over [`Self::MAX_BURST`], and for one that the rate would take more than 100 years to refill.
    pub fn new(rate: Rate, burst: Option<u64>) -> Result<Self, Invalid> {
        let throttle = Self { rate, burst };
        let burst = throttle.burst();
        if burst > Self::MAX_BURST {
            return Err(Invalid::new(
                "a burstLimit",
                &burst.to_string(),
                "a whole number from 0 to 1000000000",
            ));
        }
        if !rate.is_zero() && rate.cost(burst).is_none_or(|full| full > Self::MAX_FULL) {
            return Err(Invalid::new(
                "a burstLimit at this rate",
                &burst.to_string(),
                "one that refills within 100 years",
            ));
        }
        Ok(throttle)
    }

    /// Requests per second.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The burst as it was given.
    pub fn burst_given(&self) -> Option<u64> {
        self.burst
    }

    /// Requests that may come at once.
    pub fn burst(&self) -> u64 {
        self.burst.unwrap_or_else(|| self.rate.ceil().max(1))
    }

    /// The bucket in times, or none where it lets nothing through.
    pub(crate) fn times(&self, units: u64) -> Option<BucketTimes> {
        if self.burst() == 0 {
            return None;
        }
        Some(BucketTimes {
            cost: self.rate.cost(units)?,
            full: self.rate.cost(self.burst())?,
        })
    }
}

/// A bucket as the meter sees it, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BucketTimes {
    /// What the call takes.
    pub(crate) cost: Nanos,
    /// What the whole burst takes: how far ahead of now the bucket may run.
    pub(crate) full: Nanos,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn costs_are_exact_and_round_up_once() {
        assert_eq!(rate("1").cost(1), Some(1_000_000_000));
        assert_eq!(rate("3").cost(1), Some(333_333_334));
        assert_eq!(
            rate("3").cost(3),
            Some(1_000_000_000),
            "not three times the rounded cost"
        );
        assert_eq!(rate("0.5").cost(1), Some(2_000_000_000));
        assert_eq!(rate("700000").cost(700_000), Some(1_000_000_000));
        assert_eq!(rate("2000000").cost(1), Some(500), "not 0 µs");
        assert_eq!(rate("0").cost(1), None);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for bad in [
            "",
            "-1",
            "1e3",
            "NaN",
            "inf",
            "0.1234567",
            "1000000001",
            ".5",
            "+1",
            "1.2.3",
        ] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        assert!(Rate::try_from(f64::NAN).is_err() && Rate::try_from(-1.0).is_err());
        assert_eq!(Rate::try_from(0.1).unwrap(), rate("0.1"));
        assert_eq!(Rate::try_from(1e9).unwrap(), rate("1000000000"));
    }

    #[test]
    fn a_rate_is_a_number_a_text_and_a_double() {
        for (rate, text, double) in [
            (Rate::per_second(10), "10", 10.0),
            (Rate::per_second(1), "1", 1.0),
            (rate("2.50"), "2.5", 2.5),
            (rate("0.000001"), "0.000001", 0.000_001),
            (rate("0"), "0", 0.0),
        ] {
            assert_eq!((rate.to_string().as_str(), rate.as_f64()), (text, double));
            assert_eq!(text.parse(), Ok(rate));
        }
    }

    #[test]
    fn a_burst_is_shown_where_it_was_given() {
        for given in [None, Some(0), Some(1), Some(7)] {
            let throttle = Throttle::new(rate("3"), given).unwrap();
            assert_eq!(throttle.burst_given(), given);
            assert_eq!(
                (throttle.burst(), throttle.rate()),
                (given.unwrap_or(3), rate("3"))
            );
        }
    }

    #[test]
    fn a_burst_defaults_to_a_second_of_the_rate() {
        let burst = |text| Throttle::new(rate(text), None).unwrap().burst();
        assert_eq!(
            (burst("10"), burst("0.5"), burst("2.1"), burst("0")),
            (10, 1, 3, 1)
        );
    }

    #[test]
    fn a_bucket_that_never_fills_is_refused() {
        assert!(Throttle::new(rate("0.000001"), Some(4_000)).is_err());
        assert!(Throttle::new(rate("0.000001"), Some(3_000)).is_ok());
        assert!(Throttle::new(rate("10"), Some(Throttle::MAX_BURST + 1)).is_err());
        assert!(
            Throttle::new(rate("0"), Some(1)).is_ok(),
            "zero lets nothing through"
        );
    }

    proptest! {
        #[test]
        fn a_rate_reads_back_as_written(millionths in 0..=Rate::MAX_MILLIONTHS) {
            let rate = Rate { millionths };
            prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
        }

        #[test]
        fn units_are_the_most_that_the_time_pays_for(millionths in 1..=Rate::MAX_MILLIONTHS, time in 0i64..Throttle::MAX_FULL) {
            let rate = Rate { millionths };
            let units = rate.units_in(time);
            prop_assert!(rate.cost(units).is_some_and(|cost| cost <= time));
            prop_assert!(rate.cost(units + 1).is_none_or(|cost| cost > time));
        }

        #[test]
        fn cost_never_lets_more_through_than_the_rate(millionths in 1..=Rate::MAX_MILLIONTHS, units in 1u64..1_000_000) {
            if let Some(cost) = (Rate { millionths }).cost(units) {
                // units <= cost * rate < units + rate * 1 ns
                let passed = cost as u128 * u128::from(millionths);
                let asked = u128::from(units) * 1_000_000_000_000_000;
                prop_assert!(passed >= asked && passed < asked + u128::from(millionths));
            }
        }
    }
}
