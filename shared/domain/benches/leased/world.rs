//! One key on one plan, an instance that decides its calls, and the item of its meter.

use latchkey_domain::{
    ApiStage, Case, Decision, Key, KeyHash, KeyValue, Nanos, Period, Plan, PlanStage, Quota,
    Reading, Reason, Request, StageSelector, Throttle, decide,
    meter::{Answer, Asked, Form, Holding, Meter, Step, Verdict, Write},
};

/// Noon of 2026-11-25.
const NOON: Nanos = (20_782 * 24 + 12) * 3_600 * 1_000_000_000;

pub(crate) struct World {
    key: Key,
    plan: Plan,
    presented: KeyHash,
    request: Request,
    holding: Holding,
    item: Meter,
    now: Reading,
}

impl World {
    /// A key on a plan with a quota of a million a month, and a throttle of 1,000 a second with
    /// this burst.
    pub(crate) fn new(burst: u64) -> Self {
        let now = Reading {
            wall: NOON,
            steady: 0,
        };
        let value = KeyValue::custom("a-custom-value-of-a-test").unwrap();
        let plan = Plan {
            quota: Some(Quota::new(1_000_000, Period::Month).unwrap()),
            throttle: Some(Throttle::new("1000".parse().unwrap(), Some(burst)).unwrap()),
            stages: vec![PlanStage {
                selector: StageSelector::new("a1", "prod").unwrap(),
                methods: vec![],
            }],
            ..Plan::new(
                "gold".parse().unwrap(),
                "Gold".parse().unwrap(),
                now.timestamp(),
            )
        };
        let request = Request {
            stage: ApiStage {
                api_id: "a1".into(),
                stage: "prod".into(),
            },
            method: "GET".into(),
            path: "/orders/17".into(),
            resource: Some("/orders/{id}".into()),
            source_ip: "192.0.2.1".parse().ok(),
            has_native_plans: true,
        };
        Self {
            key: Key::new(&value, now.timestamp()),
            presented: value.presented().hash,
            item: Meter {
                plan_version: plan.version,
                ..Meter::default()
            },
            holding: Holding::new(1_000, now),
            plan,
            request,
            now,
        }
    }

    /// Why the key may not do this, if it may not.
    pub(crate) fn denied(&self) -> Option<Reason> {
        let plans = [&self.plan];
        let case = Case {
            key: Some(&self.key),
            presented: &self.presented,
            plans: &plans,
            request: &self.request,
            now: self.now.timestamp(),
        };
        match decide(&case) {
            Decision::Allow(..) => None,
            Decision::Deny(reason) => Some(reason),
        }
    }

    /// One call, all that is done for it in memory. A charge is carried out on the item.
    pub(crate) fn call(&mut self) -> Verdict {
        if let Some(reason) = self.denied() {
            return Verdict::refused(reason);
        }
        let terms = self.plan.terms(&self.request);
        match self.holding.ask(&terms, false, self.now) {
            Asked::Done(verdict) => verdict,
            Asked::Charge(mut charge, write) => {
                apply(&mut self.item, &write);
                let answer = Answer::Applied(self.item.clone());
                match charge.answer(&mut self.holding, answer, &self.now) {
                    Step::Done(verdict) => verdict,
                    step => panic!("{step:?}"),
                }
            }
        }
    }

    /// Calls until a lease of some size is held.
    pub(crate) fn take_a_lease(&mut self) {
        loop {
            self.call();
            if self.holding.pocketed(self.now) > 50 {
                return;
            }
        }
    }

    pub(crate) fn empty_the_bucket(&mut self) {
        while matches!(self.call(), Verdict::Admitted { .. }) {}
    }
}

/// What the table does with a charge that nobody else is in the way of.
fn apply(item: &mut Meter, write: &Write) {
    let Write::Charge(charge) = write else {
        panic!("{write:?}");
    };
    let net = charge.net as i64;
    *item.days.entry(charge.day).or_default() += net;
    if let Some(quota) = charge.quota {
        *item.windows.entry(quota.window).or_default() += net;
    }
    if let Some(throttle) = charge.throttle {
        let arrival = item.arrivals.entry(throttle.bucket).or_default();
        *arrival = match throttle.form {
            Form::Idle { arrival, .. } => arrival,
            Form::Busy { cost, .. } => *arrival + cost,
        };
    }
}
