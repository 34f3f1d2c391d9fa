//! IAM policies, as far as an authorizer's answer may hold one: evaluated, not searched
//! for the word `Allow`.
//!
//! An explicit Deny wins, and where nothing matches the answer is no (docs "IAM JSON policy
//! evaluation logic"). Elements that this reader does not know, such as `Condition`, make
//! the whole policy malformed: what cannot be evaluated opens nothing.

use serde_json::{Map, Value};

use super::malformed::Malformed;

/// What an authorizer's policy must allow.
const INVOKE: &str = "execute-api:Invoke";
/// Longest ARN that API Gateway takes (docs "Output from a Lambda authorizer").
const MAX_ARN_CHARACTERS: usize = 512;

/// The statements of a policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    actions: Vec<String>,
    resources: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

impl Policy {
    /// Reads a `policyDocument`.
    pub(crate) fn parse(document: &Value) -> Result<Self, Malformed> {
        let document = document
            .as_object()
            .ok_or(Malformed::WrongType("policyDocument"))?;
        known_elements(document, &["Version", "Id", "Statement"])?;
        match document.get("Version").map(Value::as_str) {
            None | Some(Some("2012-10-17" | "2008-10-17")) => {}
            Some(_) => return Err(Malformed::Policy("Version must be 2012-10-17")),
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(Statement::parse).collect(),
            Some(single) => Statement::parse(single).map(|statement| vec![statement]),
            None => Err(Malformed::Policy("it has no Statement")),
        }?;
        if statements.is_empty() {
            return Err(Malformed::Policy("it has no Statement"));
        }
        Ok(Self { statements })
    }

    /// Whether the policy lets the method of this ARN be called.
    pub(crate) fn allows(&self, method_arn: &str) -> bool {
        let matching = |effect| {
            self.statements
                .iter()
                .any(|statement| statement.effect == effect && statement.matches(method_arn))
        };
        !matching(Effect::Deny) && matching(Effect::Allow)
    }
}

impl Statement {
    fn parse(statement: &Value) -> Result<Self, Malformed> {
        let statement = statement
            .as_object()
            .ok_or(Malformed::WrongType("Statement"))?;
        known_elements(statement, &["Sid", "Effect", "Action", "Resource"])?;
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(Malformed::Policy("Effect must be Allow or Deny")),
        };
        let actions = texts(statement.get("Action"), "Action")?;
        let resources = texts(statement.get("Resource"), "Resource")?;
        resources.iter().try_for_each(|arn| check_arn(arn))?;
        Ok(Self {
            effect,
            actions,
            resources,
        })
    }

    fn matches(&self, method_arn: &str) -> bool {
        let invoke = INVOKE.to_ascii_lowercase();
        self.actions
            .iter()
            .any(|action| glob(&action.to_ascii_lowercase(), &invoke))
            && self
                .resources
                .iter()
                .any(|resource| glob(resource, method_arn))
    }
}

fn known_elements(object: &Map<String, Value>, known: &[&str]) -> Result<(), Malformed> {
    if object.keys().all(|name| known.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(Malformed::Policy(
            "it has an element other than Version, Statement, Sid, Effect, Action, Resource",
        ))
    }
}

/// One text, or a list of at least one.
fn texts(value: Option<&Value>, name: &'static str) -> Result<Vec<String>, Malformed> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts = match value {
        Some(Value::Array(values)) => values.iter().map(text).collect::<Option<Vec<_>>>(),
        Some(single) => text(single).map(|text| vec![text]),
        None => None,
    };
    texts
        .filter(|texts| !texts.is_empty())
        .ok_or(Malformed::WrongType(name))
}

fn check_arn(arn: &str) -> Result<(), Malformed> {
    if arn.chars().count() > MAX_ARN_CHARACTERS {
        return Err(Malformed::LongArn);
    }
    let named = arn.starts_with("arn:") && arn.splitn(6, ':').count() == 6;
    if arn != "*" && !named {
        return Err(Malformed::Policy("a Resource is neither an ARN nor *"));
    }
    if arn.contains("${") {
        return Err(Malformed::Policy("a Resource holds a policy variable"));
    }
    Ok(())
}

/// Whether `text` is what `pattern` says: `*` is any run of characters, slashes and the
/// empty run included, `?` any one.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and how much of the text it has taken.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(one) if *one == '?' || Some(one) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/GET/orders/7";
    const STAGE: &str = "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/*";

    fn statement(effect: &str, resource: &str) -> Value {
        json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource})
    }

    fn policy(statements: &[Value]) -> Policy {
        Policy::parse(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    }

    fn allows(resource: &str) -> bool {
        policy(&[statement("Allow", resource)]).allows(ARN)
    }

    #[test]
    fn a_star_crosses_slashes_and_a_question_mark_is_one_character() {
        assert!(allows("*") && allows(STAGE) && allows(ARN));
        assert!(allows("arn:aws:execute-api:*:*:demorest/*/GET/*"));
        assert!(allows(
            "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/GET/orders/?"
        ));
        assert!(!allows(
            "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/POST/*"
        ));
        assert!(!allows(
            "arn:aws:execute-api:us-east-1:000000000000:demorest/prod/*"
        ));
        assert!(!allows(
            "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/GET/orders/??"
        ));
        assert!(!allows(
            "arn:aws:execute-api:us-east-1:000000000000:DEMOREST/dev/*"
        ));
    }

    #[test]
    fn a_deny_wins_wherever_it_stands() {
        let (allow, deny) = (statement("Allow", "*"), statement("Deny", STAGE));
        assert!(!policy(&[allow.clone(), deny.clone()]).allows(ARN));
        assert!(!policy(&[deny, allow.clone()]).allows(ARN));
        let elsewhere = statement("Deny", "arn:aws:execute-api:us-east-1:000000000000:other/*");
        assert!(
            policy(&[elsewhere, allow]).allows(ARN),
            "a Deny that does not match is nothing"
        );
    }

    #[test]
    fn without_a_match_the_answer_is_no() {
        assert!(!policy(&[statement("Deny", "arn:aws:s3:::other")]).allows(ARN));
    }

    #[test]
    fn the_action_must_be_invoke_in_any_case() {
        let allows = |action: Value| {
            policy(&[json!({"Effect": "Allow", "Action": action, "Resource": "*"})]).allows(ARN)
        };
        for action in [
            "execute-api:Invoke",
            "EXECUTE-API:invoke",
            "execute-api:*",
            "*",
            "execute-api:Inv*",
        ] {
            assert!(allows(json!(action)), "{action}");
        }
        assert!(allows(json!(["s3:GetObject", "execute-api:Invoke"])));
        for action in [
            "execute-api:ManageConnections",
            "s3:*",
            "execute-api:Invok",
            "",
        ] {
            assert!(!allows(json!(action)), "{action}");
        }
    }

    #[test]
    fn one_statement_may_stand_without_a_list() {
        let document = json!({"Statement": statement("Allow", "*")});
        assert!(Policy::parse(&document).unwrap().allows(ARN));
    }

    #[test]
    fn what_cannot_be_evaluated_is_malformed() {
        let with = |name: &str, value: Value| {
            let mut statement = statement("Allow", "*");
            statement[name] = value;
            Policy::parse(&json!({"Statement": [statement]}))
        };
        assert!(with("Sid", json!("one")).is_ok());
        for (name, value) in [
            (
                "Condition",
                json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            ),
            ("NotResource", json!("*")),
            ("Effect", json!("allow")),
            ("Effect", json!(true)),
            ("Action", json!([])),
            ("Action", json!(7)),
            ("Resource", json!([])),
            ("Resource", json!([7])),
            ("Resource", json!({"arn": "*"})),
            ("Resource", json!("demorest/dev/*")),
            (
                "Resource",
                json!("arn:aws:execute-api:us-east-1:demorest/*"),
            ),
            (
                "Resource",
                json!("arn:aws:execute-api:*:*:${aws:username}/*"),
            ),
        ] {
            assert!(with(name, value.clone()).is_err(), "{name}: {value}");
        }
        for document in [
            json!("*"),
            json!({}),
            json!({"Statement": []}),
            json!({"Version": "2026-01-01", "Statement": [statement("Allow", "*")]}),
            json!({"statement": [statement("Allow", "*")]}),
        ] {
            assert!(Policy::parse(&document).is_err(), "{document}");
        }
    }

    #[test]
    fn an_arn_may_have_512_characters_and_not_one_more() {
        let of_length = |length: usize| {
            let head = "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/GET/";
            let resource = format!("{head}{}", "é".repeat(length - head.len()));
            Policy::parse(&json!({"Statement": [statement("Allow", &resource)]}))
        };
        assert!(of_length(512).is_ok());
        assert_eq!(of_length(513), Err(Malformed::LongArn));
    }

    /// The same as [`glob`], by definition: short enough to be seen to be right.
    fn plain_glob(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('*', after)), rest) => {
                plain_glob(after, text) || rest.is_some_and(|(_, rest)| plain_glob(pattern, rest))
            }
            (Some((one, after)), Some((first, rest))) => {
                (*one == '?' || one == first) && plain_glob(after, rest)
            }
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn globs_match_as_defined(pattern in "[ab/*?é]{0,8}", text in "[ab/é]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(glob(&pattern, &text), plain_glob(&p, &t));
        }

        #[test]
        fn a_text_matches_itself_and_every_prefix_with_a_star(text in "[a-c/:%.]{0,40}", cut in 0usize..41) {
            prop_assert!(glob(&text, &text));
            let cut = cut.min(text.len());
            let pattern = format!("{}*", &text[..cut]);
            prop_assert!(glob(&pattern, &text));
        }

        #[test]
        fn a_deny_of_a_resource_closes_what_it_matches(path in "[a-z/]{0,30}") {
            let arn = format!("arn:aws:execute-api:us-east-1:000000000000:demorest/dev/GET/{path}");
            let allow = policy(&[statement("Allow", "*")]);
            prop_assert!(allow.allows(&arn));
            let both = policy(&[statement("Allow", "*"), statement("Deny", &arn)]);
            prop_assert!(!both.allows(&arn));
        }
    }
}
