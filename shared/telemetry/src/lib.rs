//! How Latchkey logs, and how its metrics are written ([`emf`]).
//!
//! A level is one of Latchkey's own crates only. Libraries stay at `warn` whatever is set:
//! at finer levels the Lambda runtime and the SDK print whole events and requests, and with
//! them key values.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

pub mod emf;

use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, filter::Targets, fmt, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// What all of Latchkey's crates are called by.
const OWN: &str = "latchkey";
/// Prints what a handler returns as an error, at level ERROR. An authorizer's `Unauthorized` is an
/// answer that its own line tells of; a function's faults are told by itself.
const RETURNED_ERRORS: &str = "lambda_runtime::layers::panic";

/// Logs to standard output, one JSON object a line, as CloudWatch reads them. Does nothing
/// where logs already go somewhere.
pub fn log_json(level: Level) {
    // Only a second call fails.
    drop(json(level, std::io::stdout).try_init());
}

/// What [`log_json`] writes, to any writer.
pub fn json<W>(level: Level, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(to);
    tracing_subscriber::registry().with(lines.with_filter(levels(level)))
}

/// Logs to standard error for people, in colour on a terminal.
pub fn log_for_people(level: Level, colour: bool) {
    let lines = fmt::layer()
        .compact()
        .with_target(false)
        .with_ansi(colour)
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(lines.with_filter(levels(level)));
    // Only a second call fails.
    drop(registry.try_init());
}

fn levels(level: Level) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target(RETURNED_ERRORS, LevelFilter::OFF)
        .with_target(OWN, level)
}
