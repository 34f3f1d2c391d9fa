//! The plans, each with the keys that are on it.

use std::{collections::BTreeMap, ops::Bound};

use latchkey_domain::{Enforcement, Plan};
use latchkey_gateway::{FoundPlan, GatewayError, NativeKeyId};
use latchkey_store::{Counted, Lost};

use super::{
    account::{Account, PlanFound},
    report::Outcome,
    request::{Pass, Place, Within},
    standing::{Standing, Switch},
    work::{Stop, Work},
};
use crate::{problem::Problem, state::ATTEMPTS};

/// A plan with what API Gateway says of its keys.
pub(super) struct OnPlan<'a> {
    pub(super) account: &'a Account,
    pub(super) found: &'a FoundPlan,
    pub(super) plan: Plan,
    /// The keys on it there, by id.
    pub(super) keys: Vec<NativeKeyId>,
    /// What they have used, where Latchkey counts from now on.
    pub(super) counted: BTreeMap<String, Counted>,
}

impl Work<'_> {
    /// All plans from where the work goes on.
    pub(super) async fn plans(&mut self, account: &Account) -> Result<(), Stop> {
        let Place::Plans { after, within } = self.place.clone() else {
            return Ok(());
        };
        let behind = (Bound::Excluded(after.as_str()), Bound::Unbounded);
        for (id, found) in account.plans.range::<str, _>(behind) {
            self.go_on()?;
            let begun = within.clone().filter(|within| within.plan == *id);
            let begun = begun.unwrap_or_else(|| Within::start(id));
            self.plan(account, found, begun).await?;
            self.place = Place::Plans {
                after: id.clone(),
                within: None,
            };
        }
        Ok(())
    }

    /// One plan. Where it was left before is kept in `self.place`.
    async fn plan(
        &mut self,
        account: &Account,
        found: &PlanFound,
        mut within: Within,
    ) -> Result<(), Stop> {
        let (native, name) = (&found.found.id, found.found.plan.name.as_str());
        for _ in 0..ATTEMPTS {
            let mut looked_at = None;
            let (plan, changed) = match self.standing(found).await? {
                Standing::Unfit(reason) => {
                    // Its keys would be refused once the authorizer is in front.
                    let keys = match self.gateway.keys_on(native).await {
                        Err(GatewayError::NotFound { .. }) => Vec::new(),
                        keys => keys?,
                    };
                    let keys = u64::try_from(keys.len()).unwrap_or(u64::MAX);
                    self.report.plan_skipped(native, name, reason, keys);
                    return Ok(());
                }
                Standing::Here(plan) => (Some(plan), false),
                Standing::New(plan) => (self.make_plan(found, plan).await?, true),
                Standing::Switch(switch) if self.how.dry_run => (Some(switch.after), true),
                Standing::Switch(switch) => {
                    looked_at = self.switch(account, found, *switch, &mut within).await?;
                    let plan = looked_at.as_ref().map(|on_plan| on_plan.plan.clone());
                    (plan, true)
                }
            };
            let Some(plan) = plan else {
                continue;
            };
            within.adopted |= changed;
            if within.pass == Pass::Raise {
                within = within.put_on();
            }
            self.are_within(&within);
            self.remember(&plan);
            let id = plan.id.clone();
            if looked_at.is_none() {
                looked_at = self.on_plan(account, found, plan).await?;
            }
            let Some(on_plan) = looked_at else {
                return Ok(());
            };
            self.put_on(&on_plan, &mut within).await?;
            let outcome = if within.adopted {
                self.report.adopted()
            } else {
                Outcome::Unchanged
            };
            self.report.plan((native, name), &id, outcome, within.keys);
            return Ok(());
        }
        Err(Stop::Failed(Problem::Changed))
    }

    /// None where another change came first.
    async fn make_plan(&mut self, found: &PlanFound, plan: Plan) -> Result<Option<Plan>, Stop> {
        if !self.how.dry_run {
            let (native, change) = (found.found.id.as_str(), self.change()?);
            match self.state.store.adopt_plan(&plan, native, &change).await {
                Ok(()) => {}
                Err(Lost::Condition(_)) => return Ok(None),
                Err(Lost::Store(error)) => return Err(error.into()),
            }
        }
        Ok(Some(plan))
    }

    /// Raises the meters, then changes the plan. None where another change came first.
    async fn switch<'a>(
        &mut self,
        account: &'a Account,
        found: &'a PlanFound,
        Switch { before, after }: Switch,
        within: &mut Within,
    ) -> Result<Option<OnPlan<'a>>, Stop> {
        if within.pass == Pass::PutOn {
            *within = Within::start(found.found.id.as_str());
        }
        let Some(on_plan) = self.on_plan(account, found, after).await? else {
            return Ok(None);
        };
        self.raise(&on_plan, within).await?;
        let (store, change) = (&self.state.store, self.change()?);
        match store.release_plan(&before, &on_plan.plan, &change).await {
            Ok(()) => Ok(Some(on_plan)),
            Err(Lost::Condition(_)) => Ok(None),
            Err(Lost::Store(error)) => Err(error.into()),
        }
    }

    /// None where the plan is there no longer.
    async fn on_plan<'a>(
        &mut self,
        account: &'a Account,
        found: &'a PlanFound,
        plan: Plan,
    ) -> Result<Option<OnPlan<'a>>, Stop> {
        let found = &found.found;
        let mut keys = match self.gateway.keys_on(&found.id).await {
            Ok(keys) => keys,
            Err(GatewayError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        keys.sort();
        let counted = match plan.enforcement {
            Enforcement::ApiGateway => BTreeMap::new(),
            Enforcement::DynamoDb => self.counted(&found.id, &plan).await?,
        };
        Ok(Some(OnPlan {
            account,
            found,
            plan,
            keys,
            counted,
        }))
    }
}
