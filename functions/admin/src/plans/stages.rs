//! `apiStages` of a plan: which stages, and which of their methods have a throttle of their own
//! or cost several units.

use deserr::{Deserr, IntoValue, Map as _, Value, ValueKind, ValuePointerRef};
use latchkey_domain::{
    MethodKey, MethodRule, MethodTerms, Plan, StageSelector, StageTerms, Throttle,
};

use crate::{
    faults::{Faults, shown},
    words::{ApiId, StageName, at_most, broken_rule, wrong_kind},
};

/// API stages that a plan may have: a bound on what each authorizer keeps of it.
pub(crate) const MAX_API_STAGES: usize = 100;

#[derive(Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
struct StageFields {
    api_id: ApiId,
    stage: StageName,
    #[deserr(default)]
    throttle: ByMethod<Throttle>,
    #[deserr(default)]
    units: ByMethod<Units>,
}

/// A stage as it is read.
struct Stage(StageTerms);

impl Deserr<Faults> for Stage {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let fields = StageFields::deserialize_from_value(value, location)?;
        let selector = StageSelector::new(&fields.api_id.0, &fields.stage.0);
        let mut faults = Faults::default();
        let selector = faults
            .keep(selector.map_err(|invalid| broken_rule(location.push_key("stage"), &invalid)));
        let methods = methods(fields.throttle, fields.units, location.push_key("units"));
        let (selector, methods) = match (selector, faults.keep(methods)) {
            (Some(selector), Some(methods)) => (selector, methods),
            _ => return Err(faults),
        };
        Ok(Self(StageTerms { selector, methods }))
    }
}

/// The methods that are named, each once.
///
/// # Errors
/// Where `units` writes a method otherwise than `throttle` does.
fn methods(
    throttle: ByMethod<Throttle>,
    units: ByMethod<Units>,
    in_units: ValuePointerRef<'_>,
) -> Result<Vec<MethodTerms>, Faults> {
    let mut faults = Faults::default();
    let throttled = |(method, throttle)| MethodTerms {
        method,
        throttle: Some(throttle),
        units: None,
    };
    let mut methods: Vec<MethodTerms> = throttle.0.into_iter().map(throttled).collect();
    for (method, Units(units)) in units.0 {
        let known = methods
            .iter_mut()
            .find(|known| known.method.is_same(&method));
        match known {
            Some(known) if known.method == method => known.units = Some(units),
            Some(known) => {
                let text = method.to_string();
                faults.push_at(in_units.push_key(&text), same_as(&known.method));
            }
            None => methods.push(MethodTerms {
                method,
                throttle: None,
                units: Some(units),
            }),
        }
    }
    faults.or(methods)
}

fn same_as(method: &MethodKey) -> String {
    let method = shown(&method.to_string());
    format!("is the same method as {method}: write it in one way, once")
}

/// Something for each of some methods, by `/path/METHOD`.
struct ByMethod<T>(Vec<(MethodKey, T)>);

impl<T> Default for ByMethod<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for ByMethod<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(Plan::MAX_METHODS, value, location, too_many)?;
        let Value::Map(map) = value else {
            return Err(wrong_kind(value, ValueKind::Map, location));
        };
        let mut faults = Faults::default();
        let mut methods: Vec<(MethodKey, T)> = Vec::new();
        for (method, value) in map.into_iter() {
            let at = location.push_key(&method);
            let value = faults.keep(T::deserialize_from_value(value.into_value(), at));
            let method: Result<MethodKey, _> = method.parse();
            let method = faults.keep(method.map_err(|invalid| broken_rule(at, &invalid)));
            let Some((method, value)) = method.zip(value) else {
                continue;
            };
            match methods.iter().find(|(known, _)| known.is_same(&method)) {
                Some((known, _)) => faults.push_at(at, same_as(known)),
                None => methods.push((method, value)),
            }
        }
        faults.or(Self(methods))
    }
}

fn too_many() -> String {
    let most = Plan::MAX_METHODS;
    format!("a plan may have {most} methods with throttle or units, all stages together")
}

/// What a call costs.
struct Units(u64);

impl Deserr<Faults> for Units {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let units = <u64 as Deserr<Faults>>::deserialize_from_value(value, location)?;
        if (1..=MethodRule::MAX_UNITS).contains(&units) {
            return Ok(Self(units));
        }
        let most = MethodRule::MAX_UNITS;
        let detail = format!("must be a whole number from 1 to {most}, the highest burst");
        Err(Faults::at(location, detail))
    }
}

/// `apiStages`: a list is replaced as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct ApiStages(pub(super) Vec<StageTerms>);

impl Deserr<Faults> for ApiStages {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(MAX_API_STAGES, value, location, || {
            format!("a plan may have {MAX_API_STAGES} API stages")
        })?;
        let stages = Vec::<Stage>::deserialize_from_value(value, location)?;
        let methods: usize = stages.iter().map(|Stage(terms)| terms.methods.len()).sum();
        if methods > Plan::MAX_METHODS {
            return Err(Faults::at(location, too_many()));
        }
        Ok(Self(stages.into_iter().map(|Stage(terms)| terms).collect()))
    }
}
