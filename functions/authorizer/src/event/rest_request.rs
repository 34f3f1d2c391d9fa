//! A REST API's `REQUEST` authorizer: the template in `resource` and again in
//! `requestContext.resourcePath`, headers twice, the address in `requestContext.identity`.

use super::{
    About, Event, Headers, Incoming, Kind, Query,
    field::{self, Caller, RequestContext, Unreadable},
    incoming, template,
};

pub(super) fn read<'e>(event: &Event<'e>) -> Result<Incoming<'e>, Unreadable> {
    let context: RequestContext<'_> = field::object(event.request_context)?;
    let caller: Caller<'_> = field::object(context.identity)?;
    let resource = match field::text(event.resource)? {
        Some(resource) => Some(resource),
        None => field::text(context.resource_path)?,
    };
    let about = About {
        resource: resource.and_then(|resource| template::telling(&resource)),
        source_ip: field::source_ip(caller.source_ip)?,
    };
    let headers = Headers::read(event.headers, event.multi_value_headers)?;
    let read = incoming(Kind::RestRequest, event.method_arn, about, headers)?;
    Ok(Incoming {
        query: Query::decoded(event),
        ..read
    })
}
