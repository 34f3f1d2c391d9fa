//! Usage plans.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, builders::UpdateBuilder};
use latchkey_domain::{
    Enforcement, Key, MethodRule, NativeKeyValue, Plan, PlanId, PlanStage, Quota, Rate, Scope,
    StageSelector, Throttle,
};

use crate::{
    Change, Corrupt, Cursor, Lost, NativeObject, Page, Record, Store, StoreError, Wanted,
    audit::Entry,
    item::{Draft, Fields, Item, key_of, number, text},
    native,
    page::Listing,
    schema::PLANS,
    transaction::{Transaction, assign},
};

/// Keys that are on the plan; kept exact by each transaction that attaches or detaches one.
const KEYS: &str = "keys";
/// Keys among them whose twin at API Gateway has a value of its own.
const INTERNAL: &str = "internal";
/// Attachments that were ever made to the plan.
const ATTACHED: &str = "attached";
/// Grows with each change.
const VERSION: &str = "version";

/// A plan and the number of keys on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRecord {
    /// The plan.
    pub plan: Plan,
    /// Keys attached.
    pub keys: u64,
    /// Keys among them whose twin at API Gateway has an internal value: it must open nothing,
    /// so the plan's stages must be ones where it does not.
    pub internal: u64,
    /// Attachments that were ever made: the same number later means that no key came.
    pub attached: u64,
}

/// Why a plan was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeletePlanError {
    /// Keys are on it, or it was changed, after it was read.
    #[error("the plan has just changed")]
    Changed,
    /// It could not be carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a plan.
    ///
    /// # Errors
    /// [`Lost`] where its id is taken.
    pub async fn create_plan(&self, plan: &Plan, change: &Change) -> Result<(), Lost> {
        let item = to_item(plan);
        let entry = Entry {
            action: "plan.create",
            entity: entity(&plan.id),
            before: None,
            after: Some(&item),
        };
        let transaction = self
            .transaction()
            .put_new(with_count(item.clone()))
            .audit(change, &entry);
        want_native(transaction, plan, Wanted::Present, change)
            .run()
            .await
    }

    /// A plan, as it is now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plan(&self, id: &PlanId) -> Result<Option<PlanRecord>, StoreError> {
        let item = self.read_item(&Record::Plan(id)).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }

    /// Plans in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plans(
        &self,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<PlanRecord>, StoreError> {
        let listing = Listing {
            index: None,
            partition: PLANS,
            limit,
            cursor,
        };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true);
        listing.run(query, from_item).await
    }

    /// Changes a plan to `after`, whose version is a later one, if it is still as `before`.
    /// Where its API stages, its scope or its enforcement change, no key may have come since:
    /// whoever changes them has looked at each key, or that there is none.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn update_plan(
        &self,
        before: &PlanRecord,
        after: &Plan,
        change: &Change,
    ) -> Result<(), Lost> {
        let transaction = changed("plan.update", self.transaction(), (before, after), change);
        let transaction = match (before.plan.enforcement, after.enforcement) {
            (Enforcement::ApiGateway, Enforcement::DynamoDb) => {
                want_native(transaction, &before.plan, Wanted::Absent, change)
            }
            _ => want_native(transaction, after, Wanted::Present, change),
        };
        transaction.run().await
    }

    /// Deletes a plan that no key is on, if it is still as `plan`.
    ///
    /// # Errors
    /// [`DeletePlanError`].
    pub async fn delete_plan(&self, plan: &Plan, change: &Change) -> Result<(), DeletePlanError> {
        let old = to_item(plan);
        let entry = Entry {
            action: "plan.delete",
            entity: entity(&plan.id),
            before: Some(&old),
            after: None,
        };
        let transaction = self
            .transaction()
            .delete(|delete| {
                delete
                    .set_key(Some(key_of(&Record::Plan(&plan.id))))
                    .condition_expression("#version = :version AND #keys = :none")
                    .expression_attribute_names("#version", VERSION)
                    .expression_attribute_names("#keys", KEYS)
                    .expression_attribute_values(":version", number(plan.version))
                    .expression_attribute_values(":none", number(0))
            })
            .audit(change, &entry);
        let deleted = want_native(transaction, plan, Wanted::Absent, change)
            .run()
            .await;
        deleted.map_err(|lost| match lost {
            Lost::Condition(_) => DeletePlanError::Changed,
            Lost::Store(error) => error.into(),
        })
    }
}

/// Adds to a transaction that a plan is `after`, if it is still as `before`, and the audit
/// record of it.
pub(crate) fn changed<'a>(
    action: &'static str,
    transaction: Transaction<'a>,
    (before, after): (&PlanRecord, &Plan),
    change: &Change,
) -> Transaction<'a> {
    let (old, new) = (to_item(&before.plan), to_item(after));
    let entry = Entry {
        action,
        entity: entity(&before.plan.id),
        before: Some(&old),
        after: Some(&new),
    };
    let old_plan = &before.plan;
    let keys_matter = old_plan.stages != after.stages
        || (old_plan.scope, old_plan.enforcement) != (after.scope, after.enforcement);
    let update = |update: UpdateBuilder| {
        let update = assign(update, &old, &new)
            .set_key(Some(key_of(&Record::Plan(&before.plan.id))))
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(before.plan.version));
        if !keys_matter {
            return update.condition_expression("#version = :version");
        }
        update
            .condition_expression("#version = :version AND #attached = :attached")
            .expression_attribute_names("#attached", ATTACHED)
            .expression_attribute_values(":attached", number(before.attached))
    };
    transaction.update(update).audit(change, &entry)
}

/// Adds to a transaction what is wanted at API Gateway of a plan that it counts.
fn want_native<'a>(
    transaction: Transaction<'a>,
    plan: &Plan,
    wanted: Wanted,
    change: &Change,
) -> Transaction<'a> {
    match plan.enforcement {
        Enforcement::DynamoDb => transaction,
        Enforcement::ApiGateway => native::want(
            transaction,
            &NativeObject::Plan(plan.id.clone()),
            wanted,
            change,
        ),
    }
}

/// Adds to a transaction that a plan has one key more, if it is still as it was read.
pub(crate) fn count_attached<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    plan: &Plan,
) -> Transaction<'a> {
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::Plan(&plan.id))))
            .condition_expression("#version = :version")
            .update_expression("ADD #keys :one, #attached :one, #internal :internal")
            .expression_attribute_names("#attached", ATTACHED)
            .expression_attribute_names("#internal", INTERNAL)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#keys", KEYS)
            .expression_attribute_values(":version", number(plan.version))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":internal", number(internal(key)))
    })
}

/// Adds to a transaction that a plan has one key less.
pub(crate) fn count_detached<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    plan: &PlanId,
) -> Transaction<'a> {
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::Plan(plan))))
            .condition_expression("#keys > :none")
            .update_expression("ADD #keys :less, #internal :internal")
            .expression_attribute_names("#internal", INTERNAL)
            .expression_attribute_names("#keys", KEYS)
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":internal", number(-internal(key)))
    })
}

fn internal(key: &Key) -> i8 {
    i8::from(key.native_value == NativeKeyValue::Internal)
}

/// Adds to a transaction that a plan is as it was read.
pub(crate) fn unchanged<'a>(transaction: Transaction<'a>, plan: &Plan) -> Transaction<'a> {
    transaction.check(|check| {
        check
            .set_key(Some(key_of(&Record::Plan(&plan.id))))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(plan.version))
    })
}

/// The set of plan ids in an attribute.
pub(crate) fn ids(fields: &Fields<'_>, name: &str) -> Result<BTreeSet<PlanId>, Corrupt> {
    let ids = fields.set(name)?.iter().map(|id| id.parse());
    ids.collect::<Result<_, _>>()
        .map_err(|error: latchkey_domain::Invalid| fields.corrupt(name, error))
}

pub(crate) fn entity(id: &PlanId) -> String {
    format!("plan:{id}")
}

pub(crate) fn with_count(mut item: Item) -> Item {
    item.insert(KEYS.to_owned(), number(0));
    item.insert(INTERNAL.to_owned(), number(0));
    item.insert(ATTACHED.to_owned(), number(0));
    item
}

/// All attributes but the counts of keys, which change by themselves.
pub(crate) fn to_item(plan: &Plan) -> Item {
    let stages = plan.stages.iter().map(stage_to_value).collect();
    let scope = match plan.scope {
        Scope::Key => "key",
        Scope::Customer => "customer",
    };
    Draft::new(&Record::Plan(&plan.id))
        .set("planId", text(plan.id.as_str()))
        .set("name", text(plan.name.as_str()))
        .set_some(
            "description",
            plan.description
                .as_ref()
                .map(|description| text(description.as_str())),
        )
        .set_some("throttle", plan.throttle.as_ref().map(throttle_to_value))
        .set_some("quota", plan.quota.as_ref().map(quota_to_value))
        .set("apiStages", AttributeValue::L(stages))
        .set("scope", text(scope))
        .set("enforcement", text(plan.enforcement.as_str()))
        .set("createdDate", text(plan.created.to_string()))
        .set("lastUpdatedDate", text(plan.updated.to_string()))
        .set(VERSION, number(plan.version))
        .done()
}

fn map(
    entries: impl IntoIterator<Item = (&'static str, Option<AttributeValue>)>,
) -> AttributeValue {
    let entries = entries
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    AttributeValue::M(entries.collect())
}

fn throttle_to_value(throttle: &Throttle) -> AttributeValue {
    map([
        ("rateLimit", Some(number(throttle.rate()))),
        ("burstLimit", throttle.burst_given().map(number)),
    ])
}

fn quota_to_value(quota: &Quota) -> AttributeValue {
    map([
        ("limit", Some(number(quota.limit()))),
        ("period", Some(text(quota.period().as_str()))),
        (
            "offset",
            (quota.offset() > 0).then(|| number(quota.offset())),
        ),
    ])
}

fn stage_to_value(stage: &PlanStage) -> AttributeValue {
    let method = |rule: &MethodRule| {
        map([
            ("method", Some(text(rule.method.to_string()))),
            ("bucket", rule.throttle.map(|(bucket, _)| number(bucket))),
            (
                "throttle",
                rule.throttle
                    .map(|(_, throttle)| throttle_to_value(&throttle)),
            ),
            ("units", rule.units.map(number)),
        ])
    };
    map([
        ("apiId", Some(text(stage.selector.api_id()))),
        ("stage", Some(text(stage.selector.stage()))),
        (
            "methods",
            Some(AttributeValue::L(
                stage.methods.iter().map(method).collect(),
            )),
        ),
    ])
}

fn from_item(item: &Item) -> Result<PlanRecord, Corrupt> {
    let fields = Fields::of("plan", item)?;
    let mut stages = Vec::new();
    for value in fields.list("apiStages")?.unwrap_or_default() {
        stages.push(stage_from_value(&fields, value)?);
    }
    let scope = match fields.text("scope")? {
        "key" => Scope::Key,
        "customer" => Scope::Customer,
        other => return Err(fields.corrupt("scope", format!("is {other:?}"))),
    };
    let quota = fields
        .map("quota")?
        .map(|quota| quota_from(&fields.within(quota)))
        .transpose()?;
    let plan = Plan {
        id: fields.parsed("planId")?,
        name: fields.parsed("name")?,
        description: fields.parsed_if_any("description")?,
        throttle: throttle_in(&fields)?,
        quota,
        stages,
        scope,
        // Plans of the first release are without.
        enforcement: fields.parsed_if_any("enforcement")?.unwrap_or_default(),
        created: fields.instant("createdDate")?,
        updated: fields.instant("lastUpdatedDate")?,
        version: fields.number(VERSION)?,
    };
    Ok(PlanRecord {
        plan,
        keys: fields.number_if_any(KEYS)?.unwrap_or(0),
        internal: fields.number_if_any(INTERNAL)?.unwrap_or(0),
        attached: fields.number_if_any(ATTACHED)?.unwrap_or(0),
    })
}

fn throttle_in(fields: &Fields<'_>) -> Result<Option<Throttle>, Corrupt> {
    let Some(throttle) = fields.map("throttle")? else {
        return Ok(None);
    };
    let within = fields.within(throttle);
    let rate: Rate = within.number("rateLimit")?;
    let throttle = Throttle::new(rate, within.number_if_any("burstLimit")?);
    throttle
        .map(Some)
        .map_err(|error| fields.corrupt("throttle", error))
}

fn quota_from(fields: &Fields<'_>) -> Result<Quota, Corrupt> {
    let offset = fields.number_if_any("offset")?.unwrap_or(0);
    Quota::new(fields.number("limit")?, fields.parsed("period")?)
        .and_then(|quota| quota.with_offset(offset))
        .map_err(|error| fields.corrupt("quota", error))
}

fn stage_from_value(fields: &Fields<'_>, value: &AttributeValue) -> Result<PlanStage, Corrupt> {
    let wrong = || fields.corrupt("apiStages", "has a wrong type");
    let stage = fields.within(value.as_m().map_err(|_| wrong())?);
    let selector = StageSelector::new(stage.text("apiId")?, stage.text("stage")?)
        .map_err(|error| fields.corrupt("apiStages", error))?;
    let mut methods = Vec::new();
    for method in stage.list("methods")?.unwrap_or_default() {
        let method = fields.within(method.as_m().map_err(|_| wrong())?);
        let throttle = throttle_in(&method)?.zip(method.number_if_any("bucket")?);
        methods.push(MethodRule {
            method: method.parsed("method")?,
            throttle: throttle.map(|(throttle, bucket)| (bucket, throttle)),
            units: method.number_if_any("units")?,
        });
    }
    Ok(PlanStage { selector, methods })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use latchkey_domain::Period;

    use super::*;

    fn plan() -> Plan {
        let throttle = |rate: &str, burst| Throttle::new(rate.parse().unwrap(), burst).unwrap();
        let methods = vec![
            MethodRule {
                method: "/orders/GET".parse().unwrap(),
                throttle: Some((3, throttle("0.5", Some(2)))),
                units: None,
            },
            MethodRule {
                method: "/reports/*/POST".parse().unwrap(),
                throttle: None,
                units: Some(5),
            },
        ];
        Plan {
            id: "gold".parse().unwrap(),
            name: "Gold".parse().unwrap(),
            description: "For those who pay".parse().ok(),
            throttle: Some(throttle("12.25", None)),
            quota: Quota::new(1_000, Period::Week).unwrap().with_offset(2).ok(),
            stages: vec![PlanStage {
                selector: StageSelector::new("a1", "$default").unwrap(),
                methods,
            }],
            scope: Scope::Customer,
            enforcement: Enforcement::ApiGateway,
            created: Timestamp::from_second(5).unwrap(),
            updated: Timestamp::from_second(6).unwrap(),
            version: 9,
        }
    }

    #[test]
    fn a_plan_reads_back_as_written_and_unknown_attributes_are_left_alone() {
        let mut item = with_count(to_item(&plan()));
        item.insert("ofALaterRelease".into(), text("x"));
        assert_eq!(
            from_item(&item).unwrap(),
            PlanRecord {
                plan: plan(),
                keys: 0,
                internal: 0,
                attached: 0
            }
        );
    }

    #[test]
    fn a_plan_without_limits_reads_back_without() {
        let bare = Plan {
            throttle: None,
            quota: None,
            description: None,
            stages: vec![],
            scope: Scope::Key,
            ..plan()
        };
        assert_eq!(from_item(&to_item(&bare)).unwrap().plan, bare);
    }

    #[test]
    fn what_no_release_writes_is_an_error_that_names_the_attribute() {
        let mut item = to_item(&plan());
        item.insert("scope".into(), text("planet"));
        assert_eq!(
            from_item(&item).unwrap_err().to_string(),
            r#"plan: attribute scope is "planet""#
        );
    }
}
