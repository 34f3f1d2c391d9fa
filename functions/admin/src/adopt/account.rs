//! What API Gateway has, read once. The values of its keys go no further than this.

use std::collections::BTreeMap;

use jiff::Timestamp;
use latchkey_domain::{Enforcement, Key, KeyId, Plan};
use latchkey_gateway::{FoundKey, FoundPlan, Gateway, GatewayError, NativeKeyId, Values};
use latchkey_sync::Owner;

use super::terms::{self, Reason};

/// Why nothing of another Latchkey's is taken: the values of its twins open nothing there, and
/// would here.
const ANOTHER_S: &str = "it belongs to another table of Latchkey's";

/// The usage plans and API keys of the account in the Region, by id.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) plans: BTreeMap<String, PlanFound>,
    pub(super) keys: BTreeMap<String, KeyFound>,
}

/// A usage plan that Latchkey did not make.
#[derive(Debug)]
pub(super) struct PlanFound {
    pub(super) found: FoundPlan,
    /// As a plan of Latchkey's.
    pub(super) plan: Result<Plan, Reason>,
}

/// An API key.
#[derive(Debug)]
pub(super) struct KeyFound {
    pub(super) id: NativeKeyId,
    /// As it may be told.
    pub(super) name: Option<String>,
    pub(super) whose: Whose,
}

/// Whose an API key is.
#[derive(Debug)]
pub(super) enum Whose {
    /// Made by Latchkey for this key.
    Latchkeys(KeyId),
    /// Somebody's, who gets this key.
    Theirs(Box<Key>),
    /// Somebody's, which cannot be taken over.
    Unfit(Reason),
}

impl Account {
    /// Reads all pages. What carries the tag of `table` without a name of a key or a plan of
    /// ours is left out.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub(super) async fn read(
        gateway: &Gateway,
        table: &str,
        enforcement: Enforcement,
        at: Timestamp,
    ) -> Result<Self, GatewayError> {
        let plans = gateway.plans().await?;
        let keys = gateway.keys(Values::Shown, None).await?;
        let owner = Owner(table);
        let plans = plans.into_iter().filter(|plan| !owner.owns(&plan.tags));
        let plans = plans.map(|found| {
            let plan = if Owner::somebody_owns(&found.tags) {
                Err(ANOTHER_S.to_owned())
            } else {
                terms::plan(&found, enforcement, at)
            };
            (found.id.to_string(), PlanFound { found, plan })
        });
        let keys = keys.into_iter();
        let keys = keys.filter_map(|found| key(owner, &found, at));
        Ok(Self {
            plans: plans.collect(),
            keys: keys.map(|key| (key.id.to_string(), key)).collect(),
        })
    }
}

fn key(owner: Owner<'_>, found: &FoundKey, at: Timestamp) -> Option<KeyFound> {
    let whose = if owner.owns(&found.tags) {
        Whose::Latchkeys(owner.key(&found.tags)?)
    } else if Owner::somebody_owns(&found.tags) {
        Whose::Unfit(ANOTHER_S.to_owned())
    } else {
        match terms::key(found, at) {
            Ok(key) => Whose::Theirs(Box::new(key)),
            Err(reason) => Whose::Unfit(reason),
        }
    };
    let shown = !found.name.is_empty() && !terms::tells_its_value(found);
    Some(KeyFound {
        id: found.id.clone(),
        name: shown.then(|| found.name.clone()),
        whose,
    })
}

impl KeyFound {
    /// Latchkey's key of it.
    pub(super) fn key_id(&self) -> Option<KeyId> {
        match &self.whose {
            Whose::Latchkeys(id) => Some(*id),
            Whose::Theirs(key) => Some(key.id),
            Whose::Unfit(_) => None,
        }
    }

    /// Whether Latchkey made it.
    pub(super) fn is_latchkeys(&self) -> bool {
        matches!(self.whose, Whose::Latchkeys(_))
    }
}
