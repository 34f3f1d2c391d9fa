//! Plans that API Gateway counts: whether it has them as they should be, and whether the APIs
//! that they cover ask for what is counted.

use std::time::Duration;

use jiff::Timestamp;
use latchkey_domain::Enforcement;
use latchkey_gateway::{ApiKind, KeySource};
use latchkey_store::{NativeState, PlanRecord};

use super::{Check, Finding};
use crate::doctor::facts::{Api, Compared, Facts};

/// A change is finished within a minute or two, but for AWS's slowest rate: one change of a
/// usage plan in 20 s, for all plans of the account.
const LATE: Duration = Duration::from_secs(600);
const DRIFT: &str =
    "GET /v1/drift tells more; with Drift=mend the reconciler mends it (README, \"In step\")";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = waiting(facts);
    findings.extend(drift(facts));
    for api in &facts.apis {
        findings.extend(key_source(api, &facts.plans));
        findings.extend(uncounted(api));
    }
    findings
}

fn waiting(facts: &Facts) -> Vec<Finding> {
    let long_ago = facts.now.checked_sub(LATE).unwrap_or(Timestamp::MIN);
    let late = facts.waiting.iter().filter(|native| match native.state {
        NativeState::Failed => true,
        NativeState::Pending => native.due < long_ago,
        NativeState::InSync => false,
    });
    late.map(|native| {
        let reason = native.reason.as_deref().unwrap_or("nobody has tried yet");
        let problem = format!(
            "is {} at API Gateway after {} attempts: {reason}",
            native.state.as_str(),
            native.attempts,
        );
        let remedy =
            "mend what the reason says; the reconciler tries again by itself (README, \"In step\")";
        Finding::new(
            Check::NativePlans,
            native.object.to_string(),
            problem,
            remedy,
        )
    })
    .collect()
}

fn drift(facts: &Facts) -> Vec<Finding> {
    let every = facts.reconciler.as_ref();
    let every = every.and_then(|one| one.variables.get("DRIFT_SCAN_SECONDS")?.parse().ok());
    // Two comparisons that did not come about, and a minute.
    let late = Duration::from_secs(
        every
            .unwrap_or(900_u64)
            .saturating_mul(3)
            .saturating_add(60),
    );
    let oldest = facts.now.checked_sub(late).unwrap_or(Timestamp::MIN);
    let behind = |problem: String| {
        let remedy = "look at the reconciler's log for what stops it: aws logs tail /aws/lambda/<stack>/reconciler";
        Finding::new(Check::NativePlans, "the reconciler", problem, remedy)
    };
    let drift = match &facts.compared {
        Compared::NotSeen => return Vec::new(),
        Compared::Never => {
            let mut native = facts.plans.iter().filter(|one| is_native(one));
            let old = native.find(|one| one.plan.created < oldest);
            let problem = |old: &PlanRecord| {
                format!(
                    "has never compared API Gateway with the table, which has plan {} since {}",
                    old.plan.id, old.plan.created
                )
            };
            return old.map(|old| behind(problem(old))).into_iter().collect();
        }
        Compared::Last(drift) => drift,
    };
    let mut findings = Vec::new();
    if facts.plans.iter().any(is_native) && drift.scanned < oldest {
        findings.push(behind(format!(
            "has not compared API Gateway with the table since {}",
            drift.scanned
        )));
    }
    let left = drift.findings.iter().filter(|finding| !finding.mended);
    findings.extend(left.map(|finding| {
        let key = finding.key_id.map(|id| id.to_string());
        let plan = finding.plan_id.as_ref().map(|id| format!("plan:{id}"));
        let ids = [plan, key, finding.native_id.clone()];
        let resource = ids.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let problem = format!("{}: {}", finding.kind.as_str(), finding.detail);
        Finding::new(Check::NativePlans, resource, problem, DRIFT)
    }));
    findings
}

fn is_native(record: &PlanRecord) -> bool {
    record.plan.enforcement == Enforcement::ApiGateway && !record.plan.deleting
}

fn names(record: &PlanRecord, api: &Api) -> bool {
    let mut stages = record.plan.stages.iter();
    stages.any(|stage| stage.selector.api_id() == api.found.id)
}

/// Internal values must come from the authorizer: from the header they would open the API.
fn key_source(api: &Api, plans: &[PlanRecord]) -> Option<Finding> {
    let internal = |one: &&PlanRecord| is_native(one) && one.internal > 0 && names(one, api);
    let plan = plans.iter().find(internal)?;
    let problem = match api.key_source {
        KeySource::Authorizer => return None,
        KeySource::Header => "takes keys from the header",
        KeySource::NoUsagePlans => "has no usage plans",
    };
    let problem = format!(
        "{problem}, and plan {} has keys whose value there is internal: they cannot be used, or their internal value opens it",
        plan.plan.id,
    );
    let id = &api.found.id;
    let remedy = format!(
        "aws apigateway update-rest-api --rest-api-id {id} --patch-operations op=replace,path=/apiKeySource,value=AUTHORIZER, then deploy; or keys with nativeValue header (README, \"Two kinds of keys\")"
    );
    Some(Finding::new(
        Check::NativePlans,
        api.label(),
        problem,
        remedy,
    ))
}

/// A method that asks the authorizer and requires no key is not counted.
fn uncounted(api: &Api) -> Vec<Finding> {
    let counts = api.found.kind == ApiKind::Rest && api.key_source == KeySource::Authorizer;
    let open = api.behind().filter(|method| counts && !method.key_required);
    open.map(|method| {
        let problem = format!(
            "{} requires no API key: API Gateway counts none of its calls",
            method.name
        );
        let remedy = "set apiKeyRequired on it (PUT /v1/apis/{apiId}/methods where ManagedApis names the API), and deploy";
        Finding::new(Check::NativePlans, api.label(), problem, remedy)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use latchkey_store::{Drift, Finding as Found, FindingKind, Native, NativeObject, Wanted};

    use super::{
        super::samples::{healthy, problems},
        *,
    };

    fn native(state: NativeState, due: Timestamp) -> Native {
        Native {
            object: NativeObject::Plan("silver".parse().unwrap()),
            wanted: Wanted::Present,
            native_id: None,
            state,
            reason: Some("the stage is gone".to_owned()),
            revision: 1,
            due,
            attempts: 3,
            twin: None,
            stages: vec![],
        }
    }

    #[test]
    fn what_fails_or_waits_for_long_is_found() {
        let mut facts = healthy();
        let now = facts.now;
        facts.waiting = vec![native(NativeState::Pending, now)];
        assert_eq!(check(&facts), []);
        facts.waiting = vec![
            native(NativeState::Failed, now),
            native(NativeState::Pending, now - Duration::from_secs(601)),
        ];
        assert_eq!(
            problems(check(&facts)),
            [
                "is failed at API Gateway after 3 attempts: the stage is gone",
                "is pending at API Gateway after 3 attempts: the stage is gone",
            ]
        );
    }

    #[test]
    fn drift_that_was_not_mended_and_a_reconciler_that_does_not_look_are_found() {
        let mut facts = healthy();
        let finding = |mended| Found {
            plan_id: Some("silver".parse().unwrap()),
            key_id: None,
            native_id: None,
            kind: FindingKind::Gone,
            detail: "the usage plan is gone".to_owned(),
            mended,
        };
        facts.compared = Compared::Last(Drift {
            scanned: facts.now - Duration::from_secs(3000),
            findings: vec![finding(true), finding(false)],
            total: 2,
        });
        let found = problems(check(&facts));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("has not compared"));
        assert_eq!(found[1], "gone: the usage plan is gone");
    }

    #[test]
    fn a_reconciler_that_never_looked_is_found_where_there_is_something_to_look_at() {
        let mut facts = healthy();
        facts.compared = Compared::Never;
        let found = problems(check(&facts));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("has never compared"), "{found:?}");
        facts.compared = Compared::NotSeen;
        assert_eq!(check(&facts), []);
        facts.compared = Compared::Never;
        facts.plans[1].plan.created = facts.now;
        assert_eq!(check(&facts), [], "a plan that was made just now");
        facts.plans.truncate(1);
        assert_eq!(check(&facts), [], "no plan that API Gateway counts");
    }

    #[test]
    fn an_api_that_takes_internal_keys_from_the_header_is_found() {
        let mut facts = healthy();
        let id = facts.plans[1].plan.stages[0].selector.api_id().to_owned();
        let api = facts
            .apis
            .iter_mut()
            .find(|api| api.found.id == id)
            .unwrap();
        api.key_source = KeySource::Header;
        assert!(problems(check(&facts))[0].starts_with("takes keys from the header"));
        facts.plans[1].internal = 0;
        assert_eq!(check(&facts), []);
    }

    #[test]
    fn a_method_that_requires_no_key_is_not_counted() {
        let mut facts = healthy();
        let api = facts
            .apis
            .iter_mut()
            .find(|api| api.key_source == KeySource::Authorizer);
        api.unwrap().methods[0].key_required = false;
        assert!(problems(check(&facts))[0].contains("requires no API key"));
    }
}
