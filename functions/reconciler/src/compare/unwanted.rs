//! What is at API Gateway though nothing here wants it.

use std::collections::HashMap;

use latchkey_domain::{KeyId, PlanId};
use latchkey_gateway::{FoundKey, NativePlanId};
use latchkey_store::{FindingKind, Native, NativeObject, NativeState, Wanted};
use latchkey_sync::Owner;

use super::{Found, Remedy, Table, There, finding, told};

/// Keys on a plan of Latchkey's that nothing here wants there.
pub(super) fn foreign(
    native: &Native,
    plan: &PlanId,
    table: &Table,
    there: &There<'_>,
    owner: Owner<'_>,
    ours: &HashMap<&str, KeyId>,
) -> Vec<Found> {
    let on = native.native_id.as_ref().and_then(|id| there.on.get(id));
    let mut found = Vec::new();
    for id in on.into_iter().flatten() {
        let is = there.inventory.keys.get(id);
        let made_for = is.and_then(|is| owner.key(&is.tags));
        let detail = match ours.get(id.as_str()) {
            Some(key) => {
                let on = NativeObject::PlanKey(*key, plan.clone());
                if table.natives.contains_key(&on) {
                    continue;
                }
                format!("{key} is on the usage plan, though it is not attached here")
            }
            // One that belongs to nothing, which is a finding of its own, or that is on its way.
            None if made_for.is_some() => continue,
            None => "somebody else has put this key on the usage plan".to_owned(),
        };
        let key = ours.get(id.as_str()).copied();
        let ids = (Some(plan), key);
        let finding = finding(ids, Some(id), FindingKind::Foreign, detail);
        let stray = key.zip(is).filter(|(key, _)| made_for == Some(*key));
        let stray = stray.and_then(|(key, is)| taken_off((native, plan), (key, is), table));
        found.push(match stray {
            Some(remedy) => Found { finding, remedy },
            None => told(finding),
        });
    }
    found
}

/// What takes a key that Latchkey made off a plan that it is not attached to. One that was
/// taken over is its owner's to take off: it was on plans before Latchkey was there.
fn taken_off(
    (native, plan): (&Native, &PlanId),
    (key, is): (KeyId, &FoundKey),
    table: &Table,
) -> Option<Remedy> {
    let native_key = table.natives.get(&NativeObject::Key(key))?;
    let settled = native_key.state != NativeState::Pending;
    let stay = native.wanted == Wanted::Present && native_key.wanted == Wanted::Present;
    let attached = table.keys.get(&key)?.plan_ids.contains(plan);
    let native_plan: NativePlanId = native.native_id.as_deref()?.parse().ok()?;
    let stray = settled && stay && !attached;
    stray.then(|| Remedy::TakeOff(native_plan, is.id.clone()))
}

/// Whether something that was made for an object is not what its record names. Without an id
/// in the record it may be what the record is about to name.
fn is_orphan(record: Option<&Native>, id: &str) -> bool {
    match record {
        None => true,
        Some(native) if native.state == NativeState::Pending => false,
        Some(native) => native.native_id.as_deref().is_some_and(|known| known != id),
    }
}

fn orphan_detail(what: &str, record: Option<&Native>) -> String {
    match record {
        None => format!("nothing here wants this {what}, which Latchkey made"),
        Some(_) => format!("a second {what}, which Latchkey made, beside the one in use"),
    }
}

pub(super) fn orphan_plans(table: &Table, there: &There<'_>, owner: Owner<'_>) -> Vec<Found> {
    let made = there.inventory.plans.values();
    let made = made.filter_map(|is| Some((is, owner.plan(&is.tags)?)));
    made.filter_map(|(is, plan)| {
        let record = table.natives.get(&NativeObject::Plan(plan.clone()));
        let detail = orphan_detail("usage plan", record);
        is_orphan(record, is.id.as_str()).then(|| Found {
            finding: finding(
                (Some(&plan), None),
                Some(is.id.as_str()),
                FindingKind::Orphan,
                detail,
            ),
            remedy: Remedy::DeletePlan(is.id.clone()),
        })
    })
    .collect()
}

pub(super) fn orphan_keys(table: &Table, there: &There<'_>, owner: Owner<'_>) -> Vec<Found> {
    let made = there.inventory.keys.values();
    let made = made.filter_map(|is| Some((is, owner.key(&is.tags)?)));
    made.filter_map(|(is, key)| {
        let record = table.natives.get(&NativeObject::Key(key));
        let detail = orphan_detail("key", record);
        is_orphan(record, is.id.as_str()).then(|| Found {
            finding: finding(
                (None, Some(key)),
                Some(is.id.as_str()),
                FindingKind::Orphan,
                detail,
            ),
            remedy: Remedy::DeleteKey(is.id.clone()),
        })
    })
    .collect()
}
