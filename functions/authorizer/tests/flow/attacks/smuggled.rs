//! Keys, addresses and paths that are said twice, or in other words.

use latchkey_domain::{AddressRules, Key, KeyValue, Reason};
use serde_json::{Value, json};

use super::{WITH_HEADERS, event, put, sent};
use crate::world::{World, call_of, change, key, keyed, plan, value};

/// A world with a key on a plan for a1:prod, made as `edit` says.
async fn with_key(seed: u8, edit: impl FnOnce(&mut Key)) -> (World, KeyValue) {
    let world = World::new(&[]).await;
    let gold = plan("gold", None);
    world.store.create_plan(&gold, &change()).await.unwrap();
    let value = value(seed);
    let mut key = key(&value);
    edit(&mut key);
    put(&world, &key, &[&gold]).await;
    (world, value)
}

/// A proxy in front checks one of two keys, the authorizer must not take the other.
#[tokio::test]
async fn two_keys_in_one_call_open_nothing_however_they_are_sent() {
    let world = World::new(&[]).await;
    let (good, bad) = (keyed(&world, &plan("gold", None), 1).await, value(2));
    let (good, bad) = (good.expose(), bad.expose());
    for kind in WITH_HEADERS {
        for (first, second) in [(good, bad), (bad, good)] {
            let joined = format!("{first},{second}");
            let mut events = vec![
                event(kind, &json!({"x-api-key": first, "X-Api-Key": second})),
                event(kind, &json!({"X-API-KEY": first, "x-aPi-kEy": second})),
                event(kind, &json!({"x-api-key": joined})),
                event(
                    kind,
                    &json!({"authorization": format!("Bearer {first}, Bearer {second}")}),
                ),
                event(
                    kind,
                    &json!({"authorization": format!("Bearer {first}"), "Authorization": format!("bearer {second}")}),
                ),
            ];
            let mut listed = event(kind, &json!({"x-api-key": first}));
            listed["multiValueHeaders"] = json!({"X-Api-Key": [first, second]});
            let mut disagreeing = event(kind, &json!({"x-api-key": first}));
            disagreeing["multiValueHeaders"] = json!({"x-api-key": [second]});
            // Payload format 2.0 has no such lists, and reads none.
            if kind != "2.0" {
                events.extend([listed, disagreeing]);
            }
            for event in events {
                let handled = sent(&world, &event).await;
                assert_eq!(handled.log.reason, Some(Reason::MalformedKey), "{kind}");
            }
        }
        let good = event(kind, &json!({"X-Api-Key": good, "x-api-key": good}));
        assert_eq!(
            sent(&world, &good).await.log.reason,
            None,
            "{kind}: one key twice"
        );
    }
}

/// The first source that holds something is the only one, even where what it holds is no key.
#[tokio::test]
async fn a_bad_key_in_the_first_source_is_not_made_up_for_by_a_second() {
    let world = World::new(&[]).await;
    let good = keyed(&world, &plan("gold", None), 3).await;
    let bearer = format!("Bearer {}", good.expose());
    for kind in WITH_HEADERS {
        for (bad, reason) in [
            ("x", Reason::MalformedKey),
            ("a-value-that-somebody-made-up", Reason::UnknownKey),
        ] {
            let event = event(kind, &json!({"x-api-key": bad, "authorization": bearer}));
            assert_eq!(
                sent(&world, &event).await.log.reason,
                Some(reason),
                "{kind}"
            );
        }
    }
}

#[tokio::test]
async fn only_the_address_that_api_gateway_saw_counts() {
    let own = AddressRules::parse_network("10.0.0.0/8").unwrap();
    let (world, value) =
        with_key(4, |key| key.allowed_ips = AddressRules::new(vec![own]).ok()).await;
    let spoofed = |kind: &str| {
        let mut headers = json!({"x-api-key": value.expose()});
        for name in [
            "X-Forwarded-For",
            "Forwarded",
            "X-Real-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "X-Client-IP",
            "X-Amzn-Source-Ip",
        ] {
            headers[name] = json!("10.0.0.1");
        }
        headers["Forwarded"] = json!("for=10.0.0.1");
        let mut event = event(kind, &headers);
        event["multiValueHeaders"] = json!({"X-Forwarded-For": ["10.0.0.1"]});
        event["sourceIp"] = json!("10.0.0.1");
        event["queryStringParameters"] = json!({"sourceIp": "10.0.0.1"});
        event
    };
    let at = |kind: &str, address: &str| {
        let mut event = spoofed(kind);
        let told = if kind == "2.0" { "http" } else { "identity" };
        event["requestContext"][told]["sourceIp"] = address.into();
        event
    };
    for kind in WITH_HEADERS {
        let reason = async |event: Value| sent(&world, &event).await.log.reason;
        for foreign in [
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "010.0.0.1",
            "10.0.0.1, 192.0.2.1",
            "10.0.0.1:80",
            "167772161",
            "",
        ] {
            assert_eq!(
                reason(at(kind, foreign)).await,
                Some(Reason::IpNotAllowed),
                "{kind} {foreign}"
            );
        }
        for own in ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:0a00:0001"] {
            assert_eq!(reason(at(kind, own)).await, None, "{kind} {own}");
        }
    }
}

/// Whatever the integration makes of it, the rule does not match.
#[tokio::test]
async fn no_spelling_of_a_path_gets_around_a_route_rule() {
    let rules = ["GET /orders/*", "GET /users/{id}/profile"];
    let routes = rules.map(|rule| rule.parse().unwrap()).to_vec();
    let (world, value) = with_key(5, |key| key.routes = Some(routes)).await;
    let reason = async |call: &str| {
        let handled = call_of(
            &world.authorizer,
            value.expose(),
            &format!("a1/prod/{call}"),
        )
        .await;
        handled.log.reason
    };
    for inside in [
        "GET/orders/1",
        "GET/orders/1/lines",
        "GET/orders/caf%C3%A9",
        "GET/users/1/profile",
    ] {
        assert_eq!(reason(inside).await, None, "{inside}");
    }
    for outside in [
        "GET/admin",
        "GET/orders",
        "GET/orders/../admin",
        "GET/orders/%2e%2e/admin",
        "GET/orders/.%2E/admin",
        "GET/orders/..%2fadmin",
        "GET/orders/..%2Fadmin",
        "GET/orders/..%5cadmin",
        "GET/orders/..\\admin",
        "GET/orders/%252e%252e/admin",
        "GET/orders/%25252e%25252e/admin",
        "GET/orders/..%00/admin",
        "GET/users/1%5cadmin/profile",
        "GET/users/1%255cadmin/profile",
        "GET/orders/..%252fadmin",
        "GET/orders/./../admin",
        "GET/orders/..;/admin",
        "GET/ORDERS/1",
        "GET/Orders/1",
        "GET//orders/1",
        "GET/%6frders/1",
        "GET/orders%2f1",
        "GET/users/1%2f2/profile",
        "GET/users/../profile",
        "GET/users/1/profile/",
        "GET/users/1/admin/2/profile",
        "POST/orders/1",
        "get/orders/1",
        "HEAD/orders/1",
    ] {
        assert_eq!(
            reason(outside).await,
            Some(Reason::RouteNotAllowed),
            "{outside}"
        );
    }
}

/// Headers that some frameworks take for another method or path.
#[tokio::test]
async fn no_header_says_which_method_or_path_is_called() {
    let routes = vec!["GET /reports".parse().unwrap()];
    let (world, value) = with_key(6, |key| key.routes = Some(routes)).await;
    for kind in ["REQUEST", "1.0", "2.0"] {
        let mut event = event(
            kind,
            &json!({
                "x-api-key": value.expose(), "X-HTTP-Method-Override": "GET", "X-Original-URL": "/reports",
                "X-Rewrite-URL": "/reports", "X-Forwarded-Prefix": "/reports", "X-Forwarded-Uri": "/reports",
            }),
        );
        for name in ["path", "rawPath"] {
            event[name] = json!("/reports");
        }
        assert_eq!(
            sent(&world, &event).await.log.reason,
            Some(Reason::RouteNotAllowed),
            "{kind}"
        );
    }
}
