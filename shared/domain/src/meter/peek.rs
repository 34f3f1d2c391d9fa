//! Whether a call would be paid for, without charging it.

use super::{Answer, Asked, Holding, Meter, Step, Terms, Verdict, Write};
use crate::time::Reading;

/// What a charge at `now` would come to on a meter in this state, if nobody else charged it;
/// none where the meter was written under a later plan than that of `terms`.
///
/// It is the charge itself, by somebody who knows nothing yet, told that its write failed on just
/// this state: it then refuses for what it sees, or writes once more because this state has the
/// room.
pub fn peek(terms: Terms, now: Reading, meter: Option<&Meter>) -> Option<Verdict> {
    let mut holding = Holding::new(1, now);
    let mut charge = match holding.ask(&terms, false, now) {
        Asked::Done(verdict) => return Some(verdict),
        Asked::Charge(charge, _) => charge,
    };
    let mut step = charge.answer(&mut holding, Answer::Failed(meter.cloned()), &now);
    if let Step::Write(Write::Clamp(_)) = step {
        step = charge.answer(&mut holding, Answer::Unknown, &now);
    }
    match step {
        Step::Done(verdict) => Some(verdict),
        Step::Write(_) => Some(Verdict::Admitted {
            remaining: terms.quota.zip(meter).map(|(quota, meter)| {
                meter
                    .remaining(&quota, now.wall)
                    .saturating_sub(terms.units)
            }),
        }),
        Step::WriteAfter(..) | Step::ReadPlan => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Period, Quota, Throttle,
        meter::{
            Bucket,
            model::{at, charge},
        },
        time::SECOND,
    };

    const NOW: i64 = 20_782 * 24 * 3_600 * SECOND;

    proptest! {
        /// What is foretold is what a charge then comes to, and nothing is charged by it.
        #[test]
        fn a_peek_foretells_the_charge(
            used in -2i64..12,
            arrival in -3i64..14,
            attached in any::<bool>(),
            detached in any::<bool>(),
            limit in proptest::option::of(0u64..12),
            burst in proptest::option::of(0u64..8),
            units in 1u64..4,
        ) {
            let terms = Terms {
                plan_version: 2,
                quota: limit.map(|limit| Quota::new(limit, Period::Lifetime).unwrap()),
                bucket: burst.map(|burst| Bucket {
                    number: 0,
                    throttle: Throttle::new("1".parse().unwrap(), Some(burst)).unwrap(),
                }),
                units,
                buckets: [0].into_iter().collect(),
            };
            let meter = Meter {
                windows: [(0, used)].into(),
                arrivals: [(0, NOW + arrival * SECOND)].into(),
                plan_version: 2,
                detached,
                ..Meter::default()
            };
            let mut item = attached.then_some(meter);
            let foretold = peek(terms, at(NOW), item.as_ref());
            prop_assert_eq!(foretold, Some(charge(&mut item, terms, NOW, None).0));
        }
    }

    #[test]
    fn under_a_later_plan_nothing_is_foretold() {
        let terms = Terms {
            plan_version: 1,
            quota: None,
            bucket: None,
            units: 1,
            buckets: [].into_iter().collect(),
        };
        let later = Meter {
            plan_version: 2,
            ..Meter::default()
        };
        assert_eq!(peek(terms, at(NOW), Some(&later)), None);
    }
}
