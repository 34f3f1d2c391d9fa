//! Whether a statement of a function's resource policy lets API Gateway call: what IAM finds of it
//! when the service calls in its own name. It is in no organization then, and what the call does
//! not say fulfils no condition.

use serde_json::Value;

/// A call of API Gateway in its own name, as IAM's conditions see it.
pub(super) struct GatewayCall<'a> {
    /// `AWS:SourceArn`: the API's authorizer.
    pub(super) source: String,
    /// `AWS:SourceAccount`: the API's.
    pub(super) account: &'a str,
}

impl GatewayCall<'_> {
    pub(super) fn is_let_in_by(&self, statement: &Value) -> bool {
        let principal = &statement["Principal"];
        let service = texts(&principal["Service"]);
        let any = principal == "*" || principal["AWS"] == "*";
        let to_it = any || service.contains(&"apigateway.amazonaws.com");
        let actions = texts(&statement["Action"]);
        let calls = |action: &&str| matches(action, "lambda:InvokeFunction");
        statement["Effect"] == "Allow"
            && to_it
            && actions.iter().any(calls)
            && self.fulfils(&statement["Condition"])
    }

    fn fulfils(&self, conditions: &Value) -> bool {
        let operators = conditions.as_object().into_iter().flatten();
        let mut all = operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, wanted)| (operator.as_str(), key.as_str(), wanted))
        });
        all.all(|(operator, key, wanted)| self.fulfils_one(operator, key, &texts(wanted)))
    }

    /// An operator that is not known here is fulfilled by nothing.
    fn fulfils_one(&self, operator: &str, key: &str, wanted: &[&str]) -> bool {
        let said = match key.to_ascii_lowercase().as_str() {
            "aws:sourcearn" => Some(self.source.as_str()),
            "aws:sourceaccount" => Some(self.account),
            _ => None,
        };
        let (operator, absent_is_right) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let fits: fn(&str, &str) -> bool = match operator {
            "StringEquals" => |wanted, said| wanted == said,
            "StringEqualsIgnoreCase" => str::eq_ignore_ascii_case,
            "StringLike" => matches,
            "ArnEquals" | "ArnLike" => matches_arn,
            _ => return false,
        };
        said.map_or(absent_is_right, |said| {
            wanted.iter().any(|wanted| fits(wanted, said))
        })
    }
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
            (json!(null), true),
            (
                json!({"ArnLike": source("arn:aws:execute-api:*:*:api1/*")}),
                true,
            ),
            (json!({"ArnLike": source("arn:aws:execute-api:*")}), false),
            (json!({"StringLike": source("arn:aws:execute-api:*")}), true),
            (
                json!({"StringEquals": source("arn:aws:execute-api:*")}),
                false,
            ),
            (
                json!({"StringEquals": account(json!(["1", "000000000000"]))}),
                true,
            ),
            (
                json!({"StringEquals": account(json!("111111111111"))}),
                false,
            ),
            // All conditions have to hold.
            (
                json!({"ArnLike": source("arn:aws:execute-api:*:*:api1/*"),
                    "StringEquals": account(json!("111111111111"))}),
                false,
            ),
            (
                json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
                false,
            ),
            (
                json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
                true,
            ),
            (
                json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
                false,
            ),
        ] {
            assert_eq!(call.fulfils(&condition), fulfilled, "{condition}");
        }
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
