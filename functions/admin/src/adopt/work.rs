//! The work of one request: what it is done with, and when it stops.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{Day, Enforcement, KeyId, Nanos, Period, Plan, PlanId};
use latchkey_gateway::{Gateway, GatewayError, KeySource};
use latchkey_store::{Change, Lost, StoreError};
use tokio::time::Instant;

use super::{
    report::Report,
    request::{How, Place},
};
use crate::{AdminState, caller::Caller, problem::Problem};

/// Why the work ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The next request goes on: the time is over, or API Gateway gave no answer.
    Later(Option<Problem>),
    /// It cannot go on like this.
    Failed(Problem),
}

impl From<GatewayError> for Stop {
    fn from(error: GatewayError) -> Self {
        if error.passes() {
            Self::Later(Some(error.into()))
        } else {
            Self::Failed(error.into())
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

/// Another change came first each time that it was tried.
impl From<Lost> for Stop {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Condition(_) => Self::Failed(Problem::Changed),
            Lost::Store(error) => error.into(),
        }
    }
}

/// One request's work.
pub(super) struct Work<'a> {
    pub(super) state: &'a AdminState,
    caller: &'a Caller,
    /// Within AWS's rates, until the deadline.
    pub(super) gateway: Gateway,
    deadline: Instant,
    pub(super) how: How,
    pub(super) now: Nanos,
    pub(super) report: Report,
    /// Where to go on.
    pub(super) place: Place,
    /// Plans as they were read, and those that a dry run would have made.
    plans: BTreeMap<PlanId, Option<Plan>>,
    /// Plans that a dry run would have put a key on.
    planned: BTreeMap<KeyId, BTreeSet<PlanId>>,
    sources: BTreeMap<String, Option<KeySource>>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        state: &'a AdminState,
        caller: &'a Caller,
        gateway: Gateway,
        deadline: Instant,
        how: How,
    ) -> Self {
        Self {
            state,
            caller,
            gateway,
            deadline,
            how,
            now: state.clock.now().wall,
            report: Report::new(how.dry_run),
            place: Place::plans(),
            plans: BTreeMap::new(),
            planned: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// # Errors
    /// [`Stop::Later`] where no further step is to begin.
    pub(super) fn go_on(&self) -> Result<(), Stop> {
        if Instant::now() >= self.deadline || self.report.is_full() {
            return Err(Stop::Later(None));
        }
        Ok(())
    }

    pub(super) fn change(&self) -> Result<Change, Problem> {
        self.state.change_by(self.caller)
    }

    pub(super) fn today(&self) -> Day {
        Period::Day.window(self.now).start / 24
    }

    /// A plan, as it was when it was first asked for.
    pub(super) async fn plan_of_id(&mut self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        if let Some(known) = self.plans.get(id) {
            return Ok(known.clone());
        }
        let record = self.state.store.plan(id).await?;
        let plan = record.map(|record| record.plan);
        self.plans.insert(id.clone(), plan.clone());
        Ok(plan)
    }

    /// What the plan is now, or would be.
    pub(super) fn remember(&mut self, plan: &Plan) {
        self.plans.insert(plan.id.clone(), Some(plan.clone()));
    }

    /// The plans of these ids that are there.
    pub(super) async fn plans_of_ids(
        &mut self,
        ids: &BTreeSet<PlanId>,
    ) -> Result<Vec<Plan>, StoreError> {
        let mut plans = Vec::new();
        for id in ids {
            plans.extend(self.plan_of_id(id).await?);
        }
        Ok(plans)
    }

    pub(super) fn plan_to_put_on(&mut self, key: KeyId, plan: &PlanId) {
        self.planned.entry(key).or_default().insert(plan.clone());
    }

    pub(super) fn planned(&self, key: KeyId) -> BTreeSet<PlanId> {
        self.planned.get(&key).cloned().unwrap_or_default()
    }

    /// Whether none of these plans is counted by API Gateway.
    pub(super) async fn none_is_native(
        &mut self,
        ids: &BTreeSet<PlanId>,
    ) -> Result<bool, StoreError> {
        let plans = self.plans_of_ids(ids).await?;
        let mut plans = plans.iter();
        Ok(plans.all(|plan| plan.enforcement == Enforcement::DynamoDb))
    }

    /// An API of the plan's stages where API Gateway takes keys from the authorizer, which
    /// tells none on a plan that Latchkey counts: a method that requires a key would refuse
    /// everybody.
    pub(super) async fn authorizer_api(&mut self, plan: &Plan) -> Result<Option<String>, Stop> {
        for stage in &plan.stages {
            let api_id = stage.selector.api_id();
            let source = match self.sources.get(api_id) {
                Some(known) => *known,
                None => self.gateway.key_source(api_id).await?,
            };
            self.sources.insert(api_id.to_owned(), source);
            if source == Some(KeySource::Authorizer) {
                return Ok(Some(api_id.to_owned()));
            }
        }
        Ok(None)
    }
}
