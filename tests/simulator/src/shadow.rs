//! What an instance's memory should hold, by what happened to it.

use crate::{
    laws::{Broken, Law, broken},
    plan::Counter,
};

#[derive(Debug, Clone, Copy)]
struct Entry {
    counter: Counter,
    units: i64,
    /// A call has gone to another counter since: the units may be forgotten.
    turned: bool,
}

/// The units of each counter that one holding has.
#[derive(Debug, Clone, Default)]
pub struct Shadow(Vec<Entry>);

impl Shadow {
    /// Units that a charge brought.
    pub fn add(&mut self, counter: Counter, units: i64) {
        if units == 0 {
            return;
        }
        match self.0.iter_mut().find(|entry| entry.counter == counter) {
            Some(entry) => entry.units += units,
            None => self.0.push(Entry {
                counter,
                units,
                turned: false,
            }),
        }
    }

    /// Units that a call used, or that are given back.
    ///
    /// # Errors
    /// Where they are not there.
    pub fn take(&mut self, counter: Counter, units: i64) -> Result<(), Broken> {
        let entry = self.0.iter_mut().find(|entry| entry.counter == counter);
        let has = entry.as_ref().map_or(0, |entry| entry.units);
        if has < units {
            return Err(broken(Law::Quota, || {
                format!("{units} units of {counter:?} are used and {has} were charged")
            }));
        }
        if let Some(entry) = entry {
            entry.units -= units;
        }
        self.0.retain(|entry| entry.units > 0);
        Ok(())
    }

    /// The holding is asked for units of `counter`.
    pub fn turn(&mut self, counter: Counter) {
        for entry in &mut self.0 {
            entry.turned |= entry.counter != counter;
        }
    }

    /// Compares with what the holding says. Returns the units that it has forgotten, as it may
    /// once it was asked for those of another counter.
    ///
    /// # Errors
    /// Where it has more, or fewer without a reason.
    pub fn compare(&mut self, counter: Counter, says: i64) -> Result<i64, Broken> {
        let entry = self.0.iter_mut().find(|entry| entry.counter == counter);
        let (has, turned) = entry
            .as_ref()
            .map_or((0, false), |entry| (entry.units, entry.turned));
        if says > has || says < has && !turned {
            return Err(broken(Law::Quota, || {
                format!("{says} units of {counter:?} are in memory and should be {has}")
            }));
        }
        if let Some(entry) = entry {
            entry.units = says;
        }
        self.0.retain(|entry| entry.units > 0);
        Ok(has - says)
    }

    /// Whether there are units of this counter.
    pub fn units(&self, counter: Counter) -> i64 {
        let entry = self.0.iter().find(|entry| entry.counter == counter);
        entry.map_or(0, |entry| entry.units)
    }

    /// Forgets all; tells what there was, and whether it might have been forgotten before.
    pub fn clear(&mut self) -> Vec<(Counter, i64, bool)> {
        let all = self.0.drain(..);
        all.map(|entry| (entry.counter, entry.units, entry.turned))
            .collect()
    }
}
