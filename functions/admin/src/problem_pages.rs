//! `GET /problems/{name}`: the page of a type of problem, which is the address that the
//! problem's `type` names. docs/problems has the pages; they are part of the program, so that
//! what is served tells of the version that serves it. No identity is asked for: they hold
//! nothing of the owner's, and who reads one has perhaps just been refused.

use askama::Template;
use axum::{
    extract::{FromRequestParts, RawPathParams},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap,
    header::{CONTENT_TYPE, VARY},
    request::Parts,
};
use mediatype::{
    MediaType,
    names::{self, TEXT},
};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

use serde_json::Value;

use crate::{
    accept::ranges,
    parameters::{NoParameters, Query},
    problem::Problem,
    web_page,
};

macro_rules! pages {
    ($($name:literal),+ $(,)?) => {
        &[$(Page {
            name: $name,
            markdown: include_str!(concat!("../../../docs/problems/", $name, ".md")),
        }),+]
    };
}

/// All of them, by name.
pub(crate) const PAGES: &[Page] = pages![
    "already-attached",
    "api-gateway-refused",
    "api-gateway-unavailable",
    "api-key-source",
    "api-not-managed",
    "body-too-large",
    "changed-meanwhile",
    "customer-in-use",
    "header-key",
    "idempotency-key-reused",
    "idempotency-key-running",
    "internal",
    "invalid-request",
    "key-not-held",
    "malformed-json",
    "method-not-allowed",
    "no-api-gateway",
    "no-identity",
    "no-quota",
    "not-acceptable",
    "not-attached",
    "plan-deleting",
    "plan-in-the-way",
    "plan-in-use",
    "precondition-failed",
    "too-many-keys",
    "too-many-plans",
    "too-many-values",
    "unavailable",
    "unknown-api",
    "unknown-key",
    "unknown-path",
    "unknown-plan",
    "unsupported-media-type",
    "value-taken",
];

/// The page of a type of problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// The last part of the type.
    pub(crate) name: &'static str,
    /// What it says.
    pub(crate) markdown: &'static str,
}

impl Page {
    fn named(name: &str) -> Option<Self> {
        PAGES.iter().copied().find(|page| page.name == name)
    }

    /// Its heading.
    pub(crate) fn title(&self) -> &'static str {
        let first = self.markdown.lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }

    /// Such as `400 Bad Request`: the line under the heading.
    pub(crate) fn status(&self) -> &'static str {
        let line = self.markdown.lines().nth(2).unwrap_or_default();
        line.split('`').nth(1).unwrap_or_default()
    }

    /// The answer that it shows.
    pub(crate) fn example(&self) -> Value {
        let json = self.markdown.split("```json\n").nth(1);
        let json = json.and_then(|rest| rest.split("```").next());
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }

    fn html(self) -> String {
        let events = Parser::new_ext(self.markdown, Options::ENABLE_TABLES).map(served);
        let mut text = String::with_capacity(2 * self.markdown.len());
        html::push_html(&mut text, events);
        text
    }
}

/// A link to another page's file leads to where that page is served.
fn served(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Link {
            link_type,
            dest_url: match dest_url.strip_suffix(".md") {
                Some(name) => CowStr::from(name.to_owned()),
                None => dest_url,
            },
            title,
            id,
        }),
        other => other,
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct PageView<'a> {
    css: &'a str,
    title: &'a str,
    html: &'a str,
}

#[derive(Template)]
#[template(path = "problems.html")]
struct IndexView<'a> {
    css: &'a str,
    pages: &'a [Page],
}

/// `{name}`; what is not UTF-8 when decoded names no page.
#[derive(Debug)]
pub(crate) struct NamePath(String);

impl<S: Send + Sync> FromRequestParts<S> for NamePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let name = params.as_ref().and_then(|params| params.iter().next());
        name.map(|(_, name)| Self(name.to_owned()))
            .ok_or(Problem::UnknownPath)
    }
}

/// # Errors
/// [`Problem::UnknownPath`] for a name that no problem has.
pub(crate) async fn page(
    NamePath(name): NamePath,
    Query(NoParameters): Query<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = Page::named(&name).ok_or(Problem::UnknownPath)?;
    if accepts_markdown(&headers) {
        return Ok(markdown(page.markdown.to_owned()));
    }
    let view = PageView {
        css: web_page::CSS,
        title: page.title(),
        html: &page.html(),
    };
    Ok(([(VARY, "Accept")], web_page::answer(&view)?).into_response())
}

/// `GET /problems`: all of them.
///
/// # Errors
/// [`Problem::Invalid`] for a parameter.
pub(crate) async fn index(
    Query(NoParameters): Query<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if accepts_markdown(&headers) {
        let line = |page: &Page| {
            let Page { name, .. } = page;
            format!(
                "- [{}](problems/{name}): `{}`\n",
                page.title(),
                page.status()
            )
        };
        let lines: String = PAGES.iter().map(line).collect();
        return Ok(markdown(format!("# Problems\n\n{lines}")));
    }
    let view = IndexView {
        css: web_page::CSS,
        pages: PAGES,
    };
    Ok(([(VARY, "Accept")], web_page::answer(&view)?).into_response())
}

fn accepts_markdown(headers: &HeaderMap) -> bool {
    const HTML: MediaType<'_> = MediaType::new(TEXT, names::HTML);
    const MARKDOWN: MediaType<'_> = MediaType::new(TEXT, names::MARKDOWN);
    ranges(headers).is_some_and(|wanted| wanted.negotiate(&[HTML, MARKDOWN]) == Some(&MARKDOWN))
}

fn markdown(text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/markdown; charset=utf-8"),
        (VARY, "Accept"),
    ];
    (headers, text).into_response()
}
