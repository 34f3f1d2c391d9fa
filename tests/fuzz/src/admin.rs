//! The admin API on a table that only counts what would be written.

use std::{cell::Cell, sync::LazyLock};

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayProxyRequestContext, request::RequestContext,
};
use latchkey_admin::{AdminState, Random, router};
use latchkey_domain::{KeyValue, Prefix, RANDOM_BYTES};
use latchkey_fake_gateway::FakeGateway;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::{
    account,
    event::{clock, fill, generated},
    records::Records,
};

/// In what is sent, this byte stands for a generated key value, the next for a custom one:
/// no error may tell either.
const GENERATED: char = '\u{1}';
const CUSTOM: char = '\u{2}';
pub(crate) const JSON: &str = "application/json";
const CUSTOM_VALUE: &str = "Zq7-canary-of-nobody-else-9Xw";
/// So many of its characters in a row are taken for the value.
const TOLD: usize = 12;

/// An admin API.
pub(crate) struct Admin {
    runtime: Runtime,
    router: Router,
    records: Records,
}

/// What came of a request.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    /// Writes that it asked for.
    pub(crate) writes: usize,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

thread_local! {
    static ADMIN: LazyLock<Admin> = LazyLock::new(Admin::new);
}

/// A value that no key has.
fn canary() -> KeyValue {
    KeyValue::generate(&Prefix::default(), &[0x3c; RANDOM_BYTES])
}

/// What is sent, with the values in the places of their marks.
pub(crate) fn with_values(text: &str) -> String {
    if !text.contains([GENERATED, CUSTOM]) {
        return text.to_owned();
    }
    let text = text.replace(GENERATED, canary().expose());
    text.replace(CUSTOM, CUSTOM_VALUE)
}

/// The id of the key that is in the table.
pub(crate) fn key_id() -> String {
    generated().presented().id.to_string()
}

/// Sends a request with a text as its body, and holds of every answer: it is no failure, a
/// refusal has written nothing, and tells no key value.
pub(crate) fn send(method: Method, target: &str, media_type: &str, body: String) -> Answer {
    let request = (method.clone(), target, media_type, body.clone());
    let answer = ADMIN.with(|admin| admin.send_by(&admin.router, request));
    hold(&method, target, &body, &answer);
    answer
}

fn hold(method: &Method, target: &str, body: &str, answer: &Answer) {
    let told = format!("{method} {target} {body:?}: {}", answer.text);
    assert!(!answer.status.is_server_error(), "{} {told}", answer.status);
    if !answer.status.is_success() {
        assert_eq!(answer.writes, 0, "a refusal has written: {told}");
        tells_no_value(&answer.text);
    }
}

/// The same to the admin API of an account at API Gateway, which is there anew for each request,
/// and beside the answer what was seen of the account before and after. Of what holds one more:
/// a refusal changes nothing there.
pub(crate) fn send_to_account(method: Method, target: &str, body: String) -> (Answer, [String; 2]) {
    let fake = account::account();
    let before = account::seen(&fake);
    let answer = ADMIN.with(|admin| {
        let state = admin.state(Some(&fake));
        let request = (method.clone(), target, JSON, body.clone());
        admin.send_by(&router(state), request)
    });
    hold(&method, target, &body, &answer);
    let after = account::seen(&fake);
    if !answer.status.is_success() {
        assert_eq!(before, after, "a refusal has changed the account: {body:?}");
    }
    (answer, [before, after])
}

/// Holds that a text has no part of a value in it that would tell it.
pub(crate) fn tells_no_value(text: &str) {
    let generated = canary();
    // The id is public.
    let secret = generated.expose().len() - 38;
    for value in [
        generated.expose().get(secret..).unwrap_or_default(),
        CUSTOM_VALUE,
    ] {
        for at in 0..=value.len() - TOLD {
            let part = value.get(at..at + TOLD).unwrap_or_default();
            assert!(!text.contains(part), "a key value is told: {text}");
        }
    }
}

impl Admin {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let records = Records::default();
        runtime.block_on(fill(&records));
        let admin = Self {
            runtime,
            router: Router::new(),
            records,
        };
        Self {
            router: router(admin.state(None)),
            ..admin
        }
    }

    fn state(&self, fake: Option<&FakeGateway>) -> AdminState {
        AdminState {
            store: self.records.store(),
            clock: clock(),
            random: Random::new(|bytes| {
                thread_local!(static NEXT: Cell<u64> = const { Cell::new(0) });
                // Never those of `generated`, however long it goes on.
                let next = NEXT.replace(NEXT.get().wrapping_add(1)).to_le_bytes();
                for (byte, next) in bytes.iter_mut().zip(next.into_iter().cycle()) {
                    *byte = next;
                }
                Ok(())
            }),
            api_gateway: fake.map(|fake| account::gateway(fake, self.records.store(), clock())),
        }
    }

    fn send_by(
        &self,
        router: &Router,
        (method, target, media_type, body): (Method, &str, &str, String),
    ) -> Answer {
        let request = Request::builder().method(method).uri(target);
        let request = if body.is_empty() {
            request
        } else {
            request.header(CONTENT_TYPE, media_type)
        };
        let mut request = request.body(Body::from(body)).unwrap();
        let mut context = ApiGatewayProxyRequestContext::default();
        context.identity.user_arn = Some("arn:aws:iam::123456789012:user/ops".to_owned());
        let extensions = request.extensions_mut();
        extensions.insert(RequestContext::ApiGatewayV1(context));
        let before = self.records.writes();
        let (status, text) = self.runtime.block_on(async {
            let response = router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            (parts.status, String::from_utf8(bytes.to_vec()).unwrap())
        });
        Answer {
            status,
            text,
            writes: self.records.writes() - before,
        }
    }
}
