//! What there is, asked of the admin API.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    fields::{of_key, of_plan},
    file::Wanted,
    state::{Delivery, Key, State},
    value::{ValuePlace, Values},
};
use crate::{
    client::{Client, ClientError, Page, Path, Query},
    failure::{Failure, Status},
};

/// The most that a page holds.
const PAGE: u16 = 500;
/// How long the request that made a key can be repeated for its value: the admin API keeps
/// answers for 24 hours.
const REPEATABLE: SignedDuration = SignedDuration::from_hours(23);

/// # Errors
/// [`Failure`]; also where two keys have a name that the file describes.
pub(super) async fn state(
    client: &Client,
    wanted: &Wanted,
    values: &Values,
    now: Timestamp,
) -> Result<State, Failure> {
    let mut state = State::default();
    let plans = Path::of(&["v1", "plans"]);
    // Of a plan that is on its way out nothing is left to do.
    let mut leaving = BTreeSet::new();
    for plan in all(client, &plans, &Query::default()).await? {
        match is_deleting(&plan) {
            true => drop(leaving.insert(text(&plan, "id"))),
            false => drop(state.plans.insert(text(&plan, "id"), of_plan(&plan))),
        }
    }
    // A list may be a second behind; a plan that is read by its id is not.
    for id in wanted.plans.keys() {
        match found(client.get(&Path::of(&["v1", "plans", id])).await)? {
            Some(plan) => {
                refuse_deleting(id, &plan)?;
                state.plans.insert(id.clone(), of_plan(&plan));
            }
            None => drop(state.plans.remove(id)),
        }
    }
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for shown in keys(client, wanted).await? {
        let (name, id) = (text(&shown, "name"), text(&shown, "id"));
        ids.entry(name.clone()).or_default().push(id.clone());
        let place = wanted.keys.get(&name).and_then(|key| key.value.as_ref());
        let delivery = delivery(values, place, is_young(&shown, now)).await?;
        let plans = shown.get("planIds").and_then(Value::as_array);
        let plans = plans.into_iter().flatten().filter_map(Value::as_str);
        let key = Key {
            id,
            fields: of_key(&shown),
            plans: plans
                .map(str::to_owned)
                .filter(|id| !leaving.contains(id))
                .collect(),
            delivery,
        };
        state.keys.insert(name, key);
    }
    match ids.into_iter().find(|(_, ids)| ids.len() > 1) {
        Some((name, ids)) => Err(Failure::new(
            Status::Usage,
            format!(
                "{} keys have the name {name} ({}): rename all but one of them",
                ids.len(),
                ids.join(", ")
            ),
        )),
        None => Ok(state),
    }
}

/// # Errors
/// Where the place cannot be looked at: the value may never have come there.
async fn delivery(
    values: &Values,
    place: Option<&ValuePlace>,
    is_young: bool,
) -> Result<Delivery, Failure> {
    let is_reserved = match place {
        Some(place) => values.is_reserved(place).await?,
        None => false,
    };
    Ok(match (is_reserved, is_young) {
        (false, _) => Delivery::Done,
        (true, true) => Delivery::Unfinished,
        (true, false) => Delivery::Lost,
    })
}

/// Those with the file's prefix; without one, those that it describes.
async fn keys(client: &Client, wanted: &Wanted) -> Result<Vec<Value>, Failure> {
    let path = Path::of(&["v1", "keys"]);
    if !wanted.prefix.is_empty() {
        let query = Query::default().with("namePrefix", Some(&wanted.prefix));
        return all(client, &path, &query).await;
    }
    let mut keys = Vec::new();
    for name in wanted.keys.keys() {
        let query = Query::default().with("name", Some(name));
        keys.extend(all(client, &path, &query).await?);
    }
    Ok(keys)
}

/// All pages of a list.
async fn all(client: &Client, path: &Path, query: &Query) -> Result<Vec<Value>, Failure> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let query = query
            .clone()
            .with("limit", Some(PAGE))
            .with("cursor", cursor);
        let page: Page<Value> = client.get(&path.clone().with(&query)).await?;
        items.extend(page.items);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

/// None where the admin API says that there is none.
pub(super) fn found<T>(asked: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(ClientError::Refused(problem)) if problem.kind.starts_with("/problems/unknown-") => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn refuse_deleting(id: &str, plan: &Value) -> Result<(), Failure> {
    if is_deleting(plan) {
        let said = format!("the plan {id} is being deleted: wait until it is gone");
        return Err(Failure::new(Status::Refused, said));
    }
    Ok(())
}

fn is_deleting(plan: &Value) -> bool {
    plan.get("deleting")
        .is_some_and(|word| *word == Value::Bool(true))
}

fn is_young(key: &Value, now: Timestamp) -> bool {
    let created = text(key, "createdDate").parse::<Timestamp>().ok();
    created.is_some_and(|created| now.duration_since(created) < REPEATABLE)
}

pub(super) fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_can_be_repeated_for_23_hours() {
        let key = json!({"createdDate": "2026-01-01T00:00:00Z"});
        let is_young = |now: &str| is_young(&key, now.parse().unwrap());
        assert!(is_young("2026-01-01T22:59:59Z"));
        assert!(!is_young("2026-01-01T23:00:00Z"));
    }
}
