//! What a call that a lease pays for asks for: no read, no write, and memory a known number of
//! times.

use futures_util::FutureExt;
use serde_json::{json, value::to_raw_value};

use crate::world::{World, keyed, plan};

/// The words of the request, the members of its headers, the value that was sent, the plans of
/// the key and the answer's text as it grows.
const ALLOCATIONS: u64 = 15;

#[tokio::test]
async fn a_leased_call_waits_for_nothing_and_asks_for_memory_a_known_number_of_times() {
    let world = World::new(&[("LOG_ALLOWS", "0")]).await;
    let value = keyed(&world, &plan("gold", Some(1_000_000)), 1).await;
    for _ in 0..100 {
        assert_eq!(world.reason(value.expose()).await, None);
    }
    let event = to_raw_value(&json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/orders",
        "routeKey": "GET /orders",
        "headers": { "accept": "*/*", "host": "example.org", "x-api-key": value.expose() },
        "requestContext": { "http": { "sourceIp": "192.0.2.1" } },
    }));
    let event = event.unwrap();
    let mut handled = None;
    let used = allocation_counter::measure(|| {
        handled = world.authorizer.handle(event.get()).now_or_never();
    });
    assert!(handled.unwrap().log.allowed);
    assert_eq!(used.count_total, ALLOCATIONS, "{used:?}");
}
