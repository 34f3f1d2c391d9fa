//! Units by day of months gone by, one item for each month, moved there from the meter.
//!
//! A fold is one transaction of both items: the days are added to the history and removed from
//! the meter, under the condition that each still has there what was seen. So it is made whole
//! or not at all, and each unit is in exactly one of both places, in whatever order folds come:
//! a second instance, a repeat after a lost answer and one that comes late all fail the
//! condition; so does a fold that a charge, or the return of a lease, on one of its days came
//! before, and the next one takes what is there then. A charge on a day that was folded, by a
//! clock that is far off, begins it anew in the meter, and the next fold adds that to the
//! history. (Two single writes are not enough: setting the days in the history before they are
//! removed would let the remainder of such a day take the place of what was there.) A charge
//! that meets the transaction is told so, and tries again.
//!
//! It is sent once, without retries: whoever sees the meter next can do it again.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use latchkey_domain::{
    Day, Month, PlanId, Quota,
    meter::{Fold, Meter, Owner},
};

use crate::{
    Corrupt, Record, Store, StoreError,
    item::{FORMAT, Fields, Item, key_of, number},
    meter::{counter, day_attribute},
    schema::{PK, SK, TTL},
};

/// How long a month is kept after its end, in seconds: 400 days, as long as reports tell days.
const KEPT_SECONDS: i64 = 400 * SECONDS_OF_A_DAY;
const SECONDS_OF_A_DAY: i64 = 24 * 3600;
/// Times that meters are read anew when folds overtake what was read of their history.
const ROUNDS: usize = 5;

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

/// What names an item.
type Name = (String, String);

impl Store {
    /// Moves days from a meter to the history. False where one of them is no longer as it was
    /// seen, or another write was in the way: nothing was moved then.
    ///
    /// # Errors
    /// [`StoreError`]: it may have been moved, and can be asked for again.
    pub async fn fold(
        &self,
        owner: &Owner,
        plan: &PlanId,
        fold: &Fold,
    ) -> Result<bool, StoreError> {
        self.transaction()
            .update(|update| add(update, owner, plan, fold))
            .update(|update| remove(update, owner, plan, fold))
            .run_once()
            .await
    }

    /// Takes back into meters, which were read just now, what reports of their use from `first`
    /// on need of their history. Nothing is read for those that have none of it.
    ///
    /// A fold between both reads would have its days in both: they are told apart by the meter
    /// still having them, and else it is read again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_history(&self, told: &mut [Told], first: Day) -> Result<(), StoreError> {
        let mut open: Vec<&mut Told> = told.iter_mut().collect();
        for _ in 0..ROUNDS {
            open.retain(|told| needed(told, first).is_some());
            if open.is_empty() {
                return Ok(());
            }
            let histories = self.histories(&open, first).await?;
            let mut in_both = Vec::new();
            for told in open {
                let days = of(&histories, told, first);
                if days.keys().any(|day| told.meter.days.contains_key(day)) {
                    in_both.push((told, days));
                } else {
                    told.meter.add_history(&days);
                }
            }
            open = self.overtaken(in_both).await?;
        }
        Err(StoreError::unavailable(
            "BatchGetItem",
            &"days were folded while they were read",
        ))
    }

    /// Takes back the days of those whose meters still are as they were; the others, with their
    /// meters as they are now, are to be done again.
    async fn overtaken<'a>(
        &self,
        in_both: Vec<(&'a mut Told, BTreeMap<Day, i64>)>,
    ) -> Result<Vec<&'a mut Told>, StoreError> {
        if in_both.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<(Owner, PlanId)> = in_both
            .iter()
            .map(|(told, _)| (told.owner.clone(), told.plan.clone()))
            .collect();
        let mut now = self.meters_of(&wanted).await?;
        let mut again = Vec::new();
        for ((told, days), name) in in_both.into_iter().zip(wanted) {
            let meter = now.remove(&name).unwrap_or_default();
            let same = |day: &Day| meter.days.get(day) == told.meter.days.get(day);
            if days.keys().all(same) {
                told.meter.add_history(&days);
            } else {
                told.meter = meter;
                again.push(told);
            }
        }
        Ok(again)
    }

    /// The days of all months that are needed, by the names of their items.
    async fn histories(
        &self,
        told: &[&mut Told],
        first: Day,
    ) -> Result<HashMap<Name, BTreeMap<Day, i64>>, StoreError> {
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
        Ok(found)
    }
}

const RECORD: &str = "history";

fn needed(told: &Told, first: Day) -> Option<std::ops::Range<Day>> {
    told.meter.days_in_history(told.quota.as_ref(), first)
}

/// The months of the days that are needed.
fn months(told: &Told, first: Day) -> impl Iterator<Item = Month> {
    let days = needed(told, first).unwrap_or(0..0);
    let begin = (!days.is_empty()).then(|| Month::of(days.start));
    std::iter::successors(begin, move |month| {
        (month.end() < days.end).then(|| month.next())
    })
}

/// What the history has of the days that are needed.
fn of(
    histories: &HashMap<Name, BTreeMap<Day, i64>>,
    told: &Told,
    first: Day,
) -> BTreeMap<Day, i64> {
    let wanted = needed(told, first).unwrap_or(0..0);
    let name = |month| Record::History(&told.owner, &told.plan, month).key();
    let days = months(told, first).filter_map(|month| histories.get(&name(month)));
    days.flat_map(|days| days.range(wanted.clone()))
        .map(|(day, units)| (*day, *units))
        .collect()
}

fn add(update: UpdateBuilder, owner: &Owner, plan: &PlanId, fold: &Fold) -> UpdateBuilder {
    let ends = fold.month.end().saturating_mul(SECONDS_OF_A_DAY);
    let added = terms(fold, |at| format!("#d{at} :d{at}")).join(", ");
    named(update, fold)
        .set_key(Some(key_of(&Record::History(owner, plan, fold.month))))
        .update_expression(format!("SET #v = :v, #ttl = :ttl ADD {added}"))
        .expression_attribute_names("#v", FORMAT)
        .expression_attribute_names("#ttl", TTL)
        .expression_attribute_values(":v", number(1))
        .expression_attribute_values(":ttl", number(ends.saturating_add(KEPT_SECONDS)))
}

fn remove(update: UpdateBuilder, owner: &Owner, plan: &PlanId, fold: &Fold) -> UpdateBuilder {
    let as_seen = terms(fold, |at| format!("#d{at} = :d{at}")).join(" AND ");
    let removed = terms(fold, |at| format!("#d{at}")).join(", ");
    named(update, fold)
        .set_key(Some(key_of(&Record::Meter(owner, plan))))
        .condition_expression(as_seen)
        .update_expression(format!("REMOVE {removed}"))
}

fn terms(fold: &Fold, term: impl Fn(usize) -> String) -> Vec<String> {
    (0..fold.days.len()).map(term).collect()
}

/// With `#d0`, `:d0` and so on for its days and their units.
fn named(update: UpdateBuilder, fold: &Fold) -> UpdateBuilder {
    let days = fold.days.iter().enumerate();
    days.fold(update, |update, (at, (day, units))| {
        update
            .expression_attribute_names(format!("#d{at}"), day_attribute(*day))
            .expression_attribute_values(format!(":d{at}"), number(units))
    })
}

fn from_item(item: &Item) -> Result<BTreeMap<Day, i64>, Corrupt> {
    let fields = Fields::of(RECORD, item)?;
    let days = item
        .keys()
        .filter_map(|name| Some((name, counter(name, "d")?)));
    days.map(|(name, day)| Ok((day, fields.number(name)?)))
        .collect()
}
