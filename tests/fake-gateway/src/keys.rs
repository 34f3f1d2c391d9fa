//! API keys.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::Request,
    pages::{listed, page},
    patch::{Patches, patch_key},
    refusal::Refusal,
    world::{Answer, World},
};

/// An API key. Its `Debug` leaves its value out.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FakeKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it opens anything.
    pub enabled: bool,
    /// What clients send.
    pub value: String,
    /// Whose it is.
    pub customer_id: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl fmt::Debug for FakeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeKey")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("description", &self.description)
            .field("enabled", &self.enabled)
            .field("customer_id", &self.customer_id)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

/// CreateApiKey's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewKey {
    #[serde(default)]
    name: String,
    description: Option<String>,
    #[serde(default)]
    enabled: bool,
    value: Option<String>,
    customer_id: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn create_api_key(&mut self, new: NewKey) -> Answer {
        let value = match new.value {
            Some(value) => value,
            None => self.text(40),
        };
        self.check_value(&value)?;
        let key = FakeKey {
            id: self.new_id(),
            name: new.name,
            description: new.description,
            enabled: new.enabled,
            value,
            customer_id: new.customer_id,
            tags: new.tags,
        };
        let answer = key_json(&key, true);
        self.keys.insert(key.id.clone(), key);
        Ok((201, answer))
    }

    fn check_value(&self, value: &str) -> Result<(), Refusal> {
        if value.len() < 20 {
            let text = "API Key value should be at least 20 characters";
            return Err(Refusal::bad_request(text));
        }
        if value.len() > 128 {
            let text = "API Key value should be at most 128 characters";
            return Err(Refusal::bad_request(text));
        }
        if self.keys.values().any(|key| key.value == value) {
            return Err(Refusal::conflict("API Key already exists"));
        }
        if self.keys.len() >= self.limits.keys {
            return Err(Refusal::limit("Maximum number of API keys reached"));
        }
        Ok(())
    }

    pub(crate) fn get_api_key(&self, id: &str, request: &Request) -> Answer {
        let key = self.keys.get(id).ok_or_else(Refusal::no_key)?;
        let shown = request.query("includeValue") == Some("true");
        Ok((200, key_json(key, shown)))
    }

    /// The name is looked for anywhere in keys' names.
    pub(crate) fn get_api_keys(&self, request: &Request) -> Answer {
        let shown = request.query("includeValues") == Some("true");
        let name = request.query("name").unwrap_or_default();
        let keys = self.keys.values().filter(|key| key.name.contains(name));
        let keys = keys.map(|key| (key.id.clone(), key_json(key, shown)));
        let (keys, position) = page(keys, request, self.limits.page);
        Ok((200, listed(keys, position)))
    }

    pub(crate) fn update_api_key(&mut self, id: &str, patches: Patches) -> Answer {
        let mut key = self.keys.get(id).ok_or_else(Refusal::no_key)?.clone();
        for patch in &patches.patch_operations {
            patch_key(&mut key, patch)?;
        }
        let answer = key_json(&key, false);
        self.keys.insert(id.to_owned(), key);
        Ok((200, answer))
    }

    /// With its places on plans.
    pub(crate) fn delete_api_key(&mut self, id: &str) -> Answer {
        self.keys.remove(id).ok_or_else(Refusal::no_key)?;
        for plan in self.plans.values_mut() {
            plan.keys.remove(id);
        }
        Ok((202, Value::Object(Default::default())))
    }
}

fn key_json(key: &FakeKey, shown: bool) -> Value {
    let mut json = json!({
        "id": key.id,
        "name": key.name,
        "enabled": key.enabled,
        "createdDate": 1_700_000_000,
        "lastUpdatedDate": 1_700_000_000,
        "stageKeys": [],
        "tags": key.tags,
    });
    for (name, text) in [
        ("description", &key.description),
        ("customerId", &key.customer_id),
        ("value", &Some(key.value.clone()).filter(|_| shown)),
    ] {
        if let Some(text) = text {
            json[name] = json!(text);
        }
    }
    json
}
