//! API keys.

use std::collections::BTreeSet;

use latchkey_domain::{Key, KeyId, KeyValue, NativeKeyValue};
use latchkey_gateway::{
    FoundKey, GatewayError, NativeKeyFields, NativeKeyId, NativeValue, NewNativeKey,
};
use latchkey_store::{Id, Native, NativeObject, Settled, StoreError, Wanted};

use crate::{
    Owner, Sync,
    attempt::{Done, Earlier},
    outcome::{Stop, Stopped},
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
        let native = self.store.native(&NativeObject::Key(key.id)).await?;
        let Some(native) = native.filter(|native| native.wanted == Wanted::Present) else {
            // Somebody has deleted it since.
            return Ok(());
        };
        let value = NativeValue::new(value.expose());
        let id = self.create_key(key, &value).await?;
        self.store
            .settle(&native, &Settled::InSync(Id::Is(id.to_string())))
            .await?;
        Ok(())
    }

    pub(crate) async fn key(&self, native: &Native, id: KeyId, earlier: Earlier<'_>) -> Done {
        if native.wanted == Wanted::Absent {
            return self.remove_key(native, id, earlier).await;
        }
        let record = self.store.key(id).await?;
        let key = record.ok_or(Stopped::Waits("the key's own record"))?.key;
        if key.native_value == NativeKeyValue::Header && native.native_id.is_none() {
            return Err(Stopped::Waits("whoever knows its value").into());
        }
        let Some(found) = self.find_key(native, id, earlier).await? else {
            return self.make_key(native, &key, earlier).await;
        };
        let known = Id::Is(found.id.to_string());
        let patches = found.patches(&key_fields(&key));
        let updated = self.gateway.update_key(&found.id, &patches).await;
        updated.map_err(|error| Stopped::from(error).but(known.clone()))?;
        Ok(Settled::InSync(known))
    }

    async fn make_key(&self, native: &Native, key: &Key, earlier: Earlier<'_>) -> Done {
        let internal = key.native_value == NativeKeyValue::Internal;
        let Some(twin) = native.twin.as_ref().filter(|_| internal) else {
            // Its id stays in the record: it says that the key was there.
            const GONE: &str = "API Gateway has the key no longer, and its value is kept nowhere else: delete it here and make a new one";
            return Err(Stopped::Refused(GONE.to_owned()).into());
        };
        let gone = native.native_id.is_some();
        if gone && matches!(earlier, Earlier::None) {
            // It is to be put on its plans again.
            return Err(Stopped::Gone.into());
        }
        let made = self.create_key(key, &NativeValue::new(twin.expose())).await;
        let made = made.map_err(|error| {
            let id = if gone { Id::Gone } else { Id::Keep };
            Stopped::from(error).but(id)
        })?;
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
        } = key_fields(key);
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
        let known = native.native_id.as_deref().and_then(|id| id.parse().ok());
        let mut ids: BTreeSet<NativeKeyId> = known.into_iter().collect();
        match earlier {
            Earlier::None if ids.is_empty() => {
                return Err(Stopped::Waits("an earlier attempt to make it").into());
            }
            Earlier::None => {}
            // Where an answer was lost there may be one beside the one that is known.
            Earlier::LookedAt(_, inventory) => {
                ids.extend(inventory.made_for_key(id).map(|found| found.id.clone()));
            }
        }
        for id in &ids {
            self.gateway.delete_key(id).await?;
        }
        Ok(Settled::Removed)
    }

    /// The key as it is there: by its id, or by what an earlier attempt made, of several the
    /// one of the lowest id, so that whoever looks takes the same.
    async fn find_key(
        &self,
        native: &Native,
        id: KeyId,
        earlier: Earlier<'_>,
    ) -> Result<Option<FoundKey>, Stop> {
        let known: Option<NativeKeyId> = native.native_id.as_deref().and_then(|id| id.parse().ok());
        let made = match earlier {
            Earlier::None => None,
            Earlier::LookedAt(_, inventory) => inventory.made_for_key(id).next(),
        };
        let made = made.map(|found| found.id.clone());
        let made = made.filter(|made| known.as_ref() != Some(made));
        for id in known.into_iter().chain(made) {
            let found = self.gateway.key(&id).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// What API Gateway's key is to say. It has a name, for people, where ours has none.
pub fn key_fields(key: &Key) -> NativeKeyFields {
    let name = key.name.as_ref().map(|name| name.as_str().to_owned());
    let text = |text: &str| text.to_owned();
    NativeKeyFields {
        name: name.unwrap_or_else(|| key.id.to_string()),
        description: key.description.as_ref().map(|d| text(d.as_str())),
        enabled: key.enabled,
        customer_id: key.customer_id.as_ref().map(|id| text(id.as_str())),
    }
}
