//! Each call of the admin API, and what it costs.

use std::{collections::BTreeSet, fmt, time::Duration};

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::filled::Filled;
use crate::support::{Answer, CALLER, request};

/// How often a call is timed that changes nothing.
const TIMES: usize = 3;

/// What a call may cost on the larger table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Allowed {
    /// As on the smaller one.
    AsBefore,
    /// More, since the smaller one has not so many of what is asked for.
    AtMost { calls: usize, items: usize },
}

impl Allowed {
    pub(super) fn calls(self) -> usize {
        match self {
            Self::AsBefore => 0,
            Self::AtMost { calls, .. } => calls,
        }
    }
}

/// What a call did cost.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) name: String,
    pub(super) calls: usize,
    pub(super) items: usize,
    pub(super) took: Duration,
    pub(super) allowed: Allowed,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.took.as_secs_f64() * 1e3;
        let Self {
            name, calls, items, ..
        } = self;
        write!(
            f,
            "{name:<56} {calls:>3} calls {items:>5} items {milliseconds:>7.1} ms"
        )
    }
}

struct Costs<'a> {
    filled: &'a Filled,
    costs: Vec<Cost>,
}

impl Costs<'_> {
    async fn of(
        &mut self,
        status: u16,
        allowed: Allowed,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        // What changes nothing is done again, and the quickest time told: others work here too.
        let times = if method == Method::GET { TIMES } else { 1 };
        let body = (!body.is_null()).then(|| body.to_string());
        let (answer, mut cost) = self.once(&method, path, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        for _ in 1..times {
            let (_, again) = self.once(&method, path, body.clone()).await;
            cost.took = cost.took.min(again.took);
        }
        self.costs.push(Cost { allowed, ..cost });
        answer
    }

    async fn once(&self, method: &Method, path: &str, body: Option<String>) -> (Answer, Cost) {
        let sent = request(method.clone(), path, body);
        self.filled.count.taken();
        let began = Instant::now();
        let answer = self.filled.admin.send(sent).await;
        let took = began.elapsed();
        let (calls, items) = self.filled.count.taken();
        let cost = Cost {
            name: format!("{method} {}", self.named(path)),
            calls,
            items,
            took,
            allowed: Allowed::AsBefore,
        };
        (answer, cost)
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.of(200, Allowed::AsBefore, Method::GET, path, Value::Null)
            .await
    }

    async fn get_at_most(&mut self, calls: usize, items: usize, path: &str) -> Answer {
        let allowed = Allowed::AtMost { calls, items };
        self.of(200, allowed, Method::GET, path, Value::Null).await
    }

    /// The path without the ids of this table.
    fn named(&self, path: &str) -> String {
        let plans = self.filled.plans.iter();
        let path = plans.fold(path.to_owned(), |path, plan| {
            path.replace(plan.as_str(), "{plan}")
        });
        match path.split_once("key_") {
            Some((before, after)) => {
                format!("{before}{{key}}{}", after.get(16..).unwrap_or_default())
            }
            None => path,
        }
    }

    /// All pages of all keys: the one that costs most. No key is missing, and none comes twice.
    async fn every_page(&mut self) {
        let mut most: Option<Cost> = None;
        let mut seen = BTreeSet::new();
        let mut next = String::new();
        loop {
            let path = format!("/v1/keys?limit=500{next}");
            let (answer, cost) = self.once(&Method::GET, &path, None).await;
            for id in answer.ids() {
                assert!(seen.insert(id));
            }
            if most.as_ref().is_none_or(|most| most.items < cost.items) {
                most = Some(Cost {
                    name: "GET /v1/keys?limit=500, the costliest page".to_owned(),
                    ..cost
                });
            }
            match answer.body["cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), self.filled.keys);
        self.costs.extend(most);
    }
}

/// What each call costs on a table.
pub(super) async fn costs(filled: &Filled) -> Vec<Cost> {
    let mut costs = Costs {
        filled,
        costs: Vec::new(),
    };
    costs.every_page().await;
    lists(&mut costs).await;
    audit(&mut costs).await;
    usage(&mut costs).await;
    one_key(&mut costs).await;
    costs.costs
}

async fn lists(costs: &mut Costs<'_>) {
    let plan = costs.filled.plans[7].clone();
    costs.get("/v1/keys?limit=10").await;
    costs.get("/v1/keys?customerId=cus_40&limit=10").await;
    costs.get(&format!("/v1/keys?planId={plan}&limit=10")).await;
    costs.get("/v1/keys?state=enabled&limit=10").await;
    costs.get("/v1/keys?state=disabled&limit=10").await;
    costs.get("/v1/keys?name=nothing&limit=500").await;
    costs
        .get_at_most(8, 1_010, "/v1/keys?namePrefix=key%207&limit=10")
        .await;
    costs
        .get_at_most(12, 1_010, &format!("/v1/keys?planId={plan}&name=nothing"))
        .await;
    costs.get("/v1/keys?unusedSince=2026-11-20&limit=10").await;
    costs.get("/v1/keys?unusedSince=2026-11-01&limit=10").await;
    costs
        .get_at_most(
            250,
            1_010,
            &format!("/v1/keys?planId={plan}&unusedSince=2026-11-06"),
        )
        .await;
    costs.get("/v1/plans?limit=500").await;
    costs.get(&format!("/v1/plans/{plan}")).await;
    costs.get(&format!("/v1/plans/{plan}/keys?limit=10")).await;
    costs
        .get_at_most(2, 502, &format!("/v1/plans/{plan}/keys?limit=500"))
        .await;
    let in_use = costs
        .of(
            409,
            Allowed::AsBefore,
            Method::DELETE,
            &format!("/v1/plans/{plan}"),
            Value::Null,
        )
        .await;
    assert_eq!(
        in_use.body["keys"],
        costs.filled.keys / costs.filled.plans.len()
    );
}

async fn audit(costs: &mut Costs<'_>) {
    costs.get("/v1/audit?limit=10").await;
    let newest = costs
        .get("/v1/audit?limit=10&startDate=2026-11-01&endDate=2026-11-30")
        .await;
    assert_eq!(newest.each("action").len(), 10);
    let by_caller = format!("/v1/audit?limit=10&principal={CALLER}");
    costs.get(&by_caller).await;
    let of_key = costs.get("/v1/audit?keyId=key_0000000000000777").await;
    assert_eq!(of_key.each("action"), ["key.create"]);
}

async fn usage(costs: &mut Costs<'_>) {
    let plan = costs.filled.plans[7].clone();
    let path = format!("/v1/plans/{plan}/usage");
    let used = costs
        .get(&format!("{path}?limit=10&startDate=2026-11-01"))
        .await;
    let days = used.body["values"].as_object().unwrap().values();
    assert!(
        days.into_iter()
            .all(|days| days.to_string().contains("[1,999]")),
        "{}",
        used.body
    );
    costs
        .get_at_most(7, 1_002, &format!("{path}?limit=500"))
        .await;
    costs
        .get_at_most(4, 252, &format!("{path}?limit=500&startDate=2025-10-22"))
        .await;
    costs
        .get("/v1/keys/key_0000000000000777/usage?startDate=2025-10-22")
        .await;
}

async fn one_key(costs: &mut Costs<'_>) {
    let (first, second) = (
        costs.filled.plans[27].clone(),
        costs.filled.plans[28].clone(),
    );
    // Made as number 777 of the others: it is on the first of the two plans.
    let key = "key_0000000000000777";
    costs.get(&format!("/v1/keys/{key}")).await;
    let as_before = Allowed::AsBefore;
    let on_second = format!("/v1/plans/{second}/keys/{key}");
    costs
        .of(201, as_before, Method::PUT, &on_second, Value::Null)
        .await;
    costs.get(&on_second).await;
    costs
        .of(204, as_before, Method::DELETE, &on_second, Value::Null)
        .await;
    let grant = format!("/v1/plans/{first}/keys/{key}/usage");
    costs
        .of(
            200,
            as_before,
            Method::PATCH,
            &grant,
            json!({"remaining": 7}),
        )
        .await;
    let path = format!("/v1/keys/{key}");
    costs
        .of(
            200,
            as_before,
            Method::PATCH,
            &path,
            json!({"name": "another"}),
        )
        .await;
    costs
        .of(204, as_before, Method::DELETE, &path, Value::Null)
        .await;
    let made = costs
        .of(
            201,
            as_before,
            Method::POST,
            "/v1/keys",
            json!({"planIds": [first]}),
        )
        .await;
    let mut call = json!({"apiId": "a27", "stage": "prod", "method": "GET", "path": "/"});
    call["value"] = made.body["value"].clone();
    let verified = costs
        .of(200, as_before, Method::POST, "/v1/verify", call)
        .await;
    assert_eq!(verified.body["decision"], "allow", "{}", verified.body);
    let rotate = format!("/v1/keys/{}/rotate", made.id());
    let moved = format!("/v1/keys/{}/move", made.id());
    costs
        .of(
            200,
            as_before,
            Method::POST,
            &rotate,
            json!({"gracePeriodSeconds": 60}),
        )
        .await;
    let from_to = json!({"fromPlanId": first, "toPlanId": second});
    costs
        .of(200, as_before, Method::POST, &moved, from_to)
        .await;
    let plan = format!("/v1/plans/{first}");
    costs
        .of(
            200,
            as_before,
            Method::PATCH,
            &plan,
            json!({"name": "Another"}),
        )
        .await;
    costs.get("/v1/export?limit=100").await;
    costs.get("/health").await;
}
