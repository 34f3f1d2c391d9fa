//! The `latchkey` command. This file reads the command line and hands over what only it may
//! ask the machine for: the time and random numbers.

mod dev;
mod gateway;

use std::{
    io::Write as _,
    process::ExitCode,
    time::{Instant, SystemTime},
};

use clap::Parser as _;
use latchkey_admin::{NoRandomness, Random};
use latchkey_domain::{Clock, Nanos, Reading};

/// API keys and usage plans for APIs on Amazon API Gateway
#[derive(Debug, clap::Parser)]
#[command(version)]
enum Command {
    Dev(dev::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Dev(arguments) = Command::parse();
    let machine = dev::Machine {
        clock: clock(),
        random: random(),
    };
    match dev::run(arguments, machine).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "latchkey: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the machine is asked for the time"
)]
fn clock() -> Clock {
    let start = Instant::now();
    let nanos =
        |duration: std::time::Duration| Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX);
    Clock::new(move || Reading {
        wall: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, nanos),
        steady: nanos(start.elapsed()),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the machine is asked for random numbers"
)]
fn random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| NoRandomness))
}
