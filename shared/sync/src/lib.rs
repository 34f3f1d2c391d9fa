//! Brings what API Gateway has in step with what the table wants.
//!
//! One attempt at one object: read what is wanted, look at what is there, make the calls that
//! are missing, write down what came of it. The admin API makes the first attempt for what a
//! request has changed ([`Sync::first`]); all later ones are the reconciler's
//! ([`Sync::claim`], [`Sync::attempt`]), which has looked at all that API Gateway has
//! ([`Inventory`]) and so finds what an attempt made whose answer was lost. An attempt can be
//! stopped after any call and made again.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod again;
mod attempt;
mod flush;
mod inventory;
mod key;
mod orphan;
mod outcome;
mod plan;
mod plan_key;
mod tags;

use std::time::Duration;

use jiff::Timestamp;
use latchkey_domain::Clock;
use latchkey_gateway::Gateway;
use latchkey_store::Store;

pub use self::{
    attempt::Claimed,
    inventory::Inventory,
    key::{HeaderKeyError, key_fields},
    orphan::OrphanError,
    tags::Owner,
};

/// The table and API Gateway.
#[derive(Debug, Clone)]
pub struct Sync {
    store: Store,
    gateway: Gateway,
    clock: Clock,
    /// How long an authorizer may answer from a key that it has read.
    key_cache: Duration,
}

impl Sync {
    /// What is wanted in `store`, brought about by `gateway`. `key_cache` is the authorizer's
    /// `KEY_CACHE_SECONDS`: what API Gateway keeps of its answers is flushed once more when
    /// no instance can give the old answer again.
    pub fn new(store: Store, gateway: Gateway, clock: Clock, key_cache: Duration) -> Self {
        Self {
            store,
            gateway,
            clock,
            key_cache,
        }
    }

    /// API Gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }

    fn in_future(&self, after: Duration) -> Timestamp {
        let now = self.now();
        now.checked_add(after).unwrap_or(now)
    }
}
