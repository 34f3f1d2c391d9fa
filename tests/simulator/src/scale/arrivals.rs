//! Calls come and are served; instances leave.

use latchkey_domain::meter::Return;

use crate::store::{self, Item};

use super::{
    fleet::Call,
    scenario::{Leaving, Routing},
    simulation::{Event, START, World},
};

impl World<'_> {
    pub(super) fn call(&mut self) {
        if self.now >= START + self.scenario.ends() {
            return;
        }
        let next = self.now + self.traffic.gap();
        self.queue.push(next, Event::Call);
        let key = self.traffic.key();
        let counts = self.is_measured();
        let by_one_bucket = self.scenario.throttle.is_none_or(|throttle| {
            let central = &mut self.central[key as usize];
            central.admits(&throttle, self.now)
        });
        self.keys[key as usize].central += u64::from(counts && by_one_bucket);
        let call = Call {
            key,
            instance: 0,
            came: self.now,
            counts,
            asked: false,
        };
        match self.scenario.routing {
            Routing::Any => {
                let instance = self.traffic.one_of(self.first..self.started());
                self.serve(call, instance);
            }
            Routing::Idle(_) if self.idle.is_empty() => self.unserved.push_back(call),
            Routing::Idle(_) => {
                let place = self.traffic.one_of(0..self.idle.len() as u32);
                let instance = self.idle.swap_remove(place as usize);
                self.serve(call, instance);
            }
        }
    }

    /// How many instances have started.
    fn started(&self) -> u32 {
        let all = self.scenario.instances;
        if self.now - START >= self.scenario.starts {
            return all;
        }
        let started = i64::from(all) * (self.now - START) / self.scenario.starts;
        (started as u32).max(1)
    }

    pub(super) fn is_measured(&self) -> bool {
        (START + self.scenario.warm_up..START + self.scenario.ends()).contains(&self.now)
    }

    pub(super) fn serve(&mut self, mut call: Call, instance: u32) {
        call.instance = instance;
        let item = &self.items[call.key as usize];
        let meter = || item.as_ref().map(Item::read);
        let place = self.fleet.place(instance, call.key, self.now, meter);
        let held = self.fleet.held(place);
        if held.under_way.is_some() {
            held.waiting.push_back(call);
        } else {
            self.ask(place, call);
        }
    }

    pub(super) fn leave(&mut self) {
        let (leaving, told) = match self.scenario.leaving {
            Leaving::Nobody => return,
            Leaving::Frozen(leaving) => (leaving, false),
            Leaving::Told(leaving) => (leaving, true),
        };
        self.first = leaving;
        if told {
            for place in self.fleet.places_of(0..leaving) {
                let (held, reading) = self.fleet.held_and_reading(place, self.now);
                let (key, returned) = (held.key, held.holding.give_back(reading));
                if let Some(returned) = returned {
                    self.give_back(key, returned);
                }
            }
        }
    }

    fn give_back(&mut self, key: u32, returned: Return) {
        if let Some(Some(item)) = self.item(key) {
            let write = returned.with_ticket(item.ticket);
            if store::return_holds(item, &write) {
                store::return_item(item, &write);
            }
        }
    }
}
