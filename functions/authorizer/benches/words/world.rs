//! Events of each kind as Lambda hands them over, and what was decided on one.

use jiff::Timestamp;
use latchkey_authorizer::{
    KeptPolicy,
    answer::{Decided, answer},
    event::Incoming,
    settings::Settings,
    sources::KeySources,
};
use latchkey_domain::{Key, KeyValue, Period, Plan, Quota};

const EVENTS: [(&str, &str); 3] = [
    (
        "http-2.0",
        include_str!("../../../../tests/fixtures/events/http-2.0.json"),
    ),
    (
        "rest-request",
        include_str!("../../../../tests/fixtures/events/rest-request.json"),
    ),
    (
        "rest-token",
        include_str!("../../../../tests/fixtures/events/rest-token.json"),
    ),
];
/// The kinds of event that there are here.
pub(crate) const KINDS: [&str; 3] = [EVENTS[0].0, EVENTS[1].0, EVENTS[2].0];

/// One of these, without blanks.
pub(crate) fn event_of(kind: &str) -> String {
    let (_, event) = EVENTS.iter().find(|(name, _)| *name == kind).unwrap();
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    event.to_string()
}

/// A key that may pass, on a plan with a quota.
pub(crate) struct World {
    settings: Settings,
    sources: KeySources,
    key: Key,
    routed: Key,
    plan: Plan,
    policy: KeptPolicy,
}

impl World {
    pub(crate) fn new() -> Self {
        let settings = Settings::read(|name| (name == "TABLE_NAME").then(|| "keys".to_owned()));
        let value = KeyValue::custom("a-custom-value-of-a-benchmark").unwrap();
        let made = Timestamp::from_second(0).unwrap();
        let key = Key {
            name: "Acme".parse().ok(),
            ..Key::new(&value, made)
        };
        let routes = ["GET /orders/*", "POST /orders"].map(|route| route.parse().unwrap());
        Self {
            settings: settings.unwrap(),
            sources: KeySources::default(),
            routed: Key {
                routes: Some(routes.into()),
                ..key.clone()
            },
            key,
            plan: Plan {
                quota: Quota::new(1_000, Period::Day).ok(),
                ..Plan::new("gold".parse().unwrap(), "Gold".parse().unwrap(), made)
            },
            policy: KeptPolicy::default(),
        }
    }

    pub(crate) fn finds_the_key_value(&self, incoming: &Incoming<'_>) -> bool {
        self.sources.presented(incoming).is_ok()
    }

    /// The policy and its context, of a key that was seen before.
    pub(crate) fn answers(&self, incoming: &Incoming<'_>) -> bool {
        self.answer(incoming, &self.key, &self.policy)
    }

    /// The same of a key that is held to two routes, and was never seen.
    pub(crate) fn answers_first(&self, incoming: &Incoming<'_>) -> bool {
        self.answer(incoming, &self.routed, &KeptPolicy::default())
    }

    fn answer(&self, incoming: &Incoming<'_>, key: &Key, policy: &KeptPolicy) -> bool {
        let decided = Decided::Allowed {
            key,
            policy,
            plan: &self.plan,
            remaining: Some(999),
            counted_by: None,
            without_store: false,
        };
        answer(incoming, &decided, &self.settings).is_ok()
    }
}
