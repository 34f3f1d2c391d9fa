//! This machine's clock: expiries and dates are typed by it, and requests are signed by it.

use jiff::SignedDuration;

use super::{Check, Finding};
use crate::doctor::facts::Facts;

const TOLERATED: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let off = facts.ahead.filter(|ahead| ahead.abs() > TOLERATED);
    let finding = |ahead: SignedDuration| {
        let way = if ahead.is_negative() {
            "behind"
        } else {
            "ahead of"
        };
        let problem = format!(
            "is {} s {way} AWS's: at 5 minutes no signed call is taken any more",
            ahead.abs().as_secs()
        );
        let remedy = "let it follow a time server (timedatectl set-ntp true)";
        Finding::new(Check::Clock, "this machine's clock", problem, remedy)
    };
    off.map(finding).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{super::samples::healthy, *};

    #[test]
    fn a_clock_that_is_off_by_more_than_two_seconds_is_found() {
        for (seconds, found) in [(0, false), (2, false), (-2, false), (3, true), (-3, true)] {
            let mut facts = healthy();
            facts.ahead = Some(SignedDuration::from_secs(seconds));
            assert_eq!(!check(&facts).is_empty(), found, "{seconds}");
        }
        let mut facts = healthy();
        facts.ahead = Some(SignedDuration::from_secs(-7));
        assert!(check(&facts)[0].problem.starts_with("is 7 s behind AWS's"));
    }
}
