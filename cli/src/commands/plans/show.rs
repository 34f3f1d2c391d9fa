//! `latchkey plans show`.

use super::{super::Session, view};
use crate::{client::Path, failure::Failure};

/// Show a plan
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its id
    plan: String,
    /// Print its ETag alone, for --if-match
    #[arg(long)]
    etag: bool,
}

pub(super) async fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let path = Path::of(&["v1", "plans", &arguments.plan]);
    let answer = session.get(&path).await?;
    if arguments.etag {
        return session.print_etag(&answer);
    }
    view::print(session, &answer)
}
