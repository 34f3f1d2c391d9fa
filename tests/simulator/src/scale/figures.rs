//! The figures that metering is to reach. Each is a bound; one that is missed fails the command.

use std::fmt;

use latchkey_domain::{Invalid, Period, Quota};

use super::{
    grid,
    parallel::in_parallel,
    quota::QuotaUse,
    scenario::{Leaving, Scenario},
    simulation::simulate,
};

/// A number as it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Writes for each call.
    WritesPerCall(f64),
    /// Writes a second.
    WritesPerSecond(f64),
    /// A part of a whole.
    Share(f64),
    /// Units.
    Units(u64),
}

impl Quantity {
    fn value(self) -> f64 {
        match self {
            Self::WritesPerCall(value) | Self::WritesPerSecond(value) | Self::Share(value) => value,
            Self::Units(units) => units as f64,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WritesPerCall(value) => write!(f, "{value:.4}"),
            Self::WritesPerSecond(value) => write!(f, "{value:.0}"),
            Self::Share(share) => write!(f, "{:.3} %", 100.0 * share),
            Self::Units(units) => write!(f, "{units}"),
        }
    }
}

/// A figure and its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Where, and what of it.
    pub of: &'static str,
    /// What was reached.
    pub reached: Quantity,
    /// What it may be at most.
    pub at_most: Quantity,
}

impl Figure {
    /// Whether it is within its bound.
    pub fn holds(&self) -> bool {
        self.reached.value() <= self.at_most.value()
    }
}

type Group = fn() -> Result<Vec<Figure>, Invalid>;

/// Runs what the figures are of, on so many threads.
///
/// # Errors
/// [`Invalid`] for a scenario that no plan may have.
pub fn figures(threads: usize) -> Result<Vec<Figure>, Invalid> {
    let groups: [Group; 5] = [quota, crowd, normal_traffic, hammered, one_instance];
    let mut done = in_parallel(&groups, threads, |group| group());
    done.reverse();
    Ok(done.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

fn one_instance() -> Result<Vec<Figure>, Invalid> {
    let busy = Scenario::steady(1, 100)?.with_burst(200)?;
    let with_quota = Scenario {
        quota: Some(Quota::new(10_000_000, Period::Month)?),
        ..busy.clone()
    };
    let figure = |of, scenario: &Scenario, at_most| Figure {
        of,
        reached: Quantity::WritesPerCall(simulate(scenario).writes_per_call()),
        at_most: Quantity::WritesPerCall(at_most),
    };
    Ok(vec![
        figure(
            "100 calls a second on one instance, burst 200: writes a call",
            &busy,
            0.02,
        ),
        figure(
            "the same with a quota of 10,000,000: writes a call",
            &with_quota,
            0.02,
        ),
        figure(
            "1 call a second on one instance: writes a call",
            &Scenario::steady(1, 1)?,
            1.0,
        ),
    ])
}

fn crowd() -> Result<Vec<Figure>, Invalid> {
    let measures = simulate(&Scenario::steady(1_000, 10_000)?);
    Ok(vec![
        Figure {
            of: "10,000 calls a second on 1,000 instances, one key: writes a call",
            reached: Quantity::WritesPerCall(measures.writes_per_call()),
            at_most: Quantity::WritesPerCall(0.05),
        },
        Figure {
            of: "the same: writes a second on its item",
            reached: Quantity::WritesPerSecond(measures.hottest_mean),
            at_most: Quantity::WritesPerSecond(500.0),
        },
        Figure {
            of: "the same: calls answered `unavailable`",
            reached: Quantity::Units(measures.outcomes.unavailable),
            at_most: Quantity::Units(0),
        },
    ])
}

fn hammered() -> Result<Vec<Figure>, Invalid> {
    let mut all = (0.0_f64, 0.0_f64);
    for rate in [10, 100, 1_000] {
        for seed in 1..=5 {
            let measures = simulate(&Scenario {
                seed,
                ..Scenario::one_key(100, 10 * rate, f64::from(rate))?
            });
            all = (
                all.0.max(measures.hottest_mean),
                all.1.max(measures.unused_share()),
            );
        }
    }
    Ok(vec![
        Figure {
            of: "100 instances at ten times a key's rate (10, 100, 1,000 a second), worst of 5 runs each: writes a second",
            reached: Quantity::WritesPerSecond(all.0),
            at_most: Quantity::WritesPerSecond(150.0),
        },
        Figure {
            of: "the same: of its rate unused",
            reached: Quantity::Share(all.1),
            at_most: Quantity::Share(0.01),
        },
    ])
}

fn normal_traffic() -> Result<Vec<Figure>, Invalid> {
    let scenarios = grid::normal()?;
    let shares = scenarios
        .iter()
        .map(|scenario| simulate(scenario).wrongly_refused_share());
    Ok(vec![Figure {
        of: "normal traffic of 10 to 100,000 calls a second, 1 to 1,000 instances, 1 to 10,000 keys: wrongly refused, worst row",
        reached: Quantity::Share(shares.fold(0.0, f64::max)),
        at_most: Quantity::Share(0.0005),
    }])
}

fn quota() -> Result<Vec<Figure>, Invalid> {
    let used = QuotaUse {
        limit: 10_000,
        instances: 10,
        calls: 1_000,
        crashes: 2,
        leaving: Leaving::Nobody,
        runs: 200,
    }
    .run()?;
    Ok(vec![
        Figure {
            of: "a quota of 10,000 used to its end, two crashes on average: never used",
            reached: Quantity::Share(used.unused),
            at_most: Quantity::Share(0.001),
        },
        Figure {
            of: "the same, worst of 200 runs",
            reached: Quantity::Share(used.worst),
            at_most: Quantity::Share(0.005),
        },
        Figure {
            of: "the same: units admitted above it",
            reached: Quantity::Units(used.over),
            at_most: Quantity::Units(0),
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_bound_is_missed() {
        let figure = |reached| Figure {
            of: "writes a call",
            reached: Quantity::WritesPerCall(reached),
            at_most: Quantity::WritesPerCall(0.02),
        };
        assert!(figure(0.02).holds());
        assert!(!figure(0.020_001).holds());
    }
}
