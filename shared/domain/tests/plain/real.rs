//! The real thing, as one authorizer runs it on a table of its own: `decide`, the plan's terms,
//! and a charge.

use std::collections::BTreeMap;

use latchkey_domain::{
    self as domain, Case, Decision, Enforcement, Nanos, PlanId, Reading, Reason, decide,
    meter::{self, Asked, Holding, Meter, Step, Verdict},
};

use crate::{
    model::Owner,
    table::apply,
    world::{Call, World},
};

pub(crate) struct Real {
    keys: Vec<domain::Key>,
    pub(crate) plans: Vec<domain::Plan>,
    /// The items, by owner and plan.
    pub(crate) table: BTreeMap<(Owner, usize), Option<Meter>>,
    /// What the instance knows and holds of them.
    held: BTreeMap<(Owner, usize), Holding>,
    lease_max: u64,
    /// Writes of the last call.
    pub(crate) writes: usize,
}

impl Real {
    pub(crate) fn new(world: &World, lease_max: u64) -> Self {
        let numbered = |(at, key): (usize, &crate::world::Key)| key.said(at);
        let keys = world.keys.iter().enumerate().map(numbered).collect();
        let numbered = |(at, plan): (usize, &crate::world::Plan)| plan.said(at);
        let plans = world.plans.iter().enumerate().map(numbered).collect();
        Self {
            keys,
            plans,
            table: BTreeMap::new(),
            held: BTreeMap::new(),
            lease_max,
            writes: 0,
        }
    }

    /// The decision on a call, and the plan that it was made under.
    pub(crate) fn ask(&mut self, world: &World, call: &Call) -> (Option<usize>, Verdict) {
        self.writes = 0;
        let key = call.key.map(|at| &self.keys[at]);
        let on = call.key.map_or(&[][..], |at| &world.keys[at].plans);
        let plans: Vec<_> = on.iter().map(|at| &self.plans[*at]).collect();
        let request = call.request();
        let case = Case {
            key,
            presented: &call.presented(),
            plans: &plans,
            request: &request,
            now: at(call.at).timestamp(),
        };
        let (key, plan) = match decide(&case) {
            Decision::Allow(key, plan) => (key, plan),
            Decision::Deny(reason) => return (None, Verdict::refused(reason)),
        };
        let Some(owner) = meter::Owner::of(key, plan) else {
            return (None, Verdict::refused(Reason::NoUsagePlan));
        };
        let number = self.number(&plan.id);
        if plan.enforcement == Enforcement::ApiGateway {
            return (Some(number), Verdict::Admitted { remaining: None });
        }
        let owner = match owner {
            meter::Owner::Key(_) => Owner::Key(call.key.unwrap()),
            meter::Owner::Customer(_) => {
                Owner::Customer(world.keys[call.key.unwrap()].customer.unwrap())
            }
        };
        let terms = plan.terms(&request);
        (
            Some(number),
            self.charge((owner, number), &terms, at(call.at)),
        )
    }

    fn charge(&mut self, place: (Owner, usize), terms: &meter::Terms, now: Reading) -> Verdict {
        let new = || Holding::new(self.lease_max, now);
        let holding = self.held.entry(place).or_insert_with(new);
        let item = self.table.entry(place).or_default();
        let (verdict, writes) = call(item, holding, terms, now);
        self.writes = writes;
        verdict
    }

    /// Forgets what it has seen, as an instance that has just started.
    pub(crate) fn forget(&mut self) {
        self.held.clear();
    }

    fn number(&self, id: &PlanId) -> usize {
        self.plans.iter().position(|plan| plan.id == *id).unwrap()
    }
}

/// Carries one call through: no fault, nobody in between. Returns the writes that it took.
pub(crate) fn call(
    item: &mut Option<Meter>,
    holding: &mut Holding,
    terms: &meter::Terms,
    now: Reading,
) -> (Verdict, usize) {
    let (mut charge, mut write) = match holding.ask(terms, false, now) {
        Asked::Done(verdict) => return (verdict, 0),
        Asked::Charge(charge, write) => (charge, write),
    };
    let mut writes = 0;
    loop {
        writes += 1;
        let answer = apply(item, &write);
        match charge.answer(holding, answer, &now) {
            Step::Done(verdict) => return (verdict, writes),
            Step::Write(next) => write = next,
            step @ (Step::WriteAfter(..) | Step::ReadPlan) => panic!("no fault here: {step:?}"),
        }
    }
}

pub(crate) fn at(now: Nanos) -> Reading {
    Reading {
        wall: now,
        steady: now,
    }
}
