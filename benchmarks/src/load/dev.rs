//! `latchkey dev`: callers of its demo API, with one in a hundred calls to its admin API.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, sleep},
    time::Duration,
};

use super::{LOOK, LoadRun, Told, WINDOWS, budgets, client::Client};
use crate::{
    clock::now,
    outcome::Outcome,
    process::{Process, Program},
};

const PATIENCE: Duration = Duration::from_secs(30);
/// Of so many calls of a caller one is to the admin API.
const ADMIN: u64 = 100;

/// Where it serves, and the key of its demo.
struct Address {
    host: String,
    key: String,
}

/// Loads it.
pub(super) fn loaded(
    what: String,
    binary: &Path,
    callers: usize,
    time: Duration,
    output: PathBuf,
) -> Outcome<LoadRun> {
    let command = [
        binary.as_os_str(),
        "dev".as_ref(),
        "--port".as_ref(),
        "0".as_ref(),
        "--in-memory".as_ref(),
    ];
    let program = Program {
        command: command.map(Into::into).into(),
        environment: vec![],
    };
    let mut process = Process::start(&program, "", output, None)?;
    let address = started(&mut process)?;
    let (told, ended) = (Mutex::new(Told::default()), AtomicBool::new(false));
    let begun = now();
    let windows = thread::scope(|scope| {
        let calling: Vec<_> = (0..callers)
            .map(|_| scope.spawn(|| call(&address, &told, &ended)))
            .collect();
        let mut windows = Vec::new();
        let length = time / WINDOWS;
        for number in 1..=WINDOWS {
            sleep((length * number).saturating_sub(begun.elapsed()));
            let memory = process.memory_kib();
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            windows.push(memory.map(|memory| told.window(begun, length, vec![memory])));
        }
        ended.store(true, Ordering::Relaxed);
        for caller in calling {
            caller.join().map_err(|_| "a caller has panicked")??;
        }
        windows.into_iter().collect::<Outcome<Vec<_>>>()
    })?;
    let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(LoadRun {
        budgets: budgets(&windows, told.wrong),
        what,
        seconds: begun.elapsed().as_secs_f64(),
        calls: told.calls,
        wrong: told.wrong,
        dynamodb: None,
        windows,
    })
}

/// Reads what it prints when it serves.
fn started(process: &mut Process) -> Outcome<Address> {
    let begun = now();
    while begun.elapsed() < PATIENCE {
        if let Some(address) = address(&process.output()) {
            return Ok(address);
        }
        if let Some(status) = process.ended()? {
            return Err(format!("latchkey dev ended with {status}").into());
        }
        sleep(LOOK);
    }
    Err("latchkey dev does not serve".into())
}

/// From the first line that can be pasted into a terminal.
fn address(printed: &str) -> Option<Address> {
    let (_, line) = printed.split_once("-H 'x-api-key: ")?;
    let (key, rest) = line.split_once("' http://")?;
    let (host, _) = rest.split_once('/')?;
    Some(Address {
        host: host.to_owned(),
        key: key.to_owned(),
    })
}

fn call(address: &Address, told: &Mutex<Told>, ended: &AtomicBool) -> Outcome<()> {
    let mut client = Client::connect(&address.host)?;
    for number in 1_u64.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let is_admin = number.is_multiple_of(ADMIN);
        let path = if is_admin {
            "/admin/v1/keys"
        } else {
            "/demo-rest/orders/42"
        };
        let begun = now();
        let status = client.get(path, &address.key)?;
        let took = begun.elapsed();
        // The demo's plan has limits.
        let is_right = status == 200 || (status == 429 && !is_admin);
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.refused += u64::from(status == 429);
        told.add(took, is_right);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_and_the_key_are_read_from_the_first_line_to_paste() {
        let printed =
            "Latchkey runs\n\ncurl -i -H 'x-api-key: abc' http://127.0.0.1:44/demo/orders\n";
        let read = address(printed).unwrap();
        assert_eq!(
            (read.host.as_str(), read.key.as_str()),
            ("127.0.0.1:44", "abc")
        );
        assert!(address("Latchkey runs").is_none());
    }
}
