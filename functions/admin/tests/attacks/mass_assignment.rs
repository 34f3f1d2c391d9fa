//! Fields that a record has and that are nobody's to write, in each body that is taken.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::{
    contract::CONTRACT,
    native_account,
    support::{Admin, request},
};

/// Names of members at whatever depth.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// The attributes of all that the table holds, and the members of all that is told of it.
async fn written_and_told(admin: &Admin, paths: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for item in admin.items().await {
        found.extend(item.into_keys());
    }
    for path in paths {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        names(&answer.body, &mut found);
    }
    let more = [
        "Enabled",
        "ID",
        "__proto__",
        "constructor",
        "principal",
        "is_admin",
        "keyId",
        "off",
        "pv",
        "ttl",
        "hash",
        "twin",
        "version",
        "internal",
        "deleting",
    ];
    found.extend(more.map(str::to_owned));
    found
}

/// A body that is taken, by method and path, with the fields that it may have.
struct Body {
    method: Method,
    path: String,
    /// The path as the OpenAPI document has it.
    template: &'static str,
    valid: Value,
    fields: &'static [&'static str],
}

const PLAN: &[&str] = &[
    "name",
    "description",
    "throttle",
    "quota",
    "apiStages",
    "scope",
    "enforcement",
];
const KEY: &[&str] = &[
    "name",
    "description",
    "value",
    "prefix",
    "customerId",
    "enabled",
    "notBefore",
    "expiresAt",
    "allowedIps",
    "routes",
    "metadata",
    "planIds",
    "nativeValue",
];

const VERIFY: &[&str] = &["value", "apiId", "stage", "method", "path", "sourceIp"];

/// The REST API that may be changed from here.
const MANAGED: &str = "authorizer";

fn bodies(plan: &str, key: &str) -> Vec<Body> {
    let filled = |template: &str| {
        template
            .replace("{planId}", plan)
            .replace("{keyId}", key)
            .replace("{apiId}", MANAGED)
    };
    let body = |method: Method, template: &'static str, valid: Value, fields| Body {
        method,
        path: filled(template),
        template,
        valid,
        fields,
    };
    let (named, key_named) = ("/v1/plans/{planId}", "/v1/keys/{keyId}");
    let (post, put, patch) = (Method::POST, Method::PUT, Method::PATCH);
    let new = json!({"name": "P"});
    let moved = json!({"fromPlanId": plan, "toPlanId": "p2"});
    let call = json!({"value": "a-value-of-somebody", "apiId": "a1", "stage": "s", "method": "GET", "path": "/"});
    let to = json!({"apiId": MANAGED, "stage": "prod"});
    let required = json!({"path": "/orders", "method": "GET", "apiKeyRequired": true});
    let of_required: &[&str] = &["path", "method", "apiKeyRequired"];
    let usage = "/v1/plans/{planId}/keys/{keyId}/usage";
    let (rotate, to_other) = ("/v1/keys/{keyId}/rotate", "/v1/keys/{keyId}/move");
    let new_at_put = Body {
        path: "/v1/plans/own".to_owned(),
        ..body(put.clone(), named, new.clone(), PLAN)
    };
    vec![
        new_at_put,
        body(post.clone(), "/v1/plans", new.clone(), PLAN),
        body(put.clone(), named, new, PLAN),
        body(patch.clone(), named, json!({}), PLAN),
        body(post.clone(), "/v1/keys", json!({}), KEY),
        body(patch.clone(), key_named, json!({}), KEY),
        body(post.clone(), rotate, json!({}), &["gracePeriodSeconds"]),
        body(post.clone(), to_other, moved, &["fromPlanId", "toPlanId"]),
        body(patch, usage, json!({"remaining": 5}), &["remaining"]),
        body(post.clone(), "/v1/verify", call, VERIFY),
        body(
            post.clone(),
            "/v1/adopt",
            json!({"dryRun": true}),
            &["dryRun", "enforcement", "cursor"],
        ),
        body(post, "/v1/deployments", to, &["apiId", "stage"]),
        body(put, "/v1/apis/{apiId}/methods", required, of_required),
    ]
}

/// Tables are read by their columns, which tests of the import hold.
#[test]
fn each_operation_that_takes_a_body_is_tried_with_fields_that_are_not_its_own() {
    let paths = CONTRACT.document["paths"].as_object().unwrap();
    let taken: BTreeSet<(String, &str)> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().iter();
            let with_body = operations.filter(|(_, operation)| {
                !operation["requestBody"]["content"]["application/json"].is_null()
            });
            with_body.map(|(method, _)| (method.to_uppercase(), path.as_str()))
        })
        .collect();
    let tried: BTreeSet<(String, &str)> = bodies("p1", "k1")
        .into_iter()
        .map(|body| (body.method.to_string(), body.template))
        .collect();
    assert_eq!(tried, taken);
}

#[tokio::test]
async fn no_field_that_is_not_in_the_contract_is_taken_by_any_body() {
    let fake = native_account::account();
    fake.set_method(MANAGED, "/orders", "GET", false);
    let admin = Admin::with_gateway(&fake, &[MANAGED]).await;
    let native = native_account::made(&admin, &["authorizer:prod"]).await;
    let plan = json!({
        "name": "P", "throttle": {"rateLimit": 9, "burstLimit": 9}, "quota": {"limit": 9, "period": "DAY"},
        "apiStages": [{"apiId": "a1", "stage": "s", "units": {"/a/GET": 2}, "throttle": {"/a/GET": {"rateLimit": 1, "burstLimit": 3}}}],
    });
    let plan = admin.post("/v1/plans", plan).await.id();
    let key = admin
        .post(
            "/v1/keys",
            json!({"planIds": [plan, native], "customerId": "c", "metadata": {"tier": "1"}}),
        )
        .await
        .id();
    admin.charge(&key, &plan).await;
    admin
        .post(
            &format!("/v1/keys/{key}/rotate"),
            json!({"gracePeriodSeconds": 9}),
        )
        .await;
    let paths = [
        format!("/v1/plans/{plan}"),
        format!("/v1/plans/{native}"),
        format!("/v1/keys/{key}"),
        format!("/v1/plans/{plan}/keys/{key}"),
        "/v1/audit".to_owned(),
    ];
    let names = written_and_told(&admin, &paths).await;
    assert!(names.len() > 60, "{names:?}");
    let before = format!("{:?}", admin.items().await.len());
    let (own, shown) = (format!("/v1/plans/{plan}"), format!("/v1/keys/{key}"));
    let told = async || (admin.get(&own).await.body, admin.get(&shown).await.body);
    let seen = told().await;
    for body in bodies(&plan, &key) {
        for name in names
            .iter()
            .filter(|name| !body.fields.contains(&name.as_str()) && !name.contains('/'))
        {
            let mut sent = body.valid.clone();
            sent[name] = json!(1);
            let asked = request(body.method.clone(), &body.path, Some(sent.to_string()));
            let answer = admin.send(asked).await;
            let place = format!("/{name}: ");
            assert!(
                answer.status == 400
                    && answer
                        .faults()
                        .iter()
                        .any(|fault| fault.starts_with(&place)),
                "{} {} takes {name}: {} {}",
                body.method,
                body.path,
                answer.status,
                answer.body
            );
        }
    }
    assert_eq!(told().await, seen);
    assert_eq!(
        format!("{:?}", admin.items().await.len()),
        before,
        "nothing was written"
    );
    assert_eq!(fake.deployments(), []);
    assert_eq!(fake.requires_key(MANAGED, "/orders", "GET"), Some(false));
}

/// So inside of a body.
#[tokio::test]
async fn nor_by_any_object_inside_of_one() {
    let admin = Admin::start().await;
    for (member, valid) in [
        ("throttle", json!({"rateLimit": 1, "burstLimit": 1})),
        ("quota", json!({"limit": 1, "period": "DAY"})),
        ("apiStages", json!([{"apiId": "a1", "stage": "s"}])),
    ] {
        for name in [
            "number",
            "bucket",
            "used",
            "remaining",
            "selector",
            "methods",
            "t",
            "q",
            "id",
        ] {
            let mut inside = valid.clone();
            match &mut inside {
                Value::Array(items) => items[0][name] = json!(1),
                object => object[name] = json!(1),
            }
            let answer = admin
                .post("/v1/plans", json!({"name": "P", member: inside}))
                .await;
            let is_named = |fault: &String| fault.contains(&format!("/{name}: unknown field"));
            assert!(
                answer.status == 400 && answer.faults().iter().any(is_named),
                "{member}.{name}: {}",
                answer.body
            );
        }
    }
    assert!(admin.items().await.is_empty());
}
