//! Writes the rows of a table, each whole with its audit record. New keys go in their order,
//! as many in one transaction as fit; a row that does not come to it in time is left, and the
//! same table brings it again.

use std::ops::Range;

use latchkey_domain::{Key, KeyId, PlanId, TwinValue};
use latchkey_store::{Change, KeyBatch, Lost, NewKey};
use tokio::time::{Duration, Instant, timeout_at};

use super::{
    checks::{Plans, judge},
    line::{Line, Standing},
    report::Wrong,
};
use crate::{AdminState, attachments, caller::Caller, problem::Problem, state::ATTEMPTS};

/// The writing of one table.
pub(super) struct Writing<'a> {
    pub(super) state: &'a AdminState,
    pub(super) caller: &'a Caller,
    /// When the request began.
    pub(super) begun: Instant,
    /// The plans that were looked at.
    pub(super) plans: Plans,
    /// Lines whose keys are being made.
    pub(super) under_way: Option<Range<usize>>,
}

/// Since the request began: when no further step begins, when what is under way is given up,
/// and when it is no longer looked for what became of it. A request has 25 s.
const LAST_STEP: Duration = Duration::from_secs(15);
const GIVEN_UP: Duration = Duration::from_secs(22);
const LAST_LOOK: Duration = Duration::from_secs(24);

impl Writing<'_> {
    /// Writes what is open. Where the table answers no more, the rest is left: what was
    /// written by then must be told, since nobody else has the values.
    ///
    /// # Errors
    /// Where nothing was written, for want of time too, and where chance fails.
    pub(super) async fn write(&mut self, lines: &mut [Line]) -> Result<(), Problem> {
        let written = timeout_at(self.begun + GIVEN_UP, self.make_and_attach(lines)).await;
        let written = written.unwrap_or(Err(Problem::Unavailable));
        if let Some(range) = self.under_way.take() {
            self.find_out(lines.get_mut(range).unwrap_or_default())
                .await;
        }
        let told = lines.iter().any(Line::must_be_told);
        match written {
            Err(problem) if told => {
                tracing::warn!(%problem, "the rest of a table is left");
                Ok(())
            }
            Ok(()) if !told && lines.iter().any(Line::is_left) => Err(Problem::Unavailable),
            written => written,
        }
    }

    async fn make_and_attach(&mut self, lines: &mut [Line]) -> Result<(), Problem> {
        self.make(lines).await?;
        self.attach(lines).await
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.begun + LAST_STEP
    }

    /// Makes the keys that are not there.
    async fn make(&mut self, lines: &mut [Line]) -> Result<(), Problem> {
        let mut tries = 0;
        let mut from = 0;
        while let Some(first) = next_new(lines, from) {
            if self.is_late() {
                return Ok(());
            }
            let (made, range) = {
                let (state, caller) = (self.state, self.caller);
                let (batch, range) = batch(state, caller, &self.plans, (lines, first))?;
                self.under_way = Some(range.clone());
                (state.store.import_keys(&batch).await, range)
            };
            let made_of = lines.get_mut(range).unwrap_or_default();
            if !matches!(made, Err(Lost::Store(_))) {
                self.under_way = None;
            }
            match made {
                Ok(()) => {
                    settle(made_of, |_| Standing::Created);
                    tries = 0;
                }
                Err(Lost::Condition(_)) if tries < ATTEMPTS => {
                    tries += 1;
                    judge(self.state, made_of, &mut self.plans).await?;
                }
                Err(Lost::Condition(_)) => {
                    let changed = Wrong::whole(Problem::Changed.to_string());
                    settle(made_of, |_| Standing::Left(changed.clone()));
                    tries = 0;
                }
                Err(Lost::Store(error)) => return Err(error.into()),
            }
            from = first;
        }
        Ok(())
    }

    /// After an answer that was lost: whether the keys are there. A value that was generated
    /// is in no other hands, so that it must be told if they are.
    async fn find_out(&self, lines: &mut [Line]) {
        let new = lines.iter().filter(|line| line.is_new());
        let ids: Vec<KeyId> = new
            .filter_map(|line| Some(line.candidate.as_ref()?.key.id))
            .collect();
        let found = timeout_at(self.begun + LAST_LOOK, self.state.store.keys_by_id(&ids));
        let Ok(Ok(found)) = found.await else {
            return settle(lines, |_| Standing::Unknown);
        };
        settle(lines, |line| {
            let key = line.candidate.as_ref().map(|candidate| &candidate.key);
            let told = |key: &Key| (key.id, key.hash, key.created);
            let made = found
                .iter()
                .any(|record| Some(told(&record.key)) == key.map(told));
            if made {
                Standing::Created
            } else {
                Standing::New
            }
        });
    }

    /// Puts keys that are there on the plans that their rows name beside.
    async fn attach(&self, lines: &mut [Line]) -> Result<(), Problem> {
        for line in lines {
            let Standing::Here(missing) = &line.standing else {
                continue;
            };
            let (Some(candidate), missing) = (&line.candidate, missing.clone()) else {
                continue;
            };
            let id = candidate.key.id;
            match self.put_on(id, &missing, &mut line.attached).await {
                Ok(left) => line.standing = Standing::Here(left),
                Err(problem @ (Problem::Unavailable | Problem::Internal)) => return Err(problem),
                Err(Problem::Changed) => {
                    let why = Wrong::whole(Problem::Changed.to_string());
                    line.standing = Standing::Left(why);
                }
                Err(problem) => {
                    line.standing = Standing::Wrong(vec![Wrong::whole(problem.to_string())]);
                }
            }
        }
        Ok(())
    }

    /// Puts a key on plans, and tells for which there was no time.
    async fn put_on(
        &self,
        key: KeyId,
        plans: &[PlanId],
        attached: &mut Vec<PlanId>,
    ) -> Result<Vec<PlanId>, Problem> {
        for (at, plan) in plans.iter().enumerate() {
            if self.is_late() {
                return Ok(plans.iter().skip(at).cloned().collect());
            }
            attachments::put_on(self.state, self.caller, key, plan).await?;
            attached.push(plan.clone());
        }
        Ok(vec![])
    }
}

/// As many of the new keys from the line `first` on as go into one transaction, and the lines
/// that they come from.
fn batch<'l>(
    state: &AdminState,
    caller: &Caller,
    plans: &'l Plans,
    (lines, first): (&'l [Line], usize),
) -> Result<(KeyBatch<'l>, Range<usize>), Problem> {
    let mut batch = KeyBatch::default();
    for (at, line) in lines.iter().enumerate().skip(first) {
        let Some(candidate) = line.candidate.as_ref().filter(|_| line.is_new()) else {
            continue;
        };
        let change = Change {
            at: candidate.key.created,
            ..state.change_by(caller)?
        };
        let new = NewKey {
            key: &candidate.key,
            plans: plans.of(candidate),
            twin: TwinValue::generate(&state.random.bytes()?),
            change,
        };
        if batch.add(new).is_err() {
            return Ok((batch, first..at));
        }
    }
    Ok((batch, first..lines.len()))
}

fn next_new(lines: &[Line], from: usize) -> Option<usize> {
    let behind = lines.iter().enumerate().skip(from);
    behind
        .filter(|(_, line)| line.is_new())
        .map(|(at, _)| at)
        .next()
}

/// Says how the new ones among the lines stand now.
fn settle(lines: &mut [Line], standing: impl Fn(&Line) -> Standing) {
    for line in lines.iter_mut().filter(|line| line.is_new()) {
        line.standing = standing(line);
    }
}
