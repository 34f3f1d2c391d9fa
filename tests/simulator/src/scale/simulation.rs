//! Runs a scenario in virtual time.

use std::collections::VecDeque;

use latchkey_domain::{
    Nanos, Reason,
    meter::{Asked, Terms, Verdict},
};

use crate::{
    clock::{DAY, HOUR, MILLISECOND},
    queue::Queue,
    store::{self, Item},
};

use super::{
    fleet::{Call, Fleet, UnderWay},
    measures::{Measures, OfKey, Outcomes},
    rivals::{Capacity, Central},
    scenario::{Leaving, Routing, Scenario},
    traffic::Traffic,
};

/// Noon of a day in mid-month: no window ends within a run.
pub(super) const START: Nanos = 20_772 * DAY + 12 * HOUR;
/// From the sending of a write to its application, and from there to its answer.
pub(super) const HALF_WAY: Nanos = 2 * MILLISECOND;
/// How long a decision may take, as the authorizer has it.
const BUDGET: Nanos = 950 * MILLISECOND;

/// What happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// The next call comes.
    Call,
    /// The write under way there is sent after a pause.
    Send(usize),
    /// It reaches the table.
    Apply(usize),
    /// Its answer reaches the instance.
    Answer(usize),
    /// An instance that serves one call at a time is idle again.
    Idle(u32),
    /// Some instance dies.
    Crash,
    /// Some instances get no more calls.
    Leave,
}

/// A run.
#[derive(Debug)]
pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    terms: Terms,
    pub(super) now: Nanos,
    pub(super) queue: Queue<Event>,
    pub(super) traffic: Traffic,
    pub(super) fleet: Fleet,
    /// The first instance that is called.
    pub(super) first: u32,
    /// Instances that serve nothing, where each serves one call at a time.
    pub(super) idle: Vec<u32>,
    pub(super) unserved: VecDeque<Call>,
    pub(super) items: Vec<Option<Item>>,
    capacity: Vec<Capacity>,
    pub(super) central: Vec<Central>,
    pub(super) keys: Vec<OfKey>,
    outcomes: Outcomes,
    writes_refused: u64,
}

/// Runs `scenario` to its end, and counts.
pub fn simulate(scenario: &Scenario) -> Measures {
    let mut world = World::new(scenario);
    while let Some((at, event)) = world.queue.pop() {
        world.now = at;
        world.happen(event);
    }
    Measures::of(
        world.outcomes,
        world.writes_refused,
        &world.keys,
        scenario.measured,
    )
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let keys = scenario.keys as usize;
        let mut traffic = Traffic::new(scenario.seed, scenario.calls, scenario.keys);
        let fleet = Fleet::new(scenario, START, &mut traffic);
        let attached = || {
            let mut item = None;
            store::attach(&mut item, START, 1);
            item
        };
        let mut world = Self {
            scenario,
            terms: scenario.terms(),
            now: START,
            queue: Queue::new(),
            traffic,
            fleet,
            first: 0,
            idle: (0..scenario.instances).collect(),
            unserved: VecDeque::new(),
            items: std::iter::repeat_with(attached).take(keys).collect(),
            capacity: vec![Capacity::full(START); keys],
            central: vec![Central::default(); keys],
            keys: vec![OfKey::default(); keys],
            outcomes: Outcomes::default(),
            writes_refused: 0,
        };
        world.plan();
        world
    }

    /// What is known beforehand to happen.
    fn plan(&mut self) {
        let first = self.now + self.traffic.gap();
        self.queue.push(first, Event::Call);
        for _ in 0..self.traffic.times(self.scenario.crashes) {
            let at = START + self.traffic.between(0, self.scenario.busy);
            self.queue.push(at, Event::Crash);
        }
        if self.scenario.leaving != Leaving::Nobody {
            self.queue
                .push(START + self.scenario.busy / 2, Event::Leave);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Call => self.call(),
            Event::Send(place) if self.fleet.held(place).is_gone => {}
            Event::Send(place) => self.send(place),
            Event::Apply(place) => self.apply(place),
            Event::Answer(place) => self.answer(place),
            Event::Idle(instance) => match self.unserved.pop_front() {
                Some(call) => self.serve(call, instance),
                None => self.idle.push(instance),
            },
            Event::Crash => {
                let instance = self.traffic.one_of(0..self.scenario.instances);
                for call in self.fleet.crash(instance) {
                    self.outcomes.lost += u64::from(call.counts);
                    self.free(&call, 0);
                }
            }
            Event::Leave => self.leave(),
        }
    }

    pub(super) fn ask(&mut self, place: usize, mut call: Call) {
        let (held, reading) = self.fleet.held_and_reading(place, self.now);
        if self.now - call.came > BUDGET {
            return self.done(&call, &Verdict::refused(Reason::Unavailable));
        }
        match held.holding.ask(&self.terms, false, reading) {
            Asked::Done(verdict) => self.done(&call, &verdict),
            Asked::Charge(charge, write) => {
                call.asked = true;
                held.under_way = Some(UnderWay {
                    charge,
                    call,
                    write,
                    answer: None,
                });
                self.send(place);
            }
        }
    }

    /// The next of those who wait, until one has to charge.
    pub(super) fn ask_next(&mut self, place: usize) {
        loop {
            let held = self.fleet.held(place);
            if held.under_way.is_some() {
                return;
            }
            let Some(call) = held.waiting.pop_front() else {
                return;
            };
            self.ask(place, call);
        }
    }

    /// What a call has come to.
    pub(super) fn done(&mut self, call: &Call, verdict: &Verdict) {
        if let Routing::Idle(busy_for) = self.scenario.routing {
            self.free(call, busy_for);
        }
        if call.counts {
            self.outcomes.count(verdict, call.asked);
            let admitted = matches!(verdict, Verdict::Admitted { .. });
            self.keys[call.key as usize].admitted += u64::from(admitted);
        }
    }

    /// The instance that served `call` serves the next one after `pause`.
    fn free(&mut self, call: &Call, pause: Nanos) {
        if self.scenario.routing != Routing::Any {
            let at = self.now + pause;
            self.queue.push(at, Event::Idle(call.instance));
        }
    }

    /// The item of a key, if it takes one more write.
    pub(super) fn item(&mut self, key: u32) -> Option<&mut Option<Item>> {
        let key = key as usize;
        let takes = self.capacity[key].takes(self.now);
        if self.is_measured() {
            self.keys[key].write(self.now);
            self.writes_refused += u64::from(!takes);
        }
        takes.then(|| &mut self.items[key])
    }
}
