//! Whether a call would be paid for, without charging it.

use super::{Answer, Charge, Meter, Step, Terms, Verdict, Write};
use crate::time::Reading;

/// What a charge at `now` would come to on a meter in this state, if nobody else charged it;
/// none where the meter was written under a later plan than that of `terms`.
///
/// It is the charge itself, told that its write failed on just this state: it then refuses
/// for what it sees, or writes once more because this state has the room.
pub fn peek(terms: Terms, now: Reading, meter: Option<&Meter>) -> Option<Verdict> {
    let (mut charge, mut step) = Charge::begin(terms, now, meter);
    if let Step::Write(Write::Charge(_)) = step {
        step = charge.answer(Answer::Failed(meter.cloned()), &now);
    }
    match step {
        Step::Done(verdict) => Some(verdict),
        Step::Write(Write::Charge(_)) => {
            let remaining = terms
                .quota
                .zip(meter)
                .map(|(quota, meter)| meter.remaining(&quota, now.wall) - terms.units);
            Some(Verdict::Admitted { remaining })
        }
        step @ Step::Write(Write::Clamp(_)) => match (step, charge.answer(Answer::Busy, &now)) {
            (_, Step::Done(verdict)) => Some(verdict),
            _ => None,
        },
        Step::WriteAfter(..) | Step::ReadPlan => None,
    }
}
