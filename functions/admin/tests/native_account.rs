//! An account with two REST APIs, one that takes keys from its authorizer and one that takes
//! them from the header, each with the stages `prod` and `dev`.

use latchkey_fake_gateway::{FakeGateway, Limits, Rates, Source};
use serde_json::{Value, json};

use crate::support::{Admin, stage_json};

pub(crate) fn account() -> FakeGateway {
    let fake = FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    fake.set_api("authorizer", Source::Authorizer, &["prod", "dev"]);
    fake.set_api("header", Source::Header, &["prod", "dev"]);
    fake
}

pub(crate) async fn start() -> (FakeGateway, Admin) {
    let fake = account();
    let admin = Admin::with_gateway(&fake, &[]).await;
    (fake, admin)
}

pub(crate) fn native_plan(stages: &[&str]) -> Value {
    let stages: Vec<Value> = stages.iter().map(|stage| stage_json(stage)).collect();
    json!({"name": "Gold", "enforcement": "apiGateway", "apiStages": stages})
}

/// A plan that API Gateway counts.
pub(crate) async fn made(admin: &Admin, stages: &[&str]) -> String {
    let answer = admin.post("/v1/plans", native_plan(stages)).await;
    assert_eq!(
        answer.body["apiGateway"]["state"], "inSync",
        "{}",
        answer.body
    );
    answer.id()
}
