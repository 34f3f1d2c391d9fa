//! `latchkey plans delete`.

use http::Method;

use super::super::{
    Session, confirm,
    options::{Condition, Consent},
    say,
};
use crate::{
    client::{Path, Plan, Query},
    failure::Failure,
};

/// Delete a plan that no key is on
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its id
    plan: String,
    /// Take the keys off that are on it
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    condition: Condition,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let id = &arguments.plan;
    let path = Path::of(&["v1", "plans", id]);
    if !arguments.consent.is_given()? {
        let plan: Plan = session.client.get(&path).await?;
        let keys = if arguments.force {
            " Its keys are taken off it: calls that it covered are refused."
        } else {
            ""
        };
        confirm(&format!("Delete plan {id} ({:?})?{keys}", plan.name))?;
    }
    let force = Query::default().with("force", arguments.force.then_some(true));
    let path = path.with(&force);
    let condition = &arguments.condition;
    session
        .change(Method::DELETE, &path, condition, None)
        .await?;
    say(&format!("Plan {id} is deleted."));
    Ok(())
}
