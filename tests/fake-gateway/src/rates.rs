//! AWS's rates, by tokio's clock.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use crate::limits::Rates;

/// What one call takes of the bucket for all: 10 a second.
const COST: Duration = Duration::from_millis(100);
/// The bucket for all: 40 calls.
const FULL: Duration = Duration::from_secs(4);

/// The calls of late.
#[derive(Debug)]
pub(crate) struct Meter {
    rates: Rates,
    of_late: HashMap<&'static str, VecDeque<Instant>>,
    /// What is in the bucket for all, and since when.
    bucket: Option<(Duration, Instant)>,
}

impl Meter {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            rates,
            of_late: HashMap::new(),
            bucket: None,
        }
    }

    /// Takes a call's place, if there is one.
    pub(crate) fn admits(&mut self, operation: &'static str) -> bool {
        if self.rates == Rates::Unlimited {
            return true;
        }
        let now = Instant::now();
        let (left, since) = self.bucket.unwrap_or((FULL, now));
        let left = FULL.min(left + (now - since));
        let of_late = self.of_late.entry(operation).or_default();
        let free = own_rate(operation).is_none_or(|(calls, time)| {
            of_late.retain(|at| now - *at < time);
            of_late.len() < calls
        });
        match left.checked_sub(COST) {
            Some(left) if free => {
                self.bucket = Some((left, now));
                of_late.push_back(now);
                true
            }
            _ => {
                self.bucket = Some((left, now));
                false
            }
        }
    }
}

/// So many calls in any such time.
fn own_rate(operation: &str) -> Option<(usize, Duration)> {
    match operation {
        "CreateApiKey" | "DeleteApiKey" => Some((5, Duration::from_secs(1))),
        "GetResources" => Some((5, Duration::from_secs(2))),
        "CreateDeployment" => Some((1, Duration::from_secs(5))),
        "UpdateUsagePlan" => Some((1, Duration::from_secs(20))),
        _ => None,
    }
}
