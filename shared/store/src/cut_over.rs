//! From API Gateway's counting to Latchkey's own, without a second quota for anybody.
//!
//! First the meters are raised to what API Gateway has counted, then the plan changes, then
//! what is there is left to itself, key by key. It can be stopped after each of them and done
//! again: a meter is only ever raised, and what is forgotten stays forgotten.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use latchkey_domain::{
    Day, Hour, Plan, PlanId,
    meter::{Meter, Owner},
};

use crate::{
    Change, KeyRecord, Lost, NativeObject, PlanRecord, Record, Store,
    audit::Entry,
    item::{Item, key_of, number},
    key::{REVISION, unchanged_key},
    meter::{OFF, day_attribute, window_attribute},
    native, plan,
};

/// What a key has used of a plan in a window, as somebody else has counted it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// The window's start.
    pub window: Hour,
    /// Units used in it.
    pub units: i64,
    /// Units used on its days.
    pub days: BTreeMap<Day, i64>,
}

/// Times that a meter is read anew when charges overtake what was read.
const ATTEMPTS: usize = 5;

impl Counted {
    /// The part that is more than a meter has; none where there is nothing to raise. A meter
    /// that is charged no more is left alone, and so are days that may stand in its history.
    pub fn above(&self, meter: &Meter) -> Option<Self> {
        let in_window = meter.windows.get(&self.window).copied().unwrap_or(0);
        let on = |day: &Day| meter.days.get(day).copied().unwrap_or(0);
        let kept = meter.first_kept().unwrap_or(Day::MIN);
        let days = self
            .days
            .range(kept..)
            .filter(|(day, units)| **units > on(day));
        let above = Self {
            window: self.window,
            units: if self.units > in_window {
                self.units
            } else {
                0
            },
            days: days.map(|(day, units)| (*day, *units)).collect(),
        };
        let nothing = above.units == 0 && above.days.is_empty();
        (!nothing && !meter.detached).then_some(above)
    }
}

impl Store {
    /// Raises a meter to what was counted elsewhere; it is never lowered. True where there was
    /// something to raise.
    ///
    /// # Errors
    /// [`Lost`] where charges kept overtaking it.
    pub async fn raise_meter(
        &self,
        owner: &Owner,
        plan: &PlanId,
        counted: &Counted,
        change: &Change,
    ) -> Result<bool, Lost> {
        let mut lost = Lost::Condition(0);
        for _ in 0..ATTEMPTS {
            let meter = self.meter(owner, plan).await?;
            let above = meter.as_ref().and_then(|meter| counted.above(meter));
            let Some((meter, above)) = meter.zip(above) else {
                return Ok(false);
            };
            let told = |units: Option<i64>| -> Item {
                HashMap::from([("used".to_owned(), number(units.unwrap_or(0)))])
            };
            let seen = meter.windows.get(&counted.window).copied();
            let (before, after) = (told(seen), told(seen.max(Some(counted.units))));
            let entry = Entry {
                action: "usage.adopt",
                entity: match owner {
                    Owner::Key(id) => format!("{id}:{plan}"),
                    Owner::Customer(id) => format!("customer:{}:{plan}", id.as_str()),
                },
                before: Some(&before),
                after: Some(&after),
            };
            let raised = self
                .transaction()
                .update(|update| raise(update, owner, plan, &above))
                .audit(change, &entry)
                .run()
                .await;
            match raised {
                Ok(()) => return Ok(true),
                Err(overtaken @ Lost::Condition(_)) => lost = overtaken,
                Err(error) => return Err(error),
            }
        }
        Err(lost)
    }

    /// Has Latchkey count a plan from now on, if it is still as `before` and no key has come
    /// since. API Gateway's usage plan stays as it is and is nobody's any more.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn release_plan(
        &self,
        before: &PlanRecord,
        after: &Plan,
        change: &Change,
    ) -> Result<(), Lost> {
        let transaction = self.transaction();
        let transaction = plan::changed("plan.release", transaction, (before, after), change);
        let object = NativeObject::Plan(before.plan.id.clone());
        native::forget(transaction, &object).run().await
    }

    /// Leaves alone what API Gateway has of a key, if the key is still as it was read: that it
    /// is on these plans, and, where `objects` names it, the key there itself.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn release_key(
        &self,
        record: &KeyRecord,
        objects: &[NativeObject],
        change: &Change,
    ) -> Result<(), Lost> {
        let entry = Entry {
            action: "key.release",
            entity: record.key.id.to_string(),
            before: None,
            after: None,
        };
        // Whether a key has a twin changes only with its revision.
        let next = |update: UpdateBuilder| {
            unchanged_key(update, record.key.revision)
                .set_key(Some(key_of(&Record::Key(record.key.id))))
                .update_expression(format!("SET #{REVISION} = :next"))
                .expression_attribute_values(":next", number(record.key.revision + 1))
        };
        let mut transaction = self.transaction().update(next).audit(change, &entry);
        for object in objects {
            transaction = native::forget(transaction, object);
        }
        transaction.run().await
    }
}

/// Each counter is set under the condition that it is lower.
fn raise(update: UpdateBuilder, owner: &Owner, plan: &PlanId, above: &Counted) -> UpdateBuilder {
    let window = (above.units > 0).then(|| (window_attribute(above.window), above.units));
    let days = above
        .days
        .iter()
        .map(|(day, units)| (day_attribute(*day), *units));
    let mut condition = format!("attribute_exists(pk) AND attribute_not_exists({OFF_NAME})");
    let mut set = Vec::new();
    let mut update = update
        .set_key(Some(key_of(&Record::Meter(owner, plan))))
        .expression_attribute_names(OFF_NAME, OFF);
    for (at, (name, units)) in window.into_iter().chain(days).enumerate() {
        condition += &format!(" AND (attribute_not_exists(#c{at}) OR #c{at} < :c{at})");
        set.push(format!("#c{at} = :c{at}"));
        update = update
            .expression_attribute_names(format!("#c{at}"), name)
            .expression_attribute_values(format!(":c{at}"), number(units));
    }
    update
        .condition_expression(condition)
        .update_expression(format!("SET {}", set.join(", ")))
}

const OFF_NAME: &str = "#off";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_more_is_raised() {
        let counted = Counted {
            window: 24,
            units: 5,
            days: [(1, 3), (2, 2)].into(),
        };
        let meter = |window: i64, days: &[(Day, i64)]| Meter {
            windows: [(24, window)].into(),
            days: days.iter().copied().collect(),
            ..Meter::default()
        };
        assert_eq!(counted.above(&Meter::default()), Some(counted.clone()));
        assert_eq!(counted.above(&meter(5, &[(1, 3), (2, 9)])), None);
        let above = counted.above(&meter(6, &[(1, 4), (2, 1)])).unwrap();
        assert_eq!((above.units, above.days), (0, [(2, 2)].into()));
        let ended = Meter {
            detached: true,
            ..Meter::default()
        };
        assert_eq!(counted.above(&ended), None);
        assert_eq!(Counted::default().above(&Meter::default()), None);
    }

    #[test]
    fn a_day_that_may_have_been_folded_is_not_raised() {
        let counted = Counted {
            window: 24,
            units: 5,
            days: [(69, 9), (70, 9)].into(),
        };
        let meter = Meter {
            days: (70..101).map(|day| (day, 1)).collect(),
            ..Meter::default()
        };
        assert_eq!(counted.above(&meter).unwrap().days, [(70, 9)].into());
    }
}
