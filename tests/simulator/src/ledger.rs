//! Where every unit that was charged is: admitted, in a pocket, under way, given back or wasted.
//!
//! It is kept by what happened, apart from the table and from the instances' memory, and then
//! compared with both.

use std::collections::BTreeMap;

use latchkey_domain::{Day, Nanos, Period};

use crate::{
    clock::{DAY, SKEW},
    laws::{Broken, Law, broken},
    plan::Counter,
    store::Item,
};

/// Why units that were charged are never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waste {
    /// Their instance died with them.
    Dead,
    /// The answer to their charge was lost, or came after nobody listened any more.
    AnswerLost,
    /// Their charge was applied a second time.
    Doubled,
    /// Their return was lost, or met another ticket.
    ReturnLost,
    /// Their window ended, or the plan turned to another kind of counter.
    WindowOver,
}

/// All causes.
pub const WASTES: [Waste; 5] = [
    Waste::Dead,
    Waste::AnswerLost,
    Waste::Doubled,
    Waste::ReturnLost,
    Waste::WindowOver,
];

/// What became of what was charged to one counter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Account {
    /// By all applied charges.
    pub charged: i64,
    /// By applied returns.
    pub returned: i64,
    /// By how much grants lowered the counter; below 0 where they raised it.
    pub granted: i64,
    /// What the counter said when its item was deleted.
    pub deleted: i64,
    /// What it said when it was dropped as one of a window long gone.
    pub dropped: i64,
    /// Units of calls that passed.
    pub admitted: i64,
    /// In the memory of living instances.
    pub in_pockets: i64,
    /// In answers and returns that are under way.
    pub in_flight: i64,
    /// By cause.
    pub wasted: [i64; WASTES.len()],
    /// The most that may be admitted: the greatest limit that it was charged under, and what
    /// was granted by then.
    pub most: i64,
}

impl Account {
    /// Adds to one cause.
    pub fn waste(&mut self, cause: Waste, units: i64) {
        self.wasted[cause as usize] += units;
    }

    /// All that was wasted.
    pub fn all_wasted(&self) -> i64 {
        self.wasted.iter().sum()
    }

    fn is_sound(&self) -> bool {
        let places = [
            self.admitted,
            self.in_pockets,
            self.in_flight,
            self.returned,
        ];
        places.iter().chain(&self.wasted).all(|units| *units >= 0)
            && self.charged
                == self.admitted
                    + self.in_pockets
                    + self.in_flight
                    + self.returned
                    + self.all_wasted()
    }
}

/// What was charged, given back and admitted on one day.
#[derive(Debug, Clone, Copy, Default)]
struct OfDay {
    charged: i64,
    returned: i64,
    admitted: i64,
}

/// The books of a run.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: BTreeMap<Counter, Account>,
    days: BTreeMap<Day, OfDay>,
}

impl Ledger {
    /// The account of a counter.
    pub fn account(&mut self, counter: Counter) -> &mut Account {
        self.accounts.entry(counter).or_default()
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = (&Counter, &Account)> {
        self.accounts.iter()
    }

    /// A charge of `net` units was applied on `day`.
    pub fn charge(&mut self, counter: Counter, day: Day, net: i64, limit: Option<i64>) {
        let account = self.account(counter);
        account.charged += net;
        let allowed = limit.unwrap_or(0) + account.granted + account.deleted;
        account.most = account.most.max(allowed);
        self.days.entry(day).or_default().charged += net;
    }

    /// A return was applied, of which `of_day` units had been charged on `day`.
    pub fn give_back(&mut self, counter: Counter, units: i64, day: Day, of_day: i64) {
        let account = self.account(counter);
        account.in_flight -= units;
        account.returned += units;
        self.days.entry(day).or_default().returned += of_day;
    }

    /// A call passed.
    pub fn admit(&mut self, counter: Counter, units: i64, wall: Nanos) {
        let account = self.account(counter);
        account.in_pockets -= units;
        account.admitted += units;
        self.days.entry(wall.div_euclid(DAY)).or_default().admitted += units;
    }

    /// The item was deleted for good.
    pub fn delete(&mut self, item: &Item) {
        for (window, used) in &item.windows {
            self.account(Counter::Window(*window)).deleted += used;
        }
        self.days.clear();
    }

    /// A counter was dropped from the item.
    ///
    /// # Errors
    /// Where some clock may still charge it.
    pub fn drop_window(&mut self, window: i64, used: i64, now: Nanos) -> Result<(), Broken> {
        let live = |wall: Nanos| {
            Period::ALL
                .iter()
                .any(|period| period.window(wall).start == window)
        };
        if live(now - SKEW) || live(now + SKEW) {
            return Err(broken(Law::Quota, || {
                format!("the counter of the live window {window} was dropped")
            }));
        }
        self.account(Counter::Window(window)).dropped += used;
        Ok(())
    }

    /// Law 1, of one counter: the account is sound, it agrees with the table, and no more was
    /// admitted than the greatest limit and what was granted.
    ///
    /// # Errors
    /// Where it does not hold.
    pub fn check(&self, counter: Counter, item: Option<&Item>) -> Result<(), Broken> {
        let Some(account) = self.accounts.get(&counter) else {
            return Ok(());
        };
        if !account.is_sound() {
            return Err(broken(Law::Quota, || {
                format!("{counter:?} does not add up: {account:?}")
            }));
        }
        let Counter::Window(window) = counter else {
            return Ok(());
        };
        let used = item.and_then(|item| item.windows.get(&window)).copied();
        let used = used.unwrap_or(0) + account.deleted + account.dropped;
        if used + account.granted != account.charged - account.returned {
            return Err(broken(Law::Quota, || {
                format!("{counter:?} says {used} and was charged otherwise: {account:?}")
            }));
        }
        if account.admitted > account.most {
            return Err(broken(Law::Quota, || {
                format!("{counter:?} has admitted more than it may: {account:?}")
            }));
        }
        Ok(())
    }

    /// Law 3, of one day: the table says what was charged on it less what was given back.
    ///
    /// # Errors
    /// Where it does not.
    pub fn check_day(&self, day: Day, item: Option<&Item>) -> Result<(), Broken> {
        let Some(of_day) = self.days.get(&day) else {
            return Ok(());
        };
        let told = item.and_then(|item| item.days.get(&day)).copied();
        if told.unwrap_or(0) != of_day.charged - of_day.returned {
            return Err(broken(Law::Usage, || {
                format!("day {day} tells {told:?} and was {of_day:?}")
            }));
        }
        Ok(())
    }

    /// Law 3, of all days: up to any day, at least as much was told as was admitted.
    ///
    /// # Errors
    /// Where less was.
    pub fn check_usage(&self) -> Result<(), Broken> {
        let (mut told, mut admitted) = (0, 0);
        for (day, of_day) in &self.days {
            told += of_day.charged - of_day.returned;
            admitted += of_day.admitted;
            if told < admitted {
                return Err(broken(Law::Usage, || {
                    format!("up to day {day} {told} units are told and {admitted} were admitted")
                }));
            }
        }
        Ok(())
    }
}
