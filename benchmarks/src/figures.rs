//! From rounds to figures.

use std::time::Duration;

use serde::Serialize;

use crate::{
    measure::Round,
    outcome::Outcome,
    rows::{Row, Side},
};

/// What was measured of a row. Times are in µs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub(crate) row: &'static str,
    pub(crate) side: Side,
    pub(crate) rounds: usize,
    pub(crate) calls: usize,
    /// The middle of the rounds.
    pub(crate) start_to_poll: f64,
    /// The middle of the rounds.
    pub(crate) start_to_answer: f64,
    /// Time of a processor until the first answer; the middle of the rounds.
    pub(crate) start_processor: f64,
    /// The middle of the rounds.
    pub(crate) first_call: f64,
    /// The p50 of the round that had the lowest.
    pub(crate) p50_fastest: f64,
    /// The p50 of the round in the middle.
    pub(crate) p50_middle: f64,
    /// Of all calls of all rounds.
    pub(crate) p90: f64,
    /// Of all calls of all rounds.
    pub(crate) p99: f64,
    /// The middle of the rounds, one call after another.
    pub(crate) calls_a_second: f64,
    /// Time of a processor a call; the middle of the rounds.
    pub(crate) processor: f64,
    /// The most of any round.
    pub(crate) peak_memory_kib: u64,
    pub(crate) deployed_bytes: u64,
    /// Calls of DynamoDB a call, on average.
    pub(crate) dynamodb: f64,
    /// Calls of DynamoDB before the first event; the most of any round.
    pub(crate) start_dynamodb: u64,
    /// Rounds that were measured again, since a call was answered by an error.
    pub(crate) repeated: usize,
}

/// The value at this share of them, in order.
pub(crate) fn quantile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = values.len().saturating_sub(1) * percent / 100;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The value in the middle; of an even number of them the mean of the two there.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let [low, high] = [values.len().saturating_sub(1) / 2, values.len() / 2];
    let middle = values.get(low).zip(values.get(high));
    middle.map_or(f64::NAN, |(low, high)| f64::midpoint(*low, *high))
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

impl Figures {
    pub(crate) fn of(row: &Row, rounds: &[Round]) -> Outcome<Self> {
        let middle =
            |of: &dyn Fn(&Round) -> f64| median(&mut rounds.iter().map(of).collect::<Vec<_>>());
        let took = |round: &Round| -> Vec<f64> {
            round.calls.iter().map(|call| micros(call.took)).collect()
        };
        let mut p50s: Vec<f64> = rounds
            .iter()
            .map(|round| median(&mut took(round)))
            .collect();
        let mut all: Vec<f64> = rounds.iter().flat_map(took).collect();
        let calls = rounds.iter().flat_map(|round| &round.calls);
        let dynamodb: u64 = calls.map(|call| call.dynamodb).sum();
        let of_round = |round: &Round| round.calls.len().max(1) as f64;
        Ok(Self {
            row: row.name,
            side: row.side,
            rounds: rounds.len(),
            calls: all.len(),
            start_to_poll: middle(&|round| micros(round.start_to_poll)),
            start_to_answer: middle(&|round| micros(round.start_to_answer)),
            start_processor: middle(&|round| micros(round.start_processor)),
            first_call: middle(&|round| micros(round.first_call)),
            p50_fastest: quantile(&mut p50s, 0),
            p50_middle: median(&mut p50s),
            p90: quantile(&mut all, 90),
            p99: quantile(&mut all, 99),
            calls_a_second: middle(&|round| of_round(round) / round.elapsed.as_secs_f64()),
            processor: middle(&|round| micros(round.processor) / of_round(round)),
            peak_memory_kib: rounds
                .iter()
                .map(|round| round.peak_memory_kib)
                .max()
                .unwrap_or(0),
            deployed_bytes: row.bytes()?,
            dynamodb: dynamodb as f64 / all.len().max(1) as f64,
            start_dynamodb: rounds
                .iter()
                .map(|round| round.start_dynamodb)
                .max()
                .unwrap_or(0),
            repeated: rounds.iter().map(|round| round.repeated).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values: Vec<f64> = (1..=101).rev().map(f64::from).collect();
        let at = [0, 50, 90, 99, 100].map(|percent| quantile(&mut values, percent));
        assert_eq!(at, [1.0, 51.0, 91.0, 100.0, 101.0]);
        assert!(quantile(&mut [], 50).is_nan());
    }

    #[test]
    fn a_median_has_as_much_below_as_above() {
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [9.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&mut []).is_nan());
    }
}
