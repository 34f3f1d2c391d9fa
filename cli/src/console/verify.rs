//! Why is this customer refused? What would be decided of a call, check by check.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, extract::State, http::Method};
use jiff::ToSpan as _;
use serde_json::json;

use super::{
    App, Console, Page,
    form::{self, Form, without_nulls},
    frame::{Frame, html},
    posted::Posted,
    words,
};
use crate::client::{self, ClientError, Path, Plan, Query, Verified};

const NAMES: &[&str] = &[
    "/value",
    "/apiId",
    "/stage",
    "/method",
    "/path",
    "/sourceIp",
];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Plans whose stages are proposed.
const PROPOSED: u16 = 100;

#[derive(Template)]
#[template(path = "console/verify.html")]
struct VerifyPage {
    frame: Frame,
    form: Form,
    /// The API stages that plans name: ids and stages.
    apis: Vec<String>,
    stages: Vec<String>,
    answer: Option<Told>,
}

/// A decision in words.
struct Told {
    allowed: bool,
    call: String,
    headline: &'static str,
    reason: String,
    advice: &'static str,
    key_id: Option<String>,
    plan_id: Option<String>,
    previous_value: bool,
    left: Option<String>,
    back: Option<String>,
    checks: Vec<Said>,
}

struct Said {
    /// `pass`, `fail` or `skipped`.
    outcome: String,
    /// The same for people.
    word: &'static str,
    sentence: String,
}

/// GET /verify
pub(super) async fn blank(State(console): App) -> Page {
    let mut filled = vec![("/method", "GET".to_owned())];
    if console.here.is_some() {
        let call = [
            ("/apiId", "demorest"),
            ("/stage", "dev"),
            ("/path", "/orders/42"),
        ];
        filled.extend(call.map(|(name, text)| (name, text.to_owned())));
    }
    page(
        &console,
        Form::new(NAMES, filled.into_iter().collect()),
        None,
    )
    .await
}

/// POST /verify
pub(super) async fn ask(State(console): App, Extension(posted): Extension<Posted>) -> Page {
    let text = |name| form::text(posted.text(name));
    let body = without_nulls(json!({
        "value": posted.text("/value"),
        "apiId": posted.text("/apiId"),
        "stage": posted.text("/stage"),
        "method": posted.text("/method"),
        "path": posted.text("/path"),
        "sourceIp": text("/sourceIp"),
    }));
    let path = Path::of(&["v1", "verify"]);
    let sent = console.client.send(Method::POST, &path, Some(&body)).await;
    match sent.and_then(|answer| answer.read::<Verified>()) {
        Ok(verified) => {
            let told = told(&console, &posted, verified);
            page(&console, Form::new(NAMES, posted), Some(told)).await
        }
        Err(error) => page(&console, Form::refused(NAMES, posted, &error), None).await,
    }
}

async fn page(console: &Arc<Console>, form: Form, answer: Option<Told>) -> Page {
    let query = Query::default().with("limit", Some(PROPOSED));
    let path = Path::of(&["v1", "plans"]).with(&query);
    let plans: Result<client::Page<Plan>, ClientError> = console.client.get(&path).await;
    let stages = plans?.items.into_iter().flat_map(|plan| plan.api_stages);
    let (mut apis, mut names): (Vec<_>, Vec<_>) =
        stages.map(|stage| (stage.api_id, stage.stage)).unzip();
    for list in [&mut apis, &mut names] {
        list.retain(|name| name != "*");
        list.sort_unstable();
        list.dedup();
    }
    let status = form.status();
    let shown = VerifyPage {
        frame: Frame::of(console, "/verify", "Why is this call refused?"),
        form,
        apis,
        stages: names,
        answer,
    };
    Ok(html(status, &shown))
}

fn told(console: &Console, posted: &Posted, verified: Verified) -> Told {
    let allowed = verified.decision == "allow";
    let reason = verified.reason.unwrap_or_default();
    let checks = verified.checks.into_iter().map(|check| {
        let (passed, failed) = words::check(&check.name);
        let (word, sentence) = match check.outcome.as_str() {
            "pass" => ("passed", passed),
            "fail" => ("refused", failed),
            _ => ("not looked at", passed),
        };
        Said {
            word,
            sentence: sentence.to_owned(),
            outcome: check.outcome,
        }
    });
    let back = verified.retry_after.filter(|_| !allowed).map(|seconds| {
        let now = console.clock.now().timestamp();
        let at = now
            .saturating_add(seconds.seconds())
            .map(|at| words::when(&at.to_string()));
        format!("in {}, at {}", words::span(seconds), at.unwrap_or_default())
    });
    Told {
        allowed,
        call: format!(
            "{} {} on {}, stage {}",
            posted.text("/method"),
            posted.text("/path"),
            posted.text("/apiId"),
            posted.text("/stage")
        ),
        headline: if allowed {
            "It would pass"
        } else {
            "It would be refused"
        },
        advice: if allowed { "" } else { words::advice(&reason) },
        reason,
        key_id: verified.key_id,
        plan_id: verified.plan_id,
        previous_value: verified.previous_value == Some(true),
        left: verified.quota_remaining.map(words::thousands),
        back,
        checks: checks.collect(),
    }
}

impl Told {
    /// The first check that failed, in words.
    fn why(&self) -> &str {
        words::check(&self.reason).1
    }
}

impl VerifyPage {
    fn methods(&self) -> [&'static str; 7] {
        METHODS
    }
}
