//! What can go wrong with the table.

use std::fmt::Debug;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// A call to the table failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer in its time, no capacity, or a fault. Nothing is known of what was applied,
    /// but a transaction is applied whole or not at all.
    #[error("DynamoDB did not carry out {operation}: {detail}")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// DynamoDB's or the connection's own words.
        detail: String,
    },
    /// An item cannot be read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// Somebody else carries out the request by now: its lease was over. Nothing was changed.
    #[error("another request with the same Idempotency-Key has taken over")]
    Superseded,
    /// A cursor that this list did not give.
    #[error(transparent)]
    Cursor(#[from] crate::BadCursor),
}

impl StoreError {
    pub(crate) fn unavailable(operation: &'static str, error: &dyn Debug) -> Self {
        Self::Unavailable {
            operation,
            detail: format!("{error:?}"),
        }
    }

    pub(crate) fn from_sdk<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: Debug + Send + Sync + 'static,
    {
        let detail = match error.code() {
            Some(code) => format!("{code}: {}", error.message().unwrap_or_default()),
            None => DisplayErrorContext(error).to_string(),
        };
        Self::Unavailable { operation, detail }
    }
}

/// Whether the condition of a write held, and so it was made.
pub(crate) fn held<T, E, R>(
    operation: &'static str,
    sent: Result<T, SdkError<E, R>>,
) -> Result<bool, StoreError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(StoreError::from_sdk(operation, &error)),
    }
}

/// An item breaks the rules of its record: it was written by a later version, or by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{record}: attribute {attribute} {problem}")]
pub struct Corrupt {
    pub(crate) record: &'static str,
    pub(crate) attribute: String,
    pub(crate) problem: String,
}
