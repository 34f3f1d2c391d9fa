//! Events of every kind, read into the same words.
//!
//! One file a kind. Only what is needed is read, and only when it is needed: null, absent
//! and empty are the same; a field of the wrong JSON type matters where it is read, and
//! nowhere else; new fields do not matter. What names the API, its stage, the method and
//! the path is the ARN alone, since every event has it and no custom domain or base path
//! changes it. Of `requestContext` come the caller's address and the route template.

mod arn;
mod field;
mod headers;
mod http_v1;
mod http_v2;
mod pairs;
mod query;
mod rest_request;
mod rest_token;
mod template;
mod websocket;

use std::{borrow::Cow, fmt};

use latchkey_domain::{ApiStage, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::{
    arn::Arn,
    field::{Object, RequestContext, Unreadable},
    pairs::Pairs,
};
pub use self::{
    arn::Target,
    headers::{Headers, NoText},
    query::Query,
};

/// The kinds of event that an authorizer gets (AWS, "Input to a Lambda authorizer",
/// "Control access to HTTP APIs with AWS Lambda authorizers").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A REST API's `TOKEN` authorizer.
    RestToken,
    /// A REST API's `REQUEST` authorizer.
    RestRequest,
    /// An HTTP API's, payload format 1.0.
    HttpV1,
    /// An HTTP API's, payload format 2.0.
    HttpV2,
    /// A WebSocket API's, at `$connect`.
    WebSocket,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::RestToken,
        Self::RestRequest,
        Self::HttpV1,
        Self::HttpV2,
        Self::WebSocket,
    ];

    /// Its name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RestToken => "rest-token",
            Self::RestRequest => "rest-request",
            Self::HttpV1 => "http-1.0",
            Self::HttpV2 => "http-2.0",
            Self::WebSocket => "websocket",
        }
    }
}

/// What one event says, of whatever kind. Its `Debug` shows no header, no query
/// and no token.
pub struct Incoming<'e> {
    /// What kind of event it was.
    pub kind: Kind,
    /// The call.
    pub request: Request,
    /// Where it is, in the words of its ARN.
    pub target: Target,
    /// The headers; none in a `TOKEN` event.
    pub headers: Headers<'e>,
    /// The query; none in a `TOKEN` event.
    pub query: Query<'e>,
    /// What a REST API's `TOKEN` authorizer was given instead of headers.
    pub token: Option<Cow<'e, str>>,
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("kind", &self.kind)
            .field("request", &self.request)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// The event cannot be understood. Without any of its text: it may hold a key value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be understood")]
pub struct MalformedEvent {
    /// Its kind, where that much could be told: the answer depends on it.
    pub kind: Option<Kind>,
}

/// The members that some kind of event is read from.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Event<'e> {
    #[serde(borrow, rename = "type")]
    type_: Option<&'e RawValue>,
    #[serde(borrow)]
    version: Option<&'e RawValue>,
    #[serde(borrow)]
    method_arn: Option<&'e RawValue>,
    #[serde(borrow)]
    route_arn: Option<&'e RawValue>,
    #[serde(borrow)]
    authorization_token: Option<&'e RawValue>,
    #[serde(borrow)]
    resource: Option<&'e RawValue>,
    #[serde(borrow)]
    route_key: Option<&'e RawValue>,
    #[serde(borrow, default)]
    headers: Object<Pairs<'e>>,
    #[serde(borrow, default)]
    multi_value_headers: Object<Pairs<'e>>,
    #[serde(borrow)]
    raw_query_string: Option<&'e RawValue>,
    #[serde(borrow)]
    query_string_parameters: Option<&'e RawValue>,
    #[serde(borrow)]
    multi_value_query_string_parameters: Option<&'e RawValue>,
    #[serde(borrow, default)]
    request_context: Object<RequestContext<'e>>,
}

/// Reads an event of any kind.
///
/// # Errors
/// [`MalformedEvent`] where it is no JSON, and where its kind, its ARN or a member that is read makes no sense.
pub fn read(event: &str) -> Result<Incoming<'_>, MalformedEvent> {
    let event: Event<'_> =
        field::object(event).map_err(|Unreadable| MalformedEvent { kind: None })?;
    let kind = kind(&event).map_err(|Unreadable| MalformedEvent { kind: None })?;
    let read = match kind {
        Kind::RestToken => rest_token::read(event),
        Kind::RestRequest => rest_request::read(event),
        Kind::HttpV1 => http_v1::read(event),
        Kind::HttpV2 => http_v2::read(event),
        Kind::WebSocket => websocket::read(event),
    };
    read.map_err(|Unreadable| MalformedEvent { kind: Some(kind) })
}

/// `type` and `version` tell the kind. A REST API's `REQUEST` and a WebSocket's connection
/// have the same: there the ARN does, which ends in `$connect` instead of a method and a path.
fn kind(event: &Event<'_>) -> Result<Kind, Unreadable> {
    let type_ = field::text(event.type_)?;
    let version = field::text(event.version)?;
    match (type_.as_deref(), version.as_deref()) {
        (Some("TOKEN"), _) => Ok(Kind::RestToken),
        (Some("REQUEST") | None, Some("1.0")) => Ok(Kind::HttpV1),
        (Some("REQUEST") | None, Some("2.0")) => Ok(Kind::HttpV2),
        (Some("REQUEST"), version) => {
            let arn = field::text(event.method_arn)?.ok_or(Unreadable)?;
            match (Arn::parse(&arn).ok_or(Unreadable)?.is_connect(), version) {
                (true, _) => Ok(Kind::WebSocket),
                (false, None) => Ok(Kind::RestRequest),
                (false, Some(_)) => Err(Unreadable),
            }
        }
        _ => Err(Unreadable),
    }
}

/// The parts that each kind finds in its own places, put together.
fn incoming<'e>(
    kind: Kind,
    arn: Option<&'e RawValue>,
    about: About,
    headers: Headers<'e>,
) -> Result<Incoming<'e>, Unreadable> {
    let arn = field::text(arn)?.ok_or(Unreadable)?;
    let arn = Arn::parse(&arn).ok_or(Unreadable)?;
    let (method, path) = arn.method_and_path().ok_or(Unreadable)?;
    let request = Request {
        stage: ApiStage {
            api_id: arn.api_id.to_owned(),
            stage: arn.stage.to_owned(),
        },
        method: method.to_owned(),
        path: path.to_owned(),
        resource: about.resource,
        source_ip: about.source_ip,
        has_native_plans: matches!(kind, Kind::RestToken | Kind::RestRequest | Kind::WebSocket),
    };
    Ok(Incoming {
        kind,
        request,
        target: arn.target(),
        headers,
        query: Query::default(),
        token: None,
    })
}

/// What an event says beside its ARN and its headers.
#[derive(Default)]
struct About {
    resource: Option<String>,
    source_ip: Option<std::net::IpAddr>,
}
