//! Writes the rows of a table, each whole with its audit record. New keys go in their order,
//! as many in one transaction as fit; a row that does not come to it in time is left, and the
//! same table brings it again.

use std::ops::Range;

use latchkey_domain::{KeyId, PlanId, TwinValue};
use latchkey_store::{Change, KeyBatch, Lost, NewKey};
use tokio::time::Instant;

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
    /// When no further step begins.
    pub(super) deadline: Instant,
    /// The plans that were looked at.
    pub(super) plans: Plans,
}

impl Writing<'_> {
    /// Writes what is open. Where the table answers no more, the rest is left: what was
    /// written by then must be told, since nobody else has the values.
    ///
    /// # Errors
    /// Where nothing was written, and where chance fails.
    pub(super) async fn write(&mut self, lines: &mut [Line]) -> Result<(), Problem> {
        let written = match self.make(lines).await {
            Ok(()) => self.attach(lines).await,
            Err(problem) => Err(problem),
        };
        let done = |line: &Line| line.standing == Standing::Created || !line.attached.is_empty();
        match written {
            Err(problem) if lines.iter().any(done) => {
                tracing::warn!(%problem, "the rest of a table is left");
                Ok(())
            }
            written => written,
        }
    }

    /// Makes the keys that are not there.
    async fn make(&mut self, lines: &mut [Line]) -> Result<(), Problem> {
        let mut tries = 0;
        let mut from = 0;
        while let Some(first) = next_new(lines, from) {
            if Instant::now() >= self.deadline {
                return Ok(());
            }
            let (made, range) = {
                let (batch, range) = self.batch(lines, first)?;
                (self.state.store.import_keys(&batch).await, range)
            };
            let made_of = lines.get_mut(range).unwrap_or_default();
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
                Err(Lost::Store(error)) => {
                    self.find_out(made_of).await;
                    return Err(error.into());
                }
            }
            from = first;
        }
        Ok(())
    }

    /// As many of the new keys from the line `first` on as go into one transaction, and the
    /// lines that they come from.
    fn batch<'l>(
        &'l self,
        lines: &'l [Line],
        first: usize,
    ) -> Result<(KeyBatch<'l>, Range<usize>), Problem> {
        let mut batch = KeyBatch::default();
        for (at, line) in lines.iter().enumerate().skip(first) {
            let Some(candidate) = line.candidate.as_ref().filter(|_| line.is_new()) else {
                continue;
            };
            let change = Change {
                at: candidate.key.created,
                ..self.state.change_by(self.caller)?
            };
            let new = NewKey {
                key: &candidate.key,
                plans: self.plans.of(candidate),
                twin: TwinValue::generate(&self.state.random.bytes()?),
                change,
            };
            if batch.add(new).is_err() {
                return Ok((batch, first..at));
            }
        }
        Ok((batch, first..lines.len()))
    }

    /// After an answer that was lost: whether the keys are there. A value that was generated
    /// is in no other hands, so that it must be told if they are.
    async fn find_out(&self, lines: &mut [Line]) {
        let new = lines.iter().filter(|line| line.is_new());
        let ids: Vec<KeyId> = new
            .filter_map(|line| Some(line.candidate.as_ref()?.key.id))
            .collect();
        const UNKNOWN: &str =
            "the table did not answer: it may have been written, so look before it is sent again";
        let found = self.state.store.keys_by_id(&ids).await;
        settle(lines, |line| match (&found, &line.candidate) {
            (Ok(found), Some(candidate)) => {
                let made = |key: &latchkey_domain::Key| {
                    (key.id, key.hash, key.created)
                        == (candidate.key.id, candidate.key.hash, candidate.key.created)
                };
                match found.iter().any(|record| made(&record.key)) {
                    true => Standing::Created,
                    false => Standing::New,
                }
            }
            _ => Standing::Left(Wrong::whole(UNKNOWN)),
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
            if Instant::now() >= self.deadline {
                return Ok(plans.iter().skip(at).cloned().collect());
            }
            attachments::put_on(self.state, self.caller, key, plan).await?;
            attached.push(plan.clone());
        }
        Ok(vec![])
    }
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
