//! The context of an answer: what the backend, the gateway responses and the access log see.

use std::fmt::Display;

use latchkey_domain::{Enforcement, Key, KeyId, Nanos, Plan, whole_seconds};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// Flat and of strings, whatever the kind of API; what is absent is left out. Written as it is
/// put into words: nothing of it is kept.
#[derive(Clone, Copy, Default)]
pub(super) struct Context<'a> {
    pub(super) key: Option<&'a Key>,
    pub(super) plan: Option<&'a Plan>,
    pub(super) reason: Option<&'a str>,
    pub(super) retry_after: Option<Nanos>,
    pub(super) remaining: Option<u64>,
}

impl Serialize for Context<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = Members(to.serialize_map(None)?);
        if let Some(key) = self.key {
            members.add("keyId", Some(Id(key.id)))?;
            members.add("keyName", key.name.as_ref().map(|name| name.as_str()))?;
            let customer = key.customer_id.as_ref();
            members.add("customerId", customer.map(|id| id.as_str()))?;
        }
        members.add("planId", self.plan.map(|plan| plan.id.as_str()))?;
        members.add("reason", self.reason)?;
        members.show("retryAfter", self.retry_after.map(whole_seconds))?;
        // Where API Gateway counts, its kept answers would tell of units long gone.
        let counts = |plan: &&Plan| plan.enforcement == Enforcement::DynamoDb;
        let quota = self.plan.filter(counts).and_then(|plan| plan.quota);
        members.show("quotaLimit", quota.map(|quota| quota.limit()))?;
        members.show("quotaRemaining", quota.and(self.remaining))?;
        let metadata = self.key.into_iter().flat_map(|key| key.metadata.iter());
        for (name, value) in metadata {
            let name = Text(format_args!("meta_{name}"));
            members.0.serialize_entry(&name, value)?;
        }
        members.0.end()
    }
}

struct Members<M>(M);

impl<M: SerializeMap> Members<M> {
    fn add(&mut self, name: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        match value {
            Some(value) => self.0.serialize_entry(name, &value),
            None => Ok(()),
        }
    }

    fn show(&mut self, name: &str, value: Option<impl Display>) -> Result<(), M::Error> {
        self.add(name, value.map(Text))
    }
}

/// A key's id. Put into words twice in an answer, so not by the formatter.
pub(super) struct Id(pub(super) KeyId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.write_into(&mut [0; KeyId::WRITTEN_LEN]))
    }
}

/// What can be shown, as a string.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}
