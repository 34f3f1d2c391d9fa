//! A DynamoDB of a test's own: the embedded engine, or a second one that was started beside the
//! tests (tests/dynamodb/run). What Latchkey writes is so held to two engines that share no code.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    env, process,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig},
};
use latchkey_engine::Engine;

/// Where a DynamoDB Local listens, which keeps a database for each access key.
const URL: &str = "LATCHKEY_TEST_DYNAMODB_URL";

/// Without tables, and nobody else's.
///
/// # Panics
/// Where the embedded engine cannot be opened.
#[must_use]
pub fn client() -> Client {
    match env::var(URL) {
        Ok(url) => client_of(&url),
        Err(_) => Engine::in_memory().expect("a database in memory").client(),
    }
}

fn client_of(url: &str) -> Client {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let access_key = format!("test{}x{number}", process::id());
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(Credentials::new(access_key, "test", None, None, "test"))
        .endpoint_url(url)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}
