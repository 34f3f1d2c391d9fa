//! How a command ends that did not do what it was asked, for people and for scripts.

use crate::{
    advice::for_refusal,
    aws::{CallError, NoCaller},
    client::{ClientError, TargetError},
};

/// Exit statuses that scripts can rely on. 2 is clap's, for a command line that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The admin API refused it, or what was looked at is not as it should be: a call that would
    /// be denied, drift, a file that says something else than what is there.
    Refused = 1,
    /// What was given cannot be used: an argument, a file.
    Usage = 2,
    /// There was no answer of the admin API's: no connection, no credentials, a fault, a refusal
    /// of what stands before it, an answer that cannot be read.
    NoAnswer = 3,
}

/// Why a command ended, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) status: Status,
    /// What is wrong and what to do about it; empty where what was printed says it all.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(status: Status, message: impl std::fmt::Display) -> Self {
        Self {
            status,
            message: message.to_string(),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let status = match &error {
            ClientError::Refused(problem) if problem.is_answer() => Status::Refused,
            ClientError::Refused(_) => Status::NoAnswer,
            ClientError::Unsendable(_) => Status::Usage,
            ClientError::NoAnswer { .. } | ClientError::Unreadable { .. } => Status::NoAnswer,
        };
        let advice = error.problem().and_then(for_refusal);
        match advice {
            Some(advice) => Self::new(status, format!("{error}\nhint: {advice}")),
            None => Self::new(status, error),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let status = match error {
            TargetError::Url(_) | TargetError::TwoVariables => Status::Usage,
            _ => Status::NoAnswer,
        };
        Self::new(status, error)
    }
}

impl From<NoCaller> for Failure {
    fn from(error: NoCaller) -> Self {
        Self::new(Status::NoAnswer, error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(Status::NoAnswer, error)
    }
}
