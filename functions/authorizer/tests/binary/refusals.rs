//! What is answered to those who are refused, on every kind of API.

use latchkey_authorizer::event::Kind;
use latchkey_domain::{
    AddressRules, Key, KeyValue, Period, Prefix, Quota, RANDOM_BYTES, Reading, Throttle,
};

use crate::{
    event, support, world,
    world::{World, event_with, key, plan, shown, value},
};

/// What makes a key one that is refused.
type Change = Box<dyn Fn(&mut Key)>;

/// A key for each reason to refuse it, by the reason's name.
async fn refused_keys(world: &World) -> Vec<(&'static str, KeyValue)> {
    let open = plan("open", None, None);
    let used_up = plan("used-up", Quota::new(0, Period::Lifetime).ok(), None);
    let closed = plan(
        "closed",
        None,
        Throttle::new("0".parse().unwrap(), Some(0)).ok(),
    );
    for plan in [&open, &used_up, &closed] {
        world.put_plan(plan).await;
    }
    let start = Reading { wall: 1, steady: 1 }.timestamp();
    let end = "2200-01-01T00:00:00Z".parse().unwrap();
    let network = AddressRules::parse_network("192.0.2.0/24").unwrap();
    let changes: [(&str, Change, _); 8] = [
        (
            "key_disabled",
            Box::new(|key| key.enabled = false),
            Some(&open),
        ),
        (
            "key_not_yet_valid",
            Box::new(move |key| key.not_before = Some(end)),
            Some(&open),
        ),
        (
            "key_expired",
            Box::new(move |key| key.expires_at = Some(start)),
            Some(&open),
        ),
        (
            "ip_not_allowed",
            Box::new(move |key| key.allowed_ips = AddressRules::new(vec![network]).ok()),
            Some(&open),
        ),
        (
            "route_not_allowed",
            Box::new(|key| key.routes = Some(vec!["GET /invoices".parse().unwrap()])),
            Some(&open),
        ),
        ("no_usage_plan", Box::new(|_| {}), None),
        ("quota_exceeded", Box::new(|_| {}), Some(&used_up)),
        ("throttled", Box::new(|_| {}), Some(&closed)),
    ];
    let mut keys = Vec::new();
    for (number, (reason, change, plan)) in (1u8..).zip(changes) {
        let value = value(number);
        let mut key = key(&value);
        change(&mut key);
        world
            .put_key(&key, &plan.into_iter().collect::<Vec<_>>())
            .await;
        keys.push((reason, value));
    }
    keys.push(("unknown_key", value(100)));
    keys
}

#[tokio::test]
async fn every_refusal_goes_out_as_its_api_can_say_it() {
    let world = World::new().await;
    let keys = refused_keys(&world).await;
    let mut answers = Vec::new();
    for deny_for in ["limits", "all"] {
        let function = world.function(&[("DENY_FOR", deny_for)]).await;
        for (reason, value) in &keys {
            for kind in Kind::ALL {
                let answer = shown(function.invoke(event_with(kind, value)).await);
                answers.push(format!("{deny_for} {reason} {}: {answer}", kind.as_str()));
            }
        }
    }
    insta::assert_snapshot!("refusals", answers.join("\n"));
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_id_have_the_same_answer() {
    let world = world().await;
    let function = world.function(&[("DENY_FOR", "all")]).await;
    // The id of a key that is there, another secret, and a check that is right.
    let real = support::generated();
    let mut random = [0x5a; RANDOM_BYTES];
    random[20] = 0;
    let wrong = KeyValue::generate(&Prefix::default(), &random);
    assert_eq!(wrong.presented().id, real.presented().id);
    for kind in Kind::ALL {
        let wrong = shown(function.invoke(event_with(kind, &wrong)).await);
        let unknown = shown(function.invoke(event_with(kind, &value(100))).await);
        assert_eq!(wrong, unknown, "{kind:?}");
        assert!(!wrong.to_string().contains("Allow"), "{wrong}");
    }
}

#[tokio::test]
async fn a_disabled_key_stops_within_its_cache_s_time() {
    let world = world().await;
    let function = world.function(&[("KEY_CACHE_SECONDS", "0")]).await;
    let before = shown(function.invoke(event("rest-request")).await);
    assert_eq!(before["policyDocument"]["Statement"][0]["Effect"], "Allow");
    world.disable(&key(&support::generated())).await;
    assert_eq!(
        shown(function.invoke(event("rest-request")).await),
        "error: Unauthorized"
    );
}
