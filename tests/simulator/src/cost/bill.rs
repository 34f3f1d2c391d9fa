//! What usage costs.

use super::{money::Money, prices::Prices, usage::Usage};

/// MB-milliseconds in a GB-second.
const GB_SECOND: u128 = 1_024 * 1_000;
/// Bytes in a GB of log.
const LOG_GB: u128 = 1_000_000_000;

/// What a million calls cost beside API Gateway's own fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bill {
    /// Calls of the function.
    pub(super) invocations: Money,
    /// Its time.
    pub(super) time: Money,
    /// Writes to DynamoDB.
    pub(super) writes: Money,
    /// Reads from it.
    pub(super) reads: Money,
    /// Lambda's lines in the log.
    pub(super) lambda_log: Money,
    /// The authorizer's.
    pub(super) own_log: Money,
}

impl Bill {
    /// Of `usage`, by a function with so many MB of memory.
    pub(super) fn of(usage: &Usage, prices: &Prices, memory_mb: u64) -> Self {
        let logged = |bytes| {
            let price = prices.log_gb.price();
            price.times_parts(u128::from(bytes), LOG_GB)
        };
        let mb_milliseconds = u128::from(memory_mb) * u128::from(usage.milliseconds);
        Self {
            invocations: prices.invocation.price().times(usage.invocations),
            time: prices
                .gb_second
                .price()
                .times_parts(mb_milliseconds, GB_SECOND),
            writes: prices.write.price().times(usage.writes),
            reads: prices.read.price().times(usage.reads),
            lambda_log: logged(usage.lambda_log),
            own_log: logged(usage.own_log),
        }
    }

    /// All of it.
    pub(super) fn total(&self) -> Money {
        let parts = [
            self.invocations,
            self.time,
            self.writes,
            self.reads,
            self.lambda_log,
            self.own_log,
        ];
        parts.into_iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::prices::{EU_WEST_1, US_EAST_1},
        *,
    };

    fn usual() -> Usage {
        Usage::of_latchkey(1_000_000, 1_000_000, 0)
    }

    #[test]
    fn a_bill_is_what_one_works_out_by_hand() {
        let bill = Bill::of(&usual(), &US_EAST_1, 256);
        assert_eq!(bill.invocations, Money::nanodollars(200_000_000));
        // 256 MB for 5 ms, a million times, are 1,250 GB-seconds.
        assert_eq!(bill.time, Money::nanodollars(16_666_750));
        assert_eq!(bill.writes, Money::nanodollars(625_000_000));
        assert_eq!(bill.reads, Money::default());
        let parts = bill.invocations + bill.time + bill.writes + bill.lambda_log + bill.own_log;
        assert_eq!(bill.total(), parts);
    }

    #[test]
    fn a_byte_of_log_is_paid_for_whoever_writes_it() {
        let usage = Usage {
            lambda_log: 1_000_000_000,
            own_log: 500_000_000,
            ..Usage::default()
        };
        let bill = Bill::of(&usage, &EU_WEST_1, 128);
        assert_eq!(bill.lambda_log, Money::nanodollars(570_000_000));
        assert_eq!(bill.own_log, Money::nanodollars(285_000_000));
    }

    #[test]
    fn half_the_memory_costs_half_of_the_time_and_nothing_else() {
        let [small, large] = [128, 256].map(|memory| Bill::of(&usual(), &US_EAST_1, memory));
        assert_eq!(small.time + small.time, large.time + Money::nanodollars(0));
        assert_eq!(large.total() - small.total(), small.time);
    }

    #[test]
    fn the_usual_authorizer_costs_more_than_any_that_writes_once_a_call() {
        let [ours, usual] = [usual(), Usage::of_three_calls()];
        let [ours, usual] = [ours, usual].map(|usage| Bill::of(&usage, &US_EAST_1, 256));
        assert!(usual.writes + usual.reads > ours.writes + ours.reads);
        assert!(usual.time > ours.time);
    }
}
