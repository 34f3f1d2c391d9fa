//! Runs of seeds: one by one, many on several threads, and again to see what went wrong.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{counts::Counts, laws::Broken, mutation::Mutation, world::World};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Of all that happened in it.
    pub digest: u64,
    /// How often what happened.
    pub counts: Counts,
    /// The law that did not hold.
    pub broken: Option<Broken>,
    /// The last lines of its record.
    pub lines: Vec<String>,
}

/// Runs one seed with so many calls, and keeps the last `keep` lines of its record.
pub fn run(seed: u64, calls: u64, mutation: Option<Mutation>, keep: usize) -> Report {
    World::new(seed, calls, mutation, keep).run(seed)
}

impl World {
    /// Runs to its end.
    pub fn run(mut self, seed: u64) -> Report {
        let broken = self.run_to_its_end().err();
        Report {
            seed,
            digest: self.trace.digest(),
            counts: self.counts,
            broken,
            lines: self.trace.lines().map(str::to_owned).collect(),
        }
    }

    fn run_to_its_end(&mut self) -> Result<(), Broken> {
        while self.arrived < self.setting.traffic.calls {
            if !self.step()? {
                break;
            }
        }
        self.alone()
    }
}

/// What came of many runs.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Runs.
    pub runs: u64,
    /// Of all runs together.
    pub counts: Counts,
    /// Those in which a law did not hold, by seed.
    pub failed: Vec<Report>,
}

/// Runs `seeds` seeds from `first` on, on `threads` threads.
pub fn prove(first: u64, seeds: u64, calls: u64, threads: usize) -> Proof {
    let next = AtomicU64::new(first);
    let proof = Mutex::new(Proof::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    let report = run(seed, calls, None, 0);
                    let mut proof = proof.lock().unwrap_or_else(|lock| lock.into_inner());
                    proof.runs += 1;
                    proof.counts.add(&report.counts);
                    if report.broken.is_some() {
                        proof.failed.push(report);
                    }
                }
            });
        }
    });
    let mut proof = proof.into_inner().unwrap_or_else(|lock| lock.into_inner());
    proof.failed.sort_by_key(|report| report.seed);
    proof
}
