//! May this call pass? One pure function of the key, its plans, the request and the time.

use jiff::Timestamp;

use crate::{Key, KeyHash, Plan, Reason, Request};

/// All that a decision looks at.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The key found under the id that was sent, if there is one.
    pub key: Option<&'a Key>,
    /// The hash of the value that was sent.
    pub presented: &'a KeyHash,
    /// The plans that the key is on.
    pub plans: &'a [&'a Plan],
    /// The call.
    pub request: &'a Request,
    /// The time.
    pub now: Timestamp,
}

/// What is decided before the meter is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// The key may do this; the plan says how much of it.
    Allow(&'a Key, &'a Plan),
    /// It may not.
    Deny(Reason),
}

/// Whether a check holds.
type Holds = fn(&Case<'_>, &Key) -> bool;

/// The checks, in their order. The first that fails is the reason.
const CHECKS: [(Reason, Holds); 7] = [
    (Reason::UnknownKey, |case, key| {
        key.recognises(case.presented, case.now).is_some()
    }),
    (Reason::KeyDisabled, |_, key| key.enabled),
    (Reason::KeyNotYetValid, |case, key| {
        key.not_before.is_none_or(|from| from <= case.now)
    }),
    (Reason::KeyExpired, |case, key| {
        key.expires_at.is_none_or(|end| case.now < end)
    }),
    (Reason::IpNotAllowed, |case, key| {
        key.allowed_ips
            .as_ref()
            .is_none_or(|rules| rules.allow(case.request.source_ip))
    }),
    (Reason::RouteNotAllowed, |case, key| {
        key.routes
            .as_ref()
            .is_none_or(|routes| routes.iter().any(|route| route.matches(case.request)))
    }),
    (Reason::NoUsagePlan, |case, _| covering_plan(case).is_some()),
];

/// May this call pass?
pub fn decide<'a>(case: &Case<'a>) -> Decision<'a> {
    let Some(key) = case.key else {
        return Decision::Deny(Reason::UnknownKey);
    };
    if let Some((reason, _)) = CHECKS.iter().find(|(_, holds)| !holds(case, key)) {
        return Decision::Deny(*reason);
    }
    covering_plan(case).map_or(Decision::Deny(Reason::NoUsagePlan), |plan| {
        Decision::Allow(key, plan)
    })
}

/// The plan that covers the call: an exact stage goes before `*`, then the lower id.
fn covering_plan<'a>(case: &Case<'a>) -> Option<&'a Plan> {
    let covering = case
        .plans
        .iter()
        .filter_map(|plan| Some((plan.covers_call(case.request)?, *plan)));
    covering
        .min_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.id.cmp(&second.id)))
        .map(|(_, plan)| plan)
}

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It could not be made, since the key was not found or not shown.
    Skipped,
}

/// One check of [`examine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// The reason that a failure of it gives.
    pub reason: Reason,
    /// How it came out.
    pub outcome: Outcome,
}

/// Every check with its outcome, for people who ask why. [`decide`] denies for the first
/// that fails. Of a key whose value was not shown nothing is told.
pub fn examine(case: &Case<'_>) -> Vec<Check> {
    let shown = case
        .key
        .filter(|key| key.recognises(case.presented, case.now).is_some());
    let check = |(reason, holds): &(Reason, Holds)| {
        let outcome = match shown {
            Some(key) if holds(case, key) => Outcome::Pass,
            Some(_) => Outcome::Fail,
            None if *reason == Reason::UnknownKey => Outcome::Fail,
            None => Outcome::Skipped,
        };
        Check {
            reason: *reason,
            outcome,
        }
    };
    CHECKS.iter().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AddressRules, ApiStage, KeyValue, StageSelector, plan::PlanStage};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key() -> Key {
        let value = KeyValue::custom("a-custom-value-of-a-test").unwrap();
        Key {
            ..Key::new(&value, at(0))
        }
    }

    fn plan(id: &str, stages: &[(&str, &str)]) -> Plan {
        let stage = |(api, stage): &(&str, &str)| PlanStage {
            selector: StageSelector::new(api, stage).unwrap(),
            methods: vec![],
        };
        Plan {
            stages: stages.iter().map(stage).collect(),
            ..Plan::new(id.parse().unwrap(), id.parse().unwrap(), at(0))
        }
    }

    fn request() -> Request {
        Request {
            stage: ApiStage {
                api_id: "a1".into(),
                stage: "prod".into(),
            },
            method: "GET".into(),
            path: "/orders".into(),
            resource: None,
            source_ip: "192.0.2.1".parse().ok(),
            has_native_plans: true,
        }
    }

    /// The reason for which `key` on `plans` is refused at second 100.
    fn refusal(key: &Key, plans: &[&Plan]) -> Option<Reason> {
        let request = request();
        let presented = KeyValue::custom("a-custom-value-of-a-test")
            .unwrap()
            .presented();
        let case = Case {
            key: Some(key),
            presented: &presented.hash,
            plans,
            request: &request,
            now: at(100),
        };
        let refusal = match decide(&case) {
            Decision::Allow(..) => None,
            Decision::Deny(reason) => Some(reason),
        };
        let first_failure = examine(&case)
            .into_iter()
            .find(|check| check.outcome == Outcome::Fail);
        assert_eq!(
            refusal,
            first_failure.map(|check| check.reason),
            "examine and decide agree"
        );
        refusal
    }

    #[test]
    fn each_check_has_its_reason() {
        let all = plan("all", &[("*", "*")]);
        let refused = |change: fn(&mut Key)| {
            let mut key = key();
            change(&mut key);
            refusal(&key, &[&all])
        };
        assert_eq!(refused(|_| {}), None);
        assert_eq!(
            refused(|key| key.hash = KeyHash::from_bytes([0; 32])),
            Some(Reason::UnknownKey)
        );
        assert_eq!(
            refused(|key| key.enabled = false),
            Some(Reason::KeyDisabled)
        );
        assert_eq!(
            refused(|key| key.not_before = Some(at(101))),
            Some(Reason::KeyNotYetValid)
        );
        assert_eq!(refused(|key| key.not_before = Some(at(100))), None);
        assert_eq!(
            refused(|key| key.expires_at = Some(at(100))),
            Some(Reason::KeyExpired)
        );
        assert_eq!(refused(|key| key.expires_at = Some(at(101))), None);
        let networks = |text: &str| {
            Some(AddressRules::new(vec![AddressRules::parse_network(text).unwrap()]).unwrap())
        };
        let mut key = key();
        key.allowed_ips = networks("192.0.2.0/24");
        assert_eq!(refusal(&key, &[&all]), None);
        key.allowed_ips = networks("198.51.100.0/24");
        assert_eq!(refusal(&key, &[&all]), Some(Reason::IpNotAllowed));
        key.allowed_ips = None;
        key.routes = Some(vec!["GET /orders".parse().unwrap()]);
        assert_eq!(refusal(&key, &[&all]), None);
        key.routes = Some(vec![]);
        assert_eq!(
            refusal(&key, &[&all]),
            Some(Reason::RouteNotAllowed),
            "an empty list never means all"
        );
    }

    #[test]
    fn the_first_failure_is_the_reason() {
        let mut key = key();
        key.enabled = false;
        key.expires_at = Some(at(0));
        assert_eq!(refusal(&key, &[]), Some(Reason::KeyDisabled));
    }

    #[test]
    fn a_plan_must_cover_the_stage() {
        assert_eq!(refusal(&key(), &[]), Some(Reason::NoUsagePlan));
        assert_eq!(
            refusal(&key(), &[&plan("p", &[])]),
            Some(Reason::NoUsagePlan),
            "no stages cover nothing"
        );
        assert_eq!(
            refusal(&key(), &[&plan("p", &[("a1", "test")])]),
            Some(Reason::NoUsagePlan)
        );
        assert_eq!(refusal(&key(), &[&plan("p", &[("a1", "prod")])]), None);
    }

    #[test]
    fn a_plan_that_is_being_deleted_covers_nothing_and_is_in_nobody_s_way() {
        let kept = plan("all", &[("*", "*")]);
        let going = Plan {
            deleting: true,
            ..plan("going", &[("a1", "prod")])
        };
        assert_eq!(refusal(&key(), &[&going]), Some(Reason::NoUsagePlan));
        assert_eq!(refusal(&key(), &[&going, &kept]), None);
        assert_eq!(kept.overlap(&going), None);
        assert_eq!(going.overlap(&kept), None);
    }

    #[test]
    fn a_plan_that_api_gateway_counts_covers_no_http_api() {
        let plan = Plan {
            enforcement: crate::Enforcement::ApiGateway,
            ..plan("native", &[("a1", "prod")])
        };
        let key = key();
        let mut call = request();
        let decided = |call: &Request| {
            let plans = [&plan];
            let case = Case {
                key: Some(&key),
                presented: &key.hash,
                plans: &plans,
                request: call,
                now: at(0),
            };
            matches!(decide(&case), Decision::Allow(..))
        };
        assert!(decided(&call));
        call.has_native_plans = false;
        assert!(!decided(&call));
    }

    #[test]
    fn an_exact_stage_goes_before_a_star_then_the_lower_id() {
        let (key, request) = (key(), request());
        let chosen = |plans: &[&Plan]| {
            let case = Case {
                key: Some(&key),
                presented: &key.hash,
                plans,
                request: &request,
                now: at(100),
            };
            match decide(&case) {
                Decision::Allow(_, plan) => plan.id.to_string(),
                Decision::Deny(reason) => panic!("{reason}"),
            }
        };
        let (star, api) = (plan("a", &[("*", "*")]), plan("b", &[("a1", "*")]));
        let (exact, other) = (
            plan("d", &[("a1", "prod")]),
            plan("c", &[("a1", "prod"), ("a2", "prod")]),
        );
        assert_eq!(chosen(&[&star, &api]), "b");
        assert_eq!(chosen(&[&star, &exact, &api]), "d");
        assert_eq!(chosen(&[&exact, &other]), "c");
    }

    #[test]
    fn of_a_key_that_was_not_shown_nothing_is_told() {
        let (mut key, request) = (key(), request());
        key.hash = KeyHash::from_bytes([0; 32]);
        let presented = KeyHash::from_bytes([1; 32]);
        let with = |key| {
            examine(&Case {
                key,
                presented: &presented,
                plans: &[],
                request: &request,
                now: at(0),
            })
        };
        assert_eq!(
            with(Some(&key)),
            with(None),
            "a wrong secret looks like an unknown id"
        );
        assert_eq!(with(None)[1].outcome, Outcome::Skipped);
    }
}
