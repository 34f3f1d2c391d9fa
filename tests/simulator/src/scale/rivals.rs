//! What metering is compared with, and what the table allows: two buckets.

use latchkey_domain::{Nanos, Throttle};

use crate::clock::SECOND;

/// One bucket for all instances, asked in true time and without latency.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Central {
    idle_at: Nanos,
}

impl Central {
    /// Whether it admits a call at `now`.
    pub(super) fn admits(&mut self, throttle: &Throttle, now: Nanos) -> bool {
        let rate = throttle.rate();
        let (Some(cost), Some(full)) = (rate.cost(1), rate.cost(throttle.burst())) else {
            return false;
        };
        let idle_at = self.idle_at.max(now) + cost;
        let admits = idle_at <= now + full;
        if admits {
            self.idle_at = idle_at;
        }
        admits
    }
}

/// Writes that DynamoDB takes of one item in a second.
pub(super) const WRITES_A_SECOND: i64 = 1_000;

/// What an item takes, with one second's worth saved up. A write whose condition fails counts as
/// one that is applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    saved: Nanos,
    at: Nanos,
}

impl Capacity {
    const OF_A_WRITE: Nanos = SECOND / WRITES_A_SECOND;

    pub(super) fn full(now: Nanos) -> Self {
        Self {
            saved: SECOND,
            at: now,
        }
    }

    /// Whether a write at `now` is taken.
    pub(super) fn takes(&mut self, now: Nanos) -> bool {
        self.saved = (self.saved + now - self.at).min(SECOND);
        self.at = now;
        let takes = self.saved >= Self::OF_A_WRITE;
        if takes {
            self.saved -= Self::OF_A_WRITE;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_central_bucket_admits_its_burst_and_then_its_rate() {
        let throttle = Throttle::new("10".parse().unwrap(), Some(5)).unwrap();
        let mut central = Central::default();
        let mut admitted = |from: Nanos, calls: i64, apart: Nanos| {
            (0..calls)
                .filter(|call| central.admits(&throttle, from + call * apart))
                .count()
        };
        assert_eq!(admitted(SECOND, 20, 0), 5);
        assert_eq!(admitted(SECOND + SECOND / 100, 200, SECOND / 100), 20);
    }

    #[test]
    fn an_item_takes_a_thousand_writes_a_second() {
        let mut capacity = Capacity::full(0);
        let mut taken = |from: Nanos| {
            (0..10_000)
                .filter(|write| capacity.takes(from + write * SECOND / 10_000))
                .count()
        };
        assert!((1_990..2_010).contains(&taken(0)));
        assert!((990..1_010).contains(&taken(SECOND)));
    }
}
