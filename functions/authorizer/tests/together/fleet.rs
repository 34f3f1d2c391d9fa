//! Processes of the authorizer on one table, behind one proxy.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use latchkey_domain::Plan;
use latchkey_runtime_api::{Answer, Function, FunctionError};
use tokio::time::sleep;

use crate::{
    faults::Faults,
    ledger::Ledger,
    outcome::Outcome,
    proxy::Proxy,
    table::{Account, TABLE, Table},
};

/// Refusals in a row by which a process says that nothing is left.
const REFUSALS: u32 = 3;
/// A refusal is remembered for 5 seconds at most.
const ROUNDS: u32 = 12;
const PAUSE: Duration = Duration::from_millis(600);

/// A table, its proxy, and what the callers of all processes were told.
pub(crate) struct Fleet {
    pub(crate) table: Table,
    pub(crate) proxy: Proxy,
    pub(crate) ledger: Arc<Ledger>,
    /// As the processes that ended have logged them.
    late: AtomicU64,
}

/// One process.
#[derive(Clone)]
pub(crate) struct Instance {
    function: Arc<Function>,
    ledger: Arc<Ledger>,
}

impl Fleet {
    pub(crate) async fn new(faults: Faults) -> Self {
        let table = Table::new().await;
        let proxy = Proxy::start(table.address, faults).await;
        Self {
            table,
            proxy,
            ledger: Arc::default(),
            late: AtomicU64::new(0),
        }
    }

    /// A fleet, and keys on a plan.
    pub(crate) async fn with(faults: Faults, plan: &Plan, keys: u8) -> (Self, Vec<Account>) {
        let fleet = Self::new(faults).await;
        let accounts = fleet.table.accounts(plan, keys).await;
        (fleet, accounts)
    }

    pub(crate) async fn start(&self, settings: &[(&str, &str)]) -> Instance {
        let own = [
            ("TABLE_NAME", TABLE),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.proxy.endpoint),
            ("LOG_LEVEL", "warn"),
        ];
        let all = own.iter().chain(settings).copied();
        let function = Function::start(env!("CARGO_BIN_EXE_authorizer"), all).await;
        Instance {
            function: Arc::new(function.unwrap()),
            ledger: self.ledger.clone(),
        }
    }

    pub(crate) async fn start_many(&self, count: usize) -> Vec<Instance> {
        let mut instances = Vec::new();
        for _ in 0..count {
            instances.push(self.start(&[]).await);
        }
        instances
    }

    /// Starts one that takes so many calls at once.
    pub(crate) async fn start_concurrent(&self, at_once: usize) -> Instance {
        let concurrency = at_once.to_string();
        let settings = [("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.as_str())];
        let instance = self.start(&settings).await;
        instance.function.polls(at_once).await.unwrap();
        instance
    }

    /// Has every process call with every key until the quotas are used up.
    pub(crate) async fn use_up(&self, instances: &[Instance], accounts: &[Account]) {
        for _ in 0..ROUNDS {
            join_all(instances.iter().map(|instance| instance.use_up(accounts))).await;
            if self.are_used_up(accounts).await {
                return;
            }
            // A refusal is remembered while another gives back what it has.
            sleep(PAUSE).await;
        }
        panic!("units are left that nobody gets");
    }

    async fn are_used_up(&self, accounts: &[Account]) -> bool {
        for account in accounts {
            let meter = self.table.meter(account).await;
            let used: i64 = meter.windows.values().sum();
            if account
                .plan
                .quota
                .is_some_and(|quota| used < quota.limit() as i64)
            {
                return false;
            }
        }
        true
    }

    /// Waits for so many calls.
    pub(crate) async fn after(&self, calls: u64) {
        while self.ledger.calls() < calls {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Ends it with SIGTERM. Nobody is calling it any more.
    pub(crate) async fn stop(&self, instance: Instance) {
        let Ok(function) = Arc::try_unwrap(instance.function) else {
            panic!("it is still being called");
        };
        let ended = function.stop().await.unwrap();
        assert!(!ended.output.contains("panicked"), "{}", ended.output);
        self.note(&ended.output);
    }

    /// Ends it with SIGKILL, whatever it is doing.
    pub(crate) fn kill(&self, instance: &Instance) {
        instance.function.kill().unwrap();
        self.note(&instance.function.output());
    }

    /// Kills some of them, by their number: each when there were so many calls.
    pub(crate) async fn kill_each(&self, instances: &[Instance], killed: &[(usize, u64)]) {
        for (number, calls) in killed {
            self.after(*calls).await;
            self.kill(&instances[*number]);
        }
    }

    /// Sends it SIGTERM, whatever it is doing.
    pub(crate) fn terminate(&self, instance: &Instance) {
        instance.function.terminate().unwrap();
    }

    fn note(&self, output: &str) {
        let is_late = |line: &&str| {
            line.contains("no decision within its time")
                || line.contains("a charge got no answer") && line.contains("timed out")
        };
        let late = output.lines().filter(is_late).count();
        self.late.fetch_add(late as u64, Ordering::Relaxed);
    }

    /// Charges that a process gave up on because their answer was late.
    pub(crate) fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }
}

impl Instance {
    /// Calls with a key, and enters the outcome.
    pub(crate) async fn call(&self, account: &Account) -> Outcome {
        let answer = self.function.invoke(account.event.clone()).await;
        let outcome = Outcome::read(answer);
        self.ledger.enter(account.meter_key(), outcome);
        outcome
    }

    /// Calls with a key, for whoever reads the whole answer.
    pub(crate) async fn invoke(&self, account: &Account) -> Result<Answer, FunctionError> {
        self.function.invoke(account.event.clone()).await
    }

    /// The longest that a decision took, by its own log.
    pub(crate) fn longest_decision(&self) -> Duration {
        let output = self.function.output();
        let times = output.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            line["duration_us"].as_u64()
        });
        Duration::from_micros(times.max().unwrap())
    }

    /// Neither the value of the account's key nor anything of an item stands in its log, whatever
    /// came in place of an answer.
    pub(crate) fn tells_no_item(&self, account: &Account) {
        let output = self.function.output();
        let event: serde_json::Value = serde_json::from_str(&account.event).unwrap();
        let value = event["authorizationToken"].as_str().unwrap();
        for part in [value, "SdkBody", "hash", "twin"] {
            assert!(!output.contains(part), "{part} stands in {output}");
        }
    }

    /// Calls with each key until its quota is used up, as far as this process can know.
    async fn use_up(&self, accounts: &[Account]) {
        let mut open: Vec<(&Account, u32)> = accounts.iter().map(|account| (account, 0)).collect();
        while !open.is_empty() {
            for (account, refusals) in &mut open {
                match self.call(account).await {
                    Outcome::QuotaExceeded => *refusals += 1,
                    Outcome::Throttled => sleep(Duration::from_millis(5)).await,
                    Outcome::Allowed | Outcome::Unavailable => *refusals = 0,
                    Outcome::Gone => return,
                }
            }
            open.retain(|(_, refusals)| *refusals < REFUSALS);
        }
    }

    /// Calls so often with a key.
    pub(crate) async fn call_times(&self, account: &Account, times: u32) {
        for _ in 0..times {
            self.call(account).await;
        }
    }
}
