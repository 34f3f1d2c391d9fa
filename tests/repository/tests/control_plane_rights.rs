//! The stack's roles allow what is asked of API Gateway's control plane, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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
    /// `latchkey doctor`, with the rights of who calls it: no role's.
    Doctor,
}

/// Each operation with what IAM asks for it: its method and path (AWS, "Actions, resources,
/// and condition keys for Amazon API Gateway Management").
const OPERATIONS: [(&str, &str, &str, By); 27] = [
    ("CreateApiKey", "POST", "/apikeys", By::Both),
    (
        "CreateDeployment",
        "POST",
        "/restapis/a1b2c3d4e5/deployments",
        By::Admin,
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
        By::Both,
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
        "GetGatewayResponses",
        "GET",
        "/restapis/a1b2c3d4e5/gatewayresponses",
        By::Doctor,
    ),
    (
        "GetMethod",
        "GET",
        "/restapis/a1b2c3d4e5/resources/r/methods/GET",
        By::Admin,
    ),
    (
        "GetResources",
        "GET",
        "/restapis/a1b2c3d4e5/resources",
        By::Admin,
    ),
    ("GetRestApi", "GET", "/restapis/a1b2c3d4e5", By::Both),
    ("GetRestApis", "GET", "/restapis", By::Doctor),
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
        By::Admin,
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

/// Adds what the statements in `part` say of API Gateway, those under a condition too.
fn collect(part: &Yaml, rights: &mut Rights) {
    if !part["Action"].is_badvalue() {
        let actions = all(&part["Action"]).into_iter().filter_map(Yaml::as_str);
        for method in actions.filter_map(|action| action.strip_prefix("apigateway:")) {
            let resources = all(&part["Resource"]).into_iter().map(path);
            rights.extend(resources.map(|path| (method.to_owned(), path)));
        }
    } else if let Some(fields) = part.as_hash() {
        fields.values().for_each(|field| collect(field, rights));
    } else if let Some(items) = part.as_vec() {
        items.iter().for_each(|item| collect(item, rights));
    }
}

/// What the template's roles allow, by role.
fn allowed() -> BTreeMap<String, Rights> {
    let template = document("template.yaml").unwrap();
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    let mut roles = BTreeMap::new();
    for (name, resource) in template["Resources"].as_hash().unwrap() {
        let mut rights = Rights::new();
        collect(&resource["Properties"]["Policies"], &mut rights);
        if !rights.is_empty() {
            roles.insert(name.as_str().unwrap().to_owned(), rights);
        }
    }
    roles
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
    let roles = allowed();
    let names: Vec<&str> = roles.keys().map(String::as_str).collect();
    assert_eq!(names, ["AdminRole", "ReconcilerRole"]);
    for (role, rights) in &roles {
        let calls = OPERATIONS
            .iter()
            .filter(|(.., by)| match by {
                By::Both => true,
                By::Admin => role == "AdminRole",
                By::Doctor => false,
            })
            .map(|(_, method, path, _)| (*method, *path));
        let asked: Vec<(&str, &str)> = calls.chain([TAGS]).collect();
        let covers = |right: &(String, String), (method, path): &(&str, &str)| {
            right.0 == *method && covers(&right.1, path)
        };
        for call in &asked {
            let allowed = rights.iter().any(|right| covers(right, call));
            assert!(allowed, "{role} may not {call:?}");
        }
        for right in rights {
            let needed = asked.iter().any(|call| covers(right, call));
            assert!(needed, "{role} needs no {right:?}");
        }
    }
}

/// What is somebody else's is changed under a condition alone.
#[test]
fn other_people_s_apis_are_read_and_no_more_unless_a_parameter_says_so() {
    let template = document("template.yaml").unwrap();
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    let mut seen = BTreeSet::new();
    for (name, resource) in template["Resources"].as_hash().unwrap() {
        for policy in all(&resource["Properties"]["Policies"]) {
            for statement in all(&policy["PolicyDocument"]["Statement"]) {
                let mut rights = Rights::new();
                collect(statement, &mut rights);
                let role = name.as_str().unwrap();
                let condition = statement[0].as_str().unwrap_or("always");
                let of_apis = rights
                    .into_iter()
                    .filter(|(_, path)| path.starts_with("/restapis"));
                seen.extend(
                    of_apis.map(|(method, path)| [role, condition, &method, &path].join(" ")),
                );
            }
        }
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    let expected = [
        "AdminRole FlushesAuthorizerCaches DELETE /restapis/*/stages/*/cache/authorizers",
        "AdminRole HasManagedApis PATCH /restapis/*/resources/*/methods/*",
        "AdminRole HasManagedApis POST /restapis/*/deployments",
        "AdminRole always GET /restapis/*",
        "ReconcilerRole FlushesAuthorizerCaches DELETE /restapis/*/stages/*/cache/authorizers",
        "ReconcilerRole always GET /restapis/*",
    ];
    assert_eq!(seen, expected);
}
