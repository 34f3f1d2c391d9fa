//! Deleting a key: a question first.

use askama::Template;
use axum::{
    extract::{self, State},
    http::Method,
};

use super::OK;
use crate::{
    client::{Key, Path},
    console::{
        App, Page,
        frame::{Frame, html, on_to},
        words,
    },
};

#[derive(Template)]
#[template(path = "console/key_delete.html")]
struct Question {
    frame: Frame,
    key: Key,
    shown_value: String,
}

/// GET /keys/{id}/delete
pub(in crate::console) async fn ask(
    State(console): App,
    extract::Path(id): extract::Path<String>,
) -> Page {
    let key: Key = console.client.get(&Path::of(&["v1", "keys", &id])).await?;
    let frame = Frame::of(
        &console,
        "/keys",
        format!("Delete {}?", words::key_name(&key)),
    );
    let shown_value = words::shown_value(&key);
    Ok(html(
        OK,
        &Question {
            frame,
            key,
            shown_value,
        },
    ))
}

/// POST /keys/{id}/delete
pub(in crate::console) async fn go(
    State(console): App,
    extract::Path(id): extract::Path<String>,
) -> Page {
    let path = Path::of(&["v1", "keys", &id]);
    console.client.send(Method::DELETE, &path, None).await?;
    Ok(on_to("/keys?done=deleted"))
}
