//! Meters: what was used. The item and the expressions follow docs/invariants.md.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
};

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use latchkey_domain::{
    Day, Plan, PlanId, Quota, Window,
    meter::{
        Answer, ChargeWrite, ClampWrite, Debt, Form, Meter, Owner, Return, ReturnWrite, Write,
    },
};

use crate::{
    Change, Corrupt, Lost, Record, Store, StoreError,
    audit::Entry,
    item::{FORMAT, Fields, Item, key_of, number},
    plan,
    schema::{PK, SK, TTL},
    transaction::Transaction,
};

/// Present while the key is detached.
pub(crate) const OFF: &str = "off";
/// The plan version under which it was last written.
const PLAN_VERSION: &str = "pv";
/// The UTC day of the last charge for a call with a value that a rotation had replaced.
const PREVIOUS_CHARGED: &str = "p";
/// The return ticket: when the meter was made, in ms; one more with each return of a lease.
const TICKET: &str = "r";
/// The number of the last fold of its days into the history.
pub(crate) const FOLDS: &str = "g";
/// The days of that fold, by number, while it is under way.
pub(crate) const FOLDING: &str = "f";
/// How long a meter is kept after its key was detached, in seconds: 400 days.
const TOMBSTONE_SECONDS: i64 = 400 * 24 * 3600;

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// No meter: the key is not on the plan; or the plan was just changed.
    #[error("the key or the plan has just changed")]
    Changed,
    /// It could not be carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Sends one conditional write to a meter and tells what came of it. It is sent once:
    /// whoever sends a charge again must know that it may then be charged twice.
    pub async fn write_meter(&self, owner: &Owner, plan: &PlanId, write: &Write) -> Answer {
        let update = self
            .charges
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Meter(owner, plan))))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match write {
            Write::Charge(charge) => charge_update(update, charge),
            Write::Clamp(clamp) => clamp_update(update, clamp),
        };
        answer(update).await
    }

    /// Gives units of a lease back that were charged and not used. It is sent once: whatever
    /// comes of it, whoever took the units out of memory has them no more. Returns whether the
    /// meter still had what they were charged to.
    ///
    /// # Errors
    /// [`StoreError`], where it may have been applied or not.
    pub async fn give_back(
        &self,
        owner: &Owner,
        plan: &PlanId,
        returned: Return,
    ) -> Result<bool, StoreError> {
        let Some(meter) = self.meter(owner, plan).await? else {
            return Ok(false);
        };
        let update = self
            .charges
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Meter(owner, plan))));
        match return_update(update, &returned.with_ticket(meter.ticket))
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }

    /// Charges what was admitted while the table did not answer, whatever the limit. It is sent
    /// once: whoever sends it again must know that it may then be charged twice.
    pub async fn charge_debt(&self, owner: &Owner, plan: &PlanId, debt: &Debt) -> Answer {
        let mut add = "ADD #d :n".to_owned();
        let mut update = self
            .charges
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Meter(owner, plan))))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#d", day_attribute(debt.day))
            .expression_attribute_values(":n", number(debt.units))
            .return_values(ReturnValue::AllNew);
        if let Some(start) = debt.window {
            add.push_str(", #q :n");
            update = update.expression_attribute_names("#q", window_attribute(start));
        }
        answer(update.update_expression(add)).await
    }

    /// A meter as it is now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn meter(&self, owner: &Owner, plan: &PlanId) -> Result<Option<Meter>, StoreError> {
        let item = self.read_item(&Record::Meter(owner, plan)).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }

    /// The meters of several owners on a plan, in the order asked for; none for those that
    /// have none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn meters(
        &self,
        owners: &[Owner],
        plan: &PlanId,
    ) -> Result<Vec<Option<Meter>>, StoreError> {
        let wanted: HashSet<(Owner, PlanId)> = owners
            .iter()
            .map(|owner| (owner.clone(), plan.clone()))
            .collect();
        let wanted: Vec<(Owner, PlanId)> = wanted.into_iter().collect();
        let found = self.meters_of(&wanted).await?;
        let meter = |owner: &Owner| found.get(&(owner.clone(), plan.clone())).cloned();
        Ok(owners.iter().map(meter).collect())
    }

    /// Meters of several owners on several plans, each named once; those that are not there
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn meters_of(
        &self,
        wanted: &[(Owner, PlanId)],
    ) -> Result<HashMap<(Owner, PlanId), Meter>, StoreError> {
        let keys = wanted
            .iter()
            .map(|(owner, plan)| key_of(&Record::Meter(owner, plan)));
        let mut found = HashMap::new();
        for item in self.read_items(keys).await? {
            let fields = Fields::of("meter", &item)?;
            let key = (fields.text(PK)?.to_owned(), fields.text(SK)?.to_owned());
            found.insert(key, from_item(&item)?);
        }
        let meter = |(owner, plan): &(Owner, PlanId)| {
            let meter = found.remove(&Record::Meter(owner, plan).key())?;
            Some(((owner.clone(), plan.clone()), meter))
        };
        Ok(wanted.iter().filter_map(meter).collect())
    }

    /// Sets what is left of a quota in a window, if the plan is still as it was read.
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn grant(
        &self,
        owner: &Owner,
        plan: &Plan,
        (quota, window): (&Quota, Window),
        remaining: u64,
        change: &Change,
    ) -> Result<(), GrantError> {
        let used = i128::from(quota.limit()) - i128::from(remaining);
        let counter = window_attribute(window.start);
        // As it was just before: calls go on meanwhile, and no condition could hold them up.
        let meter = self.meter(owner, &plan.id).await?.unwrap_or_default();
        let left = meter.remaining_in(quota, window);
        let told = |units: u64| HashMap::from([("remaining".to_owned(), number(units))]);
        let (before, after) = (told(left), told(remaining));
        let owner_name = match owner {
            Owner::Key(id) => id.to_string(),
            Owner::Customer(id) => format!("customer:{}", id.as_str()),
        };
        let entity = format!("{owner_name}:{}", plan.id);
        let entry = Entry {
            action: "usage.grant",
            entity,
            before: Some(&before),
            after: Some(&after),
        };
        let granted = plan::unchanged(self.transaction(), plan)
            .update(|update| {
                update
                    .set_key(Some(key_of(&Record::Meter(owner, &plan.id))))
                    .condition_expression("attribute_exists(pk) AND attribute_not_exists(#off)")
                    .update_expression("SET #q = :used")
                    .expression_attribute_names("#off", OFF)
                    .expression_attribute_names("#q", counter)
                    .expression_attribute_values(":used", number(used))
            })
            .audit(change, &entry)
            .run()
            .await;
        granted.map_err(|lost| match lost {
            Lost::Condition(_) => GrantError::Changed,
            Lost::Store(error) => error.into(),
        })
    }
}

/// Adds to a transaction that a meter is there and may be charged. One that was left behind
/// goes on as it stood: detaching resets no quota and loses no usage.
pub(crate) fn open<'a>(
    transaction: Transaction<'a>,
    owner: &Owner,
    plan: &Plan,
    change: &Change,
) -> Transaction<'a> {
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::Meter(owner, &plan.id))))
            .update_expression("SET #r = if_not_exists(#r, :ms), #pv = if_not_exists(#pv, :pv), #v = :v REMOVE #off, #ttl")
            .expression_attribute_names("#r", TICKET)
            .expression_attribute_names("#pv", PLAN_VERSION)
            .expression_attribute_names("#v", FORMAT)
            .expression_attribute_names("#off", OFF)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":ms", number(change.at.as_millisecond()))
            .expression_attribute_values(":pv", number(plan.version))
            .expression_attribute_values(":v", number(1))
    })
}

/// Adds to a transaction that a meter is charged no more.
pub(crate) fn end<'a>(
    transaction: Transaction<'a>,
    owner: &Owner,
    plan: &PlanId,
    change: &Change,
) -> Transaction<'a> {
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::Meter(owner, plan))))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET #off = :off, #ttl = :ttl")
            .expression_attribute_names("#off", OFF)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":off", AttributeValue::Bool(true))
            .expression_attribute_values(":ttl", number(change.at.as_second() + TOMBSTONE_SECONDS))
    })
}

pub(crate) fn window_attribute(start: i64) -> String {
    format!("q{start}")
}

pub(crate) fn day_attribute(day: Day) -> String {
    format!("d{day}")
}

fn bucket_attribute(bucket: u16) -> String {
    format!("t{bucket}")
}

/// The charge: condition and update of one expression each, with no arithmetic in the
/// condition.
fn charge_update(update: UpdateItemFluentBuilder, charge: &ChargeWrite) -> UpdateItemFluentBuilder {
    let mut condition =
        "attribute_exists(pk) AND attribute_not_exists(#off) AND #pv <= :pv".to_owned();
    let mut set = "SET #pv = :pv".to_owned();
    let mut add = Vec::new();
    let mut update = update
        .expression_attribute_names("#off", OFF)
        .expression_attribute_names("#pv", PLAN_VERSION)
        .expression_attribute_values(":pv", number(charge.plan_version));
    if charge.net > 0 {
        add.push("#d :n");
        update = update
            .expression_attribute_names("#d", day_attribute(charge.day))
            .expression_attribute_values(":n", number(charge.net));
    }
    if charge.by_previous {
        set.push_str(", #p = :day");
        update = update
            .expression_attribute_names("#p", PREVIOUS_CHARGED)
            .expression_attribute_values(":day", number(charge.day));
    }
    if let Some(quota) = charge.quota {
        condition.push_str(" AND (attribute_not_exists(#q) OR #q <= :lim)");
        update = update
            .expression_attribute_names("#q", window_attribute(quota.window))
            .expression_attribute_values(":lim", number(quota.at_most));
        if charge.net > 0 {
            add.push("#q :n");
        }
    }
    if let Some(throttle) = charge.throttle {
        update = update.expression_attribute_names("#t", bucket_attribute(throttle.bucket));
        update = match throttle.form {
            Form::Idle { now, arrival } => {
                condition.push_str(" AND (attribute_not_exists(#t) OR #t <= :now)");
                set.push_str(", #t = :tat");
                update
                    .expression_attribute_values(":now", number(now))
                    .expression_attribute_values(":tat", number(arrival))
            }
            Form::Busy { above, room, cost } => {
                condition.push_str(" AND #t > :low AND #t <= :room");
                set.push_str(", #t = #t + :cost");
                update
                    .expression_attribute_values(":low", number(above))
                    .expression_attribute_values(":room", number(room))
                    .expression_attribute_values(":cost", number(cost))
            }
        };
    }
    let add = if add.is_empty() {
        String::new()
    } else {
        format!(" ADD {}", add.join(", "))
    };
    let (update, remove) = removals(update, charge);
    update
        .condition_expression(condition)
        .update_expression(format!("{set}{add}{remove}"))
}

fn removals(
    mut update: UpdateItemFluentBuilder,
    charge: &ChargeWrite,
) -> (UpdateItemFluentBuilder, String) {
    let buckets = charge
        .drop_buckets
        .iter()
        .map(|bucket| bucket_attribute(*bucket));
    let windows = charge
        .drop_windows
        .iter()
        .map(|start| window_attribute(*start));
    let mut names = Vec::new();
    for (at, attribute) in buckets.chain(windows).enumerate() {
        let name = format!("#x{at}");
        update = update.expression_attribute_names(&name, attribute);
        names.push(name);
    }
    let remove = if names.is_empty() {
        String::new()
    } else {
        format!(" REMOVE {}", names.join(", "))
    };
    (update, remove)
}

fn clamp_update(update: UpdateItemFluentBuilder, clamp: &ClampWrite) -> UpdateItemFluentBuilder {
    update
        .condition_expression(
            "attribute_exists(pk) AND attribute_not_exists(#off) AND #pv <= :pv AND #t = :seen",
        )
        .update_expression("SET #t = :full, #pv = :pv")
        .expression_attribute_names("#off", OFF)
        .expression_attribute_names("#pv", PLAN_VERSION)
        .expression_attribute_names("#t", bucket_attribute(clamp.bucket))
        .expression_attribute_values(":pv", number(clamp.plan_version))
        .expression_attribute_values(":seen", number(clamp.seen))
        .expression_attribute_values(":full", number(clamp.arrival))
}

fn return_update(update: UpdateItemFluentBuilder, write: &ReturnWrite) -> UpdateItemFluentBuilder {
    let mut condition = "#r = :r".to_owned();
    let mut add = "ADD #r :one".to_owned();
    let mut update = update
        .expression_attribute_names("#r", TICKET)
        .expression_attribute_values(":r", number(write.ticket))
        .expression_attribute_values(":one", number(1));
    let returned = &write.returned;
    let counters = [
        ("q", returned.window.map(window_attribute), returned.units),
        ("d", Some(day_attribute(returned.day)), returned.of_day),
    ];
    for (name, attribute, units) in counters {
        if let Some(attribute) = attribute.filter(|_| units > 0) {
            condition.push_str(&format!(" AND attribute_exists(#{name})"));
            add.push_str(&format!(", #{name} :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), attribute)
                .expression_attribute_values(format!(":{name}"), number(-i128::from(units)));
        }
    }
    update
        .condition_expression(condition)
        .update_expression(add)
}

async fn answer(update: UpdateItemFluentBuilder) -> Answer {
    match update.send().await {
        Ok(answer) => read_answer(answer.attributes, |meter| {
            Answer::Applied(meter.unwrap_or_default())
        }),
        Err(error) => refused(error),
    }
}

fn read_answer(item: Option<Item>, answer: impl Fn(Option<Meter>) -> Answer) -> Answer {
    match item
        .filter(|item| !item.is_empty())
        .as_ref()
        .map(from_item)
        .transpose()
    {
        Ok(meter) => answer(meter),
        Err(error) => {
            tracing::error!(%error, "a meter cannot be read");
            Answer::Unknown
        }
    }
}

/// Errors that say that nothing was applied for want of capacity.
const THROTTLED: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
];
/// Errors that say that nothing was applied since a transaction was in the way.
const CONFLICT: [&str; 2] = [
    "TransactionConflictException",
    "TransactionInProgressException",
];

fn refused(error: SdkError<UpdateItemError, HttpResponse>) -> Answer {
    if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error()
    {
        return read_answer(failed.item.clone(), Answer::Failed);
    }
    match error.code() {
        Some(code) if THROTTLED.contains(&code) => return Answer::Throttled,
        Some(code) if CONFLICT.contains(&code) => return Answer::Conflict,
        _ => {}
    }
    tracing::warn!(error = %StoreError::from_sdk("UpdateItem", &error), "a charge got no answer");
    Answer::Unknown
}

/// Counters are attributes of their own, named by a letter and a number.
pub(crate) fn from_item(item: &Item) -> Result<Meter, Corrupt> {
    let fields = Fields::of("meter", item)?;
    let mut meter = Meter {
        plan_version: fields.number(PLAN_VERSION)?,
        ticket: fields.number_if_any(TICKET)?.unwrap_or_default(),
        previous_charged: fields.number_if_any(PREVIOUS_CHARGED)?,
        folds: fields.number_if_any(FOLDS)?.unwrap_or_default(),
        detached: item.contains_key(OFF),
        ..Meter::default()
    };
    if let Some(folding) = fields.map(FOLDING)? {
        let days = fields.within(folding);
        for name in folding.keys() {
            let day = name.parse().map_err(|error| days.corrupt(name, error))?;
            meter.folding.insert(day, days.number(name)?);
        }
    }
    for name in item.keys() {
        if let Some(start) = counter(name, "q") {
            meter.windows.insert(start, fields.number(name)?);
        } else if let Some(day) = counter(name, "d") {
            meter.days.insert(day, fields.number(name)?);
        } else if let Some(bucket) = counter(name, "t") {
            meter.arrivals.insert(bucket, fields.number(name)?);
        }
    }
    Ok(meter)
}

/// What a counter's name counts: `q494000` with the letter `q` is the window 494000. `ttl`
/// is none.
fn counter<T: FromStr>(name: &str, letter: &str) -> Option<T> {
    name.strip_prefix(letter)?.parse().ok()
}
