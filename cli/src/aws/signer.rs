//! Signature Version 4, by AWS's own crate.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use http::Request;
use jiff::Timestamp;

use super::Variables;

/// Signs calls as one caller, for one Region.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    identity: Identity,
    region: String,
}

/// Why a request cannot be signed.
type CannotSign = Box<dyn std::error::Error + Send + Sync>;

impl Signer {
    pub(crate) fn new(variables: &Variables) -> Self {
        let (key, secret, token) = variables.credentials();
        Self {
            identity: Credentials::new(key, secret, token, None, "latchkey").into(),
            region: variables.region().to_owned(),
        }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The request with its signature, for `service` such as `execute-api`.
    ///
    /// # Errors
    /// Where a header's value is no text, or the time is before 1970.
    pub(crate) fn sign(
        &self,
        service: &str,
        at: Timestamp,
        mut request: Request<String>,
    ) -> Result<Request<String>, CannotSign> {
        let since = Duration::try_from(at.as_duration())?;
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::UNIX_EPOCH + since)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let mut headers = Vec::new();
        for (name, value) in request.headers() {
            headers.push((name.as_str(), value.to_str()?));
        }
        let (method, uri) = (request.method().as_str(), request.uri().to_string());
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable = SignableRequest::new(method, &uri, headers.into_iter(), body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}
