//! What API Gateway refuses to take as an authorizer's answer.

/// The rule that an answer breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Over 8 KB.
    #[error("the answer has {0} bytes, more than 8192")]
    Large(usize),
    /// No JSON text.
    #[error("the answer is not JSON")]
    NotJson,
    /// A null, wherever.
    #[error("the answer holds a null: what is absent must be left out")]
    Null,
    /// Of another type than the rules say.
    #[error("{0} is missing or of the wrong type")]
    WrongType(&'static str),
    /// An empty `principalId`.
    #[error("principalId is empty")]
    NoPrincipal,
    /// A context value that is a list or an object.
    #[error("the context is not flat")]
    NestedContext,
    /// A resource of more than 512 characters.
    #[error("an ARN in the policy has more than 512 characters")]
    LongArn,
    /// A policy that cannot be evaluated.
    #[error("the policy is malformed: {0}")]
    Policy(&'static str),
}
