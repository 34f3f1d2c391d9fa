//! Sees what there is. What cannot be seen is noted and left out, but for what all else hangs on:
//! the stack and its table.

use std::{fmt::Display, time::Duration};

use jiff::SignedDuration;
use latchkey_domain::Clock;
use latchkey_gateway::{Gateway, Pacer};
use latchkey_store::{Native, NativeState, Patience, PlanRecord, Store, StoreError};
use tokio::time::Instant;

use super::{
    DoctorError,
    facts::{Compared, Facts, Function, Table, Unseen},
};
use crate::aws::{Aws, CallError, Named, Variables};

/// AWS gives an account and Region 10 calls a second of API Gateway's control plane: 1,000 APIs
/// take some minutes.
const PATIENCE: Duration = Duration::from_secs(600);
/// Of a page of the table's lists.
const PAGE: u16 = 100;
/// Logical ids in template.yaml.
const TABLE: &str = "Table";
const AUTHORIZER: &str = "Authorizer";
const SCHEDULE: &str = "ReconcilerEveryMinute";
const INVOKE_ROLE: &str = "ApiGatewayInvokeRole";

/// # Errors
/// Where the stack cannot be found.
pub(super) async fn collect(
    stack: &str,
    variables: &Variables,
    clock: Clock,
) -> Result<Facts, DoctorError> {
    let aws = Aws::new(variables, clock.clone());
    let resources = aws.stack_resources(stack).await;
    let resources = resources.map_err(|error| DoctorError::NoStack(stack.to_owned(), error))?;
    let mut seen = Looking::default();
    let (authorizer, ahead) = seen.function(&aws, &resources, AUTHORIZER).await;
    let (admin, _) = seen.function(&aws, &resources, "Admin").await;
    let (reconciler, _) = seen.function(&aws, &resources, "Reconciler").await;
    let schedule = match resources.get(SCHEDULE) {
        Some(rule) => seen.keep("the reconciler's schedule", aws.rule_state(rule).await),
        None => Some("not there".to_owned()),
    };
    // A table of its own, or one that was there before the stack.
    let of_function = || authorizer.as_ref()?.variables.get("TABLE_NAME").cloned();
    let table_name = resources.get(TABLE).cloned().or_else(of_function);
    let table_name = table_name.ok_or_else(|| DoctorError::NoTable(stack.to_owned()))?;
    let client = latchkey_store::client_from_environment(|name| variables.get(name));
    let client = client.map_err(|error| DoctorError::Client(error.to_string()))?;
    let store = Store::new(&client, &table_name, Patience::Change);
    let mut facts = Facts {
        stack: stack.to_owned(),
        now: clock.now().timestamp(),
        ahead,
        table: seen.table(&store, table_name).await,
        authorizer,
        admin,
        reconciler,
        schedule,
        apis: Vec::new(),
        plans: seen
            .keep("the plans", plans(&store).await)
            .unwrap_or_default(),
        waiting: Vec::new(),
        compared: match seen.keep("the last drift report", store.drift().await) {
            None => Compared::NotSeen,
            Some(None) => Compared::Never,
            Some(Some(drift)) => Compared::Last(drift),
        },
        invoke_role: resources.get(INVOKE_ROLE).cloned(),
        unseen: Vec::new(),
    };
    let waiting = waiting(&store).await;
    facts.waiting = seen.keep("what is pending", waiting).unwrap_or_default();
    let config = latchkey_gateway::client_from_environment(|name| variables.get(name));
    let config = config.map_err(|error| DoctorError::Client(error.to_string()))?;
    let gateway = Gateway::paced(&config, Pacer::until(Instant::now() + PATIENCE));
    facts.apis = seen.apis(&gateway, &facts).await;
    facts.unseen = seen.unseen;
    Ok(facts)
}

/// What could not be seen so far.
#[derive(Default)]
pub(super) struct Looking {
    pub(super) unseen: Vec<Unseen>,
}

impl Looking {
    pub(super) fn keep<T>(
        &mut self,
        what: impl Display,
        seen: Result<T, impl Display>,
    ) -> Option<T> {
        let note = |why: &dyn Display| Unseen {
            what: what.to_string(),
            why: why.to_string(),
        };
        match seen {
            Ok(seen) => Some(seen),
            Err(why) => {
                self.unseen.push(note(&why));
                None
            }
        }
    }

    async fn function(
        &mut self,
        aws: &Aws,
        resources: &Named,
        logical: &str,
    ) -> (Option<Function>, Option<SignedDuration>) {
        let what = format!("function {logical}");
        let found = match resources.get(logical) {
            Some(name) => aws.function(name).await,
            None => Err(CallError::NotFound),
        };
        let Some((mut function, answer)) = self.keep(what, found) else {
            return (None, None);
        };
        if logical == AUTHORIZER {
            let policy = aws.policy(&function.name).await;
            match self.keep("the authorizer's policy", policy) {
                Some(statements) => function.statements = statements,
                // Whom it lets call is not known, and none of them must be found wrong.
                None => return (None, answer.ahead),
            }
        }
        (Some(function), answer.ahead)
    }

    async fn table(&mut self, store: &Store, name: String) -> Table {
        Table {
            name,
            health: self.keep("the table's description", store.table_health().await),
            recovery: self.keep("the table's recovery", store.can_be_recovered().await),
            forgets: self.keep("the table's TTL", store.forgets().await),
        }
    }
}

async fn plans(store: &Store) -> Result<Vec<PlanRecord>, StoreError> {
    let mut plans = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.plans(PAGE, cursor.as_ref()).await?;
        plans.extend(page.items);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(plans);
        }
    }
}

async fn waiting(store: &Store) -> Result<Vec<Native>, StoreError> {
    let mut waiting = Vec::new();
    let mut cursor = None;
    loop {
        // Whatever their next attempt's time is.
        let page = store
            .pending(jiff::Timestamp::MAX, PAGE, cursor.as_ref())
            .await?;
        let items = page.items.into_iter();
        waiting.extend(items.filter(|native| native.state != NativeState::InSync));
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(waiting);
        }
    }
}
