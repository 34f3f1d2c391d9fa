//! A plan's fields, as both creation and update read them.

use deserr::{Deserr, IntoValue, Map as _, Value, ValueKind, ValuePointerRef};
use latchkey_domain::{
    Enforcement, MethodKey, MethodRule, Period, Plan, PlanError, PlanStage, Quota, Rate, Scope,
    StageSelector, Throttle,
};

use crate::{
    AdminState,
    faults::{Fault, Faults, NOT_YET},
    words::{ApiId, StageName, at_most, broken_rule, text, wrong_kind},
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

fn unknown_in_stage(field: &str, accepted: &[&str], location: ValuePointerRef<'_>) -> Faults {
    Faults::unknown_field(field, accepted, location, &[("units", NOT_YET)])
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

#[derive(Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_in_stage)]
struct StageFields {
    api_id: ApiId,
    stage: StageName,
    /// By `/path/METHOD`.
    #[deserr(default)]
    throttle: MethodThrottles,
}

/// A stage and the throttles of its methods.
struct Stage(StageSelector, Vec<(MethodKey, Throttle)>);

impl Deserr<Faults> for Stage {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let fields = StageFields::deserialize_from_value(value, location)?;
        StageSelector::new(&fields.api_id.0, &fields.stage.0)
            .map(|selector| Self(selector, fields.throttle.0))
            .map_err(|invalid| broken_rule(location.push_key("stage"), &invalid))
    }
}

/// `throttle` of a stage.
#[derive(Default)]
struct MethodThrottles(Vec<(MethodKey, Throttle)>);

impl Deserr<Faults> for MethodThrottles {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let most = Plan::MAX_METHOD_THROTTLES;
        let value = at_most(most, value, location, || {
            format!("a plan may have {most} throttles of methods")
        })?;
        let Value::Map(map) = value else {
            return Err(wrong_kind(value, ValueKind::Map, location));
        };
        let mut faults = Faults::default();
        let mut throttles = Vec::new();
        for (method, value) in map.into_iter() {
            let at = location.push_key(&method);
            let throttle = Throttle::deserialize_from_value(value.into_value(), at);
            let method: Result<MethodKey, _> = method.parse();
            let method = faults.keep(method.map_err(|invalid| broken_rule(at, &invalid)));
            throttles.extend(method.zip(faults.keep(throttle)));
        }
        faults.or(Self(throttles))
    }
}

/// API stages that a plan may have: a bound on what each authorizer keeps of it.
pub(crate) const MAX_API_STAGES: usize = 100;

/// `apiStages`: a list is replaced as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct ApiStages(pub(super) Vec<PlanStage>);

impl Deserr<Faults> for ApiStages {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(MAX_API_STAGES, value, location, || {
            format!("a plan may have {MAX_API_STAGES} API stages")
        })?;
        let stages = Vec::<Stage>::deserialize_from_value(value, location)?;
        let throttles: usize = stages
            .iter()
            .map(|Stage(_, throttles)| throttles.len())
            .sum();
        if throttles > Plan::MAX_METHOD_THROTTLES {
            let most = Plan::MAX_METHOD_THROTTLES;
            let detail =
                format!("a plan may have {most} throttles of methods, all stages together");
            return Err(Faults::at(location, detail));
        }
        // Where API Gateway counts, Latchkey keeps no bucket: its number says nothing.
        let mut bucket = 1..=u8::MAX;
        let mut rule = |(method, throttle)| MethodRule {
            method,
            throttle: bucket.next().map(|number| (number, throttle)),
            units: None,
        };
        let mut stage = |Stage(selector, throttles)| PlanStage {
            selector,
            methods: throttles.into_iter().map(&mut rule).collect(),
        };
        Ok(Self(stages.into_iter().map(&mut stage).collect()))
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
            "customer" => Err(Faults::at(
                location,
                format!("customer: {NOT_YET}, only key"),
            )),
            _ => Err(Faults::at(location, "must be key")),
        }
    }
}

/// What no single field of the plan can tell.
///
/// # Errors
/// Where two of its stages cover the same call, and where it says what only API Gateway's own
/// plans hold, or what they cannot. What it said `before` may stand.
pub(super) fn check(state: &AdminState, plan: &Plan, before: Option<&Plan>) -> Result<(), Faults> {
    let mut faults = Faults::default();
    let overlap = |error: PlanError| Fault::at("/apiStages", error.to_string()).into();
    faults.keep(plan.check().map_err(overlap));
    faults.keep(state.check_native(plan));
    if plan.enforcement == Enforcement::DynamoDb {
        if plan.quota.is_some_and(|quota| quota.offset() > 0) {
            const DETAIL: &str = "is only passed on to API Gateway: it belongs to a plan with enforcement apiGateway";
            faults.push(Fault::at("/quota/offset", DETAIL));
        }
        // An adopted plan may have throttles of methods.
        let kept = before.is_some_and(|before| before.stages == plan.stages);
        for (at, stage) in plan.stages.iter().enumerate().filter(|_| !kept) {
            if !stage.methods.is_empty() {
                let detail = format!("with enforcement dynamodb: {NOT_YET}");
                faults.push(Fault::at(format!("/apiStages/{at}/throttle"), detail));
            }
        }
    }
    faults.or(())
}
