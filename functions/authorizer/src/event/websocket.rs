//! A WebSocket API's connection: the only moment at which its authorizer is asked. There is
//! no method and no path; rules see `GET /$connect`.

use super::{
    About, Event, Headers, Incoming, Kind, Query,
    field::{self, Caller, RequestContext, Unreadable},
    incoming,
};

pub(super) fn read<'e>(event: &Event<'e>) -> Result<Incoming<'e>, Unreadable> {
    let context: RequestContext<'_> = field::object(event.request_context)?;
    let caller: Caller<'_> = field::object(context.identity)?;
    let about = About {
        resource: None,
        source_ip: field::source_ip(caller.source_ip)?,
    };
    let headers = Headers::read(event.headers, event.multi_value_headers)?;
    let read = incoming(Kind::WebSocket, event.method_arn, about, headers)?;
    Ok(Incoming {
        query: Query::decoded(event),
        ..read
    })
}
