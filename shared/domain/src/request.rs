//! A call, in the same words for every kind of event.

use std::net::IpAddr;

use crate::ApiStage;

/// What is asked for, by whatever kind of API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub stage: ApiStage,
    /// The HTTP method; for a WebSocket `GET`, as in its ARN's `$connect`.
    pub method: String,
    /// The path as the client sent it, without the stage, with its leading `/`.
    pub path: String,
    /// The route template, such as `/orders/{id}`, where the event has one that says more
    /// than `{proxy+}` or `$default`.
    pub resource: Option<String>,
    /// The caller's address, where the event tells one.
    pub source_ip: Option<IpAddr>,
    /// Whether API Gateway's own usage plans hold here: not on HTTP APIs, which have none.
    pub has_native_plans: bool,
}
