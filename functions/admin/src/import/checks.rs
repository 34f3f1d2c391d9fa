//! A table against itself and against what is there: each row is looked at before the first
//! is written.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_domain::{Key, KeyId, NativeKeyValue, Plan, PlanId};
use latchkey_store::KeyRecord;
use tokio::time::{Duration, Instant};

use super::{
    candidate::Candidate,
    columns::Column,
    line::{Line, Standing},
    report::Wrong,
};
use crate::{
    AdminState,
    api_gateway::is_native,
    attachments,
    faults::shown,
    keys::{MAX_PLANS, refuse_overlap},
    problem::Problem,
};

/// How long API Gateway may be asked about the plans that it counts.
const LOOK: Duration = Duration::from_secs(4);

/// Plans as they were read, and why no internal twin may be on one.
#[derive(Debug, Default)]
pub(super) struct Plans {
    found: BTreeMap<PlanId, Plan>,
    open: BTreeMap<PlanId, Option<String>>,
}

impl Plans {
    /// The plans of a key that is to be made.
    pub(super) fn of(&self, candidate: &Candidate) -> Vec<&Plan> {
        let ids = candidate.plan_ids.iter();
        ids.filter_map(|id| self.found.get(id)).collect()
    }

    /// Reads plans as they are now.
    async fn read(&mut self, state: &AdminState, ids: BTreeSet<PlanId>) -> Result<(), Problem> {
        let ids: Vec<PlanId> = ids.into_iter().collect();
        let found = state.store.plans_by_id(&ids).await?;
        self.found.retain(|id, _| !ids.contains(id));
        let named = found
            .into_iter()
            .map(|record| (record.plan.id.clone(), record.plan));
        self.found.extend(named);
        Ok(())
    }

    /// Asks API Gateway about those plans that it counts. What there is no time for is looked
    /// at again before a twin is put on the plan.
    async fn look(&mut self, state: &AdminState) {
        let end = Instant::now() + LOOK;
        for plan in self.found.values().filter(|plan| is_native(plan)) {
            if Instant::now() < end && !self.open.contains_key(&plan.id) {
                let refused = state.refuse_open(&[plan]).await.err();
                let refused = refused.map(|problem| problem.to_string());
                self.open.insert(plan.id.clone(), refused);
            }
        }
    }
}

/// Notices rows that tell of one key.
pub(super) fn refuse_duplicates(lines: &mut [Line]) {
    let mut places: BTreeMap<KeyId, Vec<usize>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(candidate) = &line.candidate {
            places.entry(candidate.key.id).or_default().push(at);
        }
    }
    for several in places.values().filter(|places| places.len() > 1) {
        let numbers: Vec<u64> = several
            .iter()
            .filter_map(|at| lines.get(*at))
            .map(|line| line.number)
            .collect();
        for at in several {
            if let Some(line) = lines.get_mut(*at) {
                let others = numbers.iter().filter(|number| **number != line.number);
                let others: Vec<String> = others.take(5).map(u64::to_string).collect();
                let detail = format!("is the key of line {} too", others.join(", "));
                line.standing = Standing::Wrong(vec![about_value(line, detail)]);
            }
        }
    }
}

fn about_value(line: &Line, detail: String) -> Wrong {
    let column = line
        .candidate
        .as_ref()
        .and_then(|candidate| candidate.told_by);
    match column {
        Some(column) => Wrong::of(column, detail),
        None => Wrong::whole(detail),
    }
}

/// Looks at the rows that are open, and says of each how it stands.
///
/// # Errors
/// The store's.
pub(super) async fn judge(
    state: &AdminState,
    lines: &mut [Line],
    plans: &mut Plans,
) -> Result<(), Problem> {
    let open = || lines.iter().filter(|line| line.is_open());
    let candidates: Vec<&Candidate> = open().filter_map(|line| line.candidate.as_ref()).collect();
    let here = here(state, &candidates).await?;
    let named = candidates.iter().flat_map(|candidate| &candidate.plan_ids);
    let on = here.values().flat_map(|record| &record.plan_ids);
    plans
        .read(state, named.chain(on).cloned().collect())
        .await?;
    plans.look(state).await;
    for line in lines.iter_mut().filter(|line| line.is_open()) {
        let Some(candidate) = &line.candidate else {
            continue;
        };
        let record = here.get(&candidate.key.id);
        let mut wrong = wrong(candidate, record, plans);
        let missing = missing(candidate, record);
        if let Some(record) = record.filter(|_| wrong.is_empty()) {
            wrong.extend(unknown_there(state, record, &missing, plans).await?);
        }
        line.standing = match record {
            _ if !wrong.is_empty() => Standing::Wrong(wrong),
            Some(_) => Standing::Here(missing),
            None => Standing::New,
        };
    }
    Ok(())
}

/// Those keys that are there, but for those that are made of a new value.
async fn here(
    state: &AdminState,
    candidates: &[&Candidate],
) -> Result<BTreeMap<KeyId, KeyRecord>, Problem> {
    let told = candidates
        .iter()
        .filter(|candidate| candidate.told_by.is_some());
    let ids: Vec<KeyId> = told.map(|candidate| candidate.key.id).collect();
    let records = state.store.keys_by_id(&ids).await?;
    Ok(records
        .into_iter()
        .map(|record| (record.key.id, record))
        .collect())
}

/// The plans of a row that its key is not on.
fn missing(candidate: &Candidate, record: Option<&KeyRecord>) -> Vec<PlanId> {
    let on = |id: &&PlanId| record.is_some_and(|record| record.plan_ids.contains(*id));
    let ids = candidate.plan_ids.iter();
    ids.filter(|id| !on(id)).cloned().collect()
}

/// What is wrong with a row whose key is there as `record`, or is not there.
fn wrong(candidate: &Candidate, record: Option<&KeyRecord>, plans: &Plans) -> Vec<Wrong> {
    let key = &candidate.key;
    if let Some(record) = record.filter(|record| record.key.hash != key.hash) {
        let detail = format!(
            "is not the value of the key {}: it was rotated",
            record.key.id
        );
        let column = candidate.told_by.unwrap_or(Column::Key);
        return vec![Wrong::of(column, detail)];
    }
    let mut wrong = Vec::new();
    for id in &candidate.plan_ids {
        if !plans.found.contains_key(id) {
            let detail = format!("no usage plan has the id {}", shown(id.as_str()));
            wrong.push(Wrong::of(Column::UsagePlanIds, detail));
        }
    }
    let missing = missing(candidate, record);
    let new = missing.iter().filter_map(|id| plans.found.get(id));
    for plan in new.clone() {
        wrong.extend(unfit(record.map_or(key, |record| &record.key), plan, plans));
    }
    let before = record.map(|record| record.plan_ids.iter());
    let before = before
        .into_iter()
        .flatten()
        .filter_map(|id| plans.found.get(id));
    let all: Vec<&Plan> = new.chain(before).collect();
    if !missing.is_empty() && all.len() > MAX_PLANS {
        let detail = Problem::TooManyPlans(MAX_PLANS).to_string();
        wrong.push(Wrong::of(Column::UsagePlanIds, detail));
    } else if !missing.is_empty()
        && let Err(problem) = refuse_overlap(&all)
    {
        wrong.push(Wrong::of(Column::UsagePlanIds, problem.to_string()));
    }
    wrong
}

/// Why a key may not be on a plan.
fn unfit(key: &Key, plan: &Plan, plans: &Plans) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if plan.deleting {
        let detail = Problem::PlanDeleting(plan.id.clone()).to_string();
        wrong.push(Wrong::of(Column::UsagePlanIds, detail));
    }
    for rule in plan.not_held(key) {
        let detail = rule.to_string();
        wrong.push(match Column::of_field(rule.field()) {
            Some(column) => Wrong::of(column, detail),
            None => Wrong::whole(detail),
        });
    }
    let open = plans.open.get(&plan.id).and_then(Option::as_ref);
    if let Some(detail) = open.filter(|_| key.native_value == NativeKeyValue::Internal) {
        wrong.push(Wrong::of(Column::UsagePlanIds, detail.clone()));
    }
    wrong
}

/// Why a key with its value in the header, which is there, may not be put on its plans.
async fn unknown_there(
    state: &AdminState,
    record: &KeyRecord,
    missing: &[PlanId],
    plans: &Plans,
) -> Result<Option<Wrong>, Problem> {
    for plan in missing.iter().filter_map(|id| plans.found.get(id)) {
        match attachments::refuse_unknown_there(state, record, plan).await {
            Ok(()) => {}
            Err(problem @ Problem::NotHeld { .. }) => {
                return Ok(Some(Wrong::of(Column::UsagePlanIds, problem.to_string())));
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(None)
}
