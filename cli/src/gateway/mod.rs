//! What API Gateway does around Lambda functions, carried out in this process.
//!
//! Each kind of API makes the JSON event that API Gateway would send, calls the function
//! with it, and carries its answer out as API Gateway would: statuses, bodies and headers
//! included, with the gateway responses that template.yaml configures. The functions cannot
//! tell the difference, so that nothing surprises after a deploy.

mod answer;
mod call;
mod gateway_response;
mod http;
mod malformed;
mod policy;
mod proxy;
mod rest;
#[cfg(test)]
mod template;

use axum::body::Bytes;

pub(crate) use self::{
    answer::{Context, Form, Outcome},
    call::{Call, Headers},
    gateway_response::DenyFor,
    http::HttpApi,
    proxy::ProxyApi,
    rest::RestApi,
};

/// The account in every ARN.
pub(crate) const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// What stands behind a demo API: it sees the method, the path and what the authorizer says.
pub(crate) type Backend = fn(method: &str, path: &str, context: &Context) -> Reply;

/// An answer to a client.
pub(crate) type Reply = ::http::Response<Bytes>;

/// What happened to a call at a demo API.
#[derive(Debug)]
pub(crate) struct Handled {
    /// What the client gets.
    pub(crate) reply: Reply,
    /// What the authorizer said; none where it was not asked.
    pub(crate) outcome: Option<Outcome>,
}

impl Handled {
    fn without_authorizer(reply: Reply) -> Self {
        Self {
            reply,
            outcome: None,
        }
    }
}

/// A stage of an API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiStage {
    /// The API's id.
    pub(crate) api_id: &'static str,
    /// The stage's name.
    pub(crate) stage: &'static str,
}

impl ApiStage {
    /// The ARN by which IAM knows a method of this stage; `path` as the client sent it.
    fn method_arn(self, method: &str, path: &str) -> String {
        let Self { api_id, stage } = self;
        format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/{stage}/{method}{path}")
    }
}

/// Paths that the demo APIs serve without a key.
fn is_open(path: &str) -> bool {
    path.starts_with("/open/")
}

/// A reply with a JSON body.
fn json_reply(status: u16, body: impl Into<Bytes>) -> Reply {
    reply(status, &[("content-type", "application/json")], body)
}

/// A reply; a header that HTTP cannot carry is left out.
fn reply(status: u16, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = ::http::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        insert_header(&mut reply, name, value);
    }
    reply
}

fn insert_header(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        reply.headers_mut().insert(name, value);
    }
}
