//! API keys.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, builders::UpdateBuilder};
use jiff::Timestamp;
use latchkey_domain::{
    AddressRules, Key, KeyHash, KeyId, Metadata, PlanId, PreviousValue, Route, StageSelector,
};

use crate::{
    Change, Corrupt, Cursor, Lost, NativeObject, Page, Record, Store, StoreError, Wanted,
    audit::Entry,
    item::{Draft, Fields, Item, key_of, number, text},
    native,
    page::Listing,
    plan,
    schema::{HASH, KEYS, LIST, OWNER, customer_partition, sortable},
    transaction::{Transaction, assign},
};

pub(crate) const PLAN_IDS: &str = "planIds";
pub(crate) const REVISION: &str = "rev";
/// Values that rotations have replaced and that work for a while yet.
const PREVIOUS: &str = "previous";

/// A key and the plans that it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: Key,
    /// Its plans.
    pub plan_ids: BTreeSet<PlanId>,
}

impl KeyRecord {
    /// The key after a move from one plan to another.
    pub fn moved(&self, from: &PlanId, to: &PlanId, at: Timestamp) -> Self {
        let mut after = self.clone();
        after.plan_ids.remove(from);
        after.plan_ids.insert(to.clone());
        after.key.updated = at;
        after.key.revision += 1;
        after
    }
}

impl Store {
    /// A key, as it is now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn key(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let item = self.read_item(&Record::Key(id)).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }

    /// Several keys, each named once, as they are now, in no order; those that are not there
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keys_by_id(&self, ids: &[KeyId]) -> Result<Vec<KeyRecord>, StoreError> {
        let keys = ids.iter().map(|id| key_of(&Record::Key(*id)));
        let items = self.read_items(keys).await?;
        Ok(items.iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Changes a key to `after`, if it is still as `before`. Its twin at API Gateway follows,
    /// and the authorizer's results of the stages `flush` are to be forgotten.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn update_key(
        &self,
        before: &KeyRecord,
        after: &Key,
        flush: &[StageSelector],
        change: &Change,
    ) -> Result<(), Lost> {
        self.change_key("key.update", before, after, flush, change)
            .await
    }

    /// Gives a key another value: the same, under an audit record of its own.
    ///
    /// # Errors
    /// [`Lost`] where it is no longer as `before`.
    pub async fn rotate_key(
        &self,
        before: &KeyRecord,
        after: &Key,
        flush: &[StageSelector],
        change: &Change,
    ) -> Result<(), Lost> {
        self.change_key("key.rotate", before, after, flush, change)
            .await
    }

    async fn change_key(
        &self,
        action: &'static str,
        before: &KeyRecord,
        after: &Key,
        flush: &[StageSelector],
        change: &Change,
    ) -> Result<(), Lost> {
        let twin = NativeObject::Key(before.key.id);
        let twin_follows = differs_natively(&before.key, after)
            // Whether it has one changes only with its revision.
            && self.native(&twin).await?.is_some();
        let after = KeyRecord {
            key: after.clone(),
            plan_ids: before.plan_ids.clone(),
        };
        let (old, new) = (to_item(before), to_item(&after));
        let entry = Entry {
            action,
            entity: before.key.id.to_string(),
            before: Some(&old),
            after: Some(&new),
        };
        let update = |update: UpdateBuilder| {
            let update =
                assign(update, &old, &new).set_key(Some(key_of(&Record::Key(before.key.id))));
            unchanged_key(update, before.key.revision)
        };
        let mut transaction = self.transaction().update(update).audit(change, &entry);
        if twin_follows {
            transaction = native::want(transaction, &twin, Wanted::Present, change);
        }
        transaction.flush(before.key.id, flush, change).run().await
    }

    /// Keys in the order of their creation. A key that was just made or changed may be
    /// missing or old for a moment: the list comes from an index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keys(
        &self,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<KeyRecord>, StoreError> {
        let listing = Listing {
            index: Some(LIST),
            partition: KEYS,
            limit,
            cursor,
        };
        listing
            .run(self.client.query().table_name(&self.table), from_item)
            .await
    }
}

/// Whether API Gateway's key says something else after a change.
fn differs_natively(before: &Key, after: &Key) -> bool {
    (
        &before.name,
        &before.description,
        before.enabled,
        &before.customer_id,
    ) != (
        &after.name,
        &after.description,
        after.enabled,
        &after.customer_id,
    )
}

/// The condition that a key is as it was read, and its next revision.
pub(crate) fn unchanged_key(update: UpdateBuilder, revision: u64) -> UpdateBuilder {
    update
        .condition_expression("#rev = :rev")
        .expression_attribute_names("#rev", REVISION)
        .expression_attribute_values(":rev", number(revision))
}

/// Adds to a transaction that a key is on one plan more, or less.
pub(crate) fn change_plans<'a>(
    transaction: Transaction<'a>,
    record: &KeyRecord,
    (verb, plan): (&str, &PlanId),
    change: &Change,
) -> Transaction<'a> {
    let clause = format!(" {verb} #plans :plans");
    update_plans(transaction, record, (&clause, [plan]), change)
}

/// Adds to a transaction that a key is on these plans, and no other: an update cannot ADD to
/// a set and DELETE from it.
pub(crate) fn set_plans<'a>(
    transaction: Transaction<'a>,
    record: &KeyRecord,
    plans: &BTreeSet<PlanId>,
    change: &Change,
) -> Transaction<'a> {
    update_plans(transaction, record, (", #plans = :plans", plans), change)
}

fn update_plans<'a, 'p>(
    transaction: Transaction<'a>,
    record: &KeyRecord,
    (clause, plans): (&str, impl IntoIterator<Item = &'p PlanId>),
    change: &Change,
) -> Transaction<'a> {
    let plans = plans.into_iter().map(ToString::to_string).collect();
    transaction.update(|update| {
        unchanged_key(update, record.key.revision)
            .set_key(Some(key_of(&Record::Key(record.key.id))))
            .update_expression(format!("SET #rev = :next, #updated = :now{clause}"))
            .expression_attribute_names("#updated", "lastUpdatedDate")
            .expression_attribute_names("#plans", PLAN_IDS)
            .expression_attribute_values(":next", number(record.key.revision + 1))
            .expression_attribute_values(":now", text(change.at.to_string()))
            .expression_attribute_values(":plans", AttributeValue::Ss(plans))
    })
}

pub(crate) fn to_item(record: &KeyRecord) -> Item {
    let key = &record.key;
    let created = sortable(key.created, key.id.as_bare());
    let list = |texts: Vec<String>| AttributeValue::L(texts.into_iter().map(text).collect());
    let networks = key
        .allowed_ips
        .as_ref()
        .map(|rules| rules.networks().iter().map(ToString::to_string).collect());
    let routes = key
        .routes
        .as_ref()
        .map(|routes| routes.iter().map(ToString::to_string).collect());
    let metadata = key
        .metadata
        .iter()
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
    let plans: Vec<String> = record.plan_ids.iter().map(ToString::to_string).collect();
    Draft::new(&Record::Key(key.id))
        .set("keyId", text(key.id.to_string()))
        .set(HASH, hash_to_value(&key.hash))
        .set_some(PREVIOUS, previous_to_value(&key.previous))
        .set_some(
            "prefix",
            key.prefix.as_ref().map(|prefix| text(prefix.as_str())),
        )
        .set("last4", text(&key.last4))
        .set_some("name", key.name.as_ref().map(|name| text(name.as_str())))
        .set_some(
            "description",
            key.description
                .as_ref()
                .map(|description| text(description.as_str())),
        )
        .set_some(
            "customerId",
            key.customer_id.as_ref().map(|id| text(id.as_str())),
        )
        .set("enabled", AttributeValue::Bool(key.enabled))
        .set_some("notBefore", key.not_before.map(|at| text(at.to_string())))
        .set_some("expiresAt", key.expires_at.map(|at| text(at.to_string())))
        .set_some("allowedIps", networks.map(list))
        .set_some("routes", routes.map(list))
        .set_some(
            "metadata",
            (!key.metadata.is_empty()).then_some(AttributeValue::M(metadata)),
        )
        .set("nativeValue", text(key.native_value.as_str()))
        .set_some(
            PLAN_IDS,
            (!plans.is_empty()).then_some(AttributeValue::Ss(plans)),
        )
        .set("createdDate", text(key.created.to_string()))
        .set("lastUpdatedDate", text(key.updated.to_string()))
        .set(REVISION, number(key.revision))
        .set(LIST.partition, text(KEYS))
        .set(LIST.sort, text(&created))
        .set_some(
            OWNER.partition,
            key.customer_id
                .as_ref()
                .map(|id| text(customer_partition(id))),
        )
        .set_some(OWNER.sort, key.customer_id.as_ref().map(|_| text(&created)))
        .done()
}

fn previous_to_value(previous: &[PreviousValue]) -> Option<AttributeValue> {
    let value = |value: &PreviousValue| {
        AttributeValue::M(Item::from([
            (HASH.to_owned(), hash_to_value(&value.hash)),
            ("last4".to_owned(), text(&value.last4)),
            ("expiresAt".to_owned(), text(value.expires_at.to_string())),
        ]))
    };
    (!previous.is_empty()).then(|| AttributeValue::L(previous.iter().map(value).collect()))
}

fn previous(fields: &Fields<'_>) -> Result<Vec<PreviousValue>, Corrupt> {
    let values = fields.list(PREVIOUS)?.unwrap_or_default().iter();
    let value = |value: &AttributeValue| {
        let wrong = |_| fields.corrupt(PREVIOUS, "has a wrong type");
        let within = fields.within(value.as_m().map_err(wrong)?);
        Ok(PreviousValue {
            hash: hash(&within)?,
            last4: within.text("last4")?.to_owned(),
            expires_at: within.instant("expiresAt")?,
        })
    };
    values.map(value).collect()
}

fn hash_to_value(hash: &KeyHash) -> AttributeValue {
    AttributeValue::B(hash.as_bytes().to_vec().into())
}

fn hash(fields: &Fields<'_>) -> Result<KeyHash, Corrupt> {
    let bytes = fields.bytes(HASH)?.try_into();
    bytes
        .map(KeyHash::from_bytes)
        .map_err(|_| fields.corrupt(HASH, "has not 32 bytes"))
}

pub(crate) fn from_item(item: &Item) -> Result<KeyRecord, Corrupt> {
    let fields = Fields::of("key", item)?;
    let key = Key {
        id: fields.parsed("keyId")?,
        hash: hash(&fields)?,
        previous: previous(&fields)?,
        prefix: fields.parsed_if_any("prefix")?,
        last4: fields.text("last4")?.to_owned(),
        name: fields.parsed_if_any("name")?,
        description: fields.parsed_if_any("description")?,
        customer_id: fields.parsed_if_any("customerId")?,
        enabled: fields.flag("enabled")?,
        not_before: fields.instant_if_any("notBefore")?,
        expires_at: fields.instant_if_any("expiresAt")?,
        allowed_ips: address_rules(&fields)?,
        routes: routes(&fields)?,
        metadata: metadata(&fields)?,
        // Keys of the first release are without.
        native_value: fields.parsed_if_any("nativeValue")?.unwrap_or_default(),
        created: fields.instant("createdDate")?,
        updated: fields.instant("lastUpdatedDate")?,
        revision: fields.number(REVISION)?,
    };
    Ok(KeyRecord {
        key,
        plan_ids: plan::ids(&fields, PLAN_IDS)?,
    })
}

fn address_rules(fields: &Fields<'_>) -> Result<Option<AddressRules>, Corrupt> {
    let Some(texts) = fields.texts("allowedIps")? else {
        return Ok(None);
    };
    let networks = texts
        .into_iter()
        .map(AddressRules::parse_network)
        .collect::<Result<_, _>>();
    let rules = networks
        .and_then(AddressRules::new)
        .map_err(|error| fields.corrupt("allowedIps", error))?;
    Ok(Some(rules))
}

fn routes(fields: &Fields<'_>) -> Result<Option<Vec<Route>>, Corrupt> {
    let Some(texts) = fields.texts("routes")? else {
        return Ok(None);
    };
    let routes = texts.into_iter().map(str::parse).collect::<Result<_, _>>();
    routes
        .map(Some)
        .map_err(|error| fields.corrupt("routes", error))
}

fn metadata(fields: &Fields<'_>) -> Result<Metadata, Corrupt> {
    let mut metadata = Metadata::default();
    if let Some(entries) = fields.map("metadata")? {
        let within = fields.within(entries);
        for name in entries.keys() {
            metadata
                .insert(name, within.text(name)?)
                .map_err(|error| fields.corrupt("metadata", error))?;
        }
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use latchkey_domain::{KeyValue, NativeKeyValue};

    use super::*;

    fn record() -> KeyRecord {
        let value = KeyValue::generate(&"acme_test".parse().unwrap(), &[7; 48]);
        let mut metadata = Metadata::default();
        metadata.insert("tier", "gold").unwrap();
        let key = Key {
            id: value.presented().id,
            hash: value.presented().hash,
            previous: vec![PreviousValue {
                hash: KeyHash::from_bytes([9; 32]),
                last4: "zzzz".to_owned(),
                expires_at: Timestamp::from_second(3_000).unwrap(),
            }],
            prefix: value.prefix().cloned(),
            last4: value.last4().to_owned(),
            name: "Acme".parse().ok(),
            description: "Nightly import".parse().ok(),
            customer_id: "cus_1".parse().ok(),
            enabled: false,
            not_before: Timestamp::from_second(1_000).ok(),
            expires_at: Timestamp::from_millisecond(2_000_500).ok(),
            allowed_ips: AddressRules::new(vec![
                AddressRules::parse_network("10.0.0.0/8").unwrap(),
            ])
            .ok(),
            routes: Some(vec!["GET /orders/{id}".parse().unwrap()]),
            metadata,
            native_value: NativeKeyValue::Header,
            created: Timestamp::from_second(500).unwrap(),
            updated: Timestamp::from_second(600).unwrap(),
            revision: 3,
        };
        KeyRecord {
            key,
            plan_ids: BTreeSet::from(["gold".parse().unwrap()]),
        }
    }

    #[test]
    fn a_key_reads_back_as_written_and_unknown_attributes_are_left_alone() {
        let mut item = to_item(&record());
        item.insert("ofALaterRelease".into(), text("x"));
        assert_eq!(from_item(&item).unwrap(), record());
    }

    #[test]
    fn a_later_format_is_refused_by_name() {
        let mut item = to_item(&record());
        item.insert("v".into(), number(2));
        assert_eq!(
            from_item(&item).unwrap_err().to_string(),
            "key: attribute v is 2, written by a later release"
        );
        item.remove("v");
        assert_eq!(
            from_item(&item).unwrap_err().to_string(),
            "key: attribute v is missing"
        );
    }
}
