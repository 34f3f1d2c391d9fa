//! An HTTP API's payload format 1.0: like a REST API's, with the route key in
//! `requestContext`. `identitySource` and `authorizationToken` are all identity sources
//! joined by commas, so neither is a key.

use super::{
    About, Event, Headers, Incoming, Kind, Query,
    field::{self, Unreadable},
    incoming, template,
};

pub(super) fn read(event: Event<'_>) -> Result<Incoming<'_>, Unreadable> {
    let context = event.request_context.read()?;
    let caller = context.identity.read()?;
    let resource = match field::text(event.resource)? {
        Some(resource) => template::telling(&resource),
        None => {
            let route_key = match field::text(event.route_key)? {
                Some(route_key) => Some(route_key),
                None => field::text(context.route_key)?,
            };
            route_key.and_then(|route_key| template::of_route_key(&route_key))
        }
    };
    let about = About {
        resource,
        source_ip: field::source_ip(caller.source_ip)?,
    };
    let query = Query::decoded(&event);
    let headers = Headers::read(event.headers, event.multi_value_headers)?;
    let read = incoming(Kind::HttpV1, event.method_arn, about, headers)?;
    Ok(Incoming { query, ..read })
}
