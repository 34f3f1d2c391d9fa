//! AWS's errors turned into ours, in one place.

use std::error::Error;

use aws_sdk_apigateway::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::{GatewayError, Missing, operation::Operation, value::repeats_a_secret};

/// How much of AWS's own text is kept, in characters.
const KEPT: usize = 400;
const UNREADABLE: &str = "its answer cannot be read";
/// AWS's words for a change that met another one.
const CONCURRENT: &str = "concurrent modification";

/// The error of a call that sent `secrets`: none of its texts repeats one of them.
pub(crate) fn error_of<E>(
    operation: Operation,
    secrets: &str,
    error: SdkError<E, HttpResponse>,
) -> GatewayError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let name = operation.name();
    let unavailable = |detail: String| GatewayError::Unavailable {
        operation: name,
        detail,
    };
    match error {
        SdkError::ServiceError(refusal) => {
            let said = Said {
                status: refusal.raw().status().as_u16(),
                code: refusal.err().code().unwrap_or_default(),
                text: refusal.err().message().unwrap_or_default(),
                secrets,
            };
            said.error(operation)
        }
        SdkError::TimeoutError(_) => unavailable("it took too long".to_owned()),
        SdkError::ResponseError(_) => unavailable(UNREADABLE.to_owned()),
        SdkError::DispatchFailure(failure) => {
            let cause = failure
                .as_connector_error()
                .map_or_else(|| "no connection".to_owned(), |error| causes(error));
            unavailable(readable(&cause))
        }
        _ => GatewayError::Refused {
            operation: name,
            detail: "the request cannot be built from these values".to_owned(),
        },
    }
}

/// What went wrong, and what of, in words.
fn causes(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    words.join(": ")
}

/// An error answer.
struct Said<'a> {
    status: u16,
    code: &'a str,
    text: &'a str,
    secrets: &'a str,
}

impl Said<'_> {
    fn error(&self, operation: Operation) -> GatewayError {
        let name = operation.name();
        match (self.code, self.status) {
            // Carried out, most likely. The body, which may hold key values, is not shown.
            (_, ..400) => GatewayError::Unavailable {
                operation: name,
                detail: UNREADABLE.to_owned(),
            },
            ("LimitExceededException", _) => GatewayError::QuotaReached(operation.quota()),
            ("TooManyRequestsException" | "ThrottlingException" | "Throttling", _) | (_, 429) => {
                GatewayError::Throttled { operation: name }
            }
            ("ConflictException", _) | (_, 409) => GatewayError::Conflict {
                operation: name,
                detail: self.conflict(operation),
            },
            ("NotFoundException", _) | (_, 404) => GatewayError::NotFound {
                operation: name,
                what: self.missing(),
            },
            (_, 500..) => GatewayError::Unavailable {
                operation: name,
                detail: self.words(),
            },
            _ => GatewayError::Refused {
                operation: name,
                detail: self.words(),
            },
        }
    }

    fn conflict(&self, operation: Operation) -> String {
        if self.text.contains(CONCURRENT) {
            return CONCURRENT.to_owned();
        }
        match operation {
            Operation::CreateApiKey => "a key of this value is there already".to_owned(),
            _ => self.words(),
        }
    }

    /// AWS's code and text; only its code where the text repeats a value.
    fn words(&self) -> String {
        let code = if self.code.is_empty() {
            format!("status {}", self.status)
        } else {
            readable(self.code)
        };
        match self.text {
            "" => code,
            text if repeats_a_secret(text, self.secrets) => {
                format!("{code} (its text repeats a key value)")
            }
            text => format!("{code}: {}", readable(text)),
        }
    }

    /// By the texts that are known, such as "Invalid API Key identifier specified".
    fn missing(&self) -> Missing {
        let text = self.text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
        if says(&["usage plan"]) {
            Missing::Plan
        } else if says(&["key identifier", "api key"]) {
            Missing::Key
        } else if says(&["stage"]) {
            Missing::Stage
        } else if says(&["method"]) {
            Missing::Method
        } else if says(&["resource identifier"]) {
            Missing::Path
        } else if says(&["rest api", "api identifier", "api id"]) {
            Missing::Api
        } else {
            Missing::Named
        }
    }
}

/// Whether the conflict is one with another change at the same time, which passes by itself.
pub(crate) fn is_concurrent(detail: &str) -> bool {
    detail == CONCURRENT
}

/// On one line, and not for ever.
fn readable(text: &str) -> String {
    let escape = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(KEPT).map(escape).collect()
}
