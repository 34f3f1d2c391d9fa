//! HTTP as the SDK speaks it, with the same TLS.

use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector as _, HttpConnectorSettings},
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use http::{Request, Response};
use http_body_util::BodyExt as _;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for an answer: API Gateway ends a call after 29 seconds (Amazon API Gateway
/// quotas, "Integration timeout").
const ANSWER: Duration = Duration::from_secs(30);

/// Why there was no answer: one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer ({0})")]
pub(crate) struct NoAnswer(String);

/// Connections, kept and used again.
#[derive(Debug)]
pub(crate) struct Connection(Connector);

impl Connection {
    pub(crate) fn new() -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT)
            .read_timeout(ANSWER)
            .build();
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let connector = Connector::builder()
            .connector_settings(settings)
            .tls_provider(provider)
            .build();
        Self(connector)
    }

    /// # Errors
    /// [`NoAnswer`], also where an answer is cut off.
    pub(crate) async fn send(
        &self,
        request: Request<String>,
    ) -> Result<Response<Vec<u8>>, NoAnswer> {
        let request = HttpRequest::try_from(request.map(SdkBody::from));
        let request = request.map_err(|error| no_answer(&error))?;
        let answer = self.0.call(request).await;
        let answer = answer.map_err(|error| no_answer(&error))?;
        let answer = answer
            .try_into_http1x()
            .map_err(|error| no_answer(&error))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|error| no_answer(error.as_ref()))?;
        Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
    }
}

/// With what lies deepest, which is what tells something: `Connection refused`.
fn no_answer(error: &dyn std::error::Error) -> NoAnswer {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let deepest = causes.last().map(|cause| format!(": {cause}"));
    NoAnswer(format!("{error}{}", deepest.unwrap_or_default()))
}
