//! What a file describes. Plans and keys are read by the admin API's own rules
//! ([`latchkey_admin::described`]), so that a file that is wrong is refused before anything is
//! written, with the place of each fault.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_admin::described::{self, WrongField};
use latchkey_domain::{Name, PlanId};
use serde_json::{Map, Value};

use super::{
    document::{Document, Place, member},
    fields::{Fields, of_key, of_plan},
    value::ValuePlace,
};

/// Words of a key here: those of `POST /v1/keys`, with `plans` for `planIds`.
const KEY_WORDS: [&str; 12] = [
    "description",
    "customerId",
    "enabled",
    "notBefore",
    "expiresAt",
    "allowedIps",
    "routes",
    "metadata",
    "prefix",
    "nativeValue",
    "plans",
    "value",
];
/// As long as no key value is (20 characters at least), and so may be repeated.
const REPEATED: usize = 19;

/// What is wanted.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// What ids of plans and names of keys of this file begin with.
    pub(super) prefix: String,
    /// By id.
    pub(super) plans: BTreeMap<String, Fields>,
    /// By name.
    pub(super) keys: BTreeMap<String, WantedKey>,
}

/// A key as it is wanted.
#[derive(Debug, Clone)]
pub(super) struct WantedKey {
    pub(super) fields: Fields,
    /// What a generated value begins with.
    pub(super) prefix: Option<Value>,
    /// Ids.
    pub(super) plans: BTreeSet<String>,
    /// Where its value is kept.
    pub(super) value: Option<ValuePlace>,
    /// Where it stands in the file.
    pub(super) place: Place,
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wrong {
    pub(super) place: Place,
    /// Such as `plans.gold.quota.period`.
    pub(super) path: String,
    pub(super) detail: String,
}

/// Reads the text of a file.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(text: &str) -> Result<Wanted, Vec<Wrong>> {
    let document = Document::read(text).map_err(|(place, detail)| {
        let path = String::new();
        vec![Wrong {
            place,
            path,
            detail,
        }]
    })?;
    let mut reader = Reader {
        document: &document,
        wrong: Vec::new(),
        wanted: Wanted::default(),
    };
    reader.whole(&document.value);
    let Reader {
        mut wrong, wanted, ..
    } = reader;
    if wrong.is_empty() {
        return Ok(wanted);
    }
    wrong.sort();
    Err(wrong)
}

struct Reader<'a> {
    document: &'a Document,
    wrong: Vec<Wrong>,
    wanted: Wanted,
}

impl Reader<'_> {
    fn at(&mut self, pointer: &str, detail: impl Into<String>) {
        let unescaped = pointer.trim_start_matches('/').replace('/', ".");
        let path = unescaped.replace("~1", "/").replace("~0", "~");
        let place = self.document.place(pointer);
        let detail = detail.into();
        self.wrong.push(Wrong {
            place,
            path,
            detail,
        });
    }

    /// What the admin API's rules say of what `pointer` points at.
    fn all_at(&mut self, pointer: &str, wrong: Vec<WrongField>) {
        for WrongField {
            pointer: within,
            detail,
        } in wrong
        {
            let pointer = format!("{pointer}{within}");
            let here = self.document.value.pointer(&pointer).and_then(short);
            let here = here.filter(|here| !detail.contains(here));
            let here = here.map(|here| format!(" (here: {here})"));
            let here = here.unwrap_or_default();
            self.at(&pointer, format!("{detail}{here}"));
        }
    }

    fn whole(&mut self, value: &Value) {
        let Some(map) = self.map("", Some(value)) else {
            return;
        };
        const KNOWN: [&str; 3] = ["prefix", "plans", "keys"];
        for name in map.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
            self.at(
                &member("", name),
                "unknown field; known here: prefix, plans, keys",
            );
        }
        match map.get("prefix") {
            None | Some(Value::Null) => {}
            Some(Value::String(prefix)) => self.wanted.prefix.clone_from(prefix),
            Some(_) => self.at("/prefix", "must be a string"),
        }
        for (name, plan) in self.map("/plans", map.get("plans")).into_iter().flatten() {
            self.plan(name, plan);
        }
        for (name, key) in self.map("/keys", map.get("keys")).into_iter().flatten() {
            self.key(name, key);
        }
    }

    fn map<'v>(
        &mut self,
        pointer: &str,
        value: Option<&'v Value>,
    ) -> Option<&'v Map<String, Value>> {
        match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => {
                self.at(
                    pointer,
                    "must have fields: `name: value` on lines of their own",
                );
                None
            }
        }
    }

    fn plan(&mut self, name: &str, body: &Value) {
        let pointer = member("/plans", name);
        let id = format!("{}{name}", self.wanted.prefix);
        let parsed = match id.parse::<PlanId>() {
            Ok(parsed) => parsed,
            Err(invalid) => return self.at(&pointer, invalid.to_string()),
        };
        match described::plan(&parsed, body.clone()) {
            Ok(shown) => drop(self.wanted.plans.insert(id, of_plan(&shown))),
            Err(wrong) => self.all_at(&pointer, wrong),
        }
    }

    fn key(&mut self, name: &str, body: &Value) {
        let pointer = member("/keys", name);
        let Some(body) = self.map(&pointer, Some(body)) else {
            return;
        };
        let full = format!("{}{name}", self.wanted.prefix);
        if let Err(invalid) = full.parse::<Name>() {
            return self.at(&pointer, invalid.to_string());
        }
        for field in body
            .keys()
            .filter(|field| !KEY_WORDS.contains(&field.as_str()))
        {
            let detail = match field.as_str() {
                "name" => "a key's name is what stands above its fields".to_owned(),
                "planIds" => "is written plans here".to_owned(),
                _ => format!("unknown field; known here: {}", KEY_WORDS.join(", ")),
            };
            self.at(&member(&pointer, field), detail);
        }
        let known = |field: &&String| {
            KEY_WORDS.contains(&field.as_str()) && *field != "plans" && *field != "value"
        };
        let described = body.iter().filter(|(field, _)| known(field));
        let mut described: Map<String, Value> = described
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect();
        described.insert("name".to_owned(), full.clone().into());
        let plans = self.plans(&member(&pointer, "plans"), body.get("plans"));
        let value = self.value(&member(&pointer, "value"), body.get("value"));
        let mut others = self.wanted.keys.values();
        if value.is_some() && others.any(|other| other.value == value) {
            self.at(
                &member(&pointer, "value"),
                "is where another key's value is kept",
            );
        }
        match described::key(Value::Object(described)) {
            Ok(shown) => {
                let key = WantedKey {
                    fields: of_key(&shown),
                    prefix: body
                        .get("prefix")
                        .filter(|prefix| !prefix.is_null())
                        .cloned(),
                    plans,
                    value,
                    place: self.document.place(&pointer),
                };
                self.wanted.keys.insert(full, key);
            }
            Err(wrong) => self.all_at(&pointer, wrong),
        }
    }

    fn plans(&mut self, pointer: &str, value: Option<&Value>) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let items = match value {
            None | Some(Value::Null) => return ids,
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.at(pointer, "must be a list: [gold], or [{id: OTHER}] for a plan that this file does not describe");
                return ids;
            }
        };
        for (at, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{at}");
            let named = item
                .as_str()
                .map(|name| format!("{}{name}", self.wanted.prefix));
            let other = item.as_object().filter(|map| map.len() == 1);
            let other = other.and_then(|map| map.get("id")?.as_str());
            let id = match (named, other) {
                (Some(id), _) if self.has_plan(&id) => id,
                (Some(_), _) => {
                    self.at(
                        &pointer,
                        "is no plan of this file: write {id: ID} for one that is elsewhere",
                    );
                    continue;
                }
                (None, Some(other)) => other.to_owned(),
                (None, None) => {
                    self.at(
                        &pointer,
                        "must be the name of a plan of this file, or {id: ID}",
                    );
                    continue;
                }
            };
            if !ids.insert(id) {
                self.at(&pointer, "is named twice");
            }
        }
        ids
    }

    /// Whether the file names it, also where it is wrong: that is told once.
    fn has_plan(&self, id: &str) -> bool {
        let name = id.strip_prefix(&self.wanted.prefix);
        let named = self.document.value.get("plans");
        name.and_then(|name| named?.get(name)).is_some()
    }

    fn value(&mut self, pointer: &str, value: Option<&Value>) -> Option<ValuePlace> {
        const DETAIL: &str =
            "says where the value is kept, and never is the value: {file: PATH} or {secret: NAME}";
        let value = value.filter(|value| !value.is_null())?;
        let place = value
            .as_object()
            .filter(|map| map.len() == 1)
            .and_then(|map| {
                let text = |name| map.get(name)?.as_str().filter(|text| !text.is_empty());
                let file = text("file").map(|path| ValuePlace::File(path.into()));
                file.or_else(|| text("secret").map(|name| ValuePlace::Secret(name.to_owned())))
            });
        if place.is_none() {
            self.at(pointer, DETAIL);
        }
        place
    }
}

/// What stands there, if it can be no key's value.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(word) => word.to_string(),
        _ => return None,
    };
    (text.chars().count() <= REPEATED).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "prefix: shop-\nplans:\n  gold:\n    name: Gold\n    quota: {limit: 3, period: DAY}\n    apiStages: [{apiId: b1, stage: dev}, {apiId: a1, stage: dev}]\nkeys:\n  acme:\n    customerId: acme\n    expiresAt: 2027-01-01T01:00:00+01:00\n    plans: [gold, {id: other}]\n    value: {file: ./acme.key}\n";

    fn lines(text: &str) -> Vec<String> {
        let wrong = read(text).map(drop).unwrap_err();
        let line = |wrong: Wrong| format!("{}: {}: {}", wrong.place.line, wrong.path, wrong.detail);
        wrong.into_iter().map(line).collect()
    }

    #[test]
    fn names_have_the_prefix_in_front_and_fields_the_admin_api_s_form() {
        let wanted = read(FILE).unwrap();
        let gold = &wanted.plans["shop-gold"];
        assert_eq!(gold["apiStages"][0]["apiId"], "a1", "stages are a set");
        assert_eq!((&gold["scope"], gold.get("id")), (&json!("key"), None));
        let acme = &wanted.keys["shop-acme"];
        assert_eq!(acme.fields["expiresAt"], "2027-01-01T00:00:00Z");
        assert_eq!(acme.fields["name"], "shop-acme");
        assert_eq!(
            acme.plans,
            ["other".to_owned(), "shop-gold".to_owned()].into()
        );
        assert_eq!(acme.value, Some(ValuePlace::File("./acme.key".into())));
        assert_eq!(acme.place.line, 8);
    }

    #[test]
    fn all_that_is_wrong_is_told_with_line_field_value_and_what_is_allowed() {
        let text = FILE
            .replace("DAY", "YEAR")
            .replace("plans: [gold,", "plans: [silver,");
        let text = text
            .replace("customerId: acme", "colour: red")
            .replace("prefix: shop-", "prefix: shop-\nvalues: {}");
        assert_eq!(
            lines(&text),
            [
                "2: values: unknown field; known here: prefix, plans, keys",
                "6: plans.gold.quota.period: \"YEAR\" is not a period: HOUR, DAY, WEEK, MONTH or LIFETIME",
                "10: keys.acme.colour: unknown field; known here: description, customerId, enabled, notBefore, expiresAt, allowedIps, routes, metadata, prefix, nativeValue, plans, value",
                "12: keys.acme.plans.0: is no plan of this file: write {id: ID} for one that is elsewhere",
            ]
        );
    }

    #[test]
    fn a_value_in_the_file_is_refused_and_not_repeated() {
        for value in [
            "lk_live_secret_secret_secret",
            "{lk_live_secret: x}",
            "{file: a, secret: lk_live_secret}",
            "3",
        ] {
            let said = lines(&FILE.replace("{file: ./acme.key}", value)).join("\n");
            assert!(
                said.starts_with("12: keys.acme.value: says where"),
                "{said}"
            );
            assert!(!said.contains("lk_live"), "{said}");
        }
        let said = lines(&FILE.replace("customerId: acme", "customerId: lk_live_secret secret"))
            .join("\n");
        assert!(
            said.contains("keys.acme.customerId") && !said.contains("lk_live"),
            "{said}"
        );
    }

    #[test]
    fn two_keys_do_not_keep_their_values_in_one_place() {
        let text = format!("{FILE}  beta:\n    value: {{file: ./acme.key}}\n");
        assert_eq!(
            lines(&text),
            ["14: keys.beta.value: is where another key's value is kept"]
        );
    }

    #[test]
    fn sections_may_be_empty_or_left_out_and_nothing_else() {
        assert!(read("plans:\nkeys:\n").unwrap().plans.is_empty());
        assert!(read("{}").unwrap().keys.is_empty());
        assert_eq!(lines("keys: [a]").len(), 1);
        assert_eq!(lines("- a").len(), 1);
    }
}
