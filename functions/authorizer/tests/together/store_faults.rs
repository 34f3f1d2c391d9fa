//! What a store in trouble comes to: one table of faults, driven through the real binary, with
//! `ON_STORE_FAILURE` as deny and as allow. docs/reliability.md shows what was seen.

use std::{fmt::Write as _, fs, time::Duration};

use futures_util::{StreamExt, future::join_all, stream};
use latchkey_domain::Throttle;
use latchkey_runtime_api::Answer;
use tokio::time::{sleep, timeout};

use crate::{
    faults::Faults,
    fleet::{Fleet, Instance},
    outcome::Outcome,
    quota::quota,
    table::{Account, plan},
    wire::{Trouble, Wire},
};

const LIMIT: u64 = 20;
const BEFORE: usize = 3;
/// Calls during the trouble.
const CALLS: usize = 3;
/// The longest that a decision may take, in µs.
const LONGEST: u64 = 1_000_000;
/// Whoever waits for the store takes 10 s.
const HANGS: Duration = Duration::from_secs(5);
/// A slow machine may spoil a run: one that is wrong each time is wrong. Units beyond the quota,
/// or not charged, are wrong once.
const RUNS: usize = 4;
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

/// What the process has of the key when the trouble begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    /// The key. Each call is charged at the table.
    Key,
    /// Nothing: each call reads its key, and is charged.
    Nothing,
    /// The key and a lease: calls pass until it is used up.
    Lease,
}

/// What came of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    /// Calls meanwhile: let through by the store, without it, `unavailable`, and what else.
    stored: usize,
    without: usize,
    unavailable: usize,
    otherwise: Vec<Outcome>,
    /// Another key's calls meanwhile that passed by the store, where only one item is troubled.
    others: Option<usize>,
    /// The first call afterwards was answered by the store.
    recovers: bool,
    /// Units admitted beyond the quota, and admitted and not charged.
    beyond: i64,
    uncharged: i64,
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

impl Seen {
    fn expected(trouble: &Trouble, expected: Expected, allow: bool) -> Self {
        let passes = expected == Expected::Answer;
        let count = |is: bool| if is { CALLS } else { 0 };
        Self {
            stored: count(passes),
            without: count(!passes && allow),
            unavailable: count(!passes && !allow),
            otherwise: Vec::new(),
            others: matches!(trouble, Trouble::Item(..)).then_some(CALLS),
            recovers: true,
            beyond: 0,
            uncharged: 0,
        }
    }

    /// How many calls pass by a lease depends on the moment: each of them passes, or meets what
    /// a call without one meets.
    fn as_without_a_lease(&mut self, expected: &Self) {
        if self.stored + self.without + self.unavailable == CALLS {
            (self.stored, self.without, self.unavailable) =
                (expected.stored, expected.without, expected.unavailable);
        }
    }

    fn told(&self) -> String {
        let mut told = Vec::new();
        for (count, what) in [
            (self.stored, "answered"),
            (self.without, "let through without the table"),
            (self.unavailable, "`unavailable`"),
        ] {
            if count > 0 {
                told.push(format!("{count} of {CALLS} {what}"));
            }
        }
        if let Some(others) = self.others {
            told.push(format!("another key's: {others} of {CALLS} answered"));
        }
        let next = if self.recovers { "answered" } else { "not" };
        told.push(format!("the next call: {next}"));
        told.push(format!(
            "{} beyond the quota, {} not charged",
            self.beyond, self.uncharged
        ));
        told.join("; ")
    }
}

/// Whether it passed without the table.
async fn call(instance: &Instance, account: &Account) -> (Outcome, bool) {
    let answer = timeout(HANGS, instance.invoke(account)).await;
    let answer = answer.unwrap_or_else(|_| panic!("a call waits for the store"));
    let without = matches!(
        &answer,
        Ok(Answer::Response(answer)) if answer["context"]["reason"] == "store_failure"
    );
    (Outcome::read(answer), without)
}

/// One fault on a fresh table and process. Returns the longest decision as well, in µs.
async fn run(number: usize, allow: bool, has: Has) -> (Seen, u64) {
    let throttle =
        (has == Has::Lease).then(|| Throttle::new("1000".parse().unwrap(), None).unwrap());
    let gold = plan("gold", quota(LIMIT), throttle);
    let (fleet, accounts) = Fleet::with(Faults::none(), &gold, 2).await;
    let (account, other) = (&accounts[0], &accounts[1]);
    let (_, trouble, _) = rows(&account.meter_key().0).swap_remove(number);
    let wire = Wire::to(&fleet.proxy.endpoint).await;
    let settings = [
        ("AWS_ENDPOINT_URL_DYNAMODB", wire.endpoint.as_str()),
        ("ON_STORE_FAILURE", if allow { "allow" } else { "deny" }),
        (
            "KEY_CACHE_SECONDS",
            if has == Has::Nothing { "0" } else { "10" },
        ),
        ("LEASE_MAX", if has == Has::Lease { "4" } else { "1" }),
        ("LOG_LEVEL", "info"),
    ];
    let instance = fleet.start(&settings).await;
    let mut seen = Seen::default();
    let mut admitted = 0;
    for _ in 0..BEFORE {
        admitted += i64::from(call(&instance, account).await == (Outcome::Allowed, false));
    }
    call(&instance, other).await;
    wire.set(trouble.clone());
    for _ in 0..CALLS {
        let count = match call(&instance, account).await {
            (Outcome::Allowed, false) => &mut seen.stored,
            (Outcome::Allowed, true) => &mut seen.without,
            (Outcome::Unavailable, _) => &mut seen.unavailable,
            (otherwise, _) => {
                seen.otherwise.push(otherwise);
                continue;
            }
        };
        *count += 1;
        if matches!(trouble, Trouble::Item(..)) {
            let passed = call(&instance, other).await == (Outcome::Allowed, false);
            *seen.others.get_or_insert(0) += usize::from(passed);
        }
    }
    admitted += (seen.stored + seen.without) as i64;
    wire.set(Trouble::None);
    seen.recovers = call(&instance, account).await == (Outcome::Allowed, false);
    admitted += i64::from(seen.recovers);
    for _ in 0..2 * LIMIT {
        match call(&instance, account).await.0 {
            Outcome::Allowed => admitted += 1,
            Outcome::QuotaExceeded => break,
            _ => sleep(Duration::from_millis(50)).await,
        }
    }
    let longest = instance.longest_decision();
    instance.tells_no_item();
    fleet.stop(instance).await;
    fleet.proxy.quiet().await;
    let charged: i64 = fleet.table.meter(account).await.windows.values().sum();
    seen.beyond = (admitted - LIMIT as i64).max(0);
    seen.uncharged = (admitted - charged).max(0);
    (seen, longest)
}

/// What is seen with a key that is remembered, and with one that is read with each call, is the
/// same. Returns the longest decision of the runs that count as well, in µs.
async fn run_all(number: usize, allow: bool) -> (Seen, u64) {
    let (_, trouble, expected) = rows("").swap_remove(number);
    let expected = Seen::expected(&trouble, expected, allow);
    let mut longest = 0;
    for has in [Has::Key, Has::Nothing, Has::Lease] {
        let (mut seen, mut time) = (Seen::default(), 0);
        for _ in 0..RUNS {
            (seen, time) = run(number, allow, has).await;
            if has == Has::Lease {
                seen.as_without_a_lease(&expected);
            }
            let is_exact = (seen.beyond, seen.uncharged) == (0, 0);
            if !is_exact || seen == expected && time <= LONGEST {
                break;
            }
        }
        longest = longest.max(time);
        if seen != expected {
            return (seen, longest);
        }
    }
    (expected, longest)
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability.md");
const BEGIN: &str = "<!-- store faults: begin -->\n";
const END: &str = "<!-- store faults: end -->\n";

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_store_comes_to_what_the_page_says() {
    let mut table = "| fault | expected | seen with `deny` | seen with `allow` |\n".to_owned();
    table.push_str("| --- | --- | --- | --- |\n");
    let (mut wrong, mut most) = (Vec::new(), 0);
    // They wait most of the time.
    let runs = (0..rows("").len())
        .map(|number| async move { tokio::join!(run_all(number, false), run_all(number, true)) });
    let runs: Vec<_> = stream::iter(runs).buffered(AT_ONCE).collect().await;
    for ((name, trouble, expected), (deny, allow)) in rows("").into_iter().zip(runs) {
        for ((seen, longest), allow) in [(&deny, false), (&allow, true)] {
            most = most.max(*longest);
            if *longest > LONGEST || *seen != Seen::expected(&trouble, expected, allow) {
                wrong.push(format!("{name}, allow {allow}: {seen:?}, {longest} µs"));
            }
        }
        let expected = match expected {
            Expected::Nothing => "`unavailable`, or let through and charged later",
            Expected::Answer => "answered, on another connection",
        };
        let (deny, allow) = (deny.0.told(), allow.0.told());
        writeln!(table, "| {name} | {expected} | {deny} | {allow} |").unwrap();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (old, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        let longest = most / 1_000;
        let table = format!(
            "{table}\nThe longest decision in the run that wrote this took {longest} ms.\n"
        );
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
        while call(instance, account).await != (Outcome::Allowed, false) {}
        stored += 1;
    }
    wire.set(Trouble::Silent);
    let mut admitted = 0;
    for instance in &instances {
        let mut passed = 0;
        for _ in 0..4 {
            let calls = (0..AT_ONCE).map(|_| call(instance, account));
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
