//! The SDK's HTTP connector that ends in the fake.

use std::{future::pending, io};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_apigateway::config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::json;

use crate::{FakeGateway, call::Request, refusal::Refusal, world::Outcome};

pub(crate) fn client(fake: &FakeGateway) -> SdkConfig {
    let connector = SharedHttpConnector::new(Connector { fake: fake.clone() });
    let credentials = Credentials::new("local", "local", None, None, "fake");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url("http://fake.invalid")
        // Repeats of the SDK's own would hide what goes wrong.
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build()
}

#[derive(Debug, Clone)]
struct Connector {
    fake: FakeGateway,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let request = Request::new(request.method(), request.uri(), body);
        let fake = self.fake.clone();
        HttpConnectorFuture::new(async move {
            let outcome = fake.world().meet(&request);
            match outcome {
                Outcome::Answered(Ok((status, body))) => answer(status, None, &body.to_string()),
                Outcome::Answered(Err(refusal)) => refused(&refusal),
                Outcome::Broken => {
                    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
                    Err(ConnectorError::io(broken.into()))
                }
                Outcome::Stopped => {
                    fake.stopped.send_replace(true);
                    pending().await
                }
            }
        })
    }
}

fn refused(refusal: &Refusal) -> Result<HttpResponse, ConnectorError> {
    let body = json!({ "message": refusal.text }).to_string();
    answer(refusal.status, Some(refusal.code), &body)
}

fn answer(status: u16, code: Option<&str>, body: &str) -> Result<HttpResponse, ConnectorError> {
    let status =
        StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/json");
    if let Some(code) = code {
        headers.insert("x-amzn-errortype", code.to_owned());
    }
    Ok(response)
}
