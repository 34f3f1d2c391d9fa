//! What is done to a key from its page. What is refused leads back to the page, with the reason
//! where it belongs.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{self, State},
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use super::{edit::value_page, page};
use crate::{
    client::{Answer, ClientError, Path, Shown},
    console::{
        App, Console, Page,
        form::{Form, number, wrong},
        frame::{html, on_to},
        posted::Posted,
        words,
    },
};

type Id = extract::Path<String>;

/// On to the key's page; or the page itself, with what is wrong at the form of this name.
async fn ended(
    console: &Arc<Console>,
    (id, name, done): (&str, &'static str, &str),
    posted: Posted,
    sent: Result<Answer, ClientError>,
) -> Page {
    match sent {
        Ok(_) => Ok(on_to(&format!("{}?done={done}", Path::of(&["keys", id])))),
        Err(error) => {
            let form = Form::refused(&[], posted, &error);
            page(console, id, None, Some(name), form).await
        }
    }
}

/// POST /keys/{id}/rotate
pub(in crate::console) async fn rotate(
    State(console): App,
    extract::Path(id): Id,
    Extension(posted): Extension<Posted>,
) -> Page {
    let grace = posted.text("grace").parse::<i64>().unwrap_or(0);
    let body = json!({"gracePeriodSeconds": grace}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", posted.text("once")),
    ];
    let path = Path::of(&["v1", "keys", &id, "rotate"]);
    let client = &console.client;
    let sent = client.send_with(Method::POST, &path, &headers, body).await;
    match sent.and_then(|answer| answer.read::<Shown>()) {
        Ok(made) => {
            let before = match grace {
                0 => "Every value before it is refused from now on.".to_owned(),
                grace => format!("The value before it works for {} yet.", words::span(grace)),
            };
            let title = format!("{} has a new value", words::key_name(&made.key));
            let shown = value_page(&console, title, made, Some(before)).await;
            Ok(html(StatusCode::OK, &shown))
        }
        Err(error) => {
            let form = Form::refused(&[], posted, &error);
            page(&console, &id, None, Some("rotate"), form).await
        }
    }
}

/// POST /keys/{id}/switch
pub(in crate::console) async fn switch(
    State(console): App,
    extract::Path(id): Id,
    Extension(posted): Extension<Posted>,
) -> Page {
    let enabled = posted.text("enabled") == "true";
    let done = if enabled { "enabled" } else { "disabled" };
    let path = Path::of(&["v1", "keys", &id]);
    let body = json!({"enabled": enabled});
    let sent = console.client.send(Method::PATCH, &path, Some(&body)).await;
    ended(&console, (&id, "switch", done), posted, sent).await
}

/// POST /keys/{id}/move
pub(in crate::console) async fn change_plan(
    State(console): App,
    extract::Path(id): Id,
    Extension(posted): Extension<Posted>,
) -> Page {
    let body = json!({
        "fromPlanId": posted.text("from"),
        "toPlanId": posted.text("to"),
    });
    let path = Path::of(&["v1", "keys", &id, "move"]);
    let sent = console.client.send(Method::POST, &path, Some(&body)).await;
    ended(&console, (&id, "plans", "moved"), posted, sent).await
}

/// POST /keys/{id}/attach
pub(in crate::console) async fn attach(
    State(console): App,
    extract::Path(id): Id,
    Extension(posted): Extension<Posted>,
) -> Page {
    let sent = on_plan(&console, Method::PUT, &posted, &id, &[], None).await;
    ended(&console, (&id, "plans", "attached"), posted, sent).await
}

/// POST /keys/{id}/detach
pub(in crate::console) async fn detach(
    State(console): App,
    extract::Path(id): Id,
    Extension(posted): Extension<Posted>,
) -> Page {
    let sent = on_plan(&console, Method::DELETE, &posted, &id, &[], None).await;
    ended(&console, (&id, "plans", "detached"), posted, sent).await
}

/// POST /keys/{id}/grant
pub(in crate::console) async fn grant(
    State(console): App,
    extract::Path(id): Id,
    Extension(posted): Extension<Posted>,
) -> Page {
    let body = json!({"remaining": number(posted.text("remaining"))});
    let more = &["usage"];
    let sent = on_plan(&console, Method::PATCH, &posted, &id, more, Some(&body)).await;
    ended(&console, (&id, "plans", "granted"), posted, sent).await
}

/// A call about the key on the plan that the form names.
async fn on_plan(
    console: &Console,
    method: Method,
    posted: &Posted,
    id: &str,
    more: &[&str],
    body: Option<&Value>,
) -> Result<Answer, ClientError> {
    let plan = posted.given("plan");
    let plan = plan.ok_or_else(|| wrong("/plan", "Choose a plan."))?;
    let words = [&["v1", "plans", plan, "keys", id], more].concat();
    console.client.send(method, &Path::of(&words), body).await
}
