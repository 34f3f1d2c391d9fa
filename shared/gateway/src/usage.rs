//! What keys have used of a plan, and more for this period.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    Gateway, GatewayError, NativeKeyId, NativePlanId, Patch,
    gateway::{id, known},
    operation::Operation,
    patch::to_sdk,
};

/// A page of GetUsage's answer. AWS brings it up to date with a delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeUsage {
    /// For each key and day, from the first that was asked for: units used, and left.
    pub values: BTreeMap<NativeKeyId, Vec<(u64, u64)>>,
    /// Where the next page begins.
    pub position: Option<String>,
}

impl Gateway {
    /// GetUsage: one page, of all keys of the plan or of one, for UTC days from `start` to
    /// `end`, both included. `limit` is at most 500.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn usage(
        &self,
        plan: &NativePlanId,
        key: Option<&NativeKeyId>,
        start: Date,
        end: Date,
        position: Option<&str>,
        limit: u16,
    ) -> Result<NativeUsage, GatewayError> {
        let operation = Operation::GetUsage;
        let request = self
            .client
            .get_usage()
            .usage_plan_id(plan.as_str())
            .set_key_id(key.map(|key| key.as_str().to_owned()))
            .start_date(start.to_string())
            .end_date(end.to_string())
            .set_position(position.map(str::to_owned))
            .limit(i32::from(limit));
        let page = self.call(operation, || request.clone().send()).await?;
        // Every answer of AWS's names the plan: without it, it is of something else.
        known(operation, "usage plan", page.usage_plan_id.as_ref())?;
        let mut values = BTreeMap::new();
        for (key, days) in page.items.unwrap_or_default() {
            let days: Option<_> = days.iter().map(|day| read(day)).collect();
            let days = known(operation, "pair of numbers for a day", days)?;
            values.insert(id(operation, Some(&key))?, days);
        }
        Ok(NativeUsage {
            values,
            position: page.position.filter(|position| !position.is_empty()),
        })
    }

    /// UpdateUsage: what the key may still use in this period.
    ///
    /// # Errors
    /// [`GatewayError`]: NotFound where the key is not on the plan.
    pub async fn grant(
        &self,
        plan: &NativePlanId,
        key: &NativeKeyId,
        remaining: u64,
    ) -> Result<(), GatewayError> {
        let request = self.client.update_usage();
        let request = request.usage_plan_id(plan.as_str()).key_id(key.as_str());
        let patches = [Patch::replace("/remaining", remaining)];
        let request = request.set_patch_operations(to_sdk(&patches));
        self.call(Operation::UpdateUsage, || request.clone().send())
            .await?;
        Ok(())
    }
}

/// `[used, remaining]`. Enforcement is by best effort, so that more may have been used than
/// there was: nothing is left then.
fn read(day: &[i64]) -> Option<(u64, u64)> {
    match day {
        [used, left] => Some(((*used).max(0).unsigned_abs(), (*left).max(0).unsigned_abs())),
        _ => None,
    }
}
