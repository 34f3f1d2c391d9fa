//! The admin API through its router, on the embedded engine: every answer as a whole.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod adopt;
mod at_scale;
mod attachments;
mod attacks;
mod audit;
mod bounds;
mod budget;
mod captured_log;
mod contract;
mod crash;
mod deployments;
mod drift;
mod errors;
mod export;
mod fields;
mod forced;
mod idempotency;
mod import;
mod key_lists;
mod keys;
mod lagging_list;
mod lambda;
mod moves;
mod native;
mod native_account;
mod openapi;
mod plan_customers;
mod plan_methods;
mod plans;
mod preconditions;
mod problem_pages;
mod races;
mod rotation;
mod routes;
mod secrets;
mod support;
mod usage;
mod usage_csv;
mod usage_history;
mod verify;
