//! The keys, each by itself. On which plans they are comes with the plans.

use std::{collections::BTreeMap, ops::Bound};

use latchkey_domain::{Enforcement, Key};
use latchkey_gateway::NativeKeyId;
use latchkey_store::{Change, CreateKeyError, NativeObject, Store, StoreError};
use tokio::task::JoinSet;

use super::{
    account::{Account, KeyFound, Whose},
    report::Outcome,
    request::{How, Place},
    seen::{KeyStanding, Seen},
    terms::Reason,
    work::{Stop, Work},
};
use crate::problem::Problem;

/// Keys that are looked up in the table together.
const TOGETHER: usize = 100;
/// Keys that are made at a time: they have nothing in common.
const AT_A_TIME: usize = 16;

/// What became of a key.
type Became = Result<Outcome, Reason>;

impl Work<'_> {
    /// All keys behind `after`.
    pub(super) async fn keys(&mut self, account: &Account, after: &str) -> Result<(), Stop> {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        let found = account.keys.range::<str, _>(behind);
        let found: Vec<&KeyFound> = found.map(|(_, key)| key).collect();
        for some in found.chunks(TOGETHER) {
            self.go_on()?;
            let ids = some.iter().filter_map(|key| key.key_id());
            let seen = Seen::of_keys(&self.state.store, ids).await?;
            for few in some.chunks(AT_A_TIME) {
                self.go_on()?;
                let became = self.few(few, &seen).await?;
                self.tell(few, became);
            }
        }
        Ok(())
    }

    /// What became of a few keys, by their ids at API Gateway. What Latchkey made is left out.
    async fn few(
        &mut self,
        few: &[&KeyFound],
        seen: &Seen,
    ) -> Result<BTreeMap<NativeKeyId, Became>, Stop> {
        let mut became = BTreeMap::new();
        let mut making = JoinSet::new();
        for found in few {
            let key = match &found.whose {
                Whose::Latchkeys(_) => continue,
                Whose::Unfit(reason) => {
                    became.insert(found.id.clone(), Err(reason.clone()));
                    continue;
                }
                Whose::Theirs(key) => key,
            };
            match seen.key(&found.id, key) {
                KeyStanding::Unfit(reason) => {
                    became.insert(found.id.clone(), Err(reason));
                }
                KeyStanding::Here(_) => {
                    let outcome = self.here(key, seen).await?;
                    became.insert(found.id.clone(), Ok(outcome));
                }
                KeyStanding::New => {
                    let new = New {
                        native: found.id.clone(),
                        key: (**key).clone(),
                        how: self.how,
                        change: self.change()?,
                    };
                    let store = self.state.store.clone();
                    making.spawn(async move { (new.make(&store).await, new.native) });
                }
            }
        }
        while let Some(made) = making.join_next().await {
            let (made, id) = made.map_err(|error| {
                tracing::error!(%error, "a key was not made to the end");
                Problem::Internal
            })?;
            became.insert(id, made?);
        }
        Ok(became)
    }

    fn tell(&mut self, few: &[&KeyFound], mut became: BTreeMap<NativeKeyId, Became>) {
        for found in few {
            if let Some(became) = became.remove(&found.id) {
                let key_id = found.key_id().filter(|_| became.is_ok());
                let name = found.name.as_deref();
                self.report.key(&found.id, key_id, name, became);
            }
            self.place = Place::Keys {
                after: found.id.to_string(),
            };
        }
    }

    /// A key that was taken over before, and is kept in step only while a plan of it is.
    async fn here(&mut self, key: &Key, seen: &Seen) -> Result<Outcome, Stop> {
        let plan_ids = seen.record(key.id).map(|record| record.plan_ids.clone());
        let plan_ids = plan_ids.unwrap_or_default();
        let left = self.how.enforcement == Enforcement::DynamoDb
            && seen.has(&NativeObject::Key(key.id))
            && self.none_is_native(&plan_ids).await?;
        if !left {
            return Ok(Outcome::Unchanged);
        }
        if !self.how.dry_run {
            self.release(key.id, None, true).await?;
        }
        Ok(self.report.adopted())
    }
}

/// A key that is not here yet.
struct New {
    native: NativeKeyId,
    key: Key,
    how: How,
    change: Change,
}

impl New {
    async fn make(&self, store: &Store) -> Result<Became, StoreError> {
        if store.left_meters(self.key.id).await? {
            const DELETED: &str = "it was deleted here: delete it at API Gateway too, or make it anew with POST /v1/keys and its value";
            return Ok(Err(DELETED.to_owned()));
        }
        if self.how.dry_run {
            return Ok(Ok(Outcome::Adopt));
        }
        let native = match self.how.enforcement {
            Enforcement::ApiGateway => Some(self.native.as_str()),
            Enforcement::DynamoDb => None,
        };
        match store.adopt_key(&self.key, native, &self.change).await {
            Ok(()) => Ok(Ok(Outcome::Adopted)),
            // Somebody adopts at the same time, or makes the same key.
            Err(CreateKeyError::Taken(id)) => {
                let seen = Seen::of_keys(store, [id].into_iter()).await?;
                Ok(match seen.key(&self.native, &self.key) {
                    KeyStanding::Here(_) => Ok(Outcome::Unchanged),
                    KeyStanding::Unfit(reason) => Err(reason),
                    KeyStanding::New => Err("it was just deleted here".to_owned()),
                })
            }
            Err(CreateKeyError::PlanChanged(_)) => Ok(Err("it has just changed".to_owned())),
            Err(CreateKeyError::Store(error)) => Err(error),
        }
    }
}
