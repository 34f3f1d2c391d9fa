//! The demo's backend: echoes the method, the path and what the authorizer says, as the
//! function `Echo` of template.yaml does.

use serde_json::json;

use crate::gateway::{Context, Reply};

/// What a service behind the authorizer sees of a call.
pub(crate) fn echo(method: &str, path: &str, context: &Context) -> Reply {
    let seen = json!({ "method": method, "path": path, "context": context });
    let mut reply = Reply::new(format!("{seen}\n").into());
    reply.headers_mut().insert(
        axum::http::header::CONTENT_TYPE,
        axum::http::HeaderValue::from_static("application/json"),
    );
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_is_json_with_a_line_end_for_terminals() {
        let context = [("keyId".to_owned(), "key_1".to_owned())].into();
        let reply = echo("GET", "/orders", &context);
        assert_eq!(reply.headers()["content-type"], "application/json");
        assert_eq!(
            reply.body(),
            "{\"context\":{\"keyId\":\"key_1\"},\"method\":\"GET\",\"path\":\"/orders\"}\n"
        );
    }
}
