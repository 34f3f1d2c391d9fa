//! Patch operations, as API Gateway's table of them has it.

use serde::Deserialize;

use crate::{FakeKey, FakePlan, FakeQuota, FakeThrottle, refusal::Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patches {
    #[serde(default)]
    pub(crate) patch_operations: Vec<Patch>,
}

#[derive(Deserialize)]
pub(crate) struct Patch {
    pub(crate) op: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) value: Option<String>,
}

impl Patch {
    fn unknown(&self) -> Refusal {
        Refusal::bad_request(&format!(
            "Invalid patch operation {} {}",
            self.op, self.path
        ))
    }

    /// The value, read.
    pub(crate) fn value<T: std::str::FromStr>(&self) -> Result<T, Refusal> {
        let value = self.value.as_deref().and_then(|value| value.parse().ok());
        value.ok_or_else(|| Refusal::bad_request(&format!("Invalid value for {}", self.path)))
    }
}

/// Applies an operation to a plan. Whether a stage that is added exists is for the caller.
pub(crate) fn patch_plan(plan: &mut FakePlan, patch: &Patch) -> Result<(), Refusal> {
    let path: Vec<String> = patch.path.split('/').skip(1).map(unescaped).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (patch.op.as_str(), path.as_slice()) {
        ("replace", ["name"]) => plan.name = patch.value()?,
        ("replace", ["description"]) => plan.description = Some(patch.value()?),
        ("remove", ["throttle"]) => plan.throttle = None,
        ("replace", ["throttle", member]) => {
            patch_throttle(plan.throttle.get_or_insert_default(), member, patch)?;
        }
        ("remove", ["quota"]) => plan.quota = None,
        ("replace", ["quota", member]) => {
            patch_quota(plan.quota.get_or_insert_default(), member, patch)?;
        }
        ("add", ["apiStages"]) => {
            let stage: String = patch.value()?;
            if plan.stages.contains_key(&stage) {
                let text = format!("API Stage {stage} is on the usage plan already");
                return Err(Refusal::conflict(&text));
            }
            plan.stages.insert(stage, Default::default());
        }
        ("remove", ["apiStages"]) => {
            let stage: String = patch.value()?;
            let removed = plan.stages.remove(&stage);
            removed.ok_or_else(|| no_stage(&stage))?;
        }
        (op, ["apiStages", stage, "throttle", path, verb, rest @ ..]) => {
            let throttles = plan.stages.get_mut(*stage);
            let throttles = throttles.ok_or_else(|| no_stage(stage))?;
            let method = format!("{path}/{verb}");
            match (op, rest) {
                ("remove", []) => {
                    throttles.remove(&method);
                }
                ("replace", [member]) => {
                    patch_throttle(throttles.entry(method).or_default(), member, patch)?;
                }
                _ => return Err(patch.unknown()),
            }
        }
        _ => return Err(patch.unknown()),
    }
    Ok(())
}

fn patch_throttle(throttle: &mut FakeThrottle, member: &str, patch: &Patch) -> Result<(), Refusal> {
    match member {
        "rateLimit" => throttle.rate_limit = patch.value()?,
        "burstLimit" => throttle.burst_limit = patch.value()?,
        _ => return Err(patch.unknown()),
    }
    Ok(())
}

fn patch_quota(quota: &mut FakeQuota, member: &str, patch: &Patch) -> Result<(), Refusal> {
    match member {
        "limit" => quota.limit = patch.value()?,
        "offset" => quota.offset = patch.value()?,
        "period" => quota.period = patch.value()?,
        _ => return Err(patch.unknown()),
    }
    Ok(())
}

/// Applies an operation to a key.
pub(crate) fn patch_key(key: &mut FakeKey, patch: &Patch) -> Result<(), Refusal> {
    match (patch.op.as_str(), patch.path.as_str()) {
        ("replace", "/name") => key.name = patch.value()?,
        ("replace", "/description") => key.description = Some(patch.value()?),
        ("replace", "/enabled") => key.enabled = patch.value()?,
        ("replace", "/customerId") => key.customer_id = Some(patch.value()?),
        _ => return Err(patch.unknown()),
    }
    Ok(())
}

fn no_stage(stage: &str) -> Refusal {
    Refusal::not_found(&format!("API Stage not found: {stage}"))
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}
