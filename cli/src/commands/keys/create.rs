//! `latchkey keys create`.

use serde_json::Value;

use super::{
    super::{
        Session,
        options::Condition,
        value::{Given, To},
    },
    fields::Fields,
    shown,
};
use crate::{client::Path, failure::Failure};

/// Make a key; its value is printed, this once
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey keys create --name 'Ann, laptop' --customer-id cus_42 --plan gold
  latchkey keys create --name CI --plan gold --route 'GET /orders/*' \\
    --expires-at 2027-12-31T00:00:00Z --value-to ci.key
  read -rs value && printf %s \"$value\" | latchkey keys create --name Old --value -")]
pub(super) struct Arguments {
    /// A plan that it is put on, again for each
    #[arg(long, value_name = "ID")]
    plan: Vec<String>,
    /// What the generated value begins with; lk_live unless given
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// By what API Gateway knows it on plans that it counts: a value that opens nothing, or the key's own
    #[arg(long, value_parser = ["internal", "header"])]
    native_value: Option<String>,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    fields: Fields,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let given = arguments.given.read()?;
    let is_own = given.is_some();
    let to = arguments.to.open()?;
    let mut body = arguments.fields.body();
    let texts = [
        ("value", given),
        ("prefix", arguments.prefix),
        ("nativeValue", arguments.native_value),
    ];
    for (name, text) in texts {
        body.extend(text.map(|text| (name.to_owned(), text.into())));
    }
    if !arguments.plan.is_empty() {
        body.insert("planIds".to_owned(), arguments.plan.into());
    }
    let path = Path::of(&["v1", "keys"]);
    let always = Condition::default();
    let body = Value::Object(body);
    let answer = session.post(&path, &always, Some(&body));
    let answer = answer.await?;
    if is_own && to.is_none() {
        return shown::print_without_value(session, &answer);
    }
    shown::print(session, &answer, to)
}
