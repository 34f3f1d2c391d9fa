//! `latchkey keys rotate`.

use serde_json::json;

use super::{
    super::{Session, options::Condition, value::To},
    shown,
};
use crate::{client::Path, failure::Failure};

/// Give a key another value, which is printed, this once
///
/// Its id, plans, rules and what it used stay. Without grace the former value, and each one
/// before it, stops at once: that is for a leak.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey keys rotate key_5gHXWJaVoGxMBrDn --grace-period-seconds 86400
  latchkey keys rotate key_5gHXWJaVoGxMBrDn --value-to new.key")]
pub(super) struct Arguments {
    /// Its id
    key: String,
    /// How long the former value works yet; 0 unless given
    #[arg(long, value_name = "SECONDS")]
    grace_period_seconds: Option<u64>,
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    condition: Condition,
}

pub(super) async fn run(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let to = arguments.to.open()?;
    let path = Path::of(&["v1", "keys", &arguments.key, "rotate"]);
    let grace = arguments.grace_period_seconds;
    let body = grace.map(|seconds| json!({"gracePeriodSeconds": seconds}));
    let answer = session.post(&path, &arguments.condition, body.as_ref());
    shown::print(session, &answer.await?, to)
}
