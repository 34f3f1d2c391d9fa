//! What every operation works with.

use latchkey_domain::Clock;
use latchkey_store::{Change, Store};

use crate::{api_gateway::ApiGateway, caller::Caller, problem::Problem, random::Random};

/// Tries of a change that others keep coming first with, before it is given up with 409.
pub(crate) const ATTEMPTS: usize = 5;

/// The table, the time and chance, and API Gateway.
#[derive(Debug, Clone)]
pub struct AdminState {
    /// The table.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Chance, for ids and key values.
    pub random: Random,
    /// API Gateway; none where there is none, as on a developer's machine.
    pub api_gateway: Option<ApiGateway>,
}

impl AdminState {
    /// A change that `caller` makes now.
    ///
    /// # Errors
    /// [`Problem::Internal`] without random bytes for its id.
    pub(crate) fn change_by(&self, caller: &Caller) -> Result<Change, Problem> {
        let id = u64::from_be_bytes(self.random.bytes()?);
        Ok(Change {
            at: self.clock.now().timestamp(),
            id: format!("{id:016x}"),
            principal: caller.principal.clone(),
            source_ip: caller.source_ip.clone(),
            receipt: None,
        })
    }
}
