//! API Gateway's usage plans and keys in Latchkey's own terms, or why they have none. What is
//! taken over says exactly what was there, so that nothing is to be changed at API Gateway.

use jiff::Timestamp;
use latchkey_domain::{
    CustomerId, Enforcement, Invalid, Key, KeyValue, MethodTerms, Name, NativeKeyValue, Plan,
    Quota, Rate, StageSelector, StageTerms, Throttle,
};
use latchkey_gateway::{FoundKey, FoundPlan, NativePlan, NativeQuota, NativeThrottle};

use crate::plans::MAX_API_STAGES;

/// Why something cannot be taken over.
pub(super) type Reason = String;

pub(super) fn invalid(invalid: Invalid) -> Reason {
    invalid.to_sender()
}

/// A usage plan as a plan of the same id.
///
/// # Errors
/// What of it Latchkey cannot keep, or not with this enforcement.
pub(super) fn plan(
    found: &FoundPlan,
    enforcement: Enforcement,
    at: Timestamp,
) -> Result<Plan, Reason> {
    let native = &found.plan;
    let id = found.id.as_str().parse().map_err(invalid)?;
    let name = native.name.parse().map_err(invalid)?;
    let description = Some(&native.description).filter(|text| !text.is_empty());
    let description = description.map(|text| text.parse().map_err(invalid));
    let mut plan = Plan {
        description: description.transpose()?,
        throttle: native.throttle.as_ref().map(throttle).transpose()?,
        quota: native.quota.as_ref().map(quota).transpose()?,
        enforcement,
        ..Plan::new(id, name, at)
    };
    plan.set_stages(stages(native)?)
        .map_err(|used_up| used_up.to_string())?;
    match NativePlan::of(&plan) {
        Ok(same) if same == *native => {}
        Ok(_) => return Err("it says more than Latchkey could put back there".to_owned()),
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Err(problems.join("; "));
        }
    }
    if enforcement == Enforcement::DynamoDb {
        counted_here(&plan)?;
    }
    Ok(plan)
}

/// Whether Latchkey could count the plan as API Gateway does.
///
/// # Errors
/// Why not.
pub(super) fn counted_here(plan: &Plan) -> Result<(), Reason> {
    if plan.quota.is_some_and(|quota| quota.offset() != 0) {
        return Err("its quota has an offset, which only API Gateway counts by".to_owned());
    }
    Ok(())
}

fn throttle(native: &NativeThrottle) -> Result<Throttle, Reason> {
    let rate = Rate::try_from(native.rate).map_err(invalid)?;
    let burst = u64::try_from(native.burst).map_err(|_| "its burstLimit is below 0".to_owned())?;
    Throttle::new(rate, Some(burst)).map_err(invalid)
}

fn quota(native: &NativeQuota) -> Result<Quota, Reason> {
    let limit = u64::try_from(native.limit).map_err(|_| "its quota is below 0".to_owned())?;
    let offset = u32::try_from(native.offset).map_err(|_| "its offset is below 0".to_owned())?;
    let quota = Quota::new(limit, native.period).map_err(invalid)?;
    quota.with_offset(offset).map_err(invalid)
}

fn stages(native: &NativePlan) -> Result<Vec<StageTerms>, Reason> {
    if native.stages.len() > MAX_API_STAGES {
        return Err(format!("a plan may have {MAX_API_STAGES} API stages"));
    }
    let throttles: usize = native.stages.values().map(|methods| methods.len()).sum();
    if throttles > Plan::MAX_METHODS {
        let most = Plan::MAX_METHODS;
        return Err(format!(
            "a plan may have {most} throttles of methods, all stages together"
        ));
    }
    let mut stages = Vec::new();
    for (stage, throttles) in &native.stages {
        let (api_id, name) = stage.split_once(':').unwrap_or((stage, ""));
        let mut methods = Vec::new();
        for (method, own) in throttles {
            methods.push(MethodTerms {
                method: method.parse().map_err(invalid)?,
                throttle: Some(throttle(own)?),
                units: None,
            });
        }
        stages.push(StageTerms {
            selector: StageSelector::new(api_id, name).map_err(invalid)?,
            methods,
        });
    }
    Ok(stages)
}

/// An API key as a key of its value. Of the value the hash is kept, and the last 4 characters.
///
/// # Errors
/// What of it Latchkey cannot keep. Never repeats the value.
pub(super) fn key(found: &FoundKey, at: Timestamp) -> Result<Key, Reason> {
    let value = found.value.as_ref();
    let value = value.ok_or_else(|| "API Gateway does not tell its value".to_owned())?;
    let value = KeyValue::custom(value.reveal()).map_err(|error| error.to_string())?;
    if tells_its_value(found) {
        return Err("its name, description or customerId holds its value".to_owned());
    }
    let name = Some(&found.name).filter(|name| !name.is_empty());
    let name = name.map(|name| name.parse::<Name>().map_err(invalid));
    let customer_id = found.customer_id.as_ref();
    let customer_id = customer_id.map(|id| id.parse::<CustomerId>().map_err(invalid));
    let description = found.description.as_ref();
    let description = description.map(|text| text.parse().map_err(invalid));
    let key = Key {
        name: name.transpose()?,
        description: description.transpose()?,
        customer_id: customer_id.transpose()?,
        enabled: found.enabled,
        native_value: NativeKeyValue::Header,
        ..Key::new(&value, at)
    };
    key.check().map_err(invalid)?;
    Ok(key)
}

/// Whether a text of the key, which tables and answers would repeat, holds its value.
pub(super) fn tells_its_value(found: &FoundKey) -> bool {
    let Some(value) = &found.value else {
        return false;
    };
    let texts = [
        Some(&found.name),
        found.description.as_ref(),
        found.customer_id.as_ref(),
    ];
    let mut texts = texts.into_iter().flatten();
    texts.any(|text| text.contains(value.reveal()))
}
