//! What came of an attempt, in the words of the record.

use std::time::Duration;

use latchkey_gateway::GatewayError;
use latchkey_store::{Id, Native, NativeState, Settled};

use crate::Sync;

/// Why an attempt did not bring its object in step.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// API Gateway did not do it.
    Gateway(GatewayError),
    /// Something else must be there first.
    Waits(&'static str),
    /// It cannot be done, as things are.
    Refused(String),
}

impl From<GatewayError> for Stopped {
    fn from(error: GatewayError) -> Self {
        Self::Gateway(error)
    }
}

/// The first pause after something that passes, and the longest one.
const SOON: Duration = Duration::from_secs(15);
const LATER: Duration = Duration::from_mins(5);
/// The same after a refusal.
const REFUSED: Duration = Duration::from_mins(1);
const MUCH_LATER: Duration = Duration::from_hours(1);

impl Sync {
    pub(crate) fn later(&self, native: &Native, id: Id, stopped: Stopped) -> Settled {
        let grown = |first: Duration, longest: Duration| {
            let doubled = 2u32.saturating_pow(native.attempts.min(16));
            first.saturating_mul(doubled).min(longest)
        };
        let (state, reason, pause) = match stopped {
            // Nothing is wrong: the reconciler takes its turn.
            Stopped::Gateway(error @ GatewayError::Throttled { .. }) => {
                (NativeState::Pending, error.to_string(), Duration::ZERO)
            }
            Stopped::Gateway(error) if error.passes() => {
                (NativeState::Pending, error.to_string(), grown(SOON, LATER))
            }
            Stopped::Gateway(error) => (
                NativeState::Failed,
                error.to_string(),
                grown(REFUSED, MUCH_LATER),
            ),
            Stopped::Waits(what) => (
                NativeState::Pending,
                format!("waits for {what}"),
                grown(SOON, LATER),
            ),
            Stopped::Refused(why) => (NativeState::Failed, why, grown(REFUSED, MUCH_LATER)),
        };
        Settled::Later {
            id,
            state,
            reason,
            due: self.in_future(pause),
        }
    }
}
