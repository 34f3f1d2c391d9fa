//! An admin API of a test's own: table, time and chance are the test's.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Router, body::Body};
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayProxyRequestContext, request::RequestContext,
};
use latchkey_admin::{AdminState, ApiGateway, NoRandomness, Random, router};
use latchkey_authorizer::Authorizer;
use latchkey_domain::{
    Clock, Nanos, Reading, Reason,
    meter::{Asked, Holding, Owner, Step, Verdict},
};
use latchkey_engine::Engine;
use latchkey_fake_gateway::FakeGateway;
use latchkey_gateway::Gateway;
use latchkey_store::{Change, Patience, Store, create_table};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{captured_log, contract::CONTRACT};

/// 2026-11-25T12:00:00Z, a Wednesday.
pub(crate) const NOON: Nanos = 1_795_608_000_000_000_000;
pub(crate) const SECOND: Nanos = 1_000_000_000;
pub(crate) const TABLE: &str = "latchkey";
pub(crate) const CALLER: &str = "arn:aws:sts::123456789012:assumed-role/key-manager/ann";

/// A running admin API. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    wall: Arc<AtomicI64>,
    api_gateway: Option<ApiGateway>,
}

/// An answer: what of it matters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// As snapshots show it.
    pub(crate) fn shown(&self) -> Value {
        let headers: serde_json::Map<String, Value> = ["allow", "content-type", "location"]
            .into_iter()
            .filter_map(|name| {
                Some((
                    name.to_owned(),
                    self.headers.get(name)?.to_str().ok()?.into(),
                ))
            })
            .collect();
        json!({"status": self.status.as_u16(), "headers": headers, "body": self.body})
    }

    pub(crate) fn id(&self) -> String {
        self.text("id")
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap().to_owned()
    }

    /// The ids of a list's items.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.each("id")
    }

    /// One field of each of a list's items.
    pub(crate) fn each(&self, name: &str) -> Vec<String> {
        let items = self.body["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item[name].as_str().unwrap().to_owned())
            .collect()
    }

    /// The name of the problem that it tells of.
    pub(crate) fn problem(&self) -> &str {
        let problem = self.body["type"].as_str().unwrap_or_default();
        problem.strip_prefix("/problems/").unwrap_or("none")
    }

    /// Its faults, each as `place: detail`.
    pub(crate) fn faults(&self) -> Vec<String> {
        let faults = self.body["errors"].as_array().cloned().unwrap_or_default();
        let shown = |fault: &Value| {
            if let Some(line) = fault["line"].as_u64() {
                let field = fault["field"].as_str().unwrap_or_default();
                return format!("{line} {field}: {}", fault["detail"].as_str().unwrap());
            }
            let place = ["pointer", "parameter", "header"]
                .iter()
                .find_map(|kind| fault[kind].as_str())
                .unwrap();
            format!("{place}: {}", fault["detail"].as_str().unwrap())
        };
        faults.iter().map(shown).collect()
    }
}

impl Admin {
    pub(crate) async fn start() -> Self {
        captured_log::install();
        let engine = Engine::in_memory().unwrap();
        create_table(&engine.client(), TABLE).await.unwrap();
        Self::on(engine)
    }

    /// The same with this API Gateway, of which the APIs `managed` may be changed, and which is
    /// to forget the authorizer's results.
    pub(crate) async fn with_gateway(fake: &FakeGateway, managed: &[&str]) -> Self {
        let admin = Self::start().await;
        let (store, clock) = (admin.store.clone(), admin.state(seeded()).clock);
        let gateway = Gateway::new(&fake.client());
        let sync = latchkey_sync::Sync::new(store, gateway, clock, Duration::from_secs(10));
        let managed = managed.iter().map(|id| (*id).to_owned()).collect();
        let admin = Self {
            api_gateway: Some(ApiGateway::new(sync, true, managed)),
            ..admin
        };
        Self {
            router: router(admin.state(seeded())),
            ..admin
        }
    }

    /// One whose table does not exist.
    pub(crate) fn without_table() -> Self {
        captured_log::install();
        Self::on(Engine::in_memory().unwrap())
    }

    /// The same table, seen by an API in which `meddle` is called whenever chance is asked for.
    pub(crate) fn with_random(&self, meddle: impl Fn() + Send + Sync + 'static) -> Self {
        let count = AtomicI64::new(0);
        let random = Random::new(move |bytes| {
            meddle();
            bytes.fill(count.fetch_add(1, Ordering::SeqCst) as u8);
            Ok(())
        });
        let router = router(self.state(random));
        Self {
            router,
            ..self.clone()
        }
    }

    /// The same table, seen by an API that gets no random bytes.
    pub(crate) fn without_random(&self) -> Self {
        let router = router(self.state(Random::new(|_| Err(NoRandomness))));
        Self {
            router,
            ..self.clone()
        }
    }

    /// The same table, seen by an API that gets random bytes while `comes` says so.
    pub(crate) fn with_failing_random(
        &self,
        comes: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let random = Random::new(move |bytes| {
            bytes.fill(5);
            comes().then_some(()).ok_or(NoRandomness)
        });
        let router = router(self.state(random));
        Self {
            router,
            ..self.clone()
        }
    }

    /// An API that reaches the table by another store.
    pub(crate) fn with_store(&self, store: Store) -> Self {
        let admin = Self {
            store,
            ..self.clone()
        };
        Self {
            router: router(admin.state(seeded())),
            ..admin
        }
    }

    fn state(&self, random: Random) -> AdminState {
        let reading = self.wall.clone();
        AdminState {
            store: self.store.clone(),
            clock: Clock::new(move || {
                let wall = reading.load(Ordering::SeqCst);
                Reading { wall, steady: wall }
            }),
            random,
            api_gateway: self.api_gateway.clone(),
        }
    }

    /// A patch from code that cannot wait; needs a runtime with several threads.
    pub(crate) fn patch_in_place(&self, path: &str, body: Value) -> Answer {
        self.send_in_place(request(Method::PATCH, path, Some(body.to_string())))
    }

    /// The same of any request.
    pub(crate) fn send_in_place(&self, request: Request<Body>) -> Answer {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.send(request))
        })
    }

    /// A deletion from code that cannot wait; needs a runtime with several threads.
    pub(crate) fn delete_in_place(&self, path: &str) -> Answer {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.delete(path))
        })
    }

    fn on(engine: Engine) -> Self {
        let admin = Self {
            router: Router::new(),
            store: Store::new(&engine.client(), TABLE, Patience::Change),
            engine,
            wall: Arc::new(AtomicI64::new(NOON)),
            api_gateway: None,
        };
        Self {
            router: router(admin.state(seeded())),
            ..admin
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, nanos: Nanos) {
        self.wall.fetch_add(nanos, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Nanos {
        self.wall.load(Ordering::SeqCst)
    }

    /// A change that is made past the API.
    pub(crate) fn change(&self) -> Change {
        Change {
            at: Timestamp::from_nanosecond(self.now().into()).unwrap(),
            id: "past the API".to_owned(),
            principal: CALLER.to_owned(),
            source_ip: None,
            receipt: None,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, None)).await
    }

    /// A GET that wants `accept`.
    pub(crate) async fn get_as(&self, path: &str, accept: &'static str) -> Answer {
        let mut request = request(Method::GET, path, None);
        let accept = http::HeaderValue::from_static(accept);
        request.headers_mut().insert(http::header::ACCEPT, accept);
        self.send(request).await
    }

    /// Sends a table.
    pub(crate) async fn post_csv(&self, path: &str, table: &str) -> Answer {
        let mut request = request(Method::POST, path, Some(table.to_owned()));
        let csv = http::HeaderValue::from_static("text/csv");
        request
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, csv);
        self.send(request).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, Some(body.to_string())))
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::PATCH, path, Some(body.to_string())))
            .await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        self.send(request(Method::PUT, path, None)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, None)).await
    }

    /// Sends it, and holds the answer against the OpenAPI document.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let sent = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let (method, target) = (parts.method.clone(), parts.uri.to_string());
        let request = Request::from_parts(parts, Body::from(sent.clone()));
        let answer = read(self.router.clone().oneshot(request).await.unwrap()).await;
        CONTRACT.hold(&method, &target, &sent, &answer);
        answer
    }

    pub(crate) async fn put_json(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::PUT, path, Some(body.to_string())))
            .await
    }

    /// Why a call with this key would be refused; `none` where it would not.
    pub(crate) async fn reason(&self, value: &str, stage: &str) -> String {
        self.reason_from(value, stage, "192.0.2.9").await
    }

    pub(crate) async fn reason_from(&self, value: &str, stage: &str, source_ip: &str) -> String {
        let mut call = stage_json(stage);
        call["value"] = value.into();
        call["method"] = "GET".into();
        call["path"] = "/".into();
        call["sourceIp"] = source_ip.into();
        let answer = self.post("/v1/verify", call).await;
        answer.body["reason"].as_str().unwrap_or("none").to_owned()
    }

    /// An authorizer on the same table, with the same clock.
    pub(crate) async fn authorizer(&self, settings: &[(&str, &str)]) -> Authorizer {
        let get = |name: &str| match name {
            "TABLE_NAME" => Some(TABLE.to_owned()),
            name => {
                let own = settings.iter().find(|(own, _)| *own == name);
                own.map(|(_, value)| (*value).to_owned())
            }
        };
        let clock = self.state(seeded()).clock;
        let settings = latchkey_authorizer::settings::Settings::read(get).unwrap();
        Authorizer::start(settings, self.store.clone(), clock).await
    }

    /// Calls `GET /orders` of a REST API's stage (`api:stage`): the reason of a refusal, none
    /// where the call passes.
    pub(crate) async fn call(
        &self,
        authorizer: &Authorizer,
        value: &str,
        stage: &str,
    ) -> Option<Reason> {
        let stage = stage.replace(':', "/");
        let event = json!({
            "type": "REQUEST",
            "methodArn": format!("arn:aws:execute-api:eu-west-1:123456789012:{stage}/GET/orders"),
            "resource": "/{proxy+}",
            "headers": {"x-api-key": value},
            "requestContext": {"identity": {"sourceIp": "192.0.2.9"}},
        });
        let event = serde_json::value::to_raw_value(&event).unwrap();
        authorizer.handle(event.get()).await.log.reason
    }

    /// Charges a call of a key on a plan, as the authorizer would.
    pub(crate) async fn charge(&self, key: &str, plan: &str) -> Verdict {
        self.charge_call(key, plan, ("GET", "/")).await
    }

    /// The same for this method and path.
    pub(crate) async fn charge_call(
        &self,
        key: &str,
        plan: &str,
        (method, path): (&str, &str),
    ) -> Verdict {
        let plan = self
            .store
            .plan(&plan.parse().unwrap())
            .await
            .unwrap()
            .unwrap()
            .plan;
        let id = key.parse().unwrap();
        let record = self.store.key(id).await.unwrap();
        let owner = record.and_then(|record| Owner::of(&record.key, &plan));
        let owner = owner.unwrap_or(Owner::Key(id));
        let call = latchkey_domain::Request {
            stage: latchkey_domain::ApiStage {
                api_id: "a1".into(),
                stage: "prod".into(),
            },
            method: method.into(),
            path: path.into(),
            resource: None,
            source_ip: None,
            has_native_plans: true,
        };
        let now = Reading {
            wall: self.now(),
            steady: self.now(),
        };
        // One that waits: a charge whose answer is late is made again.
        let store = Store::new(&self.engine.client(), TABLE, Patience::Embedded);
        let mut holding = Holding::new(1, now);
        let (mut charge, write) = match holding.ask(&plan.terms(&call), false, now) {
            Asked::Done(verdict) => return verdict,
            Asked::Charge(charge, write) => (charge, write),
        };
        let mut step = Step::Write(write);
        loop {
            match step {
                Step::Done(verdict) => return verdict,
                Step::Write(write) => {
                    let answer = store.write_meter(&owner, &plan.id, &write).await;
                    step = charge.answer(&mut holding, answer, &now);
                }
                step => panic!("{step:?}"),
            }
        }
    }

    /// The actions in the audit records, by name.
    pub(crate) async fn audited(&self) -> Vec<String> {
        let mut actions: Vec<String> = self
            .items()
            .await
            .iter()
            .filter(|item| text(item, "pk").starts_with("AUDIT#"))
            .map(|item| text(item, "action"))
            .collect();
        actions.sort();
        actions
    }

    /// All items of the table.
    pub(crate) async fn items(&self) -> Vec<Item> {
        let scan = self.engine.client().scan().table_name(TABLE);
        scan.into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .unwrap()
    }

    /// A key of a customer on these plans: its id and its value.
    pub(crate) async fn customer_s_key(&self, customer: &str, plans: &[&str]) -> (String, String) {
        let body = json!({"customerId": customer, "planIds": plans});
        let answer = self.post("/v1/keys", body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        (answer.id(), answer.text("value"))
    }

    /// A plan for these stages (`api:stage`).
    pub(crate) async fn plan(&self, name: &str, stages: &[&str]) -> String {
        let stages: Vec<Value> = stages.iter().map(|stage| stage_json(stage)).collect();
        let answer = self
            .post("/v1/plans", json!({"name": name, "apiStages": stages}))
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.id()
    }

    /// A key on these plans: its id and its value.
    pub(crate) async fn key(&self, plans: &[&str]) -> (String, String) {
        let answer = self.post("/v1/keys", json!({"planIds": plans})).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        (answer.id(), answer.text("value"))
    }
}

pub(crate) fn stage_json(stage: &str) -> Value {
    let (api_id, stage) = stage.split_once(':').unwrap();
    json!({"apiId": api_id, "stage": stage})
}

pub(crate) type Item = HashMap<String, AttributeValue>;

fn text(item: &Item, name: &str) -> String {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().unwrap_or_default()
}

/// A signed request, as lambda_http hands it on.
pub(crate) fn request(method: Method, path: &str, body: Option<String>) -> Request<Body> {
    let mut request = unsigned(method, path, body);
    let mut context = ApiGatewayProxyRequestContext::default();
    context.identity.user_arn = Some(CALLER.to_owned());
    context.identity.source_ip = Some("192.0.2.1".to_owned());
    request
        .extensions_mut()
        .insert(RequestContext::ApiGatewayV1(context));
    request
}

pub(crate) fn unsigned(method: Method, path: &str, body: Option<String>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    match body {
        Some(body) => request
            .header("content-type", "application/json")
            .body(body.into()),
        None => request.body(Body::empty()),
    }
    .unwrap()
}

async fn read(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: if bytes.is_empty() {
            Value::Null
        } else {
            // A table is told as its text.
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| String::from_utf8(bytes.to_vec()).unwrap().into())
        },
    }
}

/// The same "random" bytes in each run: Knuth's linear congruential generator.
fn seeded() -> Random {
    let state = Mutex::new(1u64);
    Random::new(move |bytes| {
        let mut state = state.lock().unwrap();
        for byte in bytes {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (*state >> 56) as u8;
        }
        Ok(())
    })
}

/// A snapshot of a whole answer.
macro_rules! assert_answer {
    ($name:expr, $answer:expr) => {
        insta::assert_json_snapshot!($name, $answer.shown())
    };
}
pub(crate) use assert_answer;
