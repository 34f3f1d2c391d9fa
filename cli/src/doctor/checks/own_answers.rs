//! What API Gateway answers itself on REST APIs. Without these a refusal by quota is 403 without
//! `Retry-After`, an outage 500, and browsers hide both from the page.

use latchkey_gateway::{FoundResponse, KeySource};

use super::{Check, Finding};
use crate::doctor::facts::{Api, Facts};

const REMEDY: &str = "add the gateway responses of README, \"In front of your own API\", to the API's template and deploy the API; an API that no browser calls: --skip gateway-responses";
const ALLOW: &str = "access-control-allow-origin";
const EXPOSE: &str = "access-control-expose-headers";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let authorizer = facts.authorizer.as_ref();
    let all = authorizer
        .and_then(|one| one.variables.get("DENY_FOR"))
        .is_some_and(|one| one == "all");
    let guarded = facts.apis.iter().filter(|api| !api.authorizers.is_empty());
    guarded
        .flat_map(|api| {
            let mut findings = of_api(api, all);
            for stage in &api.stages {
                let mut served = of_api(&api.served_by(stage), all);
                served.retain(|one| !findings.contains(one));
                findings.extend(served.into_iter().map(|one| one.served_by(api, stage)));
            }
            findings
        })
        .collect()
}

fn of_api(api: &Api, deny_all: bool) -> Vec<Finding> {
    let Some(answers) = &api.answers else {
        return Vec::new();
    };
    // There API Gateway has a 429 of its own.
    let counted_there = api.key_source == KeySource::Authorizer;
    let denied = if deny_all || counted_there {
        "403"
    } else {
        "429"
    };
    let wanted = [
        ("UNAUTHORIZED", "401"),
        ("ACCESS_DENIED", denied),
        ("AUTHORIZER_FAILURE", "503"),
        ("AUTHORIZER_CONFIGURATION_ERROR", "503"),
    ];
    let mut findings = Vec::new();
    for (kind, status) in wanted {
        let retry = kind == "ACCESS_DENIED" && !counted_there;
        let wrong = match answers.get(kind) {
            None => vec![format!(
                "is API Gateway's own, not {status} with CORS headers"
            )],
            Some(answer) => wrong_with(answer, status, retry),
        };
        for what in wrong {
            let problem = format!("gateway response {kind} {what}");
            findings.push(Finding::new(
                Check::GatewayResponses,
                api.label(),
                problem,
                REMEDY,
            ));
        }
    }
    findings
}

fn wrong_with(answer: &FoundResponse, status: &str, retry: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    // UNAUTHORIZED is 401 by itself.
    if answer.status.as_deref().unwrap_or("401") != status {
        let found = answer
            .status
            .as_deref()
            .unwrap_or("without a status of its own");
        wrong.push(format!("is {found}, not {status}"));
    }
    if !answer.headers.contains_key(ALLOW) {
        wrong.push("has no Access-Control-Allow-Origin: browsers hide it from the page".to_owned());
    }
    if retry {
        if !answer.headers.contains_key("retry-after") {
            wrong.push("has no Retry-After (context.authorizer.retryAfter)".to_owned());
        }
        let exposed = answer.headers.get(EXPOSE);
        let exposed = exposed.is_some_and(|one| one.to_ascii_lowercase().contains("retry-after"));
        if !exposed {
            wrong.push("does not expose Retry-After to browsers".to_owned());
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use latchkey_gateway::ApiKind;

    use super::{
        super::samples::{api_of, healthy, problems, set},
        *,
    };

    #[test]
    fn an_api_without_any_has_a_finding_for_each() {
        let mut facts = healthy();
        let api = api_of(&mut facts, ApiKind::Rest);
        api.answers = Some([].into());
        api.stages.clear();
        assert_eq!(problems(check(&facts)).len(), 4);
    }

    #[test]
    fn a_stage_that_serves_others_than_the_api_has_is_found() {
        let mut facts = healthy();
        let api = api_of(&mut facts, ApiKind::Rest);
        let served = api.stages[0].answers.as_mut().unwrap();
        served.remove("ACCESS_DENIED");
        let found = check(&facts);
        assert_eq!(found.len(), 1, "{found:?}");
        let problem = &found[0].problem;
        assert!(problem.starts_with("stage prod serves"), "{problem}");
        assert!(problem.contains("ACCESS_DENIED"), "{problem}");
        api_of(&mut facts, ApiKind::Rest).answers = Some([].into());
        assert_eq!(check(&facts).len(), 4, "the definition's are told once");
    }

    #[test]
    fn a_refusal_without_retry_after_or_that_browsers_cannot_read_is_found() {
        let mut facts = healthy();
        let api = api_of(&mut facts, ApiKind::Rest);
        api.stages.clear();
        let answers = api.answers.as_mut().unwrap();
        answers.get_mut("ACCESS_DENIED").unwrap().headers.clear();
        let found = problems(check(&facts));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().any(|one| one.contains("no Retry-After")));
    }

    #[test]
    fn the_status_of_a_refusal_follows_deny_for() {
        let mut facts = healthy();
        set(&mut facts, "DENY_FOR", "all");
        assert_eq!(
            problems(check(&facts)),
            ["gateway response ACCESS_DENIED is 429, not 403"]
        );
    }
}
