//! `latchkey keys list`.

use super::{
    super::{Session, options::Listing},
    view,
};
use crate::{client::Query, failure::Failure};

/// List or find keys, in the order of their creation
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All filters that are given must hold. Examples:
  latchkey keys list --customer-id cus_42
  latchkey keys list --state expired --output csv > expired.csv
  latchkey keys list --unused-since 2026-08-01")]
pub(super) struct Arguments {
    /// Keys of this customer
    #[arg(long, value_name = "ID")]
    customer_id: Option<String>,
    /// Keys on this plan
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// Keys with exactly this name
    #[arg(long)]
    name: Option<String>,
    /// Keys whose name begins so
    #[arg(long, value_name = "TEXT")]
    name_prefix: Option<String>,
    /// Keys in this state now
    #[arg(long, value_parser = ["enabled", "disabled", "notYetValid", "expired"])]
    state: Option<String>,
    /// Keys made before this day (UTC) and not used since
    #[arg(long, value_name = "DATE")]
    unused_since: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let sheet = match arguments.unused_since {
        Some(_) => view::sheet_with_use(session),
        None => view::sheet(session),
    };
    let filters = Query::default()
        .with("customerId", arguments.customer_id)
        .with("planId", arguments.plan)
        .with("name", arguments.name)
        .with("namePrefix", arguments.name_prefix)
        .with("state", arguments.state)
        .with("unusedSince", arguments.unused_since);
    let keys = session.items(&["v1", "keys"], &filters, arguments.listing);
    session.printer.list(&sheet, &keys.await?)
}
