//! The figures to reach, and whether they were.

use serde::Serialize;

use crate::{
    figures::Figures,
    rows::{EMPTY, FIRST_SIGHT, LEASED, LOGGED, NEW_LEASE, PYTHON, Side, WHOLE, WRITTEN_INSTEAD},
    section::Section,
};

/// LLRT's published start and first call of DynamoDB at 128 MB, in ms.
const LLRT_MS: f64 = 64.0;
const AT_128_MB: [(Section, &str, &str); 3] = [
    (
        Section::Memory(128),
        LEASED,
        "at 128 MB: start and first metered call, against LLRT's published start and first call of DynamoDB",
    ),
    (Section::Memory(128), LOGGED, "the same, each logged"),
    (
        Section::MemoryAfterStart(128),
        LEASED,
        "the same, with a whole processor up to the first question for an event",
    ),
];
/// How much less a figure must be than another to be ahead of it: what is nearer is level.
const AHEAD: f64 = 0.98;

/// What was measured in a section.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) section: Section,
    pub(crate) heading: String,
    pub(crate) figures: Vec<Figures>,
}

impl Measured {
    pub(crate) fn of(&self, row: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.row == row)
    }
}

/// One figure to reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Budget {
    pub(crate) what: String,
    pub(crate) reached: String,
    pub(crate) bound: String,
    pub(crate) met: bool,
}

fn at_most(what: &str, reached: f64, bound: f64, unit: &str) -> Budget {
    Budget {
        what: what.to_owned(),
        reached: format!("{reached:.1} {unit}"),
        bound: format!("at most {bound} {unit}"),
        met: reached <= bound,
    }
}

fn at_least(what: &str, reached: f64, bound: f64) -> Budget {
    Budget {
        what: what.to_owned(),
        reached: format!("{reached:.0} times"),
        bound: format!("at least {bound} times"),
        met: reached >= bound,
    }
}

/// Those that can be told from these sections.
pub(crate) fn budgets(sections: &[Measured], remembered: Option<&Figures>) -> Vec<Budget> {
    let mut budgets = Vec::new();
    let of = |section| sections.iter().find(|measured| measured.section == section);
    if let Some(loopback) = of(Section::Loopback) {
        budgets.extend(near_the_floor(loopback));
        budgets.extend(remembered.map(memory_of_keys));
        budgets.extend(ahead_of_python(loopback));
    }
    for (section, row, what) in AT_128_MB {
        let row = of(section).and_then(|share| share.of(row));
        budgets.extend(row.map(|row| at_most(what, row.start_to_answer / 1e3, LLRT_MS, "ms")));
    }
    for measured in sections {
        let ahead = |peer: &&str| ahead_of(measured, peer);
        budgets.extend(WRITTEN_INSTEAD.iter().filter_map(ahead));
    }
    budgets
}

fn near_the_floor(loopback: &Measured) -> Vec<Budget> {
    let (Some(leased), Some(empty)) = (loopback.of(LEASED), loopback.of(EMPTY)) else {
        return Vec::new();
    };
    let logged = loopback.of(LOGGED);
    let mut near = vec![
        at_most(
            "leased call above the empty function, LOG_LEVEL=error: p50, fastest rounds",
            leased.p50_fastest - empty.p50_fastest,
            10.0,
            "µs",
        ),
        at_most(
            "the same, middle rounds",
            leased.p50_middle - empty.p50_middle,
            10.0,
            "µs",
        ),
        at_most(
            "start to first poll above the empty function",
            (leased.start_to_poll - empty.start_to_poll) / 1e3,
            6.0,
            "ms",
        ),
        at_most(
            "start to first metered answer",
            leased.start_to_answer / 1e3,
            15.0,
            "ms",
        ),
        at_most(
            "the authorizer's binary",
            leased.deployed_bytes as f64 / 1_048_576.0,
            6.0,
            "MiB",
        ),
        at_most(
            "its peak memory on leased calls",
            leased.peak_memory_kib as f64 / 1024.0,
            9.0,
            "MiB",
        ),
        at_most(
            "its peak memory with some hundred keys seen, the most of any row",
            most_memory(loopback) as f64 / 1024.0,
            9.0,
            "MiB",
        ),
    ];
    near.extend(logged.map(|logged| {
        at_most(
            "leased call, each logged, above the empty function: p50, fastest rounds",
            logged.p50_fastest - empty.p50_fastest,
            10.0,
            "µs",
        )
    }));
    near
}

/// With all keys that the authorizer remembers at most; `calls` and two more were seen.
fn memory_of_keys(remembered: &Figures) -> Budget {
    at_most(
        &format!("the same with {} keys seen", remembered.calls + 2),
        remembered.peak_memory_kib as f64 / 1024.0,
        25.0,
        "MiB",
    )
}

fn most_memory(measured: &Measured) -> u64 {
    let own = measured
        .figures
        .iter()
        .filter(|row| row.side == Side::Latchkey);
    own.map(|row| row.peak_memory_kib).max().unwrap_or(0)
}

fn ahead_of_python(loopback: &Measured) -> Vec<Budget> {
    let (Some(leased), Some(python)) = (loopback.of(LEASED), loopback.of(PYTHON)) else {
        return Vec::new();
    };
    vec![
        at_least(
            "leased call against Python's call: p50, middle rounds",
            python.p50_middle / leased.p50_middle,
            30.0,
        ),
        at_least(
            "start to first poll against Python's",
            python.start_to_poll / leased.start_to_poll,
            20.0,
        ),
    ]
}

/// A column's name, Latchkey's figure and the peer's.
type Pair = (&'static str, f64, f64);

/// Against a peer's one kind of call stand all of Latchkey's that admit one, if any was measured.
fn ahead_of(measured: &Measured, peer: &str) -> Option<Budget> {
    let theirs = measured.of(peer)?;
    let admitting = [LEASED, LOGGED, WHOLE, NEW_LEASE, FIRST_SIGHT];
    let own: Vec<_> = admitting
        .iter()
        .filter_map(|row| measured.of(row))
        .collect();
    let lost: Vec<_> = own.iter().flat_map(|own| lost(own, theirs)).collect();
    (!own.is_empty()).then(|| Budget {
        what: format!(
            "ahead of {peer} in each column but what is deployed: {}",
            measured.heading
        ),
        reached: if lost.is_empty() {
            "in all".to_owned()
        } else {
            lost.join(", ")
        },
        bound: "in all".to_owned(),
        met: lost.is_empty(),
    })
}

/// In which columns a row is not ahead.
fn lost(own: &Figures, theirs: &Figures) -> Vec<String> {
    let pairs = starts(own, theirs).into_iter().chain(calls(own, theirs));
    let lost = pairs.filter(|(_, own, theirs)| *own > theirs * AHEAD);
    lost.map(|(what, mine, theirs)| {
        let verdict = if mine * AHEAD <= theirs {
            "level"
        } else {
            "behind"
        };
        format!("{verdict} in {}: {what}", own.row)
    })
    .collect()
}

fn starts(own: &Figures, theirs: &Figures) -> [Pair; 4] {
    [
        (
            "start to first poll",
            own.start_to_poll,
            theirs.start_to_poll,
        ),
        (
            "start to first answer",
            own.start_to_answer,
            theirs.start_to_answer,
        ),
        (
            "processor until the first answer",
            own.start_processor,
            theirs.start_processor,
        ),
        ("first call", own.first_call, theirs.first_call),
    ]
}

fn calls(own: &Figures, theirs: &Figures) -> [Pair; 8] {
    [
        (
            "p50 of the fastest round",
            own.p50_fastest,
            theirs.p50_fastest,
        ),
        ("p50 of the middle round", own.p50_middle, theirs.p50_middle),
        ("p90", own.p90, theirs.p90),
        ("p99", own.p99, theirs.p99),
        (
            "calls a second",
            1.0 / own.calls_a_second,
            1.0 / theirs.calls_a_second,
        ),
        ("processor a call", own.processor, theirs.processor),
        (
            "memory",
            own.peak_memory_kib as f64,
            theirs.peak_memory_kib as f64,
        ),
        ("calls of DynamoDB", own.dynamodb, theirs.dynamodb),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::REMEMBERED;

    fn figures(row: &'static str, side: Side, time: f64) -> Figures {
        Figures {
            row,
            side,
            rounds: 1,
            calls: 1,
            start_to_poll: time,
            start_to_answer: time,
            start_processor: time,
            first_call: time,
            p50_fastest: time,
            p50_middle: time,
            p90: time,
            p99: time,
            calls_a_second: 1.0 / time,
            processor: time,
            peak_memory_kib: time as u64,
            deployed_bytes: 1,
            dynamodb: time,
            start_dynamodb: 1,
            repeated: 0,
        }
    }

    fn measured(figures: Vec<Figures>) -> Vec<Measured> {
        vec![Measured {
            section: Section::Loopback,
            heading: "here".to_owned(),
            figures,
        }]
    }

    #[test]
    fn a_peer_is_compared_with_rows_that_were_measured_and_in_each_column() {
        let [rust, ..] = WRITTEN_INSTEAD;
        let theirs = figures(rust, Side::Peer, 10.0);
        assert_eq!(budgets(&measured(vec![theirs.clone()]), None), []);
        let own = figures(LEASED, Side::Latchkey, 9.0);
        let ahead = budgets(&measured(vec![own.clone(), theirs.clone()]), None);
        assert!(ahead.len() == 1 && ahead[0].met, "{ahead:?}");
        for (p99, verdict) in [(9.9, "level"), (10.1, "level"), (10.3, "behind")] {
            let own = Figures { p99, ..own.clone() };
            let lost = budgets(&measured(vec![own, theirs.clone()]), None);
            assert_eq!(lost[0].reached, format!("{verdict} in leased call: p99"));
            assert!(!lost[0].met);
        }
        let logged = Figures {
            row: LOGGED,
            first_call: 11.0,
            ..own.clone()
        };
        let lost = budgets(&measured(vec![own, logged, theirs]), None);
        let expected = "behind in leased call, each logged: first call";
        assert_eq!(lost[0].reached, expected);
    }

    #[test]
    fn the_floor_s_budgets_need_the_floor() {
        let leased = figures(LEASED, Side::Latchkey, 9.0);
        assert_eq!(budgets(&measured(vec![leased.clone()]), None), []);
        let empty = figures(EMPTY, Side::Floor, 1.0);
        let remembered = figures(REMEMBERED, Side::Latchkey, 30.0 * 1024.0);
        let near = budgets(&measured(vec![leased, empty]), Some(&remembered));
        assert_eq!(near.len(), 8);
        let missed: Vec<&Budget> = near.iter().filter(|budget| !budget.met).collect();
        assert_eq!(missed, [&memory_of_keys(&remembered)], "30 MiB");
    }
}
