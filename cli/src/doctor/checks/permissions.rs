//! Whether each API may call the authorizer: by a role that it names, or by a statement of the
//! function's policy that names the API. Without either each call is 500.

use latchkey_gateway::FoundAuthorizer;
use serde_json::Value;

use super::{Check, Finding};
use crate::doctor::facts::{Api, Facts, Function};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(function) = &facts.authorizer else {
        return Vec::new();
    };
    let mut findings = unbounded(function);
    for api in &facts.apis {
        let asking = api
            .authorizers
            .iter()
            .filter(|one| one.credentials.is_none());
        let refused = asking.filter(|one| !may_call(function, api, one));
        findings.extend(refused.map(|one| refused_finding(function, api, one)));
    }
    findings
}

fn refused_finding(function: &Function, api: &Api, authorizer: &FoundAuthorizer) -> Finding {
    let problem = format!(
        "authorizer {} names no role, and the policy of {} has no statement for it: calls are 500",
        authorizer.id, function.name,
    );
    let remedy = format!(
        "let it name the stack's ApiGatewayInvokeRoleArn as its credentials, or: aws lambda add-permission --function-name {} --statement-id api-{} --action lambda:InvokeFunction --principal apigateway.amazonaws.com --source-arn '{}'",
        function.name,
        api.found.id,
        source_arn(function, api, "*"),
    );
    Finding::new(Check::Permissions, api.label(), problem, remedy)
}

/// As API Gateway names itself: of the function's partition, Region and account.
fn source_arn(function: &Function, api: &Api, authorizer: &str) -> String {
    let mut parts = function.arn.split(':').skip(1);
    let mut part = || parts.next().unwrap_or_default();
    let (partition, _, region, account) = (part(), part(), part(), part());
    let id = &api.found.id;
    format!("arn:{partition}:execute-api:{region}:{account}:{id}/authorizers/{authorizer}")
}

fn may_call(function: &Function, api: &Api, authorizer: &FoundAuthorizer) -> bool {
    let source = source_arn(function, api, &authorizer.id);
    let for_gateway = function.statements.iter().filter(|one| is_for_gateway(one));
    for_gateway.map(sources).any(|patterns| match patterns {
        None => true,
        Some(patterns) => patterns.iter().any(|one| matches(one, &source)),
    })
}

/// Statements under which the APIs of any account may call: who knows the ARN learns from it
/// whether a key is good, and uses up its limits.
fn unbounded(function: &Function) -> Vec<Finding> {
    let open = |one: &&Value| {
        is_for_gateway(one)
            && sources(one).is_none()
            && !says(one, "AWS:SourceAccount")
            && !says(one, "aws:PrincipalOrgID")
    };
    let open = function.statements.iter().filter(open);
    open.map(|one| {
        let id = one["Sid"].as_str().unwrap_or("without an id");
        let problem = format!(
            "statement {id} of its policy lets the APIs of every AWS account call it"
        );
        let remedy = format!(
            "aws lambda remove-permission --function-name {} --statement-id {id}, and add one with --source-arn for each API",
            function.name,
        );
        Finding::new(Check::Permissions, function.name.clone(), problem, remedy)
    })
    .collect()
}

fn is_for_gateway(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    let service = texts(&principal["Service"]);
    let any = principal == "*" || principal["AWS"] == "*";
    let to_it = any || service.contains(&"apigateway.amazonaws.com");
    let actions = texts(&statement["Action"]);
    let calls = |action: &&str| matches(action, "lambda:InvokeFunction");
    statement["Effect"] == "Allow" && to_it && actions.iter().any(calls)
}

/// The patterns of its condition on `AWS:SourceArn`; none where it has no such condition.
fn sources(statement: &Value) -> Option<Vec<&str>> {
    condition(statement, "AWS:SourceArn").map(texts)
}

fn says(statement: &Value, key: &str) -> bool {
    condition(statement, key).is_some()
}

fn condition<'a>(statement: &'a Value, key: &str) -> Option<&'a Value> {
    let operators = statement["Condition"].as_object()?.values();
    let mut keys = operators.filter_map(Value::as_object).flatten();
    keys.find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

/// IAM's patterns: `*` is any text, `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // Whether what was read of the pattern is the first n characters of the text, for each n.
    let mut reached: Vec<bool> = (0..=text.len()).map(|n| n == 0).collect();
    for wanted in pattern {
        let before = reached.clone();
        let mut any = false;
        for (n, now) in reached.iter_mut().enumerate() {
            any |= before.get(n).copied().unwrap_or_default();
            let previous = n.checked_sub(1);
            let one = previous.is_some_and(|previous| {
                let fits = wanted == '?' || text.get(previous) == Some(&wanted);
                fits && before.get(previous).copied().unwrap_or_default()
            });
            *now = if wanted == '*' { any } else { one };
        }
    }
    reached.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::samples::healthy, *};

    fn with(statements: Vec<Value>) -> Vec<String> {
        let mut facts = healthy();
        facts.authorizer.as_mut().unwrap().statements = statements;
        check(&facts).into_iter().map(|one| one.problem).collect()
    }

    fn statement(condition: Value) -> Value {
        json!({"Sid": "s", "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": condition})
    }

    #[test]
    fn an_api_that_nothing_lets_call_is_found() {
        let found = with(vec![]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("calls are 500"));
        let other = json!({"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:000000000000:other/*"}});
        assert_eq!(with(vec![statement(other)]).len(), 3);
    }

    #[test]
    fn a_pattern_may_name_all_apis_of_an_account() {
        let all =
            json!({"ArnLike": {"aws:sourcearn": "arn:aws:execute-api:us-east-1:000000000000:*"}});
        assert_eq!(with(vec![statement(all)]), Vec::<String>::new());
    }

    #[test]
    fn a_role_needs_no_statement() {
        let mut facts = healthy();
        facts.authorizer.as_mut().unwrap().statements = vec![];
        for api in &mut facts.apis {
            api.authorizers[0].credentials = Some("arn:aws:iam::000000000000:role/r".to_owned());
        }
        assert_eq!(check(&facts), []);
    }

    #[test]
    fn a_statement_for_every_account_s_apis_is_found() {
        let found = with(vec![statement(json!({}))]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("every AWS account"));
        let bounded = json!({"StringEquals": {"AWS:SourceAccount": "000000000000"}});
        assert_eq!(with(vec![statement(bounded)]), Vec::<String>::new());
    }

    #[test]
    fn patterns_are_iam_s() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("lambda:*", "lambda:InvokeFunction", true),
            ("abc", "abc", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
