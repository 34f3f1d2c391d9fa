//! A plan's fields, as both creation and update read them.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use latchkey_domain::{
    Enforcement, Period, Plan, PlanError, Quota, Rate, Scope, StageTerms, Throttle, UnitsBound,
};

use crate::{
    AdminState,
    faults::{Fault, Faults, shown, within},
    words::{broken_rule, text},
};

/// Fields that people may try beside those of a plan, and what to do instead.
pub(super) fn unknown_in_plan(
    field: &str,
    accepted: &[&str],
    location: ValuePointerRef<'_>,
) -> Faults {
    const READ_ONLY: &str = "is Latchkey's to set: leave it out";
    const ELSEWHERE: [(&str, &str); 9] = [
        ("id", READ_ONLY),
        ("createdDate", READ_ONLY),
        ("lastUpdatedDate", READ_ONLY),
        ("apiGateway", READ_ONLY),
        ("rateLimit", "belongs in throttle"),
        ("burstLimit", "belongs in throttle"),
        ("limit", "belongs in quota"),
        ("period", "belongs in quota"),
        ("offset", "belongs in quota"),
    ];
    Faults::unknown_field(field, accepted, location, &ELSEWHERE)
}

#[derive(Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
struct ThrottleFields {
    rate_limit: Rate,
    #[deserr(default)]
    burst_limit: Option<u64>,
}

impl Deserr<Faults> for Throttle {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let fields = ThrottleFields::deserialize_from_value(value, location)?;
        Self::new(fields.rate_limit, fields.burst_limit)
            .map_err(|invalid| broken_rule(location.push_key("burstLimit"), &invalid))
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
struct QuotaFields {
    limit: u64,
    period: Period,
    #[deserr(default)]
    offset: u32,
}

impl Deserr<Faults> for Quota {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let fields = QuotaFields::deserialize_from_value(value, location)?;
        Self::new(fields.limit, fields.period)
            .map_err(|invalid| broken_rule(location.push_key("limit"), &invalid))?
            .with_offset(fields.offset)
            .map_err(|invalid| broken_rule(location.push_key("offset"), &invalid))
    }
}

/// `scope`: whose allowance it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScopeWord(pub(super) Scope);

impl Deserr<Faults> for ScopeWord {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match text(value, location)?.as_str() {
            "key" => Ok(Self(Scope::Key)),
            "customer" => Ok(Self(Scope::Customer)),
            _ => Err(Faults::at(location, "must be key or customer")),
        }
    }
}

/// The plan with other API stages.
///
/// # Errors
/// Where no number is left for another method's bucket.
pub(super) fn with_stages(mut plan: Plan, stages: Vec<StageTerms>) -> Result<Plan, Faults> {
    plan.set_stages(stages)
        .map_err(|used_up| Fault::at("/apiStages", used_up.to_string()))?;
    Ok(plan)
}

/// What no single field of the plan can tell.
///
/// # Errors
/// Where two of its stages cover the same call, where a method costs more than there ever is at
/// once, and where it says what only API Gateway's own plans hold, or what they cannot.
pub(super) fn check(state: &AdminState, plan: &Plan) -> Result<(), Faults> {
    let mut faults = Faults::default();
    faults.keep(check_terms(plan));
    faults.keep(state.check_native(plan));
    faults.or(())
}

/// What no single field of the plan can tell, whoever counts it.
///
/// # Errors
/// Where two of its stages cover the same call, where a method costs more than there ever is at
/// once, and where it says what only API Gateway's own plans hold.
pub(crate) fn check_terms(plan: &Plan) -> Result<(), Faults> {
    let mut faults = Faults::default();
    let overlap = |error: PlanError| Fault::at("/apiStages", error.to_string()).into();
    faults.keep(plan.check().map_err(overlap));
    for dear in plan.too_dear() {
        let units = format!("/apiStages/{}/units", dear.stage);
        let pointer = within(&units, &dear.method.to_string());
        let bound = bound(&dear.bound);
        let detail = format!("is more than {bound}, so that no such call would ever pass");
        faults.push(Fault::at(pointer, detail));
    }
    let offset = plan.quota.map_or(0, |quota| quota.offset());
    if plan.enforcement == Enforcement::DynamoDb && offset > 0 {
        const DETAIL: &str =
            "is only passed on to API Gateway: it belongs to a plan with enforcement apiGateway";
        faults.push(Fault::at("/quota/offset", DETAIL));
    }
    faults.or(())
}

fn bound(bound: &UnitsBound) -> String {
    match bound {
        UnitsBound::Quota(limit) => format!("the quota's limit ({limit})"),
        UnitsBound::Plan(burst) => format!("the burst of the plan's throttle ({burst})"),
        UnitsBound::Method { method, burst } => {
            let method = shown(&method.to_string());
            format!("the burst of the throttle of {method} ({burst})")
        }
    }
}
