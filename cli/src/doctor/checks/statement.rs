//! Whether a function's resource policy lets API Gateway call: what IAM finds of its statements when
//! the service calls in its own name. It is in no organization then and has no principal's
//! attributes. What cannot be told from here, of an operator or a key that is not known here, is
//! neither yes nor no.

use serde_json::Value;

/// A call of API Gateway in its own name, as IAM's conditions see it.
pub(super) struct GatewayCall<'a> {
    /// `AWS:SourceArn`: the API's authorizer.
    pub(super) source: String,
    /// `AWS:SourceAccount`: the API's.
    pub(super) account: &'a str,
}

impl GatewayCall<'_> {
    /// Whether a policy lets it in: one statement that denies is enough against it. None where it
    /// cannot be told.
    pub(super) fn is_let_in(&self, statements: &[Value]) -> Option<bool> {
        let any = |effect: &str| {
            let of_it = statements.iter().filter(|one| one["Effect"] == effect);
            any(of_it.map(|one| self.is_meant_by(one)))
        };
        match (any("Deny"), any("Allow")) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), Some(true)) => Some(true),
            _ => None,
        }
    }

    /// Whether a statement is about this call, whatever it says of it; none where it cannot be told.
    pub(super) fn is_meant_by(&self, statement: &Value) -> Option<bool> {
        let negated = ["NotPrincipal", "NotAction"];
        if negated.iter().any(|name| !statement[name].is_null()) {
            return None;
        }
        let principal = &statement["Principal"];
        let service = texts(&principal["Service"]);
        let every = principal == "*" || texts(&principal["AWS"]).contains(&"*");
        let to_it = every || service.contains(&"apigateway.amazonaws.com");
        let actions = texts(&statement["Action"]);
        let calls = |action: &&str| matches(action, "lambda:InvokeFunction");
        if !to_it || !actions.iter().any(calls) {
            return Some(false);
        }
        self.fulfils(&statement["Condition"])
    }

    fn fulfils(&self, conditions: &Value) -> Option<bool> {
        let operators = conditions.as_object().into_iter().flatten();
        let all = operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, wanted)| (operator.as_str(), key.as_str(), wanted))
        });
        // All have to hold: there is none that does not.
        let fails = any(all.map(|(operator, key, wanted)| {
            let holds = self.fulfils_one(operator, key, &texts(wanted));
            holds.map(|holds| !holds)
        }));
        fails.map(|fails| !fails)
    }

    /// A negated operator is fulfilled by what the call does not say, another by nothing of it.
    fn fulfils_one(&self, operator: &str, key: &str, wanted: &[&str]) -> Option<bool> {
        let (operator, if_exists) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let (fits, negated): (fn(&str, &str) -> bool, bool) = match operator {
            "Bool" | "StringEqualsIgnoreCase" => (str::eq_ignore_ascii_case, false),
            "StringEquals" => (|wanted, said| wanted == said, false),
            "StringLike" => (matches, false),
            "ArnEquals" | "ArnLike" => (matches_arn, false),
            "StringNotEqualsIgnoreCase" => (str::eq_ignore_ascii_case, true),
            "StringNotEquals" => (|wanted, said| wanted == said, true),
            "StringNotLike" => (matches, true),
            "ArnNotEquals" | "ArnNotLike" => (matches_arn, true),
            _ => return None,
        };
        let said = match self.says(key) {
            Said::Text(said) => said,
            Said::Nothing => return Some(if_exists || negated),
            Said::NotKnown => return None,
        };
        Some(wanted.iter().any(|wanted| fits(wanted, said)) != negated)
    }

    fn says(&self, key: &str) -> Said<'_> {
        let key = key.to_ascii_lowercase();
        let of_service = ["aws:principalisawsservice", "aws:principalservicename"];
        let is_of_service = of_service.iter().any(|name| key.starts_with(name));
        match key.as_str() {
            "aws:sourcearn" => Said::Text(&self.source),
            "aws:sourceaccount" => Said::Text(self.account),
            _ if is_of_service => Said::NotKnown,
            key if key.starts_with("aws:principal") => Said::Nothing,
            // Those of function URLs.
            key if key.starts_with("lambda:") => Said::Nothing,
            _ => Said::NotKnown,
        }
    }
}

/// What a call says under a key of a condition.
enum Said<'a> {
    Text(&'a str),
    Nothing,
    NotKnown,
}

/// Whether one of them is so; none where it cannot be told.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut none_is = Some(false);
    for one in all {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => none_is = None,
        }
    }
    none_is
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

/// Of an ARN each of the six parts is a pattern of its own: a `*` ends at a colon.
fn matches_arn(pattern: &str, arn: &str) -> bool {
    let (patterns, parts) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    patterns.clone().count() == parts.clone().count()
        && patterns.zip(parts).all(|(one, part)| matches(one, part))
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

    use super::*;

    #[test]
    fn a_condition_is_fulfilled_by_what_the_call_says_alone() {
        let call = GatewayCall {
            source: "arn:aws:execute-api:us-east-1:000000000000:api1/authorizers/a".to_owned(),
            account: "000000000000",
        };
        let source = |pattern: &str| json!({"AWS:SourceArn": pattern});
        let account = |ids: Value| json!({"AWS:SourceAccount": ids});
        for (condition, fulfilled) in [
            (json!(null), Some(true)),
            (
                json!({"ArnLike": source("arn:aws:execute-api:*:*:api1/*")}),
                Some(true),
            ),
            (
                json!({"ArnLike": source("arn:aws:execute-api:*")}),
                Some(false),
            ),
            (
                json!({"StringLike": source("arn:aws:execute-api:*")}),
                Some(true),
            ),
            (
                json!({"StringEquals": source("arn:aws:execute-api:*")}),
                Some(false),
            ),
            (
                json!({"StringEquals": account(json!(["1", "000000000000"]))}),
                Some(true),
            ),
            (
                json!({"StringEquals": account(json!("111111111111"))}),
                Some(false),
            ),
            // All conditions have to hold.
            (
                json!({"ArnLike": source("arn:aws:execute-api:*:*:api1/*"),
                    "StringEquals": account(json!("111111111111"))}),
                Some(false),
            ),
            (
                json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
                Some(false),
            ),
            (
                json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
                Some(true),
            ),
            (
                json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
                Some(false),
            ),
            (
                json!({"StringNotEquals": account(json!("000000000000"))}),
                Some(false),
            ),
            (
                json!({"StringNotEquals": account(json!("111111111111"))}),
                Some(true),
            ),
            (
                json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
                Some(true),
            ),
            // What cannot be told.
            (json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), None),
            (json!({"StringEquals": {"aws:SourceOrgID": "o-1"}}), None),
            (json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}), None),
            // One that does not hold is enough.
            (
                json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                    "StringEquals": account(json!("111111111111"))}),
                Some(false),
            ),
        ] {
            assert_eq!(call.fulfils(&condition), fulfilled, "{condition}");
        }
    }

    #[test]
    fn one_statement_that_denies_is_enough() {
        let call = GatewayCall {
            source: "arn:aws:execute-api:us-east-1:000000000000:api1/authorizers/a".to_owned(),
            account: "000000000000",
        };
        let statement = |effect: &str, condition: Value| json!({"Effect": effect, "Principal": "*", "Action": "lambda:*", "Condition": condition});
        let (of_it, of_others) = (
            json!({"StringEquals": {"AWS:SourceAccount": "000000000000"}}),
            json!({"StringEquals": {"AWS:SourceAccount": "111111111111"}}),
        );
        let unclear = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
        let allow = statement("Allow", of_it.clone());
        for (denied, let_in) in [
            (of_others, Some(true)),
            (of_it, Some(false)),
            (unclear.clone(), None),
        ] {
            let statements = [allow.clone(), statement("Deny", denied)];
            assert_eq!(call.is_let_in(&statements), let_in, "{statements:?}");
        }
        assert_eq!(call.is_let_in(&[statement("Allow", unclear)]), None);
        let but = json!({"Effect": "Deny", "NotPrincipal": {"AWS": "a"}, "Action": "lambda:*"});
        assert_eq!(call.is_let_in(&[allow, but]), None);
        assert_eq!(call.is_let_in(&[]), Some(false));
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
