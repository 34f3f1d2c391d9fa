//! One process: its clocks, what it holds, and the calls that it has.

use std::collections::{BTreeMap, VecDeque};

use latchkey_domain::{
    Hour, Nanos, Reading,
    meter::{Charge, Holding, Meter, Refusal, Terms},
};

use crate::{clock::MachineClock, held::Held, races::Races, shadow::Shadow};

/// A call that is not decided yet.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Counted through the run.
    pub number: u64,
    /// Which key.
    pub key: usize,
    /// Which method.
    pub method: usize,
    /// By a value that a rotation has replaced.
    pub by_previous: bool,
    /// When it came, in true time.
    pub arrived: Nanos,
}

/// A call that is being charged.
#[derive(Debug)]
pub struct Current {
    /// Counted through the run.
    pub token: u64,
    /// The call.
    pub call: Call,
    /// What it asks for.
    pub terms: Terms,
    /// The frozen reading of its decision.
    pub frozen: Reading,
    /// The true time of that reading.
    pub frozen_at: Nanos,
    /// The domain's own.
    pub charge: Box<Charge>,
    /// The last request that was sent for it.
    pub request: Option<usize>,
    /// Whether an answer was lost or refused, or a later plan was met.
    pub troubled: bool,
    /// The state that its last failed write met: none where there was no item.
    pub met: Option<Option<Meter>>,
    /// Whether one of its writes met a bucket with too little room for it.
    pub lacked_room: bool,
    /// Only under a mutation: a holding of its own.
    pub own: Option<Box<Holding>>,
}

/// What an instance remembers for the laws on refusals from memory.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Races that it lost.
    pub races: Races,
    /// The version of the plan that it was last asked under.
    pub asked_under: u64,
    /// When an answer last told a state.
    pub at: Nanos,
    /// When a quota was last found used up.
    pub used_up: Option<Nanos>,
    /// The counters of the last answer.
    pub windows: BTreeMap<Hour, i64>,
    /// When it was last told that there is no meter.
    pub gone: Option<Nanos>,
}

/// A key as it was read.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// Whether it was on the plan.
    pub attached: bool,
    /// Its meter; none where that is a customer's.
    pub meter: Option<Meter>,
    /// When the read began.
    pub read_at: Reading,
}

/// One process.
#[derive(Debug)]
pub struct Instance {
    /// Which process in this place: answers to an earlier one are lost.
    pub life: u64,
    /// Whether it runs.
    pub alive: bool,
    /// Its clocks.
    pub clock: MachineClock,
    /// Frozen since and until, in true time.
    pub frozen: Option<(Nanos, Nanos)>,
    /// What it holds of the meter.
    pub holding: Holding,
    /// What that should be.
    pub shadow: Shadow,
    /// What it should be of each bucket, at least.
    pub held: Held,
    /// The plan that it knows, and since when.
    pub plan: Option<(usize, Reading)>,
    /// What is remembered of each key.
    pub keys: Vec<Option<KnownKey>>,
    /// Charges under way: one at most, unless a mutation says otherwise.
    pub current: Vec<Current>,
    /// Calls that wait for it.
    pub waiting: VecDeque<Call>,
    /// For each bucket, the version of the plan and the reading of the last grant.
    pub grants: Vec<(Option<u16>, u64, Reading)>,
    /// What it was told.
    pub told: Told,
    /// Only under a mutation: a refusal that holds for all calls.
    pub denied: Option<(Nanos, Refusal)>,
}

impl Instance {
    /// A process that has just started.
    pub fn new(life: u64, clock: MachineClock, now: Nanos, lease_max: u64, keys: usize) -> Self {
        let reading = clock.read(now);
        Self {
            life,
            alive: true,
            clock,
            frozen: None,
            holding: Holding::new(lease_max, reading),
            shadow: Shadow::default(),
            held: Held::default(),
            plan: None,
            keys: vec![None; keys],
            current: Vec::new(),
            waiting: VecDeque::new(),
            grants: Vec::new(),
            told: Told::default(),
            denied: None,
        }
    }

    /// Notes a grant.
    pub fn granted(&mut self, bucket: Option<u16>, version: u64, frozen: Reading) {
        self.grants.retain(|(of, ..)| *of != bucket);
        self.grants.push((bucket, version, frozen));
    }

    /// The version and the reading of the last grant for a bucket.
    pub fn grant(&self, bucket: Option<u16>) -> Option<(u64, Reading)> {
        let grant = self.grants.iter().find(|(of, ..)| *of == bucket);
        grant.map(|(_, version, frozen)| (*version, *frozen))
    }

    /// Whether no call and no charge is here.
    pub fn is_idle(&self) -> bool {
        self.current.is_empty() && self.waiting.is_empty()
    }
}
