//! Deleting a plan: a question first.

use askama::Template;
use axum::{
    Extension,
    extract::{self, State},
    http::Method,
};

use super::OK;
use crate::{
    client::{self, Attachment, Path, Plan, Query},
    console::{
        App, Page,
        frame::{Frame, html, on_to},
        posted::Posted,
        words,
    },
};

#[derive(Template)]
#[template(path = "console/plan_delete.html")]
struct Question {
    frame: Frame,
    plan: Plan,
    /// How many keys are on it, in words; none without any.
    keys: Option<String>,
}

/// GET /plans/{id}/delete
pub(in crate::console) async fn ask(
    State(console): App,
    extract::Path(id): extract::Path<String>,
) -> Page {
    let plan: Plan = console.client.get(&Path::of(&["v1", "plans", &id])).await?;
    let query = Query::default().with("limit", Some(500));
    let path = Path::of(&["v1", "plans", &id, "keys"]).with(&query);
    let keys: client::Page<Attachment> = console.client.get(&path).await?;
    let number = keys.items.len() as u64;
    let keys = (number > 0).then(|| match keys.cursor {
        Some(_) => format!("more than {} keys", words::thousands(number)),
        None => words::count(number, "key", "keys"),
    });
    let frame = Frame::of(&console, "/plans", format!("Delete {}?", plan.name));
    Ok(html(OK, &Question { frame, plan, keys }))
}

/// POST /plans/{id}/delete
pub(in crate::console) async fn go(
    State(console): App,
    extract::Path(id): extract::Path<String>,
    Extension(posted): Extension<Posted>,
) -> Page {
    let force = posted.given("force").map(|_| true);
    let query = Query::default().with("force", force);
    let path = Path::of(&["v1", "plans", &id]).with(&query);
    console.client.send(Method::DELETE, &path, None).await?;
    let done = if force.is_some() {
        "deleting"
    } else {
        "deleted"
    };
    Ok(on_to(&format!("/plans?done={done}")))
}
