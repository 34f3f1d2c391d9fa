//! API keys: made, read, changed, deleted.

use aws_sdk_apigateway::types::ApiKey;

use crate::{
    Gateway, GatewayError, NativeKeyId, NativeValue, Patch, Tags,
    gateway::{PAGE, all_pages, found, id, some},
    operation::Operation,
    patch::to_sdk,
};

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewNativeKey<'a> {
    /// Its name, up to 1024 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it opens anything.
    pub enabled: bool,
    /// Its value, which no other key of the account and Region may have.
    pub value: &'a NativeValue,
    /// Whose it is.
    pub customer_id: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What can be changed of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeKeyFields {
    /// Its name.
    pub name: String,
    /// What it is for; an empty one is none.
    pub description: Option<String>,
    /// Whether it opens anything.
    pub enabled: bool,
    /// Whose it is; an empty one is none.
    pub customer_id: Option<String>,
}

/// A key as it is at API Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// Its id.
    pub id: NativeKeyId,
    /// Its name.
    pub name: String,
    /// What it is for; none where it is empty.
    pub description: Option<String>,
    /// Whether it opens anything.
    pub enabled: bool,
    /// Whose it is; none where it is empty.
    pub customer_id: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// Its value, where it was asked for.
    pub value: Option<NativeValue>,
}

/// Whether keys are read with their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Without.
    Hidden,
    /// With.
    Shown,
}

impl FoundKey {
    /// What to change in it so that it becomes `wanted`; nothing where they are the same.
    pub fn patches(&self, wanted: &NativeKeyFields) -> Vec<Patch> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut patches = Vec::new();
        if self.name != wanted.name {
            patches.push(Patch::replace("/name", &wanted.name));
        }
        if text(&self.description) != text(&wanted.description) {
            patches.push(Patch::replace("/description", text(&wanted.description)));
        }
        if self.enabled != wanted.enabled {
            patches.push(Patch::replace("/enabled", wanted.enabled));
        }
        if text(&self.customer_id) != text(&wanted.customer_id) {
            patches.push(Patch::replace("/customerId", text(&wanted.customer_id)));
        }
        patches
    }
}

impl Gateway {
    /// CreateApiKey.
    ///
    /// # Errors
    /// [`GatewayError`]: Conflict where a key has the value already, which may be this one,
    /// made by a call whose answer was lost.
    pub async fn create_key(&self, key: &NewNativeKey<'_>) -> Result<NativeKeyId, GatewayError> {
        let operation = Operation::CreateApiKey;
        let request = self
            .client
            .create_api_key()
            .name(&key.name)
            .set_description(key.description.clone())
            .enabled(key.enabled)
            .value(key.value.reveal())
            .set_customer_id(key.customer_id.clone())
            .set_tags(some(key.tags.clone()));
        let send = || request.clone().send();
        let created = self.call_with(operation, key.value.reveal(), send).await?;
        id(operation, created.id())
    }

    /// GetApiKey, without its value; none where there is no such key.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn key(&self, id: &NativeKeyId) -> Result<Option<FoundKey>, GatewayError> {
        let operation = Operation::GetApiKey;
        let request = self.client.get_api_key().api_key(id.as_str());
        let answer = self.call(operation, || request.clone().send()).await;
        let Some(key) = found(answer)? else {
            return Ok(None);
        };
        let key = ApiKey::builder()
            .set_id(key.id)
            .set_name(key.name)
            .set_description(key.description)
            .enabled(key.enabled)
            .set_customer_id(key.customer_id)
            .set_tags(key.tags);
        read(operation, key.build()).map(Some)
    }

    /// GetApiKeys, all pages; `name_starts` leaves out keys of other names.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn keys(
        &self,
        values: Values,
        name_starts: Option<&str>,
    ) -> Result<Vec<FoundKey>, GatewayError> {
        let operation = Operation::GetApiKeys;
        let mut keys = all_pages(operation, |position| async move {
            let request = self
                .client
                .get_api_keys()
                .limit(PAGE)
                .include_values(values == Values::Shown)
                .set_name_query(name_starts.map(str::to_owned))
                .set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            let keys = page.items.unwrap_or_default().into_iter();
            let keys: Result<_, _> = keys.map(|key| read(operation, key)).collect();
            Ok((keys?, page.position))
        })
        .await?;
        // AWS does not say how it compares.
        keys.retain(|key: &FoundKey| key.name.starts_with(name_starts.unwrap_or_default()));
        Ok(keys)
    }

    /// UpdateApiKey; no call where there is nothing to change.
    ///
    /// # Errors
    /// [`GatewayError`]: NotFound where the key is not there.
    pub async fn update_key(
        &self,
        id: &NativeKeyId,
        patches: &[Patch],
    ) -> Result<(), GatewayError> {
        if patches.is_empty() {
            return Ok(());
        }
        let request = self.client.update_api_key().api_key(id.as_str());
        let request = request.set_patch_operations(to_sdk(patches));
        self.call(Operation::UpdateApiKey, || request.clone().send())
            .await?;
        Ok(())
    }

    /// DeleteApiKey, which takes it off its plans; one that is gone is well.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn delete_key(&self, id: &NativeKeyId) -> Result<(), GatewayError> {
        let request = self.client.delete_api_key().api_key(id.as_str());
        let send = || request.clone().send();
        let answer = self.call(Operation::DeleteApiKey, send).await;
        found(answer).map(drop)
    }
}

fn read(operation: Operation, key: ApiKey) -> Result<FoundKey, GatewayError> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(FoundKey {
        id: id(operation, key.id.as_deref())?,
        name: key.name.unwrap_or_default(),
        description: given(key.description),
        enabled: key.enabled,
        customer_id: given(key.customer_id),
        tags: key.tags.unwrap_or_default().into_iter().collect(),
        value: given(key.value).map(NativeValue::new),
    })
}
