//! Whether each API may call the authorizer: by a role that it names, or by a statement of the
//! function's policy that names the API. Without either each call is 500.

use latchkey_gateway::FoundAuthorizer;

use super::{Check, Finding, statement::GatewayCall};
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

fn may_call(function: &Function, api: &Api, authorizer: &FoundAuthorizer) -> bool {
    let call = GatewayCall {
        source: source_arn(function, function.account(), &api.found.id, &authorizer.id),
        account: function.account(),
    };
    let mut statements = function.statements.iter();
    statements.any(|one| call.is_let_in_by(one))
}

/// Statements under which the APIs of any account may call: who knows the ARN learns from it
/// whether a key is good, and uses up its limits.
fn unbounded(function: &Function) -> Vec<Finding> {
    let account = "some-account";
    let strangers = GatewayCall {
        source: source_arn(function, account, "some-api", "some"),
        account,
    };
    let open = function.statements.iter();
    let open = open.filter(|one| strangers.is_let_in_by(one));
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
