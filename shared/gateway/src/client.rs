//! What SDK clients are made of: TLS by ring, credentials from the environment, a bound on
//! every wait. API Gateway has two APIs, a client of the SDK's for each, and one address,
//! so that both are made of one configuration and share its connections.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_apigateway::config::{
    BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls;
use aws_types::SdkConfig;

/// The same with Latchkey's bounds: 1 s to connect, 5 s for the whole, and no repeats of the
/// SDK's own, which would create a key or a plan twice and break the rates.
pub(crate) fn bounded(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_timeout(Duration::from_secs(5))
        .build();
    let bounded = config.to_builder().timeout_config(timeouts);
    bounded.retry_config(RetryConfig::disabled()).build()
}

/// Clients by the variables that Lambda sets (`AWS_REGION`, `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`) and the SDKs' own
/// `AWS_ENDPOINT_URL_API_GATEWAY`, here of both APIs, and `AWS_ENDPOINT_URL`. No other source
/// of credentials is linked in: aws-config would bring STS and all of them.
///
/// # Errors
/// Names the variable that is missing.
pub fn client_from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<SdkConfig, MissingVariable> {
    let get = |name: &'static str| variable(name).filter(|value| !value.is_empty());
    let required = |name: &'static str| get(name).ok_or(MissingVariable(name));
    Ok(config(
        required("AWS_REGION")?,
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        get("AWS_SESSION_TOKEN"),
        get("AWS_ENDPOINT_URL_API_GATEWAY").or_else(|| get("AWS_ENDPOINT_URL")),
    ))
}

/// Clients of an emulator at `endpoint`: the environment's credentials and Region where
/// they are set, made-up credentials and us-east-1 where not.
pub fn client_at(endpoint: &str, variable: impl Fn(&str) -> Option<String>) -> SdkConfig {
    let get = |name: &str| variable(name).filter(|value| !value.is_empty());
    let region = get("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned());
    let endpoint = Some(endpoint.to_owned());
    match (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => config(region, id, secret, get("AWS_SESSION_TOKEN"), endpoint),
        _ => config(region, "local".into(), "local".into(), None, endpoint),
    }
}

fn config(
    region: String,
    key_id: String,
    secret: String,
    token: Option<String>,
    endpoint: Option<String>,
) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let credentials = Credentials::new(key_id, secret, token, None, "environment");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http);
    config.set_endpoint_url(endpoint);
    config.build()
}

/// A variable that Lambda always sets is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set: Lambda sets it; outside of Lambda set it to reach API Gateway")]
pub struct MissingVariable(&'static str);

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            let found = set.iter().find(|(variable, _)| *variable == name)?;
            Some(found.1.to_owned())
        }
    }

    #[test]
    fn a_variable_that_is_missing_or_empty_is_named() {
        let set = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", ""),
        ];
        let error = client_from_environment(of(&set)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("AWS_SECRET_ACCESS_KEY is not set")
        );
        let set = [set[0], set[1], ("AWS_SECRET_ACCESS_KEY", "s")];
        let client = client_from_environment(of(&set)).unwrap();
        assert_eq!(client.region().unwrap().as_ref(), "eu-central-1");
    }

    #[test]
    fn an_emulator_needs_no_variables_and_takes_those_that_are_set() {
        let client = client_at("http://127.0.0.1:1", of(&[]));
        assert_eq!(client.region().unwrap().as_ref(), "us-east-1");
        let set = [("AWS_REGION", "eu-north-1")];
        let client = client_at("http://127.0.0.1:1", of(&set));
        assert_eq!(client.region().unwrap().as_ref(), "eu-north-1");
    }
}
