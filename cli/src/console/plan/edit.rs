//! A plan's form: what it allows and covers, for a new one and for one that is there.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{self, State},
    http::Method,
};
use serde_json::{Value, json};

use crate::{
    client::{ClientError, Path, Plan},
    console::{
        App, Console, Page,
        form::{self, Form, number, wrong},
        frame::{Frame, html, on_to},
        lines,
        posted::Posted,
    },
};

const NAMES: &[&str] = &[
    "/id",
    "/name",
    "/description",
    "/quota",
    "/throttle",
    "/apiStages",
    "/scope",
    "/enforcement",
];
const PERIODS: [(&str, &str); 5] = [
    ("HOUR", "an hour"),
    ("DAY", "a day"),
    ("WEEK", "a week"),
    ("MONTH", "a month"),
    ("LIFETIME", "in all"),
];

#[derive(Template)]
#[template(path = "console/plan_form.html")]
struct FormPage {
    frame: Frame,
    form: Form,
    /// The plan that is changed.
    id: Option<String>,
    /// What was read, for `If-Match`; or what makes the form work once.
    once: String,
}

/// GET /new-plan
pub(in crate::console) async fn blank(State(console): App) -> Page {
    let filled = [
        ("/quota/period", "MONTH"),
        ("/scope", "key"),
        ("/enforcement", "dynamodb"),
    ];
    let mut filled: Vec<_> = filled.map(|(name, text)| (name, text.to_owned())).into();
    if console.here.is_some() {
        filled.push(("/apiStages", "demorest:dev\ndemohttp:$default\n".to_owned()));
    }
    let form = Form::new(NAMES, filled.into_iter().collect());
    let once = console.once()?;
    page(&console, None, form, once)
}

/// POST /plans
pub(in crate::console) async fn create(
    State(console): App,
    Extension(posted): Extension<Posted>,
) -> Page {
    match made(&console, &posted).await {
        Ok(plan) => Ok(on_to(&format!(
            "{}?done=created",
            Path::of(&["plans", &plan.id])
        ))),
        Err(error) => {
            let once = console.once()?;
            page(&console, None, Form::refused(NAMES, posted, &error), once)
        }
    }
}

async fn made(console: &Console, posted: &Posted) -> Result<Plan, ClientError> {
    let body = form::without_nulls(body(posted)?).to_string();
    let json = ("content-type", "application/json");
    let sent = match posted.given("/id") {
        Some(id) => {
            let headers = [json, ("if-none-match", "*")];
            let path = Path::of(&["v1", "plans", id]);
            let sent = console
                .client
                .send_with(Method::PUT, &path, &headers, body)
                .await;
            sent.map_err(taken)
        }
        None => {
            let headers = [json, ("idempotency-key", posted.text("once"))];
            let path = Path::of(&["v1", "plans"]);
            console
                .client
                .send_with(Method::POST, &path, &headers, body)
                .await
        }
    };
    sent?.read()
}

/// A plan has this id: said at its field.
fn taken(error: ClientError) -> ClientError {
    match error.problem() {
        Some(problem) if problem.status == 412 => wrong("/id", "There is a plan with this id."),
        Some(problem) if problem.errors.is_empty() && problem.status == 400 => {
            wrong("/id", problem.detail.clone())
        }
        _ => error,
    }
}

/// GET /plans/{id}/edit
pub(in crate::console) async fn show(
    State(console): App,
    extract::Path(id): extract::Path<String>,
) -> Page {
    let path = Path::of(&["v1", "plans", &id]);
    let answer = console.client.send(Method::GET, &path, None).await?;
    let plan: Plan = answer.read()?;
    let form = Form::new(NAMES, filled(&plan));
    page(&console, Some(id), form, answer.etag.unwrap_or_default())
}

/// POST /plans/{id}/edit
pub(in crate::console) async fn save(
    State(console): App,
    extract::Path(id): extract::Path<String>,
    Extension(posted): Extension<Posted>,
) -> Page {
    let path = Path::of(&["v1", "plans", &id]);
    let etag = posted.text("once").to_owned();
    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", etag.as_str()),
    ];
    let sent = match body(&posted) {
        Ok(body) => {
            let client = &console.client;
            client
                .send_with(Method::PATCH, &path, &headers, body.to_string())
                .await
        }
        Err(error) => Err(error),
    };
    match sent {
        Ok(_) => Ok(on_to(&format!("{}?done=saved", Path::of(&["plans", &id])))),
        Err(error) => page(
            &console,
            Some(id),
            Form::refused(NAMES, posted, &error),
            etag,
        ),
    }
}

fn page(console: &Arc<Console>, id: Option<String>, form: Form, once: String) -> Page {
    let title = match &id {
        Some(id) => format!("Change {id}"),
        None => "New plan".to_owned(),
    };
    let frame = Frame::of(console, "/plans", title);
    let status = form.status();
    Ok(html(
        status,
        &FormPage {
            frame,
            form,
            id,
            once,
        },
    ))
}

/// A plan as the form shows it.
fn filled(plan: &Plan) -> Posted {
    let text = |number: &dyn std::fmt::Display| number.to_string();
    let quota = plan.quota.as_ref();
    let throttle = plan.throttle.as_ref();
    let burst = throttle.and_then(|throttle| throttle.burst_limit);
    [
        ("/name", Some(plan.name.clone())),
        ("/description", plan.description.clone()),
        ("/quota/limit", quota.map(|quota| text(&quota.limit))),
        (
            "/quota/period",
            Some(quota.map_or("MONTH", |quota| &quota.period).to_owned()),
        ),
        (
            "/throttle/rateLimit",
            throttle.map(|throttle| text(&throttle.rate_limit)),
        ),
        ("/throttle/burstLimit", burst.map(|burst| text(&burst))),
        ("/apiStages", Some(lines::written(&plan.api_stages))),
        ("/scope", Some(plan.scope.clone())),
        ("/enforcement", Some(plan.enforcement.clone())),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text?)))
    .collect()
}

/// What the form says, with null for what is not filled in.
fn body(posted: &Posted) -> Result<Value, ClientError> {
    let stages = lines::read(posted.text("/apiStages"));
    let stages = stages.map_err(|sentence| wrong("/apiStages", sentence))?;
    let quota = posted
        .given("/quota/limit")
        .map(|limit| json!({"limit": number(limit), "period": posted.text("/quota/period")}));
    let burst = posted.given("/throttle/burstLimit").map(number);
    let rate = posted.given("/throttle/rateLimit").map(number);
    if burst.is_some() && rate.is_none() {
        return Err(wrong("/throttle/rateLimit", "A burst needs a rate."));
    }
    let throttle = rate.map(|rate| json!({"rateLimit": rate, "burstLimit": burst}));
    let mut fields = vec![
        ("name", json!(posted.text("/name"))),
        ("description", form::text(posted.text("/description"))),
        ("quota", json!(quota)),
        ("throttle", json!(throttle)),
        ("apiStages", stages),
    ];
    // A plan always has both: what is not chosen is not sent.
    let chosen = [("scope", "/scope"), ("enforcement", "/enforcement")];
    let chosen = chosen.map(|(field, name)| Some((field, json!(posted.given(name)?))));
    fields.extend(chosen.into_iter().flatten());
    let fields = fields.into_iter();
    Ok(fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}
