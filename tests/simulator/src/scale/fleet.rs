//! The instances, and what each holds of each key's meter.

use std::collections::{HashMap, VecDeque};

use latchkey_domain::{
    Nanos, Reading,
    meter::{Answer, Charge, Holding, Known, Meter, Write},
};

use crate::clock::{MILLISECOND, MachineClock, SECOND};

use super::{scenario::Scenario, traffic::Traffic};

/// How far the wall clocks of instances are off at most.
const SKEW: Nanos = 10 * MILLISECOND;

/// One call on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) key: u32,
    /// Which instance serves it.
    pub(super) instance: u32,
    pub(super) came: Nanos,
    /// Whether it is measured.
    pub(super) counts: bool,
    /// Whether the table was asked for it.
    pub(super) asked: bool,
}

/// A charge under way, and the call that it is for.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) charge: Box<Charge>,
    pub(super) call: Call,
    pub(super) write: Write,
    pub(super) answer: Option<Answer>,
}

/// What one instance holds of one meter. One charge of it is under way at a time; calls that come
/// meanwhile wait for it, since they may find a lease then.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) instance: u32,
    pub(super) key: u32,
    pub(super) holding: Holding,
    pub(super) under_way: Option<UnderWay>,
    pub(super) waiting: VecDeque<Call>,
    /// The instance is gone; a write that it had sent may still arrive.
    pub(super) is_gone: bool,
}

/// All instances.
#[derive(Debug)]
pub(super) struct Fleet {
    lease_max: u64,
    clocks: Vec<MachineClock>,
    held: Vec<Held>,
    places: HashMap<(u32, u32), usize>,
}

impl Fleet {
    pub(super) fn new(scenario: &Scenario, start: Nanos, traffic: &mut Traffic) -> Self {
        let mut clock = |_| {
            // Their steady clocks began at some time before.
            let started = start - traffic.between(SECOND, 1_000 * SECOND);
            MachineClock::new(started, traffic.between(-SKEW, SKEW), 0, false)
        };
        Self {
            lease_max: scenario.lease_max,
            clocks: (0..scenario.instances).map(&mut clock).collect(),
            held: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// What the clocks of an instance say at the true time `now`.
    pub(super) fn read(&self, instance: u32, now: Nanos) -> Reading {
        self.clocks[instance as usize].read(now)
    }

    /// The place of what an instance holds of a key's meter. It reads the key and its meter before
    /// the first call.
    pub(super) fn place(
        &mut self,
        instance: u32,
        key: u32,
        now: Nanos,
        meter: impl FnOnce() -> Option<Meter>,
    ) -> usize {
        if let Some(place) = self.places.get(&(instance, key)) {
            return *place;
        }
        let reading = self.read(instance, now);
        let mut holding = Holding::new(self.lease_max, reading);
        holding.learn(meter().as_ref().map(Known::from).as_ref(), reading);
        self.held.push(Held {
            instance,
            key,
            holding,
            under_way: None,
            waiting: VecDeque::new(),
            is_gone: false,
        });
        self.places.insert((instance, key), self.held.len() - 1);
        self.held.len() - 1
    }

    pub(super) fn held(&mut self, place: usize) -> &mut Held {
        &mut self.held[place]
    }

    /// What an instance holds, with the clocks of `now`.
    pub(super) fn held_and_reading(&mut self, place: usize, now: Nanos) -> (&mut Held, Reading) {
        let reading = self.read(self.held[place].instance, now);
        (&mut self.held[place], reading)
    }

    /// The places of all that these instances hold, in the order of their making.
    pub(super) fn places_of(&self, instances: std::ops::Range<u32>) -> Vec<usize> {
        let is_theirs = |held: &Held| !held.is_gone && instances.contains(&held.instance);
        (0..self.held.len())
            .filter(|place| is_theirs(&self.held[*place]))
            .collect()
    }

    /// An instance dies, and another one takes its place with nothing in memory. Returns the calls
    /// that it was serving.
    pub(super) fn crash(&mut self, instance: u32) -> Vec<Call> {
        let mut lost = Vec::new();
        for place in self.places_of(instance..instance + 1) {
            let held = &mut self.held[place];
            held.is_gone = true;
            lost.extend(held.under_way.as_ref().map(|under_way| under_way.call));
            lost.extend(held.waiting.drain(..));
            self.places.remove(&(instance, held.key));
        }
        lost
    }
}
