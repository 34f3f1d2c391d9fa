//! The fields of plans and keys that their owner sets, in the one form in which they are compared.

use std::collections::BTreeMap;

use latchkey_domain::StageSelector;
use serde_json::{Map, Value};

/// Fields with their values, as the admin API shows them.
pub(super) type Fields = Map<String, Value>;

const OF_PLAN: [&str; 7] = [
    "name",
    "description",
    "throttle",
    "quota",
    "apiStages",
    "scope",
    "enforcement",
];
const OF_KEY: [&str; 10] = [
    "name",
    "description",
    "customerId",
    "enabled",
    "notBefore",
    "expiresAt",
    "allowedIps",
    "routes",
    "metadata",
    "nativeValue",
];

/// A plan's, of an answer. Its stages are a set: here they are in one order.
pub(super) fn of_plan(shown: &Value) -> Fields {
    let mut fields = pick(shown, &OF_PLAN);
    if let Some(Value::Array(stages)) = fields.get_mut("apiStages") {
        stages.sort_by_key(stage_name);
    }
    fields
}

/// A key's, of an answer.
pub(super) fn of_key(shown: &Value) -> Fields {
    pick(shown, &OF_KEY)
}

fn pick(shown: &Value, names: &[&str]) -> Fields {
    let field = |name: &&str| Some(((*name).to_owned(), shown.get(name)?.clone()));
    names.iter().filter_map(field).collect()
}

/// The stages that a plan covers.
pub(super) fn stages(plan: &Fields) -> Vec<StageSelector> {
    let stages = plan.get("apiStages").and_then(Value::as_array);
    let selector = |stage: &Value| {
        let text = |name| stage.get(name).and_then(Value::as_str);
        StageSelector::new(text("apiId")?, text("stage")?).ok()
    };
    stages.into_iter().flatten().filter_map(selector).collect()
}

fn stage_name(stage: &Value) -> String {
    let text = |name| stage.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}:{}", text("apiId"), text("stage"))
}

/// A field that is another: before and after, none where it is not there.
pub(super) type Change = (String, Option<Value>, Option<Value>);

/// What differs, by names such as `quota.limit`.
pub(super) fn changes(before: &Fields, after: &Fields) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", &parts(before), &parts(after), &mut found);
    found
}

type Parts = BTreeMap<String, Value>;

fn parts(fields: &Fields) -> Parts {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn compare(within: &str, before: &Parts, after: &Parts, found: &mut Vec<Change>) {
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = match within {
            "" => name.clone(),
            within => format!("{within}.{name}"),
        };
        let (old, new) = (before.get(name), after.get(name));
        match (old.and_then(inside), new.and_then(inside)) {
            _ if old == new => {}
            (Some(old), Some(new)) => compare(&path, &old, &new, found),
            _ => found.push((path, old.cloned(), new.cloned())),
        }
    }
}

/// The members of an object, and of a list of API stages.
fn inside(value: &Value) -> Option<Parts> {
    match value {
        Value::Object(map) => Some(parts(map)),
        Value::Array(items) if items.iter().any(|item| item.get("apiId").is_some()) => {
            let named = items.iter().map(|item| {
                let mut terms = item.clone();
                if let Some(terms) = terms.as_object_mut() {
                    terms.retain(|name, _| name != "apiId" && name != "stage");
                }
                (stage_name(item), terms)
            });
            Some(named.collect())
        }
        _ => None,
    }
}

/// The merge patch (RFC 7396) that makes `after` of `before`.
pub(super) fn patch(before: &Fields, after: &Fields) -> Fields {
    let mut patch = Fields::new();
    for (name, value) in after {
        match (before.get(name), value) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                patch.insert(name.clone(), Value::Object(self::patch(old, new)));
            }
            (_, new) => drop(patch.insert(name.clone(), new.clone())),
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn changes_are_named_by_field_and_by_stage() {
        let before = fields(json!({"name": "a", "quota": {"limit": 3, "period": "DAY"},
            "apiStages": [{"apiId": "a1", "stage": "dev"}, {"apiId": "b1", "stage": "dev"}]}));
        let after = fields(json!({"name": "a", "quota": {"limit": 5, "period": "DAY"},
            "apiStages": [{"apiId": "b1", "stage": "dev", "units": {"/x/GET": 2}}], "scope": "key"}));
        let names: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(
            names,
            [
                "apiStages.a1:dev",
                "apiStages.b1:dev.units",
                "quota.limit",
                "scope"
            ]
        );
        assert_eq!(changes(&after, &after), []);
    }

    #[test]
    fn a_patch_has_what_changes_and_nulls_for_what_goes() {
        let before =
            fields(json!({"enabled": true, "routes": ["* /*"], "metadata": {"a": "1", "b": "2"}}));
        let after = fields(json!({"enabled": false, "metadata": {"a": "1", "c": "3"}}));
        assert_eq!(
            Value::Object(patch(&before, &after)),
            json!({"enabled": false, "routes": null, "metadata": {"b": null, "c": "3"}})
        );
    }
}
