//! `POST /v1/plans`: makes a usage plan.

use axum::extract::State;
use deserr::Deserr;
use http::StatusCode;
use jiff::Timestamp;
use latchkey_domain::{Description, Enforcement, Name, Plan, PlanId, Quota, Throttle};
use latchkey_store::Lost;

use super::{
    answer, brought_in_step,
    fields::{ApiStages, ScopeWord, check, unknown_in_plan},
    view::PlanView,
};
use crate::{
    AdminState,
    answer::Answer,
    body::Body,
    caller::Caller,
    faults::Faults,
    idempotency::Once,
    parameters::{NoParameters, Query},
    problem::Problem,
    state::ATTEMPTS,
};

/// A plan as its owner describes it.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_in_plan)]
pub(crate) struct CreatePlan {
    name: Name,
    #[deserr(default)]
    description: Option<Description>,
    #[deserr(default)]
    throttle: Option<Throttle>,
    #[deserr(default)]
    quota: Option<Quota>,
    /// Absent and empty are the same: the plan covers nothing.
    #[deserr(default)]
    api_stages: Option<ApiStages>,
    #[deserr(default)]
    scope: Option<ScopeWord>,
    #[deserr(default)]
    enforcement: Option<Enforcement>,
}

impl CreatePlan {
    /// The plan of this id, made at `at`.
    ///
    /// # Errors
    /// What no single field can tell.
    pub(super) fn plan(
        self,
        state: &AdminState,
        id: PlanId,
        at: Timestamp,
    ) -> Result<Plan, Faults> {
        let plan = Plan {
            description: self.description,
            throttle: self.throttle,
            quota: self.quota,
            stages: self.api_stages.unwrap_or_default().0,
            scope: self.scope.map(|word| word.0).unwrap_or_default(),
            enforcement: self.enforcement.unwrap_or_default(),
            ..Plan::new(id, self.name, at)
        };
        check(state, &plan, None)?;
        Ok(plan)
    }
}

/// # Errors
/// [`Problem::Invalid`].
pub(crate) async fn create(
    State(state): State<AdminState>,
    caller: Caller,
    once: Once,
    Query(NoParameters): Query<NoParameters>,
    Body(fields): Body<CreatePlan>,
) -> Result<Answer, Problem> {
    let change = state.change_by(&caller)?;
    let mut plan = fields.plan(&state, PlanId::generate(state.random.bytes()?), change.at)?;
    for _ in 0..ATTEMPTS {
        let change = once.keep(
            change.clone(),
            &created(&plan, &PlanView::new(&plan, None))?,
        )?;
        match state.store.create_plan(&plan, &change).await {
            Ok(()) => return created(&plan, &brought_in_step(&state, &plan).await?),
            Err(Lost::Condition(_)) => plan.id = PlanId::generate(state.random.bytes()?),
            Err(Lost::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}

fn created(plan: &Plan, view: &PlanView) -> Result<Answer, Problem> {
    let location = format!("plans/{}", plan.id);
    Ok(answer(StatusCode::CREATED, plan, view)?.at(location))
}
