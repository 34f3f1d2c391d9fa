//! When calls come, on which key, and to which instance.

use fastrand::Rng;
use latchkey_domain::Nanos;

use crate::clock::SECOND;

/// Poisson calls on keys whose shares follow Zipf's law with exponent 1.
#[derive(Debug)]
pub(super) struct Traffic {
    rng: Rng,
    calls_per_second: f64,
    /// For each key, the share of it and all those before it.
    shares: Vec<f64>,
}

impl Traffic {
    pub(super) fn new(seed: u64, calls_per_second: u32, keys: u32) -> Self {
        let weights = (1..=keys).map(|rank| 1.0 / f64::from(rank));
        let all: f64 = weights.clone().sum();
        let shares = weights.scan(0.0, |sum, weight| {
            *sum += weight / all;
            Some(*sum)
        });
        Self {
            rng: Rng::with_seed(seed),
            calls_per_second: f64::from(calls_per_second),
            shares: shares.collect(),
        }
    }

    /// Time to the next call.
    pub(super) fn gap(&mut self) -> Nanos {
        let chance = 1.0 - self.rng.f64();
        (-chance.ln() / self.calls_per_second * SECOND as f64) as Nanos
    }

    /// Its key.
    pub(super) fn key(&mut self) -> u32 {
        if self.shares.len() == 1 {
            return 0;
        }
        let chance = self.rng.f64();
        let key = self.shares.partition_point(|share| *share < chance);
        key.min(self.shares.len() - 1) as u32
    }

    /// One of `instances`.
    pub(super) fn one_of(&mut self, instances: std::ops::Range<u32>) -> u32 {
        self.rng.u32(instances)
    }

    /// A time between two.
    pub(super) fn between(&mut self, least: Nanos, most: Nanos) -> Nanos {
        self.rng.i64(least..=most)
    }

    /// How often something happens that happens `mean` times on average.
    pub(super) fn times(&mut self, mean: u32) -> u32 {
        let least = (-f64::from(mean)).exp();
        let mut product = self.rng.f64();
        let mut times = 0;
        while product > least {
            product *= self.rng.f64();
            times += 1;
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_as_often_as_was_said() {
        let mut traffic = Traffic::new(7, 50, 1);
        let mean = (0..20_000).map(|_| traffic.gap()).sum::<Nanos>() / 20_000;
        assert!((19_500_000..20_500_000).contains(&mean), "{mean}");
    }

    #[test]
    fn a_key_is_called_the_less_the_later_its_rank() {
        let mut traffic = Traffic::new(7, 1, 100);
        let mut called = [0_u32; 100];
        for _ in 0..100_000 {
            called[traffic.key() as usize] += 1;
        }
        for rank in [2, 5, 10] {
            let times = f64::from(called[0]) / f64::from(called[rank - 1]);
            assert!((times / rank as f64 - 1.0).abs() < 0.1, "{rank}: {times}");
        }
    }

    #[test]
    fn what_happens_twice_on_average_happens_twice_on_average() {
        let mut traffic = Traffic::new(7, 1, 1);
        let all: u32 = (0..10_000).map(|_| traffic.times(2)).sum();
        assert!((19_400..20_600).contains(&all), "{all}");
    }
}
