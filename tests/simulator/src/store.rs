//! The table, said plainly: one item, and each write's condition and update as
//! docs/invariants.md words them. It is apart from the model that the domain's own tests use.

use std::collections::BTreeMap;

use latchkey_domain::{
    Day, Hour, Nanos,
    meter::{ChargeWrite, ClampWrite, Form, Meter, ReturnWrite, Write},
};

/// The attributes of a meter's item. One that is not in its map is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// `q<H>`.
    pub windows: BTreeMap<Hour, i64>,
    /// `d<D>`.
    pub days: BTreeMap<Day, i64>,
    /// `t<m>`.
    pub arrivals: BTreeMap<u16, Nanos>,
    /// `p`.
    pub previous_charged: Option<Day>,
    /// `pv`.
    pub plan_version: u64,
    /// `r`.
    pub ticket: i64,
    /// `off`.
    pub off: bool,
}

impl Item {
    /// What a reader makes of it.
    pub fn read(&self) -> Meter {
        Meter {
            windows: self.windows.clone(),
            days: self.days.clone(),
            arrivals: self.arrivals.clone(),
            previous_charged: self.previous_charged,
            plan_version: self.plan_version,
            ticket: self.ticket,
            detached: self.off,
            // Runs are too short for days to be folded.
            ..Meter::default()
        }
    }
}

/// Whether a condition held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It did, and the update was applied.
    Held,
    /// It did not, and nothing changed.
    Failed,
}

/// Applies a write to the place of an item, if its condition holds.
pub fn apply(place: &mut Option<Item>, write: &Write) -> Condition {
    // attribute_exists(pk): no write makes an item.
    let Some(item) = place else {
        return Condition::Failed;
    };
    let holds = match write {
        Write::Charge(charge) => charge_holds(item, charge),
        Write::Clamp(clamp) => clamp_holds(item, clamp),
    };
    if !holds {
        return Condition::Failed;
    }
    match write {
        Write::Charge(charge) => charge_item(item, charge),
        Write::Clamp(clamp) => clamp_item(item, clamp),
    }
    Condition::Held
}

/// Whether a charge's condition holds.
pub fn charge_holds(item: &Item, charge: &ChargeWrite) -> bool {
    let quota = charge.quota.is_none_or(|quota| {
        let used = item.windows.get(&quota.window);
        used.is_none_or(|used| *used <= quota.at_most)
    });
    let throttle = charge.throttle.is_none_or(|throttle| {
        let arrival = item.arrivals.get(&throttle.bucket).copied();
        match throttle.form {
            Form::Idle { now, .. } => arrival.is_none_or(|arrival| arrival <= now),
            Form::Busy { above, room, .. } => {
                arrival.is_some_and(|arrival| arrival > above && arrival <= room)
            }
        }
    });
    !item.off && item.plan_version <= charge.plan_version && quota && throttle
}

/// A charge's update.
pub fn charge_item(item: &mut Item, charge: &ChargeWrite) {
    item.plan_version = charge.plan_version;
    if charge.net > 0 {
        // ADD makes an absent number 0 first; nothing is said of counters where there is
        // nothing to add.
        let units = charge.net as i64;
        *item.days.entry(charge.day).or_default() += units;
        if let Some(quota) = charge.quota {
            *item.windows.entry(quota.window).or_default() += units;
        }
    }
    if charge.by_previous {
        item.previous_charged = Some(charge.day);
    }
    if let Some(throttle) = charge.throttle {
        match throttle.form {
            Form::Idle { arrival, .. } => {
                item.arrivals.insert(throttle.bucket, arrival);
            }
            Form::Busy { cost, .. } => {
                *item.arrivals.entry(throttle.bucket).or_default() += cost;
            }
        }
    }
    for bucket in &charge.drop_buckets {
        item.arrivals.remove(bucket);
    }
    for window in &charge.drop_windows {
        item.windows.remove(window);
    }
}

/// Whether a clamp's condition holds.
pub fn clamp_holds(item: &Item, clamp: &ClampWrite) -> bool {
    !item.off
        && item.plan_version <= clamp.plan_version
        && item.arrivals.get(&clamp.bucket) == Some(&clamp.seen)
}

/// A clamp's update.
pub fn clamp_item(item: &mut Item, clamp: &ClampWrite) {
    item.plan_version = clamp.plan_version;
    item.arrivals.insert(clamp.bucket, clamp.arrival);
}

/// Whether a return's condition holds: its counters are there, and the ticket is the one read.
pub fn return_holds(item: &Item, write: &ReturnWrite) -> bool {
    let returned = &write.returned;
    let window = returned
        .window
        .is_none_or(|window| item.windows.contains_key(&window));
    let day = returned.of_day == 0 || item.days.contains_key(&returned.day);
    window && day && item.ticket == write.ticket
}

/// A return's update.
pub fn return_item(item: &mut Item, write: &ReturnWrite) {
    let returned = &write.returned;
    if let Some(window) = returned.window {
        *item.windows.entry(window).or_default() -= returned.units as i64;
    }
    if returned.of_day > 0 {
        *item.days.entry(returned.day).or_default() -= returned.of_day as i64;
    }
    item.ticket += 1;
}

/// The first attachment, or one after a detach: what stood there stands as it was.
pub fn attach(place: &mut Option<Item>, now: Nanos, plan_version: u64) {
    match place {
        Some(item) => item.off = false,
        None => {
            *place = Some(Item {
                ticket: now / 1_000_000,
                plan_version,
                ..Item::default()
            });
        }
    }
}

/// A detach: the item stays as a tombstone.
pub fn detach(place: &mut Option<Item>) {
    if let Some(item) = place {
        item.off = true;
    }
}

/// `remaining := units`. Returns by how much the counter went down.
pub fn grant(place: &mut Option<Item>, window: Hour, limit: u64, remaining: u64) -> Option<i64> {
    let item = place.as_mut()?;
    let used = item.windows.get(&window).copied().unwrap_or(0);
    let set = limit as i64 - remaining as i64;
    item.windows.insert(window, set);
    Some(used - set)
}

#[cfg(test)]
mod tests {
    use latchkey_domain::meter::{QuotaWrite, ThrottleWrite};

    use super::*;

    fn charge(net: u64, at_most: i64, form: Form) -> Write {
        Write::Charge(ChargeWrite {
            plan_version: 2,
            net,
            day: 7,
            by_previous: false,
            quota: Some(QuotaWrite { window: 9, at_most }),
            throttle: Some(ThrottleWrite { bucket: 0, form }),
            drop_buckets: Vec::new(),
            drop_windows: Vec::new(),
        })
    }

    const IDLE: Form = Form::Idle {
        now: 100,
        arrival: 110,
    };

    #[test]
    fn no_write_makes_an_item() {
        assert_eq!(apply(&mut None, &charge(1, 5, IDLE)), Condition::Failed);
    }

    #[test]
    fn a_charge_takes_from_quota_and_throttle_or_from_neither() {
        let mut place = None;
        attach(&mut place, 0, 1);
        assert_eq!(apply(&mut place, &charge(3, 2, IDLE)), Condition::Held);
        let after = place.clone().unwrap();
        assert_eq!((after.windows[&9], after.days[&7]), (3, 3));
        assert_eq!((after.arrivals[&0], after.plan_version), (110, 2));
        let busy = |above, room| Form::Busy {
            above,
            room,
            cost: 10,
        };
        for failing in [
            charge(3, 2, busy(100, 200)),
            charge(1, 9, IDLE),
            charge(1, 9, busy(110, 200)),
            charge(1, 9, busy(100, 109)),
        ] {
            assert_eq!(apply(&mut place, &failing), Condition::Failed);
            assert_eq!(place.as_ref(), Some(&after));
        }
        assert_eq!(
            apply(&mut place, &charge(1, 3, busy(100, 110))),
            Condition::Held
        );
        assert_eq!(place.unwrap().arrivals[&0], 120);
    }

    #[test]
    fn a_charge_of_nothing_changes_no_counter_and_looks_at_both() {
        let mut place = Some(Item::default());
        assert_eq!(apply(&mut place, &charge(0, 0, IDLE)), Condition::Held);
        let item = place.as_mut().unwrap();
        assert!(item.windows.is_empty() && item.days.is_empty());
        item.windows.insert(9, 1);
        item.arrivals.clear();
        assert_eq!(apply(&mut place, &charge(0, 0, IDLE)), Condition::Failed);
    }

    #[test]
    fn tombstones_and_later_plans_are_not_charged() {
        let mut place = None;
        attach(&mut place, 0, 3);
        assert_eq!(apply(&mut place, &charge(1, 5, IDLE)), Condition::Failed);
        let mut place = None;
        attach(&mut place, 0, 2);
        detach(&mut place);
        assert_eq!(apply(&mut place, &charge(1, 5, IDLE)), Condition::Failed);
        attach(&mut place, 5, 2);
        assert_eq!(apply(&mut place, &charge(1, 5, IDLE)), Condition::Held);
    }

    #[test]
    fn a_clamp_meets_what_was_seen() {
        let mut place = Some(Item::default());
        let clamp = |seen| {
            Write::Clamp(ClampWrite {
                plan_version: 1,
                bucket: 0,
                seen,
                arrival: 50,
            })
        };
        assert_eq!(apply(&mut place, &clamp(90)), Condition::Failed);
        place.as_mut().unwrap().arrivals.insert(0, 90);
        assert_eq!(apply(&mut place, &clamp(91)), Condition::Failed);
        assert_eq!(apply(&mut place, &clamp(90)), Condition::Held);
        assert_eq!(place.unwrap().arrivals[&0], 50);
    }

    #[test]
    fn a_return_lowers_both_counters_once() {
        let mut item = Item {
            windows: [(9, 5)].into(),
            days: [(7, 5)].into(),
            ticket: 40,
            ..Item::default()
        };
        let returned = latchkey_domain::meter::Return {
            window: Some(9),
            units: 3,
            day: 7,
            of_day: 2,
        };
        let write = returned.with_ticket(40);
        assert!(return_holds(&item, &write));
        return_item(&mut item, &write);
        assert_eq!((item.windows[&9], item.days[&7], item.ticket), (2, 3, 41));
        assert!(!return_holds(&item, &write), "the ticket is used");
        item.windows.clear();
        assert!(!return_holds(&item, &returned.with_ticket(41)));
    }

    #[test]
    fn a_grant_may_leave_more_than_the_limit() {
        let mut place = Some(Item::default());
        assert_eq!(grant(&mut place, 9, 10, 15), Some(5));
        assert_eq!(place.unwrap().windows[&9], -5);
    }
}
