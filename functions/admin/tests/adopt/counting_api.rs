//! A REST API whose methods require a key, as its callers see it: a small model of what API
//! Gateway does around a call, with the real authorizer, once it is in front.

use jiff::civil::{Date, date};
use latchkey_authorizer::{Authorizer, settings::Settings};
use latchkey_domain::{Clock, Reading, meter::Owner};
use latchkey_fake_gateway::{FakeGateway, Source};
use serde_json::{Value, json, value::to_raw_value};

use super::account::{adopt, empty, key_id, plan, put, quota, value};
use crate::support::{Admin, SECOND, TABLE};

/// Calls of a key in a month.
pub(super) const LIMIT: u64 = 100;
const KEYS: [&str; 2] = ["k1", "k2"];
const PLAN: &str = "gold";
/// The tests' day.
const TODAY: Date = date(2026, 11, 25);
/// After this no instance of the authorizer remembers a plan or a key.
const FORGOTTEN: i64 = 31 * SECOND;

/// The API, with its stage `a1:prod`.
pub(super) struct Api {
    pub(super) fake: FakeGateway,
    pub(super) admin: Admin,
    pub(super) authorizer: Option<Authorizer>,
    /// `apiKeyRequired`.
    pub(super) required: bool,
    source: Source,
    /// How far GetUsage is behind, in calls.
    late: u64,
    /// What API Gateway has counted, and how many calls have passed, by key.
    counted: [u64; 2],
    passed: [u64; 2],
}

impl Api {
    /// With keys on a plan, of which some calls were made before.
    pub(super) async fn new(late: u64) -> Self {
        let fake = empty();
        let mut gold = plan(PLAN, &["a1"]);
        gold.quota = Some(quota(100, "MONTH"));
        gold.throttle = None;
        put(&fake, gold, &KEYS);
        let admin = Admin::with_gateway(&fake, &[]).await;
        let mut api = Self {
            fake,
            admin,
            authorizer: None,
            required: true,
            source: Source::Header,
            late,
            counted: [11, 0],
            passed: [11, 0],
        };
        api.tell();
        api
    }

    pub(super) async fn authorizer_in_front(&mut self) {
        let get = |name: &str| (name == "TABLE_NAME").then(|| TABLE.to_owned());
        let admin = self.admin.clone();
        let clock = Clock::new(move || Reading {
            wall: admin.now(),
            steady: admin.now(),
        });
        let settings = Settings::read(get).unwrap();
        let store = self.admin.store.clone();
        self.authorizer = Some(Authorizer::start(settings, store, clock).await);
    }

    /// `apiKeySource`, deployed.
    pub(super) fn source(&mut self, source: Source) {
        self.source = source;
        self.fake.set_api("a1", source, &["prod"]);
    }

    /// Adopts while calls come. While API Gateway counts them too, Latchkey's count lacks no
    /// more than GetUsage is behind, and those that came during the request.
    pub(super) async fn while_calls_come(&mut self, calls: u64, enforcement: &str) {
        let admin = self.admin.clone();
        // Audit records of one instant would have one id.
        admin.pass(SECOND);
        let (answer, ()) = tokio::join!(adopt(&admin, enforcement), self.calls(calls));
        let text = answer.body.to_string();
        assert!(!text.contains("skipped"), "{text}");
        if enforcement == "dynamodb" && self.required {
            let most = self.late + calls;
            let untold = self.untold().await;
            assert!(
                untold.iter().all(|untold| *untold <= most),
                "{untold:?}, {most}"
            );
        }
    }

    /// Calls at once, while instances remember what was, and when they do not any more.
    pub(super) async fn calls_now_and_later(&mut self, calls: u64) {
        self.calls(calls).await;
        self.admin.pass(FORGOTTEN);
        self.calls(calls).await;
    }

    /// Calls of each key, all within its quota: each passes.
    pub(super) async fn calls(&mut self, calls: u64) {
        for _ in 0..calls {
            for at in 0..KEYS.len() {
                assert!(self.passed[at] < LIMIT, "the test calls too often");
                let refused = self.call(at).await;
                assert_eq!(refused, None, "{} of {LIMIT} were used", self.passed[at]);
            }
        }
    }

    /// How many calls have passed by key when no more pass.
    pub(super) async fn calls_until_refused(&mut self) -> [u64; 2] {
        for at in 0..KEYS.len() {
            for _ in 0..=2 * LIMIT {
                if let Some(why) = self.call(at).await {
                    assert!(why.contains("quota"), "{why}");
                    break;
                }
            }
        }
        self.passed
    }

    /// Why a call is refused; none where it passes.
    async fn call(&mut self, at: usize) -> Option<String> {
        let sent = value(KEYS[at]);
        let mut identifier = None;
        if let Some(authorizer) = &self.authorizer {
            let answer = authorize(authorizer, &sent).await;
            if answer["policyDocument"]["Statement"][0]["Effect"] != "Allow" {
                return Some(format!("authorizer: {}", answer["context"]["reason"]));
            }
            identifier = answer["usageIdentifierKey"].as_str().map(str::to_owned);
        }
        if self.required {
            let by = match self.source {
                Source::Header => Some(sent.clone()),
                Source::Authorizer => identifier,
            };
            let known = self.fake.keys();
            let known = by.and_then(|by| known.into_values().find(|key| key.value == by));
            let on_plan = |id: &String| self.fake.keys_on(PLAN).contains(id);
            if !known.is_some_and(|key| key.enabled && on_plan(&key.id)) {
                return Some("API Gateway: INVALID_API_KEY".to_owned());
            }
            if self.counted[at] >= LIMIT {
                return Some("API Gateway: quota exceeded".to_owned());
            }
            self.counted[at] += 1;
        }
        self.passed[at] += 1;
        self.tell();
        None
    }

    /// What GetUsage tells by now.
    fn tell(&mut self) {
        for (key, counted) in KEYS.into_iter().zip(self.counted) {
            let told = counted.saturating_sub(self.late);
            let before = told / 3;
            let days = [(before, LIMIT - before), (told - before, LIMIT - told)];
            let yesterday = TODAY.yesterday().unwrap();
            self.fake.set_usage(PLAN, key, yesterday, &days);
        }
    }

    /// GetUsage has caught up.
    pub(super) fn tell_all(&mut self) {
        self.late = 0;
        self.tell();
    }

    /// Calls that have passed and that the table does not know of, by key: those that GetUsage
    /// had not told when it was asked.
    pub(super) async fn untold(&self) -> [u64; 2] {
        let mut untold = [0; 2];
        for (at, key) in KEYS.into_iter().enumerate() {
            let owner = Owner::Key(key_id(key).parse().unwrap());
            let meter = self.admin.store.meter(&owner, &PLAN.parse().unwrap()).await;
            let used: i64 = meter.unwrap().unwrap().windows.values().sum();
            let used = u64::try_from(used).unwrap();
            assert!(used <= self.passed[at], "more than was used");
            untold[at] = self.passed[at] - used;
        }
        untold
    }

    /// Somebody deletes the keys and the plan at API Gateway.
    pub(super) fn remove_native_keys(&self) {
        for key in KEYS {
            self.fake.delete_key(key);
        }
        self.fake.delete_plan(PLAN);
    }
}

/// The authorizer's answer; an error of its own is none that any call should meet.
async fn authorize(authorizer: &Authorizer, sent: &str) -> Value {
    let event = json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/orders",
        "resource": "/orders",
        "headers": { "x-api-key": sent },
        "requestContext": { "identity": { "sourceIp": "192.0.2.1" } },
    });
    let handled = authorizer.handle(to_raw_value(&event).unwrap().get()).await;
    serde_json::from_str(handled.answer.unwrap().get()).unwrap()
}
