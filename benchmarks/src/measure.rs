//! One round of one row: a process from its start, its first call, calls to get warm, and those
//! that count.

use std::{path::PathBuf, time::Duration};

use crate::{
    dynamodb::DynamoDb,
    outcome::Outcome,
    process::Process,
    rows::Row,
    runtime_api::{Call, Event, RuntimeApi, Said},
    share::Share,
};

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) rounds: usize,
    /// Calls after the first that do not count.
    pub(crate) warm: usize,
    pub(crate) calls: usize,
}

/// What was measured in a round.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) start_to_poll: Duration,
    /// With an event that waits already.
    pub(crate) start_to_answer: Duration,
    /// Time of a processor until then.
    pub(crate) start_processor: Duration,
    pub(crate) first_call: Duration,
    pub(crate) said_first: Said,
    pub(crate) calls: Vec<Call>,
    /// From the first event that counts to the last answer.
    pub(crate) elapsed: Duration,
    /// Time of a processor meanwhile.
    pub(crate) processor: Duration,
    pub(crate) peak_memory_kib: u64,
    /// Calls of DynamoDB before the first event.
    pub(crate) start_dynamodb: u64,
    /// How often it was tried before, and a call was answered by an error.
    pub(crate) repeated: usize,
}

/// What came of a round.
pub(crate) enum Came {
    /// Figures.
    Figures(Round),
    /// A call was answered by an error, as where the machine stood still for longer than a call may
    /// wait: nothing was measured.
    Error(String),
}

/// Measures one.
///
/// # Errors
/// Where the function fails, lets through whom it should not or the other way round, or calls
/// DynamoDB more often than it may.
pub(crate) fn round(
    row: &Row,
    amount: Amount,
    dynamodb: &DynamoDb,
    share: Option<&Share>,
    output: PathBuf,
) -> Outcome<Came> {
    let named = |fault: &str| format!("{}: {fault}", row.name);
    let round = measured(row, amount, dynamodb, share, output)
        .map_err(|error| named(&error.to_string()))?;
    let said = || {
        round
            .calls
            .iter()
            .map(|call| call.said)
            .chain([round.said_first])
    };
    if let Some(other) = said().find(|said| ![row.expected, Said::Error].contains(said)) {
        return Err(named(&format!("{other:?} instead of {:?}", row.expected)).into());
    }
    if row.expected != Said::Error && said().any(|said| said == Said::Error) {
        return Ok(Came::Error(named("an error")));
    }
    match row.dynamodb.fault(&round.calls) {
        Some(fault) => Err(named(&fault).into()),
        None => Ok(Came::Figures(round)),
    }
}

fn measured(
    row: &Row,
    amount: Amount,
    dynamodb: &DynamoDb,
    share: Option<&Share>,
    output: PathBuf,
) -> Outcome<Round> {
    let mut events = row.events.iter().cycle().cloned();
    let mut next = |count| -> Vec<Event> { events.by_ref().take(count).collect() };
    let api = RuntimeApi::start(dynamodb.calls.clone())?;
    let before = dynamodb.count();
    let group = |after_start| {
        let share = share.filter(|share| share.after_start == after_start);
        share.map(|share| &share.group)
    };
    // An event that waited at the start would be begun before the share holds.
    let later = group(true);
    if later.is_none() {
        api.queue(next(1));
    }
    let mut process = Process::start(&row.program, &api.address(), output, group(false))?;
    let polled = api.started(&mut process)?;
    if let Some(group) = later {
        process.go_on_in(group)?;
        api.queue(next(1));
    }
    let first = api.finished(&mut process)?;
    let [first] = first[..] else {
        return Err("one answer was expected".into());
    };
    let start_dynamodb = (dynamodb.count() - before).saturating_sub(first.dynamodb);
    let start_processor = process.processor_time()?;
    api.queue(next(amount.warm));
    api.finished(&mut process)?;
    let before = process.processor_time()?;
    let begun = crate::clock::now();
    api.queue(next(amount.calls));
    let calls = api.finished(&mut process)?;
    let last = calls.last().ok_or("no calls")?.answered;
    Ok(Round {
        start_to_poll: polled - process.begun,
        start_to_answer: first.answered - process.begun,
        start_processor,
        first_call: first.took,
        said_first: first.said,
        elapsed: last - begun,
        processor: process.processor_time()?.saturating_sub(before),
        peak_memory_kib: process.peak_memory_kib()?,
        start_dynamodb,
        repeated: 0,
        calls,
    })
}
