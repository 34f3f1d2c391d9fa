//! An account with an API, and the plans and keys that tests make in it.

use std::collections::BTreeMap;

use latchkey_domain::Period;
use latchkey_fake_gateway::{FakeGateway, Limits, Rates, Source};
use latchkey_gateway::{
    Gateway, NativePlan, NativeQuota, NativeThrottle, NativeValue, NewNativeKey, Tags,
};

/// A fake with the REST API `a1` of the stages `prod` and `test`, and `a2` of `prod`.
pub(crate) fn account(limits: Limits) -> FakeGateway {
    let fake = FakeGateway::new(limits);
    fake.set_api("a1", Source::Authorizer, &["prod", "test"]);
    fake.set_api("a2", Source::Header, &["prod"]);
    fake
}

/// Without AWS's rates, and calls that are made once.
pub(crate) fn quick() -> (FakeGateway, Gateway) {
    let fake = account(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    let gateway = Gateway::new(&fake.client());
    (fake, gateway)
}

pub(crate) fn throttle(rate: f64, burst: i32) -> NativeThrottle {
    NativeThrottle { rate, burst }
}

/// A plan that says everything that a plan can say.
pub(crate) fn full_plan() -> NativePlan {
    let methods = [
        ("//GET".to_owned(), throttle(0.5, 1)),
        ("/orders/{id}/POST".to_owned(), throttle(2.0, 4)),
    ];
    NativePlan {
        name: "Gold".to_owned(),
        description: "For those who pay".to_owned(),
        throttle: Some(throttle(10.0, 20)),
        quota: Some(NativeQuota {
            limit: 1000,
            offset: 2,
            period: Period::Week,
        }),
        stages: BTreeMap::from([
            ("a1:prod".to_owned(), BTreeMap::from(methods)),
            ("a2:prod".to_owned(), BTreeMap::new()),
        ]),
    }
}

/// A plan that says nothing but its name.
pub(crate) fn bare_plan(name: &str) -> NativePlan {
    NativePlan {
        name: name.to_owned(),
        ..NativePlan::default()
    }
}

pub(crate) fn tags() -> Tags {
    BTreeMap::from([("latchkey:stack".to_owned(), "demo".to_owned())])
}

/// 30 characters, made from a number.
pub(crate) fn value(number: usize) -> NativeValue {
    NativeValue::new(format!("value{number:025}"))
}

pub(crate) fn new_key<'a>(name: &str, value: &'a NativeValue) -> NewNativeKey<'a> {
    NewNativeKey {
        name: name.to_owned(),
        description: None,
        enabled: true,
        value,
        customer_id: None,
        tags: Tags::new(),
    }
}
