//! A key's fields, as both creation and update read them.

use std::collections::BTreeMap;

use deserr::{Deserr, IntoValue, Map, Value, ValueKind, ValuePointerRef};
use latchkey_domain::{AddressRules, Invalid, Key, KeyValue, Metadata, PlanId, Route};

use super::MAX_PLANS;
use crate::{
    faults::{Fault, Faults},
    patch::Patch,
    words::{at_most, broken_rule, text, wrong_kind},
};

/// What is said of fields that are Latchkey's.
pub(super) const READ_ONLY: &str = "is Latchkey's to set: leave it out";

/// `value`: a value of the owner's own. It is in no fault, whatever is wrong with it.
#[derive(Debug)]
pub(super) struct CustomValue(pub(super) KeyValue);

impl Deserr<Faults> for CustomValue {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = KeyValue::custom(&text(value, location)?);
        value
            .map(Self)
            .map_err(|error| Faults::at(location, error.to_string()))
    }
}

/// `allowedIps`.
#[derive(Debug, Clone)]
pub(super) struct AllowedIps(pub(super) AddressRules);

impl Deserr<Faults> for AllowedIps {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(AddressRules::MAX, value, location, || {
            format!("a key may have {} networks", AddressRules::MAX)
        })?;
        let texts: Result<Vec<String>, Faults> = Deserr::deserialize_from_value(value, location);
        let texts = texts?;
        let mut faults = Faults::default();
        let mut networks = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let network = AddressRules::parse_network(text);
            let network = network.map_err(|invalid| broken_rule(location.push_index(at), &invalid));
            networks.extend(faults.keep(network));
        }
        let networks = faults.or(networks)?;
        AddressRules::new(networks)
            .map(Self)
            .map_err(|invalid| broken_rule(location, &invalid))
    }
}

/// `routes`.
#[derive(Debug, Clone)]
pub(super) struct Routes(pub(super) Vec<Route>);

impl Deserr<Faults> for Routes {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(MAX_ROUTES, value, location, || {
            format!("a key may have {MAX_ROUTES} routes")
        })?;
        let routes = Vec::<Route>::deserialize_from_value(value, location)?;
        if routes.is_empty() {
            const DETAIL: &str = "is empty: leave the list out (in a PATCH: null) to open every route, or set enabled to false to open none";
            return Err(Faults::at(location, DETAIL));
        }
        Ok(Self(routes))
    }
}

/// `planIds` at creation.
#[derive(Debug, Default)]
pub(super) struct PlanIds(pub(super) Vec<PlanId>);

impl Deserr<Faults> for PlanIds {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(MAX_PLANS, value, location, || {
            format!("a key may be on {MAX_PLANS} plans")
        })?;
        Deserr::deserialize_from_value(value, location).map(Self)
    }
}

/// Routes that a key may have: fewer fit an answer of API Gateway's, by [`Key::check_routes`].
pub(crate) const MAX_ROUTES: usize = 50;

/// Entries that one patch may name: all that a key has to go, and as many to come.
const MAX_PATCHED: usize = 2 * Metadata::MAX_ENTRIES;

/// `metadata` at creation, or its merge patch: a null clears an entry.
#[derive(Debug, Clone, Default)]
pub(super) struct MetadataPatch(BTreeMap<String, Patch<String>>);

impl Deserr<Faults> for MetadataPatch {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let value = at_most(MAX_PATCHED, value, location, || {
            format!("at most {MAX_PATCHED} entries can be named at once")
        })?;
        let Value::Map(map) = value else {
            return Err(wrong_kind(value, ValueKind::Map, location));
        };
        let mut faults = Faults::default();
        let mut entries = BTreeMap::new();
        for (name, value) in map.into_iter() {
            let at = location.push_key(&name);
            let entry = Patch::<String>::deserialize_from_value(value.into_value(), at);
            let entry = entry.and_then(|entry| check_entry(&name, &entry, at).map(|()| entry));
            if let Some(entry) = faults.keep(entry) {
                entries.insert(name, entry);
            }
        }
        faults.or(Self(entries))
    }
}

/// Checks an entry by itself, so that its fault has its place.
fn check_entry(
    name: &str,
    entry: &Patch<String>,
    location: ValuePointerRef<'_>,
) -> Result<(), Faults> {
    let text = match entry {
        Patch::Set(text) => text,
        Patch::Keep | Patch::Clear => "",
    };
    Metadata::default()
        .insert(name, text)
        .map_err(|invalid| broken_rule(location, &invalid))
}

impl MetadataPatch {
    /// The metadata after the patch.
    pub(super) fn onto(&self, before: &Metadata) -> Result<Metadata, Faults> {
        let mut entries: BTreeMap<&str, &str> = before.iter().collect();
        for (name, entry) in &self.0 {
            match entry {
                Patch::Keep => {}
                Patch::Clear => drop(entries.remove(name.as_str())),
                Patch::Set(text) => drop(entries.insert(name, text)),
            }
        }
        let mut after = Metadata::default();
        for (name, text) in entries {
            after
                .insert(name, text)
                .map_err(|invalid| in_metadata(&invalid))?;
        }
        Ok(after)
    }
}

fn in_metadata(invalid: &Invalid) -> Faults {
    Fault::at("/metadata", invalid.to_sender()).into()
}

/// What no single field of the key can tell.
///
/// # Errors
/// Where it would end before it begins, and where name, customer and metadata, or these and the
/// routes, are too long together.
pub(super) fn check(key: &Key) -> Result<(), Faults> {
    let mut faults = Faults::default();
    let span = key.not_before.zip(key.expires_at);
    if span.is_some_and(|(from, end)| end <= from) {
        faults.push(Fault::at("/expiresAt", "must be later than notBefore"));
    }
    faults.keep(key.check().map_err(|invalid| in_metadata(&invalid)));
    let routes = key.check_routes();
    faults.keep(routes.map_err(|invalid| Fault::at("/routes", invalid.to_sender()).into()));
    faults.or(())
}
