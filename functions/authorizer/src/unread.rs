//! The event as it came. The runtime would read its JSON before the handler does, and a second
//! pass over it costs a call a twentieth of all that it costs: so the text goes by the runtime to
//! the handler, which answers as well where it is no JSON at all.

use std::{
    mem,
    task::{Context, Poll},
};

use bytes::Bytes;
use lambda_runtime::{
    LambdaInvocation,
    tower::{Layer, Service},
};
use serde::{Deserialize, Deserializer};
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static EVENT: Bytes;
}

/// What the runtime reads an event into.
pub(crate) struct Unread;

impl Unread {
    /// The event of the call that is being handled, under [`SetAside`].
    pub(crate) fn event() -> Bytes {
        EVENT.try_with(Bytes::clone).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// Sets the event of a call aside for its handler.
pub(crate) struct SetAside;

impl<S> Layer<S> for SetAside {
    type Service = SettingAside<S>;

    fn layer(&self, service: S) -> SettingAside<S> {
        SettingAside(service)
    }
}

#[derive(Clone)]
pub(crate) struct SettingAside<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for SettingAside<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Bytes, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let event = mem::take(&mut invocation.body);
        EVENT.scope(event, self.0.call(invocation))
    }
}
