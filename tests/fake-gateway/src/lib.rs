//! API Gateway's control plane inside this process, behind ordinary SDK clients.
//!
//! It carries out the operations that Latchkey uses, in API Gateway's JSON and with what
//! makes the real one hard to work with: pages of at most 25 whatever is asked for, rates
//! ([`Limits::rates`], by tokio's clock, so that paused time drives them), conflicts that
//! come and go by a seed ([`Limits::conflicts`]), quotas, plans that cannot be deleted while
//! they have stages. A test can stop it at the n-th call ([`FakeGateway::stop_after`]) as if
//! the caller's process had died there, let calls fail, and change things by hand.
//!
//! ```
//! # async fn example() {
//! use latchkey_fake_gateway::{Client, FakeGateway, Limits, Moment, Source};
//!
//! let fake = FakeGateway::new(Limits::default());
//! fake.set_api("a1b2c3", Source::Authorizer, &["prod"]);
//! let client = Client::new(&fake.client());
//! fake.stop_after(3, Moment::After);
//! tokio::select! {
//!     () = work(&client) => {}
//!     () = fake.stopped() => {}
//! }
//! for call in fake.calls() {
//!     println!("{} {}", call.operation, call.detail);
//! }
//! # }
//! # async fn work(_: &latchkey_fake_gateway::Client) {}
//! ```

mod apis;
mod by_hand;
mod call;
mod connector;
mod faults;
mod keys;
mod limits;
mod pages;
mod patch;
mod plan_keys;
mod plans;
mod rates;
mod refusal;
mod usage;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use aws_sdk_apigateway::Client;
use aws_types::SdkConfig;
use tokio::sync::watch;

pub use apis::{Deployment, Flush, Source};
pub use call::Call;
pub use faults::{Failure, Moment};
pub use keys::FakeKey;
pub use limits::{Limits, Rates};
pub use plans::{FakePlan, FakeQuota, FakeStage, FakeThrottle};
use world::World;

/// A control plane of its own; clones share it.
#[derive(Clone)]
pub struct FakeGateway {
    world: Arc<Mutex<World>>,
    stopped: Arc<watch::Sender<bool>>,
}

impl std::fmt::Debug for FakeGateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeGateway")
    }
}

impl FakeGateway {
    /// An empty account.
    pub fn new(limits: Limits) -> Self {
        Self {
            world: Arc::new(Mutex::new(World::new(limits))),
            stopped: Arc::new(watch::Sender::new(false)),
        }
    }

    /// What SDK clients are made of whose every call ends here, once: [`Client`], and that of
    /// aws-sdk-apigatewayv2.
    pub fn client(&self) -> SdkConfig {
        connector::client(self)
    }

    /// All calls so far, in their order, those included that were throttled or not answered.
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.world().calls.clear();
    }

    /// The `n`-th call from now, 1 being the next, is never answered, before or after it is
    /// carried out, and [`Self::stopped`] resolves. All others go on as ever.
    pub fn stop_after(&self, n: usize, moment: Moment) {
        self.stopped.send_replace(false);
        self.world().faults.stop_after(n, moment);
    }

    /// Resolves when a call was stopped: whatever runs is to be dropped now.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        // Its sender lives as long as `self`.
        drop(stopped.wait_for(|stopped| *stopped).await);
    }

    /// The next call of the operation fails; asked for several times, as many calls.
    pub fn fail_next(&self, operation: &str, failure: Failure) {
        self.world().faults.fail_next(operation, failure);
    }

    /// From now on every call fails, until it is called with none.
    pub fn fail_all(&self, failure: Option<Failure>) {
        self.world().faults.fail_all(failure);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
