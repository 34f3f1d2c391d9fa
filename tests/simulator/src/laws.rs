//! What must hold after every step, by the numbers of docs/invariants.md.

use std::fmt;

use latchkey_domain::Nanos;

use crate::{clock::SKEW, plan::Limits};

/// D: life of a decision.
pub const DECISION_LIFE: Nanos = 1_000_000_000;
/// ε: for how long an idle bucket may be charged as a busy one.
pub const SLACK: Nanos = 250_000_000;

/// Which law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// 1: no unit of a quota is admitted that was not charged, and none beyond the limit.
    Quota,
    /// 2: the throttle's bound, in true time.
    Throttle,
    /// 3: usage is never under what was admitted.
    Usage,
    /// 4: a lone caller with units left is admitted, and refusals are true.
    Life,
    /// Each return is applied at most once, and never to a throttle.
    Returns,
    /// Nothing is made, charged or lowered by a write that should not have been applied.
    Writes,
    /// Nothing is decided by a reading that is too old.
    Time,
}

/// A law that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

/// Words for a law that did not hold.
pub fn broken(law: Law, what: impl FnOnce() -> String) -> Broken {
    Broken { law, what: what() }
}

/// Law 2 for one bucket under one version of the plan: in any true interval of length `d`
/// at most `b + r * (d + X)` units are admitted, X being the slack that clocks and leases add.
///
/// It is a leaky bucket that drains at `r`. Its level after an admission at `e` is the
/// greatest, over all earlier `s`, of what was admitted in `[s, e]` less `r * (e - s)`: it is
/// raised by each admission, falls by `r` a second and starts anew at 0, which is the choice of
/// a later `s`. So the law holds of all intervals that end at `e` exactly if the level is at most
/// `b + r * X`, and of all intervals if that is so after each admission.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leak {
    /// Units times 10^15, so that millionths of a unit a second drain in whole numbers.
    level: i128,
    at: Nanos,
}

const UNIT: i128 = 1_000_000_000_000_000;

impl Leak {
    /// Units were admitted at the true time `now`.
    ///
    /// # Errors
    /// Where that is more than the law allows with a slack of `slack`.
    pub fn admit(
        &mut self,
        now: Nanos,
        units: u64,
        limits: Limits,
        slack: Nanos,
    ) -> Result<(), Broken> {
        let rate = i128::from(limits.millionths);
        let drained = rate * i128::from(now - self.at);
        self.level = (self.level - drained).max(0) + i128::from(units) * UNIT;
        self.at = now;
        // A burst takes its time rounded up to a nanosecond.
        let most = i128::from(limits.burst) * UNIT + rate * i128::from(slack + 1);
        if self.level > most {
            return Err(broken(Law::Throttle, || {
                format!(
                    "{:.3} units beyond the rate, of {:.3} allowed by {limits:?}",
                    self.level as f64 / UNIT as f64,
                    most as f64 / UNIT as f64,
                )
            }));
        }
        Ok(())
    }
}

/// What clocks, leases and slow answers add to a throttle's interval. `life` is the longest of
/// any lease; none where leases are off.
pub fn slack(life: Option<Nanos>) -> Nanos {
    match life {
        Some(life) => life.max(DECISION_LIFE) + 2 * SKEW + SLACK,
        None => DECISION_LIFE + 2 * SKEW,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        millionths: 2_000_000,
        burst: 3,
    };
    const SECOND: Nanos = 1_000_000_000;

    /// The law as it is worded: every interval from an admission to an admission.
    fn by_words(admitted: &[(Nanos, u64)], slack: Nanos) -> bool {
        (0..admitted.len()).all(|from| {
            (from..admitted.len()).all(|to| {
                let units: u64 = admitted[from..=to].iter().map(|(_, units)| units).sum();
                let time = i128::from(admitted[to].0 - admitted[from].0 + slack + 1);
                i128::from(units) * UNIT <= 3 * UNIT + 2_000_000 * time
            })
        })
    }

    #[test]
    fn the_leaky_bucket_says_what_the_law_says_in_words() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut kept = 0;
        for _ in 0..2_000 {
            let (mut at, mut leak, mut holds) = (0, Leak::default(), true);
            let mut admitted = Vec::new();
            for _ in 0..12 {
                at += rng.i64(0..SECOND);
                let units = rng.u64(1..=2);
                admitted.push((at, units));
                holds &= leak.admit(at, units, LIMITS, SECOND).is_ok();
            }
            assert_eq!(holds, by_words(&admitted, SECOND), "{admitted:?}");
            kept += usize::from(holds);
        }
        assert!(kept > 100 && kept < 1_900, "{kept}");
    }
}
