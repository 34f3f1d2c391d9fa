//! Whether each API may call the authorizer: by a role that it names, or by a statement of the
//! function's policy that names the API. Without either each call is 500.

use latchkey_gateway::FoundAuthorizer;

use super::{Check, Finding, statement::GatewayCall};
use crate::doctor::facts::{Api, Facts, Function, Unseen};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(function) = &facts.authorizer else {
        return Vec::new();
    };
    let mut findings = unbounded(function);
    for (api, authorizer) in asking(facts) {
        if authorizer.credentials.is_none() && may_call(function, api, authorizer) == Some(false) {
            findings.push(refused_finding(function, api, authorizer));
        }
    }
    findings
}

/// What of it cannot be told from here.
pub(super) fn not_seen(facts: &Facts) -> Vec<Unseen> {
    let Some(function) = &facts.authorizer else {
        return Vec::new();
    };
    let note = |(api, authorizer): (&Api, &FoundAuthorizer)| {
        let why = match &authorizer.credentials {
            None if may_call(function, api, authorizer).is_some() => return None,
            None => format!(
                "the policy of {} has a condition that is not known here",
                function.name
            ),
            Some(role) if is_own_role(facts, function, role) => return None,
            Some(role) => format!(
                "it names {role} as its credentials, whose policies are not read here: it needs lambda:InvokeFunction on the function, and apigateway.amazonaws.com must be let assume it"
            ),
        };
        let what = format!(
            "whether authorizer {} of {} may call {}",
            authorizer.id,
            api.label(),
            function.name
        );
        Some(Unseen { what, why })
    };
    asking(facts).filter_map(note).collect()
}

fn asking(facts: &Facts) -> impl Iterator<Item = (&Api, &FoundAuthorizer)> {
    let apis = facts.apis.iter();
    apis.flat_map(|api| api.authorizers.iter().map(move |one| (api, one)))
}

/// Whether credentials are the stack's own role, which the template lets call.
fn is_own_role(facts: &Facts, function: &Function, role: &str) -> bool {
    let account = role.split(':').nth(4).unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or_default();
    account == function.account() && facts.invoke_role.as_deref() == Some(name)
}

fn refused_finding(function: &Function, api: &Api, authorizer: &FoundAuthorizer) -> Finding {
    let call = call_of(function, api, authorizer);
    let denies =
        |one: &&serde_json::Value| one["Effect"] == "Deny" && call.is_meant_by(one) == Some(true);
    if let Some(statement) = function.statements.iter().find(denies) {
        let id = statement["Sid"].as_str().unwrap_or("without an id");
        let problem = format!(
            "authorizer {} names no role, and statement {id} of the policy of {} denies it: calls are 500",
            authorizer.id, function.name,
        );
        let remedy = format!(
            "take the statement away, or out of it what it denies to API Gateway: aws lambda remove-permission --function-name {} --statement-id {id}",
            function.name,
        );
        return Finding::new(Check::Permissions, api.label(), problem, remedy);
    }
    let problem = format!(
        "authorizer {} names no role, and the policy of {} has no statement for it: calls are 500",
        authorizer.id, function.name,
    );
    let remedy = format!(
        "let it name the stack's ApiGatewayInvokeRoleArn as its credentials, or: aws lambda add-permission --function-name {} --statement-id api-{} --action lambda:InvokeFunction --principal apigateway.amazonaws.com --source-arn '{}'",
        function.name,
        api.found.id,
        source_arn(function, function.account(), &api.found.id, "*"),
    );
    Finding::new(Check::Permissions, api.label(), problem, remedy)
}

/// As API Gateway names an API's authorizer when it calls, in the function's partition and Region.
fn source_arn(function: &Function, account: &str, api: &str, authorizer: &str) -> String {
    let mut parts = function.arn.split(':').skip(1);
    let mut part = || parts.next().unwrap_or_default();
    let (partition, _, region) = (part(), part(), part());
    format!("arn:{partition}:execute-api:{region}:{account}:{api}/authorizers/{authorizer}")
}

fn call_of<'a>(function: &'a Function, api: &Api, authorizer: &FoundAuthorizer) -> GatewayCall<'a> {
    GatewayCall {
        source: source_arn(function, function.account(), &api.found.id, &authorizer.id),
        account: function.account(),
    }
}

fn may_call(function: &Function, api: &Api, authorizer: &FoundAuthorizer) -> Option<bool> {
    call_of(function, api, authorizer).is_let_in(&function.statements)
}

/// Statements under which the APIs of any account may call: who knows the ARN learns from it
/// whether a key is good, and uses up its limits.
fn unbounded(function: &Function) -> Vec<Finding> {
    let account = "some-account";
    let strangers = GatewayCall {
        source: source_arn(function, account, "some-api", "some"),
        account,
    };
    if strangers.is_let_in(&function.statements) != Some(true) {
        return Vec::new();
    }
    let open = function.statements.iter();
    let open =
        open.filter(|one| one["Effect"] == "Allow" && strangers.is_meant_by(one) == Some(true));
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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

    /// With no statement, and this role as the credentials of each authorizer.
    fn with_role(role: &str) -> Facts {
        let mut facts = healthy();
        facts.authorizer.as_mut().unwrap().statements = vec![];
        for api in &mut facts.apis {
            api.authorizers[0].credentials = Some(role.to_owned());
        }
        facts
    }

    #[test]
    fn the_stack_s_own_role_needs_no_statement() {
        let facts = with_role("arn:aws:iam::000000000000:role/invoke");
        assert_eq!(check(&facts), []);
        assert_eq!(not_seen(&facts), []);
    }

    #[test]
    fn whether_another_role_may_call_is_told_as_not_looked_at() {
        for role in [
            "arn:aws:iam::000000000000:role/r",
            "arn:aws:iam::111111111111:role/invoke",
            "arn:aws:iam::*:user/*",
        ] {
            let facts = with_role(role);
            assert_eq!(check(&facts), []);
            let unseen = not_seen(&facts);
            assert_eq!(unseen.len(), 3, "{unseen:?}");
            assert!(unseen[0].why.contains(role), "{unseen:?}");
        }
    }

    #[test]
    fn a_statement_that_denies_is_found_and_one_that_cannot_be_judged_is_told() {
        let allow = healthy().authorizer.unwrap().statements;
        let deny = |condition: Value| {
            let mut all = allow.clone();
            all.push(
                json!({"Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "lambda:*",
                "Condition": condition}),
            );
            all
        };
        let found = with(deny(json!({})));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("statement no of the policy"), "{found:?}");
        let others = json!({"StringNotEquals": {"AWS:SourceAccount": "000000000000"}});
        assert_eq!(with(deny(others)), Vec::<String>::new());
        let mut facts = healthy();
        let unclear = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        facts.authorizer.as_mut().unwrap().statements = deny(unclear);
        assert_eq!(check(&facts), []);
        assert_eq!(not_seen(&facts).len(), 3);
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
    fn a_statement_for_an_organization_lets_no_api_call() {
        let organization = json!({"Sid": "s", "Effect": "Allow", "Principal": "*",
            "Action": "lambda:InvokeFunction",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}});
        let found = with(vec![organization]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|one| one.contains("calls are 500")));
    }

    #[test]
    fn a_statement_for_another_account_lets_no_api_of_this_one_call() {
        let other = json!({"StringEquals": {"AWS:SourceAccount": "111111111111"}});
        let found = with(vec![statement(other)]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|one| one.contains("calls are 500")));
    }

    #[test]
    fn a_source_of_every_account_is_no_bound() {
        let every = json!({"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:*:*"}});
        let found = with(vec![statement(every)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("every AWS account"));
    }
}
