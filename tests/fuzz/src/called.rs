//! What a whole event says of the call, read plainly: from the ARN what is called, from
//! `requestContext` from where, and of the route what API Gateway says of it.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A call.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) address: Option<IpAddr>,
    pub(crate) method: String,
    /// What rules are held against: the route's template where it tells something, else each
    /// way to read the path.
    pub(crate) paths: Vec<String>,
}

impl Called {
    /// None of a `TOKEN` event, which has no address, and of an ARN without a method and a path.
    pub(crate) fn of(event: &Value) -> Option<Self> {
        let context = &event["requestContext"];
        let is_token = event["type"] == "TOKEN";
        let is_v2 = event["version"] == "2.0" && !is_token;
        let (arn, caller) = match is_v2 {
            true => ("routeArn", &context["http"]),
            false => ("methodArn", &context["identity"]),
        };
        let call = event[arn].as_str()?.splitn(6, ':').nth(5)?;
        let mut call = call.splitn(4, '/').skip(2);
        let method = call.next()?.to_owned();
        let path = format!("/{}", call.next().unwrap_or_default());
        let address = text(&caller["sourceIp"]).and_then(|text| text.trim().parse().ok());
        let address = address.map(|address: IpAddr| address.to_canonical());
        Some(Self {
            address: address.filter(|_| !is_token),
            method,
            paths: match template(event).filter(|_| !is_token) {
                Some(template) => vec![template],
                None => readings(path),
            },
        })
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Of the members that tell one, in any kind of event.
fn template(event: &Value) -> Option<String> {
    let context = &event["requestContext"];
    let of_key = |key: &Value| Some(text(key)?.split_once(' ')?.1.trim_start().to_owned());
    let of_key = || of_key(&event["routeKey"]).or_else(|| of_key(&context["routeKey"]));
    let of_rest = || text(&event["resource"]).or_else(|| text(&context["resourcePath"]));
    let template = match (text(&event["version"]), text(&event["resource"])) {
        (Some("2.0"), _) | (Some("1.0"), None) => of_key(),
        (Some("1.0"), Some(resource)) => Some(resource.to_owned()),
        _ => of_rest().map(str::to_owned),
    }?;
    let is_greedy = template.split('/').any(|segment| segment.ends_with("+}"));
    let tells = template.starts_with('/') && !is_greedy;
    tells.then_some(template)
}

/// As it was sent, and decoded once, twice, ...
fn readings(path: String) -> Vec<String> {
    let mut readings = vec![path];
    while let Some(last) = readings.last() {
        let decoded = percent_decode_str(last).decode_utf8_lossy().into_owned();
        if decoded == *last {
            break;
        }
        readings.push(decoded);
    }
    readings
}
