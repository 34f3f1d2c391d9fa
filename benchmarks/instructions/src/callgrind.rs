//! A function's process under callgrind, and what it counts between two things that the function
//! sends.
//!
//! The counters are written down each time that `writev` is called, which is how a function asks
//! for an event and how it answers one: so each part of the output is the work between two of
//! these, and the odd one that renews a lease does not blur the others.

use std::path::Path;

use latchkey_instructions::{Outcome, Output, VALGRIND, parts};
use latchkey_runtime_api::{Answer, Function};

use crate::world::TABLE;

/// One function with its settings, on a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) endpoint: &'a str,
    pub(crate) settings: &'a [(&'a str, &'a str)],
}

/// What a run found.
pub(crate) struct Counted {
    /// Instructions from one thing sent to the next, from the start on.
    pub(crate) parts: Vec<u64>,
    /// The last answer.
    pub(crate) last: Option<Answer>,
    /// All that callgrind wrote.
    pub(crate) output: String,
}

impl Counted {
    /// Instructions up to the last question for an event.
    pub(crate) fn to_the_last_poll(&self) -> u64 {
        let [parts @ .., _after] = self.parts.as_slice() else {
            return 0;
        };
        parts.iter().sum()
    }

    /// The tenth of the calls of the second half that takes the least, where each call sends
    /// `sends` things: those that renew a lease send more, and stand above it.
    pub(crate) fn call(&self, sends: usize) -> u64 {
        let [parts @ .., _after] = self.parts.as_slice() else {
            return 0;
        };
        let later = parts.get(parts.len() / 2..).unwrap_or_default();
        let mut calls: Vec<u64> = later.windows(sends).map(|call| call.iter().sum()).collect();
        calls.sort_unstable();
        calls.get(calls.len() / 10).copied().unwrap_or(0)
    }
}

/// Hands the function this event so many times, one after the other.
pub(crate) async fn count(subject: Subject<'_>, event: &str, calls: usize) -> Outcome<Counted> {
    let output = Output::new();
    let program: Vec<String> = std::iter::once(VALGRIND.to_owned())
        .chain(output.arguments("writev"))
        .collect();
    let environment = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", subject.endpoint),
        ("LOG_ALLOWS", "0"),
        ("LOG_LEVEL", "error"),
    ];
    let environment = environment
        .into_iter()
        .chain(subject.settings.iter().copied());
    let function = Function::start_under(&program, subject.binary, environment).await?;
    let mut last = None;
    for _ in 0..calls {
        last = Some(function.invoke(event).await?);
    }
    let ended = function.stop().await?;
    let output = output.read()?;
    let parts = parts(&output);
    if parts.is_empty() {
        return Err(format!("callgrind counted nothing: {}", ended.output).into());
    }
    Ok(Counted {
        parts,
        last,
        output,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(output: &str) -> Counted {
        Counted {
            parts: parts(output),
            last: None,
            output: output.to_owned(),
        }
    }

    #[test]
    fn what_follows_the_last_poll_is_not_counted() {
        let counted = counted("totals: 100\ntotals: 20\ntotals: 3\n");
        assert_eq!(counted.to_the_last_poll(), 120);
    }

    #[test]
    fn a_call_is_among_the_least_of_the_later_ones() {
        let calls = [900, 10, 30, 11, 30, 10, 30, 10, 999, 10, 30, 77];
        let output: String = calls.iter().map(|n| format!("totals: {n}\n")).collect();
        assert_eq!(counted(&output).call(2), 40);
        assert_eq!(counted("").call(2), 0);
    }
}
