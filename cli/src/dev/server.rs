//! What is served where, and to whom.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, Version, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use latchkey_admin::Random;
use latchkey_authorizer::{Authorizer, DecisionLog};
use latchkey_domain::{Clock, Reason};
use tokio::sync::Semaphore;

use super::decisions::{Decision, Decisions};
use crate::gateway::{Call, Handled, Headers, HttpApi, Outcome, ProxyApi, Reply, RestApi};

/// Where the admin API is.
pub(crate) const ADMIN: &str = "/admin";
/// What the admin API tells of itself is served here too: a problem's `type` is an address
/// under the same host, whatever the base of the API.
const PROBLEMS: &str = "/problems";
const DOCUMENTS: [&str; 2] = ["/docs", "/openapi.json"];
/// What was decided lately, for `latchkey tail`.
const DECISIONS: &str = "/dev/decisions";
const DEMO_REST: &str = "/demo-rest";
const DEMO_HTTP: &str = "/demo";
/// Longest path and query. API Gateway takes 10,240 bytes of request line and headers.
const MAX_TARGET_BYTES: usize = 8 * 1024;
/// Calls that the authorizer has at once; others wait before their time runs. The engine takes
/// one write at a time, so more would only queue inside it, where a charge that waits too long
/// counts as lost: its unit is given up, as it must be where nobody knows what became of it.
pub(crate) const CALLS_AT_ONCE: usize = 2;
/// Largest body (Amazon API Gateway quotas, "Payload size").
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// All that is served.
pub(crate) struct Server {
    /// The authorizer of both demo APIs.
    pub(crate) authorizer: Authorizer,
    /// Under `/demo-rest`.
    pub(crate) rest: RestApi,
    /// Under `/demo`.
    pub(crate) http: HttpApi,
    /// Under `/admin`.
    pub(crate) admin: ProxyApi,
    /// What was decided lately.
    pub(crate) decisions: Arc<Decisions>,
    /// Room for calls of the authorizer: [`CALLS_AT_ONCE`].
    pub(crate) room: Semaphore,
    /// When calls come.
    pub(crate) clock: Clock,
    /// For the names of calls.
    pub(crate) random: Random,
}

/// A path within one of the things that are served.
enum Place<'a> {
    Admin(&'a str),
    Decisions,
    Rest(&'a str),
    Http(&'a str),
    Nothing,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Self {
        let under = |mount| match path.strip_prefix(mount)? {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        };
        if path == DECISIONS {
            return Self::Decisions;
        }
        if under(PROBLEMS).is_some() || DOCUMENTS.contains(&path) {
            return Self::Admin(path);
        }
        let admin = under(ADMIN).map(Self::Admin);
        let rest = || under(DEMO_REST).map(Self::Rest);
        let http = || under(DEMO_HTTP).map(Self::Http);
        admin.or_else(rest).or_else(http).unwrap_or(Self::Nothing)
    }
}

/// Serves it, beside the console's pages.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(serve).with_state(server)
}

async fn serve(
    State(server): State<Arc<Server>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let target_bytes = parts
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target_bytes > MAX_TARGET_BYTES {
        return plain(
            StatusCode::URI_TOO_LONG,
            "The path and the query are too long.",
        );
    }
    let path = parts.uri.path();
    let call = |path: &str| server.call(&parts, path, client);
    match Place::of(path) {
        Place::Rest(within) => whole(server.demo(Kind::Rest, path, &call(within)).await),
        Place::Http(within) => whole(server.demo(Kind::Http, path, &call(within)).await),
        Place::Admin(_) | Place::Decisions if !is_local(&parts) => plain(
            StatusCode::FORBIDDEN,
            "Only for pages and clients of this machine: use the address that latchkey dev printed.",
        ),
        Place::Admin(within) => server.admin(&call(within), body).await,
        Place::Decisions => server.decisions_since(parts.uri.query().unwrap_or_default()),
        Place::Nothing => plain(
            StatusCode::NOT_FOUND,
            "Nothing is served here: see /, /admin/v1/keys, /demo/orders/42 and /demo-rest/orders/42.",
        ),
    }
}

/// A line for whoever typed an address.
fn plain(status: StatusCode, line: &str) -> Response {
    (status, format!("{line}\n")).into_response()
}

/// A web page elsewhere must not reach the admin API:
/// not by a name of its own that leads to this machine (DNS rebinding), nor as a caller from
/// another origin.
fn is_local(parts: &Parts) -> bool {
    let text = |name| {
        parts
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    let Some(host) = text(header::HOST) else {
        return false;
    };
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let named = name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost");
    let origin = text(header::ORIGIN);
    named
        && port.parse::<u16>().is_ok()
        && origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

fn whole(reply: Reply) -> Response {
    reply.map(Body::from)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rest,
    Http,
}

impl Server {
    fn call(&self, parts: &Parts, path: &str, client: SocketAddr) -> Call {
        let headers = Headers::from_http(&parts.headers);
        let forwarded = headers.values("x-forwarded-for").map(str::to_owned);
        let forwarded: Vec<_> = forwarded.chain([client.ip().to_string()]).collect();
        let headers = headers
            .without("x-forwarded-for")
            .without("x-forwarded-proto")
            .with("x-forwarded-for", &forwarded.join(", "))
            .with("x-forwarded-proto", "http");
        Call {
            method: parts.method.as_str().to_owned(),
            path: path.to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            source: client.ip(),
            protocol: match parts.version {
                Version::HTTP_10 => "HTTP/1.0",
                _ => "HTTP/1.1",
            },
            request_id: request_id(&self.random),
            at: self.clock.now().timestamp(),
        }
    }

    /// `?after=N`: those after the first N.
    fn decisions_since(&self, query: &str) -> Response {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let after = pairs.find(|(name, _)| name == "after");
        let after = after.map_or(Ok(0), |(_, number)| number.parse());
        match after {
            Ok(after) => Json(self.decisions.since(after)).into_response(),
            Err(_) => plain(StatusCode::BAD_REQUEST, "after is a number."),
        }
    }

    async fn admin(&self, call: &Call, body: Body) -> Response {
        match to_bytes(body, MAX_BODY_BYTES).await {
            Ok(body) => whole(self.admin.handle(call, &body).await),
            Err(_) => {
                let body = Bytes::from_static(br#"{"message":"Request Too Long"}"#);
                (
                    StatusCode::PAYLOAD_TOO_LARGE,
                    [(header::CONTENT_TYPE, "application/json")],
                    body,
                )
                    .into_response()
            }
        }
    }

    async fn demo(&self, kind: Kind, path: &str, call: &Call) -> Reply {
        let mut log = None;
        let authorizer = async |event: String| {
            let _room = self.room.acquire().await;
            let handled = self.authorizer.handle(&event).await;
            log = Some(handled.log);
            handled
                .answer
                .map(|answer| answer.get().to_owned())
                .map_err(|failure| failure.to_string())
        };
        let Handled { reply, outcome } = match kind {
            Kind::Rest => self.rest.handle(call, authorizer).await,
            Kind::Http => self.http.handle(call, authorizer).await,
        };
        if let Some(Outcome::Malformed(error)) = &outcome {
            tracing::error!(%error, "the authorizer's answer is refused, as API Gateway would");
        }
        let status = reply.status().as_u16();
        if outcome.is_none() && status == 401 {
            tracing::info!(
                decision = "deny",
                reason = Reason::MissingKey.as_str(),
                api_id = self.http.stage.api_id,
                method = call.method,
                "no x-api-key: an HTTP API refuses such a call without asking the authorizer"
            );
            self.keep(
                path,
                call,
                status,
                &DecisionLog {
                    reason: Some(Reason::MissingKey),
                    ..DecisionLog::default()
                },
            );
        } else if let Some(log) = log {
            self.keep(path, call, status, &log);
        }
        reply
    }

    fn keep(&self, path: &str, call: &Call, status: u16, log: &DecisionLog) {
        self.decisions.push(Decision {
            at: call.at,
            method: call.method.clone(),
            path: path.to_owned(),
            status,
            allowed: log.allowed,
            reason: log.reason.map(Reason::as_str),
            key_id: log.key_id.as_ref().map(ToString::to_string),
            customer_id: log.customer_id.as_ref().map(|id| id.as_str().to_owned()),
            plan_id: log.plan_id.as_ref().map(ToString::to_string),
            remaining: log.quota_remaining,
        });
    }
}

/// API Gateway's names for calls are UUIDs. Without random numbers the calls still pass.
fn request_id(random: &Random) -> String {
    let number = u128::from_be_bytes(random.bytes().unwrap_or_default());
    let version_4 = number & !(0xf << 76) | 0x4 << 76;
    let variant_1 = version_4 & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{variant_1:032x}");
    let part = |range| hex.get::<std::ops::Range<usize>>(range).unwrap_or_default();
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}
