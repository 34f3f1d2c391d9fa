//! `latchkey keys update`.

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

/// Change a key: what is not named stays
///
/// Lists are replaced: name all addresses, all routes. Entries of the metadata are added.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey keys update key_5gHXWJaVoGxMBrDn --enabled false
  latchkey keys update key_5gHXWJaVoGxMBrDn --clear expires-at --clear metadata.tier")]
pub(super) struct Arguments {
    /// Its id
    key: String,
    /// A field that it shall not have any more, again for each: name, description, customer-id, not-before, expires-at, allowed-ips, routes, metadata, metadata.NAME
    #[arg(long, value_name = "FIELD", value_parser = clearable)]
    clear: Vec<Clearable>,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    fields: Fields,
}

/// What a key can be without.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Clearable {
    Field(&'static str),
    Metadata(String),
}

/// What can be cleared, by its name here and the API's.
const CLEARABLE: [(&str, &str); 8] = [
    ("name", "name"),
    ("description", "description"),
    ("customer-id", "customerId"),
    ("not-before", "notBefore"),
    ("expires-at", "expiresAt"),
    ("allowed-ips", "allowedIps"),
    ("routes", "routes"),
    ("metadata", "metadata"),
];

fn clearable(text: &str) -> Result<Clearable, String> {
    if let Some(entry) = text.strip_prefix("metadata.") {
        return Ok(Clearable::Metadata(entry.to_owned()));
    }
    let found = CLEARABLE.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, field)| Clearable::Field(field))
        .ok_or_else(|| {
            let names = CLEARABLE.map(|(name, _)| name).join(", ");
            format!("is expected to be one of {names}, metadata.NAME")
        })
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let mut patch = Value::Object(arguments.fields.body());
    for cleared in arguments.clear {
        match cleared {
            Clearable::Field(field) => patch[field] = Value::Null,
            Clearable::Metadata(entry) => match patch.get_mut("metadata") {
                // The whole of it is cleared.
                Some(Value::Null) => {}
                Some(metadata) => metadata[entry] = Value::Null,
                None => patch["metadata"] = json!({entry: null}),
            },
        }
    }
    if patch == json!({}) {
        let message = "there is nothing to change: name a field, such as --enabled false or --clear expires-at";
        return Err(Failure::new(Status::Usage, message));
    }
    let path = Path::of(&["v1", "keys", &arguments.key]);
    let condition = &arguments.condition;
    let answer = session.change(Method::PATCH, &path, condition, Some(&patch));
    view::print(session, &answer.await?)
}
