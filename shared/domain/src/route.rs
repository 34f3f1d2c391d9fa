//! Rules for methods and paths: a key's `routes`, and the methods that a plan names.
//!
//! A rule's path is matched segment by segment: `{name}` is any one segment, a last `*`
//! the rest. It is held against the event's route template, or, where there is none that
//! says anything, against the path as sent; and then the path as it reads when decoded must
//! match as well, so that no encoding gets around a rule.

mod meet;
mod readings;

use std::{borrow::Cow, fmt, str::FromStr};

use percent_encoding::percent_decode_str;

use crate::{Invalid, Request};
use readings::{DECODINGS, climbs, is_plain, resolved, slashed};

/// The methods that a rule can name: those of API Gateway.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A method as it may be logged: `other` where it is none that a rule can name, since a caller
/// may send any text as a method, a key value too.
pub fn method_in_log(method: &str) -> &'static str {
    let known = METHODS.into_iter().find(|known| *known == method);
    known.unwrap_or("other")
}

/// A method and a path pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Pattern {
    /// None for `*`: every method.
    method: Option<&'static str>,
    path: String,
}

impl Pattern {
    const MAX_LEN: usize = 512;

    fn new(method: &str, path: &str) -> Option<Self> {
        let method = match method {
            "*" => None,
            named => Some(METHODS.into_iter().find(|known| *known == named)?),
        };
        let segments = path.strip_prefix('/')?.split('/');
        let last = segments.clone().count() - 1;
        let well_formed = segments.enumerate().all(|(at, segment)| match segment {
            "*" => at == last,
            "." | ".." => false,
            named if named.starts_with('{') => is_parameter(named),
            literal => literal
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"*{}?#%\\".contains(&b)),
        });
        (well_formed && path.len() <= Self::MAX_LEN).then(|| Self {
            method,
            path: path.to_owned(),
        })
    }

    fn takes_method(&self, request: &Request) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| *method == request.method)
    }

    /// Whether a path matches however it is read: as it was sent, and decoded as often as
    /// anybody behind may decode it. One that climbs, or was encoded more often, matches nothing.
    fn matches_each_reading(&self, path: &str) -> bool {
        let mut reading = Cow::Borrowed(path);
        for _ in 0..=DECODINGS {
            let slashed = slashed(&reading);
            if slashed.split('/').any(climbs)
                || !self.matches_path(&reading)
                || !self.matches_path(&slashed)
            {
                return false;
            }
            let decoded = percent_decode_str(&reading).decode_utf8_lossy();
            if decoded == reading {
                return true;
            }
            reading = Cow::Owned(decoded.into_owned());
        }
        false
    }

    /// Whether a path matches in any of the ways in which it may be read.
    fn matches_some_reading(&self, path: &str) -> bool {
        if self.matches_path(path) {
            return true;
        }
        if is_plain(path) {
            return false;
        }
        let mut reading = path.to_owned();
        for _ in 0..=DECODINGS {
            if self.matches_path(&reading) || self.matches_path(&resolved(&reading)) {
                return true;
            }
            let decoded = percent_decode_str(&reading).decode_utf8_lossy();
            if decoded == reading {
                return false;
            }
            reading = decoded.into_owned();
        }
        false
    }

    fn matches_path(&self, path: &str) -> bool {
        let mut rest = path.split('/');
        for rule in self.path.split('/') {
            match (rule, rest.next()) {
                ("*", Some(_)) => return true,
                (rule, Some(segment)) if is_parameter(rule) => {
                    if segment.is_empty() {
                        return false;
                    }
                }
                (rule, Some(segment)) if rule == segment => {}
                _ => return false,
            }
        }
        rest.next().is_none()
    }

    /// Of two rules that match, the one with more fixed segments says more.
    fn closeness(&self) -> (usize, bool) {
        let fixed = self
            .path
            .split('/')
            .filter(|s| *s != "*" && !is_parameter(s))
            .count();
        (fixed, self.method.is_some())
    }
}

fn is_parameter(segment: &str) -> bool {
    segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        })
}

/// What a key may call: `"METHOD /path"`, such as `GET /orders/{id}` or `* /reports/*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route(Pattern);

/// The longest ARN of a stage, its `/` and what JSON puts around the whole: partition and
/// Region take at most 28 characters, the account 12, an API's id 10, a stage's name 128.
const STAGE_ARN_BYTES: usize = 200;
/// The longest ARN that API Gateway takes (AWS, "Output from a Lambda authorizer").
const MAX_ARN_BYTES: usize = 512;

impl Route {
    /// Bytes that it takes in a policy at most, whatever API and stage the policy is for.
    pub(crate) fn policy_bytes(&self) -> usize {
        STAGE_ARN_BYTES + self.to_string().len()
    }

    /// Whether the rule opens this call.
    pub fn matches(&self, request: &Request) -> bool {
        self.0.takes_method(request)
            && match &request.resource {
                Some(template) => self.0.matches_path(template),
                None => self.0.matches_each_reading(&request.path),
            }
    }

    /// Whether a policy's resource opens the same calls and no more, so that API Gateway may
    /// keep the policy and not ask again. In a policy `*` crosses slashes: `{name}` would
    /// open deeper paths, and `*` for the method other ones.
    pub fn fits_a_policy(&self) -> bool {
        let path = self.0.path.as_str();
        (self.0.method.is_some() || path == "/*") && !path.split('/').any(is_parameter)
    }

    /// Its method; none where it opens every one.
    pub fn method(&self) -> Option<&str> {
        self.0.method
    }

    /// The segments of its path behind the leading `/`: `{name}` for any one segment, a last
    /// `*` for the rest, all others as they are called.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.path.split('/').skip(1)
    }
}

impl FromStr for Route {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const ALLOWED: &str = "`METHOD /path` with {name} for one segment, a last * for the rest, and * for every method; at most 312 characters, since API Gateway takes no longer ARN";
        text.split_once(' ')
            .and_then(|(method, path)| Pattern::new(method, path))
            .map(Self)
            .filter(|route| route.policy_bytes() <= MAX_ARN_BYTES)
            .ok_or_else(|| Invalid::new("a route", text, ALLOWED))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.method.unwrap_or("*"), self.0.path)
    }
}

/// A method of an API stage as API Gateway's usage plans name it: `"/path/METHOD"`, the
/// root `"//GET"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MethodKey(Pattern);

impl MethodKey {
    /// Whether a call is of this method, in whatever way it is spelled: what a method costs is
    /// not to be had for less.
    pub fn matches(&self, request: &Request) -> bool {
        self.0.takes_method(request)
            && match &request.resource {
                Some(template) => self.0.matches_path(template),
                None => self.0.matches_some_reading(&request.path),
            }
    }

    /// How closely it names a method, to choose between two that match.
    pub(crate) fn closeness(&self) -> (usize, bool) {
        self.0.closeness()
    }
}

impl FromStr for MethodKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.rsplit_once('/')
            .and_then(|(path, method)| {
                Pattern::new(method, if path.is_empty() { "" } else { path })
            })
            .map(Self)
            .ok_or_else(|| {
                Invalid::new(
                    "a method",
                    text,
                    "/path/METHOD such as /orders/{id}/GET, //GET for the root; one entry for each method, since ANY is none",
                )
            })
    }
}

impl fmt::Display for MethodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.path, self.0.method.unwrap_or("*"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ApiStage;

    fn request(method: &str, path: &str, resource: Option<&str>) -> Request {
        Request {
            stage: ApiStage {
                api_id: "a1".into(),
                stage: "prod".into(),
            },
            method: method.into(),
            path: path.into(),
            resource: resource.map(Into::into),
            source_ip: None,
            has_native_plans: true,
        }
    }

    fn route(rule: &str, method: &str, path: &str) -> bool {
        rule.parse::<Route>()
            .unwrap()
            .matches(&request(method, path, None))
    }

    #[test]
    fn a_whole_path_counts() {
        assert!(route("GET /orders", "GET", "/orders"));
        assert!(!route("GET /orders", "POST", "/orders"));
        assert!(
            !route("GET /orders", "GET", "/orders/") && !route("GET /orders", "GET", "/orders/1")
        );
        assert!(route("GET /", "GET", "/") && !route("GET /", "GET", "/orders"));
        assert!(route("* /orders", "PATCH", "/orders"));
    }

    #[test]
    fn a_route_is_a_method_and_segments() {
        for (rule, method, segments) in [
            (
                "GET /orders/{id}/*",
                Some("GET"),
                &["orders", "{id}", "*"][..],
            ),
            ("* /orders", None, &["orders"]),
            ("PATCH /", Some("PATCH"), &[""]),
        ] {
            let route: Route = rule.parse().unwrap();
            assert_eq!(route.method(), method, "{rule}");
            assert!(route.segments().eq(segments.iter().copied()), "{rule}");
        }
    }

    #[test]
    fn of_a_method_only_a_name_that_a_rule_can_have_is_logged() {
        for method in METHODS {
            assert_eq!(method_in_log(method), method);
        }
        for method in ["", "*", "get", "TRACE", "a-key-value-of-a-customer"] {
            assert_eq!(method_in_log(method), "other", "{method}");
        }
    }

    #[test]
    fn a_name_is_one_segment_and_a_star_the_rest() {
        assert!(
            route("GET /orders/{id}", "GET", "/orders/1")
                && !route("GET /orders/{id}", "GET", "/orders/1/lines")
        );
        assert!(!route("GET /orders/{id}", "GET", "/orders/"));
        assert!(
            route("GET /orders/*", "GET", "/orders/1/lines")
                && !route("GET /orders/*", "GET", "/orders")
        );
        assert!(route("* /*", "DELETE", "/") && route("* /*", "GET", "/a/b"));
        assert!(route("GET /users/{id}/profile", "GET", "/users/1/profile"));
        assert!(!route(
            "GET /users/{id}/profile",
            "GET",
            "/users/1/admin/2/profile"
        ));
    }

    #[test]
    fn no_encoding_gets_around_a_rule() {
        for path in [
            "/orders/..%2fadmin",
            "/orders/../admin",
            "/orders/%2e%2e/admin",
            "/orders/..",
            "/orders/%252e%252e/admin",
            "/orders/..%25252fadmin",
            "/orders/..;/admin",
            "/orders/..;a=1/admin",
            "/orders/..%00/admin",
            "/orders/..%20/admin",
            "/orders/%2525252525252e",
        ] {
            assert!(!route("GET /orders/*", "GET", path), "{path}");
        }
        assert!(
            !route("GET /orders/{id}", "GET", "/orders/1%2Flines"),
            "two segments when decoded"
        );
        for path in [
            "/orders/1%252Flines",
            "/orders/1\\lines",
            "/orders/1%5Clines",
        ] {
            assert!(!route("GET /orders/{id}", "GET", path), "{path}");
        }
        for path in [
            "/orders/100%25",
            "/orders/a;b=1",
            "/orders/a%20b",
            "/orders/v1..2",
        ] {
            assert!(route("GET /orders/{id}", "GET", path), "{path}");
        }
        assert!(
            !route("GET /orders", "GET", "/%6frders"),
            "matches when decoded only"
        );
        assert!(route("GET /orders/{id}", "GET", "/orders/caf%C3%A9"));
    }

    #[test]
    fn no_spelling_makes_a_dear_method_a_cheap_one() {
        let method: MethodKey = "/reports/{name}/GET".parse().unwrap();
        let is_called = |path: &str| method.matches(&request("GET", path, None));
        for path in [
            "/reports/1",
            "/report%73/1",
            "/%2572eports/1",
            "//reports/1",
            "/reports//1",
            "/reports/1/",
            "/./reports/1",
            "/x/../reports/1",
            "/x/%2e%2e/reports/1",
            "/x/..%2freports/1",
            "\\reports\\1",
            "/reports;a=1/1",
            "/reports/1;a=1",
        ] {
            assert!(is_called(path), "{path}");
        }
        for path in [
            "/reports",
            "/reports/1/2",
            "/reportss/1",
            "/x/reports/1",
            "/REPORTS/1",
        ] {
            assert!(!is_called(path), "{path}");
        }
        let template = |resource| method.matches(&request("GET", "/x", Some(resource)));
        assert!(template("/reports/{id}") && !template("/report%73/{id}"));
    }

    #[test]
    fn the_route_template_goes_before_the_path() {
        let rule: Route = "GET /orders/{id}".parse().unwrap();
        assert!(rule.matches(&request("GET", "/v1/orders/7", Some("/orders/{orderId}"))));
        assert!(!rule.matches(&request("GET", "/orders/7", Some("/invoices/{id}"))));
    }

    #[test]
    fn rules_that_say_nothing_clear_are_refused() {
        for bad in [
            "",
            "GET",
            "/orders",
            "get /orders",
            "GET orders",
            "GET /a/*/b",
            "GET /a*",
            "GET /{}",
            "GET /a/../b",
            "GET /a%2f",
            "GET  /a",
            "FOO /a",
        ] {
            assert!(bad.parse::<Route>().is_err(), "{bad}");
        }
    }

    #[test]
    fn method_keys_are_written_as_in_usage_plans() {
        for text in ["/orders/{id}/GET", "//GET", "/orders/*/POST", "/orders/*"] {
            assert_eq!(text.parse::<MethodKey>().unwrap().to_string(), text);
        }
        assert!(
            "//GET"
                .parse::<MethodKey>()
                .unwrap()
                .matches(&request("GET", "/", None))
        );
        assert!("GET".parse::<MethodKey>().is_err() && "/GET".parse::<MethodKey>().is_err());
    }

    proptest! {
        #[test]
        fn a_rule_reads_back_as_written_and_never_panics(text in "(GET|\\*|POST) /[a-z{}*/%.]{0,20}", path in "/[a-z%/.2ef]{0,30}") {
            if let Ok(rule) = text.parse::<Route>() {
                prop_assert_eq!(rule.to_string(), text);
                let _ = rule.matches(&request("GET", &path, None));
            }
        }
    }
}
