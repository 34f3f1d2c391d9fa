//! The context of an answer: what the backend, the gateway responses and the access log see.

use std::collections::BTreeMap;

use latchkey_domain::{Enforcement, Key, Nanos, Plan, whole_seconds};

/// Flat and of strings, whatever the kind of API; what is absent is left out.
pub(super) type Context = BTreeMap<String, String>;

pub(super) fn context(
    key: Option<&Key>,
    plan: Option<&Plan>,
    reason: Option<&str>,
    retry_after: Option<Nanos>,
    remaining: Option<u64>,
) -> Context {
    // Where API Gateway counts, its kept answers would tell of units long gone.
    let counts = |plan: &&Plan| plan.enforcement == Enforcement::DynamoDb;
    let quota = plan.filter(counts).and_then(|plan| plan.quota);
    let customer = key.and_then(|key| key.customer_id.as_ref());
    let name = key.and_then(|key| key.name.as_ref());
    let members = [
        ("keyId", key.map(|key| key.id.to_string())),
        ("keyName", name.map(|name| name.as_str().to_owned())),
        ("customerId", customer.map(|id| id.as_str().to_owned())),
        ("planId", plan.map(|plan| plan.id.to_string())),
        ("reason", reason.map(str::to_owned)),
        (
            "retryAfter",
            retry_after.map(|time| whole_seconds(time).to_string()),
        ),
        ("quotaLimit", quota.map(|quota| quota.limit().to_string())),
        (
            "quotaRemaining",
            quota.and(remaining).map(|units| units.to_string()),
        ),
    ];
    let metadata = key.into_iter().flat_map(|key| key.metadata.iter());
    let metadata = metadata.map(|(name, value)| (format!("meta_{name}"), value.to_owned()));
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .chain(metadata)
        .collect()
}
