//! Processes of the authorizer, as many calls as they answer.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::{thread::sleep, time::Duration};

use super::{LOOK, LoadRun, Told, WINDOWS, budgets};
use crate::{
    clock::now,
    outcome::Outcome,
    process::Process,
    rows::Row,
    runtime_api::{Call, Event, RuntimeApi, Said},
    table::Events,
    world::World,
};

/// Events that wait for a process, at most.
const WAITING: usize = 4_000;
/// Of so many calls one is of each kind that is refused.
const MIX: usize = 20;

/// Calls of each kind in turn, of so many keys, and whether each is to be refused.
fn mixed(events: &Events, keys: usize) -> impl Iterator<Item = (Event, bool)> {
    let mut keys = events.fresh.iter().take(keys).cycle();
    let mut unknown = events.unknown.iter().cycle();
    (0..MIX).cycle().filter_map(move |at| {
        Some(match at {
            0 => (events.malformed.clone(), true),
            1 => (events.shut.clone(), true),
            2 => (unknown.next()?.clone(), true),
            _ => (keys.next()?.clone(), false),
        })
    })
}

/// One process and what it was sent.
struct Instance {
    api: RuntimeApi,
    process: Process,
}

fn take(told: &mut Told, calls: Vec<Call>) {
    for call in calls {
        told.refused += u64::from(call.said == Said::Deny);
        told.add(call.took, call.said != Said::Error);
    }
}

fn memory(instances: &[Instance]) -> Outcome<Vec<u64>> {
    let memory = |instance: &Instance| instance.process.memory_kib();
    instances.iter().map(memory).collect()
}

/// What the processes have to do.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// How many there are.
    pub(super) processes: usize,
    /// Calls at once in each.
    pub(super) at_once: usize,
    /// Keys that are called in turn.
    pub(super) keys: usize,
}

/// Loads processes for so long.
pub(super) fn loaded(
    what: String,
    row: &Row,
    shape: Shape,
    time: Duration,
    world: &World,
) -> Outcome<LoadRun> {
    let Shape {
        processes,
        at_once,
        keys,
    } = shape;
    let mut row = row.clone();
    if at_once > 1 {
        let concurrency = ("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), at_once.to_string());
        row.program.environment.push(concurrency);
    }
    let start = |number: usize| -> Outcome<Instance> {
        let api = RuntimeApi::start(world.dynamodb.calls.clone())?;
        let output = world.output(&format!("instance-{number}"));
        let mut process = Process::start(&row.program, &api.address(), output, None)?;
        api.started(&mut process)?;
        Ok(Instance { api, process })
    };
    let mut instances = (0..processes).map(start).collect::<Outcome<Vec<_>>>()?;
    let mut events = mixed(&world.events, keys);
    let (mut told, mut windows, mut to_refuse) = (Told::default(), Vec::new(), 0);
    let (begun, before) = (now(), world.dynamodb.count());
    let length = time / WINDOWS;
    for number in 1..=WINDOWS {
        while begun.elapsed() < length * number {
            for instance in &instances {
                let room = WAITING.saturating_sub(instance.api.queued());
                let next: Vec<_> = events.by_ref().take(room).collect();
                to_refuse += next.iter().filter(|(_, refused)| *refused).count() as u64;
                instance.api.queue(next.into_iter().map(|(event, _)| event));
                take(&mut told, instance.api.taken());
            }
            sleep(LOOK);
        }
        windows.push(told.window(begun, length, memory(&instances)?));
    }
    for Instance { api, process } in &mut instances {
        take(&mut told, api.finished(process)?);
    }
    let wrong = told.wrong + told.refused.abs_diff(to_refuse);
    if wrong > 0 {
        // At this level a function logs its faults alone.
        for Instance { process, .. } in &instances {
            println!(
                "WRONG: {wrong}; a process has logged:\n{}",
                process.output()
            );
        }
    }
    Ok(LoadRun {
        budgets: budgets(&windows, wrong),
        what,
        seconds: begun.elapsed().as_secs_f64(),
        calls: told.calls,
        wrong,
        dynamodb: Some(world.dynamodb.count() - before),
        windows,
    })
}
