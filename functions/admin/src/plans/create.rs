//! `POST /v1/plans`: makes a usage plan.

use axum::extract::State;
use deserr::Deserr;
use http::StatusCode;
use jiff::Timestamp;
use latchkey_domain::{Description, Enforcement, Name, Plan, PlanId, Quota, Throttle};
use latchkey_store::Lost;

use super::{
    answer, brought_in_step,
    fields::{ScopeWord, check, unknown_in_plan, with_stages},
    stages::ApiStages,
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
    /// The plan as it is described, in the place of `before`: a new plan, or one that is there.
    ///
    /// # Errors
    /// What no single field can tell.
    pub(super) fn onto(&self, state: &AdminState, before: Plan) -> Result<Plan, Faults> {
        let plan = self.described(before)?;
        check(state, &plan)?;
        Ok(plan)
    }

    /// The same, unchecked.
    ///
    /// # Errors
    /// Where no number is left for another method's bucket.
    pub(crate) fn described(&self, before: Plan) -> Result<Plan, Faults> {
        let plan = Plan {
            name: self.name.clone(),
            description: self.description.clone(),
            throttle: self.throttle,
            quota: self.quota,
            scope: self.scope.map(|word| word.0).unwrap_or_default(),
            enforcement: self.enforcement.unwrap_or_default(),
            ..before
        };
        with_stages(plan, self.api_stages.clone().unwrap_or_default().0)
    }

    pub(crate) fn name(&self) -> Name {
        self.name.clone()
    }

    /// The plan of this id, made at `at`.
    ///
    /// # Errors
    /// What no single field can tell.
    pub(super) fn plan(
        &self,
        state: &AdminState,
        id: PlanId,
        at: Timestamp,
    ) -> Result<Plan, Faults> {
        self.onto(state, Plan::new(id, self.name.clone(), at))
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
