//! Decisions in the authorizer's log group (FilterLogEvents of CloudWatch Logs, its JSON
//! protocol). Lines may come late and out of order: each look begins a while before the last line
//! that was seen, and what was seen is remembered for as long.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    LOG_PAUSE as PAUSE,
    decision::{ALLOWED, Decision, Sought},
    log_line,
};
use crate::{
    aws::{Aws, CallError},
    failure::{Failure, Status},
};

/// How often in a row a call is repeated that AWS does not take.
const REPEATS: u32 = 10;
/// How late a line may come, in milliseconds.
const LATE_MS: i64 = 60_000;
/// Logical ids in template.yaml.
const LOG_GROUP: &str = "AuthorizerLogGroup";
const AUTHORIZER: &str = "Authorizer";

/// The log group, and how far it was read.
pub(super) struct LogGroup {
    aws: Aws,
    name: String,
    pattern: String,
    looked: Looked,
}

/// How far it was read.
#[derive(Debug)]
struct Looked {
    /// In milliseconds since 1970, as all times here.
    from: i64,
    latest: i64,
    token: Option<String>,
    /// Ids of lines that may be met again, with their times.
    seen: BTreeMap<String, i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<Event>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_id: String,
    timestamp: i64,
    message: String,
}

/// One page of it.
pub(super) struct Came {
    pub(super) decisions: Vec<Decision>,
    /// Whether more are there already.
    pub(super) more: bool,
}

impl LogGroup {
    /// That of the stack's authorizer.
    ///
    /// # Errors
    /// Where there is no such stack, or it has none.
    pub(super) async fn of_stack(
        aws: Aws,
        stack: &str,
        sought: &Sought,
        since: Timestamp,
    ) -> Result<Self, Failure> {
        let resources = aws.stack_resources(stack).await;
        let resources = resources.map_err(|error| {
            let said = format!("stack {stack} cannot be looked at: {error}: name another with --stack, or another Region with --region");
            Failure::new(Status::NoAnswer, said)
        })?;
        let by_function = || Some(format!("/aws/lambda/{}", resources.get(AUTHORIZER)?));
        let name = resources.get(LOG_GROUP).cloned().or_else(by_function);
        let name = name.ok_or_else(|| {
            let said = format!("stack {stack} has no authorizer: it is not one of Latchkey's");
            Failure::new(Status::NoAnswer, said)
        })?;
        Ok(Self {
            aws,
            name,
            pattern: pattern(sought),
            looked: Looked::from(since.as_millisecond()),
        })
    }

    /// # Errors
    /// Where there is no answer.
    pub(super) async fn next(&mut self) -> Result<Came, Failure> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        let body = self.looked.request(&self.name, &self.pattern).to_string();
        let failed = |error: CallError| {
            let said = format!("the log group {}: {error}", self.name);
            Failure::new(Status::NoAnswer, said)
        };
        let mut repeats = 0;
        let answer = loop {
            let answer = self.aws.post("logs", &headers, body.clone()).await;
            // AWS takes a few calls a second: the same one is made again a while later.
            match answer {
                Err(CallError::Throttled(_)) if repeats < REPEATS => repeats += 1,
                Err(CallError::Throttled(said)) => {
                    let said = format!("{said}, {repeats} times in a row: start again later");
                    return Err(failed(CallError::Failed(said)));
                }
                answer => break answer.map_err(failed)?,
            }
            tokio::time::sleep(PAUSE).await;
        };
        let unreadable = |_| failed(CallError::Failed("its answer cannot be read".to_owned()));
        let page: Page = serde_json::from_slice(&answer.body).map_err(unreadable)?;
        Ok(self.looked.take(page))
    }
}

impl Looked {
    fn from(from: i64) -> Self {
        Self {
            from,
            latest: from,
            token: None,
            seen: BTreeMap::new(),
        }
    }

    fn request(&self, group: &str, pattern: &str) -> Value {
        let mut body = json!({
            "logGroupName": group, "startTime": self.from, "filterPattern": pattern,
        });
        if let (Some(body), Some(token)) = (body.as_object_mut(), &self.token) {
            body.insert("nextToken".to_owned(), json!(token));
        }
        body
    }

    fn take(&mut self, page: Page) -> Came {
        let mut decisions = Vec::new();
        for event in page.events {
            self.latest = self.latest.max(event.timestamp);
            if self.seen.insert(event.event_id, event.timestamp).is_none() {
                let at = Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
                decisions.extend(log_line::read(&event.message, at));
            }
        }
        self.token = page.next_token;
        let more = self.token.is_some();
        if !more {
            self.from = self.from.max(self.latest - LATE_MS);
            let from = self.from;
            self.seen.retain(|_, at| *at >= from);
        }
        Came { decisions, more }
    }
}

/// What CloudWatch Logs looks for: no more comes than is sought, as far as it can be said there.
fn pattern(sought: &Sought) -> String {
    let mut terms = vec![r#"($.message = "decision")"#.to_owned()];
    let allowed = sought.reason.as_deref() == Some(ALLOWED);
    if allowed {
        terms.push(r#"($.decision = "allow")"#.to_owned());
    }
    let fields = [
        ("key_id", &sought.key_id),
        ("customer_id", &sought.customer_id),
        ("plan_id", &sought.plan_id),
        ("reason", if allowed { &None } else { &sought.reason }),
    ];
    for (name, value) in fields {
        // `*` stands for anything there, and a quote would end the word.
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:@/".contains(c);
        if let Some(value) = value.as_ref().filter(|value| value.chars().all(plain)) {
            terms.push(format!(r#"($.{name} = "{value}")"#));
        }
    }
    format!("{{ {} }}", terms.join(" && "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(events: &[(&str, i64)], token: Option<&str>) -> Page {
        let event = |(id, at): &(&str, i64)| Event {
            event_id: (*id).to_owned(),
            timestamp: *at,
            message: r#"{"message":"decision","decision":"allow"}"#.to_owned(),
        };
        Page {
            events: events.iter().map(event).collect(),
            next_token: token.map(str::to_owned),
        }
    }

    #[test]
    fn nothing_comes_twice_and_what_comes_late_comes() {
        let mut looked = Looked::from(1_000_000);
        let first = looked.take(page(&[("a", 2_000_000)], Some("more")));
        assert!(first.more);
        assert_eq!(looked.request("g", "p")["nextToken"], "more");
        let second = looked.take(page(&[("b", 2_000_500)], None));
        assert_eq!(
            (first.decisions.len(), second.decisions.len(), second.more),
            (1, 1, false)
        );
        let request = looked.request("g", "p");
        assert_eq!(
            request,
            json!({"logGroupName": "g", "filterPattern": "p", "startTime": 1_940_500})
        );
        let third = looked.take(page(
            &[("a", 2_000_000), ("late", 1_999_000), ("b", 2_000_500)],
            None,
        ));
        assert_eq!(third.decisions.len(), 1);
        looked.take(page(&[("c", 9_000_000)], None));
        assert_eq!(
            looked.seen.keys().collect::<Vec<_>>(),
            ["c"],
            "no more is kept than may come again"
        );
    }

    #[test]
    fn what_is_sought_is_said_where_it_can_be() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            pattern(&Sought::default()),
            r#"{ ($.message = "decision") }"#
        );
        let sought = Sought {
            key_id: some("key_1"),
            reason: some("throttled"),
            ..Sought::default()
        };
        assert_eq!(
            pattern(&sought),
            r#"{ ($.message = "decision") && ($.key_id = "key_1") && ($.reason = "throttled") }"#
        );
        let sought = Sought {
            customer_id: some("a\"*b"),
            reason: some(ALLOWED),
            ..Sought::default()
        };
        assert_eq!(
            pattern(&sought),
            r#"{ ($.message = "decision") && ($.decision = "allow") }"#
        );
    }
}
