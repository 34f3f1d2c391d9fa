//! The keys, each by itself. On which plans they are comes with the plans.

use std::ops::Bound;

use latchkey_domain::{Enforcement, Key};
use latchkey_store::{CreateKeyError, NativeObject};

use super::{
    account::{Account, KeyFound, Whose},
    report::Outcome,
    request::Place,
    seen::{KeyStanding, Seen},
    terms::Reason,
    work::{Stop, Work},
};

/// Keys that are looked up in the table together.
const TOGETHER: usize = 100;

impl Work<'_> {
    /// All keys behind `after`.
    pub(super) async fn keys(&mut self, account: &Account, after: &str) -> Result<(), Stop> {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        let found: Vec<&KeyFound> = account
            .keys
            .range::<str, _>(behind)
            .map(|(_, key)| key)
            .collect();
        for some in found.chunks(TOGETHER) {
            self.go_on()?;
            let ids = some.iter().filter_map(|key| key.key_id());
            let seen = Seen::of_keys(&self.state.store, ids).await?;
            for key in some {
                self.go_on()?;
                self.key(key, &seen).await?;
                self.place = Place::Keys {
                    after: key.id.to_string(),
                };
            }
        }
        Ok(())
    }

    async fn key(&mut self, found: &KeyFound, seen: &Seen) -> Result<(), Stop> {
        let became = match &found.whose {
            Whose::Latchkeys(_) => return Ok(()),
            Whose::Unfit(reason) => Err(reason.clone()),
            Whose::Theirs(key) => self.take(found, key, seen).await?,
        };
        let key_id = found.key_id().filter(|_| became.is_ok());
        let name = found.name.as_deref();
        self.report.key(&found.id, key_id, name, became);
        Ok(())
    }

    async fn take(
        &mut self,
        found: &KeyFound,
        key: &Key,
        seen: &Seen,
    ) -> Result<Result<Outcome, Reason>, Stop> {
        match seen.key(found, key) {
            KeyStanding::Unfit(reason) => Ok(Err(reason)),
            KeyStanding::Here(record) => {
                let left = self.how.enforcement == Enforcement::DynamoDb
                    && seen.has(&NativeObject::Key(key.id))
                    && self.none_is_native(&record.plan_ids).await?;
                if !left {
                    return Ok(Ok(Outcome::Unchanged));
                }
                if !self.how.dry_run {
                    self.release(key.id, None, true).await?;
                }
                Ok(Ok(self.report.adopted()))
            }
            KeyStanding::New => self.make_key(found, key).await,
        }
    }

    async fn make_key(
        &mut self,
        found: &KeyFound,
        key: &Key,
    ) -> Result<Result<Outcome, Reason>, Stop> {
        if self.state.store.left_meters(key.id).await? {
            const DELETED: &str = "it was deleted here: delete it at API Gateway too, or make it anew with POST /v1/keys and its value";
            return Ok(Err(DELETED.to_owned()));
        }
        if self.how.dry_run {
            return Ok(Ok(Outcome::Adopt));
        }
        let native = match self.how.enforcement {
            Enforcement::ApiGateway => Some(found.id.as_str()),
            Enforcement::DynamoDb => None,
        };
        let change = self.change()?;
        match self.state.store.adopt_key(key, native, &change).await {
            Ok(()) => Ok(Ok(Outcome::Adopted)),
            // Somebody adopts at the same time, or makes the same key.
            Err(CreateKeyError::Taken(_)) => {
                let seen = Seen::of_keys(&self.state.store, [key.id].into_iter()).await?;
                Ok(match seen.key(found, key) {
                    KeyStanding::Here(_) => Ok(Outcome::Unchanged),
                    KeyStanding::Unfit(reason) => Err(reason),
                    KeyStanding::New => Err("it was just deleted here".to_owned()),
                })
            }
            Err(CreateKeyError::PlanChanged(_)) => Ok(Err("it has just changed".to_owned())),
            Err(CreateKeyError::Store(error)) => Err(error.into()),
        }
    }
}
