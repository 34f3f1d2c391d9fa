//! What the reconciler last found: where API Gateway was not as Latchkey had left it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use latchkey_domain::{Invalid, KeyId, PlanId};

use crate::{
    Corrupt, Record, Store, StoreError,
    item::{Draft, Fields, Item, number, text},
};

/// What one look at all of API Gateway has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// When.
    pub scanned: Timestamp,
    /// The first [`Drift::KEPT`] findings.
    pub findings: Vec<Finding>,
    /// All of them.
    pub total: u64,
}

/// Something that was not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The plan that it is of.
    pub plan_id: Option<PlanId>,
    /// The key that it is of.
    pub key_id: Option<KeyId>,
    /// The id at API Gateway, where there is one.
    pub native_id: Option<String>,
    /// What is wrong.
    pub kind: FindingKind,
    /// The same in words.
    pub detail: String,
    /// Whether it was put right.
    pub mended: bool,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A plan, a key, or a key on a plan is not there.
    Gone,
    /// A plan or a key says something else.
    Changed,
    /// Latchkey made it, and nothing wants it.
    Orphan,
    /// A key is on a plan of Latchkey's that somebody else has put there.
    Foreign,
    /// An API would take the value of an internal key from the header.
    KeySource,
    /// It is not in step, and API Gateway refuses what would bring it there.
    Failed,
}

impl FindingKind {
    const ALL: [Self; 6] = [
        Self::Gone,
        Self::Changed,
        Self::Orphan,
        Self::Foreign,
        Self::KeySource,
        Self::Failed,
    ];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Orphan => "orphan",
            Self::Foreign => "foreign",
            Self::KeySource => "keySource",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for FindingKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Invalid::new("a kind of finding", text, "one that this release knows"))
    }
}

impl Drift {
    /// Findings that are kept: an item holds 400 KB.
    pub const KEPT: usize = 200;
    /// Characters of a finding's words that are kept.
    const DETAIL: usize = 400;
}

impl Store {
    /// Keeps what was found, instead of what was found before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_drift(&self, drift: &Drift) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(drift)));
        let sent = put.send().await;
        sent.map(drop)
            .map_err(|error| StoreError::from_sdk("PutItem", &error))
    }

    /// What was last found; none before the first look.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drift(&self) -> Result<Option<Drift>, StoreError> {
        let item = self.read_item(&Record::Drift).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }
}

fn to_item(drift: &Drift) -> Item {
    let findings = drift.findings.iter().take(Drift::KEPT);
    let findings = findings.map(to_value).collect();
    Draft::new(&Record::Drift)
        .set("scannedDate", text(drift.scanned.to_string()))
        .set("findings", AttributeValue::L(findings))
        .set("total", number(drift.total))
        .done()
}

fn to_value(finding: &Finding) -> AttributeValue {
    let detail: String = finding.detail.chars().take(Drift::DETAIL).collect();
    let mut map = HashMap::from([
        ("kind".to_owned(), text(finding.kind.as_str())),
        ("detail".to_owned(), text(detail)),
        ("mended".to_owned(), AttributeValue::Bool(finding.mended)),
    ]);
    let ids = [
        ("planId", finding.plan_id.as_ref().map(ToString::to_string)),
        ("keyId", finding.key_id.as_ref().map(ToString::to_string)),
        ("nativeId", finding.native_id.clone()),
    ];
    for (name, id) in ids {
        if let Some(id) = id {
            map.insert(name.to_owned(), text(id));
        }
    }
    AttributeValue::M(map)
}

fn from_item(item: &Item) -> Result<Drift, Corrupt> {
    let fields = Fields::of("drift", item)?;
    let mut findings = Vec::new();
    for value in fields.list("findings")?.unwrap_or_default() {
        let map = value.as_m();
        let map = map.map_err(|_| fields.corrupt("findings", "has a wrong type"))?;
        findings.push(from_fields(&fields.within(map))?);
    }
    Ok(Drift {
        scanned: fields.instant("scannedDate")?,
        findings,
        total: fields.number("total")?,
    })
}

fn from_fields(fields: &Fields<'_>) -> Result<Finding, Corrupt> {
    Ok(Finding {
        plan_id: fields.parsed_if_any("planId")?,
        key_id: fields.parsed_if_any("keyId")?,
        native_id: fields.text_if_any("nativeId")?.map(str::to_owned),
        kind: fields.parsed("kind")?,
        detail: fields.text("detail")?.to_owned(),
        mended: fields.flag("mended")?,
    })
}
