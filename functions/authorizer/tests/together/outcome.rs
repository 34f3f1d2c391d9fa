//! What came of a call.

use latchkey_runtime_api::{Answer, FunctionError};

/// What a caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Allowed,
    QuotaExceeded,
    Throttled,
    Unavailable,
    /// Nothing: the process ended first.
    Gone,
}

impl Outcome {
    pub(crate) fn read(answer: Result<Answer, FunctionError>) -> Self {
        let answer = match answer {
            Ok(Answer::Response(answer)) => answer,
            Ok(Answer::Error { error_message, .. }) if error_message == "Unavailable" => {
                return Self::Unavailable;
            }
            Err(FunctionError::Ended(_)) => return Self::Gone,
            other => panic!("no call of these tests is answered so: {other:?}"),
        };
        let effect = &answer["policyDocument"]["Statement"][0]["Effect"];
        let reason = answer["context"]["reason"].as_str();
        match (effect.as_str(), reason) {
            (Some("Allow"), _) => Self::Allowed,
            (Some("Deny"), Some("quota_exceeded")) => Self::QuotaExceeded,
            (Some("Deny"), Some("throttled")) => Self::Throttled,
            _ => panic!("no call of these tests is answered so: {answer}"),
        }
    }
}
