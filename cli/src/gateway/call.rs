//! A client's call, before it becomes one kind of event or another.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A call at one of the APIs.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The HTTP method.
    pub(crate) method: String,
    /// The path within the API, as the client sent it: nothing is decoded.
    pub(crate) path: String,
    /// What stands behind the `?`, as the client sent it.
    pub(crate) query: String,
    /// The headers.
    pub(crate) headers: Headers,
    /// The address that the connection comes from. Forwarded headers are anybody's.
    pub(crate) source: IpAddr,
    /// Such as `HTTP/1.1`.
    pub(crate) protocol: &'static str,
    /// API Gateway's name for the call.
    pub(crate) request_id: String,
    /// When it came.
    pub(crate) at: Timestamp,
}

impl Call {
    /// The time as events have it, such as `12/Mar/2020:19:03:58 +0000`.
    pub(crate) fn request_time(&self) -> String {
        self.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    /// The host that the client named.
    pub(crate) fn host(&self) -> &str {
        self.headers.last("host").unwrap_or_default()
    }

    /// The client's name for itself.
    pub(crate) fn user_agent(&self) -> &str {
        self.headers.last("user-agent").unwrap_or_default()
    }

    /// The query's parameters, decoded, each with all its values in their order.
    pub(crate) fn query_parameters(&self) -> BTreeMap<String, Vec<String>> {
        let mut parameters = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            let values = parameters.entry(name.into_owned()).or_default();
            values.push(value.into_owned());
        }
        parameters
    }
}

/// Headers in the order in which they came, with names in lower case. Values are text; a
/// byte that is not UTF-8 becomes `U+FFFD`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// What a client sent.
    pub(crate) fn from_http(headers: &::http::HeaderMap) -> Self {
        let text =
            |value: &::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self(
            headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
        )
    }

    /// The same with one more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without those of this name.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(other, _)| other != name)
                .cloned()
                .collect(),
        )
    }

    /// The last value of a header.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// Every value of a header.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Each header with its last value, as `headers` of REST events.
    pub(crate) fn last_values(&self) -> Map<String, Value> {
        self.0
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect()
    }

    /// Each header with all its values, as `multiValueHeaders`.
    pub(crate) fn all_values(&self) -> Map<String, Value> {
        let all = |name: &str| Value::from_iter(self.values(name));
        self.0
            .iter()
            .map(|(name, _)| (name.clone(), all(name)))
            .collect()
    }

    /// Each header with its values joined by commas, as `headers` of HTTP API events.
    pub(crate) fn joined_values(&self) -> Map<String, Value> {
        let joined = |name: &str| self.values(name).collect::<Vec<_>>().join(",");
        self.0
            .iter()
            .map(|(name, _)| (name.clone(), joined(name).into()))
            .collect()
    }
}

#[cfg(test)]
impl Call {
    /// A call for tests.
    pub(crate) fn of(method: &str, target: &str, headers: &[(&str, &str)]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Headers(headers.collect()),
            source: [127, 0, 0, 1].into(),
            protocol: "HTTP/1.1",
            request_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            at: "2026-11-25T20:38:41.5Z".parse().unwrap(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_repeated_header_reads_as_each_kind_of_event_has_it() {
        let headers = Call::of(
            "GET",
            "/",
            &[("accept", "a"), ("accept", "b"), ("host", "h")],
        )
        .headers;
        assert_eq!(
            Value::from(headers.last_values()),
            json!({"accept": "b", "host": "h"})
        );
        assert_eq!(
            Value::from(headers.all_values()),
            json!({"accept": ["a", "b"], "host": ["h"]})
        );
        assert_eq!(
            Value::from(headers.joined_values()),
            json!({"accept": "a,b", "host": "h"})
        );
    }

    #[test]
    fn header_values_that_are_no_utf_8_are_still_text() {
        let mut sent = ::http::HeaderMap::new();
        sent.insert(
            "x-city",
            ::http::HeaderValue::from_bytes(b"Z\xfcrich").unwrap(),
        );
        sent.insert(
            "x-town",
            ::http::HeaderValue::from_bytes("Zürich".as_bytes()).unwrap(),
        );
        let headers = Headers::from_http(&sent);
        assert_eq!(headers.last("x-city"), Some("Z\u{fffd}rich"));
        assert_eq!(headers.last("x-town"), Some("Zürich"));
    }

    #[test]
    fn query_parameters_are_decoded_and_keep_their_order() {
        let call = Call::of("GET", "/?b=2&a=1&b=%C3%BC+x&flag", &[]);
        let parameters = call.query_parameters();
        assert_eq!(parameters["b"], ["2", "ü x"]);
        assert_eq!(parameters["flag"], [""]);
        assert_eq!(parameters.len(), 3);
    }

    #[test]
    fn the_time_is_written_as_in_access_logs() {
        assert_eq!(
            Call::of("GET", "/", &[]).request_time(),
            "25/Nov/2026:20:38:41 +0000"
        );
    }
}
