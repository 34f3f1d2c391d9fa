//! `latchkey plans create`.

use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    super::{Session, options::Condition, say},
    fields::Fields,
    view,
};
use crate::{
    client::{ClientError, Path},
    failure::{Failure, Status},
};

/// Make a plan
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey plans create --id gold --name Gold --rate-limit 10 --burst-limit 20 \\
    --quota 1000/DAY --api-stage a1b2c3d4e5:prod
  latchkey plans create --id reports --name Reports --quota 100000/MONTH \\
    --api-stage a1b2c3d4e5:prod --units a1b2c3d4e5:prod/reports/{name}/GET=5")]
pub(super) struct Arguments {
    /// Its name
    #[arg(long)]
    name: String,
    /// An id of your own, such as gold; one is made up unless given
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let mut body = arguments.fields.body();
    body.insert("name".to_owned(), arguments.name.into());
    let body = Value::Object(body);
    let answer = match &arguments.id {
        Some(id) => {
            let path = Path::of(&["v1", "plans", id]);
            let new = Some(("if-none-match", "*"));
            let answer = session.send(Method::PUT, &path, new, Some(&body)).await;
            answer.map_err(|error| there_already(error, id))?
        }
        None => {
            let path = Path::of(&["v1", "plans"]);
            let always = Condition::default();
            session.post(&path, &always, Some(&body)).await?
        }
    };
    view::print(session, &answer)?;
    if body.get("apiStages").is_none() {
        say("It covers no API yet: `latchkey plans update` with --api-stage API:STAGE says which.");
    }
    Ok(())
}

/// What a failed `If-None-Match` means here.
fn there_already(error: ClientError, id: &str) -> Failure {
    let status = error.problem().map(|problem| problem.status);
    if status == Some(StatusCode::PRECONDITION_FAILED.as_u16()) {
        let message = format!(
            "there is a plan {id} already: `latchkey plans show {id}` shows it, `latchkey plans update {id}` changes it"
        );
        return Failure::new(Status::Refused, message);
    }
    error.into()
}
