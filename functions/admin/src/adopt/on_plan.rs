//! The keys of one plan, key by key: put on it, their meters raised, and what is at API Gateway
//! left to itself where Latchkey counts.

use std::collections::BTreeSet;

use latchkey_domain::{Enforcement, KeyId, meter::Owner};
use latchkey_gateway::NativeKeyId;
use latchkey_store::{KeyRecord, NativeObject};

use super::{
    account::{KeyFound, Whose},
    plans::OnPlan,
    request::{Place, Within},
    seen::{KeyStanding, Seen},
    work::{Stop, Work},
};

/// Keys that are looked up in the table together.
const TOGETHER: usize = 50;

impl Work<'_> {
    /// Raises the meters of the keys that are on the plan here.
    pub(super) async fn raise(
        &mut self,
        on_plan: &OnPlan<'_>,
        within: &mut Within,
    ) -> Result<(), Stop> {
        for some in self.still_to_do(on_plan, within) {
            let seen = self.seen(on_plan, &some).await?;
            for id in some {
                self.go_on()?;
                if let Some((_, key)) = known(on_plan, &id)
                    && let Some(record) = seen.record(key)
                    && record.plan_ids.contains(&on_plan.plan.id)
                {
                    self.raise_one(on_plan, &id, key, &seen).await?;
                }
                self.reached(within, &id);
            }
        }
        Ok(())
    }

    /// Puts the keys on the plan, and leaves what is there to itself where Latchkey counts.
    pub(super) async fn put_on(
        &mut self,
        on_plan: &OnPlan<'_>,
        within: &mut Within,
    ) -> Result<(), Stop> {
        for some in self.still_to_do(on_plan, within) {
            let seen = self.seen(on_plan, &some).await?;
            for id in some {
                self.go_on()?;
                if let Some((found, key)) = known(on_plan, &id)
                    && self.put_one_on(on_plan, found, key, &seen).await?
                {
                    within.keys += 1;
                }
                self.reached(within, &id);
            }
        }
        Ok(())
    }

    fn still_to_do(&mut self, on_plan: &OnPlan<'_>, within: &Within) -> Vec<Vec<NativeKeyId>> {
        self.are_within(within);
        let behind = |id: &&NativeKeyId| id.as_str() > within.after.as_str();
        let keys: Vec<NativeKeyId> = on_plan.keys.iter().filter(behind).cloned().collect();
        keys.chunks(TOGETHER).map(<[_]>::to_vec).collect()
    }

    fn reached(&mut self, within: &mut Within, id: &NativeKeyId) {
        within.after = id.to_string();
        self.are_within(within);
    }

    /// Where a request that goes on begins.
    pub(super) fn are_within(&mut self, within: &Within) {
        if let Place::Plans { within: at, .. } = &mut self.place {
            *at = Some(within.clone());
        }
    }

    async fn seen(&self, on_plan: &OnPlan<'_>, some: &[NativeKeyId]) -> Result<Seen, Stop> {
        let keys = some.iter().filter_map(|id| known(on_plan, id));
        let keys = keys.map(|(_, key)| key);
        let seen = Seen::of_keys_on(&self.state.store, keys, &on_plan.plan.id).await;
        Ok(seen?)
    }

    async fn raise_one(
        &mut self,
        on_plan: &OnPlan<'_>,
        native: &NativeKeyId,
        key: KeyId,
        seen: &Seen,
    ) -> Result<(), Stop> {
        let Some(counted) = on_plan.counted.get(native.as_str()) else {
            return Ok(());
        };
        let nothing = seen
            .meter(key)
            .is_some_and(|meter| counted.above(meter).is_none());
        if nothing || self.how.dry_run {
            return Ok(());
        }
        let (owner, change) = (Owner::Key(key), self.change()?);
        let store = &self.state.store;
        store
            .raise_meter(&owner, &on_plan.plan.id, counted, &change)
            .await?;
        Ok(())
    }

    /// Whether the key is on the plan then, or would be.
    async fn put_one_on(
        &mut self,
        on_plan: &OnPlan<'_>,
        found: &KeyFound,
        key: KeyId,
        seen: &Seen,
    ) -> Result<bool, Stop> {
        let Some(record) = self.record_of(found, key, seen).await? else {
            // What is not taken over was told with the keys.
            return Ok(false);
        };
        let plan = &on_plan.plan;
        if !record.plan_ids.contains(&plan.id) {
            if found.is_latchkeys() {
                // Whether it is on the plan is for Latchkey to say: it is on its way off.
                return Ok(false);
            }
            if let Err(reason) = self.attach(plan, found, record, seen).await? {
                let (native, id) = (&on_plan.found.id, &found.id);
                self.report.attachment_skipped(native, id, key, reason);
                return Ok(false);
            }
        }
        if plan.enforcement == Enforcement::DynamoDb {
            self.raise_one(on_plan, &found.id, key, seen).await?;
            let on_plan = NativeObject::PlanKey(key, plan.id.clone());
            let on_plan = seen.has(&on_plan).then_some(on_plan);
            let twin = seen.has(&NativeObject::Key(key)) && !found.is_latchkeys();
            if (on_plan.is_some() || twin) && !self.how.dry_run {
                self.release(key, on_plan, twin).await?;
            }
        }
        Ok(true)
    }

    /// The key as the table has it, or would have it after a dry run.
    async fn record_of(
        &self,
        found: &KeyFound,
        key: KeyId,
        seen: &Seen,
    ) -> Result<Option<KeyRecord>, Stop> {
        let Whose::Theirs(theirs) = &found.whose else {
            return Ok(seen.record(key).cloned());
        };
        let mut record = match seen.key(&found.id, theirs) {
            KeyStanding::Here(record) => record.clone(),
            KeyStanding::New if self.how.dry_run && !self.state.store.left_meters(key).await? => {
                KeyRecord {
                    key: (**theirs).clone(),
                    plan_ids: BTreeSet::new(),
                }
            }
            KeyStanding::New | KeyStanding::Unfit(_) => return Ok(None),
        };
        record.plan_ids.extend(self.planned(key));
        Ok(Some(record))
    }
}

/// A key of the plan that may be taken over or was made by Latchkey.
fn known<'a>(on_plan: &OnPlan<'a>, id: &NativeKeyId) -> Option<(&'a KeyFound, KeyId)> {
    let found = on_plan.account.keys.get(id.as_str())?;
    Some((found, found.key_id()?))
}
