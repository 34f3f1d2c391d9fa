//! What API Gateway has counted of a plan in the current window of its quota.

use std::collections::BTreeMap;

use latchkey_domain::{Day, Plan};
use latchkey_gateway::{GatewayError, NativePlanId};
use latchkey_store::Counted;

use super::work::{Stop, Work};
use crate::usage::date_of;

/// Keys of a page.
const PAGE: u16 = 500;
/// Pages of a plan: 10,000 keys are 400 of 25.
const PAGES: usize = 2_000;
const HOURS_OF_A_DAY: i64 = 24;

impl Work<'_> {
    /// By API Gateway's id of the key; nothing of a plan without a quota. AWS brings it up to
    /// date with a delay, so it is what was used at least.
    pub(super) async fn counted(
        &self,
        native: &NativePlanId,
        plan: &Plan,
    ) -> Result<BTreeMap<String, Counted>, Stop> {
        let mut counted = BTreeMap::new();
        let Some(quota) = plan.quota else {
            return Ok(counted);
        };
        let window = quota.period().window(self.now).start;
        let first: Day = window / HOURS_OF_A_DAY;
        let last = self.today();
        let mut position: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.gateway.usage(
                native,
                None,
                date_of(first),
                date_of(last),
                position.as_deref(),
                PAGE,
            );
            let page = page.await?;
            for (key, days) in page.values {
                let used = days.iter().map(|(used, _)| i64::try_from(*used));
                let used = used.map(|used| used.unwrap_or(i64::MAX));
                let days: BTreeMap<Day, i64> = (first..=last).zip(used).collect();
                let units = days
                    .values()
                    .fold(0, |sum: i64, day| sum.saturating_add(*day));
                let of_key = Counted {
                    window,
                    units,
                    days,
                };
                counted.insert(key.to_string(), of_key);
            }
            match page.position {
                None => return Ok(counted),
                same if same == position => break,
                next => position = next,
            }
        }
        Err(GatewayError::Unavailable {
            operation: "GetUsage",
            detail: "its pages do not end".to_owned(),
        }
        .into())
    }
}
