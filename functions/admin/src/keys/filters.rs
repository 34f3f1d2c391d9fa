//! What a list of keys is narrowed to: `?customerId`, `planId`, `name`, `namePrefix`, `state`
//! and `unusedSince`, all of which must hold.

use jiff::Timestamp;
use latchkey_domain::{CustomerId, Day, Key, Name, PlanId};
use latchkey_store::{KeyList, KeyRecord};

use crate::{
    faults::{Fault, Faults},
    paging::{Paging, digest_of},
    parameters::{FromParameters, Parameters, parsed},
    usage::{date_of, midnight, read_day},
};

/// Whether a key works, by the clock, whatever its plans are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyState {
    Enabled,
    Disabled,
    NotYetValid,
    Expired,
}

impl KeyState {
    const NAMES: [(&'static str, Self); 4] = [
        ("enabled", Self::Enabled),
        ("disabled", Self::Disabled),
        ("notYetValid", Self::NotYetValid),
        ("expired", Self::Expired),
    ];

    fn read(text: &str) -> Result<Self, String> {
        let named = Self::NAMES.iter().find(|(name, _)| *name == text);
        named
            .map(|(_, state)| *state)
            .ok_or_else(|| "must be one of enabled, disabled, notYetValid, expired".to_owned())
    }

    /// The state of `key`, in the order in which a call is refused for it.
    fn of(key: &Key, now: Timestamp) -> Self {
        if !key.enabled {
            Self::Disabled
        } else if key.not_before.is_some_and(|from| now < from) {
            Self::NotYetValid
        } else if key.expires_at.is_some_and(|end| end <= now) {
            Self::Expired
        } else {
            Self::Enabled
        }
    }
}

/// The filters of a request.
#[derive(Debug, Default)]
pub(super) struct Filters {
    customer_id: Option<CustomerId>,
    plan_id: Option<PlanId>,
    name: Option<Name>,
    name_prefix: Option<Name>,
    state: Option<KeyState>,
    unused_since: Option<Day>,
}

/// Which keys are asked for, and which page of them.
#[derive(Debug)]
pub(crate) struct KeysAsked {
    pub(super) filters: Filters,
    pub(super) paging: Paging,
}

impl FromParameters for KeysAsked {
    fn read(parameters: &mut Parameters) -> Self {
        let filters = Filters {
            customer_id: parameters.take("customerId", parsed),
            plan_id: parameters.take("planId", parsed),
            name: parameters.take("name", parsed),
            name_prefix: parameters.take("namePrefix", parsed),
            state: parameters.take("state", KeyState::read),
            unused_since: parameters.take("unusedSince", read_day),
        };
        Self {
            filters,
            paging: Paging::read(parameters),
        }
    }
}

impl Filters {
    /// The list that is read.
    pub(super) fn list(&self) -> KeyList<'_> {
        match (&self.customer_id, &self.plan_id) {
            (Some(id), _) => KeyList::OfCustomer(id),
            (None, Some(id)) => KeyList::OnPlan(id),
            (None, None) => KeyList::All,
        }
    }

    /// Keys are asked for that were not charged since; see [`super::unused`].
    pub(super) fn unused_since(&self) -> Option<Day> {
        self.unused_since
    }

    /// # Errors
    /// For a day that is yet to come: nothing can be said of it.
    pub(super) fn refuse_days_to_come(&self, today: Day) -> Result<(), Faults> {
        match self.unused_since {
            Some(day) if day > today => {
                let detail = format!("is yet to come: today is {} (UTC)", date_of(today));
                Err(Fault::parameter("unusedSince", detail).into())
            }
            _ => Ok(()),
        }
    }

    /// Whether a key is one of those asked for, as far as it tells itself.
    pub(super) fn hold(&self, record: &KeyRecord, now: Timestamp) -> bool {
        let KeyRecord { key, plan_ids } = record;
        let name = key.name.as_ref().map_or("", Name::as_str);
        let begins = |prefix: &Name| name.starts_with(prefix.as_str());
        let made_before = |day: Day| key.created < midnight(day);
        self.customer_id
            .as_ref()
            .is_none_or(|id| key.customer_id.as_ref() == Some(id))
            && self.plan_id.as_ref().is_none_or(|id| plan_ids.contains(id))
            && self
                .name
                .as_ref()
                .is_none_or(|wanted| name == wanted.as_str())
            && self.name_prefix.as_ref().is_none_or(begins)
            && self
                .state
                .is_none_or(|state| state == KeyState::of(key, now))
            && self.unused_since.is_none_or(made_before)
    }

    /// Whether no key behind this one is asked for: the list is in the order of creation, and
    /// keys that were made on the day or later are not.
    pub(super) fn end_at(&self, record: &KeyRecord) -> bool {
        let made_later = |day: Day| record.key.created >= midnight(day);
        !matches!(self.list(), KeyList::OnPlan(_)) && self.unused_since.is_some_and(made_later)
    }

    /// What a cursor says of the filters that it belongs to; none of a list of all keys.
    pub(super) fn digest(&self) -> Option<String> {
        let texts = [
            self.customer_id.as_ref().map(CustomerId::as_str),
            self.plan_id.as_ref().map(PlanId::as_str),
            self.name.as_ref().map(Name::as_str),
            self.name_prefix.as_ref().map(Name::as_str),
        ];
        let given = texts.iter().any(Option::is_some)
            || self.state.is_some()
            || self.unused_since.is_some();
        given.then(|| {
            digest_of(&format!(
                "{texts:?} {:?} {:?}",
                self.state, self.unused_since
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use latchkey_domain::KeyValue;

    use super::*;

    #[test]
    fn a_key_is_in_one_state_at_a_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let value = KeyValue::generate(&"lk".parse().unwrap(), &[7; 48]);
        let key = Key {
            not_before: Some(at(10)),
            expires_at: Some(at(20)),
            ..Key::new(&value, at(0))
        };
        for (now, state) in [
            (9, KeyState::NotYetValid),
            (10, KeyState::Enabled),
            (19, KeyState::Enabled),
            (20, KeyState::Expired),
        ] {
            assert_eq!(KeyState::of(&key, at(now)), state, "{now}");
            let off = Key {
                enabled: false,
                ..key.clone()
            };
            assert_eq!(KeyState::of(&off, at(now)), KeyState::Disabled, "{now}");
        }
        assert_eq!(
            KeyState::of(&Key::new(&value, at(0)), at(0)),
            KeyState::Enabled
        );
    }

    #[test]
    fn a_digest_belongs_to_its_filters() {
        assert_eq!(Filters::default().digest(), None);
        let named = |name: &str| Filters {
            name: name.parse().ok(),
            ..Filters::default()
        };
        let begins = Filters {
            name_prefix: "a".parse().ok(),
            ..Filters::default()
        };
        let digests = [named("a"), named("b"), named("a\", \"b"), begins].map(|f| f.digest());
        for (at, digest) in digests.iter().enumerate() {
            assert!(digest.is_some());
            assert!(
                digests.iter().skip(at + 1).all(|other| other != digest),
                "{digests:?}"
            );
        }
        assert_eq!(named("a").digest(), named("a").digest());
    }
}
