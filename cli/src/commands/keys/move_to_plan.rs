//! `latchkey keys move`.

use serde_json::json;

use super::{
    super::{Session, options::Condition},
    view,
};
use crate::{client::Path, failure::Failure};

/// Move a key from one plan to another, in one step
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  latchkey keys move key_5gHXWJaVoGxMBrDn --from-plan silver --to-plan gold")]
pub(super) struct Arguments {
    /// Its id
    key: String,
    /// The plan that it is on
    #[arg(long, value_name = "ID")]
    from_plan: String,
    /// The plan that it comes to
    #[arg(long, value_name = "ID")]
    to_plan: String,
    #[command(flatten)]
    condition: Condition,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let path = Path::of(&["v1", "keys", &arguments.key, "move"]);
    let body = json!({"fromPlanId": arguments.from_plan, "toPlanId": arguments.to_plan});
    let answer = session.post(&path, &arguments.condition, Some(&body));
    view::print(session, &answer.await?)
}
