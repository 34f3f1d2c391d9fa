//! What a row says: a key, by the same rules and in the same words as `POST /v1/keys`. Its
//! cells become that request's body; what tells of the value is read here.

use jiff::{Timestamp, ToSpan as _};
use latchkey_domain::{
    HashedValue, Key, KeyHash, KeyId, KeyValue, Last4, NativeKeyValue, PlanId, Prefix,
};
use serde_json::{Map, Value};

use super::{columns::Column, table::Row};
use crate::{
    AdminState,
    csv::unguarded,
    faults::{Fault, Faults},
    json,
    keys::CreateKey,
    problem::Problem,
};

/// A row as it was read: a key that is there already or is to be made.
pub(super) struct Candidate {
    /// The key, as it would be made.
    pub(super) key: Key,
    /// The value that was generated for it, for the one answer that carries it.
    pub(super) generated: Option<KeyValue>,
    /// The column that tells its value; none where it was generated.
    pub(super) told_by: Option<Column>,
    /// Its plans, each once.
    pub(super) plan_ids: Vec<PlanId>,
}

/// What a row tells of the key's value.
enum Secret {
    Held(KeyValue),
    Hashed(HashedValue),
    None,
}

impl Candidate {
    /// Reads the `place`-th row of a table that is imported at `now`.
    ///
    /// # Errors
    /// [`Problem::Invalid`] with all that is wrong with it, by fields of `POST /v1/keys`;
    /// [`Problem::Internal`] without random bytes.
    pub(super) fn read(
        state: &AdminState,
        row: Row,
        (place, now): (usize, Timestamp),
    ) -> Result<Self, Problem> {
        let cells = Cells(row.cells?);
        let mut faults = Faults::default();
        let secret = faults.keep(cells.secret());
        let body = Value::Object(cells.body(&mut faults));
        let fields = deserr::deserialize::<CreateKey, _, Faults>(body);
        let fields = faults.keep(fields);
        let (Some(secret), Some(mut fields)) = (secret, fields) else {
            return Err(faults.into());
        };
        let mut plan_ids = Vec::new();
        for id in fields.take_plan_ids() {
            if plan_ids.contains(&id) {
                faults.push(Fault::at("/planIds", "names a plan twice"));
            } else {
                plan_ids.push(id);
            }
        }
        let mut generated = None;
        let told_by = [Column::Key, Column::Sha256];
        let told_by = told_by.into_iter().find(|column| cells.has(*column));
        // In the order of the table, as lists then have them.
        let created = now + i64::try_from(place).unwrap_or_default().nanoseconds();
        let bare = match secret {
            Secret::Held(value) => Key::new(&value, created),
            Secret::Hashed(value) => Key::of_hash(value, created),
            Secret::None => {
                let value = KeyValue::generate(&fields.prefix(), &state.random.bytes()?);
                let bare = Key::new(&value, created);
                generated = Some(value);
                bare
            }
        };
        let key = faults.keep(fields.onto(bare));
        if key
            .as_ref()
            .is_some_and(|key| key.native_value == NativeKeyValue::Header)
        {
            const DETAIL: &str = "header cannot be imported, since API Gateway would make one key at a time: make it with POST /v1/keys, or take over what API Gateway has with POST /v1/adopt";
            faults.push(Fault::at("/nativeValue", DETAIL));
        }
        let candidate = key.map(|key| Self {
            key,
            generated,
            told_by,
            plan_ids,
        });
        match candidate.filter(|_| faults.is_empty()) {
            Some(candidate) => Ok(candidate),
            None => Err(faults.into()),
        }
    }
}

/// The cells of a row that hold something.
struct Cells(Vec<(Column, String)>);

impl Cells {
    /// A cell, as it was before a spreadsheet's guard.
    fn get(&self, column: Column) -> Option<&str> {
        let cell = self.0.iter().find(|(at, _)| *at == column);
        cell.map(|(_, text)| unguarded(text))
    }

    fn has(&self, column: Column) -> bool {
        self.get(column).is_some()
    }

    fn parsed<T: std::str::FromStr<Err = latchkey_domain::Invalid>>(
        &self,
        column: Column,
    ) -> Result<Option<T>, Faults> {
        let parsed = self.get(column).map(str::parse::<T>).transpose();
        parsed.map_err(|invalid| fault(column, invalid.to_sender()))
    }

    /// The body of `POST /v1/keys` without a value. A cell that is no field's is left out.
    fn body(&self, faults: &mut Faults) -> Map<String, Value> {
        let mut body = Map::new();
        let generated = !self.has(Column::Key) && !self.has(Column::Sha256);
        for (column, _) in &self.0 {
            let text = self.get(*column).unwrap_or_default();
            let value = match column {
                Column::Key | Column::Sha256 | Column::Id | Column::Last4 => continue,
                Column::Prefix if !generated => continue,
                Column::Enabled => flag(text),
                Column::UsagePlanIds | Column::AllowedIps | Column::Routes => list(text),
                Column::Metadata => read_json(text),
                _ => Ok(text.into()),
            };
            let value = value.map_err(|detail| fault(*column, detail));
            if let Some(value) = faults.keep(value) {
                body.insert(column.field().to_owned(), value);
            }
        }
        body
    }

    fn secret(&self) -> Result<Secret, Faults> {
        // The value itself is taken as it is: it may begin like a formula.
        let value = self.0.iter().find(|(column, _)| *column == Column::Key);
        if let Some((_, value)) = value {
            let told = [Column::Sha256, Column::Id, Column::Prefix, Column::Last4];
            self.refuse(&told, "is known from the key: leave out one of the two")?;
            const DETAIL: &str = "not a key value: 20 to 128 printable ASCII characters without blanks; in the form of a generated one its check must be right";
            let held = KeyValue::held(value);
            return held
                .map(Secret::Held)
                .map_err(|_| fault(Column::Key, DETAIL));
        }
        let Some(digits) = self.get(Column::Sha256) else {
            const DETAIL: &str = "is of a value that is there: give its key or its sha256, which an export has with hashes=true; a row with neither gets a new value";
            self.refuse(&[Column::Id, Column::Last4], DETAIL)?;
            return Ok(Secret::None);
        };
        let mut faults = Faults::default();
        let hash =
            KeyHash::from_hex(digits).map_err(|error| fault(Column::Sha256, error.to_string()));
        let hash = faults.keep(hash);
        let id = faults.keep(self.parsed::<KeyId>(Column::Id)).flatten();
        let prefix = faults.keep(self.parsed::<Prefix>(Column::Prefix)).flatten();
        let last4 = faults.keep(self.parsed::<Last4>(Column::Last4)).flatten();
        match hash.filter(|_| faults.is_empty()) {
            Some(hash) => hashed(hash, id, prefix, last4).map(Secret::Hashed),
            None => Err(faults),
        }
    }

    fn refuse(&self, columns: &[Column], detail: &str) -> Result<(), Faults> {
        let mut faults = Faults::default();
        for column in columns {
            if self.has(*column) {
                faults.push(Fault::at(format!("/{}", column.field()), detail));
            }
        }
        faults.or(())
    }
}

/// A value by its hash. A generated one stands under the id that is in it; the hash does not
/// tell it, so that it must be told together with the prefix.
fn hashed(
    hash: KeyHash,
    id: Option<KeyId>,
    prefix: Option<Prefix>,
    last4: Option<Last4>,
) -> Result<HashedValue, Faults> {
    const NO_ID: &str = "is required beside prefix: the hash of a generated value does not tell it";
    const NOT_CUSTOM: &str =
        "is not that of a custom value with this sha256; a generated value needs its prefix too";
    match (id, prefix) {
        (Some(id), Some(prefix)) => Ok(HashedValue::generated(id, prefix, hash, last4)),
        (None, Some(_)) => Err(fault(Column::Id, NO_ID)),
        (id, None) => {
            let custom = HashedValue::custom(hash, last4);
            if id.is_some_and(|id| id != custom.id()) {
                return Err(fault(Column::Id, NOT_CUSTOM));
            }
            Ok(custom)
        }
    }
}

fn fault(column: Column, detail: impl Into<String>) -> Faults {
    Fault::at(format!("/{}", column.field()), detail).into()
}

fn flag(text: &str) -> Result<Value, String> {
    let known = [("true", true), ("false", false)];
    let flag = known
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text));
    flag.map(|(_, flag)| (*flag).into())
        .ok_or_else(|| "must be true or false".to_owned())
}

/// A list: its entries with commas between them, or as JSON where one has a comma itself.
fn list(text: &str) -> Result<Value, String> {
    if text.starts_with('[') {
        return read_json(text);
    }
    let entries = text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    Ok(entries.collect::<Vec<_>>().into())
}

fn read_json(text: &str) -> Result<Value, String> {
    json::read(text.as_bytes()).map_err(|error| format!("is not JSON: {error}"))
}
