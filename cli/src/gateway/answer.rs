//! An authorizer's answer, read as API Gateway reads it.
//!
//! An answer that breaks a rule lets nobody through: API Gateway answers 500 (docs "Output
//! from a Lambda authorizer"; the limit of 8 KB is Service Quotas' L-20859C74).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{malformed::Malformed, policy::Policy};

/// Largest answer, in bytes of JSON.
const MAX_BYTES: usize = 8 * 1024;
/// The error text that means 401, and no other.
const UNAUTHORIZED: &str = "Unauthorized";

/// What the backend, gateway responses and access logs see of a decision: API Gateway hands
/// every value on as a string.
pub(crate) type Context = BTreeMap<String, String>;

/// Whether an HTTP API's authorizer enables simple responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An IAM policy only.
    Policy,
    /// An IAM policy, or `{"isAuthorized": bool, "context": {}}`.
    SimpleToo,
}

/// What became of a call to the authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It lets the call through.
    Allowed {
        /// Who calls; none in a simple response.
        principal: Option<String>,
        /// What the backend sees.
        context: Context,
    },
    /// Its policy does not allow the call.
    Denied(Context),
    /// It failed with the error text `Unauthorized`.
    Unauthorized,
    /// It failed otherwise, with this text.
    Failed(String),
    /// Its answer breaks a rule.
    Malformed(Malformed),
}

impl Outcome {
    /// Reads what the function gave back, as JSON text or as the text of its error, for a
    /// call of the method `method_arn`.
    pub(crate) fn read(answer: Result<String, String>, method_arn: &str, form: Form) -> Self {
        match answer {
            Err(text) if text == UNAUTHORIZED => Self::Unauthorized,
            Err(text) => Self::Failed(text),
            Ok(answer) => {
                Self::of_answer(&answer, method_arn, form).unwrap_or_else(Self::Malformed)
            }
        }
    }

    fn of_answer(answer: &str, method_arn: &str, form: Form) -> Result<Self, Malformed> {
        if answer.len() > MAX_BYTES {
            return Err(Malformed::Large(answer.len()));
        }
        let answer: Value = serde_json::from_str(answer).map_err(|_| Malformed::NotJson)?;
        if holds_null(&answer) {
            return Err(Malformed::Null);
        }
        let answer = answer
            .as_object()
            .ok_or(Malformed::WrongType("the answer"))?;
        let context = context(answer.get("context"))?;
        let (allowed, principal) = match answer.get("isAuthorized") {
            Some(authorized) if form == Form::SimpleToo => {
                let authorized = authorized.as_bool();
                (
                    authorized.ok_or(Malformed::WrongType("isAuthorized"))?,
                    None,
                )
            }
            _ => {
                let principal = principal(answer)?;
                if answer
                    .get("usageIdentifierKey")
                    .is_some_and(|key| !key.is_string())
                {
                    return Err(Malformed::WrongType("usageIdentifierKey"));
                }
                let document = answer.get("policyDocument");
                let policy =
                    Policy::parse(document.ok_or(Malformed::WrongType("policyDocument"))?)?;
                (policy.allows(method_arn), Some(principal))
            }
        };
        Ok(if allowed {
            Self::Allowed { principal, context }
        } else {
            Self::Denied(context)
        })
    }
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn principal(answer: &Map<String, Value>) -> Result<String, Malformed> {
    match answer.get("principalId").and_then(Value::as_str) {
        Some("") => Err(Malformed::NoPrincipal),
        Some(principal) => Ok(principal.to_owned()),
        None => Err(Malformed::WrongType("principalId")),
    }
}

fn context(context: Option<&Value>) -> Result<Context, Malformed> {
    let Some(context) = context else {
        return Ok(Context::new());
    };
    let members = context.as_object().ok_or(Malformed::WrongType("context"))?;
    let text = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok((name.clone(), value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Malformed::NestedContext),
    };
    members.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/GET/orders/7";

    fn answer() -> Value {
        json!({
            "principalId": "key_1",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}],
            },
            "context": {"keyId": "key_1", "left": 7, "paid": true},
        })
    }

    fn read(answer: Value) -> Outcome {
        Outcome::read(Ok(answer.to_string()), ARN, Form::Policy)
    }

    fn changed(change: impl FnOnce(&mut Value)) -> Outcome {
        let mut answer = answer();
        change(&mut answer);
        read(answer)
    }

    #[test]
    fn a_policy_that_matches_lets_the_call_through_with_its_context_as_strings() {
        let context = [("keyId", "key_1"), ("left", "7"), ("paid", "true")];
        let context = context
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let principal = Some("key_1".to_owned());
        assert_eq!(read(answer()), Outcome::Allowed { principal, context });
    }

    #[test]
    fn a_policy_that_does_not_match_denies_with_its_context() {
        let elsewhere = "arn:aws:execute-api:us-east-1:000000000000:other/*";
        let denied = changed(|answer| {
            answer["policyDocument"]["Statement"][0]["Resource"] = json!(elsewhere)
        });
        assert!(matches!(denied, Outcome::Denied(context) if context["keyId"] == "key_1"));
    }

    #[test]
    fn context_and_usage_identifier_key_may_be_left_out() {
        let mut answer = answer();
        answer.as_object_mut().unwrap().remove("context");
        assert!(
            matches!(read(answer.clone()), Outcome::Allowed { context, .. } if context.is_empty())
        );
        answer["usageIdentifierKey"] = json!("native");
        assert!(matches!(read(answer), Outcome::Allowed { .. }));
    }

    #[test]
    fn only_the_exact_text_means_unauthorized() {
        let failed = |text: &str| Outcome::read(Err(text.to_owned()), ARN, Form::Policy);
        assert_eq!(failed("Unauthorized"), Outcome::Unauthorized);
        for text in [
            "unauthorized",
            "\"Unauthorized\"",
            "Unauthorized: no key",
            "unavailable",
            "",
        ] {
            assert_eq!(failed(text), Outcome::Failed(text.to_owned()));
        }
    }

    #[test]
    fn a_broken_rule_is_a_malformed_answer() {
        let broken = |expected: Malformed, change: &dyn Fn(&mut Value)| {
            assert_eq!(changed(change), Outcome::Malformed(expected));
        };
        broken(Malformed::Null, &|answer| {
            answer["context"]["reason"] = Value::Null
        });
        broken(Malformed::Null, &|answer| {
            answer["usageIdentifierKey"] = Value::Null
        });
        broken(Malformed::Null, &|answer| {
            answer["policyDocument"]["Statement"][0]["Sid"] = Value::Null
        });
        broken(Malformed::NoPrincipal, &|answer| {
            answer["principalId"] = json!("")
        });
        broken(Malformed::WrongType("principalId"), &|answer| {
            answer["principalId"] = json!(7)
        });
        broken(Malformed::WrongType("policyDocument"), &|answer| {
            answer["policyDocument"] = json!("*")
        });
        broken(Malformed::WrongType("context"), &|answer| {
            answer["context"] = json!([])
        });
        broken(Malformed::WrongType("usageIdentifierKey"), &|answer| {
            answer["usageIdentifierKey"] = json!(7)
        });
        broken(Malformed::NestedContext, &|answer| {
            answer["context"]["tags"] = json!(["a"])
        });
        broken(Malformed::NestedContext, &|answer| {
            answer["context"]["tags"] = json!({"a": "b"})
        });
        broken(Malformed::LongArn, &|answer| {
            answer["policyDocument"]["Statement"][0]["Resource"] =
                json!(format!("{ARN}{}", "x".repeat(512)));
        });
        for no_object in [json!([]), json!("Allow"), json!(true)] {
            assert_eq!(
                read(no_object),
                Outcome::Malformed(Malformed::WrongType("the answer"))
            );
        }
        assert_eq!(
            read(json!({})),
            Outcome::Malformed(Malformed::WrongType("principalId"))
        );
        assert_eq!(read(Value::Null), Outcome::Malformed(Malformed::Null));
        let cut = Outcome::read(Ok("{\"principalId\":".to_owned()), ARN, Form::Policy);
        assert_eq!(cut, Outcome::Malformed(Malformed::NotJson));
    }

    #[test]
    fn an_answer_may_have_8192_bytes_and_not_one_more() {
        let empty = changed_len("");
        let filler = |bytes: usize| "x".repeat(bytes - empty);
        assert!(matches!(padded(&filler(8192)), Outcome::Allowed { .. }));
        assert_eq!(
            padded(&filler(8193)),
            Outcome::Malformed(Malformed::Large(8193))
        );
    }

    fn padded(filler: &str) -> Outcome {
        changed(|answer| answer["context"]["filler"] = json!(filler))
    }

    fn changed_len(filler: &str) -> usize {
        let mut answer = answer();
        answer["context"]["filler"] = json!(filler);
        answer.to_string().len()
    }

    #[test]
    fn a_simple_response_counts_only_where_it_is_enabled() {
        let simple = |form, authorized: Value| {
            let answer = json!({"isAuthorized": authorized, "context": {"keyId": "key_1"}});
            Outcome::read(Ok(answer.to_string()), ARN, form)
        };
        assert!(matches!(
            simple(Form::SimpleToo, json!(true)),
            Outcome::Allowed {
                principal: None,
                ..
            }
        ));
        assert!(matches!(
            simple(Form::SimpleToo, json!(false)),
            Outcome::Denied(_)
        ));
        let wrong = Outcome::Malformed(Malformed::WrongType("isAuthorized"));
        assert_eq!(simple(Form::SimpleToo, json!("true")), wrong);
        let no_policy = Outcome::Malformed(Malformed::WrongType("principalId"));
        assert_eq!(simple(Form::Policy, json!(true)), no_policy);
        let policy = Outcome::read(Ok(answer().to_string()), ARN, Form::SimpleToo);
        assert!(
            matches!(policy, Outcome::Allowed { .. }),
            "a policy is right for every form"
        );
    }
}
