//! Many keys made together: as many in one transaction as DynamoDB takes.
//!
//! A plan counts its keys, so that transactions on one plan come one after the other; a plan
//! that all of them share is counted up once for all.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{Enforcement, Key, NativeKeyValue, Plan, PlanId, TwinValue, meter::Owner};

use crate::{
    Change, KeyRecord, Lost, Store, attachment,
    audit::Entry,
    key::to_item,
    native,
    plan::{self, NewKeys},
    schema::Record,
};

/// Items that one TransactWriteItems takes.
const MAX_ITEMS: usize = 100;
/// Bytes that it takes, 4 MB, less what the request has beside the items.
const MAX_BYTES: usize = 3_000_000;

/// A key to make, on plans at once.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// The key.
    pub key: &'a Key,
    /// Its plans, which must be as they are now.
    pub plans: Vec<&'a Plan>,
    /// The value of its twin, should API Gateway count one of the plans.
    pub twin: TwinValue,
    /// The change that makes it.
    pub change: Change,
}

/// Keys that are made together or not at all.
#[derive(Debug, Default)]
pub struct KeyBatch<'a> {
    keys: Vec<NewKey<'a>>,
    plans: BTreeMap<&'a PlanId, NewKeys<'a>>,
    meters: BTreeSet<(String, String)>,
    items: usize,
    bytes: usize,
}

impl<'a> KeyBatch<'a> {
    /// Adds a key.
    ///
    /// # Errors
    /// Gives it back where there is no room for it. There is for the first.
    pub fn add(&mut self, new: NewKey<'a>) -> Result<(), Box<NewKey<'a>>> {
        let native = |plan: &&&Plan| plan.enforcement == Enforcement::ApiGateway;
        let natives = new.plans.iter().filter(native).count();
        let owners = new.plans.iter().map(|plan| owner(new.key, plan));
        let meters: usize = owners.map(|owner| meter_items(&owner)).sum();
        // The key, its record, its twin; on each plan the attachment, count, meter, native one.
        let items = 2 + usize::from(natives > 0) + 2 * new.plans.len() + meters + natives;
        // The item and its copy in the audit record, and what is beside them.
        let bytes = 2 * text_bytes(new.key) + 1_000 * items;
        let full = self.items + items > MAX_ITEMS || self.bytes + bytes > MAX_BYTES;
        if full && !self.keys.is_empty() {
            return Err(Box::new(new));
        }
        let mut shared = 0;
        for plan in &new.plans {
            let counted = self
                .plans
                .entry(&plan.id)
                .or_insert_with(|| NewKeys::on(plan));
            shared += usize::from(counted.keys > 0);
            counted.add(new.key);
            let owner = owner(new.key, plan);
            if !self.meters.insert(Record::Meter(&owner, &plan.id).key()) {
                shared += meter_items(&owner);
            }
        }
        self.items += items - shared;
        self.bytes += bytes;
        self.keys.push(new);
        Ok(())
    }
}

fn owner(key: &Key, plan: &Plan) -> Owner {
    Owner::of(key, plan).unwrap_or(Owner::Key(key.id))
}

/// A meter and, where it is a customer's, whose it is.
fn meter_items(owner: &Owner) -> usize {
    match owner {
        Owner::Key(_) => 1,
        Owner::Customer(_) => 2,
    }
}

/// About how long the key's texts are, in bytes.
fn text_bytes(key: &Key) -> usize {
    let metadata = key
        .metadata
        .iter()
        .map(|(name, text)| name.len() + text.len());
    let routes = key
        .routes
        .iter()
        .flatten()
        .map(|route| route.to_string().len());
    let networks = key.allowed_ips.iter().flat_map(|rules| rules.networks());
    key.name.as_ref().map_or(0, |name| name.as_str().len())
        + key
            .description
            .as_ref()
            .map_or(0, |text| text.as_str().len())
        + metadata.sum::<usize>()
        + routes.sum::<usize>()
        + 50 * networks.count()
}

impl Store {
    /// Makes the keys of a batch, each with its audit record, all or none.
    ///
    /// # Errors
    /// [`Lost::Condition`] where one of the keys is there already, or a plan is no longer as
    /// it was read.
    pub async fn import_keys(&self, batch: &KeyBatch<'_>) -> Result<(), Lost> {
        let mut transaction = self.transaction();
        let mut opened = BTreeSet::new();
        for new in &batch.keys {
            let item = to_item(&KeyRecord {
                key: new.key.clone(),
                plan_ids: new.plans.iter().map(|plan| plan.id.clone()).collect(),
            });
            let entry = Entry {
                action: "key.import",
                entity: new.key.id.to_string(),
                before: None,
                after: Some(&item),
            };
            transaction = transaction.put_new(item.clone()).audit(&new.change, &entry);
            for plan in &new.plans {
                transaction = attachment::put(transaction, new.key, plan, &new.change);
                let owner = owner(new.key, plan);
                if opened.insert(Record::Meter(&owner, &plan.id).key()) {
                    transaction = attachment::open_meter(transaction, &owner, plan, &new.change);
                }
            }
            let native = |plan: &&Plan| plan.enforcement == Enforcement::ApiGateway;
            if new.plans.iter().any(native) && new.key.native_value == NativeKeyValue::Internal {
                transaction =
                    native::want_key(transaction, new.key.id, Some(&new.twin), &new.change);
            }
        }
        for counted in batch.plans.values() {
            transaction = plan::count_attached(transaction, counted);
        }
        transaction.run().await
    }
}
