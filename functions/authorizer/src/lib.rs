//! The request authorizer: may this call pass, and can it still be paid for?
//!
//! An event of any kind becomes an [`event::Incoming`], a key value is found in it
//! ([`sources`]), and what is decided goes out as API Gateway wants it ([`answer`]).

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

pub mod answer;
pub mod event;
mod policy;
pub mod settings;
pub mod sources;

mod credits;
mod decision_log;
mod folding;
mod handler;
mod holdings;
mod kept_policy;
mod keys;
mod known_key;
mod metering;
mod metrics;
mod plans;
mod usage_identifier;

pub use decision_log::DecisionLog;
pub use handler::{Authorizer, Handled};
pub use kept_policy::KeptPolicy;
pub use usage_identifier::UsageIdentifier;
