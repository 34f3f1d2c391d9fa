//! The admin API as its clients see it: whatever the command and the console do, they do by
//! these calls, so any tool can.

mod error;
mod models;
mod path;
mod target;

use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use latchkey_domain::Clock;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::{
    error::{ClientError, FieldError, Problem},
    models::*,
    path::{Path, Query},
    target::{Place, Target, TargetError},
};
use crate::aws::{Connection, Signer};

/// Names a call, so that it does its work once however often it comes.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The admin API at one address, for one caller.
pub(crate) struct Client {
    connection: Connection,
    /// Without a `/` at its end.
    base: String,
    /// None where nobody asks for a signature: `latchkey dev`.
    signer: Option<Signer>,
    clock: Clock,
}

/// An answer that is no refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The revision of a plan or key, for `If-Match`.
    pub(crate) etag: Option<String>,
    /// The address of the next page of a table.
    pub(crate) link: Option<String>,
    /// It may hold a key's value: it is for the caller alone, and never for a log.
    pub(crate) body: String,
}

impl Answer {
    /// # Errors
    /// [`ClientError::Unreadable`].
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        read(&self.body)
    }
}

/// What a body says, or a part of it.
///
/// # Errors
/// [`ClientError::Unreadable`].
pub(crate) fn read<T: DeserializeOwned>(body: &str) -> Result<T, ClientError> {
    // Where it is wrong is told, and nothing of what stands there.
    serde_json::from_str(body).map_err(|error| ClientError::Unreadable {
        line: error.line(),
        column: error.column(),
    })
}

impl Client {
    pub(crate) fn new(base: &str, signer: Option<Signer>, clock: Clock) -> Self {
        Self {
            connection: Connection::new(),
            base: base.trim_end_matches('/').to_owned(),
            signer,
            clock,
        }
    }

    /// Such as `http://127.0.0.1:3000/admin`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whether calls are signed: those of `latchkey dev` are not.
    pub(crate) fn signs(&self) -> bool {
        self.signer.is_some()
    }

    /// # Errors
    /// [`ClientError`].
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &Path) -> Result<T, ClientError> {
        self.send(Method::GET, path, None).await?.read()
    }

    /// A call with a JSON body or none.
    ///
    /// # Errors
    /// [`ClientError`].
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &Path,
        body: Option<&Value>,
    ) -> Result<Answer, ClientError> {
        let headers: &[_] = match body {
            Some(_) => &[(CONTENT_TYPE.as_str(), "application/json")],
            None => &[],
        };
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send_with(method, path, headers, body).await
    }

    /// A call with headers of its own, such as `If-Match` or `Idempotency-Key`, and any body. With
    /// an `Idempotency-Key` it does its work once: where its answer was lost, it is repeated once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &Path,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, ClientError> {
        let works_once = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case(IDEMPOTENCY_KEY);
        if !headers.iter().any(works_once) {
            return self.send_once(method, path, headers, body).await;
        }
        let first = self.send_once(method.clone(), path, headers, body.clone());
        match first.await {
            Err(error) if error.is_lost() => self.send_once(method, path, headers, body).await,
            answer => answer,
        }
    }

    async fn send_once(
        &self,
        method: Method,
        path: &Path,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, ClientError> {
        let unsendable = |error: &dyn std::fmt::Display| ClientError::Unsendable(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).map_err(|error| unsendable(&error))?;
        if let Some(signer) = &self.signer {
            let now = self.clock.now().timestamp();
            let signed = signer.sign("execute-api", now, request);
            request = signed.map_err(|error| unsendable(&error))?;
        }
        let answer = self.connection.send(request).await;
        let answer = answer.map_err(|error| ClientError::NoAnswer {
            base: self.base.clone(),
            error,
        })?;
        let header = |name| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (etag, link) = (header("etag"), header("link"));
        let (status, body) = (answer.status(), answer.into_body());
        if !status.is_success() {
            return Err(ClientError::refused(status, &body));
        }
        Ok(Answer {
            status,
            etag,
            link,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
