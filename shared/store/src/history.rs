//! Units by day of months gone by, one item for each month, moved there from the meter.
//!
//! A fold is three writes: the meter sets the days aside under the fold's number, if they are
//! still as they were seen and no other fold is under way; the history is given them under that
//! number; the meter drops them, if that fold is still the one under way. Whoever does one of
//! them may die, or do it twice, late, or together with others: the first is made once for each
//! number, the second says the same whoever says it, and the third has an effect once. What was
//! left is ended by whoever sees the meter next. So nothing is lost or counted twice, also where
//! a charge, or the return of a lease, comes on one of the days before the first write (which
//! then fails, and nothing is moved) or after it (the day begins anew in the meter, and its next
//! fold stands beside the last one).
//!
//! Setting the days in the history under their names alone, and dropping them then, would not do:
//! the rest of a day that began anew would take the place of what was there. A transaction of
//! both items would, but charges of a busy meter would meet it as a conflict, and it would bring
//! one more operation into the authorizer.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use latchkey_domain::{
    Day, Month, PlanId, Quota,
    meter::{Fold, Folded, Meter, Owner},
};

use crate::{
    Corrupt, Record, Store, StoreError,
    error::held,
    item::{FORMAT, Fields, Item, key_of, number},
    meter::{FOLDING, FOLDS, day_attribute},
    schema::{PK, SK, TTL},
};

/// How long a month is kept after its end, in seconds: 400 days, as long as reports tell days.
const KEPT_SECONDS: i64 = 400 * SECONDS_OF_A_DAY;
const SECONDS_OF_A_DAY: i64 = 24 * 3600;

/// A meter whose use is to be told.
#[derive(Debug, Clone)]
pub struct Told {
    /// Whose.
    pub owner: Owner,
    /// Of which plan.
    pub plan: PlanId,
    /// The quota of which the remainder is told too.
    pub quota: Option<Quota>,
    /// The meter as it was read.
    pub meter: Meter,
}

impl Store {
    /// Carries out the fold that a meter, as it was seen, asks for: nothing where it asks for
    /// none, or something else came first.
    ///
    /// # Errors
    /// [`StoreError`]: the meter says how far it came, and asks again.
    pub async fn fold(
        &self,
        owner: &Owner,
        plan: &PlanId,
        meter: &Meter,
    ) -> Result<(), StoreError> {
        let Some(fold) = meter.fold() else {
            return Ok(());
        };
        let under_way = !meter.folding.is_empty();
        if under_way || self.set_aside(owner, plan, &fold).await? {
            self.keep_folded(owner, plan, &fold).await?;
            self.drop_folded(owner, plan, &fold).await?;
        }
        Ok(())
    }

    /// The first write of a fold: its days are set aside in the meter. False where one of them
    /// is no longer as it was seen, or another fold has come first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_aside(
        &self,
        owner: &Owner,
        plan: &PlanId,
        fold: &Fold,
    ) -> Result<bool, StoreError> {
        let mut condition = "attribute_not_exists(#f)".to_owned();
        condition += match fold.number {
            0 | 1 => " AND attribute_not_exists(#g)",
            _ => " AND #g = :before",
        };
        let mut update = self.update(&Record::Meter(owner, plan));
        if fold.number > 1 {
            update = update.expression_attribute_values(":before", number(fold.number - 1));
        }
        let mut names = Vec::with_capacity(fold.days.len());
        for (at, (day, units)) in fold.days.iter().enumerate() {
            let (name, value) = (format!("#d{at}"), format!(":d{at}"));
            condition += &format!(" AND {name} = {value}");
            update = update
                .expression_attribute_names(&name, day_attribute(*day))
                .expression_attribute_values(value, number(units));
            names.push(name);
        }
        let days = fold.days.iter();
        let aside = days.map(|(day, units)| (day.to_string(), number(units)));
        let sent = update
            .condition_expression(condition)
            .update_expression(format!("SET #f = :f, #g = :g REMOVE {}", names.join(", ")))
            .expression_attribute_names("#f", FOLDING)
            .expression_attribute_names("#g", FOLDS)
            .expression_attribute_values(":f", AttributeValue::M(aside.collect()))
            .expression_attribute_values(":g", number(fold.number))
            .send()
            .await;
        held(UPDATE, sent)
    }

    /// The second write: the history is given the days. To be repeated at will.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_folded(
        &self,
        owner: &Owner,
        plan: &PlanId,
        fold: &Fold,
    ) -> Result<(), StoreError> {
        let ends = fold.month.end().saturating_mul(SECONDS_OF_A_DAY);
        let mut set = "SET #v = :v, #ttl = :ttl".to_owned();
        let mut update = self
            .update(&Record::History(owner, plan, fold.month))
            .expression_attribute_names("#v", FORMAT)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":v", number(1))
            .expression_attribute_values(":ttl", number(ends.saturating_add(KEPT_SECONDS)));
        for (at, (day, units)) in fold.days.iter().enumerate() {
            set += &format!(", #d{at} = :d{at}");
            let folded = format!("{}.{}", day_attribute(*day), fold.number);
            update = update
                .expression_attribute_names(format!("#d{at}"), folded)
                .expression_attribute_values(format!(":d{at}"), number(units));
        }
        let sent = update.update_expression(set).send().await;
        sent.map(drop)
            .map_err(|error| StoreError::from_sdk(UPDATE, &error))
    }

    /// The third write, for when the history has the days: the meter drops them. False where it
    /// has done so before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_folded(
        &self,
        owner: &Owner,
        plan: &PlanId,
        fold: &Fold,
    ) -> Result<bool, StoreError> {
        let sent = self
            .update(&Record::Meter(owner, plan))
            .condition_expression("attribute_exists(#f) AND #g = :g")
            .update_expression("REMOVE #f")
            .expression_attribute_names("#f", FOLDING)
            .expression_attribute_names("#g", FOLDS)
            .expression_attribute_values(":g", number(fold.number))
            .send()
            .await;
        held(UPDATE, sent)
    }

    fn update(&self, record: &Record<'_>) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table);
        update.set_key(Some(key_of(record)))
    }

    /// Takes back into meters, which were read before, what reports of their use from `first` on
    /// need of their history: then they tell what was used when they were read. Nothing is read
    /// for those that have no history of these days.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_history(&self, told: &mut [Told], first: Day) -> Result<(), StoreError> {
        let keys = told.iter().flat_map(|told| {
            let months = months(told, first);
            months.map(|month| key_of(&Record::History(&told.owner, &told.plan, month)))
        });
        let mut found = HashMap::new();
        for item in self.read_items(keys).await? {
            let fields = Fields::of(RECORD, &item)?;
            let name = (fields.text(PK)?.to_owned(), fields.text(SK)?.to_owned());
            found.insert(name, from_item(&item)?);
        }
        for told in told {
            let months: Vec<Month> = months(told, first).collect();
            let (owner, plan) = (&told.owner, &told.plan);
            let names = months
                .iter()
                .map(|month| Record::History(owner, plan, *month).key());
            let folded: Vec<Folded> = names
                .filter_map(|name| found.remove(&name))
                .flatten()
                .collect();
            if !months.is_empty() {
                told.meter.add_history(folded);
            }
        }
        Ok(())
    }
}

const RECORD: &str = "history";
const UPDATE: &str = "UpdateItem";

/// The months of the days that a report from `first` on needs.
fn months(told: &Told, first: Day) -> impl Iterator<Item = Month> {
    let days = told.meter.days_in_history(told.quota.as_ref(), first);
    let days = days.unwrap_or(0..0);
    let begin = (!days.is_empty()).then(|| Month::of(days.start));
    std::iter::successors(begin, move |month| {
        (month.end() < days.end).then(|| month.next())
    })
}

/// `d20751.7`: what the seventh fold took of the day 20751.
fn from_item(item: &Item) -> Result<Vec<Folded>, Corrupt> {
    let fields = Fields::of(RECORD, item)?;
    let named = item.keys().filter_map(|name| {
        let (day, number) = name.strip_prefix('d')?.split_once('.')?;
        Some((name, day.parse().ok()?, number.parse().ok()?))
    });
    named
        .map(|(name, day, number)| {
            let units = fields.number(name)?;
            Ok(Folded { day, number, units })
        })
        .collect()
}
