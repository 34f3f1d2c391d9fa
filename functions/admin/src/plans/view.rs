//! A plan as it is answered.

use std::collections::BTreeMap;

use latchkey_domain::{Plan, PlanStage, Quota, Rate, Scope, Throttle};
use latchkey_store::Native;
use serde::Serialize;
use serde_json::Number;

use crate::{
    api_gateway::{NativePlanView, is_native},
    moment::Moment,
};

/// A plan. What it does not have is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttle: Option<ThrottleView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaView>,
    api_stages: Vec<StageView>,
    scope: &'static str,
    enforcement: &'static str,
    /// What API Gateway has of it, where it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_gateway: Option<NativePlanView>,
    /// Told while it is being deleted: it covers nothing, and its keys are taken off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleting: bool,
    created_date: Moment,
    last_updated_date: Moment,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleView {
    rate_limit: Number,
    /// As it was given: without one it is the rate, rounded up.
    #[serde(skip_serializing_if = "Option::is_none")]
    burst_limit: Option<u64>,
}

#[derive(Debug, Serialize)]
struct QuotaView {
    limit: u64,
    period: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    offset: u32,
}

fn is_zero(offset: &u32) -> bool {
    *offset == 0
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StageView {
    api_id: String,
    stage: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    throttle: BTreeMap<String, ThrottleView>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    units: BTreeMap<String, u64>,
}

impl PlanView {
    pub(crate) fn new(plan: &Plan, native: Option<&Native>) -> Self {
        Self {
            id: plan.id.to_string(),
            name: plan.name.as_str().to_owned(),
            description: plan
                .description
                .as_ref()
                .map(|text| text.as_str().to_owned()),
            throttle: plan.throttle.as_ref().map(ThrottleView::from),
            quota: plan.quota.as_ref().map(QuotaView::from),
            api_stages: plan.stages.iter().map(StageView::from).collect(),
            scope: match plan.scope {
                Scope::Key => "key",
                Scope::Customer => "customer",
            },
            enforcement: plan.enforcement.as_str(),
            api_gateway: native.filter(|_| is_native(plan)).map(NativePlanView::from),
            deleting: plan.deleting,
            created_date: Moment(plan.created),
            last_updated_date: Moment(plan.updated),
        }
    }
}

impl From<&Throttle> for ThrottleView {
    fn from(throttle: &Throttle) -> Self {
        Self {
            rate_limit: as_number(throttle.rate()),
            burst_limit: throttle.burst_given(),
        }
    }
}

/// The decimal number that was given: a whole one without a fraction of zero.
fn as_number(rate: Rate) -> Number {
    let whole = rate.to_string().parse::<u64>().map(Number::from).ok();
    whole
        .or_else(|| Number::from_f64(rate.as_f64()))
        .unwrap_or_else(|| Number::from(rate.ceil()))
}

impl From<&Quota> for QuotaView {
    fn from(quota: &Quota) -> Self {
        Self {
            limit: quota.limit(),
            period: quota.period().as_str(),
            offset: quota.offset(),
        }
    }
}

impl From<&PlanStage> for StageView {
    fn from(stage: &PlanStage) -> Self {
        let methods = || stage.methods.iter();
        let throttle = methods()
            .filter_map(|rule| Some((rule.method.to_string(), (&rule.throttle?.1).into())));
        let units = methods().filter_map(|rule| Some((rule.method.to_string(), rule.units?)));
        Self {
            api_id: stage.selector.api_id().to_owned(),
            stage: stage.selector.stage().to_owned(),
            throttle: throttle.collect(),
            units: units.collect(),
        }
    }
}
