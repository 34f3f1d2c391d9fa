//! Callers as plainly as they can be said. (A plain model of the whole is in tests/plain.)

use super::{Asked, Charge, Holding, Known, Meter, Step, Terms, Verdict, Write, table::apply};
use crate::{Reading, time::Nanos};

/// A reading in which both clocks say `now`.
pub(super) fn at(now: Nanos) -> Reading {
    Reading {
        wall: now,
        steady: now,
    }
}

/// A holding that knows what was just read, without leases.
pub(super) fn without_leases(known: Option<&Meter>, now: Reading) -> Holding {
    let mut holding = Holding::new(1, now);
    holding.learn(known.map(Known::from).as_ref(), now);
    holding
}

/// Begins a charge of one call without leases.
pub(super) fn begin(
    terms: Terms,
    now: Nanos,
    known: Option<&Meter>,
) -> (Holding, Box<Charge>, Write) {
    let mut holding = without_leases(known, at(now));
    match holding.ask(&terms, false, at(now)) {
        Asked::Charge(charge, write) => (holding, charge, write),
        Asked::Done(verdict) => panic!("decided from memory: {verdict:?}"),
    }
}

/// Carries a call through without faults and without others in between; returns the writes that
/// it took.
pub(super) fn call(
    item: &mut Option<Meter>,
    holding: &mut Holding,
    terms: &Terms,
    now: Reading,
) -> (Verdict, usize) {
    let (mut charge, mut write) = match holding.ask(terms, false, now) {
        Asked::Done(verdict) => return (verdict, 0),
        Asked::Charge(charge, write) => (charge, write),
    };
    let mut writes = 0;
    loop {
        writes += 1;
        match charge.answer(holding, apply(item, &write), &now) {
            Step::Done(verdict) => return (verdict, writes),
            Step::Write(next) => write = next,
            step @ (Step::WriteAfter(..) | Step::ReadPlan) => {
                panic!("no fault and no later plan in this world: {step:?}")
            }
        }
    }
}

/// The same for somebody who comes new, without leases.
pub(super) fn charge(
    item: &mut Option<Meter>,
    terms: Terms,
    now: Nanos,
    known: Option<&Meter>,
) -> (Verdict, usize) {
    let mut holding = without_leases(known, at(now));
    call(item, &mut holding, &terms, at(now))
}

/// Units that a charge adds to its counter.
pub(super) fn net(write: &Write) -> u64 {
    match write {
        Write::Charge(charge) => charge.net,
        Write::Clamp(clamp) => panic!("{clamp:?}"),
    }
}
