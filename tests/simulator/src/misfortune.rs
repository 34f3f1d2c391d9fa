//! What happens to instances, clocks, plans and keys while calls go on.

use latchkey_domain::{Nanos, meter::Holding};

use crate::{
    clock::{MILLISECOND, SECOND, SKEW},
    held::Held,
    instance::Told,
    laws::Broken,
    plan::Counter,
    setting::Latency,
    store,
    world::{Event, World},
};

impl World {
    /// Something happens, and the next time is drawn.
    pub(crate) fn happen(&mut self) -> Result<(), Broken> {
        if self.calm || self.arrived >= self.setting.traffic.calls {
            return Ok(());
        }
        let wait = self.exponential(self.setting.happens_every);
        self.queue.push(self.now + wait, Event::Happen);
        let place = self.rng.usize(0..self.setting.instances);
        let what = self.rng.u8(0..16);
        self.note(&[5, what.into(), place as i64], |_| {
            format!("#{place} misfortune {what}")
        });
        match what {
            0 => self.end(place),
            1 | 2 => self.terminate(place),
            3 | 4 => self.evict(place),
            5 | 6 => {
                self.freeze(place);
                Ok(())
            }
            7..=9 => {
                self.step_clock(place);
                Ok(())
            }
            10 | 11 => {
                self.change_plan();
                Ok(())
            }
            12 => {
                self.detach();
                Ok(())
            }
            13 => self.grant(),
            14 if self.rng.u8(0..5) == 0 => self.delete_for_good(),
            _ => {
                self.latency = Latency::draw(&mut self.rng);
                Ok(())
            }
        }
    }

    /// Whether an instance runs and is not frozen; wakes it where its freeze is over.
    fn is_awake(&mut self, place: usize) -> bool {
        let now = self.now;
        let instance = &mut self.instances[place];
        if let Some((since, until)) = instance.frozen.filter(|(_, until)| *until <= now) {
            instance.frozen = None;
            instance.clock.thaw(until - since);
        }
        instance.alive && instance.frozen.is_none()
    }

    /// SIGTERM: Lambda sends it to an instance that has no call.
    fn terminate(&mut self, place: usize) -> Result<(), Broken> {
        if !self.is_awake(place) || !self.instances[place].is_idle() {
            return Ok(());
        }
        self.give_back(place)?;
        self.end(place)
    }

    /// The meter is the oldest of too many in memory.
    fn evict(&mut self, place: usize) -> Result<(), Broken> {
        if !self.is_awake(place) || !self.instances[place].is_idle() {
            return Ok(());
        }
        self.give_back(place)?;
        if self.mutation == Some(crate::mutation::Mutation::ReturnKept) {
            return Ok(());
        }
        let instance = &mut self.instances[place];
        let now = instance.clock.read(self.now);
        instance.holding = Holding::new(self.setting.lease_max, now);
        instance.grants.clear();
        instance.told = Told::default();
        instance.held = Held::default();
        Ok(())
    }

    fn freeze(&mut self, place: usize) {
        if !self.is_awake(place) {
            return;
        }
        let most = [SECOND, 10 * SECOND, 600 * SECOND][self.rng.usize(0..3)];
        let length = self.rng.i64(100 * MILLISECOND..=most);
        self.instances[place].frozen = Some((self.now, self.now + length));
    }

    fn step_clock(&mut self, place: usize) {
        if !self.is_awake(place) {
            return;
        }
        let offset = match self.rng.u8(0..4) {
            0 => SKEW,
            1 => -SKEW,
            _ => self.rng.i64(-SKEW..=SKEW),
        };
        let drift = self.rng.i64(-500..=500);
        self.instances[place].clock.set(self.now, offset, drift);
    }

    fn change_plan(&mut self) {
        let next = self.plans[self.newest()].changed(&mut self.rng, self.setting.traffic);
        self.counts.changes += 1;
        self.plans.push(next);
        self.note(&[6], |world| format!("{:?}", world.plans[world.newest()]));
    }

    /// A key leaves its plan, and comes back after a while.
    fn detach(&mut self) {
        let key = self.rng.usize(0..self.setting.keys);
        if !std::mem::take(&mut self.attached[key]) {
            return;
        }
        if !self.setting.customer {
            store::detach(&mut self.item);
        }
        let most = (20 * self.setting.traffic.gap).max(15 * SECOND);
        let back = self.now + self.rng.i64(1..=most);
        self.queue.push(back, Event::Attach { key });
    }

    pub(crate) fn attach(&mut self, key: usize) {
        self.attached[key] = true;
        let version = self.plans[self.newest()].version;
        if self.item.is_none() {
            self.incarnation += 1;
        }
        store::attach(&mut self.item, self.now, version);
    }

    /// `remaining := R`, in one transaction with a check of the plan's version.
    fn grant(&mut self) -> Result<(), Broken> {
        let Some(quota) = self.plans[self.newest()].quota else {
            return Ok(());
        };
        let wall = self.now + self.rng.i64(-SKEW..=SKEW);
        let remaining = match self.rng.u8(0..3) {
            0 => self.rng.u64(0..=5),
            1 => quota.limit(),
            _ => self.rng.u64(0..=2 * quota.limit().min(10_000)),
        };
        self.grant_in(wall, remaining)
    }

    /// The grant itself.
    pub(crate) fn grant_in(&mut self, wall: Nanos, remaining: u64) -> Result<(), Broken> {
        let Some(quota) = self.plans[self.newest()].quota else {
            return Ok(());
        };
        let window = quota.period().window(wall).start;
        let granted = store::grant(&mut self.item, window, quota.limit(), remaining);
        let counter = Counter::Window(window);
        if let Some(units) = granted {
            self.ledger.account(counter).granted += units;
        }
        self.note(&[7, remaining as i64], |_| {
            format!("remaining := {remaining} in {counter:?}")
        });
        self.ledger.check(counter, self.item.as_ref())
    }

    /// The tombstone's time is over and the key comes back: more than a year has passed, so
    /// no instance is the same. Only what is on its way may still come.
    fn delete_for_good(&mut self) -> Result<(), Broken> {
        if self.setting.customer {
            return Ok(());
        }
        for place in 0..self.instances.len() {
            if self.instances[place].alive {
                self.end(place)?;
            }
        }
        if let Some(item) = self.item.take() {
            self.ledger.delete(&item);
        }
        self.charged_under.clear();
        self.attached[0] = false;
        let back = self.now + self.rng.i64(1..=5 * SECOND);
        self.queue.push(back, Event::Attach { key: 0 });
        Ok(())
    }
}
