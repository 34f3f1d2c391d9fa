//! What API Gateway's own usage plan is to say.

use std::collections::BTreeMap;

use latchkey_domain::{MethodRule, Period, Plan, Scope, Throttle};

use crate::NotNative;

/// A usage plan in API Gateway's own terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NativePlan {
    /// Its name.
    pub name: String,
    /// What it is for; empty for nothing.
    pub description: String,
    /// How fast each of its keys may call.
    pub throttle: Option<NativeThrottle>,
    /// How much.
    pub quota: Option<NativeQuota>,
    /// Its stages as `apiId:stage`, each with the throttles of methods, `/path/METHOD`. AWS
    /// allows 20 of them a stage unless that quota is raised.
    pub stages: BTreeMap<String, BTreeMap<String, NativeThrottle>>,
}

/// A rate in requests per second, and a burst in requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NativeThrottle {
    /// `rateLimit`.
    pub rate: f64,
    /// `burstLimit`.
    pub burst: i32,
}

/// A quota. What `offset` means is contested (AWS's pages and the checks of tools differ), so
/// it is passed on as it was given and nothing is promised of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeQuota {
    /// `limit`, in requests.
    pub limit: i32,
    /// `offset`.
    pub offset: i32,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: Period,
}

impl NativePlan {
    /// The native plan that says the same as `plan`.
    ///
    /// # Errors
    /// All that it cannot say, in the order of the plan's fields.
    pub fn of(plan: &Plan) -> Result<Self, Vec<NotNative>> {
        let mut problems = Vec::new();
        let throttle = plan.throttle.and_then(|throttle| {
            let native = native_throttle(&throttle);
            native.or_else(|| {
                problems.push(NotNative::Burst { of: None });
                None
            })
        });
        let quota = native_quota(plan, &mut problems);
        let stages = native_stages(plan, &mut problems);
        if plan.scope != Scope::Key {
            problems.push(NotNative::Scope);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let description = plan.description.as_ref().map(|text| text.as_str());
        Ok(Self {
            name: plan.name.as_str().to_owned(),
            description: description.unwrap_or_default().to_owned(),
            throttle,
            quota,
            stages,
        })
    }
}

fn native_quota(plan: &Plan, problems: &mut Vec<NotNative>) -> Option<NativeQuota> {
    let quota = plan.quota?;
    if matches!(quota.period(), Period::Hour | Period::Lifetime) {
        problems.push(NotNative::Period);
    }
    let Ok(limit) = i32::try_from(quota.limit()) else {
        problems.push(NotNative::Limit);
        return None;
    };
    Some(NativeQuota {
        limit,
        offset: i32::try_from(quota.offset()).unwrap_or(i32::MAX),
        period: quota.period(),
    })
}

fn native_stages(
    plan: &Plan,
    problems: &mut Vec<NotNative>,
) -> BTreeMap<String, BTreeMap<String, NativeThrottle>> {
    let mut stages = BTreeMap::new();
    for (at, stage) in plan.stages.iter().enumerate() {
        if stage.selector.api_id() == "*" || stage.selector.stage() == "*" {
            problems.push(NotNative::EveryStage { stage: at });
        }
        let mut throttles = BTreeMap::new();
        for rule in &stage.methods {
            match native_method(at, rule) {
                Ok(Some((method, throttle))) => drop(throttles.insert(method, throttle)),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        let mut units = stage.methods.iter().filter_map(|rule| rule.units);
        if units.any(|units| units != 1) {
            problems.push(NotNative::Units { stage: at });
        }
        stages.insert(stage.selector.to_string(), throttles);
    }
    stages
}

/// The method's own throttle, if it has one.
fn native_method(
    stage: usize,
    rule: &MethodRule,
) -> Result<Option<(String, NativeThrottle)>, NotNative> {
    let Some((_, throttle)) = rule.throttle else {
        return Ok(None);
    };
    let method = rule.method.to_string();
    if method.contains('*') {
        return Err(NotNative::Methods { stage, method });
    }
    match native_throttle(&throttle) {
        Some(native) => Ok(Some((method, native))),
        None => Err(NotNative::Burst {
            of: Some((stage, method)),
        }),
    }
}

fn native_throttle(throttle: &Throttle) -> Option<NativeThrottle> {
    Some(NativeThrottle {
        rate: throttle.rate().as_f64(),
        burst: i32::try_from(throttle.burst()).ok()?,
    })
}
