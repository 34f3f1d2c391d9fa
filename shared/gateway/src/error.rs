//! What API Gateway refuses, in Latchkey's words.

/// An AWS quota, by the name under which AWS's documentation lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Quota {
    /// 10,000, fixed.
    #[error("API keys per account per Region")]
    ApiKeys,
    /// 300, can be raised.
    #[error("Usage plans per account per Region")]
    UsagePlans,
    /// 10, can be raised.
    #[error("Usage plans per API key")]
    PlansPerKey,
    /// 20, can be raised.
    #[error("Method throttles per API stage of a usage plan")]
    MethodThrottles,
    /// 10, can be raised.
    #[error("Stages per API")]
    Stages,
    /// Of an operation that Latchkey knows no quota for.
    #[error("a quota that API Gateway does not name")]
    Other,
}

/// What is not there. AWS tells it by its text only, which it does not promise to keep:
/// where the text says nothing that is known, [`Self::Named`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Missing {
    /// The usage plan.
    #[error("usage plan")]
    Plan,
    /// The API key.
    #[error("API key")]
    Key,
    /// The REST API.
    #[error("REST API")]
    Api,
    /// The API's stage.
    #[error("API stage")]
    Stage,
    /// The API's resource of this path.
    #[error("path of the API")]
    Path,
    /// The resource's method.
    #[error("method of the path")]
    Method,
    /// One of the things that the call named.
    #[error("thing that was named")]
    Named,
}

/// Why a call of the control plane did not succeed. Never holds a key value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Too many calls: nothing was done.
    #[error("API Gateway's rate of {operation} calls is used up")]
    Throttled {
        /// The operation.
        operation: &'static str,
    },
    /// Something is in the way: an equal value, the same attachment, or another change at the
    /// same time. Nothing was done by this call, though an earlier one, whose answer was lost,
    /// may be what is in the way.
    #[error("API Gateway has a conflict with {operation}: {detail}")]
    Conflict {
        /// The operation.
        operation: &'static str,
        /// AWS's words; Latchkey's own where AWS's might repeat a key value.
        detail: String,
    },
    /// An AWS quota is used up.
    #[error("the AWS quota \"{0}\" is used up")]
    QuotaReached(Quota),
    /// What was named is not there.
    #[error("{operation}: API Gateway has no such {what}")]
    NotFound {
        /// The operation.
        operation: &'static str,
        /// What it is that is not there.
        what: Missing,
    },
    /// The request, or the right to make it, is wrong.
    #[error("API Gateway refuses {operation}: {detail}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// AWS's code and words.
        detail: String,
    },
    /// No answer, none that can be read, or a fault of AWS's: it may have been carried out.
    #[error("{operation} got no answer: {detail}")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// What went wrong.
        detail: String,
    },
}

impl GatewayError {
    /// Whether the call may have been carried out all the same.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Throttled { .. } | Self::Conflict { .. } | Self::Unavailable { .. }
        )
    }
}
