//! What was decided, on one screen.

use std::fmt::{self, Display};

use jiff::{SignedDuration, Timestamp};
use latchkey_domain::Reason;

use super::{asked::Asked, words::remedy};
use crate::{
    checks::{failed, passed, reason},
    client::{Key, Plan, Quota, Verified},
    visible::visible,
};

/// Names of a list that are shown.
const NAMED: usize = 3;

/// What is known of the call.
pub(super) struct Report<'a> {
    pub(super) asked: &'a Asked,
    pub(super) verified: &'a Verified,
    pub(super) key: Option<&'a Key>,
    pub(super) plan: Option<&'a Plan>,
    pub(super) now: Timestamp,
}

impl Report<'_> {
    /// The API and its stage.
    pub(super) fn place(&self) -> String {
        format!("{}, stage {}", self.asked.api, self.asked.stage)
    }

    pub(super) fn not_before(&self) -> &str {
        let told = self.key.and_then(|key| key.not_before.as_deref());
        told.unwrap_or("its notBefore")
    }

    pub(super) fn expires_at(&self) -> &str {
        let told = self.key.and_then(|key| key.expires_at.as_deref());
        told.unwrap_or("its expiresAt")
    }

    pub(super) fn allowed_ips(&self) -> String {
        let list = self.key.and_then(|key| key.allowed_ips.as_deref());
        format!("It may be used from {}.", few(list.unwrap_or_default()))
    }

    pub(super) fn routes(&self) -> String {
        let list = self.key.and_then(|key| key.routes.as_deref());
        format!("It opens {}.", few(list.unwrap_or_default()))
    }

    /// Units that a period of the plan has.
    pub(super) fn quota_limit(&self) -> u64 {
        let quota = self.plan.and_then(|plan| plan.quota.as_ref());
        quota.map_or(1, |quota| quota.limit)
    }

    pub(super) fn plans(&self) -> String {
        let list = self.key.map(|key| key.plan_ids.as_slice());
        format!("It is on {}.", few(list.unwrap_or_default()))
    }

    fn heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (&self.asked.method, &self.asked.path);
        let heading = match &self.verified.reason {
            None => format!("ALLOWED  {method} {path} on {}", self.place()),
            Some(reason) => format!("REFUSED  {method} {path} on {}: {reason}", self.place()),
        };
        writeln!(f, "{}", visible(&heading))
    }

    fn facts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &self.verified.key_id {
            let name = self.key.and_then(|key| key.name.as_deref());
            let customer = self.key.and_then(|key| key.customer_id.as_deref());
            let customer = customer.map(|id| format!(", customer {id}"));
            let named = named(name, id);
            fact(f, "key", format!("{named}{}", customer.unwrap_or_default()))?;
        }
        if self.verified.previous_value == Some(true) {
            let mut values = self.key.iter().flat_map(|key| &key.previous_values);
            let ours = values.find(|value| self.asked.ends_with(&value.last4));
            let until = ours.map(|value| format!(" until {}", value.expires_at));
            let until = until.unwrap_or_default();
            fact(
                f,
                "value",
                format!("an old one: a rotation replaced it, it works{until}"),
            )?;
        }
        if let Some(id) = &self.verified.plan_id {
            let name = self.plan.map(|plan| plan.name.as_str());
            fact(f, "plan", named(name, id))?;
            let quota = self.plan.and_then(|plan| plan.quota.as_ref());
            let left = self.verified.quota_remaining;
            match (left, quota) {
                (Some(left), Some(quota)) => fact(f, "left", format!("{left} of {}", of(quota)))?,
                (Some(left), None) => fact(f, "left", left)?,
                (None, Some(quota)) => fact(f, "quota", of(quota))?,
                (None, None) if self.plan.is_some() => fact(f, "quota", "none")?,
                (None, None) => {}
            }
        }
        if let Some(seconds) = self.verified.retry_after {
            let wait = SignedDuration::from_secs(seconds);
            let at = self.now.checked_add(wait);
            let at = at.map(|at| format!(", at {at:.0}")).unwrap_or_default();
            fact(f, "come back", format!("in {wait:#}{at}"))?;
        }
        Ok(())
    }

    fn checks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.verified.checks {
            let known = reason(&check.name);
            let (mark, words) = match (check.outcome.as_str(), known) {
                ("pass", Some(reason)) => ("pass", passed(reason)),
                ("pass", None) => ("pass", "It holds"),
                ("fail", Some(reason)) => ("FAIL", failed(reason)),
                ("fail", None) => ("FAIL", "It does not hold"),
                (_, reason) => ("-", self.skipped(reason)),
            };
            writeln!(f, "  {mark:<4}  {:<17}  {words}", check.name)?;
        }
        Ok(())
    }

    /// Why a check was not made.
    fn skipped(&self, reason: Option<Reason>) -> &'static str {
        let limit = matches!(reason, Some(Reason::QuotaExceeded | Reason::Throttled));
        let native = self
            .plan
            .is_some_and(|plan| plan.enforcement == "apiGateway");
        if limit && native && self.verified.reason.is_none() {
            return "Not asked here: API Gateway counts this plan";
        }
        "Not asked any more"
    }
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading(f)?;
        self.facts(f)?;
        writeln!(f)?;
        self.checks(f)?;
        let refused = self.verified.reason.as_deref().and_then(reason);
        let Some(refused) = refused else {
            return Ok(());
        };
        writeln!(f)?;
        for line in remedy(refused, self) {
            let shift = if line.starts_with("latchkey ") {
                "  "
            } else {
                ""
            };
            writeln!(f, "{shift}{}", visible(&line))?;
        }
        Ok(())
    }
}

fn fact(f: &mut fmt::Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "  {name:<9}  {}", visible(&value.to_string()))
}

fn named(name: Option<&str>, id: &str) -> String {
    match name {
        Some(name) if name != id => format!("{name} ({id})"),
        _ => id.to_owned(),
    }
}

/// Such as `3 units a day`.
fn of(quota: &Quota) -> String {
    let period = match quota.period.as_str() {
        "HOUR" => "an hour",
        "DAY" => "a day",
        "WEEK" => "a week",
        "MONTH" => "a month",
        "LIFETIME" => "in all",
        other => other,
    };
    let unit = if quota.limit == 1 { "unit" } else { "units" };
    format!("{} {unit} {period}", quota.limit)
}

/// The first of them, and how many more there are.
fn few(list: &[String]) -> String {
    let shown = list.iter().take(NAMED).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match list.len() {
        0 => "none".to_owned(),
        1..=NAMED => shown,
        all => format!("{shown} and {} more", all - NAMED),
    }
}
