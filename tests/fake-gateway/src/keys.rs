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
        self.check_value(&value, 20)?;
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

    fn check_value(&self, value: &str, shortest: usize) -> Result<(), Refusal> {
        if value.len() < shortest {
            let text = format!("API Key value should be at least {shortest} characters");
            return Err(Refusal::bad_request(&text));
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

    /// All rows or none: whatever is wrong with one counts as a warning.
    pub(crate) fn import_api_keys(&mut self, body: &[u8], request: &Request) -> Answer {
        if request.query("format") != Some("csv") {
            return Err(Refusal::bad_request("Unknown format"));
        }
        let text = String::from_utf8_lossy(body);
        let mut lines = text.lines();
        let columns = cells(lines.next().unwrap_or_default());
        let columns: Vec<_> = columns
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let at = |name: &str| columns.iter().position(|column| column == name);
        let (Some(name), Some(value)) = (at("name"), at("key")) else {
            return Err(Refusal::bad_request(
                "The columns name and key are required",
            ));
        };
        let before = (self.keys.clone(), self.plans.clone());
        let mut ids = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let cells = cells(line);
            let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).cloned();
            let row = Row {
                name: cell(Some(name)).unwrap_or_default(),
                value: cell(Some(value)).unwrap_or_default(),
                description: cell(at("description")).filter(|text| !text.is_empty()),
                enabled: cell(at("enabled")).is_none_or(|text| !text.eq_ignore_ascii_case("false")),
                plans: cell(at("usageplanids")).unwrap_or_default(),
            };
            match self.import_row(row) {
                Ok(id) => ids.push(id),
                Err(refusal) => {
                    (self.keys, self.plans) = before;
                    return Err(refusal);
                }
            }
        }
        Ok((201, json!({ "ids": ids, "warnings": [] })))
    }

    fn import_row(&mut self, row: Row) -> Result<String, Refusal> {
        self.check_value(&row.value, 30)?;
        let id = self.new_id();
        let key = FakeKey {
            id: id.clone(),
            name: row.name,
            description: row.description,
            enabled: row.enabled,
            value: row.value,
            ..FakeKey::default()
        };
        self.keys.insert(id.clone(), key);
        let plans = row.plans.split(',').map(str::trim);
        for plan in plans.filter(|plan| !plan.is_empty()) {
            self.put_on_plan(plan, &id)?;
        }
        Ok(id)
    }
}

/// A row of an import.
struct Row {
    name: String,
    value: String,
    description: Option<String>,
    enabled: bool,
    plans: String,
}

/// The cells of a line; commas in quotes do not end one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match (c, cells.last_mut()) {
            ('"', _) => quoted = !quoted,
            (',', _) if !quoted => cells.push(String::new()),
            (c, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
    }
    cells
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
