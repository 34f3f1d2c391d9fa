//! A quota that is used to its end while instances die, freeze, or are told to end.

use latchkey_domain::{Invalid, Period, Quota};

use crate::clock::SECOND;

use super::{
    scenario::{Leaving, Scenario},
    simulation::simulate,
};

/// Time for what others hold to be used after the table has nothing left.
const TAIL: i64 = 20 * SECOND;

/// A quota and who uses it, many times over.
#[derive(Debug, Clone, Copy)]
pub struct QuotaUse {
    /// Units.
    pub limit: u64,
    /// Instances.
    pub instances: u32,
    /// Calls a second.
    pub calls: u32,
    /// Instances that die in a run on average.
    pub crashes: u32,
    /// Instances that get no more calls when half of the quota is used.
    pub leaving: Leaving,
    /// Runs, each with a seed of its own.
    pub runs: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuotaUsed {
    /// Part of the limit that nobody could use, over all runs.
    pub unused: f64,
    /// The same, in the worst run.
    pub worst: f64,
    /// Units admitted above the limit, in all runs.
    pub over: u64,
    /// Writes for each unit of the limit.
    pub writes_per_unit: f64,
}

impl QuotaUse {
    fn scenario(&self, run: u64) -> Result<Scenario, Invalid> {
        let used_in = self.limit as i64 * SECOND / i64::from(self.calls);
        Ok(Scenario {
            throttle: None,
            quota: Some(Quota::new(self.limit, Period::Day)?),
            crashes: self.crashes,
            leaving: self.leaving,
            warm_up: 0,
            measured: used_in + TAIL,
            busy: used_in,
            seed: 1 + run,
            ..Scenario::one_key(self.instances, self.calls, 1.0)?
        })
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Invalid`] for a limit that no plan may have.
    pub fn run(&self) -> Result<QuotaUsed, Invalid> {
        let mut all = QuotaUsed::default();
        for run in 0..self.runs {
            let measures = simulate(&self.scenario(run)?);
            let admitted = measures.outcomes.admitted;
            let unused = self.limit.saturating_sub(admitted) as f64 / self.limit as f64;
            all.unused += unused / self.runs as f64;
            all.worst = all.worst.max(unused);
            all.over += admitted.saturating_sub(self.limit);
            all.writes_per_unit += measures.writes as f64 / (self.limit * self.runs) as f64;
        }
        Ok(all)
    }
}
