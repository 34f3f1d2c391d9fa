//! What makes of what there is what the file describes: steps, worked out without I/O.

use std::collections::BTreeSet;

use super::{
    fields::{Fields, stages},
    file::{Wanted, WantedKey},
    order::ordered,
    state::{Delivery, Key, NewKey, State, Step, meet},
};

/// Whether what the file's prefix owns and the file no longer describes is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Kept,
    Deleted,
}

/// Why the file cannot be applied to what there is; the key that is meant is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hindrance {
    pub(super) key: String,
    pub(super) detail: String,
}

/// The steps, in an order in which no call is refused meanwhile, as far as there is one.
///
/// # Errors
/// All that hinders.
pub(super) fn difference(
    wanted: &Wanted,
    state: &State,
    rest: Rest,
) -> Result<Vec<Step>, Vec<Hindrance>> {
    let mut steps = plan_steps(wanted, state);
    let mut hindrances = Vec::new();
    for (name, key) in &wanted.keys {
        let unknown =
            |id: &&String| !state.plans.contains_key(*id) && !wanted.plans.contains_key(*id);
        let unknown = key.plans.iter().filter(unknown);
        hindrances.extend(unknown.map(|id| Hindrance {
            key: name.clone(),
            detail: format!("plans: no usage plan has the id {id}"),
        }));
        let made = match state.keys.get(name) {
            Some(there) => changed(name, key, there, wanted, state),
            None => made(name, key).map(|step| vec![step]),
        };
        match made {
            Ok(more) => steps.extend(more),
            Err(hindrance) => hindrances.push(hindrance),
        }
    }
    if !hindrances.is_empty() {
        return Err(hindrances);
    }
    if rest == Rest::Deleted {
        steps.extend(deletions(wanted, state));
    }
    Ok(ordered(state, steps))
}

/// What the file's prefix owns and the file does not describe: deletions of keys and plans.
pub(super) fn deletions(wanted: &Wanted, state: &State) -> Vec<Step> {
    let prefix = &wanted.prefix;
    if prefix.is_empty() {
        return Vec::new();
    }
    let keys = state
        .keys
        .iter()
        .filter(|(name, _)| name.starts_with(prefix) && !wanted.keys.contains_key(*name));
    let keys = keys.map(|(name, key)| Step::DeleteKey {
        name: name.clone(),
        id: key.id.clone(),
        before: key.fields.clone(),
    });
    let plans = state.plans.iter();
    let plans = plans.filter(|(id, _)| id.starts_with(prefix) && !wanted.plans.contains_key(*id));
    let plans = plans.map(|(id, before)| Step::DeletePlan {
        id: id.clone(),
        before: before.clone(),
    });
    keys.chain(plans).collect()
}

fn plan_steps(wanted: &Wanted, state: &State) -> Vec<Step> {
    let step = |(id, fields): (&String, &Fields)| match state.plans.get(id) {
        None => Some(Step::CreatePlan {
            id: id.clone(),
            fields: fields.clone(),
        }),
        Some(there) if there == fields => None,
        Some(there) => Some(Step::UpdatePlan {
            id: id.clone(),
            before: there.clone(),
            after: fields.clone(),
        }),
    };
    wanted.plans.iter().filter_map(step).collect()
}

fn new_key(key: &WantedKey) -> Option<NewKey> {
    Some(NewKey {
        fields: key.fields.clone(),
        prefix: key.prefix.clone(),
        plans: key.plans.clone(),
        value: key.value.clone()?,
    })
}

fn made(name: &str, key: &WantedKey) -> Result<Step, Hindrance> {
    let new = new_key(key).ok_or_else(|| Hindrance {
        key: name.to_owned(),
        detail: "value: is required for a key that is to be made: {file: PATH} or {secret: NAME}"
            .to_owned(),
    })?;
    Ok(Step::CreateKey {
        name: name.to_owned(),
        new,
    })
}

/// The steps for a key that is there.
fn changed(
    name: &str,
    key: &WantedKey,
    there: &Key,
    wanted: &Wanted,
    state: &State,
) -> Result<Vec<Step>, Hindrance> {
    let (old, new) = (
        there.fields.get("nativeValue"),
        key.fields.get("nativeValue"),
    );
    if old != new {
        return Err(Hindrance {
            key: name.to_owned(),
            detail: "nativeValue: cannot be changed; make a key with another name".to_owned(),
        });
    }
    let mut steps: Vec<_> = finished(name, key, there)?.into_iter().collect();
    let (name, id) = (name.to_owned(), there.id.clone());
    if there.fields != key.fields {
        steps.push(Step::UpdateKey {
            name: name.clone(),
            id: id.clone(),
            before: there.fields.clone(),
            after: key.fields.clone(),
        });
    }
    let mut attached: Vec<_> = key.plans.difference(&there.plans).cloned().collect();
    let owned = owned_plans(wanted);
    let prefix = &wanted.prefix;
    let ours = |id: &String| owned.contains(id) || (!prefix.is_empty() && id.starts_with(prefix));
    for from in there.plans.difference(&key.plans).filter(|id| ours(id)) {
        let (name, id) = (name.clone(), id.clone());
        let to = attached
            .iter()
            .position(|to| replaces(to, from, wanted, state));
        let (plan, from) = (from.clone(), from.clone());
        steps.push(match to {
            Some(at) => Step::Move {
                name,
                id,
                from,
                to: attached.remove(at),
            },
            None => Step::Detach { name, id, plan },
        });
    }
    steps.extend(attached.into_iter().map(|plan| Step::Attach {
        name: name.clone(),
        id: id.clone(),
        plan,
    }));
    Ok(steps)
}

/// The step that brings a key's value where it did not come.
fn finished(name: &str, key: &WantedKey, there: &Key) -> Result<Option<Step>, Hindrance> {
    let Some(new) = new_key(key) else {
        return Ok(None);
    };
    match there.delivery {
        Delivery::Done => Ok(None),
        // What was asked of the admin API then is asked again.
        Delivery::Unfinished => Ok(Some(Step::FinishKey {
            name: name.to_owned(),
            id: there.id.clone(),
            new,
        })),
        Delivery::Lost => Err(Hindrance {
            key: name.to_owned(),
            detail: format!(
                "value: never came to {}: the run that made the key was cut off, too long ago for asking again. {}",
                new.value,
                new.value.without_value(&there.id)
            ),
        }),
    }
}

/// Plans that the file names, described or not: keys come and go on them as it says.
fn owned_plans(wanted: &Wanted) -> BTreeSet<&String> {
    let named = wanted.keys.values().flat_map(|key| &key.plans);
    wanted.plans.keys().chain(named).collect()
}

/// Whether `to` covers what `from` covers, or did.
fn replaces(to: &str, from: &str, wanted: &Wanted, state: &State) -> bool {
    let of = |id: &str| {
        let plans = [wanted.plans.get(id), state.plans.get(id)];
        plans
            .into_iter()
            .flatten()
            .flat_map(stages)
            .collect::<Vec<_>>()
    };
    meet(&of(to), &of(from))
}

#[cfg(test)]
mod tests;
