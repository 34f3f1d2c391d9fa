//! What a million calls ask of AWS, in whole units.

use super::shape::{Limits, Shape};
use latchkey_domain::Invalid;

/// `KEY_CACHE_SECONDS`, as it is by default.
const KEY_KEPT_SECONDS: u32 = 10;
/// How long a plan is kept.
const PLAN_KEPT_SECONDS: u32 = 30;
const CALLS: u64 = 1_000_000;

/// What Lambda writes to a function's log with each call, and what the authorizer adds with
/// `LOG_ALLOWS=1`. Each line ends with a line feed.
pub(super) const LAMBDA_LINES: [&str; 3] = [
    "START RequestId: 8f5070ee-0a3c-4d4e-9a44-8f6d7a1c2b3d Version: $LATEST",
    "END RequestId: 8f5070ee-0a3c-4d4e-9a44-8f6d7a1c2b3d",
    "REPORT RequestId: 8f5070ee-0a3c-4d4e-9a44-8f6d7a1c2b3d\tDuration: 1.43 ms\tBilled Duration: 2 ms\tMemory Size: 256 MB\tMax Memory Used: 21 MB\t",
];
/// The authorizer is held to write it by its own tests.
pub(super) const DECISION_LINE: &str =
    include_str!("../../../fixtures/decision.json").trim_ascii_end();

/// Milliseconds that a call takes beside DynamoDB, rounded up as Lambda does, and that a call of
/// DynamoDB adds: as long as in the simulation.
pub(super) const OWN_MILLISECONDS: u64 = 1;
pub(super) const STORE_MILLISECONDS: u64 = 4;

/// Who stands in front of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// Latchkey counts.
    Latchkey(Limits),
    /// API Gateway counts, and keeps the authorizer's result for so many seconds.
    ApiGateway {
        /// The result TTL.
        ttl: u32,
    },
    /// An authorizer as it is usually written: it reads the key, reads the plan and writes a
    /// counter, with each call.
    ThreeCalls,
}

/// Units for a million calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    /// Calls of the function.
    pub(super) invocations: u64,
    /// Milliseconds that they take.
    pub(super) milliseconds: u64,
    /// Write request units.
    pub(super) writes: u64,
    /// Read request units.
    pub(super) reads: u64,
    /// Bytes of log that Lambda writes.
    pub(super) lambda_log: u64,
    /// Bytes of log that the authorizer writes.
    pub(super) own_log: u64,
}

impl Usage {
    /// Of a million calls. `None` where one item does not take the writes.
    ///
    /// # Errors
    /// [`Invalid`] for traffic that no plan may have.
    pub(super) fn of(shape: &Shape, front: Front) -> Result<Option<Self>, Invalid> {
        Ok(match front {
            Front::Latchkey(limits) => shape
                .writes(limits)?
                .map(|writes| Self::of_latchkey(CALLS, writes, reads(shape))),
            Front::ApiGateway { ttl } => {
                let invocations = shape.asked_again(ttl, 1);
                let reads = reads(shape).min(2 * invocations);
                Some(Self::of_latchkey(invocations, 0, reads))
            }
            Front::ThreeCalls => Some(Self::of_three_calls()),
        })
    }

    pub(super) fn of_latchkey(invocations: u64, writes: u64, reads: u64) -> Self {
        Self {
            own_log: invocations * line(DECISION_LINE),
            ..Self::of_function(invocations, writes, reads)
        }
    }

    pub(super) fn of_three_calls() -> Self {
        Self::of_function(CALLS, CALLS, 2 * CALLS)
    }

    fn of_function(invocations: u64, writes: u64, reads: u64) -> Self {
        Self {
            invocations,
            milliseconds: OWN_MILLISECONDS * invocations + STORE_MILLISECONDS * (writes + reads),
            writes,
            reads,
            lambda_log: invocations * LAMBDA_LINES.map(line).iter().sum::<u64>(),
            own_log: 0,
        }
    }
}

/// Bytes of a line with its end.
fn line(text: &str) -> u64 {
    text.len() as u64 + 1
}

/// Reads of keys and plans by the instances that serve it: one unit each, since a key with its
/// plans' meters, and a plan, are below 4 KB.
pub(super) fn reads(shape: &Shape) -> u64 {
    shape.asked_again(KEY_KEPT_SECONDS, shape.instances)
        + shape.asked_again_by_all(PLAN_KEPT_SECONDS, shape.instances)
}

#[cfg(test)]
mod tests {
    use super::{super::shape::SHAPES, *};

    #[test]
    fn the_usual_authorizer_makes_three_calls_of_dynamodb_with_each_call() {
        let usage = Usage::of(&SHAPES[0], Front::ThreeCalls).unwrap().unwrap();
        assert_eq!((usage.reads, usage.writes), (2_000_000, 1_000_000));
        assert_eq!(usage.milliseconds, 13_000_000);
        assert_eq!((usage.invocations, usage.own_log), (1_000_000, 0));
    }

    #[test]
    fn with_a_ttl_of_0_the_function_is_called_with_each_call_and_without_it_seldom() {
        let busy = SHAPES[3];
        let asked = |ttl| {
            Usage::of(&busy, Front::ApiGateway { ttl })
                .unwrap()
                .unwrap()
        };
        assert_eq!(asked(0).invocations, 1_000_000);
        // 100 calls a second for 300 s, and the one that asks.
        assert_eq!(asked(300).invocations, 33);
        assert_eq!((asked(0).writes, asked(300).writes), (0, 0));
    }

    #[test]
    fn a_call_from_memory_takes_its_own_time_and_each_call_of_dynamodb_its_own() {
        let usage = Usage::of_latchkey(1_000_000, 10_000, 500);
        assert_eq!(usage.milliseconds, 1_000_000 + 4 * 10_500);
    }
}
