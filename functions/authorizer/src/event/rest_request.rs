//! A REST API's `REQUEST` authorizer: the template in `resource` and again in
//! `requestContext.resourcePath`, headers twice, the address in `requestContext.identity`.

use super::{
    About, Event, Headers, Incoming, Kind, Query,
    field::{self, Unreadable},
    incoming, template,
};

pub(super) fn read(event: Event<'_>) -> Result<Incoming<'_>, Unreadable> {
    let context = event.request_context.read()?;
    let caller = context.identity.read()?;
    let resource = match field::text(event.resource)? {
        Some(resource) => Some(resource),
        None => field::text(context.resource_path)?,
    };
    let about = About {
        resource: resource.and_then(|resource| template::telling(&resource)),
        source_ip: field::source_ip(caller.source_ip)?,
    };
    let query = Query::decoded(&event);
    let headers = Headers::read(event.headers, event.multi_value_headers)?;
    let read = incoming(Kind::RestRequest, event.method_arn, about, headers)?;
    Ok(Incoming { query, ..read })
}
