//! What there is, and what becomes of it step by step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use latchkey_domain::StageSelector;
use serde_json::Value;

use super::{
    fields::{Fields, changes, stages},
    value::ValuePlace,
};

/// Plans and keys, as far as the file has to do with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    /// By id: all there are, since a key may be on any.
    pub(super) plans: BTreeMap<String, Fields>,
    /// By name: those that the file describes, and those with its prefix.
    pub(super) keys: BTreeMap<String, Key>,
}

/// A key that is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    /// Empty for one that is yet to be made.
    pub(super) id: String,
    pub(super) fields: Fields,
    /// Ids.
    pub(super) plans: BTreeSet<String>,
    pub(super) delivery: Delivery,
}

/// Whether a key's value came where the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Done,
    /// An earlier run was cut off: its request can be repeated for the value.
    Unfinished,
    /// The same, but too long ago.
    Lost,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    CreatePlan {
        id: String,
        fields: Fields,
    },
    UpdatePlan {
        id: String,
        before: Fields,
        after: Fields,
    },
    CreateKey {
        name: String,
        new: NewKey,
    },
    FinishKey {
        name: String,
        id: String,
        new: NewKey,
    },
    UpdateKey {
        name: String,
        id: String,
        before: Fields,
        after: Fields,
    },
    Move {
        name: String,
        id: String,
        from: String,
        to: String,
    },
    Attach {
        name: String,
        id: String,
        plan: String,
    },
    Detach {
        name: String,
        id: String,
        plan: String,
    },
    DeleteKey {
        name: String,
        id: String,
        before: Fields,
    },
    DeletePlan {
        id: String,
        before: Fields,
    },
}

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewKey {
    pub(super) fields: Fields,
    pub(super) prefix: Option<Value>,
    pub(super) plans: BTreeSet<String>,
    pub(super) value: ValuePlace,
}

impl State {
    /// Carries out a step.
    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::CreatePlan { id, fields }
            | Step::UpdatePlan {
                id, after: fields, ..
            } => {
                self.plans.insert(id.clone(), fields.clone());
            }
            Step::DeletePlan { id, .. } => drop(self.plans.remove(id)),
            Step::CreateKey { name, new } => {
                let key = Key {
                    id: String::new(),
                    fields: new.fields.clone(),
                    plans: new.plans.clone(),
                    delivery: Delivery::Done,
                };
                self.keys.insert(name.clone(), key);
            }
            Step::DeleteKey { name, .. } => drop(self.keys.remove(name)),
            Step::FinishKey { name, .. } => self.change(name, |key| key.delivery = Delivery::Done),
            Step::UpdateKey { name, after, .. } => {
                self.change(name, |key| key.fields.clone_from(after));
            }
            Step::Attach { name, plan, .. } => {
                self.change(name, |key| key.plans.extend([plan.clone()]));
            }
            Step::Detach { name, plan, .. } => {
                self.change(name, |key| key.plans.retain(|id| id != plan));
            }
            Step::Move { name, from, to, .. } => self.change(name, |key| {
                key.plans.remove(from);
                key.plans.insert(to.clone());
            }),
        }
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Key)) {
        if let Some(key) = self.keys.get_mut(name) {
            change(key);
        }
    }

    /// The names of the keys on a plan.
    pub(super) fn keys_on(&self, plan: &str) -> Vec<&str> {
        let on_it = self.keys.iter().filter(|(_, key)| key.plans.contains(plan));
        on_it.map(|(name, _)| name.as_str()).collect()
    }

    /// These keys alone, with the plans that they are on and those that `step` puts them on.
    pub(super) fn part(&self, keys: &[&str], step: &Step) -> Self {
        let keys = keys
            .iter()
            .filter_map(|name| self.keys.get_key_value(*name));
        let keys: BTreeMap<_, _> = keys
            .map(|(name, key)| (name.clone(), key.clone()))
            .collect();
        let named: Vec<&String> = match step {
            Step::CreateKey { new, .. } => new.plans.iter().collect(),
            Step::Attach { plan, .. } | Step::Move { to: plan, .. } => vec![plan],
            _ => Vec::new(),
        };
        let ids = keys.values().flat_map(|key| &key.plans).chain(named);
        let plans = ids.filter_map(|id| self.plans.get_key_value(id));
        let plans = plans.map(|(id, plan)| (id.clone(), plan.clone())).collect();
        Self { plans, keys }
    }

    /// What the plans of a key cover, plan by plan.
    pub(super) fn covered(&self, name: &str) -> Vec<Vec<StageSelector>> {
        let plans = self.keys.get(name).map(|key| &key.plans);
        let plans = plans.into_iter().flatten();
        plans
            .filter_map(|id| Some(stages(self.plans.get(id)?)))
            .collect()
    }
}

/// Whether some stage is in both.
pub(super) fn meet(first: &[StageSelector], second: &[StageSelector]) -> bool {
    first
        .iter()
        .any(|one| second.iter().any(|other| one.overlaps(other)))
}

impl Step {
    /// The step by itself, on one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::CreatePlan { id, .. } => format!("+ plan {id}"),
            Self::UpdatePlan { id, .. } => format!("~ plan {id}"),
            Self::CreateKey { name, new } => format!("+ key {name}, its value to {}", new.value),
            Self::FinishKey { name, new, .. } => {
                format!(
                    "~ key {name}: its value to {}, where an earlier run was cut off",
                    new.value
                )
            }
            Self::UpdateKey { name, id, .. } => format!("~ key {name} ({id})"),
            Self::Move { name, from, to, .. } => {
                format!("~ key {name}: from plan {from} to plan {to}")
            }
            Self::Attach { name, plan, .. } => format!("+ key {name} on plan {plan}"),
            Self::Detach { name, plan, .. } => format!("- key {name} off plan {plan}"),
            Self::DeleteKey { name, id, .. } => format!("- key {name} ({id})"),
            Self::DeletePlan { id, .. } => format!("- plan {id}"),
        }
    }

    pub(super) fn deletes(&self) -> bool {
        matches!(self, Self::DeleteKey { .. } | Self::DeletePlan { .. })
    }

    /// The key that it is about.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::CreateKey { name, .. }
            | Self::FinishKey { name, .. }
            | Self::UpdateKey { name, .. }
            | Self::Move { name, .. }
            | Self::Attach { name, .. }
            | Self::Detach { name, .. }
            | Self::DeleteKey { name, .. } => Some(name),
            Self::CreatePlan { .. } | Self::UpdatePlan { .. } | Self::DeletePlan { .. } => None,
        }
    }
}

/// With each field that changes.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())?;
        let nothing = Fields::new();
        let (before, after) = match self {
            Self::CreatePlan { fields, .. } => (&nothing, fields),
            Self::CreateKey { new, .. } => (&nothing, &new.fields),
            Self::UpdatePlan { before, after, .. } | Self::UpdateKey { before, after, .. } => {
                (before, after)
            }
            _ => return Ok(()),
        };
        for (name, before, after) in changes(before, after) {
            match (before, after) {
                (None, Some(after)) => write!(f, "\n    {name}: {after}")?,
                (Some(before), Some(after)) => write!(f, "\n    {name}: {before} -> {after}")?,
                (Some(before), None) => write!(f, "\n    {name}: {before} -> none")?,
                (None, None) => {}
            }
        }
        if let Self::CreateKey { new, .. } = self {
            for plan in &new.plans {
                write!(f, "\n    on plan {plan}")?;
            }
        }
        Ok(())
    }
}
