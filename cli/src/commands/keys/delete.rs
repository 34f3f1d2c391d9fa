//! `latchkey keys delete`.

use http::Method;

use super::super::{
    Session, confirm,
    options::{Condition, Consent},
    say,
};
use crate::{
    client::{Key, Path},
    failure::Failure,
};

/// Delete a key: its value opens nothing any more
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its id
    key: String,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    condition: Condition,
}

pub(super) async fn run(session: &Session, arguments: Arguments) -> Result<(), Failure> {
    let id = &arguments.key;
    let path = Path::of(&["v1", "keys", id]);
    if !arguments.consent.is_given()? {
        let key: Key = session.client.get(&path).await?;
        let name = key.name.map(|name| format!(" ({name:?})"));
        let name = name.unwrap_or_default();
        confirm(&format!(
            "Delete key {id}{name}? Its value opens nothing any more."
        ))?;
    }
    let condition = &arguments.condition;
    session
        .change(Method::DELETE, &path, condition, None)
        .await?;
    say(&format!("Key {id} is deleted."));
    Ok(())
}
