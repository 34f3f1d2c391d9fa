//! What comes of a call.

use super::Terms;
use crate::{Nanos, Reason};

/// Whether the call is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Admitted {
        /// Units left of the quota.
        remaining: Option<u64>,
    },
    /// It is not.
    Refused(Refusal),
}

/// A refusal that says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// When a call like this may pass, from the frozen reading on; none where waiting does
    /// not help.
    pub retry_after: Option<Nanos>,
    /// Units left of the quota, as far as it was seen.
    pub remaining: Option<u64>,
}

impl Verdict {
    /// Refused for this reason, with nothing known of the meter.
    pub fn refused(reason: Reason) -> Self {
        Self::Refused(Refusal::of(reason))
    }
}

impl Refusal {
    pub(super) fn of(reason: Reason) -> Self {
        Self {
            reason,
            retry_after: None,
            remaining: None,
        }
    }

    /// Refused by the quota, of which `left` units are left in the window of `now`.
    pub(super) fn of_quota(terms: &Terms, left: u64, now: Nanos) -> Self {
        let window = terms.quota.map(|quota| quota.period().window(now));
        Self {
            reason: Reason::QuotaExceeded,
            retry_after: window.and_then(|window| window.remaining(now)),
            remaining: Some(left),
        }
    }
}
