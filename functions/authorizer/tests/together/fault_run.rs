//! One fault on a fresh table and process: calls before it, during it, and until the quota is
//! used up afterwards.

use std::time::Duration;

use latchkey_domain::Throttle;
use latchkey_runtime_api::Answer;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    faults::Faults,
    fleet::{Fleet, Instance},
    outcome::Outcome,
    quota::quota,
    table::{Account, plan},
    wire::{Trouble, Wire},
};

/// Large enough for leases: one holds a 1,024th of it at most.
const LIMIT: u64 = 10_240;
/// What there is of it when the trouble begins, beside what is on lease.
const LEFT: u64 = 24;
const BEFORE: usize = 3;
/// Calls during the trouble that meet it.
pub(crate) const CALLS: usize = 3;
/// Units on lease when the trouble begins: all that a charge of four brings beyond its call.
pub(crate) const LEASED: usize = 3;
const LEASE_MAX: &str = "4";
/// Calls at most until so many are on lease.
const UNTIL_LEASED: usize = 200;
/// Whoever waits for the store takes 10 s.
const HANGS: Duration = Duration::from_secs(5);

/// What the process has of the key when the trouble begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Has {
    /// The key. Each call is charged at the table, to the quota and to a throttle.
    Key,
    /// Nothing: each call reads its key, and is charged.
    Nothing,
    /// The key and units on lease: so many calls pass, then each is charged.
    Lease,
    /// There is no process: it starts meanwhile.
    NotStarted,
}

/// What came of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Units that were on lease when it began, and the calls that passed by them meanwhile.
    pub(crate) leased: usize,
    pub(crate) by_lease: usize,
    /// Other calls meanwhile: let through by the store, without it, `unavailable`, and what else.
    pub(crate) stored: usize,
    pub(crate) without: usize,
    pub(crate) unavailable: usize,
    pub(crate) otherwise: Vec<Outcome>,
    /// Another key's calls meanwhile that passed by the store, where only one item is troubled.
    pub(crate) others: Option<usize>,
    /// The first call afterwards was answered by the store.
    pub(crate) recovers: bool,
    /// Units admitted beyond the quota, and admitted and not charged.
    pub(crate) beyond: i64,
    pub(crate) uncharged: i64,
}

impl Seen {
    /// Nothing was admitted that the quota had not, and all of it was charged.
    pub(crate) fn is_exact(&self) -> bool {
        (self.beyond, self.uncharged) == (0, 0)
    }

    pub(crate) fn told(&self) -> String {
        let mut told = Vec::new();
        if self.leased > 0 {
            let (passed, leased) = (self.by_lease, self.leased);
            told.push(format!("on lease: {passed} of {leased} answered"));
        }
        for (count, what) in [
            (self.stored, "answered"),
            (self.without, "let through without the table"),
            (self.unavailable, "`unavailable`"),
        ] {
            if count > 0 {
                told.push(format!("{count} of {CALLS} {what}"));
            }
        }
        if !self.otherwise.is_empty() {
            told.push(format!("else {:?}", self.otherwise));
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

/// The longest of each.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Times {
    /// A decision, by the process's own log.
    pub(crate) own: Duration,
    /// A call, from the event's being handed over until its answer is there.
    pub(crate) caller: Duration,
    /// A start, until the first question for an event.
    pub(crate) start: Duration,
}

impl Times {
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            own: self.own.max(other.own),
            caller: self.caller.max(other.caller),
            start: self.start.max(other.start),
        }
    }
}

/// Whoever calls one process, with a clock.
pub(crate) struct Caller<'a> {
    instance: &'a Instance,
    longest: Duration,
}

impl<'a> Caller<'a> {
    pub(crate) fn of(instance: &'a Instance) -> Self {
        Self {
            instance,
            longest: Duration::ZERO,
        }
    }

    /// The outcome, and whether it passed without the table.
    pub(crate) async fn call(&mut self, account: &Account) -> (Outcome, bool) {
        let begun = Instant::now();
        let answer = timeout(HANGS, self.instance.invoke(account)).await;
        self.longest = self.longest.max(begun.elapsed());
        let answer = answer.unwrap_or_else(|_| panic!("a call waits for the store"));
        let without = matches!(
            &answer,
            Ok(Answer::Response(answer)) if answer["context"]["reason"] == "store_failure"
        );
        (Outcome::read(answer), without)
    }

    /// Whether it passed by the store, or by what that had granted.
    async fn passes(&mut self, account: &Account) -> bool {
        self.call(account).await == (Outcome::Allowed, false)
    }
}

/// A process behind a wire, and two keys.
struct Stage {
    fleet: Fleet,
    account: Account,
    other: Account,
    wire: Wire,
    /// Units that were let through so far.
    admitted: i64,
    /// Units whose charges came to nothing before the trouble, on a slow machine.
    lost: i64,
}

impl Stage {
    async fn new(has: Has) -> Self {
        let throttle =
            (has == Has::Key).then(|| Throttle::new("1000".parse().unwrap(), None).unwrap());
        let gold = plan("gold", quota(LIMIT), throttle);
        let (fleet, mut accounts) = Fleet::with(Faults::none(), &gold, 2).await;
        let (other, mut account) = (accounts.pop().unwrap(), accounts.pop().unwrap());
        if has != Has::Lease {
            fleet.table.leave(&mut account, LEFT).await;
        }
        let wire = Wire::to(&fleet.proxy.endpoint).await;
        Self {
            fleet,
            account,
            other,
            wire,
            admitted: 0,
            lost: 0,
        }
    }

    async fn start(&self, allow: bool, has: Has) -> Instance {
        let settings = [
            ("AWS_ENDPOINT_URL_DYNAMODB", self.wire.endpoint.as_str()),
            ("ON_STORE_FAILURE", if allow { "allow" } else { "deny" }),
            (
                "KEY_CACHE_SECONDS",
                if has == Has::Nothing { "0" } else { "10" },
            ),
            ("LEASE_MAX", if has == Has::Lease { LEASE_MAX } else { "1" }),
            ("LOG_LEVEL", "info"),
        ];
        self.fleet.start(&settings).await
    }

    async fn charged(&self) -> i64 {
        let meter = self.fleet.table.meter(&self.account).await;
        meter.windows.values().sum::<i64>() - self.account.used_before
    }

    /// Makes the process known to the table, and the key to the process.
    async fn begin(&mut self, caller: &mut Caller<'_>, has: Has) {
        caller.call(&self.other).await;
        let calls = if has == Has::Lease {
            UNTIL_LEASED
        } else {
            BEFORE
        };
        for _ in 0..calls {
            if caller.passes(&self.account).await {
                self.admitted += 1;
            } else {
                self.lost = self.charged().await - self.admitted;
            }
            if has == Has::Lease && self.on_lease().await == LEASED {
                break;
            }
        }
    }

    async fn on_lease(&self) -> usize {
        usize::try_from(self.charged().await - self.admitted - self.lost).unwrap()
    }

    /// Takes all but a little away from everybody: units that are on lease stay.
    async fn leave(&mut self) {
        let charged = self.charged().await;
        self.fleet.table.leave(&mut self.account, LEFT).await;
        self.account.used_before -= charged;
    }

    /// Calls during the trouble: first those that units on lease are there for.
    async fn meet(&mut self, caller: &mut Caller<'_>, trouble: &Trouble, seen: &mut Seen) {
        for _ in 0..seen.leased {
            seen.by_lease += usize::from(caller.passes(&self.account).await);
        }
        for _ in 0..CALLS {
            match caller.call(&self.account).await {
                (Outcome::Allowed, false) => seen.stored += 1,
                (Outcome::Allowed, true) => seen.without += 1,
                (Outcome::Unavailable, _) => seen.unavailable += 1,
                (otherwise, _) => seen.otherwise.push(otherwise),
            }
            if matches!(trouble, Trouble::Item(..)) {
                let passed = caller.passes(&self.other).await;
                *seen.others.get_or_insert(0) += usize::from(passed);
            }
        }
        self.admitted += (seen.by_lease + seen.stored + seen.without) as i64;
    }

    /// Calls until nothing is left, which a process that has recovered comes to.
    async fn use_up(&mut self, caller: &mut Caller<'_>) {
        for _ in 0..2 * LEFT {
            match caller.call(&self.account).await.0 {
                Outcome::Allowed => self.admitted += 1,
                Outcome::QuotaExceeded => return,
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("the quota was not used up after the fault");
    }
}

/// One fault, made for the partition of a key.
pub(crate) async fn run(trouble: impl Fn(&str) -> Trouble, allow: bool, has: Has) -> (Seen, Times) {
    let mut stage = Stage::new(has).await;
    let trouble = trouble(&stage.account.meter_key().0);
    if has == Has::NotStarted {
        stage.wire.set(trouble.clone());
    }
    let begun = Instant::now();
    let instance = stage.start(allow, has).await;
    let start = begun.elapsed();
    let mut caller = Caller::of(&instance);
    let mut seen = Seen::default();
    if has != Has::NotStarted {
        stage.begin(&mut caller, has).await;
    }
    if has == Has::Lease {
        seen.leased = stage.on_lease().await;
        stage.leave().await;
    }
    stage.wire.set(trouble.clone());
    stage.meet(&mut caller, &trouble, &mut seen).await;
    stage.wire.set(Trouble::None);
    seen.recovers = caller.passes(&stage.account).await;
    stage.admitted += i64::from(seen.recovers);
    stage.use_up(&mut caller).await;
    let times = Times {
        own: instance.longest_decision(),
        caller: caller.longest,
        start,
    };
    instance.tells_no_item(&stage.account);
    stage.fleet.stop(instance).await;
    stage.fleet.proxy.quiet().await;
    let quota = LIMIT as i64 - stage.account.used_before;
    seen.beyond = (stage.admitted - quota).max(0);
    seen.uncharged = (stage.admitted - stage.charged().await).max(0);
    (seen, times)
}
