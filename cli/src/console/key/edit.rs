//! A key's form: for a new one, whose value is then shown once, and for its rules.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{self, RawQuery, State},
    http::{Method, StatusCode},
};
use futures_util::future::join_all;
use serde_json::{Map, Value};

use crate::{
    client::{self, ClientError, Key, Path, Plan, Query, Shown},
    console::{
        App, Console, Page,
        fields::Field,
        form::{self, Form, instant, list, without_nulls},
        frame::{Frame, html, on_to},
        lines,
        plans::param,
        posted::Posted,
        words,
    },
};

const NAMES: &[&str] = &[
    "/name",
    "/description",
    "/customerId",
    "/planIds",
    "/prefix",
    "/value",
    "/notBefore",
    "/expiresAt",
    "/allowedIps",
    "/routes",
];

#[derive(Template)]
#[template(path = "console/key_form.html")]
struct FormPage {
    frame: Frame,
    form: Form,
    /// The key that is changed.
    id: Option<String>,
    /// What was read, for `If-Match`; or what makes the form work once.
    once: String,
    /// Plans to choose from, for a new key.
    plans: Vec<Plan>,
}

/// A value, shown this once.
#[derive(Template)]
#[template(path = "console/key_value.html")]
pub(super) struct ValuePage {
    frame: Frame,
    id: String,
    value: String,
    /// What became of the value before; none for a new key.
    before: Option<String>,
    /// What to call, by stage.
    lines: Vec<(String, String)>,
}

/// GET /new-key
pub(in crate::console) async fn blank(State(console): App, RawQuery(query): RawQuery) -> Page {
    let plan = param(query.as_deref(), "plan");
    let filled = plan.map(|plan| ("/planIds", plan)).into_iter();
    let form = Form::new(NAMES, filled.collect());
    let once = console.once()?;
    page(&console, None, form, once).await
}

/// POST /keys
pub(in crate::console) async fn create(
    State(console): App,
    Extension(posted): Extension<Posted>,
) -> Page {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", posted.text("once")),
    ];
    let path = Path::of(&["v1", "keys"]);
    let plans = posted.all("/planIds").filter(|id| !id.is_empty());
    let mut fields = rules(&posted);
    fields.insert("planIds".to_owned(), plans.collect());
    for (field, name) in [("prefix", "/prefix"), ("value", "/value")] {
        fields.insert(field.to_owned(), form::text(posted.text(name)));
    }
    let body = without_nulls(Value::Object(fields)).to_string();
    let client = &console.client;
    let sent = client.send_with(Method::POST, &path, &headers, body).await;
    match sent.and_then(|answer| answer.read::<Shown>()) {
        Ok(made) => {
            let title = format!("{} is ready", words::key_name(&made.key));
            let page = value_page(&console, title, made, None).await;
            Ok(html(StatusCode::CREATED, &page))
        }
        Err(error) => {
            let once = console.once()?;
            page(&console, None, Form::refused(NAMES, posted, &error), once).await
        }
    }
}

/// The page that has a value, with lines to call with it.
pub(super) async fn value_page(
    console: &Arc<Console>,
    title: String,
    made: Shown,
    before: Option<String>,
) -> ValuePage {
    let plans = join_all(made.key.plan_ids.iter().map(|id| async move {
        console
            .client
            .get::<Plan>(&Path::of(&["v1", "plans", id]))
            .await
    }));
    let plans = plans.await.into_iter().filter_map(Result::ok);
    let base = console.client.base();
    let stages = plans.flat_map(|plan| plan.api_stages);
    let lines = stages.map(|stage| {
        let address = lines::address(base, &stage);
        let address = address.as_deref().unwrap_or("https://YOUR-API/");
        let named = format!("{}:{}", stage.api_id, stage.stage);
        (named, lines::curl(&made.value, address))
    });
    ValuePage {
        lines: lines.take(3).collect(),
        frame: Frame::of(console, "/keys", title),
        id: made.key.id,
        value: made.value,
        before,
    }
}

/// GET /keys/{id}/edit
pub(in crate::console) async fn show(
    State(console): App,
    extract::Path(id): extract::Path<String>,
) -> Page {
    let path = Path::of(&["v1", "keys", &id]);
    let answer = console.client.send(Method::GET, &path, None).await?;
    let form = Form::new(NAMES, filled(answer.read()?));
    page(&console, Some(id), form, answer.etag.unwrap_or_default()).await
}

/// POST /keys/{id}/edit
pub(in crate::console) async fn save(
    State(console): App,
    extract::Path(id): extract::Path<String>,
    Extension(posted): Extension<Posted>,
) -> Page {
    let path = Path::of(&["v1", "keys", &id]);
    let etag = posted.text("once").to_owned();
    let headers = [
        ("content-type", "application/merge-patch+json"),
        ("if-match", etag.as_str()),
    ];
    let body = Value::Object(rules(&posted)).to_string();
    match console
        .client
        .send_with(Method::PATCH, &path, &headers, body)
        .await
    {
        Ok(_) => Ok(on_to(&format!("{}?done=saved", Path::of(&["keys", &id])))),
        Err(error) => {
            page(
                &console,
                Some(id),
                Form::refused(NAMES, posted, &error),
                etag,
            )
            .await
        }
    }
}

async fn page(console: &Arc<Console>, id: Option<String>, form: Form, once: String) -> Page {
    let title = match &id {
        Some(id) => format!("Change {id}"),
        None => "New key".to_owned(),
    };
    let mut plans = Vec::new();
    if id.is_none() {
        let path = Path::of(&["v1", "plans"]).with(&Query::default().with("limit", Some(100)));
        let page: Result<client::Page<Plan>, ClientError> = console.client.get(&path).await;
        plans = page?.items;
    }
    let frame = Frame::of(console, "/keys", title);
    let status = form.status();
    let shown = FormPage {
        frame,
        form,
        id,
        once,
        plans,
    };
    Ok(html(status, &shown))
}

/// A key as the form shows it: all but its value.
fn filled(key: Key) -> Posted {
    let lines = |lines: Option<Vec<String>>| Some(lines?.join("\n"));
    [
        ("/name", key.name),
        ("/description", key.description),
        ("/customerId", key.customer_id),
        ("/notBefore", key.not_before),
        ("/expiresAt", key.expires_at),
        ("/allowedIps", lines(key.allowed_ips)),
        ("/routes", lines(key.routes)),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text?)))
    .collect()
}

/// What the form says, with null for what is not filled in.
fn rules(posted: &Posted) -> Map<String, Value> {
    let text = |name| form::text(posted.text(name));
    let fields = [
        ("name", text("/name")),
        ("description", text("/description")),
        ("customerId", text("/customerId")),
        ("notBefore", instant(posted.text("/notBefore"))),
        ("expiresAt", instant(posted.text("/expiresAt"))),
        ("allowedIps", list(posted.text("/allowedIps"))),
        ("routes", list(posted.text("/routes"))),
    ];
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl FormPage {
    fn rule(&self, name: &'static str, label: &'static str, hint: &'static str) -> Field {
        self.form.area(name, label, hint)
    }
}
