//! The `latchkey` command. This file reads the command line and hands over what only it may
//! ask the machine for: the time and random numbers.
//!
//! Exit statuses ([`failure::Status`]) are the same for all that calls the admin API.

mod advice;
mod apply;
mod aws;
mod checks;
mod client;
mod commands;
mod console;
mod dev;
mod doctor;
#[cfg(test)]
mod documents;
mod failure;
mod gateway;
#[cfg(test)]
mod help;
mod tail;
mod try_call;
mod visible;

use std::{
    io::Write as _,
    process::ExitCode,
    time::{Instant, SystemTime},
};

use clap::{CommandFactory as _, Parser as _};
use latchkey_admin::{NoRandomness, Random};
use latchkey_domain::{Clock, Nanos, Reading};

use crate::failure::Failure;

/// API keys and usage plans for APIs on Amazon API Gateway
#[derive(Debug, clap::Parser)]
#[command(version)]
enum Command {
    Dev(dev::Arguments),
    Console(console::Arguments),
    #[command(flatten)]
    Admin(Box<commands::Command>),
    Try(try_call::Arguments),
    Tail(tail::Arguments),
    Apply(apply::Apply),
    Diff(apply::Diff),
    Doctor(doctor::Arguments),
    Completions(commands::completions::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    match Command::parse() {
        Command::Console(arguments) => ended(console::run(arguments, clock(), random()).await),
        Command::Dev(arguments) => {
            let machine = dev::Machine {
                clock: clock(),
                random: random(),
            };
            let ran = dev::run(arguments, machine).await;
            ran.map_or_else(|error| failed(&error, 1), |()| ExitCode::SUCCESS)
        }
        Command::Admin(command) => {
            let machine = commands::Machine {
                clock: clock(),
                random: random(),
            };
            ended(commands::run(*command, machine).await)
        }
        Command::Completions(arguments) => {
            ended(commands::completions::run(&arguments, Command::command()))
        }
        Command::Doctor(arguments) => {
            let looked = doctor::run(&arguments, clock(), &mut std::io::stdout()).await;
            let status = looked.map(|outcome| ExitCode::from(outcome as u8));
            status.unwrap_or_else(|error| failed(&error, doctor::Outcome::NotSeen as u8))
        }
        Command::Tail(arguments) => {
            ended(tail::run(&arguments, clock(), &mut std::io::stdout()).await)
        }
        Command::Apply(arguments) => {
            ended(apply::apply(&arguments, clock(), random(), &mut std::io::stdout()).await)
        }
        Command::Diff(arguments) => {
            ended(apply::diff(&arguments, clock(), random(), &mut std::io::stdout()).await)
        }
        Command::Try(arguments) => {
            let (mut from, mut to) = (std::io::stdin(), std::io::stdout());
            ended(try_call::run(&arguments, clock(), &mut from, &mut to).await)
        }
    }
}

/// What a command was asked is done, or it is said why not.
fn ended(ran: Result<(), Failure>) -> ExitCode {
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        // What was printed says it all.
        Err(failure) if failure.message.is_empty() => ExitCode::from(failure.status as u8),
        Err(failure) => failed(&failure, failure.status as u8),
    }
}

fn failed(error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    drop(writeln!(std::io::stderr(), "latchkey: {error}"));
    ExitCode::from(status)
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
