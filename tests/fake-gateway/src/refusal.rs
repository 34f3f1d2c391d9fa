//! Error answers, in API Gateway's words.

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, text: &str) -> Self {
        Self {
            status,
            code,
            text: text.to_owned(),
        }
    }

    pub(crate) fn throttled() -> Self {
        Self::new(429, "TooManyRequestsException", "Too Many Requests")
    }

    pub(crate) fn limit(text: &str) -> Self {
        Self::new(429, "LimitExceededException", text)
    }

    pub(crate) fn conflict(text: &str) -> Self {
        Self::new(409, "ConflictException", text)
    }

    pub(crate) fn concurrent() -> Self {
        Self::conflict(
            "Unable to complete operation due to concurrent modification. Please try again later.",
        )
    }

    pub(crate) fn not_found(text: &str) -> Self {
        Self::new(404, "NotFoundException", text)
    }

    pub(crate) fn no_plan() -> Self {
        Self::not_found("Invalid Usage Plan ID specified")
    }

    pub(crate) fn no_key() -> Self {
        Self::not_found("Invalid API Key identifier specified")
    }

    pub(crate) fn no_api() -> Self {
        Self::not_found("Invalid API identifier specified")
    }

    pub(crate) fn no_stage() -> Self {
        Self::not_found("Invalid stage identifier specified")
    }

    pub(crate) fn bad_request(text: &str) -> Self {
        Self::new(400, "BadRequestException", text)
    }
}
