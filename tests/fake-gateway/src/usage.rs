//! What keys have used.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{
    call::Request,
    pages::page,
    patch::Patches,
    refusal::Refusal,
    world::{Answer, World},
};

/// The days that are kept, at most.
const DAYS: usize = 92;

impl World {
    /// Keys that have used nothing are left out; a day without use has `[0, limit]`.
    pub(crate) fn get_usage(&self, plan: &str, request: &Request) -> Answer {
        let plan = self.plans.get(plan).ok_or_else(Refusal::no_plan)?;
        let one = request.query("keyId");
        if one.is_some_and(|key| !plan.keys.contains(key)) {
            return Err(Refusal::not_found("Invalid Key identifier specified"));
        }
        let (start, end) = (date(request, "startDate")?, date(request, "endDate")?);
        let days: Vec<Date> = start
            .series(jiff::Span::new().days(1))
            .take_while(|day| *day <= end)
            .take(DAYS + 1)
            .collect();
        if days.is_empty() || days.len() > DAYS {
            return Err(Refusal::bad_request("Invalid time interval"));
        }
        let limit = plan.quota.as_ref().map_or(0, |quota| quota.limit).max(0);
        let keys = plan
            .keys
            .iter()
            .filter(|key| one.is_none_or(|one| one == *key));
        let used = keys.filter_map(|key| {
            let used = self.usage.get(&(plan.id.clone(), key.clone()))?;
            let unused = (0, u64::from(limit.unsigned_abs()));
            let day = |day| used.get(day).copied().unwrap_or(unused);
            Some((key.clone(), json!(days.iter().map(day).collect::<Vec<_>>())))
        });
        let (used, position) = page(used, request, self.limits.page);
        let values: BTreeMap<String, Value> = used.into_iter().collect();
        let mut json = json!({
            "usagePlanId": plan.id,
            "startDate": start.to_string(),
            "endDate": end.to_string(),
            "values": values,
        });
        if let Some(position) = position {
            json["position"] = json!(position);
        }
        Ok((200, json))
    }

    /// Changes what is left on the last day that is known.
    pub(crate) fn update_usage(&mut self, plan: &str, key: &str, patches: Patches) -> Answer {
        let found = self.plans.get(plan).ok_or_else(Refusal::no_plan)?;
        if !found.keys.contains(key) {
            return Err(Refusal::not_found("Invalid Key identifier specified"));
        }
        let id = (plan.to_owned(), key.to_owned());
        for patch in &patches.patch_operations {
            if (patch.op.as_str(), patch.path.as_str()) != ("replace", "/remaining") {
                return Err(Refusal::bad_request("Invalid patch operation"));
            }
            let remaining: u64 = patch.value()?;
            self.grants.insert(id.clone(), remaining);
            let days = self.usage.get_mut(&id);
            if let Some(mut last) = days.and_then(|days| days.last_entry()) {
                last.get_mut().1 = remaining;
            }
        }
        Ok((200, json!({ "usagePlanId": plan, "values": {} })))
    }
}

fn date(request: &Request, name: &str) -> Result<Date, Refusal> {
    let date = request.query(name).and_then(|text| text.parse().ok());
    date.ok_or_else(|| Refusal::bad_request(&format!("Invalid {name}")))
}
