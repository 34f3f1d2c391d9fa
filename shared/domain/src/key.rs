//! An API key: all that is known of it but its value.

use std::str::FromStr;

use jiff::Timestamp;

use crate::{
    AddressRules, CustomerId, Description, HashedValue, Invalid, KeyHash, KeyId, KeyValue,
    Metadata, Name, Prefix, PresentedKey, Route,
};

/// What a key's name, customer and metadata may take in an authorizer's answer, as JSON.
/// API Gateway refuses answers over 8 KB (Service Quotas L-20859C74); the rest is the
/// policy's and the decision's.
pub const MAX_CONTEXT_BYTES: usize = 5 * 1024;

/// The value of a key's twin at API Gateway, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NativeKeyValue {
    /// A random one that the table holds and that opens nothing.
    #[default]
    Internal,
    /// The client's own, which API Gateway holds and the table does not.
    Header,
}

impl NativeKeyValue {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Header => "header",
        }
    }
}

impl FromStr for NativeKeyValue {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Internal, Self::Header]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Invalid::new("a nativeValue", text, "internal or header"))
    }
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public id.
    pub id: KeyId,
    /// The hash of its value.
    pub hash: KeyHash,
    /// The prefix of a generated value; none for a custom one.
    pub prefix: Option<Prefix>,
    /// The last 4 characters of its value; empty where only its hash is known.
    pub last4: String,
    /// What people call it.
    pub name: Option<Name>,
    /// What it is for.
    pub description: Option<Description>,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// It works from this instant on.
    pub not_before: Option<Timestamp>,
    /// It works until just before this instant.
    pub expires_at: Option<Timestamp>,
    /// From where it may be used; none: from everywhere.
    pub allowed_ips: Option<AddressRules>,
    /// What it may call; none: everything.
    pub routes: Option<Vec<Route>>,
    /// What the backend sees with each call.
    pub metadata: Metadata,
    /// What API Gateway knows it by on plans that it counts.
    pub native_value: NativeKeyValue,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Counts its changes: each writer names the revision that it has seen.
    pub revision: u64,
}

impl Key {
    /// A key of this value, made at `created`: switched on, without rules, on no plan.
    pub fn new(value: &KeyValue, created: Timestamp) -> Self {
        let hashed = HashedValue {
            presented: value.presented(),
            prefix: value.prefix().cloned(),
            last4: value.last4().to_owned(),
        };
        Self::of_hash(hashed, created)
    }

    /// The same of a value of which the hash alone is known.
    pub fn of_hash(value: HashedValue, created: Timestamp) -> Self {
        let PresentedKey { id, hash } = value.presented;
        Self {
            id,
            hash,
            prefix: value.prefix,
            last4: value.last4,
            name: None,
            description: None,
            customer_id: None,
            enabled: true,
            not_before: None,
            expires_at: None,
            allowed_ips: None,
            routes: None,
            metadata: Metadata::default(),
            native_value: NativeKeyValue::Internal,
            created,
            updated: created,
            revision: 1,
        }
    }

    /// Checks what no single field can tell.
    ///
    /// # Errors
    /// [`Invalid`] where its name, customer and metadata would not fit an authorizer's answer.
    pub fn check(&self) -> Result<(), Invalid> {
        let name = self.name.as_ref().map_or(0, |name| json_len(name.as_str()));
        let customer = self
            .customer_id
            .as_ref()
            .map_or(0, |id| json_len(id.as_str()));
        let metadata: usize = self
            .metadata
            .iter()
            .map(|(name, value)| name.len() + json_len(value) + 8)
            .sum();
        let bytes = name + customer + metadata;
        if bytes > MAX_CONTEXT_BYTES {
            const ALLOWED: &str = "at most 5120 bytes together, since API Gateway refuses an authorizer's answer over 8 KB";
            return Err(Invalid::new(
                "a size for name, customerId and metadata",
                &format!("{bytes} bytes"),
                ALLOWED,
            ));
        }
        Ok(())
    }
}

/// Bytes of a text without control characters in JSON.
fn json_len(text: &str) -> usize {
    text.len() + text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count()
}
