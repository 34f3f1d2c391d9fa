//! The stack's roles allow what is asked of API Gateway's control plane, and nothing else.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};

use latchkey_repository::document;
use yaml_rust2::{Yaml, YamlLoader};

/// What stands before the path in every ARN of the control plane.
const CONTROL_PLANE: &str = "arn:${AWS::Partition}:apigateway:${AWS::Region}::";

/// Who makes a call.
#[derive(PartialEq, Clone, Copy)]
enum By {
    /// The admin API, and the reconciler in its stead.
    Both,
    /// The admin API alone.
    Admin,
    /// The admin API, for APIs that `ManagedApis` names.
    Managing,
    /// Both, where `FlushAuthorizerCaches` is set.
    Flushing,
    /// `latchkey doctor`, with the rights of who calls it: no role's.
    Doctor,
}

/// Each operation with what IAM asks for it: its method and path (AWS, "Actions, resources,
/// and condition keys for Amazon API Gateway Management").
const OPERATIONS: [(&str, &str, &str, By); 29] = [
    ("CreateApiKey", "POST", "/apikeys", By::Both),
    (
        "CreateDeployment",
        "POST",
        "/restapis/a1b2c3d4e5/deployments",
        By::Managing,
    ),
    ("CreateUsagePlan", "POST", "/usageplans", By::Both),
    ("CreateUsagePlanKey", "POST", "/usageplans/p/keys", By::Both),
    ("DeleteApiKey", "DELETE", "/apikeys/k", By::Both),
    ("DeleteUsagePlan", "DELETE", "/usageplans/p", By::Both),
    (
        "DeleteUsagePlanKey",
        "DELETE",
        "/usageplans/p/keys/k",
        By::Both,
    ),
    (
        "FlushStageAuthorizersCache",
        "DELETE",
        "/restapis/a1b2c3d4e5/stages/s/cache/authorizers",
        By::Flushing,
    ),
    ("GetApi", "GET", "/apis/a1b2c3d4e5", By::Both),
    ("GetApiKey", "GET", "/apikeys/k", By::Both),
    ("GetApiKeys", "GET", "/apikeys", By::Both),
    ("GetApis", "GET", "/apis", By::Doctor),
    (
        "GetAuthorizers",
        "GET",
        "/restapis/a1b2c3d4e5/authorizers",
        By::Doctor,
    ),
    (
        "GetExport",
        "GET",
        "/restapis/a1b2c3d4e5/stages/s/exports/oas30",
        By::Doctor,
    ),
    (
        "GetGatewayResponses",
        "GET",
        "/restapis/a1b2c3d4e5/gatewayresponses",
        By::Doctor,
    ),
    (
        "GetMethod",
        "GET",
        "/restapis/a1b2c3d4e5/resources/r/methods/GET",
        By::Managing,
    ),
    (
        "GetResources",
        "GET",
        "/restapis/a1b2c3d4e5/resources",
        By::Managing,
    ),
    ("GetRestApi", "GET", "/restapis/a1b2c3d4e5", By::Both),
    ("GetRestApis", "GET", "/restapis", By::Doctor),
    (
        "GetStages",
        "GET",
        "/restapis/a1b2c3d4e5/stages",
        By::Doctor,
    ),
    ("GetUsage", "GET", "/usageplans/p/usage", By::Admin),
    ("GetUsagePlan", "GET", "/usageplans/p", By::Both),
    ("GetUsagePlanKey", "GET", "/usageplans/p/keys/k", By::Both),
    ("GetUsagePlanKeys", "GET", "/usageplans/p/keys", By::Both),
    ("GetUsagePlans", "GET", "/usageplans", By::Both),
    ("UpdateApiKey", "PATCH", "/apikeys/k", By::Both),
    (
        "UpdateMethod",
        "PATCH",
        "/restapis/a1b2c3d4e5/resources/r/methods/GET",
        By::Managing,
    ),
    (
        "UpdateUsage",
        "PATCH",
        "/usageplans/p/keys/k/usage",
        By::Admin,
    ),
    ("UpdateUsagePlan", "PATCH", "/usageplans/p", By::Both),
];

/// Asked for beside the call that makes a plan or key with tags.
const TAGS: (&str, &str) = (
    "PUT",
    "/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Fapikeys%2Fk",
);

/// Method and path with wildcards.
type Rights = BTreeSet<(String, String)>;

/// One, or a list of them.
fn all(one_or_more: &Yaml) -> Vec<&Yaml> {
    match one_or_more {
        Yaml::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// The text of a resource: an `!Sub`, with a map beside it or without. What is put in for the
/// id of an API is any.
fn path(resource: &Yaml) -> String {
    let text = resource.as_str().or_else(|| resource[0].as_str()).unwrap();
    let path = text.strip_prefix(CONTROL_PLANE);
    path.unwrap().replace("${ApiId}", "*")
}

/// What a role's statements say of API Gateway.
#[derive(Default)]
struct Said {
    allowed: Rights,
    denied: Rights,
}

impl Said {
    /// What is allowed and not denied.
    fn allows(&self, call: &(&str, &str)) -> bool {
        let any = |rights: &Rights| rights.iter().any(|right| is_of(right, call));
        any(&self.allowed) && !any(&self.denied)
    }

    /// Adds what the statements in `part` say, with all conditions of the stack or with none.
    fn collect(&mut self, part: &Yaml, conditions: bool) {
        if !part["Action"].is_badvalue() {
            let actions = all(&part["Action"]).into_iter().filter_map(Yaml::as_str);
            let rights = match part["Effect"].as_str() {
                Some("Allow") => &mut self.allowed,
                Some("Deny") => &mut self.denied,
                effect => panic!("{effect:?}"),
            };
            for method in actions.filter_map(|action| action.strip_prefix("apigateway:")) {
                let resources = all(&part["Resource"]).into_iter().map(path);
                rights.extend(resources.map(|path| (method.to_owned(), path)));
            }
        } else if let Some([Yaml::String(_), then, otherwise]) = part.as_vec().map(Vec::as_slice) {
            // `!If`.
            self.collect(if conditions { then } else { otherwise }, conditions);
        } else if let Some(fields) = part.as_hash() {
            fields
                .values()
                .for_each(|field| self.collect(field, conditions));
        } else if let Some(items) = part.as_vec() {
            items.iter().for_each(|item| self.collect(item, conditions));
        }
    }
}

/// What the template's roles say of API Gateway, by role.
fn roles(conditions: bool) -> BTreeMap<String, Said> {
    let template = document("template.yaml").unwrap();
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    let mut roles = BTreeMap::new();
    for (name, resource) in template["Resources"].as_hash().unwrap() {
        let mut said = Said::default();
        said.collect(&resource["Properties"]["Policies"], conditions);
        if !said.allowed.is_empty() {
            roles.insert(name.as_str().unwrap().to_owned(), said);
        }
    }
    roles
}

fn is_of(right: &(String, String), (method, path): &(&str, &str)) -> bool {
    right.0 == *method && covers(&right.1, path)
}

/// How IAM compares: `*` is any text, slashes included.
fn covers(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path
            .strip_prefix(start)
            .is_some_and(|path| (0..=path.len()).any(|at| covers(rest, &path[at..]))),
    }
}

#[test]
fn each_operation_has_its_line() {
    let source = document("shared/gateway/src/operation.rs").unwrap();
    let named: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.split_once(" => \"")?.1.strip_suffix("\","))
        .collect();
    let lines: BTreeSet<&str> = OPERATIONS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(named, lines);
}

#[test]
fn each_role_allows_exactly_what_is_asked_of_api_gateway() {
    for conditions in [false, true] {
        let roles = roles(conditions);
        let names: Vec<&str> = roles.keys().map(String::as_str).collect();
        assert_eq!(names, ["AdminRole", "ReconcilerRole"]);
        for (role, said) in &roles {
            let calls = OPERATIONS
                .iter()
                .filter(|(.., by)| match by {
                    By::Both => true,
                    By::Admin => role == "AdminRole",
                    By::Managing => conditions && role == "AdminRole",
                    By::Flushing => conditions,
                    By::Doctor => false,
                })
                .map(|(_, method, path, _)| (*method, *path));
            let asked: Vec<(&str, &str)> = calls.chain([TAGS]).collect();
            for call in &asked {
                assert!(said.allows(call), "{role} may not {call:?}");
            }
            for right in &said.allowed {
                let needed = asked.iter().any(|call| is_of(right, call));
                assert!(needed, "{role} needs no {right:?}");
            }
        }
    }
}

/// What is somebody else's is changed under a condition alone.
#[test]
fn other_people_s_apis_are_read_and_no_more_unless_a_parameter_says_so() {
    let seen = |conditions| -> Vec<String> {
        let mut seen = BTreeSet::new();
        for (role, said) in roles(conditions) {
            for (effect, rights) in [("may", said.allowed), ("may not", said.denied)] {
                let of_apis = rights
                    .into_iter()
                    .filter(|(_, path)| path.starts_with("/restapis"));
                seen.extend(
                    of_apis.map(|(method, path)| [&role, effect, &method, &path].join(" ")),
                );
            }
        }
        seen.into_iter().collect()
    };
    let always = [
        "AdminRole may GET /restapis/*",
        "AdminRole may not GET /restapis/*/*",
        "ReconcilerRole may GET /restapis/*",
        "ReconcilerRole may not GET /restapis/*/*",
    ];
    assert_eq!(seen(false), always);
    let with_parameters = [
        "AdminRole may DELETE /restapis/*/stages/*/cache/authorizers",
        "AdminRole may GET /restapis/*",
        "AdminRole may PATCH /restapis/*/resources/*/methods/*",
        "AdminRole may POST /restapis/*/deployments",
        "AdminRole may not GET /restapis/*/authorizers*",
        "AdminRole may not GET /restapis/*/deployments*",
        "AdminRole may not GET /restapis/*/documentation*",
        "AdminRole may not GET /restapis/*/gatewayresponses*",
        "AdminRole may not GET /restapis/*/models*",
        "AdminRole may not GET /restapis/*/requestvalidators*",
        "AdminRole may not GET /restapis/*/resources/*/methods/*/*",
        "AdminRole may not GET /restapis/*/stages*",
        "AdminRole may not PATCH /restapis/*/resources/*/methods/*/*",
        "ReconcilerRole may DELETE /restapis/*/stages/*/cache/authorizers",
        "ReconcilerRole may GET /restapis/*",
        "ReconcilerRole may not GET /restapis/*/*",
    ];
    assert_eq!(seen(true), with_parameters);
}

/// All kinds of resource that there are below an API, but for a REST API's own resources and their
/// methods (AWS, "Actions, resources, and condition keys for Amazon API Gateway Management").
const INSIDE: [&str; 18] = [
    "/restapis/a1b2c3d4e5/authorizers",
    "/restapis/a1b2c3d4e5/authorizers/a",
    "/restapis/a1b2c3d4e5/deployments",
    "/restapis/a1b2c3d4e5/deployments/d",
    "/restapis/a1b2c3d4e5/documentation/parts",
    "/restapis/a1b2c3d4e5/documentation/versions/v",
    "/restapis/a1b2c3d4e5/gatewayresponses/THROTTLED",
    "/restapis/a1b2c3d4e5/models/m",
    "/restapis/a1b2c3d4e5/models/m/default_template",
    "/restapis/a1b2c3d4e5/requestvalidators/v",
    "/restapis/a1b2c3d4e5/resources/r/methods/GET/integration",
    "/restapis/a1b2c3d4e5/resources/r/methods/GET/integration/responses/200",
    "/restapis/a1b2c3d4e5/resources/r/methods/GET/responses/200",
    "/restapis/a1b2c3d4e5/stages",
    "/restapis/a1b2c3d4e5/stages/prod",
    "/restapis/a1b2c3d4e5/stages/prod/exports/oas30",
    "/apis/a1b2c3d4e5/stages/prod",
    "/apis/a1b2c3d4e5/integrations",
];

#[test]
fn below_an_api_nothing_is_read_or_changed_but_what_managing_it_asks_for() {
    for conditions in [false, true] {
        for (role, said) in roles(conditions) {
            for inside in INSIDE {
                for method in ["GET", "PATCH", "PUT", "POST", "DELETE"] {
                    let is_asked = OPERATIONS.iter().any(|(_, theirs, path, by)| {
                        (*theirs, *path) == (method, inside) && *by != By::Doctor
                    });
                    let allows = said.allows(&(method, inside));
                    assert!(is_asked || !allows, "{role} {method} {inside}");
                }
            }
            let manages = conditions && role == "AdminRole";
            for inside in ["resources", "resources/r", "resources/r/methods/GET"] {
                let path = format!("/restapis/a1b2c3d4e5/{inside}");
                assert_eq!(said.allows(&("GET", &path)), manages, "{role} {path}");
            }
        }
    }
}
