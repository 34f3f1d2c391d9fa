//! The process dies at any call: of the request that changes something, and of the reconciler
//! that goes on from there. In the end API Gateway has exactly what the table wants, without a
//! comparison that would delete what is there twice.

use std::{collections::HashSet, future::pending, sync::Mutex, time::Duration};

use latchkey_fake_gateway::Moment;
use tokio::{
    select,
    time::{Instant, sleep},
};

use crate::{
    dynamo::Calls,
    scenarios::{self, Scenario},
    world::{RUN, World},
};

/// Where a process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    Gateway(usize, Moment),
    Dynamo(usize, Moment, Calls),
}

/// Calls that nothing here makes so many of.
const MOST: usize = 100;

impl World {
    /// Whether the process died in it.
    pub(crate) async fn dies(&self, stop: Option<Stop>, work: impl Future<Output = ()>) -> bool {
        let work = Box::pin(work);
        self.dynamo.go_on();
        match stop {
            None => {}
            Some(Stop::Gateway(n, moment)) => self.fake.stop_after(n, moment),
            Some(Stop::Dynamo(n, moment, calls)) => self.dynamo.stop_after(n, moment, calls),
        }
        let died = async {
            match stop {
                None => pending().await,
                Some(Stop::Gateway(..)) => self.fake.stopped().await,
                Some(Stop::Dynamo(..)) => self.dynamo.stopped().await,
            }
        };
        let died = select! {
            () = work => false,
            () = died => true,
        };
        // What was not reached stops nobody.
        self.fake.stop_after(usize::MAX, Moment::Before);
        self.dynamo
            .stop_after(usize::MAX, Moment::Before, Calls::All);
        died
    }
}

async fn reconcile(world: &World) {
    let reconciler = world.reconciler();
    reconciler.run(Instant::now() + RUN).await.unwrap();
}

/// Whatever was left behind before, so that it is gone on from once: a read leaves all as it was.
#[derive(Default)]
struct Left(Mutex<HashSet<String>>);

impl Left {
    async fn is_new(&self, world: &World) -> bool {
        let state = world.state().await;
        self.0.lock().unwrap().insert(state)
    }
}

/// Where all calls of a kind can stop, as long as `case` says that the process has died there.
async fn each_stop(kind: fn(usize) -> Stop, case: impl AsyncFn(Stop) -> bool) -> usize {
    for n in 1..MOST {
        if !Box::pin(case(kind(n))).await {
            return n - 1;
        }
    }
    panic!("more than {MOST} calls");
}

async fn changed_and_died(scenario: Scenario, stop: Option<Stop>) -> (World, bool) {
    let world = World::new().await;
    Box::pin(scenario.set_up(&world)).await;
    world.fake.forget_calls();
    let died = world.dies(stop, scenario.change(&world)).await;
    (world, died)
}

/// A change that dies at each of its calls, and a reconciler that does not.
async fn dies_in_the_change(scenario: Scenario) {
    let kinds: [fn(usize) -> Stop; 4] = [
        |n| Stop::Gateway(n, Moment::Before),
        |n| Stop::Gateway(n, Moment::After),
        |n| Stop::Dynamo(n, Moment::Before, Calls::All),
        |n| Stop::Dynamo(n, Moment::After, Calls::All),
    ];
    let left = Left::default();
    for kind in kinds {
        let case = async |stop| {
            let (world, died) = changed_and_died(scenario, Some(stop)).await;
            if left.is_new(&world).await {
                goes_on(&world, scenario, stop).await;
            }
            died
        };
        let stops = each_stop(kind, case).await;
        assert!(stops > 0, "{scenario:?} makes calls");
    }
}

async fn goes_on(world: &World, scenario: Scenario, stop: Stop) {
    let flushes = world.fake.flushes().len();
    world.settle().await;
    let case = format!("{scenario:?}, {stop:?}");
    world.assert_in_step(&case).await;
    if scenario == Scenario::Flush && world.key_is_disabled().await {
        let since = world.fake.flushes().len() - flushes;
        assert_eq!(since % 2, 0, "{stop:?}: both stages");
        assert!(since >= 2, "{stop:?}: when no authorizer remembers the key");
    }
}

/// Where a call or a write can stop that changes something: of those that `world` has seen
/// since its calls were forgotten.
pub(crate) fn changing_stops(world: &World) -> Vec<Stop> {
    let calls = world.fake.calls().into_iter().zip(1..);
    let calls = calls.filter(|(call, _)| !call.operation.starts_with("Get"));
    let calls = calls.map(|(_, n)| Stop::Gateway(n, Moment::After));
    let writes = 1..=world.dynamo.writes();
    let writes = writes.map(|n| Stop::Dynamo(n, Moment::After, Calls::Writes));
    calls.chain(writes).collect()
}

/// A change that dies after each change that it makes, and then a reconciler that dies after
/// each of its own.
async fn dies_in_the_reconciler_too(scenario: Scenario) {
    let (whole, _) = changed_and_died(scenario, None).await;
    let left = Left::default();
    for first in changing_stops(&whole) {
        let world = changed_and_waited(scenario, first).await;
        if !left.is_new(&world).await {
            continue;
        }
        world.fake.forget_calls();
        world.dies(None, reconcile(&world)).await;
        for then in changing_stops(&world) {
            let world = changed_and_waited(scenario, first).await;
            world.dies(Some(then), reconcile(&world)).await;
            if left.is_new(&world).await {
                sleep(2 * RUN).await;
                world.settle().await;
                let case = format!("{scenario:?}, {first:?}, {then:?}");
                world.assert_in_step(&case).await;
            }
        }
    }
}

async fn changed_and_waited(scenario: Scenario, stop: Stop) -> World {
    let (world, died) = changed_and_died(scenario, Some(stop)).await;
    assert!(died, "{stop:?}");
    sleep(Duration::from_secs(60)).await;
    world
}

macro_rules! each_scenario {
    ($($name:ident: $scenario:ident,)*) => {
        $(
            mod $name {
                use super::*;

                #[tokio::test(start_paused = true)]
                async fn ends_in_step_wherever_it_dies() {
                    dies_in_the_change(Scenario::$scenario).await;
                }

                #[tokio::test(start_paused = true)]
                async fn ends_in_step_wherever_the_reconciler_dies_too() {
                    dies_in_the_reconciler_too(Scenario::$scenario).await;
                }
            }
        )*

        #[test]
        fn no_scenario_is_left_out() {
            assert_eq!(scenarios::ALL, [$(Scenario::$scenario),*]);
        }
    };
}

each_scenario! {
    create_plan: CreatePlan,
    change_plan: ChangePlan,
    delete_plan: DeletePlan,
    attach_internal: AttachInternal,
    attach_again: AttachAgain,
    change_key: ChangeKey,
    detach: Detach,
    move_to_another_plan: Move,
    delete_key: DeleteKey,
    header_key: HeaderKey,
    flush: Flush,
}
