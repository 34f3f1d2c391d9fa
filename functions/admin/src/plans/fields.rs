//! A plan's fields, as both creation and update read them.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use latchkey_domain::{Period, Plan, PlanStage, Quota, Rate, Scope, StageSelector, Throttle};

use crate::{
    faults::{Fault, Faults, NOT_YET},
    words::{ApiId, StageName, at_most, broken_rule, text},
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
        ("apiGateway", NOT_YET),
        ("rateLimit", "belongs in throttle"),
        ("burstLimit", "belongs in throttle"),
        ("limit", "belongs in quota"),
        ("period", "belongs in quota"),
        ("offset", NOT_YET),
    ];
    Faults::unknown_field(field, accepted, location, &ELSEWHERE)
}

pub(super) fn unknown_in_quota(
    field: &str,
    accepted: &[&str],
    location: ValuePointerRef<'_>,
) -> Faults {
    Faults::unknown_field(field, accepted, location, &[("offset", NOT_YET)])
}

fn unknown_in_stage(field: &str, accepted: &[&str], location: ValuePointerRef<'_>) -> Faults {
    let later = [("throttle", NOT_YET), ("units", NOT_YET)];
    Faults::unknown_field(field, accepted, location, &later)
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
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_in_quota)]
struct QuotaFields {
    limit: u64,
    period: Period,
}

impl Deserr<Faults> for Quota {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let fields = QuotaFields::deserialize_from_value(value, location)?;
        Self::new(fields.limit, fields.period)
            .map_err(|invalid| broken_rule(location.push_key("limit"), &invalid))
    }
}

#[derive(Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_in_stage)]
struct StageFields {
    api_id: ApiId,
    stage: StageName,
}

impl Deserr<Faults> for StageSelector {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let fields = StageFields::deserialize_from_value(value, location)?;
        Self::new(&fields.api_id.0, &fields.stage.0)
            .map_err(|invalid| broken_rule(location.push_key("stage"), &invalid))
    }
}

/// API stages that a plan may have: a bound on what each authorizer keeps of it.
const MAX_API_STAGES: usize = 100;

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
        let selectors = Vec::<StageSelector>::deserialize_from_value(value, location)?;
        let stage = |selector| PlanStage {
            selector,
            methods: Vec::new(),
        };
        Ok(Self(selectors.into_iter().map(stage).collect()))
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

/// `enforcement`: who counts. So far always DynamoDB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Enforcement;

impl Enforcement {
    pub(super) const DYNAMODB: &'static str = "dynamodb";
}

impl Deserr<Faults> for Enforcement {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match text(value, location)?.as_str() {
            Self::DYNAMODB => Ok(Self),
            "apiGateway" => Err(Faults::at(
                location,
                format!("apiGateway: {NOT_YET}, only dynamodb"),
            )),
            _ => Err(Faults::at(location, "must be dynamodb")),
        }
    }
}

/// What no single field of the plan can tell.
///
/// # Errors
/// Where two of its stages cover the same call.
pub(super) fn check(plan: &Plan) -> Result<(), Faults> {
    plan.check()
        .map_err(|error| Fault::at("/apiStages", error.to_string()).into())
}
