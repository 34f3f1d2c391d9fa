//! An HTTP API's payload format 2.0: `routeArn` and `routeKey`, lower-case headers with
//! repeats joined by commas, the address in `requestContext.http`. `rawPath` is decoded and
//! may hold a stage or a base path: it is not read.

use super::{
    About, Event, Headers, Incoming, Kind, Query,
    field::{self, Object, Unreadable},
    incoming, template,
};

pub(super) fn read(event: Event<'_>) -> Result<Incoming<'_>, Unreadable> {
    let context = event.request_context.read()?;
    let caller = context.http.read()?;
    let route_key = match field::text(event.route_key)? {
        Some(route_key) => Some(route_key),
        None => field::text(context.route_key)?,
    };
    let about = About {
        resource: route_key.and_then(|route_key| template::of_route_key(&route_key)),
        source_ip: field::source_ip(caller.source_ip)?,
    };
    let query = Query::as_sent(&event);
    let headers = Headers::read(event.headers, Object::default())?;
    let read = incoming(Kind::HttpV2, event.route_arn, about, headers)?;
    Ok(Incoming { query, ..read })
}
