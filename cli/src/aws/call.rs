//! Signed calls of the few operations for which no client of the SDK is linked. Their clients
//! would add a minute to the build of a command that is built in front of the user's eyes.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use latchkey_domain::Clock;

use super::{Connection, Signer, Variables};

/// What to do about a session that has ended.
pub(crate) const SIGN_IN: &str =
    ": sign in again (such as with `aws sso login`) and run it once more.";

/// Whether AWS says that the caller's session has ended.
pub(crate) fn is_expired(said: &str) -> bool {
    said.contains("ExpiredToken")
        || said.contains("security token included in the request is expired")
}

/// Why a call gave no answer: one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// AWS says that it is not there.
    #[error("it is not there")]
    NotFound,
    /// AWS takes no more calls just now.
    #[error("{0}")]
    Throttled(String),
    /// AWS refuses, or there was no answer that can be read.
    #[error("{0}")]
    Failed(String),
}

/// AWS in one account and Region, or an emulator.
pub(crate) struct Aws {
    connection: Connection,
    signer: Signer,
    endpoint: Option<String>,
    clock: Clock,
}

/// An answer, and by how much the machine's clock is ahead of AWS's.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) ahead: Option<SignedDuration>,
}

/// What is asked.
struct Ask<'a> {
    /// Its name in the address and the signature, such as `lambda`.
    service: &'a str,
    method: &'a str,
    /// With the query.
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: String,
}

impl Aws {
    pub(crate) fn new(variables: &Variables, clock: Clock) -> Self {
        Self {
            connection: Connection::new(),
            signer: Signer::new(variables),
            endpoint: variables.get("AWS_ENDPOINT_URL"),
            clock,
        }
    }

    /// # Errors
    /// [`CallError`].
    async fn call(&self, ask: &Ask<'_>) -> Result<Answer, CallError> {
        let failed = |what: &dyn std::fmt::Display| CallError::Failed(what.to_string());
        let mut request = http::Request::builder().method(ask.method).uri(format!(
            "{}{}",
            self.base(ask.service),
            ask.path
        ));
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(ask.body.clone());
        let request = request.map_err(|error| failed(&error))?;
        let begun = self.clock.now().timestamp();
        let request = self.signer.sign(ask.service, begun, request);
        let request = request.map_err(|error| failed(&error))?;
        let answer = self.connection.send(request).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let ahead = answer.headers().get("date").and_then(|date| {
            let date = date.to_str().ok()?;
            ahead(begun, self.clock.now().timestamp(), date)
        });
        let status = answer.status().as_u16();
        let body = answer.into_body();
        match status {
            200..=299 => Ok(Answer { body, ahead }),
            404 => Err(CallError::NotFound),
            _ if is_kind(&body, "ResourceNotFoundException") => Err(CallError::NotFound),
            _ => Err(refused(status, &body)),
        }
    }

    pub(crate) async fn get(&self, service: &str, path: &str) -> Result<Answer, CallError> {
        self.call(&Ask {
            service,
            method: "GET",
            path,
            headers: &[],
            body: String::new(),
        })
        .await
    }

    pub(crate) async fn post(
        &self,
        service: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, CallError> {
        self.call(&Ask {
            service,
            method: "POST",
            path: "/",
            headers,
            body,
        })
        .await
    }

    fn base(&self, service: &str) -> String {
        let region = self.signer.region();
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://{service}.{region}.amazonaws.com{suffix}"),
        }
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

/// Services of AWS's JSON protocols say by a type what others say by a status.
fn is_kind(body: &[u8], name: &str) -> bool {
    let told = serde_json::from_slice::<serde_json::Value>(body).ok();
    let kind = told.as_ref().and_then(|told| told.get("__type")?.as_str());
    kind.is_some_and(|kind| kind.ends_with(name))
}

fn refused(status: u16, body: &[u8]) -> CallError {
    let said = refusal(status, body);
    let throttled = status == 429
        || is_kind(body, "ThrottlingException")
        || said.contains("ThrottlingException")
        || said.contains("Rate exceeded");
    if throttled {
        CallError::Throttled(said)
    } else {
        CallError::Failed(said)
    }
}

/// What AWS says when it refuses: its JSON's message, its XML's, or its first words.
fn refusal(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let expired = is_expired(&text);
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
    if expired {
        return format!("{status}{SIGN_IN} {said}");
    }
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
    fn too_many_calls_are_told_from_other_refusals() {
        for (status, body, throttled) in [
            (400, r#"{"__type":"ThrottlingException"}"#, true),
            (
                400,
                r#"{"__type":"x#ThrottlingException","message":"slow"}"#,
                true,
            ),
            (400, r#"{"__type":"x","message":"Rate exceeded"}"#, true),
            (
                400,
                "<R><Code>Throttling</Code><Message>Rate exceeded</Message></R>",
                true,
            ),
            (429, "", true),
            (400, r#"{"__type":"AccessDeniedException"}"#, false),
        ] {
            let error = refused(status, body.as_bytes());
            assert_eq!(
                matches!(error, CallError::Throttled(_)),
                throttled,
                "{body}"
            );
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
            (
                "<R><Code>ExpiredToken</Code><Message>too old</Message></R>",
                "403: sign in again (such as with `aws sso login`) and run it once more. too old",
            ),
        ] {
            assert_eq!(refusal(403, body.as_bytes()), line);
        }
    }
}
