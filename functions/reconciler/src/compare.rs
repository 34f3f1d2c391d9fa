//! What the table wants beside what API Gateway has: a pure function.
//!
//! Only what is settled is compared: whatever is pending is on its way, and an object that is
//! being made is not yet where its record says. What another table made, or nobody, is not
//! Latchkey's.

mod unwanted;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use latchkey_domain::{KeyId, PlanId};
use latchkey_gateway::{NativeKeyId, NativePlan, NativePlanId};
use latchkey_store::{
    Finding, FindingKind, KeyRecord, Native, NativeObject, NativeState, PlanRecord, Wanted,
};
use latchkey_sync::{Inventory, Owner, key_fields};

use self::unwanted::{foreign, orphan_keys, orphan_plans};
use crate::words::{key_differences, plan_differences};

/// What the table wants.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) natives: BTreeMap<NativeObject, Native>,
    pub(crate) plans: BTreeMap<PlanId, PlanRecord>,
    pub(crate) keys: HashMap<KeyId, KeyRecord>,
}

/// What API Gateway has.
#[derive(Debug)]
pub(crate) struct There<'a> {
    pub(crate) inventory: &'a Inventory,
    /// The ids of the keys on each usage plan, by its id.
    pub(crate) on: BTreeMap<String, BTreeSet<String>>,
    /// The API of a plan that would take the value of one of its internal keys.
    pub(crate) open: BTreeMap<PlanId, String>,
}

/// A finding, and what can be done about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) finding: Finding,
    pub(crate) remedy: Remedy,
}

/// What puts it right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Remedy {
    /// Nothing that Latchkey may do.
    None,
    /// Another attempt.
    BringBack(NativeObject),
    DeletePlan(NativePlanId),
    /// A key of this table's that is on a usage plan of this table's, unattached.
    TakeOff(NativePlanId, NativeKeyId),
    DeleteKey(NativeKeyId),
}

impl Remedy {
    /// Whether it takes something away at API Gateway, which is looked at once more before.
    pub(crate) fn deletes(&self) -> bool {
        match self {
            Self::None | Self::BringBack(_) => false,
            Self::DeletePlan(_) | Self::DeleteKey(_) | Self::TakeOff(..) => true,
        }
    }
}

/// All that is not as it should be.
pub(crate) fn compare(table: &Table, there: &There<'_>, owner: Owner<'_>) -> Vec<Found> {
    let ours: HashMap<&str, KeyId> = table.natives.values().filter_map(native_key).collect();
    let mut found = Vec::new();
    for native in table.natives.values() {
        match (&native.object, native.state, native.wanted) {
            (_, NativeState::Failed, _) => found.push(failed(native)),
            (NativeObject::Plan(plan), NativeState::InSync, Wanted::Present) => {
                found.extend(plan_as_wanted(native, plan, table, there));
            }
            (NativeObject::Key(key), NativeState::InSync, Wanted::Present) => {
                found.extend(key_as_wanted(native, *key, table, there));
            }
            (NativeObject::PlanKey(key, plan), NativeState::InSync, Wanted::Present) => {
                found.extend(key_on_plan(*key, plan, table, there));
            }
            _ => {}
        }
        if let NativeObject::Plan(plan) = &native.object
            && native.state != NativeState::Pending
        {
            found.extend(foreign(native, plan, table, there, owner, &ours));
        }
    }
    found.extend(orphan_plans(table, there, owner));
    found.extend(orphan_keys(table, there, owner));
    found
}

fn native_key(native: &Native) -> Option<(&str, KeyId)> {
    match native.object {
        NativeObject::Key(key) => Some((native.native_id.as_deref()?, key)),
        _ => None,
    }
}

fn finding(
    (plan, key): (Option<&PlanId>, Option<KeyId>),
    native_id: Option<&str>,
    kind: FindingKind,
    detail: String,
) -> Finding {
    Finding {
        plan_id: plan.cloned(),
        key_id: key,
        native_id: native_id.map(str::to_owned),
        kind,
        detail,
        mended: false,
    }
}

fn of_object(native: &Native, kind: FindingKind, detail: String) -> Finding {
    let ids = match &native.object {
        NativeObject::Plan(plan) => (Some(plan), None),
        NativeObject::Key(key) | NativeObject::Flush(key) => (None, Some(*key)),
        NativeObject::PlanKey(key, plan) => (Some(plan), Some(*key)),
    };
    finding(ids, native.native_id.as_deref(), kind, detail)
}

fn bring_back(native: &Native, kind: FindingKind, detail: String) -> Found {
    Found {
        finding: of_object(native, kind, detail),
        remedy: Remedy::BringBack(native.object.clone()),
    }
}

fn told(finding: Finding) -> Found {
    let remedy = Remedy::None;
    Found { finding, remedy }
}

fn failed(native: &Native) -> Found {
    let reason = native.reason.clone().unwrap_or_default();
    told(of_object(native, FindingKind::Failed, reason))
}

fn plan_as_wanted(native: &Native, plan: &PlanId, table: &Table, there: &There<'_>) -> Vec<Found> {
    let (Some(id), Some(record)) = (&native.native_id, table.plans.get(plan)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match (there.inventory.plans.get(id), NativePlan::of(&record.plan)) {
        (None, _) => {
            let detail = "the usage plan is not there".to_owned();
            found.push(bring_back(native, FindingKind::Gone, detail));
        }
        (Some(is), Ok(wanted)) => {
            if !is.plan.patches(&wanted).is_empty() {
                let detail = plan_differences(&is.plan, &wanted);
                found.push(bring_back(native, FindingKind::Changed, detail));
            }
        }
        // The plan's next change says why.
        (Some(_), Err(_)) => {}
    }
    if let Some(api) = there.open.get(plan) {
        let detail = format!(
            "the API {api} has apiKeySource HEADER, where the values of the plan's internal keys open it: set it to AUTHORIZER"
        );
        found.push(told(of_object(native, FindingKind::KeySource, detail)));
    }
    found
}

fn key_as_wanted(native: &Native, key: KeyId, table: &Table, there: &There<'_>) -> Option<Found> {
    let id = native.native_id.as_ref()?;
    let record = table.keys.get(&key)?;
    let Some(is) = there.inventory.keys.get(id) else {
        let detail = "the key is not there".to_owned();
        return Some(bring_back(native, FindingKind::Gone, detail));
    };
    let patches = is.patches(&key_fields(&record.key));
    let changed = || bring_back(native, FindingKind::Changed, key_differences(&patches));
    (!patches.is_empty()).then(changed)
}

/// Where the plan or the key is not there, or on its way, that is the finding.
fn key_on_plan(key: KeyId, plan: &PlanId, table: &Table, there: &There<'_>) -> Option<Found> {
    let object = NativeObject::PlanKey(key, plan.clone());
    let settled = |object: NativeObject| {
        let native = table.natives.get(&object)?;
        let settled = native.state != NativeState::Pending;
        native.native_id.as_deref().filter(|_| settled)
    };
    let native_plan = settled(NativeObject::Plan(plan.clone()))?;
    let native_key = settled(NativeObject::Key(key))?;
    if !there.inventory.keys.contains_key(native_key) {
        return None;
    }
    if there.on.get(native_plan)?.contains(native_key) {
        return None;
    }
    let detail = format!("the key is not on the usage plan {native_plan}");
    let ids = (Some(plan), Some(key));
    Some(Found {
        finding: finding(ids, Some(native_key), FindingKind::Gone, detail),
        remedy: Remedy::BringBack(object),
    })
}

#[cfg(test)]
mod tests;
