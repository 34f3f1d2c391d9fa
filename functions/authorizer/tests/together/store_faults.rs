//! What a store in trouble comes to: one table of faults, driven through the real binary, with
//! `ON_STORE_FAILURE` as deny and as allow. docs/reliability.md shows what was seen.

use std::{fmt::Write as _, fs, time::Duration};

use futures_util::{StreamExt, future::join_all, stream};

use crate::{
    fault_run::{CALLS, Caller, Has, LEASED, Seen, Times, run},
    faults::Faults,
    fleet::Fleet,
    outcome::Outcome,
    quota::quota,
    table::plan,
    wire::{Trouble, Wire},
};

/// The longest that a decision may take.
const LONGEST: Duration = Duration::from_secs(1);
/// A slow machine may spoil a run, which is made again then: one that is wrong each time is wrong.
/// Units beyond the quota, or not charged, are wrong once.
const RUNS: usize = 6;
/// Faults that are tried at the same time.
const AT_ONCE: usize = 4;

/// What a call meets meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// No answer of the store's.
    Nothing,
    /// Its answer, on another connection.
    Answer,
}

fn rows(partition: &str) -> Vec<(&'static str, Trouble, Expected)> {
    use Expected::{Answer, Nothing};
    let item = |error| Trouble::Item(error, partition.to_owned());
    vec![
        ("connections are refused", Trouble::Refused, Nothing),
        (
            "silent: connections are taken, nothing is answered",
            Trouble::Silent,
            Nothing,
        ),
        (
            "slow by 1 s",
            Trouble::Slow(Duration::from_secs(1)),
            Nothing,
        ),
        (
            "slow by 10 s",
            Trouble::Slow(Duration::from_secs(10)),
            Nothing,
        ),
        (
            "one item is throttled (`ProvisionedThroughputExceededException`)",
            item("ProvisionedThroughputExceededException"),
            Nothing,
        ),
        (
            "one item is throttled (`ThrottlingException`)",
            item("ThrottlingException"),
            Nothing,
        ),
        ("500 to everything", Trouble::Failed, Nothing),
        (
            "`TransactionConflictException` to every write",
            Trouble::Conflict,
            Nothing,
        ),
        (
            "applied, and the connection cut before the answer",
            Trouble::CutAfter,
            Nothing,
        ),
        ("applied, and half an answer", Trouble::Half, Nothing),
        (
            "applied, and an answer that is no HTTP",
            Trouble::NotHttp,
            Nothing,
        ),
        (
            "applied, and an answer that is no JSON",
            Trouble::NotJson,
            Nothing,
        ),
        (
            "connections are closed while they are idle",
            Trouble::IdleClosed,
            Answer,
        ),
        (
            "connections are cut when they are used again",
            Trouble::CutOnReuse,
            Answer,
        ),
    ]
}

/// What is to be seen.
fn expected(trouble: &Trouble, expected: Expected, allow: bool, has: Has) -> Seen {
    let passes = expected == Expected::Answer;
    // Who knows nothing of a key lets it through by nothing; but reads meet no conflict.
    let knows = has != Has::NotStarted || *trouble == Trouble::Conflict;
    let lets_through = allow && knows;
    let count = |is: bool| if is { CALLS } else { 0 };
    let leased = if has == Has::Lease { LEASED } else { 0 };
    Seen {
        leased,
        by_lease: leased,
        stored: count(passes),
        without: count(!passes && lets_through),
        unavailable: count(!passes && !lets_through),
        otherwise: Vec::new(),
        others: matches!(trouble, Trouble::Item(..)).then_some(CALLS),
        recovers: true,
        beyond: 0,
        uncharged: 0,
    }
}

/// What was seen in one of the runs of one fault, and what it took.
#[derive(Debug)]
struct Tried {
    seen: Seen,
    is_expected: bool,
    /// Of the run that counts, and of all.
    counted: Times,
    any: Times,
    /// Runs that do not count: in how many something took too long, and what was seen in the
    /// others.
    slow: usize,
    different: Vec<String>,
}

impl Tried {
    /// Makes a run, and makes it again where it was spoilt.
    async fn run(number: usize, allow: bool, has: Has) -> Self {
        let (fault, trouble, meets) = rows("").swap_remove(number);
        let expected = expected(&trouble, meets, allow, has);
        let trouble = |partition: &str| rows(partition).swap_remove(number).1;
        let (mut any, mut slow, mut different) = (Times::default(), 0, Vec::new());
        loop {
            let (seen, counted) = run(trouble, allow, has).await;
            any = any.max(counted);
            let is_slow = counted.own.max(counted.caller) > LONGEST;
            let is_expected = seen == expected;
            let is_last = slow + different.len() + 1 == RUNS;
            if is_expected && !is_slow || !seen.is_exact() || is_last {
                let is_expected = is_expected && counted.own <= LONGEST;
                return Self {
                    seen,
                    is_expected,
                    counted,
                    any,
                    slow,
                    different,
                };
            }
            if is_slow {
                slow += 1;
            } else {
                different.push(format!("- {fault}, {has:?}: {}", seen.told()));
            }
        }
    }

    /// A fault in all states of the process.
    async fn all(number: usize, allow: bool) -> [Self; 4] {
        let run = async |has| Self::run(number, allow, has).await;
        [
            run(Has::Key).await,
            run(Has::Nothing).await,
            run(Has::Lease).await,
            run(Has::NotStarted).await,
        ]
    }
}

/// What is told of the runs that wrote the table.
fn told<'a>(all: impl Iterator<Item = &'a Tried>) -> String {
    let (mut counted, mut any) = (Times::default(), Times::default());
    let (mut runs, mut slow, mut different) = (0, 0, Vec::new());
    for tried in all {
        counted = counted.max(tried.counted);
        any = any.max(tried.any);
        runs += 1;
        slow += tried.slow;
        different.extend(tried.different.iter().map(String::as_str));
    }
    format!(
        "Runs that were spoilt and made again, beside the {runs} that this shows: {} ({slow} since something took more than 1 s, \
         {} since something else was seen). The longest decision took {} ms by the process's own clock, and {} ms at the \
         caller, from the handing over of the event until its answer; with the spoilt runs {} and {} ms. The longest start took {} \
         ms.\n{}",
        slow + different.len(),
        different.len(),
        counted.own.as_millis(),
        counted.caller.as_millis(),
        any.own.as_millis(),
        any.caller.as_millis(),
        any.start.as_millis(),
        different_told(&different),
    )
}

/// What else was seen, a line each.
fn different_told(different: &[&str]) -> String {
    if different.is_empty() {
        return String::new();
    }
    format!("\nWhat else was seen:\n\n{}\n", different.join("\n"))
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability.md");
const BEGIN: &str = "<!-- store faults: begin -->\n";
const END: &str = "<!-- store faults: end -->\n";
const HEAD: &str = "| fault | expected | seen with `deny` | seen with `allow` | seen of a process that starts during it |
| --- | --- | --- | --- | --- |
";

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_store_comes_to_what_the_page_says() {
    // They wait most of the time.
    let runs = (0..rows("").len()).map(|number| async move {
        tokio::join!(Tried::all(number, false), Tried::all(number, true))
    });
    let runs: Vec<_> = stream::iter(runs).buffered(AT_ONCE).collect().await;
    let mut table = HEAD.to_owned();
    for ((name, _, expected), (deny, allow)) in rows("").into_iter().zip(&runs) {
        let expected = match expected {
            Expected::Nothing => "`unavailable`, or let through and charged later",
            Expected::Answer => "answered, on another connection",
        };
        // The other two differ in nothing but the units on lease.
        let [.., deny, late_deny] = deny.each_ref().map(|tried| tried.seen.told());
        let [.., allow, late_allow] = allow.each_ref().map(|tried| tried.seen.told());
        let late = if late_deny == late_allow {
            late_deny
        } else {
            format!("`deny`: {late_deny}. `allow`: {late_allow}")
        };
        let cells = [deny, allow, late];
        writeln!(table, "| {name} | {expected} | {} |", cells.join(" | ")).unwrap();
    }
    let all = || {
        runs.iter()
            .flat_map(|(deny, allow)| deny.iter().chain(allow))
    };
    let wrong: Vec<_> = all()
        .enumerate()
        .filter(|(_, tried)| !tried.is_expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}, eight for each row");
    println!("{}", told(all()));
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (old, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        let table = format!("{table}\n{}", told(all()));
        fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(
        old.starts_with(&table),
        "docs/reliability.md is old: UPDATE_RELIABILITY=1 writes it anew: {table}"
    );
}

/// A silent table holds each charge up, and no call waits for another's.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_table_each_process_admits_what_was_left_at_most_and_calls_at_once_wait_for_nobody()
 {
    const AT_ONCE: usize = 8;
    const LIMIT: u64 = 20;
    let (fleet, accounts) = Fleet::with(Faults::none(), &plan("gold", quota(LIMIT), None), 1).await;
    let account = &accounts[0];
    let wire = Wire::to(&fleet.proxy.endpoint).await;
    let settings = [
        ("AWS_ENDPOINT_URL_DYNAMODB", wire.endpoint.as_str()),
        ("ON_STORE_FAILURE", "allow"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "8"),
        ("LEASE_MAX", "1"),
    ];
    let instances = [fleet.start(&settings).await, fleet.start(&settings).await];
    let mut stored = 0;
    for instance in &instances {
        while Caller::of(instance).call(account).await != (Outcome::Allowed, false) {}
        stored += 1;
    }
    wire.set(Trouble::Silent);
    let mut admitted = 0;
    for instance in &instances {
        let mut passed = 0;
        for _ in 0..4 {
            let calls = (0..AT_ONCE).map(|_| async { Caller::of(instance).call(account).await });
            let outcomes = join_all(calls).await;
            let is_let_through = |outcome: &&(Outcome, bool)| **outcome == (Outcome::Allowed, true);
            passed += outcomes.iter().filter(is_let_through).count() as u64;
        }
        assert!(passed >= AT_ONCE as u64 && passed < LIMIT, "{passed}");
        admitted += passed;
    }
    wire.set(Trouble::None);
    for instance in instances {
        fleet.stop(instance).await;
    }
    fleet.proxy.quiet().await;
    let charged: i64 = fleet.table.meter(account).await.windows.values().sum();
    assert!(
        charged >= (stored + admitted) as i64,
        "{charged}, {admitted}"
    );
}
