//! Requests on their way: a write, and units that are given back.

use latchkey_domain::{
    Nanos, Reading,
    meter::{Answer, Return, Write},
};

use crate::plan::Counter;

/// A write that an instance has sent.
#[derive(Debug)]
pub struct Request {
    /// Who.
    pub instance: usize,
    /// Which process there.
    pub life: u64,
    /// Which charge.
    pub token: u64,
    /// What.
    pub write: Write,
    /// The frozen reading that it was made by.
    pub frozen: Reading,
    /// The true time at which it was sent.
    pub sent: Nanos,
    /// Whether its sender still waits for an answer.
    pub listening: bool,
    /// How often it was applied.
    pub applied: u32,
    /// When its answer arrives, if it does.
    pub answered_at: Option<Nanos>,
    /// The answer on its way.
    pub answer: Option<Answer>,
}

impl Request {
    /// The counter that a charge goes to and the units that it adds.
    pub fn charges(&self) -> Option<(Counter, i64)> {
        match &self.write {
            Write::Charge(charge) => Some((
                charge.quota.map_or(Counter::Day(charge.day), |quota| {
                    Counter::Window(quota.window)
                }),
                charge.net as i64,
            )),
            Write::Clamp(_) => None,
        }
    }
}

/// Units that an instance gives back.
#[derive(Debug)]
pub struct GivenBack {
    /// What.
    pub returned: Return,
    /// Of which counter.
    pub counter: Counter,
    /// The ticket, once it was read.
    pub ticket: Option<i64>,
    /// Whether it was applied.
    pub applied: bool,
    /// Deliveries to come.
    pub deliveries: u32,
}
