//! The page of each type of problem, at the address that the type names.

use axum::body::{Body, to_bytes};
use http::{Method, Request, StatusCode};
use tower::ServiceExt as _;

use crate::support::{Admin, unsigned};

/// What is answered to a reader without an identity: status, media type, text.
async fn read(admin: &Admin, path: &str, accept: Option<&str>) -> (StatusCode, String, String) {
    let mut request: Request<Body> = unsigned(Method::GET, path, None);
    if let Some(accept) = accept {
        request
            .headers_mut()
            .insert("accept", accept.parse().unwrap());
    }
    let response = admin.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let media_type = parts.headers["content-type"].to_str().unwrap().to_owned();
    let text = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    (parts.status, media_type, String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_page() {
    let admin = Admin::start().await;
    let refused = admin.get("/v1/plans/none").await;
    let (status, media_type, html) = read(&admin, &refused.text("type"), None).await;
    assert_eq!(
        (status.as_u16(), media_type.as_str()),
        (200, "text/html; charset=utf-8")
    );
    assert!(html.contains("<h1>Unknown usage plan</h1>"), "{html}");
    assert!(
        !html.contains("src=") && !html.contains("http://"),
        "asks nothing of others"
    );
    let (_, media_type, text) = read(&admin, &refused.text("type"), Some("text/markdown")).await;
    assert_eq!(media_type, "text/markdown; charset=utf-8");
    assert!(
        text.starts_with("# Unknown usage plan\n\n`404 Not Found`\n"),
        "{text}"
    );
}

#[tokio::test]
async fn all_pages_are_listed_and_each_is_there() {
    let admin = Admin::start().await;
    let (status, _, html) = read(&admin, "/problems", None).await;
    assert_eq!(status, 200);
    let names: Vec<&str> = html
        .split("href=\"problems/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(names.len() >= 26, "{names:?}");
    for name in names {
        let (status, _, html) = read(&admin, &format!("/problems/{name}"), None).await;
        assert_eq!(status, 200, "{name}");
        assert!(
            html.contains("<h2>What to do</h2>") && !html.contains(".md\""),
            "{name}"
        );
    }
    let (_, _, text) = read(&admin, "/problems", Some("text/html;q=0.1, text/markdown")).await;
    assert!(
        text.contains("- [Usage plan in use](problems/plan-in-use): `409 Conflict`\n"),
        "{text}"
    );
    for path in ["/problems/none", "/problems/%ff"] {
        let (status, media_type, _) = read(&admin, path, None).await;
        assert_eq!(
            (status.as_u16(), media_type.as_str()),
            (404, "application/problem+json"),
            "{path}"
        );
    }
}
