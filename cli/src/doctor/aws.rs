//! Signed calls of the few operations for which no client of the SDK is linked: CloudFormation,
//! Lambda and EventBridge, six in all. Their clients would add a minute to the build of a
//! command that is built in front of the user's eyes.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector as _, HttpConnectorSettings},
    identity::Identity,
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use latchkey_domain::Clock;

use super::credentials::Variables;

/// Why a call gave no answer: one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// AWS says that it is not there.
    #[error("it is not there")]
    NotFound,
    /// AWS refuses, or there was no answer that can be read.
    #[error("{0}")]
    Failed(String),
}

/// AWS in one account and Region, or an emulator.
pub(super) struct Aws {
    connector: Connector,
    identity: Identity,
    region: String,
    endpoint: Option<String>,
    clock: Clock,
}

/// An answer, and by how much the machine's clock is ahead of AWS's.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) ahead: Option<SignedDuration>,
}

/// What is asked.
pub(super) struct Ask<'a> {
    /// Its name in the address and the signature, such as `lambda`.
    pub(super) service: &'a str,
    pub(super) method: &'a str,
    /// With the query.
    pub(super) path: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: String,
}

impl Aws {
    pub(super) fn new(variables: &Variables, clock: Clock) -> Self {
        let (key, secret, token) = variables.credentials();
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(10))
            .build();
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        Self {
            connector: Connector::builder()
                .connector_settings(settings)
                .tls_provider(provider)
                .build(),
            identity: Credentials::new(key, secret, token, None, "doctor").into(),
            region: variables.region().to_owned(),
            endpoint: variables.get("AWS_ENDPOINT_URL"),
            clock,
        }
    }

    /// # Errors
    /// [`CallError`].
    pub(super) async fn call(&self, ask: &Ask<'_>) -> Result<Answer, CallError> {
        let failed = |what: &dyn std::fmt::Display| CallError::Failed(what.to_string());
        let request = self.signed(ask).map_err(|error| failed(&error))?;
        let request = HttpRequest::try_from(request).map_err(|error| failed(&error))?;
        let begun = self.clock.now().timestamp();
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            CallError::Failed(format!("no answer ({error}{cause})"))
        })?;
        let ahead = answer
            .headers()
            .get("date")
            .and_then(|date| ahead(begun, self.clock.now().timestamp(), date));
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes().to_vec();
        match status {
            200..=299 => Ok(Answer { body, ahead }),
            404 => Err(CallError::NotFound),
            _ => Err(CallError::Failed(refusal(status, &body))),
        }
    }

    fn signed(
        &self,
        ask: &Ask<'_>,
    ) -> Result<http::Request<SdkBody>, Box<dyn std::error::Error + Send + Sync>> {
        let base = match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => {
                let suffix = if self.region.starts_with("cn-") {
                    ".cn"
                } else {
                    ""
                };
                format!(
                    "https://{}.{}.amazonaws.com{suffix}",
                    ask.service, self.region
                )
            }
        };
        let uri = format!("{base}{}", ask.path);
        let since = Duration::try_from(self.clock.now().timestamp().as_duration())?;
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(ask.service)
            .time(SystemTime::UNIX_EPOCH + since)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(ask.body.as_bytes());
        let headers = ask.headers.iter().copied();
        let signable = SignableRequest::new(ask.method, &uri, headers, body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut request = http::Request::builder().method(ask.method).uri(uri);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(SdkBody::from(ask.body.as_str()))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// The machine's clock beside an answer's `Date`, which was written between the two instants and
/// leaves out what is less than a second: what they leave open counts as right.
fn ahead(begun: Timestamp, ended: Timestamp, date: &str) -> Option<SignedDuration> {
    let date = rfc2822::parse(date).ok()?.timestamp();
    let latest = date.checked_add(SignedDuration::from_secs(1)).ok()?;
    let ahead = begun.duration_since(latest).max(SignedDuration::ZERO);
    let behind = date.duration_since(ended).max(SignedDuration::ZERO);
    Some(ahead - behind)
}

/// What AWS says when it refuses: its JSON's message, its XML's, or its first words.
fn refusal(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let said = json.and_then(|json| {
        let names = ["message", "Message"];
        let mut said = names.iter().filter_map(|name| json.get(name)?.as_str());
        said.next().map(str::to_owned)
    });
    let in_xml = || {
        let (_, rest) = text.split_once("<Message>")?;
        Some(rest.split_once("</Message>")?.0.to_owned())
    };
    let said = said.or_else(in_xml).unwrap_or_else(|| text.into_owned());
    let line = |c: char| if c.is_control() { ' ' } else { c };
    let said: String = said.chars().take(300).map(line).collect();
    format!("{status}: {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_what_an_answer_s_date_cannot_explain() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let date = "Thu, 26 Nov 2026 12:00:05 GMT";
        for (begun, ended, seconds) in [
            ("2026-11-26T12:00:05Z", "2026-11-26T12:00:05.2Z", 0),
            ("2026-11-26T12:00:05.9Z", "2026-11-26T12:00:06.5Z", 0),
            ("2026-11-26T12:00:09Z", "2026-11-26T12:00:10Z", 3),
            ("2026-11-26T12:00:01Z", "2026-11-26T12:00:02Z", -3),
        ] {
            let ahead = ahead(at(begun), at(ended), date).unwrap();
            assert_eq!(ahead, SignedDuration::from_secs(seconds), "{begun}");
        }
    }

    #[test]
    fn a_refusal_is_one_line_of_aws_s_words() {
        for (body, line) in [
            (r#"{"Message": "not\nyou"}"#, "403: not you"),
            (
                "<R><Error><Message>no such</Message></Error></R>",
                "403: no such",
            ),
            ("plain", "403: plain"),
        ] {
            assert_eq!(refusal(403, body.as_bytes()), line);
        }
    }
}
