//! The authorizer's own binary, driven through the Runtime API against a real engine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod attacks;
mod calls;
mod faults;
mod large;
mod native;
mod observed;
mod process;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod world;

use world::{World, key, plan};

/// An event by its file's name.
fn event(name: &str) -> String {
    let found = support::events("")
        .into_iter()
        .find(|(theirs, _)| theirs == name);
    found
        .unwrap_or_else(|| panic!("there is no event {name}"))
        .1
}

/// A world in which both key values of the events are on a plan for everything.
async fn world() -> World {
    let world = World::new().await;
    let gold = plan("gold", None, None);
    world.put_plan(&gold).await;
    let mut first = key(&support::generated());
    first.metadata.insert("tier", "1").unwrap();
    world.put_key(&first, &[&gold]).await;
    let mut second = key(&support::custom());
    second.routes = Some(vec![
        "GET /orders/{id}".parse().unwrap(),
        "* /reports/*".parse().unwrap(),
    ]);
    (second.name, second.customer_id) = (None, None);
    world.put_key(&second, &[&gold]).await;
    world
}
