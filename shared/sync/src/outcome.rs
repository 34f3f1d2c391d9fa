//! What came of an attempt, in the words of the record.

use std::time::Duration;

use latchkey_gateway::GatewayError;
use latchkey_store::{Id, Native, NativeState, Settled, StoreError};

use crate::Sync;

/// Why an attempt did not bring its object in step.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// API Gateway did not do it.
    Gateway(GatewayError),
    /// The table did not answer.
    Store(StoreError),
    /// Something else must be there first.
    Waits(&'static str),
    /// It is the reconciler's to make again what is there no longer.
    Gone,
    /// Another usage plan has just been changed.
    Turn,
    /// It cannot be done, as things are.
    Refused(String),
}

impl From<GatewayError> for Stopped {
    fn from(error: GatewayError) -> Self {
        Self::Gateway(error)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What stopped an attempt, and what it had found out about the id by then.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) id: Id,
    pub(crate) by: Stopped,
}

impl<T: Into<Stopped>> From<T> for Stop {
    fn from(by: T) -> Self {
        Self {
            id: Id::Keep,
            by: by.into(),
        }
    }
}

impl Stopped {
    /// With what was found out about the id.
    pub(crate) fn but(self, id: Id) -> Stop {
        Stop { id, by: self }
    }
}

/// The first pause after something that passes, and the longest one.
const SOON: Duration = Duration::from_secs(15);
const LATER: Duration = Duration::from_mins(5);
/// The longest one for what is told when what it waits for is there.
const TOLD: Duration = Duration::from_mins(15);
/// The same after a refusal.
const REFUSED: Duration = Duration::from_mins(1);
const MUCH_LATER: Duration = Duration::from_hours(1);

impl Sync {
    pub(crate) fn later(&self, native: &Native, stop: Stop) -> Settled {
        let grown = |first: Duration, longest: Duration| {
            let doubled = 2u32.saturating_pow(native.attempts.min(16));
            first.saturating_mul(doubled).min(longest)
        };
        let pending = |reason: String, pause| (NativeState::Pending, reason, pause);
        let failed = |reason: String| (NativeState::Failed, reason, grown(REFUSED, MUCH_LATER));
        let (state, reason, pause) = match stop.by {
            // Nothing is wrong: the reconciler takes its turn.
            Stopped::Gateway(error @ GatewayError::Throttled { .. }) => {
                pending(error.to_string(), Duration::ZERO)
            }
            Stopped::Turn => {
                let reason = "waits for its turn: API Gateway changes one usage plan in 20 seconds";
                pending(reason.to_owned(), Duration::ZERO)
            }
            Stopped::Gone => {
                let reason = "API Gateway has it no longer: it is made again";
                pending(reason.to_owned(), Duration::ZERO)
            }
            Stopped::Gateway(error) if error.passes() => {
                pending(error.to_string(), grown(SOON, LATER))
            }
            Stopped::Store(error) => pending(error.to_string(), grown(SOON, LATER)),
            Stopped::Waits(what) => pending(format!("waits for {what}"), grown(SOON, TOLD)),
            Stopped::Gateway(error) => failed(error.to_string()),
            Stopped::Refused(why) => failed(why),
        };
        Settled::Later {
            id: stop.id,
            state,
            reason,
            due: self.in_future(pause),
        }
    }
}
