//! What the table has of a usage plan already, and what is to become of it.

use latchkey_domain::{Enforcement, Plan, PlanId};
use latchkey_store::{NativeObject, PlanRecord, Wanted};

use super::{
    account::PlanFound,
    terms::{self, Reason},
    work::{Stop, Work},
};

/// What a usage plan is to the table.
pub(super) enum Standing {
    /// Nothing yet: it is to be this.
    New(Plan),
    /// It was taken over before.
    Here(Plan),
    /// API Gateway counts it so far, and Latchkey is to: it is to be this.
    Switch(Box<Switch>),
    /// It cannot be taken over.
    Unfit(Reason),
}

/// A plan before and after it comes to be counted here.
pub(super) struct Switch {
    pub(super) before: PlanRecord,
    pub(super) after: Plan,
}

impl Work<'_> {
    pub(super) async fn standing(&mut self, found: &PlanFound) -> Result<Standing, Stop> {
        let id: PlanId = match found.found.id.as_str().parse() {
            Ok(id) => id,
            Err(error) => return Ok(Standing::Unfit(terms::invalid(error))),
        };
        let record = self.state.store.plan(&id).await?;
        let object = NativeObject::Plan(id.clone());
        let native = self.state.store.native(&object).await?;
        let Some(record) = record else {
            if native.is_some_and(|native| native.wanted == Wanted::Absent) {
                return Ok(Standing::Unfit("it is being deleted here".to_owned()));
            }
            return Ok(match &found.plan {
                Err(reason) => Standing::Unfit(reason.clone()),
                Ok(plan) => match self.why_not_here(plan).await? {
                    Some(reason) => Standing::Unfit(reason),
                    None => Standing::New(plan.clone()),
                },
            });
        };
        if record.plan.deleting {
            return Ok(Standing::Unfit("it is being deleted here".to_owned()));
        }
        let plan = record.plan.clone();
        match (plan.enforcement, self.how.enforcement) {
            (Enforcement::DynamoDb, Enforcement::DynamoDb) => Ok(Standing::Here(plan)),
            (Enforcement::DynamoDb, Enforcement::ApiGateway) => Ok(Standing::Unfit(
                "Latchkey counts it, and a plan does not go back to API Gateway with its keys"
                    .to_owned(),
            )),
            (Enforcement::ApiGateway, asked) => {
                let known = native.and_then(|native| native.native_id);
                if known.as_deref() != Some(found.found.id.as_str()) {
                    let reason =
                        "a plan of this id is here, with another usage plan at API Gateway";
                    return Ok(Standing::Unfit(reason.to_owned()));
                }
                if asked == Enforcement::ApiGateway {
                    return Ok(Standing::Here(plan));
                }
                self.switched(record).await
            }
        }
    }

    async fn switched(&mut self, before: PlanRecord) -> Result<Standing, Stop> {
        if before.internal > 0 {
            return Ok(Standing::Unfit(format!(
                "keys with nativeValue internal are on it ({}), whose clients would be refused while its methods require a key: take them off first",
                before.internal
            )));
        }
        let at = self.state.clock.now().timestamp();
        let after = Plan {
            enforcement: Enforcement::DynamoDb,
            updated: at,
            version: before.plan.next_version(at),
            ..before.plan.clone()
        };
        if let Err(reason) = terms::counted_here(&after) {
            return Ok(Standing::Unfit(reason));
        }
        Ok(match self.why_not_here(&after).await? {
            Some(reason) => Standing::Unfit(reason),
            None => Standing::Switch(Box::new(Switch { before, after })),
        })
    }

    /// Why Latchkey cannot count a plan while API Gateway still does.
    async fn why_not_here(&mut self, plan: &Plan) -> Result<Option<Reason>, Stop> {
        if plan.enforcement == Enforcement::ApiGateway {
            return Ok(None);
        }
        let api = self.authorizer_api(plan).await?;
        Ok(api.map(|api| {
            format!(
                "the API {api} has apiKeySource AUTHORIZER, where methods that require a key would refuse everybody: set it to HEADER and deploy it first"
            )
        }))
    }
}
