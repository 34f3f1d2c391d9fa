//! `latchkey plans update`.

use http::Method;
use serde_json::{Value, json};

use super::{
    super::{Session, options::Condition},
    fields::Fields,
    view,
};
use crate::{
    client::Path,
    failure::{Failure, Status},
};

/// Change a plan: what is not named stays
///
/// API stages are replaced as a list: name all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey plans update gold --quota 2000/DAY
  latchkey plans update gold --clear throttle
  latchkey plans update gold --rate-limit 20 --if-match \"$(latchkey plans show gold --etag)\"")]
pub(super) struct Arguments {
    /// Its id
    plan: String,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// A field that it shall not have any more, again for each
    #[arg(long, value_name = "FIELD")]
    clear: Vec<Clearable>,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    fields: Fields,
}

/// What a plan can be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Clearable {
    Description,
    Throttle,
    BurstLimit,
    Quota,
    ApiStages,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let path = Path::of(&["v1", "plans", &arguments.plan]);
    let mut patch = Value::Object(arguments.fields.body());
    if let Some(name) = arguments.name {
        patch["name"] = name.into();
    }
    for field in &arguments.clear {
        let (name, cleared) = match field {
            Clearable::Description => ("description", Value::Null),
            Clearable::Throttle => ("throttle", Value::Null),
            Clearable::Quota => ("quota", Value::Null),
            Clearable::ApiStages => ("apiStages", Value::Null),
            Clearable::BurstLimit => {
                let mut throttle = patch.get("throttle").cloned().unwrap_or_else(|| json!({}));
                throttle["burstLimit"] = Value::Null;
                ("throttle", throttle)
            }
        };
        patch[name] = cleared;
    }
    if patch == json!({}) {
        let message =
            "there is nothing to change: name a field, such as --quota 1000/DAY or --clear quota";
        return Err(Failure::new(Status::Usage, message));
    }
    let condition = &arguments.condition;
    let answer = session.change(Method::PATCH, &path, condition, Some(&patch));
    view::print(session, &answer.await?)
}
