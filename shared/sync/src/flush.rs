//! The authorizer's results that API Gateway keeps.
//!
//! They are flushed twice: at once, and when no instance of the authorizer can still answer
//! from a key that it read before the change. Stages are flushed at most once in a short time,
//! so that many keys that change at once make few calls.

use std::time::Duration;

use latchkey_gateway::GatewayError;
use latchkey_store::{Id, Native, NativeState, Settled, StoreError};

use crate::{
    Sync,
    attempt::{Done, Earlier, stopped},
};

/// A stage is flushed once in this time.
const GAP: Duration = Duration::from_secs(5);
/// For a decision that was under way.
const MARGIN: Duration = Duration::from_secs(2);

impl Sync {
    pub(crate) async fn flush(
        &self,
        native: &Native,
        earlier: Earlier<'_>,
    ) -> Result<Done, StoreError> {
        let first = matches!(earlier, Earlier::None) || native.attempts == 0;
        let since = match earlier {
            Earlier::None => self.now().checked_sub(GAP).unwrap_or(native.due),
            // Whatever is due was due before.
            Earlier::LookedAt(inventory) => inventory.since,
        };
        for stage in &native.stages {
            if !self.store.may_flush(stage, self.now(), since).await? {
                continue;
            }
            let flushed = self
                .gateway
                .flush_authorizers(stage.api_id(), stage.stage())
                .await;
            match flushed {
                Ok(()) | Err(GatewayError::NotFound { .. }) => {}
                Err(error) => return Ok(Err(stopped(error))),
            }
        }
        if !first {
            return Ok(Ok(Settled::Removed));
        }
        Ok(Ok(Settled::Later {
            id: Id::Keep,
            state: NativeState::Pending,
            reason: "is flushed once more when no authorizer remembers the key".to_owned(),
            due: self.in_future(self.key_cache + MARGIN),
        }))
    }
}
