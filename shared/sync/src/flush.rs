//! The authorizer's results that API Gateway keeps.
//!
//! They are flushed twice: at once, and when no instance of the authorizer can still answer
//! from a key that it read before the change. The second time is what counts; where the first
//! one fails it is left out. Stages are flushed at most once in a short time, so that many
//! keys that change at once make few calls.

use std::time::Duration;

use latchkey_gateway::GatewayError;
use latchkey_store::{Id, Native, NativeState, Settled};

use crate::{
    Sync,
    attempt::{Done, Earlier},
    outcome::Stopped,
};

/// A stage is flushed once in this time.
const GAP: Duration = Duration::from_secs(5);
/// For a decision that was under way.
const MARGIN: Duration = Duration::from_secs(2);
/// Refusals after which a flush is given up. They take hours, and API Gateway keeps a result
/// for one at most (AWS, "Use API Gateway Lambda authorizers").
const REFUSALS: u32 = 8;

impl Sync {
    pub(crate) async fn flush(&self, native: &Native, earlier: Earlier<'_>) -> Done {
        let flushed = self.flush_stages(native, earlier).await;
        if native.attempts > 0 {
            return match flushed {
                Err(Stopped::Gateway(error))
                    if !error.passes() && native.attempts.saturating_add(1) >= REFUSALS =>
                {
                    tracing::warn!(object = %native.object, %error, "not flushed: what API Gateway kept is over by itself");
                    Ok(Settled::Removed)
                }
                flushed => Ok(flushed.map(|()| Settled::Removed)?),
            };
        }
        let again = self.in_future(self.key_cache + MARGIN);
        Ok(match flushed {
            Err(stopped @ Stopped::Store(_)) => return Err(stopped.into()),
            Err(stopped) => match self.later(native, stopped.into()) {
                Settled::Later {
                    id,
                    state,
                    reason,
                    due,
                } => Settled::Later {
                    id,
                    state,
                    reason,
                    due: due.max(again),
                },
                settled => settled,
            },
            Ok(()) => Settled::Later {
                id: Id::Keep,
                state: NativeState::Pending,
                reason: "is flushed once more when no authorizer remembers the key".to_owned(),
                due: again,
            },
        })
    }

    async fn flush_stages(&self, native: &Native, earlier: Earlier<'_>) -> Result<(), Stopped> {
        let since = match earlier {
            Earlier::None => self.now().checked_sub(GAP).unwrap_or(native.due),
            // A stage that was flushed since then needs it no more.
            Earlier::LookedAt(due, _) => due,
        };
        let mut flushed = Ok(());
        for stage in &native.stages {
            // Where this one dies before its call, its own record has the stage flushed later:
            // for those too who count on it now.
            if !self.store.may_flush(stage, self.now(), since).await? {
                continue;
            }
            let (api, stage) = (stage.api_id(), stage.stage());
            match self.gateway.flush_authorizers(api, stage).await {
                Ok(()) | Err(GatewayError::NotFound { .. }) => {}
                // One that refuses does not keep the others back.
                Err(error) => flushed = flushed.and(Err(error.into())),
            }
        }
        flushed
    }
}
