//! What the table has of some keys already, and what that makes of the ones that were found.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{
    Key, KeyId, NativeKeyValue, PlanId,
    meter::{Meter, Owner},
};
use latchkey_gateway::NativeKeyId;
use latchkey_store::{KeyRecord, Native, NativeObject, Store, StoreError, Wanted};

use super::terms::Reason;

/// What the table has of some keys.
#[derive(Debug, Default)]
pub(super) struct Seen {
    records: BTreeMap<KeyId, KeyRecord>,
    natives: BTreeMap<NativeObject, Native>,
    meters: BTreeMap<KeyId, Meter>,
}

/// What a key is to the table.
#[derive(Debug)]
pub(super) enum KeyStanding<'a> {
    /// Nothing yet.
    New,
    /// It was taken over before.
    Here(&'a KeyRecord),
    /// It cannot be taken over.
    Unfit(Reason),
}

impl Seen {
    /// By themselves.
    pub(super) async fn of_keys(
        store: &Store,
        keys: impl Iterator<Item = KeyId>,
    ) -> Result<Self, StoreError> {
        let keys: BTreeSet<KeyId> = keys.collect();
        let objects = keys.iter().map(|key| NativeObject::Key(*key)).collect();
        Self::read(store, keys, objects).await
    }

    /// With what they are on a plan.
    pub(super) async fn of_keys_on(
        store: &Store,
        keys: impl Iterator<Item = KeyId>,
        plan: &PlanId,
    ) -> Result<Self, StoreError> {
        let keys: BTreeSet<KeyId> = keys.collect();
        let owners: Vec<Owner> = keys.iter().map(|key| Owner::Key(*key)).collect();
        let meters = store.meters(&owners, plan).await?;
        let meters = keys.iter().zip(meters);
        let meters = meters
            .filter_map(|(key, meter)| Some((*key, meter?)))
            .collect();
        let objects = keys.iter().flat_map(|key| {
            [
                NativeObject::Key(*key),
                NativeObject::PlanKey(*key, plan.clone()),
            ]
        });
        let objects = objects.collect();
        Ok(Self {
            meters,
            ..Self::read(store, keys, objects).await?
        })
    }

    async fn read(
        store: &Store,
        keys: BTreeSet<KeyId>,
        objects: Vec<NativeObject>,
    ) -> Result<Self, StoreError> {
        let keys: Vec<KeyId> = keys.into_iter().collect();
        let records = store.keys_by_id(&keys).await?;
        let natives = store.natives(&objects).await?;
        let records = records.into_iter().map(|record| (record.key.id, record));
        let natives = natives
            .into_iter()
            .map(|native| (native.object.clone(), native));
        Ok(Self {
            records: records.collect(),
            natives: natives.collect(),
            meters: BTreeMap::new(),
        })
    }

    pub(super) fn record(&self, key: KeyId) -> Option<&KeyRecord> {
        self.records.get(&key)
    }

    pub(super) fn meter(&self, key: KeyId) -> Option<&Meter> {
        self.meters.get(&key)
    }

    /// Whether Latchkey keeps this in step with API Gateway.
    pub(super) fn has(&self, object: &NativeObject) -> bool {
        self.natives.contains_key(object)
    }

    /// Whether it is to go at API Gateway, and may still be there.
    pub(super) fn is_going(&self, object: &NativeObject) -> bool {
        let native = self.natives.get(object);
        native.is_some_and(|native| native.wanted == Wanted::Absent)
    }

    /// What the key `found`, which would be `key`, is to the table.
    pub(super) fn key(&self, found: &NativeKeyId, key: &Key) -> KeyStanding<'_> {
        let native = self.natives.get(&NativeObject::Key(key.id));
        let Some(record) = self.records.get(&key.id) else {
            if self.is_going(&NativeObject::Key(key.id)) {
                return KeyStanding::Unfit("it is being deleted here".to_owned());
            }
            return KeyStanding::New;
        };
        if record.key.hash != key.hash {
            let detail = format!("the key {} had this value before a rotation", key.id);
            return KeyStanding::Unfit(detail);
        }
        if record.key.native_value != NativeKeyValue::Header {
            return KeyStanding::Unfit(format!("the key {} has this value", key.id));
        }
        let known = native.filter(|native| native.wanted == Wanted::Present);
        let known = known.and_then(|native| native.native_id.as_deref());
        match known {
            Some(other) if other != found.as_str() => KeyStanding::Unfit(format!(
                "the key {} has this value, and the id {other} at API Gateway",
                key.id
            )),
            _ => KeyStanding::Here(record),
        }
    }
}
