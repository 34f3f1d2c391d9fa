//! A key is on one plan only for each API stage.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{KeyId, Plan, PlanId};
use latchkey_store::KeyRecord;

use crate::{AdminState, problem::Problem};

/// Keys of a plan that are looked at when its stages change.
const MAX_KEYS: u64 = 1_000;

/// # Errors
/// [`Problem::PlanInTheWay`] where one of the other plans covers a stage of `plan`.
pub(crate) fn refuse_overlap(plan: &Plan, others: &[Plan]) -> Result<(), Problem> {
    for other in others {
        if let Some(stage) = other.overlap(plan) {
            return Err(Problem::PlanInTheWay {
                in_the_way: other.id.clone(),
                stage: stage.to_string(),
            });
        }
    }
    Ok(())
}

/// # Errors
/// [`Problem::StagesInTheWay`] where a key of `plan`, as it is to be, is on another plan for
/// one of its stages; [`Problem::TooManyKeys`] where that would be too many to look at.
pub(super) async fn refuse_stages_in_the_way(
    state: &AdminState,
    plan: &Plan,
    keys: u64,
) -> Result<(), Problem> {
    if keys > MAX_KEYS {
        return Err(Problem::TooManyKeys {
            keys,
            allowed: MAX_KEYS,
        });
    }
    let records = state
        .store
        .keys_by_id(&keys_of(state, &plan.id).await?)
        .await?;
    let others = other_plans(state, plan, &records).await?;
    for record in &records {
        let on = record.plan_ids.iter().filter_map(|id| others.get(id));
        for other in on {
            if let Some(stage) = other.overlap(plan) {
                return Err(Problem::StagesInTheWay {
                    key: record.key.id,
                    in_the_way: other.id.clone(),
                    stage: stage.to_string(),
                });
            }
        }
    }
    Ok(())
}

/// The keys on a plan, at most about [`MAX_KEYS`].
async fn keys_of(state: &AdminState, plan: &PlanId) -> Result<Vec<KeyId>, Problem> {
    const PAGE: u16 = 500;
    let mut keys = Vec::new();
    let mut cursor = None;
    for _ in 0..=MAX_KEYS / u64::from(PAGE) {
        let page = state.store.attachments(plan, PAGE, cursor.as_ref()).await?;
        keys.extend(page.items.iter().map(|attachment| attachment.key_id));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(keys)
}

/// The plans, but for `plan` itself, that the keys are on.
async fn other_plans(
    state: &AdminState,
    plan: &Plan,
    records: &[KeyRecord],
) -> Result<BTreeMap<PlanId, Plan>, Problem> {
    let ids: BTreeSet<&PlanId> = records
        .iter()
        .flat_map(|record| &record.plan_ids)
        .filter(|id| **id != plan.id)
        .collect();
    let mut plans = BTreeMap::new();
    for id in ids {
        if let Some(record) = state.store.plan(id).await? {
            plans.insert(id.clone(), record.plan);
        }
    }
    Ok(plans)
}
