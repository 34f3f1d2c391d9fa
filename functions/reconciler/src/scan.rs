//! The comparison of all that API Gateway has with what the table wants.
//!
//! The table is read before API Gateway and, where something differs, once more after it: what
//! changed meanwhile is no finding. What was made here and nothing wants is looked at once
//! more before it is deleted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use latchkey_gateway::GatewayError;
use latchkey_store::{Drift, FindingKind, Native, NativeObject, NativeState, StoreError};
use latchkey_sync::Inventory;

use crate::{
    RunError,
    compare::{Found, Remedy, Table, There, compare},
    pages::{PAGE, Pages},
    run::Run,
    settings::DriftMode,
};

impl Run<'_> {
    /// Compares, keeps what was found and, where that is wanted, mends it: how much was found
    /// and mended. None where the time was too short: where it was begun, it is tried again
    /// when the next one would be due.
    pub(crate) async fn scan(&self, mode: DriftMode) -> Result<Option<(u64, u64)>, RunError> {
        if self.is_over() {
            return Ok(None);
        }
        let at = self.now();
        let found = match self.look().await {
            Err(RunError::Gateway(GatewayError::Throttled { .. })) => None,
            found => found?,
        };
        let Some(mut found) = found else {
            tracing::warn!("no time to compare all of API Gateway");
            self.store.scan_tried(at).await?;
            return Ok(None);
        };
        self.keep(at, &found).await?;
        let can = |found: &Found| found.remedy != Remedy::None;
        if mode == DriftMode::Mend && found.iter().any(can) {
            self.mend(&mut found).await?;
            self.keep(at, &found).await?;
        }
        self.store.scan_done(at).await?;
        let count = |some: usize| u64::try_from(some).unwrap_or(u64::MAX);
        let mended = found.iter().filter(|found| found.finding.mended);
        Ok(Some((count(found.len()), count(mended.count()))))
    }

    async fn keep(&self, scanned: Timestamp, found: &[Found]) -> Result<(), StoreError> {
        let kept = found.iter().take(Drift::KEPT);
        let drift = Drift {
            scanned,
            findings: kept.map(|found| found.finding.clone()).collect(),
            total: u64::try_from(found.len()).unwrap_or(u64::MAX),
        };
        self.store.keep_drift(&drift).await
    }

    /// What is found on both looks; none where there was no time for them. What would be
    /// deleted is asked for one by one, so that only [`Drift::KEPT`] of it are this scan's:
    /// the rest is told, and left to the next.
    async fn look(&self) -> Result<Option<Vec<Found>>, RunError> {
        let table = self.table().await?;
        if self.is_over() {
            return Ok(None);
        }
        let inventory = self.inventory(self.now()).await?;
        let there = self.there(&table, &inventory).await?;
        let found = compare(&table, &there, self.owner());
        let now = self.records_of(&found).await?;
        let (mut sure, mut asked) = (Vec::new(), 0);
        for mut found in found {
            if self.is_over() {
                return Ok(None);
            }
            let same = objects_of(&found)
                .iter()
                .all(|object| same(table.natives.get(object), now.get(object)));
            if !same {
                continue;
            }
            if found.remedy.deletes() {
                if asked == Drift::KEPT {
                    found.remedy = Remedy::None;
                    sure.push(found);
                    continue;
                }
                asked += 1;
            }
            if self.is_still_there(&found).await? {
                sure.push(found);
            }
        }
        Ok(Some(sure))
    }

    async fn table(&self) -> Result<Table, StoreError> {
        let mut table = Table::default();
        let mut pages = Pages::of("objects at API Gateway");
        while pages.more() {
            let page = self.store.all_natives(PAGE, pages.cursor()).await?;
            let natives = page.items.into_iter();
            table
                .natives
                .extend(natives.map(|native| (native.object.clone(), native)));
            pages.turn(page.cursor);
        }
        let mut pages = Pages::of("plans");
        while pages.more() {
            let page = self.store.plans(PAGE, pages.cursor()).await?;
            let plans = page.items.into_iter();
            table
                .plans
                .extend(plans.map(|record| (record.plan.id.clone(), record)));
            pages.turn(page.cursor);
        }
        let keys = table.natives.keys().filter_map(|object| match object {
            NativeObject::Key(key) => Some(*key),
            _ => None,
        });
        let keys: Vec<_> = keys.collect();
        let records = self.store.keys_by_id(&keys).await?.into_iter();
        table.keys = records.map(|record| (record.key.id, record)).collect();
        Ok(table)
    }

    async fn there<'i>(
        &self,
        table: &Table,
        inventory: &'i Inventory,
    ) -> Result<There<'i>, GatewayError> {
        let (mut on, mut open) = (BTreeMap::new(), BTreeMap::new());
        for native in table.natives.values() {
            let NativeObject::Plan(plan) = &native.object else {
                continue;
            };
            let found = native.native_id.as_ref();
            let Some(found) = found.and_then(|id| inventory.plans.get(id)) else {
                continue;
            };
            if native.state == NativeState::Pending {
                continue;
            }
            match self.sync.gateway().keys_on(&found.id).await {
                Ok(keys) => {
                    let keys = keys.iter().map(ToString::to_string);
                    on.insert(found.id.to_string(), keys.collect::<BTreeSet<_>>());
                }
                // It went meanwhile.
                Err(GatewayError::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            }
            if let Some(record) = table.plans.get(plan)
                && record.internal > 0
                && let Some(api) = self.sync.header_api_in(&record.plan, inventory).await?
            {
                open.insert(plan.clone(), api);
            }
        }
        Ok(There {
            inventory,
            on,
            open,
        })
    }

    /// The records of what was found, as they are now.
    pub(crate) async fn records_of(
        &self,
        found: &[Found],
    ) -> Result<BTreeMap<NativeObject, Native>, StoreError> {
        let objects: BTreeSet<NativeObject> = found.iter().flat_map(objects_of).collect();
        let objects: Vec<NativeObject> = objects.into_iter().collect();
        let natives = self.store.natives(&objects).await?.into_iter();
        Ok(natives
            .map(|native| (native.object.clone(), native))
            .collect())
    }

    /// Whether an orphan is there, now that its record was looked at again: no new one can
    /// have its id. Whether a key that is not known is unknown to the index, too.
    async fn is_still_there(&self, found: &Found) -> Result<bool, RunError> {
        let gateway = self.sync.gateway();
        Ok(match &found.remedy {
            Remedy::DeletePlan(id) => gateway.plan(id).await?.is_some(),
            Remedy::DeleteKey(id) => gateway.key(id).await?.is_some(),
            Remedy::TakeOff(plan, key) => {
                let known = self.store.key_of_native(key.as_str()).await?;
                known == found.finding.key_id
                    && self.is_unattached(&found.finding).await?
                    && gateway.has_key(plan, key).await?
            }
            Remedy::None if found.finding.kind == FindingKind::Foreign => {
                let id = found.finding.native_id.as_deref().unwrap_or_default();
                let known = self.store.key_of_native(id).await?;
                known == found.finding.key_id
            }
            Remedy::None | Remedy::BringBack(_) => true,
        })
    }
}

/// The objects whose records the finding rests on.
fn objects_of(found: &Found) -> Vec<NativeObject> {
    let (plan, key) = (&found.finding.plan_id, found.finding.key_id);
    let mut objects = Vec::new();
    objects.extend(plan.clone().map(NativeObject::Plan));
    objects.extend(key.map(NativeObject::Key));
    if let (Some(plan), Some(key)) = (plan, key) {
        objects.push(NativeObject::PlanKey(key, plan.clone()));
    }
    objects
}

fn same(before: Option<&Native>, now: Option<&Native>) -> bool {
    match (before, now) {
        (None, None) => true,
        (Some(before), Some(now)) => {
            let seen = |native: &Native| {
                let id = native.native_id.clone();
                (native.revision, native.state, native.wanted, id)
            };
            seen(before) == seen(now)
        }
        _ => false,
    }
}
