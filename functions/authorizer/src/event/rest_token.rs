//! A REST API's `TOKEN` authorizer: a token and an ARN, no headers, no address.

use super::{About, Event, Headers, Incoming, Kind, field::Unreadable, incoming};

pub(super) fn read(event: Event<'_>) -> Result<Incoming<'_>, Unreadable> {
    let token = super::field::text(event.authorization_token)?;
    let read = incoming(
        Kind::RestToken,
        event.method_arn,
        About::default(),
        Headers::default(),
    )?;
    Ok(Incoming { token, ..read })
}
