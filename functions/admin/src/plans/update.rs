//! `PATCH /v1/plans/{planId}`: changes a plan by a merge patch (RFC 7396).

use axum::extract::State;
use deserr::Deserr;
use http::StatusCode;
use latchkey_domain::{Description, Enforcement, Name, Period, Plan, Quota, Rate, Throttle};

use super::{
    answer,
    fields::{ScopeWord, check, unknown_in_plan, with_stages},
    find, refuse_deleting,
    stages::ApiStages,
    view_of, write,
};
use crate::{
    AdminState,
    answer::Answer,
    body::Body,
    caller::Caller,
    etag::{Preconditions, Revision},
    faults::{Fault, Faults},
    parameters::{NoParameters, Query},
    patch::{Patch, Replace},
    path::PlanPath,
    problem::Problem,
    state::ATTEMPTS,
};

/// What is to be changed. Objects are merged, lists are replaced.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_in_plan)]
pub(crate) struct UpdatePlan {
    #[deserr(default)]
    name: Replace<Name>,
    #[deserr(default)]
    description: Patch<Description>,
    #[deserr(default)]
    throttle: Patch<UpdateThrottle>,
    #[deserr(default)]
    quota: Patch<UpdateQuota>,
    #[deserr(default)]
    api_stages: Patch<ApiStages>,
    #[deserr(default)]
    scope: Replace<ScopeWord>,
    #[deserr(default)]
    enforcement: Replace<Enforcement>,
}

#[derive(Debug, Clone, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
struct UpdateThrottle {
    #[deserr(default)]
    rate_limit: Patch<Rate>,
    #[deserr(default)]
    burst_limit: Patch<u64>,
}

#[derive(Debug, Clone, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
struct UpdateQuota {
    #[deserr(default)]
    limit: Patch<u64>,
    #[deserr(default)]
    period: Patch<Period>,
    #[deserr(default)]
    offset: Patch<u32>,
}

/// # Errors
/// [`Problem::UnknownPlan`]; [`Problem::PlanDeleting`]; [`Problem::Invalid`];
/// [`Problem::StagesInTheWay`] and [`Problem::TooManyKeys`] for other API stages; [`Problem::Changed`].
pub(crate) async fn update(
    State(state): State<AdminState>,
    caller: Caller,
    PlanPath(id): PlanPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    Body(patch): Body<UpdatePlan>,
) -> Result<Answer, Problem> {
    for _ in 0..ATTEMPTS {
        let record = find(&state, &id).await?;
        preconditions.hold_for(&Revision::of_plan(&record.plan))?;
        refuse_deleting(&record.plan)?;
        let after = patch.onto(&state, &record.plan)?;
        if after == record.plan {
            return answer(StatusCode::OK, &after, &view_of(&state, &after).await?);
        }
        if let Some(answer) = write(&state, &caller, &record, after).await? {
            return Ok(answer);
        }
    }
    Err(Problem::Changed)
}

impl UpdatePlan {
    /// The plan after the patch.
    fn onto(&self, state: &AdminState, before: &Plan) -> Result<Plan, Faults> {
        let mut faults = Faults::default();
        let throttle = faults.keep(merged(
            &self.throttle,
            before.throttle,
            UpdateThrottle::onto,
        ));
        let quota = faults.keep(merged(&self.quota, before.quota, UpdateQuota::onto));
        let after = Plan {
            name: self.name.onto(before.name.clone()),
            description: self.description.onto(before.description.clone()),
            throttle: throttle.flatten(),
            quota: quota.flatten(),
            scope: self.scope.onto(ScopeWord(before.scope)).0,
            enforcement: self.enforcement.onto(before.enforcement),
            ..before.clone()
        };
        let stages = match &self.api_stages {
            Patch::Keep => None,
            Patch::Clear => Some(Vec::new()),
            Patch::Set(ApiStages(stages)) => Some(stages.clone()),
        };
        let after = match stages {
            Some(stages) => with_stages(after, stages)?,
            None => after,
        };
        faults.keep(check(state, &after));
        faults.or(after)
    }
}

/// An object's patch is merged into the object that is there.
fn merged<P, T>(
    patch: &Patch<P>,
    before: Option<T>,
    onto: impl FnOnce(&P, Option<T>) -> Result<T, Faults>,
) -> Result<Option<T>, Faults> {
    match patch {
        Patch::Keep => Ok(before),
        Patch::Clear => Ok(None),
        Patch::Set(patch) => onto(patch, before).map(Some),
    }
}

impl UpdateThrottle {
    fn onto(&self, before: Option<Throttle>) -> Result<Throttle, Faults> {
        let rate = self.rate_limit.onto(before.map(|throttle| throttle.rate()));
        let burst = self
            .burst_limit
            .onto(before.and_then(|throttle| throttle.burst_given()));
        let rate = rate.ok_or_else(|| Fault::at("/throttle/rateLimit", "is required"))?;
        Throttle::new(rate, burst)
            .map_err(|invalid| Fault::at("/throttle/burstLimit", invalid.to_sender()).into())
    }
}

impl UpdateQuota {
    fn onto(&self, before: Option<Quota>) -> Result<Quota, Faults> {
        let limit = self.limit.onto(before.map(|quota| quota.limit()));
        let period = self.period.onto(before.map(|quota| quota.period()));
        let (Some(limit), Some(period)) = (limit, period) else {
            let mut faults = Faults::default();
            for (pointer, given) in [
                ("/quota/limit", limit.is_some()),
                ("/quota/period", period.is_some()),
            ] {
                if !given {
                    faults.push(Fault::at(pointer, "is required"));
                }
            }
            return Err(faults);
        };
        let offset = self.offset.onto(before.map(|quota| quota.offset()));
        let quota = Quota::new(limit, period)
            .map_err(|invalid| Fault::at("/quota/limit", invalid.to_sender()))?;
        quota
            .with_offset(offset.unwrap_or(0))
            .map_err(|invalid| Fault::at("/quota/offset", invalid.to_sender()).into())
    }
}
