//! A key as it is answered: never with its value, but once, at its creation.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use latchkey_domain::{Day, Key, KeyValue, Plan, PlanId, PreviousValue, Scope};
use latchkey_store::{KeyRecord, KeySnapshot, Native};
use serde::{Serialize, Serializer};

use crate::{
    api_gateway::{NativeKeyView, is_native},
    moment::Moment,
    usage::date_of,
};

/// A key. What it does not have is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    /// Not known of a key that was imported by its hash alone.
    #[serde(skip_serializing_if = "String::is_empty")]
    last4: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_ips: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routes: Option<Vec<String>>,
    metadata: BTreeMap<String, String>,
    plan_ids: Vec<String>,
    native_value: &'static str,
    /// What API Gateway has of it, where it has a key of its own for it. Not told in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_gateway: Option<NativeKeyView>,
    #[serde(skip_serializing_if = "LastUsed::is_untold")]
    last_used_date: LastUsed,
    /// Values that rotations have replaced and that work, or have worked, for a while yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    previous_values: Vec<PreviousValueView>,
    /// Whether one of them is still in use. Told of one key that has been given another value.
    #[serde(skip_serializing_if = "LastUsed::is_untold")]
    previous_value_last_used_date: LastUsed,
    created_date: Moment,
    last_updated_date: Moment,
}

/// A value that a rotation has replaced.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PreviousValueView {
    last4: String,
    /// It works until just before this instant.
    expires_at: Moment,
}

/// The day (UTC) on which a key was last charged. It stands in the key's meters: they are
/// read with one key, and not for a list, where it is left out. Calls on plans with scope
/// `customer` do not count: the customer's meter does not tell which of its keys it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastUsed {
    Untold,
    Never,
    On(Date),
}

/// Whether a key's own meters tell of all its use. They do not where its customer's keys share
/// one, and where API Gateway counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Known,
    Unknown,
}

impl Use {
    /// Of a key that is on these plans.
    pub(super) fn on<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Self {
        let own = |plan: &Plan| plan.scope == Scope::Key && !is_native(plan);
        if plans.into_iter().all(own) {
            Self::Known
        } else {
            Self::Unknown
        }
    }
}

impl LastUsed {
    fn on(day: Option<Day>) -> Self {
        day.map_or(Self::Never, |day| Self::On(date_of(day)))
    }

    fn is_untold(&self) -> bool {
        *self == Self::Untold
    }
}

impl Serialize for LastUsed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Untold | Self::Never => serializer.serialize_none(),
            Self::On(date) => date.serialize(serializer),
        }
    }
}

impl KeyView {
    fn new(key: &Key, plan_ids: &BTreeSet<PlanId>, last_used_date: LastUsed) -> Self {
        let networks = key.allowed_ips.as_ref().map(|rules| rules.networks());
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Self {
            id: key.id.to_string(),
            prefix: key.prefix.as_ref().map(|prefix| prefix.as_str().to_owned()),
            last4: key.last4.clone(),
            name: key.name.as_ref().map(|name| name.as_str().to_owned()),
            description: key
                .description
                .as_ref()
                .map(|text| text.as_str().to_owned()),
            customer_id: key.customer_id.as_ref().map(|id| id.as_str().to_owned()),
            enabled: key.enabled,
            not_before: key.not_before,
            expires_at: key.expires_at,
            allowed_ips: networks
                .map(|networks| networks.iter().map(ToString::to_string).collect()),
            routes: key
                .routes
                .as_ref()
                .map(|routes| routes.iter().map(ToString::to_string).collect()),
            metadata: key.metadata.iter().map(owned).collect(),
            plan_ids: plan_ids.iter().map(ToString::to_string).collect(),
            native_value: key.native_value.as_str(),
            api_gateway: None,
            last_used_date,
            previous_values: key.previous.iter().map(PreviousValueView::from).collect(),
            previous_value_last_used_date: LastUsed::Untold,
            created_date: Moment(key.created),
            last_updated_date: Moment(key.updated),
        }
    }

    /// A key of a list.
    pub(crate) fn of_list(record: &KeyRecord) -> Self {
        Self::new(&record.key, &record.plan_ids, LastUsed::Untold)
    }

    /// A key of a list, with the day on which it was last charged, if it ever was.
    pub(super) fn of_list_used(record: &KeyRecord, last: Option<Day>) -> Self {
        Self::new(&record.key, &record.plan_ids, LastUsed::on(last))
    }

    /// A key that was read with its meters, and what API Gateway has of it.
    pub(super) fn whole(snapshot: &KeySnapshot, native: Option<&Native>, known: Use) -> Self {
        let KeySnapshot { record, meters, .. } = snapshot;
        let days = meters.values().flat_map(|meter| meter.days.keys());
        let last = LastUsed::on(days.max().copied());
        let old_days = meters.values().filter_map(|meter| meter.previous_charged);
        let old_last = LastUsed::on(old_days.max());
        let replaced = old_last != LastUsed::Never || !record.key.previous.is_empty();
        let (last, old_last) = match known {
            Use::Known if replaced => (last, old_last),
            Use::Known => (last, LastUsed::Untold),
            Use::Unknown => (LastUsed::Untold, LastUsed::Untold),
        };
        Self {
            api_gateway: native.map(NativeKeyView::from),
            previous_value_last_used_date: old_last,
            ..Self::new(&record.key, &record.plan_ids, last)
        }
    }
}

impl From<&PreviousValue> for PreviousValueView {
    fn from(value: &PreviousValue) -> Self {
        Self {
            last4: value.last4.clone(),
            expires_at: Moment(value.expires_at),
        }
    }
}

/// A key that was just given another value.
#[derive(Serialize)]
pub(crate) struct RotatedKeyView {
    value: String,
    #[serde(flatten)]
    key: KeyView,
}

impl RotatedKeyView {
    /// With the value, which is answered this once.
    pub(super) fn new(
        snapshot: &KeySnapshot,
        value: &KeyValue,
        native: Option<&Native>,
        known: Use,
    ) -> Self {
        Self {
            value: value.expose().to_owned(),
            key: KeyView::whole(snapshot, native, known),
        }
    }

    /// The key, as it is shown from then on.
    pub(super) fn key(&self) -> &KeyView {
        &self.key
    }
}

/// A key that was just made.
#[derive(Serialize)]
pub(crate) struct CreatedKeyView {
    value: String,
    #[serde(flatten)]
    key: KeyView,
    /// What its maker should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

/// Said of a key that ends before it begins.
const EXPIRED: &str = "This key has expired already, so that each call with it is refused (key_expired): change its expiresAt with PATCH /v1/keys/{keyId}.";
/// Said of a key without a plan.
const NO_PLAN: &str = "This key is on no usage plan, so that each call with it is refused (no_usage_plan): attach it with PUT /v1/plans/{planId}/keys/{keyId}.";

impl CreatedKeyView {
    /// With the value, which is answered this once.
    pub(super) fn new(
        key: &Key,
        plan_ids: &BTreeSet<PlanId>,
        value: &KeyValue,
        native: Option<&Native>,
    ) -> Self {
        Self {
            value: value.expose().to_owned(),
            key: KeyView {
                api_gateway: native.map(NativeKeyView::from),
                ..KeyView::new(key, plan_ids, LastUsed::Never)
            },
            notice: notice(key, plan_ids),
        }
    }

    /// The key, as it is shown from then on.
    pub(super) fn key(&self) -> &KeyView {
        &self.key
    }
}

/// What the maker of a key should know: why its calls would be refused.
fn notice(key: &Key, plan_ids: &BTreeSet<PlanId>) -> Option<&'static str> {
    if key.expires_at.is_some_and(|end| end <= key.created) {
        return Some(EXPIRED);
    }
    plan_ids.is_empty().then_some(NO_PLAN)
}
