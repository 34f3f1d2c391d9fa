//! One run: many instances, one meter, and everything that happens to them, in virtual time.

use std::collections::BTreeMap;

use fastrand::Rng;
use latchkey_domain::{
    Nanos,
    meter::{Meter, Verdict, Write},
};

use crate::{
    clock::{MachineClock, SECOND, SKEW},
    counts::Counts,
    instance::{Call, Instance},
    laws::{Broken, Leak},
    ledger::{Ledger, Waste},
    mutation::Mutation,
    plan::{Counter, PlanAt},
    queue::Queue,
    request::{GivenBack, Request},
    setting::{Latency, Setting},
    store::{self, Item},
    trace::Trace,
};

/// What is to come.
#[derive(Debug)]
pub(crate) enum Event {
    /// The next call of the run.
    Arrive,
    /// The next misfortune or change.
    Happen,
    /// A key that was detached comes back.
    Attach { key: usize },
    /// A call reaches an instance.
    Call { instance: usize, call: Call },
    /// A read of key and plan reaches the table.
    ReadAtTable(Box<Read>),
    /// Its answer reaches the instance.
    ReadAnswered(Box<Read>),
    /// A write reaches the table: the first time, or again.
    WriteAtTable { request: usize, again: bool },
    /// Its answer reaches the instance.
    Answered { request: usize },
    /// Nobody waits for its answer any more.
    Ended { request: usize },
    /// The wait before a write is over.
    Resend { request: usize },
    /// A read of the plan in mid-charge reaches the table.
    PlanAtTable { charge: UnderWay },
    /// Its answer reaches the instance.
    PlanAnswered { charge: UnderWay, plan: usize },
    /// A return's read of the ticket reaches the table.
    TicketAtTable { returned: usize },
    /// A return reaches the table.
    ReturnAtTable { returned: usize },
}

/// Names a charge: it may be over by then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnderWay {
    pub(crate) instance: usize,
    pub(crate) life: u64,
    pub(crate) token: u64,
}

/// A read of key, meter and plan by one call.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) instance: usize,
    pub(crate) life: u64,
    pub(crate) call: Call,
    pub(crate) begun: latchkey_domain::Reading,
    pub(crate) attached: bool,
    pub(crate) meter: Option<Meter>,
    pub(crate) plan: usize,
}

/// A run.
#[derive(Debug)]
pub struct World {
    pub(crate) setting: Setting,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) rng: Rng,
    pub(crate) now: Nanos,
    pub(crate) queue: Queue<Event>,
    pub(crate) trace: Trace,
    /// Version `n` is at `n - 1`.
    pub(crate) plans: Vec<PlanAt>,
    pub(crate) item: Option<Item>,
    /// Which item it is: one more each time it is made anew.
    pub(crate) incarnation: u64,
    pub(crate) attached: Vec<bool>,
    pub(crate) ledger: Ledger,
    pub(crate) leaks: BTreeMap<(u64, u64, u16), Leak>,
    /// When each bucket was last clamped: its arrival then went back.
    pub(crate) clamped: BTreeMap<u16, Nanos>,
    /// The version under which each bucket was last charged.
    pub(crate) charged_under: BTreeMap<u16, u64>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) requests: Vec<Request>,
    pub(crate) returns: Vec<GivenBack>,
    pub(crate) latency: Latency,
    /// Writes that the item still takes, in thousandths, and since when.
    pub(crate) capacity_left: (i64, Nanos),
    pub(crate) arrived: u64,
    pub(crate) tokens: u64,
    pub(crate) calm: bool,
    /// Whether some clock is further off than the skew: throttles then hold nothing.
    pub(crate) is_far: bool,
    /// The last call that was decided.
    pub(crate) last: Option<(u64, Verdict)>,
    pub(crate) counts: Counts,
}

impl World {
    /// The world of a seed, before its first call. The trace keeps the last `keep` lines.
    pub fn new(seed: u64, calls: u64, mutation: Option<Mutation>, keep: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let setting = Setting::draw(&mut rng, calls);
        let plan = PlanAt::draw(&mut rng, setting.traffic);
        Self::of(rng, setting, plan, mutation, keep)
    }

    /// The world of a setting and a first plan.
    pub fn of(
        rng: Rng,
        setting: Setting,
        plan: PlanAt,
        mutation: Option<Mutation>,
        keep: usize,
    ) -> Self {
        let now = setting.begins;
        let mut world = Self {
            mutation,
            now,
            queue: Queue::new(),
            trace: Trace::new(keep),
            plans: vec![plan],
            item: None,
            incarnation: 0,
            attached: vec![true; setting.keys],
            ledger: Ledger::default(),
            leaks: BTreeMap::new(),
            clamped: BTreeMap::new(),
            charged_under: BTreeMap::new(),
            instances: Vec::new(),
            requests: Vec::new(),
            returns: Vec::new(),
            latency: setting.latency,
            capacity_left: (0, now),
            arrived: 0,
            tokens: 0,
            calm: false,
            is_far: false,
            last: None,
            counts: Counts::default(),
            rng,
            setting,
        };
        store::attach(&mut world.item, now, 1);
        for _ in 0..world.setting.instances {
            let instance = world.started(0);
            world.instances.push(instance);
        }
        world.note(&[0], |world| format!("{:?}", world.setting));
        world.note(&[1], |world| format!("{:?}", world.plans[0]));
        world.queue.push(now, Event::Arrive);
        let first = now + world.exponential(world.setting.happens_every);
        world.queue.push(first, Event::Happen);
        world
    }

    /// A process that starts now.
    pub(crate) fn started(&mut self, life: u64) -> Instance {
        let offset = self.rng.i64(-SKEW..=SKEW);
        let drift = self.rng.i64(-500..=500);
        let clock = MachineClock::new(self.now, offset, drift, self.setting.stands_still);
        let (lease_max, keys) = (self.setting.lease_max, self.setting.keys);
        Instance::new(life, clock, self.now, lease_max, keys)
    }

    /// Carries out what comes next; false where nothing does.
    ///
    /// # Errors
    /// Where a law does not hold after it.
    pub(crate) fn step(&mut self) -> Result<bool, Broken> {
        let Some((at, event)) = self.queue.pop() else {
            return Ok(false);
        };
        self.now = at.max(self.now);
        if let Some(thaw) = self.waits_for_thaw(&event) {
            self.queue.push(thaw, event);
            return Ok(true);
        }
        match event {
            Event::Arrive => self.arrive(),
            Event::Happen => self.happen()?,
            Event::Attach { key } => self.attach(key),
            Event::Call { instance, call } => self.call(instance, call)?,
            Event::ReadAtTable(read) => self.read_at_table(read),
            Event::ReadAnswered(read) => self.read_answered(*read)?,
            Event::WriteAtTable { request, again } => self.write_at_table(request, again)?,
            Event::Answered { request } => self.answered(request)?,
            Event::Ended { request } => self.ended(request)?,
            Event::Resend { request } => self.resend(request)?,
            Event::PlanAtTable { charge } => self.plan_at_table(charge),
            Event::PlanAnswered { charge, plan } => self.plan_answered(charge, plan)?,
            Event::TicketAtTable { returned } => self.ticket_at_table(returned)?,
            Event::ReturnAtTable { returned } => self.return_at_table(returned)?,
        }
        Ok(true)
    }

    /// When a frozen instance will get to see an event.
    fn waits_for_thaw(&mut self, event: &Event) -> Option<Nanos> {
        let place = match event {
            Event::Call { instance, .. } => *instance,
            Event::ReadAnswered(read) => read.instance,
            Event::Answered { request } | Event::Ended { request } | Event::Resend { request } => {
                self.requests[*request].instance
            }
            Event::PlanAnswered { charge, .. } => charge.instance,
            _ => return None,
        };
        let now = self.now;
        let instance = &mut self.instances[place];
        let (since, until) = instance.frozen?;
        if until > now {
            return Some(until);
        }
        instance.frozen = None;
        instance.clock.thaw(until - since);
        None
    }

    /// Time until the next of events that come every `mean` on average.
    pub(crate) fn exponential(&mut self, mean: Nanos) -> Nanos {
        let chance = self.rng.f64().max(1e-9);
        ((-chance.ln()) * mean as f64) as Nanos + 1
    }

    /// True in `thousandths` of all cases, and never in calm.
    pub(crate) fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.u32(0..1_000) < thousandths && !self.calm
    }

    pub(crate) fn note(&mut self, numbers: &[i64], words: impl FnOnce(&Self) -> String) {
        // The trace is lent out, so that the words may look at all the rest.
        let mut trace = std::mem::replace(&mut self.trace, Trace::new(0));
        trace.note(self.now, numbers, || words(self));
        self.trace = trace;
    }

    pub(crate) fn plan(&self, version: u64) -> &PlanAt {
        &self.plans[version as usize - 1]
    }

    pub(crate) fn newest(&self) -> usize {
        self.plans.len() - 1
    }

    /// A process ends; what it has in memory and in flight is lost.
    pub(crate) fn end(&mut self, place: usize) -> Result<(), Broken> {
        let instance = &mut self.instances[place];
        instance.alive = false;
        let units = instance.shadow.clear();
        let under_way = std::mem::take(&mut instance.current);
        let waiting = std::mem::take(&mut instance.waiting);
        self.counts.unavailable += (under_way.len() + waiting.len()) as u64;
        self.counts.deaths += 1;
        for (counter, units, turned) in units {
            let cause = if turned {
                Waste::WindowOver
            } else {
                Waste::Dead
            };
            self.waste_pocket(counter, units, cause)?;
        }
        for request in under_way.iter().filter_map(|current| current.request) {
            self.hang_up(request)?;
        }
        Ok(())
    }

    /// Units that no call will use.
    pub(crate) fn waste_pocket(
        &mut self,
        counter: Counter,
        units: i64,
        cause: Waste,
    ) -> Result<(), Broken> {
        let account = self.ledger.account(counter);
        account.in_pockets -= units;
        account.waste(cause, units);
        self.ledger.check(counter, self.item.as_ref())
    }

    /// Nobody waits for the answer to a request any more: what it has charged is lost.
    pub(crate) fn hang_up(&mut self, request: usize) -> Result<(), Broken> {
        let request = &mut self.requests[request];
        if !std::mem::take(&mut request.listening) || request.applied == 0 {
            return Ok(());
        }
        let Some((counter, net)) = request.charges() else {
            return Ok(());
        };
        let account = self.ledger.account(counter);
        account.in_flight -= net;
        account.waste(Waste::AnswerLost, net);
        self.ledger.check(counter, self.item.as_ref())
    }

    /// How long a request may take before its sender gives it up.
    pub(crate) const ATTEMPT: Nanos = 3 * SECOND / 10;
    /// How long a call may take.
    pub(crate) const DECISION: Nanos = 95 * SECOND / 100;

    pub(crate) fn words_of(write: &Write) -> String {
        match write {
            Write::Charge(charge) => format!(
                "charge v{} net {} {:?} {:?}",
                charge.plan_version, charge.net, charge.quota, charge.throttle
            ),
            Write::Clamp(clamp) => format!("{clamp:?}"),
        }
    }
}
