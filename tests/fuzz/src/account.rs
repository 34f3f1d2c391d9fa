//! An account at API Gateway, with usage plans and keys of somebody else's and an API that may be
//! changed: what the operations that go there find.

use std::{collections::BTreeSet, time::Duration};

use latchkey_admin::ApiGateway;
use latchkey_domain::Clock;
use latchkey_fake_gateway::{FakeGateway, FakeKey, FakePlan, Limits, Rates, Source};
use latchkey_gateway::Gateway;
use latchkey_store::Store;
use latchkey_sync::Sync;

/// The REST API that may be changed.
pub(crate) const MANAGED: &str = "mine";
const PATH: &str = "/orders/{id}";

/// Two REST APIs with a method each, and a usage plan with a key on it.
pub(crate) fn account() -> FakeGateway {
    let fake = FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    for api in [MANAGED, "other"] {
        fake.set_api(api, Source::Header, &["prod"]);
        fake.set_method(api, PATH, "GET", false);
    }
    let plan = fake.put_plan(FakePlan {
        id: "plan1".to_owned(),
        name: "Gold".to_owned(),
        stages: [("other:prod".to_owned(), Default::default())].into(),
        ..FakePlan::default()
    });
    let key = fake.put_key(FakeKey {
        id: "key1".to_owned(),
        name: "Acme".to_owned(),
        enabled: true,
        value: "a-customers-own-value-1".to_owned(),
        ..FakeKey::default()
    });
    fake.attach(&plan, &key);
    fake
}

/// The account as the admin API uses it.
pub(crate) fn gateway(fake: &FakeGateway, store: Store, clock: Clock) -> ApiGateway {
    let gateway = Gateway::new(&fake.client());
    let sync = Sync::new(store, gateway, clock, Duration::from_secs(10));
    ApiGateway::new(sync, true, BTreeSet::from([MANAGED.to_owned()]))
}

/// Whatever can be seen to have been changed in it.
pub(crate) fn seen(fake: &FakeGateway) -> String {
    let required = [MANAGED, "other"].map(|api| fake.requires_key(api, PATH, "GET"));
    let deployed = fake.deployments();
    format!(
        "{:?} {:?} {required:?} {deployed:?}",
        fake.plans(),
        fake.keys()
    )
}
