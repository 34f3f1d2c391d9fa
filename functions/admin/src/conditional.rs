//! Which operations take which preconditions (RFC 9110, 13.1).

use http::Method;

pub(crate) const IF_MATCH: &str = "If-Match";
pub(crate) const IF_NONE_MATCH: &str = "If-None-Match";

const PLAN: &str = "/v1/plans/{planId}";
const KEY: &str = "/v1/keys/{keyId}";
const ATTACHMENT: &str = "/v1/plans/{planId}/keys/{keyId}";

/// Where preconditions are taken.
const CONDITIONAL: [(Method, &str, &[&str]); 12] = [
    (Method::GET, PLAN, &[IF_NONE_MATCH]),
    (Method::PUT, PLAN, &[IF_MATCH, IF_NONE_MATCH]),
    (Method::PATCH, PLAN, &[IF_MATCH]),
    (Method::DELETE, PLAN, &[IF_MATCH]),
    (Method::GET, KEY, &[IF_NONE_MATCH]),
    (Method::PATCH, KEY, &[IF_MATCH]),
    (Method::DELETE, KEY, &[IF_MATCH]),
    (Method::POST, "/v1/keys/{keyId}/rotate", &[IF_MATCH]),
    (Method::POST, "/v1/keys/{keyId}/move", &[IF_MATCH]),
    (Method::GET, ATTACHMENT, &[IF_NONE_MATCH]),
    (Method::PUT, ATTACHMENT, &[IF_MATCH]),
    (Method::DELETE, ATTACHMENT, &[IF_MATCH]),
];

/// The preconditions that are taken on a method of a path.
pub(crate) fn preconditions(method: &Method, route: &str) -> &'static [&'static str] {
    let taken = CONDITIONAL
        .iter()
        .find(|(on, path, _)| on == method && *path == route);
    taken.map_or(&[], |(_, _, taken)| *taken)
}
