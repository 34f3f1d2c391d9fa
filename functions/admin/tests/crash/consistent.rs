//! What holds in a table between any two transactions.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Item;

pub(super) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map_or("", String::as_str)
}

fn number(item: &Item, name: &str) -> i64 {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.map_or(0, |digits| digits.parse().unwrap())
}

fn set(item: &Item, name: &str) -> BTreeSet<String> {
    let set = item.get(name).and_then(|value| value.as_ss().ok());
    set.into_iter().flatten().cloned().collect()
}

/// A table by the kinds of its records. Keys go by what stands behind `KEY#`.
#[derive(Default)]
struct Table<'a> {
    keys: BTreeMap<&'a str, &'a Item>,
    plans: BTreeMap<&'a str, &'a Item>,
    attachments: BTreeSet<(&'a str, &'a str)>,
    /// By `pk` and plan.
    meters: BTreeMap<(&'a str, &'a str), &'a Item>,
    native_keys: BTreeMap<&'a str, &'a Item>,
    on_native_plans: BTreeMap<(&'a str, &'a str), &'a Item>,
    deletions: BTreeSet<&'a str>,
    audits: Vec<&'a Item>,
}

impl<'a> Table<'a> {
    fn of(items: &'a [Item]) -> Self {
        let mut table = Self::default();
        for item in items {
            let (pk, sk) = (text(item, "pk"), text(item, "sk"));
            let (kind, after) = sk.split_once('#').unwrap_or((sk, ""));
            let key = pk.strip_prefix("KEY#");
            match (pk, kind, key) {
                ("PLANS", "PLAN", _) => drop(table.plans.insert(after, item)),
                ("DELETIONS", "PLAN", _) => drop(table.deletions.insert(after)),
                (_, "METER", _) => drop(table.meters.insert((pk, after), item)),
                (_, "KEY", Some(key)) => drop(table.keys.insert(key, item)),
                (_, "PLAN", Some(key)) => drop(table.attachments.insert((key, after))),
                (_, "NATIVE", Some(key)) if after.is_empty() => {
                    table.native_keys.insert(key, item);
                }
                (_, "NATIVE", Some(key)) => {
                    table.on_native_plans.insert((key, after), item);
                }
                _ if pk.starts_with("AUDIT#") => table.audits.push(item),
                _ => {}
            }
        }
        table
    }

    /// Audit records of these actions of an entity.
    fn audited(&self, entity: &str, actions: &[&str]) -> i64 {
        let of_it = self.audits.iter().filter(|audit| {
            text(audit, "entity") == entity && actions.contains(&text(audit, "action"))
        });
        i64::try_from(of_it.count()).unwrap()
    }

    /// How often audit records say that a key came to a plan, less how often that it left it.
    fn told_on(&self, key: &str, plan: &str) -> i64 {
        let of_key = self
            .audits
            .iter()
            .filter(|audit| text(audit, "entity") == key);
        let has = |audit: &Item, name: &str| {
            let told = audit.get(name).and_then(|told| told.as_m().ok());
            i64::from(told.is_some_and(|told| set(told, "planIds").contains(plan)))
        };
        let whole: i64 = of_key
            .map(|audit| has(audit, "after") - has(audit, "before"))
            .sum();
        let entity = format!("{key}:{plan}");
        whole + self.audited(&entity, &["attachment.create"])
            - self.audited(&entity, &["attachment.delete"])
    }

    fn attachments_agree(&self, case: &str) {
        for (key, plan) in &self.attachments {
            assert!(
                self.keys.contains_key(key),
                "{case}: {key} of {plan} is gone"
            );
            assert!(
                self.plans.contains_key(plan),
                "{case}: {plan} of {key} is gone"
            );
        }
        for (key, item) in &self.keys {
            let on = set(item, "planIds");
            let attached = self.attachments.iter().filter(|(of, _)| of == key);
            let attached: BTreeSet<String> = attached.map(|(_, plan)| (*plan).to_owned()).collect();
            assert_eq!(on, attached, "{case}: {key}");
        }
        for (plan, item) in &self.plans {
            let on: Vec<&Item> = self
                .attachments
                .iter()
                .filter(|(_, of)| of == plan)
                .map(|(key, _)| self.keys[key])
                .collect();
            let internal = on.iter().filter(|key| text(key, "nativeValue") != "header");
            let counts = [number(item, "keys"), number(item, "internal")];
            let counted = [on.len(), internal.count()].map(|n| i64::try_from(n).unwrap());
            assert_eq!(counts, counted, "{case}: {plan}");
            assert!(number(item, "attached") >= counts[0], "{case}: {plan}");
            let deleting = item.contains_key("deleting");
            assert_eq!(deleting, self.deletions.contains(plan), "{case}: {plan}");
        }
        let gone = self
            .deletions
            .iter()
            .find(|plan| !self.plans.contains_key(*plan));
        assert_eq!(gone, None, "{case}: a deletion of nothing");
    }

    fn meters_agree(&self, case: &str) {
        for ((pk, plan), meter) in &self.meters {
            let Some(key) = pk.strip_prefix("KEY#") else {
                assert!(!meter.contains_key("off"), "{case}: {pk} {plan}");
                continue;
            };
            let attached = self.attachments.contains(&(key, *plan));
            assert_eq!(!meter.contains_key("off"), attached, "{case}: {pk} {plan}");
        }
        for (key, plan) in &self.attachments {
            let owner = match text(self.plans[plan], "scope") {
                "customer" => format!("CUSTOMER#{}", text(self.keys[key], "customerId")),
                _ => format!("KEY#{key}"),
            };
            let meter = self.meters.get(&(owner.as_str(), *plan));
            assert!(meter.is_some(), "{case}: {key} on {plan} has no meter");
        }
    }

    fn natives_agree(&self, case: &str) {
        let present = |item: &Item| text(item, "wanted") == "present";
        for ((key, plan), item) in &self.on_native_plans {
            let attached = self.attachments.contains(&(*key, *plan));
            assert_eq!(present(item), attached, "{case}: {key} on {plan}");
        }
        for (key, plan) in &self.attachments {
            if text(self.plans[plan], "enforcement") != "apiGateway" {
                continue;
            }
            let on = self.on_native_plans.contains_key(&(*key, *plan));
            let twin = self.native_keys.get(key).is_some_and(|item| present(item));
            assert!(on && twin, "{case}: {key} on {plan} is not wanted there");
        }
    }

    fn audits_agree(&self, case: &str) {
        let entities = self.audits.iter().map(|audit| text(audit, "entity"));
        let entities: BTreeSet<&str> = entities.collect();
        let keys = self.keys.keys().map(|key| format!("key_{key}"));
        let plans = self.plans.keys().map(|plan| format!("plan:{plan}"));
        for thing in keys.chain(plans) {
            assert!(
                entities.contains(thing.as_str()),
                "{case}: {thing} is in no record"
            );
        }
        for entity in entities {
            if let Some(plan) = entity.strip_prefix("plan:") {
                let made = self.audited(entity, &["plan.create"]);
                let gone = self.audited(entity, &["plan.delete"]);
                let is = self.plans.get(plan);
                assert_eq!(made - gone, i64::from(is.is_some()), "{case}: {entity}");
                let marked = self.audited(entity, &["plan.deleting"]);
                let deleting = is.is_some_and(|plan| plan.contains_key("deleting"));
                assert!(
                    marked <= made && i64::from(deleting) <= marked,
                    "{case}: {entity}"
                );
            } else if let Some(key) = entity.strip_prefix("key_").filter(|key| !key.contains(':')) {
                self.key_agrees(entity, self.keys.get(key).copied(), case);
            }
        }
    }

    /// Each change of a key is one revision and one record.
    fn key_agrees(&self, entity: &str, item: Option<&Item>, case: &str) {
        let made = self.audited(entity, &["key.create", "key.import"]);
        let gone = self.audited(entity, &["key.delete"]);
        assert_eq!(made - gone, i64::from(item.is_some()), "{case}: {entity}");
        let Some(item) = item else {
            return;
        };
        let of_key = self.audits.iter().filter(|audit| {
            let of = text(audit, "entity");
            let on_plan = of
                .strip_prefix(entity)
                .is_some_and(|rest| rest.starts_with(':'));
            let attaches = text(audit, "action").starts_with("attachment.");
            of == entity || on_plan && attaches
        });
        let changes = i64::try_from(of_key.count()).unwrap();
        assert_eq!(number(item, "rev"), changes, "{case}: {entity}");
        let on = set(item, "planIds");
        for plan in self.plans.keys() {
            let told = self.told_on(entity, plan);
            assert_eq!(
                told,
                i64::from(on.contains(*plan)),
                "{case}: {entity} on {plan}"
            );
        }
    }
}

/// Each attachment has its key and its plan, each plan's counts are those of its attachments,
/// each meter is charged as long as its key is attached, what is wanted at API Gateway is what
/// is attached, and each change has its audit record, and each record its change.
pub(super) fn assert_consistent(items: &[Item], case: &str) {
    let table = Table::of(items);
    table.attachments_agree(case);
    table.meters_agree(case);
    table.natives_agree(case);
    table.audits_agree(case);
}

/// How often each action is told.
pub(super) fn changes_audited(items: &[Item]) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for item in items.iter().filter(|item| item.contains_key("action")) {
        *told.entry(text(item, "action").to_owned()).or_default() += 1;
    }
    told
}
