//! What can go wrong with the table.

use std::fmt::Debug;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

/// A call to the table failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer in its time, no capacity, or a fault. Nothing is known of what was applied,
    /// but a transaction is applied whole or not at all.
    #[error("DynamoDB did not carry out {operation}: {detail}")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// DynamoDB's or the connection's own words; never an item.
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

    /// What came in place of an answer is not in it: an answer that cannot be read may hold
    /// items, with hashes and the values of twins.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let detail = match (error.code(), status, error) {
            (Some(code), ..) => format!("{code}: {}", error.message().unwrap_or_default()),
            (None, Some(status), _) => format!("its answer of status {status} cannot be read"),
            (None, None, SdkError::TimeoutError(_)) => "it timed out".to_owned(),
            (None, None, SdkError::DispatchFailure(failure)) => failure
                .as_connector_error()
                .map_or("no connection".to_owned(), |error| {
                    DisplayErrorContext(error).to_string()
                }),
            _ => "the request cannot be built".to_owned(),
        };
        Self::Unavailable { operation, detail }
    }
}

/// Whether the condition of a write held, and so it was made.
pub(crate) fn held<T, E>(
    operation: &'static str,
    sent: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, StoreError>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::query::QueryError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    const ITEM: &str = r#"{"Items":[{"twin":{"S":"the-value-of-a-twin"}},"#;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), SdkBody::from(ITEM))
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_shown() {
        for status in [200, 400, 500] {
            let cut = QueryError::unhandled(format!("unexpected end after {ITEM}"));
            let errors = [
                SdkError::response_error("unexpected end", answer(status)),
                SdkError::service_error(cut, answer(status)),
            ];
            for error in errors {
                let error = StoreError::from_sdk("Query", &error);
                let told = format!("{error} {error:?}");
                assert!(!told.contains("twin"), "{told}");
                assert!(told.contains(&status.to_string()), "{told}");
            }
        }
    }

    #[test]
    fn a_wait_and_a_lost_connection_are_told_apart() {
        let lost = ConnectorError::io("connection refused".into());
        for (error, told) in [
            (SdkError::timeout_error("late"), "it timed out"),
            (SdkError::dispatch_failure(lost), "connection refused"),
            (SdkError::construction_failure("no"), "cannot be built"),
        ] {
            let error: SdkError<QueryError, HttpResponse> = error;
            let error = StoreError::from_sdk("Query", &error).to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
