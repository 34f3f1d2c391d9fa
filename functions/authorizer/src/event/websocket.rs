//! A WebSocket API's connection: the only moment at which its authorizer is asked. There is
//! no method and no path; rules see `GET /$connect`.

use super::{
    About, Event, Headers, Incoming, Kind, Query,
    field::{self, Unreadable},
    incoming,
};

pub(super) fn read(event: Event<'_>) -> Result<Incoming<'_>, Unreadable> {
    let context = event.request_context.read()?;
    let caller = context.identity.read()?;
    let about = About {
        resource: None,
        source_ip: field::source_ip(caller.source_ip)?,
    };
    let query = Query::decoded(&event);
    let headers = Headers::read(event.headers, event.multi_value_headers)?;
    let read = incoming(Kind::WebSocket, event.method_arn, about, headers)?;
    Ok(Incoming { query, ..read })
}
