//! Keys on plans: `latchkey plans attach|detach|keys` and `latchkey keys attach|detach`.

use http::Method;

use super::{
    Cell, Session, column, native,
    options::{Condition, Listing},
    output::{Detail, Sheet},
    say,
};
use crate::{
    client::{Attachment, Path, Query},
    failure::Failure,
};

/// Put a key on a plan
#[derive(Debug, clap::Args)]
pub(super) struct PlanAndKey {
    /// The plan's id
    plan: String,
    /// The key's id
    key: String,
    #[command(flatten)]
    condition: Condition,
}

/// Put a key on a plan
#[derive(Debug, clap::Args)]
pub(super) struct KeyAndPlan {
    /// The key's id
    key: String,
    /// The plan's id
    plan: String,
    #[command(flatten)]
    condition: Condition,
}

/// List the keys on a plan, in the order of their creation
#[derive(Debug, clap::Args)]
pub(super) struct OfPlan {
    /// The plan's id
    plan: String,
    #[command(flatten)]
    listing: Listing,
}

/// A plan and a key, in whichever order they were named.
pub(super) struct Pair {
    plan: String,
    key: String,
    condition: Condition,
}

impl From<PlanAndKey> for Pair {
    fn from(pair: PlanAndKey) -> Self {
        Self {
            plan: pair.plan,
            key: pair.key,
            condition: pair.condition,
        }
    }
}

impl From<KeyAndPlan> for Pair {
    fn from(pair: KeyAndPlan) -> Self {
        Self {
            plan: pair.plan,
            key: pair.key,
            condition: pair.condition,
        }
    }
}

impl Pair {
    fn path(&self) -> Path {
        Path::of(&["v1", "plans", &self.plan, "keys", &self.key])
    }
}

/// # Errors
/// The client's.
pub(super) async fn attach(session: &Session, pair: &Pair) -> Result<(), Failure> {
    let path = pair.path();
    let answer = session.change(Method::PUT, &path, &pair.condition, None);
    let body = answer.await?.body;
    session.printer.one(&sheet(), &body, details)
}

/// # Errors
/// The client's.
pub(super) async fn detach(session: &Session, pair: &Pair) -> Result<(), Failure> {
    let path = pair.path();
    let answer = session.change(Method::DELETE, &path, &pair.condition, None);
    answer.await?;
    let Pair { plan, key, .. } = pair;
    say(&format!("Key {key} is off plan {plan}."));
    Ok(())
}

/// # Errors
/// The client's.
pub(super) async fn list(session: &Session, arguments: &OfPlan) -> Result<(), Failure> {
    let words = ["v1", "plans", &arguments.plan, "keys"];
    let all = Query::default();
    let attachments = session.items(&words, &all, arguments.listing).await?;
    session.printer.list(&sheet(), &attachments)
}

fn sheet() -> Sheet<Attachment> {
    Sheet {
        columns: vec![
            column("KEY", "keyId"),
            column("PLAN", "planId"),
            column("SINCE", "createdDate"),
            column("API GATEWAY", "apiGateway"),
        ],
        row: Box::new(|attachment: &Attachment| {
            vec![
                Cell::text(&attachment.key_id),
                Cell::text(&attachment.plan_id),
                Cell::day(&attachment.created_date),
                Cell::of(attachment.api_gateway.as_ref(), native),
            ]
        }),
    }
}

fn details(attachment: &Attachment) -> Vec<Detail> {
    let sheet = sheet();
    let titles = sheet.columns.iter().map(|column| column.title);
    titles.zip((sheet.row)(attachment)).collect()
}
