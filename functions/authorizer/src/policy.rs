//! IAM policies: what a key may call on this API and stage.
//!
//! They never name what was called, so a policy that API Gateway keeps is right for the next
//! call too, and nothing of the caller's path stands in one. `*` crosses slashes there: a
//! rule's `{name}` opens more in a policy than in the rule, which is why every call is
//! decided by the rule and the policy only carries the answer.

use aws_lambda_events::iam::{IamPolicyDocument, IamPolicyEffect, IamPolicyStatement};
use latchkey_domain::{Key, Route};

use crate::event::{Incoming, Kind};

/// The longest ARN that API Gateway takes (AWS, "Output from a Lambda authorizer").
const MAX_ARN_LEN: usize = 512;

/// A policy that API Gateway would not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("an ARN in the policy has more than 512 characters")]
    ArnTooLong,
    #[error("the key has no route, so its policy would be empty")]
    NoRoute,
}

/// Opens what the key may call.
pub(crate) fn allow(incoming: &Incoming<'_>, key: &Key) -> Result<IamPolicyDocument, PolicyError> {
    let resources = match &key.routes {
        Some(routes) if !is_of_the_stage(incoming, key) => {
            let stage = incoming.target.stage_arn();
            let mut resources: Vec<String> =
                routes.iter().map(|route| route_arn(stage, route)).collect();
            resources.sort_unstable();
            resources.dedup();
            resources
        }
        _ => vec![everything(incoming)],
    };
    if resources.is_empty() {
        return Err(PolicyError::NoRoute);
    }
    policy(IamPolicyEffect::Allow, resources)
}

/// Whether what the key may call here is the whole stage, as with every other key of which this
/// holds.
pub(crate) fn is_of_the_stage(incoming: &Incoming<'_>, key: &Key) -> bool {
    key.routes.is_none() || incoming.kind == Kind::WebSocket
}

/// Closes the whole stage.
pub(crate) fn deny(incoming: &Incoming<'_>) -> Result<IamPolicyDocument, PolicyError> {
    policy(IamPolicyEffect::Deny, vec![everything(incoming)])
}

/// Closes everything: for an event that does not tell where it is from.
pub(crate) fn deny_everywhere() -> Result<IamPolicyDocument, PolicyError> {
    policy(IamPolicyEffect::Deny, vec!["*".to_owned()])
}

fn policy(
    effect: IamPolicyEffect,
    resources: Vec<String>,
) -> Result<IamPolicyDocument, PolicyError> {
    if resources.iter().any(|arn| arn.len() > MAX_ARN_LEN) {
        return Err(PolicyError::ArnTooLong);
    }
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = resources;
    let mut document = IamPolicyDocument::default();
    document.version = Some("2012-10-17".to_owned());
    document.statement = vec![statement];
    Ok(document)
}

fn everything(incoming: &Incoming<'_>) -> String {
    let stage = incoming.target.stage_arn();
    match incoming.kind {
        Kind::WebSocket => format!("{stage}/$connect"),
        _ => format!("{stage}/*"),
    }
}

fn route_arn(stage: &str, route: &Route) -> String {
    let mut arn = format!("{stage}/{}", route.method().unwrap_or("*"));
    for segment in route.segments() {
        arn.push('/');
        arn.push_str(if segment.starts_with('{') {
            "*"
        } else {
            segment
        });
    }
    arn
}

#[cfg(test)]
mod tests {
    use latchkey_domain::Request;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        answer::samples::{connect_event, key, rest_event},
        event,
    };

    fn resources(incoming: &Incoming<'_>, routes: Option<&[&str]>) -> Vec<String> {
        let mut key = key();
        key.routes = routes.map(|rules| rules.iter().map(|rule| rule.parse().unwrap()).collect());
        let document = allow(incoming, &key).unwrap();
        let [statement] = document.statement.as_slice() else {
            panic!("one statement");
        };
        statement.resource.clone()
    }

    #[test]
    fn a_key_without_routes_opens_the_stage_and_nothing_else() {
        let event = rest_event("GET/orders/7");
        let incoming = event::read(event.get()).unwrap();
        let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod";
        assert_eq!(resources(&incoming, None), [format!("{stage}/*")]);
        assert_eq!(
            serde_json::to_value(deny(&incoming).unwrap()).unwrap(),
            json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Action": ["execute-api:Invoke"],
                    "Effect": "Deny",
                    "Resource": [format!("{stage}/*")],
                }],
            }),
        );
    }

    #[test]
    fn a_route_is_an_arn_with_a_star_for_each_name() {
        let event = rest_event("GET/orders/7");
        let incoming = event::read(event.get()).unwrap();
        let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod";
        for (rule, resource) in [
            ("GET /orders/{id}", "GET/orders/*"),
            ("POST /orders/{id}/lines/{line}", "POST/orders/*/lines/*"),
            ("* /reports/*", "*/reports/*"),
            ("GET /", "GET/"),
            ("* /*", "*/*"),
            ("DELETE /a/", "DELETE/a/"),
        ] {
            assert_eq!(
                resources(&incoming, Some(&[rule])),
                [format!("{stage}/{resource}")],
                "{rule}"
            );
        }
        let same = ["GET /a/{x}", "GET /a/*", "GET /a/{y}"];
        assert_eq!(
            resources(&incoming, Some(&same)),
            [format!("{stage}/GET/a/*")]
        );
    }

    #[test]
    fn a_connection_opens_the_connection() {
        let event = connect_event();
        let incoming = event::read(event.get()).unwrap();
        let connect = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/$connect";
        assert_eq!(resources(&incoming, None), [connect]);
        assert_eq!(resources(&incoming, Some(&["GET /$connect"])), [connect]);
    }

    #[test]
    fn nothing_of_the_caller_s_path_stands_in_a_policy() {
        let routes = ["GET /orders/{id}", "* /a/*"];
        for rules in [None, Some(routes.as_slice())] {
            let of = |path: &str| resources(&event::read(rest_event(path).get()).unwrap(), rules);
            for path in ["GET/*", "GET/?*", "POST/a/*/b:c", "GET/../../other/*"] {
                assert_eq!(of(path), of("GET/"), "{path}");
            }
        }
    }

    #[test]
    fn what_api_gateway_would_not_take_is_an_error() {
        let event = rest_event("GET/");
        let incoming = event::read(event.get()).unwrap();
        let mut key = key();
        key.routes = Some(vec![]);
        assert_eq!(allow(&incoming, &key), Err(PolicyError::NoRoute));
        for (arn_len, fits) in [(512, true), (513, false)] {
            let document = policy(IamPolicyEffect::Allow, vec!["x".repeat(arn_len)]);
            assert_eq!(document.is_ok(), fits, "{arn_len}");
        }
    }

    /// How IAM compares: `*` is any text, slashes included.
    fn opens(pattern: &str, arn: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == arn,
            Some((start, rest)) => arn.strip_prefix(start).is_some_and(|arn| {
                (0..=arn.len()).any(|at| arn.get(at..).is_some_and(|arn| opens(rest, arn)))
            }),
        }
    }

    #[test]
    fn a_policy_may_open_more_than_its_rule_and_nothing_of_another_stage() {
        for (rule, call) in [
            ("GET /users/{id}", "GET/users/1/keys"),
            ("* /reports/*", "GET/other/reports/x"),
        ] {
            let route: Route = rule.parse().unwrap();
            let event = rest_event(call);
            let incoming = event::read(event.get()).unwrap();
            assert!(!route.matches(&incoming.request), "{rule}");
            assert!(
                !route.fits_a_policy(),
                "{rule}: refused where answers are kept"
            );
            let opened = route_arn(incoming.target.stage_arn(), &route);
            let called = |api_stage: &str| {
                format!("arn:aws:execute-api:eu-west-1:123456789012:{api_stage}/{call}")
            };
            assert!(opens(&opened, &called("a1b2c3/prod")), "{rule}");
            for other in ["a1b2c3/dev", "a1b2c3/prod2", "a1b2c4/prod", "a1b2c3x/prod"] {
                assert!(!opens(&opened, &called(other)), "{rule} {other}");
            }
        }
    }

    proptest! {
        /// A call that its rule opens is not stopped by the policy, which is held against
        /// the path as sent, whether the rule saw the path or the template.
        #[test]
        fn what_a_rule_opens_its_policy_opens(
            rule in "(GET|\\*) (/(a|b|\\{x\\})){0,3}/(\\*|a)?",
            template in "(/(a|b|\\{y\\})){0,3}/a?",
            parameter in "[a-c%.*:é-]{1,4}",
            has_template in any::<bool>(),
        ) {
            let route: Route = rule.parse().unwrap();
            let path = template.replace("{y}", &parameter);
            let event = rest_event(&format!("GET{path}"));
            let incoming = event::read(event.get()).unwrap();
            let request = Request {
                resource: has_template.then_some(template),
                ..incoming.request.clone()
            };
            prop_assert_eq!(&request.path, &path);
            if route.matches(&request) {
                let opened = route_arn(incoming.target.stage_arn(), &route);
                let called = format!("{}/GET{path}", incoming.target.stage_arn());
                prop_assert!(opens(&opened, &called), "{} does not open {}", opened, called);
            }
        }
    }
}
