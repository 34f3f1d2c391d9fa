//! API keys.

use latchkey_domain::{Key, KeyId, KeyValue, NativeKeyValue};
use latchkey_gateway::{
    FoundKey, GatewayError, NativeKeyFields, NativeKeyId, NativeValue, NewNativeKey,
};
use latchkey_store::{Id, Native, NativeObject, Settled, StoreError, Wanted};

use crate::{
    Owner, Sync,
    attempt::{Done, Earlier, stopped},
    outcome::Stopped,
};

/// Why API Gateway did not get a key with the client's own value.
#[derive(Debug, thiserror::Error)]
pub enum HeaderKeyError {
    /// It did not make it, or did not say so.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sync {
    /// Makes the native key of a key that was just made with `nativeValue: header`. There is
    /// no second attempt, since the table does not hold the value: whoever calls this takes
    /// the key back where it fails.
    ///
    /// # Errors
    /// [`HeaderKeyError`].
    pub async fn make_header_key(&self, key: &Key, value: &KeyValue) -> Result<(), HeaderKeyError> {
        let Some(native) = self.store.native(&NativeObject::Key(key.id)).await? else {
            return Ok(());
        };
        let value = NativeValue::new(value.expose());
        let id = self.create_key(key, &value).await?;
        self.store
            .settle(&native, &Settled::InSync(Id::Is(id.to_string())))
            .await?;
        Ok(())
    }

    pub(crate) async fn key(
        &self,
        native: &Native,
        id: KeyId,
        earlier: Earlier<'_>,
    ) -> Result<Done, StoreError> {
        if native.wanted == Wanted::Absent {
            return Ok(self.remove_key(native, id, earlier).await);
        }
        let Some(record) = self.store.key(id).await? else {
            return Ok(Err(stopped(Stopped::Waits("the key's own record"))));
        };
        Ok(self.bring_key(native, &record.key, earlier).await)
    }

    async fn bring_key(&self, native: &Native, key: &Key, earlier: Earlier<'_>) -> Done {
        if let Some(found) = self.find_key(native, key.id, earlier).await? {
            let known = Id::Is(found.id.to_string());
            let patches = found.patches(&fields(key));
            if !patches.is_empty() {
                let updated = self.gateway.update_key(&found.id, &patches).await;
                updated.map_err(|error| (known.clone(), error.into()))?;
            }
            return Ok(Settled::InSync(known));
        }
        let Some(twin) = native
            .twin
            .as_ref()
            .filter(|_| key.native_value == NativeKeyValue::Internal)
        else {
            const GONE: &str = "API Gateway has the key no longer, and its value is kept nowhere else: delete it here and make a new one";
            return Err((Id::Gone, Stopped::Refused(GONE.to_owned())));
        };
        let made = self.create_key(key, &NativeValue::new(twin.expose())).await;
        let made = made.map_err(|error| (Id::Gone, error.into()))?;
        Ok(Settled::InSync(Id::Is(made.to_string())))
    }

    async fn create_key(
        &self,
        key: &Key,
        value: &NativeValue,
    ) -> Result<NativeKeyId, GatewayError> {
        let NativeKeyFields {
            name,
            description,
            enabled,
            customer_id,
        } = fields(key);
        let new = NewNativeKey {
            name,
            description,
            enabled,
            value,
            customer_id,
            tags: Owner(self.store.table_name()).of_key(key.id),
        };
        self.gateway.create_key(&new).await
    }

    async fn remove_key(&self, native: &Native, id: KeyId, earlier: Earlier<'_>) -> Done {
        if native.native_id.is_none() && matches!(earlier, Earlier::None) {
            return Err(stopped(Stopped::Waits("an earlier attempt to make it")));
        }
        let known = native.native_id.as_deref().and_then(|id| id.parse().ok());
        let made = match earlier {
            Earlier::None => None,
            Earlier::LookedAt(inventory) => inventory
                .made_for_key(Owner(self.store.table_name()), id)
                .map(|found| found.id.clone()),
        };
        // Where an answer was lost there may be one beside the one that is known.
        let mut ids: Vec<NativeKeyId> = known.into_iter().chain(made).collect();
        ids.dedup();
        for id in &ids {
            self.gateway.delete_key(id).await.map_err(stopped)?;
        }
        Ok(Settled::Removed)
    }

    /// The key as it is there: by its id, or by what an earlier attempt made.
    async fn find_key(
        &self,
        native: &Native,
        id: KeyId,
        earlier: Earlier<'_>,
    ) -> Result<Option<FoundKey>, (Id, Stopped)> {
        let known = native.native_id.as_deref().and_then(|id| id.parse().ok());
        if let Some(known) = known {
            let known: NativeKeyId = known;
            let found = self.gateway.key(&known).await.map_err(stopped)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(match earlier {
            Earlier::None => None,
            Earlier::LookedAt(inventory) => inventory
                .made_for_key(Owner(self.store.table_name()), id)
                .filter(|found| Some(found.id.as_str()) != native.native_id.as_deref())
                .cloned(),
        })
    }
}

/// What API Gateway's key says. It has a name, for people, where ours has none.
fn fields(key: &Key) -> NativeKeyFields {
    let name = key.name.as_ref().map(|name| name.as_str().to_owned());
    let text = |text: &str| text.to_owned();
    NativeKeyFields {
        name: name.unwrap_or_else(|| key.id.to_string()),
        description: key.description.as_ref().map(|d| text(d.as_str())),
        enabled: key.enabled,
        customer_id: key.customer_id.as_ref().map(|id| text(id.as_str())),
    }
}
