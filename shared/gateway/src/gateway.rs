//! The control plane as Latchkey calls it: one call at a time, at once or paced.

use std::{collections::BTreeMap, error::Error, fmt, future::Future};

use aws_sdk_apigateway::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_types::SdkConfig;

use crate::{GatewayError, Pacer, answer::error_of, client::bounded, operation::Operation};

/// Tags of a plan or key: up to 50, names up to 128 characters, values up to 256.
pub type Tags = BTreeMap<String, String>;

/// Asked for in a page; API Gateway may give fewer.
pub(crate) const PAGE: i32 = 500;
/// Pages that are followed: 10,000 keys are 400 of 25.
const MAX_PAGES: usize = 2_000;

/// API Gateway's control plane in one account and Region; clones share the connection and,
/// where there is one, the pacer.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) client: Client,
    /// Of its second API, which has WebSocket and HTTP APIs.
    pub(crate) v2: aws_sdk_apigatewayv2::Client,
    pacer: Option<Pacer>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// Each call is made once, at once: for those who wait for the answer.
    pub fn new(config: &SdkConfig) -> Self {
        Self::of(config, None)
    }

    /// Each call waits for its turn within AWS's rates. It is tried again where it was
    /// throttled or met another change, and where no answer came and a repeat does no harm.
    pub fn paced(config: &SdkConfig, pacer: Pacer) -> Self {
        Self::of(config, Some(pacer))
    }

    fn of(config: &SdkConfig, pacer: Option<Pacer>) -> Self {
        let bounded = bounded(config);
        Self {
            client: Client::new(&bounded),
            v2: aws_sdk_apigatewayv2::Client::new(&bounded),
            pacer,
        }
    }

    /// The same control plane, paced.
    pub fn within(&self, pacer: Pacer) -> Self {
        Self {
            pacer: Some(pacer),
            ..self.clone()
        }
    }

    /// The Region, by its name.
    pub fn region(&self) -> Option<&str> {
        self.client.config().region().map(AsRef::as_ref)
    }

    pub(crate) async fn call<T, E, F>(
        &self,
        operation: Operation,
        send: impl Fn() -> F,
    ) -> Result<T, GatewayError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.call_with(operation, "", send).await
    }

    /// A call that sends `secrets`, which no error then repeats.
    pub(crate) async fn call_with<T, E, F>(
        &self,
        operation: Operation,
        secrets: &str,
        send: impl Fn() -> F,
    ) -> Result<T, GatewayError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let attempt = async || {
            let answer = send().await;
            answer.map_err(|error| error_of(operation, secrets, error))
        };
        match &self.pacer {
            None => attempt().await,
            Some(pacer) => pacer.run(operation, attempt).await,
        }
    }
}

/// A page of things, and where the next begins.
pub(crate) type Page<T> = (Vec<T>, Option<String>);

/// All pages, to the end.
///
/// # Errors
/// The first page's that fails, and [`GatewayError::Unavailable`] where they do not end.
pub(crate) async fn all_pages<T, F>(
    operation: Operation,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, GatewayError>
where
    F: Future<Output = Result<Page<T>, GatewayError>>,
{
    let mut all = Vec::new();
    let mut position = None;
    for _ in 0..MAX_PAGES {
        let (things, next) = page(position.clone()).await?;
        all.extend(things);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            same if same == position => break,
            next => position = next,
        }
    }
    Err(GatewayError::Unavailable {
        operation: operation.name(),
        detail: "its pages do not end".to_owned(),
    })
}

/// What an answer must hold, or it cannot be read.
pub(crate) fn known<T>(
    operation: Operation,
    what: &str,
    value: Option<T>,
) -> Result<T, GatewayError> {
    value.ok_or_else(|| GatewayError::Unavailable {
        operation: operation.name(),
        detail: format!("its answer has no {what}"),
    })
}

/// An id in an answer.
pub(crate) fn id<T: std::str::FromStr>(
    operation: Operation,
    text: Option<&str>,
) -> Result<T, GatewayError> {
    known(operation, "id", text.and_then(|text| text.parse().ok()))
}

/// What is not there is none.
pub(crate) fn found<T>(answer: Result<T, GatewayError>) -> Result<Option<T>, GatewayError> {
    match answer {
        Ok(there) => Ok(Some(there)),
        Err(GatewayError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is sent of several things; nothing where there are none.
pub(crate) fn some<T, C: FromIterator<T>>(things: impl IntoIterator<Item = T>) -> Option<C> {
    let mut things = things.into_iter().peekable();
    things.peek().is_some().then(|| things.collect())
}
