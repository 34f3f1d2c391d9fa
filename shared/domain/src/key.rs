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

/// What these and the key's routes may take together: the rest is the policy's frame and what
/// the decision says.
pub const MAX_CONTEXT_AND_ROUTES_BYTES: usize = 7 * 1024;

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

/// A value that a rotation has replaced and that works for a while yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousValue {
    /// Its hash.
    pub hash: KeyHash,
    /// Its last 4 characters.
    pub last4: String,
    /// It works until just before this instant.
    pub expires_at: Timestamp,
}

/// Which of a key's values a client has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// The one that it has now.
    Current,
    /// One that a rotation has replaced.
    Previous,
}

/// Too many values of a key still work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} values that were replaced still work: rotate without a grace period, which ends them all, or wait until the first of them ends",
    Key::MAX_PREVIOUS
)]
pub struct TooManyValues;

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public id.
    pub id: KeyId,
    /// The hash of its value.
    pub hash: KeyHash,
    /// Values that it had before and that work for a while yet, the latest last; some may
    /// have ended.
    pub previous: Vec<PreviousValue>,
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
            previous: Vec::new(),
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

    /// Values that a key may have had and that still work: what is compared with each call, and
    /// stored with the key, stays bounded.
    pub const MAX_PREVIOUS: usize = 5;

    /// Which of the key's values has this hash; none where it has, or has by `now`, no such one.
    pub fn recognises(&self, presented: &KeyHash, now: Timestamp) -> Option<Recognised> {
        let current = self.hash == *presented;
        let previous = self.previous.iter().fold(false, |found, value| {
            found | ((value.hash == *presented) & (now < value.expires_at))
        });
        match (current, previous) {
            (true, _) => Some(Recognised::Current),
            (false, true) => Some(Recognised::Previous),
            (false, false) => None,
        }
    }

    /// The key with a new `value` from `now` on. The one that it replaces works until
    /// `old_ends`, those before until the instants that they were given; without `old_ends`
    /// none of them works any more, since what has leaked once is to stop at once.
    ///
    /// # Errors
    /// [`TooManyValues`].
    pub fn rotated(
        &self,
        value: &KeyValue,
        old_ends: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, TooManyValues> {
        let mut previous = Vec::new();
        if let Some(expires_at) = old_ends {
            let working = self.previous.iter().filter(|value| now < value.expires_at);
            previous.extend(working.cloned());
            if previous.len() >= Self::MAX_PREVIOUS {
                return Err(TooManyValues);
            }
            previous.push(PreviousValue {
                hash: self.hash,
                last4: self.last4.clone(),
                expires_at,
            });
        }
        Ok(Self {
            hash: value.presented().hash,
            previous,
            prefix: value.prefix().cloned(),
            last4: value.last4().to_owned(),
            updated: now,
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// The key without what no call asks for, its description, its prefix and the ends of its
    /// values, and without room to grow: for whoever keeps thousands of them in memory.
    #[must_use]
    pub fn for_calls(mut self) -> Self {
        self.description = None;
        self.prefix = None;
        self.last4 = String::new();
        for value in &mut self.previous {
            value.last4 = String::new();
        }
        self.previous.shrink_to_fit();
        if let Some(routes) = &mut self.routes {
            routes.shrink_to_fit();
        }
        if let Some(rules) = &mut self.allowed_ips {
            rules.shrink_to_fit();
        }
        self
    }

    /// Checks what no single field can tell.
    ///
    /// # Errors
    /// [`Invalid`] where its name, customer and metadata would not fit an authorizer's answer.
    pub fn check(&self) -> Result<(), Invalid> {
        let bytes = self.context_bytes();
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

    /// Checks that its routes fit an authorizer's answer beside the rest.
    ///
    /// # Errors
    /// [`Invalid`] where they do not.
    pub fn check_routes(&self) -> Result<(), Invalid> {
        let routes = self.routes.iter().flatten();
        let bytes = self.context_bytes() + routes.map(Route::policy_bytes).sum::<usize>();
        if bytes > MAX_CONTEXT_AND_ROUTES_BYTES {
            const ALLOWED: &str = "at most 7168 bytes together, 200 of them for each route beside its own length, since API Gateway refuses an authorizer's answer over 8 KB";
            return Err(Invalid::new(
                "a size for routes, name, customerId and metadata",
                &format!("{bytes} bytes"),
                ALLOWED,
            ));
        }
        Ok(())
    }

    fn context_bytes(&self) -> usize {
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
        name + customer + metadata
    }
}

/// Bytes of a text without control characters in JSON.
fn json_len(text: &str) -> usize {
    text.len() + text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn value(seed: u8) -> KeyValue {
        let id = KeyValue::generate(&Prefix::default(), &[1; crate::RANDOM_BYTES])
            .presented()
            .id;
        KeyValue::rotated(&Prefix::default(), id, &[seed; crate::SECRET_RANDOM_BYTES])
    }

    fn recognised(key: &Key, seed: u8, now: i64) -> Option<Recognised> {
        key.recognises(&value(seed).presented().hash, at(now))
    }

    #[test]
    fn a_rotation_keeps_the_id_and_gives_the_old_value_its_grace() {
        let key = Key::new(&value(1), at(0));
        let rotated = key.rotated(&value(2), Some(at(100)), at(10)).unwrap();
        assert_eq!((rotated.id, rotated.revision), (key.id, 2));
        assert_eq!(recognised(&rotated, 2, 10), Some(Recognised::Current));
        assert_eq!(recognised(&rotated, 1, 99), Some(Recognised::Previous));
        assert_eq!(recognised(&rotated, 1, 100), None);
        assert_eq!(recognised(&rotated, 3, 10), None);
        let again = rotated.rotated(&value(3), Some(at(50)), at(20)).unwrap();
        assert_eq!(recognised(&again, 1, 99), Some(Recognised::Previous));
        assert_eq!(recognised(&again, 2, 49), Some(Recognised::Previous));
        assert_eq!(recognised(&again, 2, 50), None);
        let at_once = again.rotated(&value(4), None, at(30)).unwrap();
        for seed in 1..4 {
            assert_eq!(recognised(&at_once, seed, 30), None);
        }
    }

    #[test]
    fn a_value_that_a_key_has_had_twice_still_works() {
        let mut key = Key::new(&value(1), at(0));
        for seed in [2, 1, 3] {
            key = key.rotated(&value(seed), Some(at(100)), at(10)).unwrap();
        }
        assert_eq!(recognised(&key, 1, 99), Some(Recognised::Previous));
        assert_eq!(recognised(&key, 1, 100), None);
    }

    #[test]
    fn values_that_still_work_are_bounded_and_ended_ones_make_room() {
        let mut key = Key::new(&value(1), at(0));
        for seed in 2..7 {
            key = key.rotated(&value(seed), Some(at(100)), at(1)).unwrap();
        }
        assert_eq!(
            key.rotated(&value(8), Some(at(100)), at(99)),
            Err(TooManyValues)
        );
        let later = key.rotated(&value(8), Some(at(200)), at(100)).unwrap();
        assert_eq!(later.previous.len(), 1);
        assert!(
            key.rotated(&value(8), None, at(99))
                .unwrap()
                .previous
                .is_empty()
        );
    }

    #[test]
    fn a_key_fits_an_answer_whatever_stage_it_is_for() {
        let mut key = Key::new(&value(1), at(0));
        let routes = |number: usize| -> Vec<Route> {
            let route = |at: usize| format!("GET /orders/{at:02}").parse().unwrap();
            (0..number).map(route).collect()
        };
        key.routes = Some(routes(33));
        key.check_routes().unwrap();
        key.routes = Some(routes(34));
        let problem = key.check_routes().unwrap_err().to_string();
        assert!(problem.contains("7168 bytes together"), "{problem}");
        key.routes = Some(routes(20));
        for at in 0..10 {
            let text = "x".repeat(250);
            key.metadata.insert(&format!("m{at}"), &text).unwrap();
        }
        key.check_routes().unwrap();
        key.routes = Some(routes(30));
        assert!(key.check_routes().is_err());
    }

    #[test]
    fn a_route_fits_an_arn_or_is_none() {
        let route = |len: usize| format!("GET /{}", "x".repeat(len - 5)).parse::<Route>();
        assert!(route(312).is_ok() && route(313).is_err());
    }
}
