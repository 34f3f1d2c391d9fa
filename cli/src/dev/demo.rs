//! The demo's plans, a fresh key on each, and the lines that show what they do.
//!
//! The keys' values are in this process's memory, in the lines on the terminal and on the
//! page, and nowhere else.

use latchkey_admin::{NoRandomness, Random};
use latchkey_domain::{
    Clock, Description, Invalid, Key, KeyValue, Name, Period, Plan, PlanId, PlanStage, Quota,
    RANDOM_BYTES, Rate, StageSelector, Throttle, TwinValue,
};
use latchkey_store::{Change, CreateKeyError, Cursor, KeyRecord, Lost, Store, StoreError};

use crate::gateway::{ACCOUNT, ApiStage};

/// The HTTP API under `/demo`.
pub(crate) const HTTP: ApiStage = ApiStage {
    api_id: "demohttp",
    stage: "$default",
};
/// The REST API under `/demo-rest`.
pub(crate) const REST: ApiStage = ApiStage {
    api_id: "demorest",
    stage: "dev",
};

const PLAN: &str = "demo";
const LIMITED_PLAN: &str = "demo-limited";
/// By this description a start knows the keys of the one before.
const MADE_HERE: &str = "Made by latchkey dev when it started; the next start deletes it";
/// Attachments read at once.
const PAGE: u16 = 100;

/// This start's keys.
pub(crate) struct Demo {
    key: KeyValue,
    limited_key: KeyValue,
}

/// A line to paste into a terminal.
pub(crate) struct Line {
    /// What it shows.
    pub(crate) title: &'static str,
    /// The command.
    pub(crate) command: String,
}

/// Why the demo was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// A text here that the domain refuses.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No random numbers for a key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody changes the demo at the same moment.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// A key was not made.
    #[error(transparent)]
    Key(#[from] CreateKeyError),
}

/// What the demo is made with.
pub(crate) struct Maker<'a> {
    /// The table.
    pub(crate) store: &'a Store,
    /// The time.
    pub(crate) clock: &'a Clock,
    /// Chance.
    pub(crate) random: &'a Random,
}

impl Maker<'_> {
    /// Makes the plans what they should be, deletes the keys of the last start and makes
    /// new ones.
    pub(crate) async fn make(&self) -> Result<Demo, DemoError> {
        let plan = Plan {
            throttle: Some(Throttle::new(Rate::per_second(1_000), Some(2_000))?),
            quota: Some(Quota::new(1_000_000, Period::Month)?),
            description: Some("Both demo APIs, without limits worth noticing".parse()?),
            ..self.plan(PLAN, "Demo")?
        };
        let limited = Plan {
            quota: Some(Quota::new(2, Period::Day)?),
            description: Some("Both demo APIs, two calls a day".parse()?),
            ..self.plan(LIMITED_PLAN, "Demo limited")?
        };
        Ok(Demo {
            key: self.fresh_key(plan, "Demo key").await?,
            limited_key: self.fresh_key(limited, "Demo key, two calls").await?,
        })
    }

    fn plan(&self, id: &str, name: &str) -> Result<Plan, DemoError> {
        let now = self.clock.now().timestamp();
        let stage = |stage: ApiStage| {
            let selector = StageSelector::new(stage.api_id, stage.stage)?;
            Ok(PlanStage {
                selector,
                methods: Vec::new(),
            })
        };
        Ok(Plan {
            stages: [HTTP, REST]
                .into_iter()
                .map(stage)
                .collect::<Result<_, Invalid>>()?,
            ..Plan::new(id.parse()?, name.parse()?, now)
        })
    }

    /// Puts the plan, deletes what the last start left on it, and makes a new key.
    async fn fresh_key(&self, plan: Plan, name: &str) -> Result<KeyValue, DemoError> {
        let plan = self.put(plan).await?;
        for former in self.former_keys(&plan.id).await? {
            self.delete(&former).await?;
        }
        let value = KeyValue::generate(&"lk_demo".parse()?, &self.random.bytes::<RANDOM_BYTES>()?);
        let key = self.key(&value, name.parse()?)?;
        self.store
            .create_key(
                &key,
                &[&plan],
                &TwinValue::generate(&self.random.bytes()?),
                &self.change()?,
            )
            .await?;
        Ok(value)
    }

    /// Makes the plan, or makes it again what it was.
    async fn put(&self, plan: Plan) -> Result<Plan, DemoError> {
        let Some(record) = self.store.plan(&plan.id).await? else {
            self.store.create_plan(&plan, &self.change()?).await?;
            return Ok(plan);
        };
        let before = record.plan.clone();
        let unchanged = Plan {
            created: before.created,
            updated: before.updated,
            version: before.version,
            ..plan
        };
        if unchanged == before {
            return Ok(before);
        }
        let change = self.change()?;
        let after = Plan {
            updated: change.at,
            version: before.next_version(change.at),
            ..unchanged
        };
        self.store.update_plan(&record, &after, &change).await?;
        Ok(after)
    }

    /// The keys on the plan that an earlier start made.
    async fn former_keys(&self, plan: &PlanId) -> Result<Vec<KeyRecord>, DemoError> {
        let mut former = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = self.store.attachments(plan, PAGE, cursor.as_ref()).await?;
            for attachment in page.items {
                let record = self.store.key(attachment.key_id).await?;
                former.extend(record.filter(|record| {
                    record.key.description.as_ref().map(Description::as_str) == Some(MADE_HERE)
                }));
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(former);
            }
        }
    }

    async fn delete(&self, record: &KeyRecord) -> Result<(), DemoError> {
        let mut plans = Vec::new();
        for id in &record.plan_ids {
            plans.extend(self.store.plan(id).await?.map(|record| record.plan));
        }
        let plans: Vec<&Plan> = plans.iter().collect();
        Ok(self
            .store
            .delete_key(record, &plans, &[], &self.change()?)
            .await?)
    }

    fn key(&self, value: &KeyValue, name: Name) -> Result<Key, DemoError> {
        let now = self.clock.now().timestamp();
        Ok(Key {
            name: Some(name),
            description: Some(MADE_HERE.parse()?),
            ..Key::new(value, now)
        })
    }

    fn change(&self) -> Result<Change, DemoError> {
        Ok(Change {
            at: self.clock.now().timestamp(),
            id: format!("{:016x}", u64::from_be_bytes(self.random.bytes()?)),
            principal: format!("arn:aws:iam::{ACCOUNT}:user/dev"),
            source_ip: None,
            receipt: None,
        })
    }
}

impl Demo {
    /// The lines, for a server at `base`, such as `http://127.0.0.1:3000`.
    pub(crate) fn lines(&self, base: &str) -> Vec<Line> {
        let (key, limited_key) = (self.key.expose(), self.limited_key.expose());
        let line = |title, command| Line { title, command };
        vec![
            line(
                "A call with a key, to an HTTP API",
                format!("curl -i -H 'x-api-key: {key}' {base}/demo/orders/42"),
            ),
            line(
                "The same to a REST API",
                format!("curl -i -H 'x-api-key: {key}' {base}/demo-rest/orders/42"),
            ),
            line(
                "A key with a quota of two calls: 200, 200, 429",
                format!(
                    "for i in 1 2 3; do curl -s -o /dev/null -w '%{{http_code}}\\n' -H 'x-api-key: {limited_key}' {base}/demo-rest/orders/42; done"
                ),
            ),
            line(
                "The admin API: make a key of your own",
                format!(
                    "curl -s {base}/admin/v1/keys -H 'content-type: application/json' -d '{{\"name\": \"My key\", \"planIds\": [\"{PLAN}\"]}}'"
                ),
            ),
            line("No key: 401", format!("curl -i {base}/demo-rest/orders/42")),
            line(
                "A method that is open to all",
                format!("curl -i {base}/demo/open/hello"),
            ),
        ]
    }
}
