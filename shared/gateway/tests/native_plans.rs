//! What of Latchkey's plans can be said in API Gateway's.

use jiff::Timestamp;
use latchkey_domain::{MethodRule, Period, Plan, PlanStage, Quota, Scope, StageSelector, Throttle};
use latchkey_gateway::NativePlan;

use crate::support::full_plan;

fn throttle(rate: &str, burst: Option<u64>) -> Throttle {
    Throttle::new(rate.parse().unwrap(), burst).unwrap()
}

fn stage(api: &str, name: &str, methods: Vec<MethodRule>) -> PlanStage {
    PlanStage {
        selector: StageSelector::new(api, name).unwrap(),
        methods,
    }
}

fn rule(method: &str, throttle: Option<Throttle>, units: Option<u64>) -> MethodRule {
    MethodRule {
        method: method.parse().unwrap(),
        throttle: throttle.map(|throttle| (1, throttle)),
        units,
    }
}

fn plan() -> Plan {
    let (id, name) = ("gold".parse().unwrap(), "Gold".parse().unwrap());
    Plan::new(id, name, Timestamp::UNIX_EPOCH)
}

fn refused(plan: &Plan) -> Vec<(String, String)> {
    let problems = NativePlan::of(plan).unwrap_err();
    let problems = problems.iter();
    problems
        .map(|problem| (problem.pointer(), problem.to_string()))
        .collect()
}

#[test]
fn a_plan_is_said_in_full() {
    let mut plan = plan();
    plan.description = Some("For those who pay".parse().unwrap());
    plan.throttle = Some(throttle("10", Some(20)));
    let quota = Quota::new(1000, Period::Week).unwrap();
    plan.quota = Some(quota.with_offset(2).unwrap());
    plan.stages = vec![
        stage(
            "a1",
            "prod",
            vec![
                // A burst that was not given is the rate, rounded up.
                rule("//GET", Some(throttle("0.5", None)), None),
                rule("/orders/{id}/POST", Some(throttle("2", Some(4))), Some(1)),
                // Says nothing that is not so already.
                rule("/orders/*", None, Some(1)),
            ],
        ),
        stage("a2", "prod", Vec::new()),
    ];
    assert_eq!(NativePlan::of(&plan), Ok(full_plan()));
}

#[test]
fn a_plan_without_stages_or_limits_is_one_too() {
    let native = NativePlan::of(&plan()).unwrap();
    assert_eq!(native, crate::support::bare_plan("Gold"));
}

#[test]
fn a_limit_of_zero_stays_zero() {
    let mut plan = plan();
    plan.throttle = Some(throttle("0", Some(0)));
    plan.quota = Some(Quota::new(0, Period::Day).unwrap());
    let native = NativePlan::of(&plan).unwrap();
    assert_eq!(native.throttle, Some(crate::support::throttle(0.0, 0)));
    assert_eq!(native.quota.map(|quota| quota.limit), Some(0));
}

#[test]
fn all_that_cannot_be_said_is_told_with_its_place() {
    let mut plan = plan();
    let wide = Some(throttle("1000000", Some(1_000_000_000)));
    plan.throttle = wide;
    plan.quota = Some(Quota::new(2_147_483_648, Period::Hour).unwrap());
    plan.scope = Scope::Customer;
    let one = Some(throttle("1", Some(1)));
    plan.stages = vec![
        stage(
            "a1",
            "prod",
            vec![rule("/a/GET", wide, Some(2)), rule("/b/*", one, None)],
        ),
        stage("a2", "*", vec![rule("/c/*/GET", one, Some(0))]),
    ];
    let places: Vec<_> = refused(&plan).into_iter().map(|(place, _)| place).collect();
    assert_eq!(
        places,
        [
            "/quota/period",
            "/quota/limit",
            "/apiStages/0/throttle/~1b~1*",
            "/apiStages/0/units",
            "/apiStages/1",
            "/apiStages/1/throttle/~1c~1*~1GET",
            "/apiStages/1/units",
            "/scope",
        ]
    );
}

#[test]
fn a_refusal_says_what_is_allowed() {
    let mut plan = plan();
    for period in [Period::Hour, Period::Lifetime] {
        plan.quota = Some(Quota::new(1, period).unwrap());
        let said = "with enforcement apiGateway the period is DAY, WEEK or MONTH";
        assert_eq!(
            refused(&plan),
            [("/quota/period".to_owned(), said.to_owned())]
        );
    }
}

#[test]
fn the_largest_limits_fit() {
    let mut plan = plan();
    plan.throttle = Some(throttle("1000000000", Some(Throttle::MAX_BURST)));
    plan.quota = Some(Quota::new(2_147_483_647, Period::Month).unwrap());
    let native = NativePlan::of(&plan).unwrap();
    assert_eq!(
        native.throttle,
        Some(crate::support::throttle(1e9, 1_000_000_000))
    );
    assert_eq!(native.quota.map(|quota| quota.limit), Some(i32::MAX));
}
