//! The authorizers by which APIs ask Latchkey. A result that API Gateway keeps is a call that is
//! not metered, and one that it keeps under something else than the key opens the API to others.

use latchkey_domain::Enforcement;
use latchkey_gateway::{ApiKind, FoundAuthorizer, KeySource};
use latchkey_store::PlanRecord;

use super::{Check, Finding};
use crate::doctor::facts::{Api, Facts};

/// What API Gateway makes of a TTL that was left out, in seconds.
const TTL_DEFAULT: i32 = 300;
const DEFAULT_SOURCES: &str = "header:x-api-key,bearer";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let setting = |name: &str| {
        let authorizer = facts.authorizer.as_ref()?;
        let text = authorizer.variables.get(name)?;
        Some(text.as_str()).filter(|text| !text.is_empty())
    };
    let places = places(setting("KEY_SOURCES").unwrap_or(DEFAULT_SOURCES));
    let simple = setting("HTTP_RESPONSE") == Some("simple");
    let mut findings = Vec::new();
    for api in &facts.apis {
        let counted = counted_here(api, &facts.plans);
        for authorizer in &api.authorizers {
            findings.extend(ttl(api, authorizer, counted));
            findings.extend(identity(api, authorizer, &places));
            findings.extend(form(api, authorizer, simple));
        }
        findings.extend(served_ttl(api, counted));
    }
    findings
}

/// What a stage keeps though the API is defined not to: it takes effect with a deployment. An
/// export that tells no TTL proves nothing.
fn served_ttl(api: &Api, plan: Option<&PlanRecord>) -> Vec<Finding> {
    let defined = api.authorizers.iter();
    if plan.is_none() || defined.clone().any(|one| ttl(api, one, plan).is_some()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for stage in &api.stages {
        let told = stage.authorizers.iter();
        for one in told.filter(|one| one.ttl_seconds.is_some()) {
            findings.extend(ttl(api, one, plan).map(|found| found.served_by(api, stage)));
        }
    }
    findings
}

/// A plan that Latchkey counts and whose keys get through this API. Where each method requires
/// what the authorizer says, API Gateway lets only those of its own plans through.
fn counted_here<'a>(api: &Api, plans: &'a [PlanRecord]) -> Option<&'a PlanRecord> {
    let own_only = api.key_source == KeySource::Authorizer
        && api.behind().next().is_some()
        && api.behind().all(|method| method.key_required);
    if own_only {
        return None;
    }
    plans.iter().find(|record| {
        let plan = &record.plan;
        let named = |id: &str| id == "*" || id == api.found.id;
        let covers = plan
            .stages
            .iter()
            .any(|stage| named(stage.selector.api_id()));
        plan.enforcement == Enforcement::DynamoDb && !plan.deleting && covers
    })
}

fn ttl_of(api: &Api, authorizer: &FoundAuthorizer) -> i32 {
    // WebSocket APIs keep nothing: they ask at `$connect` alone.
    let default = match api.found.kind {
        ApiKind::WebSocket => 0,
        ApiKind::Rest | ApiKind::Http => TTL_DEFAULT,
    };
    authorizer.ttl_seconds.unwrap_or(default)
}

fn ttl(api: &Api, authorizer: &FoundAuthorizer, plan: Option<&PlanRecord>) -> Option<Finding> {
    let (seconds, plan) = (ttl_of(api, authorizer), plan?);
    let problem = format!(
        "API Gateway keeps results of authorizer {} for {seconds} s: calls answered from there are not metered, though Latchkey counts plan {}",
        authorizer.id, plan.plan.id,
    );
    (seconds > 0).then(|| {
        Finding::new(
            Check::Authorizers,
            api.label(),
            problem,
            set_ttl(api, authorizer),
        )
    })
}

fn set_ttl(api: &Api, authorizer: &FoundAuthorizer) -> String {
    let (api_id, id) = (&api.found.id, &authorizer.id);
    match api.found.kind {
        ApiKind::Rest => format!(
            "set the TTL to 0 in the API's template (ReauthorizeEvery: 0), or by: aws apigateway update-authorizer --rest-api-id {api_id} --authorizer-id {id} --patch-operations op=replace,path=/authorizerResultTtlInSeconds,value=0; then deploy the API"
        ),
        ApiKind::Http | ApiKind::WebSocket => format!(
            "set the TTL to 0 in the API's template (ReauthorizeEvery: 0), or by: aws apigatewayv2 update-authorizer --api-id {api_id} --authorizer-id {id} --authorizer-result-ttl-in-seconds 0"
        ),
    }
}

/// Places of `KEY_SOURCES`, as identity sources end: `header.x-api-key`, `querystring.key`.
fn places(sources: &str) -> Vec<String> {
    let place = |source: &str| match source.trim().split_once(':') {
        Some(("header", name)) => format!("header.{}", name.to_ascii_lowercase()),
        Some(("query", name)) => format!("querystring.{name}"),
        Some(_) => "header.sec-websocket-protocol".to_owned(),
        None => "header.authorization".to_owned(),
    };
    sources.split(',').map(place).collect()
}

/// `method.request.header.X-Api-Key` or `$request.header.X-Api-Key` as [`places`] has them.
fn place_of(identity: &str) -> Option<String> {
    let (_, place) = identity.split_once("request.")?;
    match place.split_once('.')? {
        ("header", name) => Some(format!("header.{}", name.to_ascii_lowercase())),
        _ => Some(place.to_owned()),
    }
}

fn identity(api: &Api, authorizer: &FoundAuthorizer, places: &[String]) -> Option<Finding> {
    let named = &authorizer.identity_sources;
    let is_key = |source: &String| place_of(source).is_some_and(|place| places.contains(&place));
    if named.iter().any(is_key) {
        return None;
    }
    let (kept, allowed) = (ttl_of(api, authorizer) > 0, places.join(", "));
    let problem = match (kept, named.is_empty()) {
        (false, true) => return None,
        (true, _) => format!(
            "authorizer {} keeps results under {named:?}, where no key is: a caller without a key gets the answer that another one's key got",
            authorizer.id,
        ),
        (false, false) => format!(
            "authorizer {} is asked only for calls that have {named:?}, where no key is: others are 401",
            authorizer.id,
        ),
    };
    let remedy = format!(
        "name a place where KEY_SOURCES looks as the identity source ({allowed}): README, \"In front of your own API\""
    );
    Some(Finding::new(
        Check::Authorizers,
        api.label(),
        problem,
        remedy,
    ))
}

/// An HTTP API must expect what the authorizer answers.
fn form(api: &Api, authorizer: &FoundAuthorizer, simple: bool) -> Option<Finding> {
    let differs = api.found.kind == ApiKind::Http && authorizer.simple_responses != simple;
    let problem = format!(
        "authorizer {} has EnableSimpleResponses {}, and the stack answers HttpResponse={}: calls are 500",
        authorizer.id,
        authorizer.simple_responses,
        if simple { "simple" } else { "policy" },
    );
    let set = if simple { "" } else { "no-" };
    let remedy = format!(
        "aws apigatewayv2 update-authorizer --api-id {} --authorizer-id {} --{set}enable-simple-responses",
        api.found.id, authorizer.id,
    );
    differs.then(|| Finding::new(Check::Authorizers, api.label(), problem, remedy))
}

#[cfg(test)]
mod tests {
    use super::{
        super::samples::{api_of, healthy, problems, set},
        *,
    };

    #[test]
    fn a_ttl_above_0_is_found_where_latchkey_counts_and_one_left_out_is_300() {
        for kind in [ApiKind::Rest, ApiKind::Http] {
            for ttl_seconds in [Some(1), None] {
                let mut facts = healthy();
                api_of(&mut facts, kind).authorizers[0].ttl_seconds = ttl_seconds;
                let found = check(&facts);
                assert_eq!(found.len(), 1, "{found:?}");
                assert!(found[0].problem.contains("not metered"), "{found:?}");
                assert!(found[0].remedy.contains("update-authorizer"), "{found:?}");
            }
        }
    }

    #[test]
    fn a_stage_that_still_serves_a_ttl_is_found_though_the_api_is_defined_without() {
        let mut facts = healthy();
        let api = api_of(&mut facts, ApiKind::Rest);
        api.stages[0].authorizers[0].ttl_seconds = Some(300);
        let found = check(&facts);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].problem.starts_with("stage prod serves"),
            "{found:?}"
        );
        assert!(found[0].remedy.contains("create-deployment"), "{found:?}");
        let api = api_of(&mut facts, ApiKind::Rest);
        api.authorizers[0].ttl_seconds = Some(300);
        assert_eq!(check(&facts).len(), 1, "the definition's is told once");
        let api = api_of(&mut facts, ApiKind::Rest);
        api.authorizers[0].ttl_seconds = Some(0);
        api.stages[0].authorizers[0].ttl_seconds = None;
        assert_eq!(check(&facts), []);
    }

    #[test]
    fn results_may_be_kept_where_api_gateway_counts_every_method() {
        let mut facts = healthy();
        let native = facts
            .apis
            .iter_mut()
            .find(|api| api.key_source == KeySource::Authorizer);
        let native = native.unwrap();
        assert_eq!(native.authorizers[0].ttl_seconds, Some(300));
        native.methods[0].key_required = false;
        assert!(problems(check(&facts))[0].contains("not metered"));
    }

    #[test]
    fn what_no_plan_of_latchkey_s_covers_is_not_metered_anyway() {
        let mut facts = healthy();
        api_of(&mut facts, ApiKind::Rest).authorizers[0].ttl_seconds = Some(300);
        facts
            .plans
            .retain(|one| one.plan.enforcement == Enforcement::ApiGateway);
        assert_eq!(check(&facts), []);
    }

    #[test]
    fn results_that_are_kept_under_something_else_than_the_key_are_found() {
        let mut facts = healthy();
        let native = facts
            .apis
            .iter_mut()
            .find(|api| api.key_source == KeySource::Authorizer);
        native.unwrap().authorizers[0].identity_sources = vec!["context.stage".to_owned()];
        assert!(problems(check(&facts))[0].contains("without a key gets the answer"));
    }

    #[test]
    fn an_identity_source_that_is_no_key_source_keeps_callers_out() {
        let mut facts = healthy();
        let http = api_of(&mut facts, ApiKind::Http);
        http.authorizers[0].identity_sources = vec!["$request.querystring.k".to_owned()];
        assert!(problems(check(&facts))[0].contains("others are 401"));
        for (sources, identity) in [
            ("query:k", "$request.querystring.k"),
            ("bearer", "method.request.header.Authorization"),
            ("header:X-Key", "$request.header.x-key"),
            (
                "websocket-protocol:k.",
                "route.request.header.Sec-WebSocket-Protocol",
            ),
        ] {
            set(&mut facts, "KEY_SOURCES", sources);
            facts.apis.retain(|api| api.found.kind == ApiKind::Http);
            facts.apis[0].authorizers[0].identity_sources = vec![identity.to_owned()];
            assert_eq!(check(&facts), [], "{sources}");
        }
    }

    #[test]
    fn an_http_api_that_expects_another_form_is_found() {
        let mut facts = healthy();
        set(&mut facts, "HTTP_RESPONSE", "simple");
        let found = check(&facts);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].remedy.ends_with("--enable-simple-responses"));
        api_of(&mut facts, ApiKind::Http).authorizers[0].simple_responses = true;
        assert_eq!(check(&facts), []);
    }
}
