//! A key is on one plan only for each API stage.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{KeyId, Plan, PlanId};
use latchkey_store::KeyRecord;
use tokio::task::JoinSet;

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

/// How much of a plan's keys was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Each of them.
    All,
    /// Not as many as there are: their list is an index, which comes after the table.
    Some,
}

/// Looks at each key of a plan. After [`Seen::Some`] and a pause the list may have come up.
///
/// # Errors
/// [`Problem::StagesInTheWay`] where a key of `plan`, as it is to be, is on another plan for
/// one of its stages; [`Problem::TooManyKeys`] where that would be too many to look at.
pub(super) async fn refuse_stages_in_the_way(
    state: &AdminState,
    plan: &Plan,
    keys: u64,
) -> Result<Seen, Problem> {
    if keys > MAX_KEYS {
        return Err(Problem::TooManyKeys {
            keys,
            allowed: MAX_KEYS,
        });
    }
    let listed: Vec<KeyId> = keys_of(state, &plan.id).await?.into_iter().collect();
    let mut records = state.store.keys_by_id(&listed).await?;
    // The list may still have keys that are off the plan; the keys themselves are exact.
    records.retain(|record| record.plan_ids.contains(&plan.id));
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
    let all = u64::try_from(records.len()) == Ok(keys);
    Ok(if all { Seen::All } else { Seen::Some })
}

/// The keys on a plan, at most about [`MAX_KEYS`], as their list has them. A key that went off
/// the plan and came back between two pages is on both.
async fn keys_of(state: &AdminState, plan: &PlanId) -> Result<BTreeSet<KeyId>, Problem> {
    const PAGE: u16 = 500;
    let mut keys = BTreeSet::new();
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

/// The plans, but for `plan` itself, that the keys are on: at most [`MAX_KEYS`] times those of
/// a key, a few at a time.
async fn other_plans(
    state: &AdminState,
    plan: &Plan,
    records: &[KeyRecord],
) -> Result<BTreeMap<PlanId, Plan>, Problem> {
    const AT_A_TIME: usize = 16;
    let ids: BTreeSet<&PlanId> = records
        .iter()
        .flat_map(|record| &record.plan_ids)
        .filter(|id| **id != plan.id)
        .collect();
    let ids: Vec<&PlanId> = ids.into_iter().collect();
    let mut plans = BTreeMap::new();
    for some in ids.chunks(AT_A_TIME) {
        let mut reads = JoinSet::new();
        for id in some {
            let (store, id) = (state.store.clone(), (*id).clone());
            reads.spawn(async move { store.plan(&id).await });
        }
        while let Some(read) = reads.join_next().await {
            let read = read.map_err(|error| {
                tracing::error!(%error, "a plan was not read to the end");
                Problem::Internal
            })?;
            plans.extend(read?.map(|record| (record.plan.id.clone(), record.plan)));
        }
    }
    Ok(plans)
}
