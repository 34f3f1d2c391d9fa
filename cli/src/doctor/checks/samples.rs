//! A stack with nothing wrong: a REST API and an HTTP API whose calls Latchkey counts, and a REST
//! API whose calls API Gateway counts.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use latchkey_domain::{Enforcement, Plan, PlanStage, StageSelector};
use latchkey_gateway::{ApiKind, FoundApi, FoundAuthorizer, FoundMethod, FoundResponse, KeySource};
use latchkey_store::{Drift, PlanRecord, TableHealth};
use serde_json::json;

use super::Finding;
use crate::doctor::facts::{Api, Compared, Facts, Function, Stage, Table};

/// What was found, in its words.
pub(super) fn problems(found: Vec<Finding>) -> Vec<String> {
    found.into_iter().map(|one| one.problem).collect()
}

pub(super) fn healthy() -> Facts {
    let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
    Facts {
        stack: "latchkey".to_owned(),
        now,
        ahead: Some(SignedDuration::ZERO),
        table: Table {
            name: "keys".to_owned(),
            health: Some(TableHealth {
                protected: true,
                ..TableHealth::default()
            }),
            recovery: Some(true),
            forgets: Some(true),
        },
        authorizer: Some(function("authorizer", 5)),
        admin: Some(function("admin", 29)),
        reconciler: Some(function("reconciler", 300)),
        schedule: Some("ENABLED".to_owned()),
        apis: vec![
            rest("rest1", KeySource::Header, 0, "429"),
            http(),
            rest("rest2", KeySource::Authorizer, 300, "403"),
        ],
        plans: vec![
            plan("gold", Enforcement::DynamoDb, ("*", "*")),
            plan("silver", Enforcement::ApiGateway, ("rest2", "prod")),
        ],
        waiting: vec![],
        compared: Compared::Last(Drift {
            scanned: now,
            findings: vec![],
            total: 0,
        }),
        invoke_role: Some("invoke".to_owned()),
        unseen: vec![],
    }
}

/// The first API of a kind.
pub(super) fn api_of(facts: &mut Facts, kind: ApiKind) -> &mut Api {
    let mut apis = facts.apis.iter_mut();
    apis.find(|api| api.found.kind == kind).unwrap()
}

/// Sets a variable of the authorizer.
pub(super) fn set(facts: &mut Facts, name: &str, value: &str) {
    let authorizer = facts.authorizer.as_mut().unwrap();
    authorizer
        .variables
        .insert(name.to_owned(), value.to_owned());
}

fn function(name: &str, timeout_seconds: u64) -> Function {
    let statement = |api: &str| {
        json!({"Sid": api, "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"ArnLike": {"AWS:SourceArn":
            format!("arn:aws:execute-api:us-east-1:000000000000:{api}/authorizers/*")}}})
    };
    Function {
        name: name.to_owned(),
        arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
        state: "Active".to_owned(),
        timeout_seconds,
        variables: [("TABLE_NAME".to_owned(), "keys".to_owned())].into(),
        statements: ["rest1", "http1", "rest2"].map(statement).to_vec(),
    }
}

fn authorizer(ttl: i32, source: &str) -> FoundAuthorizer {
    FoundAuthorizer {
        id: "auth1".to_owned(),
        uri: None,
        credentials: None,
        ttl_seconds: Some(ttl),
        identity_sources: vec![source.to_owned()],
        simple_responses: false,
    }
}

fn rest(id: &str, key_source: KeySource, ttl: i32, denied: &str) -> Api {
    let asking = authorizer(ttl, "method.request.header.X-Api-Key");
    let served = FoundAuthorizer {
        id: "Keys".to_owned(),
        ..asking.clone()
    };
    Api {
        found: found(id, ApiKind::Rest),
        key_source,
        authorizers: vec![asking],
        answers: Some(answers(denied)),
        stages: vec![Stage {
            name: "prod".to_owned(),
            authorizers: vec![served],
            answers: Some(answers(denied)),
        }],
        methods: vec![
            FoundMethod {
                name: "GET /orders".to_owned(),
                authorizer: Some("auth1".to_owned()),
                key_required: key_source == KeySource::Authorizer,
            },
            FoundMethod {
                name: "OPTIONS /orders".to_owned(),
                authorizer: None,
                key_required: false,
            },
        ],
    }
}

fn http() -> Api {
    Api {
        found: found("http1", ApiKind::Http),
        key_source: KeySource::NoUsagePlans,
        authorizers: vec![authorizer(0, "$request.header.x-api-key")],
        answers: None,
        methods: vec![],
        stages: vec![],
    }
}

fn found(id: &str, kind: ApiKind) -> FoundApi {
    FoundApi {
        id: id.to_owned(),
        name: "orders".to_owned(),
        kind,
        key_source: None,
    }
}

fn answers(denied: &str) -> BTreeMap<String, FoundResponse> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let answer = |status: &str| FoundResponse {
        status: Some(status.to_owned()),
        headers: [
            header("access-control-allow-origin", "'*'"),
            header("access-control-expose-headers", "'Retry-After'"),
            header("retry-after", "context.authorizer.retryAfter"),
        ]
        .into(),
    };
    [
        ("UNAUTHORIZED", "401"),
        ("ACCESS_DENIED", denied),
        ("AUTHORIZER_FAILURE", "503"),
        ("AUTHORIZER_CONFIGURATION_ERROR", "503"),
    ]
    .map(|(kind, status)| (kind.to_owned(), answer(status)))
    .into()
}

fn plan(id: &str, enforcement: Enforcement, (api, stage): (&str, &str)) -> PlanRecord {
    let stage = PlanStage {
        selector: StageSelector::new(api, stage).unwrap(),
        methods: vec![],
    };
    let name = "Plan".parse().unwrap();
    PlanRecord {
        plan: Plan {
            stages: vec![stage],
            enforcement,
            ..Plan::new(id.parse().unwrap(), name, Timestamp::UNIX_EPOCH)
        },
        keys: 1,
        internal: 1,
        attached: 1,
    }
}
