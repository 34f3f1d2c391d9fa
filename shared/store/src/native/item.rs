//! A native record's attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use latchkey_domain::{StageSelector, TwinValue};

use super::{Native, NativeObject, NativeState, Wanted};
use crate::{
    Corrupt, Record,
    item::{Draft, Fields, Item, number, text},
    schema::{LIST, OWNER, PENDING, PK, SK, TTL, sortable},
};

pub(super) const OBJECT: &str = "object";
pub(super) const WANTED: &str = "wanted";
pub(super) const STATE: &str = "state";
pub(super) const REASON: &str = "reason";
pub(super) const NATIVE_ID: &str = "nativeId";
pub(super) const REVISION: &str = "rev";
pub(super) const DUE: &str = "due";
pub(super) const ATTEMPTS: &str = "attempts";
/// A secret that opens nothing; in no audit record, as no native record is.
pub(super) const TWIN: &str = "twin";
pub(super) const STAGES: &str = "stages";
pub(super) const FLUSHED_AT: &str = "at";

pub(super) const PENDING_PARTITION: &str = "PENDING";
pub(super) const LIST_PARTITION: &str = "NATIVE";

/// How long it is kept when a stage was flushed, in seconds.
const FLUSHED_FOR: i64 = 3600;

pub(super) fn native_id_partition(native_id: &str) -> String {
    format!("NATIVE#{native_id}")
}

/// The attributes that say what a record is of, and where it is listed.
pub(super) fn identity(object: &NativeObject) -> Vec<(&'static str, AttributeValue)> {
    let mut attributes = match object {
        NativeObject::Plan(plan) => vec![("planId", text(plan.as_str()))],
        NativeObject::Key(key) | NativeObject::Flush(key) => vec![("keyId", text(key.to_string()))],
        NativeObject::PlanKey(key, plan) => vec![
            ("keyId", text(key.to_string())),
            ("planId", text(plan.as_str())),
        ],
    };
    attributes.push((OBJECT, text(kind(object))));
    if !matches!(object, NativeObject::Flush(_)) {
        attributes.push((LIST.partition, text(LIST_PARTITION)));
        attributes.push((LIST.sort, text(object.to_string())));
    }
    attributes
}

fn kind(object: &NativeObject) -> &'static str {
    match object {
        NativeObject::Plan(_) => "plan",
        NativeObject::Key(_) => "key",
        NativeObject::PlanKey(..) => "planKey",
        NativeObject::Flush(_) => "flush",
    }
}

/// The place of a record among what is pending.
pub(super) fn pending(
    object: &NativeObject,
    due: Timestamp,
) -> [(&'static str, AttributeValue); 2] {
    [
        (PENDING.partition, text(PENDING_PARTITION)),
        (PENDING.sort, text(sortable(due, &object.to_string()))),
    ]
}

pub(super) fn stages(stages: &[StageSelector]) -> AttributeValue {
    AttributeValue::Ss(stages.iter().map(ToString::to_string).collect())
}

/// An item of an object that is there already and in step.
pub(super) fn in_sync(object: &NativeObject, native_id: Option<&str>, at: Timestamp) -> Item {
    let mut draft = Draft::new(&object.record())
        .set(WANTED, text(word(Wanted::Present)))
        .set(STATE, text(NativeState::InSync.as_str()))
        .set(REVISION, number(1))
        .set(ATTEMPTS, number(0))
        .set(DUE, text(at.to_string()))
        .set_some(NATIVE_ID, native_id.map(text));
    for (name, value) in identity(object) {
        draft = draft.set(name, value);
    }
    if let (NativeObject::Key(_), Some(id)) = (object, native_id) {
        draft = draft
            .set(OWNER.partition, text(native_id_partition(id)))
            .set(OWNER.sort, text(id));
    }
    draft.done()
}

/// When a stage was flushed.
pub(super) fn flushed(at: Timestamp) -> Item {
    Item::from([
        (FLUSHED_AT.to_owned(), text(moment(at))),
        (TTL.to_owned(), number(at.as_second() + FLUSHED_FOR)),
    ])
}

/// A time as a text that sorts.
pub(super) fn moment(at: Timestamp) -> String {
    sortable(at, "")
}

pub(super) fn word(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Present => "present",
        Wanted::Absent => "absent",
    }
}

pub(super) fn from_item(item: &Item) -> Result<Native, Corrupt> {
    let fields = Fields::of("native", item)?;
    let object = match fields.text(OBJECT)? {
        "plan" => NativeObject::Plan(fields.parsed("planId")?),
        "key" => NativeObject::Key(fields.parsed("keyId")?),
        "planKey" => NativeObject::PlanKey(fields.parsed("keyId")?, fields.parsed("planId")?),
        "flush" => NativeObject::Flush(fields.parsed("keyId")?),
        other => return Err(fields.corrupt(OBJECT, format!("is {other:?}"))),
    };
    let wanted = match fields.text(WANTED)? {
        "present" => Wanted::Present,
        "absent" => Wanted::Absent,
        other => return Err(fields.corrupt(WANTED, format!("is {other:?}"))),
    };
    let state = match fields.text(STATE)? {
        "pending" => NativeState::Pending,
        "inSync" => NativeState::InSync,
        "failed" => NativeState::Failed,
        other => return Err(fields.corrupt(STATE, format!("is {other:?}"))),
    };
    let stages = fields.set(STAGES)?.iter().map(|stage| {
        let (api, stage) = stage.split_once(':').unwrap_or((stage.as_str(), ""));
        StageSelector::new(api, stage).map_err(|error| fields.corrupt(STAGES, error))
    });
    Ok(Native {
        object,
        wanted,
        native_id: fields.text_if_any(NATIVE_ID)?.map(str::to_owned),
        state,
        reason: fields.text_if_any(REASON)?.map(str::to_owned),
        revision: fields.number(REVISION)?,
        due: fields.instant(DUE)?,
        attempts: fields.number(ATTEMPTS)?,
        twin: twin(item)?,
        stages: stages.collect::<Result<_, _>>()?,
    })
}

/// What [`from_item`] reads; none where it cannot, which is logged by the item's key.
pub(super) fn readable(item: &Item) -> Option<Native> {
    let key = |name: &str| item.get(name)?.as_s().ok();
    from_item(item)
        .inspect_err(|error| {
            let (pk, sk) = (key(PK), key(SK));
            tracing::error!(pk, sk, %error, "a pending record cannot be read");
        })
        .ok()
}

/// The twin's value in a native key's item.
pub(crate) fn twin(item: &Item) -> Result<Option<TwinValue>, Corrupt> {
    let fields = Fields::of("native", item)?;
    let Some(value) = fields.text_if_any(TWIN)? else {
        return Ok(None);
    };
    TwinValue::from_stored(value)
        .map(Some)
        .map_err(|_| fields.corrupt(TWIN, "is no value that API Gateway takes"))
}

/// Only to name the record in an update's key.
pub(super) fn record(object: &NativeObject) -> Record<'_> {
    object.record()
}
