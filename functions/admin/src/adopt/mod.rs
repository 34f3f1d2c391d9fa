//! `POST /v1/adopt`: takes over the usage plans and keys that API Gateway has.
//!
//! API Gateway's lists are read anew by each request, then the work goes on in the order of
//! its ids: all keys, then each plan with the keys on it. Each write is a transaction of its
//! own and is not made where the table has it already, so a request can be stopped anywhere
//! and be made again. What takes longer than one request goes on with the cursor of the answer.

mod account;
mod attach;
mod keys;
mod on_plan;
mod plans;
mod release;
mod report;
mod request;
mod seen;
mod standing;
mod terms;
mod usage;
mod work;

use std::time::Duration;

use axum::{Json, extract::State};
use latchkey_gateway::Pacer;
use tokio::time::Instant;

use self::{
    account::Account,
    report::Report,
    request::{Adopt, Place},
    work::{Stop, Work},
};
use crate::{
    AdminState,
    body::Body,
    caller::Caller,
    parameters::{NoParameters, Query},
    problem::Problem,
};

/// How long the lists may take at AWS's rates, which others spend too.
const LISTS: Duration = Duration::from_secs(12);
/// When no further step begins: a request has 25 s.
const WORK: Duration = Duration::from_secs(15);

/// # Errors
/// [`Problem::Invalid`]; [`Problem::NoApiGateway`]; [`Problem::ApiGatewayFailed`] where it did
/// not answer in time; [`Problem::Changed`]; the store's. What was done until then stays done.
pub(crate) async fn adopt(
    State(state): State<AdminState>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
    Body(adopt): Body<Adopt>,
) -> Result<Json<Report>, Problem> {
    let start = adopt.place()?;
    let gateway = state.api_gateway()?.gateway();
    let now = Instant::now();
    let pacer = Pacer::until(now + LISTS);
    let deadline = now + WORK;
    let at = state.clock.now().timestamp();
    let account = Account::read(
        &gateway.within(pacer.clone()),
        state.store.table_name(),
        adopt.enforcement,
        at,
    )
    .await?;
    let gateway = gateway.within(pacer.again_until(deadline));
    let mut work = Work::new(&state, &caller, gateway, deadline, adopt.how());
    work.place = start.clone();
    match all(&mut work, &account).await {
        Ok(()) => Ok(Json(work.report)),
        Err(Stop::Failed(problem)) => Err(problem),
        Err(Stop::Later(reason)) if work.place == start && work.report.is_empty() => {
            Err(reason.unwrap_or_else(no_time))
        }
        Err(Stop::Later(reason)) => {
            if let Some(reason) = reason {
                tracing::warn!(%reason, "adopting goes on with the next request");
            }
            let cursor = adopt.cursor(&work.place);
            Ok(Json(work.report.with_cursor(cursor)))
        }
    }
}

async fn all(work: &mut Work<'_>, account: &Account) -> Result<(), Stop> {
    if let Place::Keys { after } = work.place.clone() {
        work.keys(account, &after).await?;
        work.place = Place::plans();
    }
    work.plans(account).await
}

fn no_time() -> Problem {
    const DETAIL: &str = "reading its lists took all the time there is; try again";
    Problem::ApiGatewayFailed(DETAIL.to_owned())
}
