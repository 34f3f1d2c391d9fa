//! The deletion of a plan with its attachments.
//!
//! It is more than one transaction holds. So the first one marks the plan, which from then on
//! covers nothing and takes no key, and leaves a record of the work: who wants it, and from
//! when on somebody may go on with it. The keys are then taken off, each in its own
//! transaction, and the last one takes the plan away together with the record. Whoever is
//! stopped anywhere leaves a record that the next one finds in the index `pending`.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use latchkey_domain::{Clock, KeyId, Plan, PlanId, StageSelector};
use tokio::time::{Instant, sleep};

use crate::{
    AttachError, CLAIM, Change, Corrupt, Cursor, DeletePlanError, KeyRecord, Lost, Page,
    PlanRecord, Record, Store, StoreError,
    error::held,
    item::{Draft, Fields, Item, key_of, text},
    page::Listing,
    plan,
    schema::{PENDING, sortable},
};

const DUE: &str = "due";
const FLUSH: &str = "flush";
/// What the records stand under in the index `pending`.
const PENDING_PARTITION: &str = "DELETIONS";
/// Keys that are looked at together.
const PAGE: u16 = 50;
/// How long to wait for the list of a plan's keys, which is an index: it is mostly some ten
/// milliseconds behind, seldom a second.
pub const LIST_COMES_UP: Duration = Duration::from_millis(250);

/// A plan that is being deleted with its attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which.
    pub plan_id: PlanId,
    /// The ARN of who wants it: the principal of each change that it takes.
    pub principal: String,
    /// The caller's address, as API Gateway saw it.
    pub source_ip: Option<String>,
    /// The stages whose authorizer results are forgotten for each key that goes.
    pub flush: Vec<StageSelector>,
    /// When the next one may go on with it.
    pub due: Timestamp,
}

/// Tells the changes of one that goes on with a deletion from all others.
#[derive(Debug)]
pub struct Worker<'a> {
    /// The time of each change.
    pub clock: &'a Clock,
    /// A random text.
    pub id: &'a str,
}

impl Store {
    /// Marks a plan as being deleted, if it is still as `before`. Whoever does it has
    /// [`CLAIM`] to go on.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn begin_deletion(
        &self,
        before: &PlanRecord,
        flush: Vec<StageSelector>,
        change: &Change,
    ) -> Result<Deletion, Lost> {
        let after = Plan {
            deleting: true,
            updated: change.at,
            version: before.plan.next_version(change.at),
            ..before.plan.clone()
        };
        let deletion = Deletion {
            plan_id: after.id.clone(),
            principal: change.principal.clone(),
            source_ip: change.source_ip.clone(),
            flush,
            due: change.at.checked_add(CLAIM).unwrap_or(change.at),
        };
        let marked = (before, &after);
        plan::changed("plan.deleting", self.transaction(), marked, change)
            .put_new(to_item(&deletion))
            .run()
            .await?;
        Ok(deletion)
    }

    /// The deletion of a plan, if it is under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deletion(&self, plan: &PlanId) -> Result<Option<Deletion>, StoreError> {
        let item = self.read_item(&Record::Deletion(plan)).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }

    /// Deletions that may be gone on with at `now`, longest due first. It comes from an index.
    /// A record that cannot be read is logged and left out, so that it holds up no other.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deletions(
        &self,
        now: Timestamp,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Deletion>, StoreError> {
        let listing = Listing {
            index: Some(PENDING),
            partition: PENDING_PARTITION,
            limit,
            cursor,
        };
        let query = self.client.query().table_name(&self.table);
        let read = |item: &Item| Ok::<_, StoreError>(readable(item));
        let found = listing.run(query, read).await?;
        let items = found.items.into_iter().flatten();
        Ok(Page {
            items: items.filter(|deletion| deletion.due <= now).collect(),
            cursor: found.cursor,
        })
    }

    /// Takes a deletion for oneself until `until`. None where somebody else has it, or it is
    /// done.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_deletion(
        &self,
        deletion: &Deletion,
        until: Timestamp,
    ) -> Result<Option<Deletion>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Deletion(&deletion.plan_id))))
            .condition_expression("#due = :seen")
            .update_expression("SET #due = :due, #pending = :pending")
            .expression_attribute_names("#due", DUE)
            .expression_attribute_names("#pending", PENDING.sort)
            .expression_attribute_values(":seen", text(deletion.due.to_string()))
            .expression_attribute_values(":due", text(until.to_string()))
            .expression_attribute_values(":pending", pending(&deletion.plan_id, until));
        let claimed = held("UpdateItem", update.send().await)?;
        Ok(claimed.then(|| Deletion {
            due: until,
            ..deletion.clone()
        }))
    }

    /// Takes keys off the plan, and then the plan away, until `deadline`: true when it is
    /// gone. Several may do so at once.
    ///
    /// # Errors
    /// [`StoreError`]: what is done is done, and the rest is found by the next one.
    pub async fn carry_on_deletion(
        &self,
        deletion: &Deletion,
        worker: &Worker<'_>,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        let mut changes = 0_u64;
        while Instant::now() < deadline {
            let record = self.plan(&deletion.plan_id).await?;
            let Some(record) = record.filter(|record| record.plan.deleting) else {
                return Ok(true);
            };
            let mut change = || {
                changes += 1;
                deletion.change(worker, changes)
            };
            if record.keys == 0 {
                match self.delete_plan(&record.plan, &change()).await {
                    Ok(()) => return Ok(true),
                    Err(DeletePlanError::Changed) => {}
                    Err(DeletePlanError::Store(error)) => return Err(error),
                }
                continue;
            }
            let mut some = false;
            for key in self.keys_on(&record.plan).await? {
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                let change = change();
                let detached = self.detach(&key, &record.plan, &deletion.flush, &change);
                match detached.await {
                    Ok(()) => some = true,
                    // Somebody else has changed it, or taken it off: it is looked at again.
                    Err(AttachError::Changed) => {}
                    Err(AttachError::Store(error)) => return Err(error),
                }
            }
            if !some {
                sleep(LIST_COMES_UP).await;
            }
        }
        Ok(false)
    }

    /// Some of the keys that are on a plan, as they are now.
    async fn keys_on(&self, plan: &Plan) -> Result<Vec<KeyRecord>, StoreError> {
        let page = self.attachments(&plan.id, PAGE, None).await?;
        let listed: Vec<KeyId> = page.items.iter().map(|on| on.key_id).collect();
        let mut keys = self.keys_by_id(&listed).await?;
        keys.retain(|key| key.plan_ids.contains(&plan.id));
        Ok(keys)
    }
}

impl Deletion {
    /// A change that it takes, the `number`-th of `worker`.
    fn change(&self, worker: &Worker<'_>, number: u64) -> Change {
        Change {
            at: worker.clock.now().timestamp(),
            id: format!("{}-{number}", worker.id),
            principal: self.principal.clone(),
            source_ip: self.source_ip.clone(),
            receipt: None,
        }
    }
}

fn pending(plan: &PlanId, due: Timestamp) -> AttributeValue {
    text(sortable(due, plan.as_str()))
}

fn to_item(deletion: &Deletion) -> Item {
    let Deletion {
        plan_id,
        principal,
        source_ip,
        flush,
        due,
    } = deletion;
    let stages = flush.iter().map(ToString::to_string).collect();
    Draft::new(&Record::Deletion(plan_id))
        .set("planId", text(plan_id.as_str()))
        .set("principal", text(principal))
        .set_some("sourceIp", source_ip.as_ref().map(text))
        .set_some(
            FLUSH,
            (!flush.is_empty()).then(|| AttributeValue::Ss(stages)),
        )
        .set(DUE, text(due.to_string()))
        .set(PENDING.partition, text(PENDING_PARTITION))
        .set(PENDING.sort, pending(plan_id, *due))
        .done()
}

fn from_item(item: &Item) -> Result<Deletion, Corrupt> {
    let fields = Fields::of("deletion", item)?;
    let stages = fields.set(FLUSH)?.iter().map(|stage| {
        let (api, stage) = stage.split_once(':').unwrap_or((stage.as_str(), ""));
        StageSelector::new(api, stage).map_err(|error| fields.corrupt(FLUSH, error))
    });
    Ok(Deletion {
        plan_id: fields.parsed("planId")?,
        principal: fields.text("principal")?.to_owned(),
        source_ip: fields.text_if_any("sourceIp")?.map(str::to_owned),
        flush: stages.collect::<Result<_, _>>()?,
        due: fields.instant(DUE)?,
    })
}

fn readable(item: &Item) -> Option<Deletion> {
    from_item(item)
        .inspect_err(|error| tracing::error!(%error, "the record of a deletion cannot be read"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_reads_back_as_written() {
        let whole = Deletion {
            plan_id: "gold".parse().unwrap(),
            principal: "arn:aws:iam::123456789012:user/ops".to_owned(),
            source_ip: Some("192.0.2.1".to_owned()),
            flush: vec![StageSelector::new("a1", "$default").unwrap()],
            due: Timestamp::from_second(5).unwrap(),
        };
        let bare = Deletion {
            source_ip: None,
            flush: vec![],
            ..whole.clone()
        };
        for deletion in [whole, bare] {
            assert_eq!(from_item(&to_item(&deletion)).unwrap(), deletion);
        }
    }
}
