//! What an answer says that is no success, in words for people.

use http::StatusCode;
use serde::Deserialize;

use crate::aws::{NoAnswer, SIGN_IN, is_expired};

/// Why a call did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(
        "{base}: {error}. Start it with `latchkey dev`, or say where the admin API is: --url ADDRESS or --stack NAME"
    )]
    NoAnswer { base: String, error: NoAnswer },
    #[error("{0}")]
    Refused(Problem),
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
    #[error(
        "the answer is none of the admin API's (line {line}, column {column}): is the address right?"
    )]
    Unreadable { line: usize, column: usize },
}

/// A refusal: the admin API's problem document (RFC 9457), or what stands before it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The path of the page that tells of it, such as `/problems/unknown-plan`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Its kind in words.
    pub(crate) title: String,
    /// What is wrong this time.
    pub(crate) detail: String,
    /// Each field that is wrong.
    pub(crate) errors: Vec<FieldError>,
}

/// A field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct FieldError {
    /// Its JSON pointer, such as `/quota/limit`.
    pub(crate) pointer: String,
    /// The name of a parameter of the query, where it is none of the body's fields.
    pub(crate) parameter: String,
    /// The name of a header.
    pub(crate) header: String,
    /// The line of a table, and its column.
    pub(crate) line: Option<u64>,
    /// The column of a table.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

/// What stands before the admin API says.
#[derive(Deserialize)]
struct Plain {
    #[serde(alias = "Message")]
    message: String,
}

impl ClientError {
    /// The refusal that `body` tells.
    pub(super) fn refused(status: StatusCode, body: &[u8]) -> Self {
        let problem = serde_json::from_slice::<Problem>(body)
            .ok()
            .filter(|problem| !problem.kind.is_empty());
        if let Some(problem) = problem {
            let status = status.as_u16();
            return Self::Refused(Problem { status, ..problem });
        }
        let plain = serde_json::from_slice::<Plain>(body).ok();
        let said = plain.map(|plain| plain.message).unwrap_or_default();
        let advice = match status {
            StatusCode::FORBIDDEN if is_expired(&said) => SIGN_IN,
            StatusCode::FORBIDDEN => {
                ": these credentials may not call this; execute-api:Invoke is what they need"
            }
            StatusCode::NOT_FOUND => {
                ": is the address the admin API's? That of `latchkey dev` ends with /admin"
            }
            _ => "",
        };
        let title = status.canonical_reason().unwrap_or("refused");
        Self::Refused(Problem {
            status: status.as_u16(),
            title: title.to_owned(),
            detail: format!("{status}{advice} {said}").trim_end().to_owned(),
            ..Problem::default()
        })
    }

    /// Whether it is not known what the call did: a repeated one may get its answer.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused(problem) => matches!(problem.status, 502..=504),
            Self::Unsendable(_) | Self::Unreadable { .. } => false,
        }
    }

    /// The problem of a refusal.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}

impl Problem {
    /// Whether the admin API has answered what it was asked: no fault, and none of what stands
    /// before it, which writes no problem documents.
    pub(crate) fn is_answer(&self) -> bool {
        self.status < 500 && !self.kind.is_empty()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)?;
        // One alone is the detail already.
        let one = matches!(self.errors.as_slice(), [error] if self.detail.contains(&error.detail));
        for error in self.errors.iter().filter(|_| !one) {
            write!(f, "\n  {}: {}", error.place(), error.detail)?;
        }
        Ok(())
    }
}

impl FieldError {
    /// Where it is, as people say it: `/quota/limit`, `line 3, usageplanIds`.
    pub(crate) fn place(&self) -> String {
        let names = [&self.pointer, &self.parameter, &self.header, &self.field];
        let name = names.into_iter().find(|name| !name.is_empty());
        match (self.line, name) {
            (Some(line), Some(name)) => format!("line {line}, {name}"),
            (Some(line), None) => format!("line {line}"),
            (None, Some(name)) => name.clone(),
            (None, None) => "the body".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_each_field() {
        let body = br#"{"type":"/problems/invalid-request","title":"Invalid","status":400,"detail":"2 are wrong","errors":[{"pointer":"/name","detail":"must not be empty"},{"parameter":"limit","detail":"is 0"},{"line":3,"field":"key","detail":"is short"}]}"#;
        let error = ClientError::refused(StatusCode::BAD_REQUEST, body);
        assert_eq!(
            error.to_string(),
            "2 are wrong\n  /name: must not be empty\n  limit: is 0\n  line 3, key: is short"
        );
        assert_eq!(error.problem().unwrap().status, 400);
    }

    #[test]
    fn a_field_that_is_wrong_alone_is_told_once() {
        let body = br#"{"type":"/problems/invalid-request","title":"Invalid","status":400,"detail":"/name: must not be empty","errors":[{"pointer":"/name","detail":"must not be empty"}]}"#;
        let error = ClientError::refused(StatusCode::BAD_REQUEST, body);
        assert_eq!(error.to_string(), "/name: must not be empty");
    }

    #[test]
    fn what_stands_before_the_api_is_told_with_advice() {
        for (status, body, said) in [
            (
                403,
                r#"{"message":"Forbidden"}"#,
                "403 Forbidden: these credentials may not call this; execute-api:Invoke is what they need Forbidden",
            ),
            (
                403,
                r#"{"message":"The security token included in the request is expired"}"#,
                "403 Forbidden: sign in again (such as with `aws sso login`) and run it once more. The security token included in the request is expired",
            ),
            (502, "<html>", "502 Bad Gateway"),
            (
                404,
                "",
                "404 Not Found: is the address the admin API's? That of `latchkey dev` ends with /admin",
            ),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = ClientError::refused(status, body.as_bytes());
            assert_eq!(error.to_string(), said);
        }
    }
}
