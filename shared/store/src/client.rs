//! SDK clients: TLS by ring, credentials from Lambda's environment, a bound on every wait.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    Client, Config,
    config::{
        BehaviorVersion, Region, SharedInterceptor, StalledStreamProtectionConfig,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::{HttpClient as _, http_client_fn};

use crate::{clock_watch::ClockWatch, trust::Trust};

/// How long a caller waits for the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// An API call waits behind the authorizer: 300 ms an attempt, one quick retry.
    Call,
    /// A person or tool waits: 3 s an attempt, two retries, 8 s in all.
    Change,
    /// The table is in this process, where no answer is lost and only a busy machine makes
    /// one late: a charge waits as long as a decision may take.
    Embedded,
}

const CALL_ATTEMPT: Duration = Duration::from_millis(300);

impl Patience {
    /// For everything but charges.
    pub(crate) fn client(self, config: &Config, watch: &ClockWatch) -> Client {
        let (attempt, operation, attempts) = match self {
            Self::Call => (CALL_ATTEMPT, Duration::from_millis(650), 2),
            Self::Change | Self::Embedded => (Duration::from_secs(3), Duration::from_secs(8), 3),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect())
            .operation_attempt_timeout(attempt)
            .operation_timeout(operation)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(Duration::from_millis(10))
            .with_max_backoff(Duration::from_millis(200));
        configured(config, timeouts, retries, watch)
    }

    /// For charges: one attempt, since the SDK cannot know whether a lost one was applied.
    pub(crate) fn charges(self, config: &Config, watch: &ClockWatch) -> Client {
        let attempt = match self {
            Self::Call | Self::Change => CALL_ATTEMPT,
            Self::Embedded => Duration::from_millis(950),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect())
            .operation_timeout(attempt)
            .build();
        configured(config, timeouts, RetryConfig::disabled(), watch)
    }

    /// One for both: the SDK keeps connections for each time-out that connecting has, so charges
    /// find open what the others have opened.
    fn connect(self) -> Duration {
        match self {
            Self::Call => Duration::from_millis(250),
            Self::Change | Self::Embedded => Duration::from_secs(1),
        }
    }
}

/// Answers are small, and each attempt has its time: that a body comes too slowly needs no
/// watch of its own.
fn configured(
    config: &Config,
    timeouts: TimeoutConfig,
    retries: RetryConfig,
    watch: &ClockWatch,
) -> Client {
    let mut config = config
        .to_builder()
        .timeout_config(timeouts)
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.push_interceptor(SharedInterceptor::permanent(watch.clone()));
    Client::from_conf(config.build())
}

/// A client by the variables that Lambda sets (`AWS_REGION`, `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`) and the SDKs' own
/// `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL`. No other source of credentials is
/// linked in: aws-config would bring STS and all of them.
///
/// # Errors
/// Names the variable that is missing.
pub fn client_from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Client, MissingVariable> {
    Ok(Client::from_conf(config_from_environment(variable)?))
}

/// What [`client_from_environment`] makes a client of.
pub(crate) fn config_from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Config, MissingVariable> {
    let get = |name: &'static str| variable(name).filter(|value| !value.is_empty());
    let required = |name: &'static str| get(name).ok_or(MissingVariable(name));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        get("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let endpoint = get("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| get("AWS_ENDPOINT_URL"));
    let trust = Trust::of(&variable, endpoint.as_deref());
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .tls_context(trust.context())
        .build_https();
    // It would make a connector for each configuration that it becomes a part of, reading the
    // authorities each time, and throw that away: so only what a request asks for reaches it.
    let http = http_client_fn(move |settings, parts| https.http_connector(settings, parts));
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(credentials)
        .http_client(http);
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

/// A variable that Lambda always sets is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set: Lambda sets it; outside of Lambda set it to reach DynamoDB")]
pub struct MissingVariable(&'static str);
