//! Units that are given back: taken out of memory first, sent once, delivered perhaps never,
//! late, or twice.

use latchkey_domain::{Nanos, meter::Return};

use crate::{
    clock::{MILLISECOND, SECOND},
    laws::{Broken, Law, broken},
    ledger::Waste,
    mutation::Mutation,
    plan::Counter,
    request::GivenBack,
    store,
    world::{Event, World},
};

/// How late a return may be delivered.
const LATEST: Nanos = 300 * SECOND;

impl World {
    /// Takes what an instance can give back out of its memory and sends it. Whatever else it
    /// holds is lost.
    pub(crate) fn give_back(&mut self, place: usize) -> Result<(), Broken> {
        let now = self.instances[place].clock.read(self.now);
        let asked_under = self.instances[place].told.asked_under;
        let quota = (asked_under > 0).then(|| self.plan(asked_under).quota);
        let current = Counter::of(quota.flatten().as_ref(), now.wall);
        let kept = self.instances[place].holding.clone();
        let returned = self.instances[place].holding.give_back(now);
        if let Some(returned) = returned {
            self.send_back(place, returned)?;
        }
        if self.mutation == Some(Mutation::ReturnKept) {
            self.instances[place].holding = kept;
            return Ok(());
        }
        for (counter, units, turned) in self.instances[place].shadow.clear() {
            if !turned && counter == current {
                return Err(broken(Law::Returns, || {
                    format!("{units} units of {counter:?} were not given back")
                }));
            }
            self.waste_pocket(counter, units, Waste::WindowOver)?;
        }
        Ok(())
    }

    fn send_back(&mut self, place: usize, returned: Return) -> Result<(), Broken> {
        let counter = returned
            .window
            .map_or(Counter::Day(returned.day), Counter::Window);
        let units = returned.units as i64;
        if returned.of_day > returned.units || units == 0 {
            return Err(broken(Law::Returns, || format!("{returned:?}")));
        }
        self.instances[place].shadow.take(counter, units)?;
        let account = self.ledger.account(counter);
        account.in_pockets -= units;
        account.in_flight += units;
        self.ledger.check(counter, self.item.as_ref())?;
        let index = self.returns.len();
        self.returns.push(GivenBack {
            returned,
            counter,
            ticket: None,
            applied: false,
            deliveries: 1,
        });
        let way = self.way();
        self.queue
            .push(self.now + way, Event::TicketAtTable { returned: index });
        Ok(())
    }

    /// The ticket is read, and the return goes out with it.
    pub(crate) fn ticket_at_table(&mut self, returned: usize) -> Result<(), Broken> {
        let Some(ticket) = self.item.as_ref().map(|item| item.ticket) else {
            return self.delivered(returned);
        };
        self.returns[returned].ticket = Some(ticket);
        let lost = self.chance(self.setting.faults.lost_request.max(20));
        let late = self.chance(self.setting.faults.late.max(20));
        let (there, back) = (self.way(), self.way());
        let arrives = if late {
            self.now + self.rng.i64(SECOND..=LATEST)
        } else {
            self.now + there + back
        };
        if lost {
            return self.delivered(returned);
        }
        self.queue.push(arrives, Event::ReturnAtTable { returned });
        if self.chance(self.setting.faults.doubled.max(100)) {
            self.returns[returned].deliveries += 1;
            let most = if self.rng.bool() {
                100 * MILLISECOND
            } else {
                LATEST
            };
            let again = arrives + self.rng.i64(1..=most);
            self.queue.push(again, Event::ReturnAtTable { returned });
        }
        Ok(())
    }

    /// A return reaches the table.
    pub(crate) fn return_at_table(&mut self, returned: usize) -> Result<(), Broken> {
        let given = &self.returns[returned];
        let (counter, units) = (given.counter, given.returned.units as i64);
        let mut write = given.returned.with_ticket(given.ticket.unwrap_or(0));
        let before = self.item.clone();
        let Some(item) = self.item.as_mut() else {
            return self.delivered(returned);
        };
        if self.mutation == Some(Mutation::ReturnedTwice) {
            write.ticket = item.ticket;
        }
        let holds = store::return_holds(item, &write);
        self.note(&[4, returned as i64, i64::from(holds)], |_| {
            format!("{write:?} {}", if holds { "applied" } else { "failed" })
        });
        if holds && let Some(item) = self.item.as_mut() {
            store::return_item(item, &write);
            if self.mutation == Some(Mutation::ReturnedToThrottle) {
                let costs = self.plans.last().and_then(|plan| plan.own);
                for arrival in item.arrivals.values_mut() {
                    *arrival -= costs.map_or(0, |limits| limits.cost(units as u64));
                }
            }
        }
        if !holds {
            return self.delivered(returned);
        }
        if self.returns[returned].applied {
            return Err(broken(Law::Returns, || {
                format!("{write:?} is applied twice")
            }));
        }
        let arrivals = |item: &Option<store::Item>| item.as_ref().map(|item| item.arrivals.clone());
        if arrivals(&before) != arrivals(&self.item) {
            return Err(broken(Law::Returns, || {
                "a throttle was given back to".into()
            }));
        }
        self.counts.returns += 1;
        self.returns[returned].applied = true;
        let (day, of_day) = (write.returned.day, write.returned.of_day as i64);
        self.ledger.give_back(counter, units, day, of_day);
        self.ledger.check(counter, self.item.as_ref())?;
        self.ledger.check_day(day, self.item.as_ref())?;
        self.ledger.check_usage()?;
        self.delivered(returned)
    }

    /// One delivery less to come: what was applied by none of them is lost.
    fn delivered(&mut self, returned: usize) -> Result<(), Broken> {
        let given = &mut self.returns[returned];
        given.deliveries -= 1;
        if given.deliveries > 0 || given.applied {
            return Ok(());
        }
        let (counter, units) = (given.counter, given.returned.units as i64);
        let account = self.ledger.account(counter);
        account.in_flight -= units;
        account.waste(Waste::ReturnLost, units);
        self.ledger.check(counter, self.item.as_ref())
    }
}
