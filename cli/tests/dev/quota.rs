//! The quota is exact: 4,000 calls on 64 threads, and not one more or less than the limit.

use std::{collections::BTreeMap, thread};

use serde_json::{Value, json};

use crate::support::{Dev, Scratch};

const CALLS: usize = 4_000;
const THREADS: usize = 64;
const LIMIT: usize = 1_000;

/// How many answers of each status a key with a quota of [`LIMIT`] gets.
fn statuses(dev: &Dev, path: &str, stage: &Value) -> BTreeMap<u16, usize> {
    let plan = json!({"name": "Thousand", "quota": {"limit": LIMIT, "period": "LIFETIME"}, "apiStages": [stage]});
    let plan = dev.admin("POST", "/v1/plans", &plan)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (id, key) = dev.new_key(&[&plan]);
    let call = || {
        (0..CALLS.div_ceil(THREADS))
            .map(|_| dev.get_with(path, &key).status)
            .collect::<Vec<_>>()
    };
    let mut statuses = BTreeMap::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(call)).collect();
        for status in threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
        {
            *statuses.entry(status).or_default() += 1;
        }
    });
    let usage = dev.admin("GET", &format!("/v1/keys/{id}/usage"), &Value::Null);
    assert_eq!(usage["values"][&plan], json!([[LIMIT, 0]]));
    statuses
}

/// One API after the other: on a machine with few cores both at once would wait for each
/// other, and a charge that waits too long is given up.
#[test]
fn not_one_call_more_or_less_than_the_quota_passes_on_either_api() {
    let scratch = Scratch::new();
    let dev = Dev::start(&["--data", scratch.path().to_str().unwrap()]);
    let refused = CALLS.next_multiple_of(THREADS) - LIMIT;
    let rest = statuses(
        &dev,
        "/demo-rest/orders",
        &json!({"apiId": "demorest", "stage": "dev"}),
    );
    assert_eq!(rest, [(200, LIMIT), (429, refused)].into());
    let http = statuses(
        &dev,
        "/demo/orders",
        &json!({"apiId": "demohttp", "stage": "$default"}),
    );
    assert_eq!(http, [(200, LIMIT), (403, refused)].into());
}
