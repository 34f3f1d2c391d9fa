//! Rules for methods and paths against a plain matcher.

use latchkey_domain::{ApiStage, MethodKey, Request, Route};
use percent_encoding::percent_decode_str;

use crate::text;

/// Lines with a rule, a second one, a call (`METHOD /path`) and a route template, which may be
/// empty. Rules read back as written; they match what a plain matcher does, the path as sent
/// and as decoded both; of two methods what they have in common matches what both match.
pub fn route(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (first, second, call, template) = (next(), next(), next(), next());
    let (method, path) = call.split_once(' ').unwrap_or((call, "/"));
    let request = Request {
        stage: ApiStage {
            api_id: "a1".to_owned(),
            stage: "prod".to_owned(),
        },
        method: method.to_owned(),
        path: format!("/{}", path.strip_prefix('/').unwrap_or(path)),
        resource: (!template.is_empty()).then(|| template.to_owned()),
        source_ip: None,
        has_native_plans: true,
    };
    for rule in [first, second] {
        hold_route(rule, &request);
    }
    hold_methods(first, second, &request);
}

fn hold_route(rule: &str, request: &Request) {
    let Ok(route) = rule.parse::<Route>() else {
        return;
    };
    assert_eq!(route.to_string(), rule);
    let (method, pattern) = rule.split_once(' ').unwrap();
    assert_eq!(
        route.matches(request),
        matches((method, pattern), request),
        "{rule} on {request:?}"
    );
    let shown: Vec<&str> = route.segments().collect();
    assert_eq!(format!("/{}", shown.join("/")), pattern);
    assert_eq!(route.method().unwrap_or("*"), method);
}

fn hold_methods(first: &str, second: &str, request: &Request) {
    let (one, other) = (of_route(first), of_route(second));
    for key in one.iter().chain(&other) {
        assert_eq!(key.to_string().parse().as_ref(), Ok(key));
        assert!(key.is_same(key));
    }
    if let (Some(one), Some(other)) = (one, other) {
        assert_eq!(one.is_same(&other), other.is_same(&one));
        if one.is_same(&other) {
            assert_eq!(
                one.matches(request),
                other.matches(request),
                "{one} {other}"
            );
        }
    }
}

/// The method of a plan that a rule for a key would be.
fn of_route(rule: &str) -> Option<MethodKey> {
    let (method, path) = rule.split_once(' ')?;
    let written = format!("{path}/{method}");
    let key: MethodKey = written.parse().ok()?;
    assert_eq!(key.to_string(), written);
    Some(key)
}

/// What docs/api says of rules, in the plainest way.
fn matches((method, pattern): (&str, &str), request: &Request) -> bool {
    if method != "*" && method != request.method {
        return false;
    }
    let is_covered = |path: &str| {
        let (pattern, path): (Vec<&str>, Vec<&str>) =
            (pattern.split('/').collect(), path.split('/').collect());
        covers(&pattern, &path)
    };
    if let Some(template) = &request.resource {
        return is_covered(template);
    }
    let mut reading = request.path.clone();
    for _ in 0..=4 {
        let slashed = reading.replace('\\', "/");
        if slashed.split('/').any(climbs) || !is_covered(&reading) || !is_covered(&slashed) {
            return false;
        }
        let decoded = percent_decode_str(&reading).decode_utf8_lossy();
        if decoded == reading {
            return true;
        }
        reading = decoded.into_owned();
    }
    false
}

/// Dots, with parameters, blanks or control characters around them.
fn climbs(segment: &str) -> bool {
    let (name, _) = segment.split_once(';').unwrap_or((segment, ""));
    let dots = name.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    [".", ".."].contains(&dots)
}

fn covers(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["*"], [_, ..]) => true,
        ([rule, pattern @ ..], [segment, path @ ..]) => {
            let one = if rule.starts_with('{') {
                !segment.is_empty()
            } else {
                rule == segment
            };
            one && covers(pattern, path)
        }
        _ => false,
    }
}
