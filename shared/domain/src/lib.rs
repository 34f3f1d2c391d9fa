//! What a key may do and what it has used.
//!
//! This crate is Latchkey's core: it holds no I/O, no async, no AWS, no clock and no
//! random generator. Time, chance and state come in as arguments; decisions, and what is
//! to be written, go out as values. Start at [`decide`] ("may this call pass?") and at
//! [`meter::Charge`] ("and may it still be paid for?").

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

// By this name its tests and those in tests/ share a file.
#[cfg(test)]
extern crate self as latchkey_domain;

mod address;
mod api_stage;
mod base62;
mod customer;
mod decision;
mod hashed_value;
mod invalid;
mod key;
mod key_id;
mod key_value;
mod label;
mod metadata;
pub mod meter;
mod month;
mod native;
mod plan;
mod plan_id;
mod quota;
mod reason;
mod request;
mod route;
mod throttle;
mod time;
mod twin;

pub use address::AddressRules;
pub use api_stage::{ApiStage, StageSelector};
pub use customer::CustomerId;
pub use decision::{Case, Check, Decision, Outcome, decide, examine};
pub use hashed_value::{HashedValue, Last4, MalformedHash};
pub use invalid::Invalid;
pub use key::{
    Key, MAX_CONTEXT_AND_ROUTES_BYTES, MAX_CONTEXT_BYTES, NativeKeyValue, PreviousValue,
    Recognised, TooManyValues,
};
pub use key_id::KeyId;
pub use key_value::{
    CustomValueError, KeyHash, KeyValue, MalformedKey, Prefix, PresentedKey, RANDOM_BYTES,
    SECRET_RANDOM_BYTES,
};
pub use label::{Description, Name};
pub use metadata::Metadata;
pub use month::Month;
pub use native::NotHeld;
pub use plan::{
    BucketsUsedUp, Enforcement, MethodRule, MethodTerms, Plan, PlanError, PlanStage, Scope,
    StageTerms, TooDear, UnitsBound,
};
pub use plan_id::PlanId;
pub use quota::{Period, Quota, Window};
pub use reason::{Class, Reason};
pub use request::Request;
pub use route::{MethodKey, Route, method_in_log};
pub use throttle::{Rate, Throttle};
pub use time::{Clock, Day, Hour, Nanos, Reading, whole_seconds};
pub use twin::{TWIN_RANDOM_BYTES, TwinValue};
