//! Attempts at single objects, on the embedded engine and the fake of API Gateway.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adopted;
mod first;
mod flushes;
mod later;
mod reasons;
mod stages;
mod world;
