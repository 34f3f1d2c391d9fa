//! `latchkey plans list`.

use super::{
    super::{Session, options::Listing},
    view,
};
use crate::{client::Query, failure::Failure};

/// List the plans, in the order of their ids
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    listing: Listing,
}

pub(super) async fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let all = Query::default();
    let plans = session.items(&["v1", "plans"], &all, arguments.listing);
    session.printer.list(&view::sheet(), &plans.await?)
}
