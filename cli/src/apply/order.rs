//! The order of steps. A key may be on one plan only for each API stage, and what it covers now
//! and in the end it should cover all the time: of the steps that are left, the first is taken
//! that keeps both, else the first that the admin API would not refuse.

use latchkey_domain::StageSelector;

use super::state::{State, Step, meet};

/// The same steps in such an order.
pub(super) fn ordered(state: &State, mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(rank);
    let mut end = state.clone();
    steps.iter().for_each(|step| end.take(step));
    let mut now = state.clone();
    let mut order = Vec::with_capacity(steps.len());
    while !steps.is_empty() {
        let step = steps.remove(best(&now, &steps, &end));
        now.take(&step);
        order.push(step);
    }
    order
}

/// The place of the step to take.
fn best(now: &State, steps: &[Step], end: &State) -> usize {
    let mut best = (Judgement::Refused, 0);
    for (at, step) in steps.iter().enumerate() {
        let judgement = judge(now, step, end);
        if judgement == Judgement::Good {
            return at;
        }
        if judgement < best.0 {
            best = (judgement, at);
        }
    }
    best.1
}

/// How soon a step is taken where nothing speaks against it.
fn rank(step: &Step) -> u8 {
    match step {
        Step::CreatePlan { .. } => 0,
        Step::UpdatePlan { .. } => 1,
        Step::FinishKey { .. } => 2,
        Step::UpdateKey { .. } => 3,
        Step::Move { .. } => 4,
        Step::Attach { .. } => 5,
        Step::CreateKey { .. } => 6,
        Step::Detach { .. } => 7,
        Step::DeleteKey { .. } => 8,
        Step::DeletePlan { .. } => 9,
    }
}

/// What speaks against a step at this moment, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Judgement {
    Good,
    /// A key covers less for a while than before and after.
    Gap,
    /// The admin API would refuse it.
    Refused,
}

fn judge(now: &State, step: &Step, end: &State) -> Judgement {
    let touched: Vec<&str> = match (step, step.key()) {
        (Step::DeletePlan { id, .. }, _) if !now.keys_on(id).is_empty() => {
            return Judgement::Refused;
        }
        (Step::UpdatePlan { id, .. }, _) => now.keys_on(id),
        (_, name) => name.into_iter().collect(),
    };
    let mut after = now.part(&touched, step);
    after.take(step);
    let mut worst = Judgement::Good;
    for name in touched {
        let covered = after.covered(name);
        if overlap(&covered) {
            return Judgement::Refused;
        }
        if gap(&now.covered(name), &covered, &end.covered(name)) {
            worst = Judgement::Gap;
        }
    }
    worst
}

/// Whether two plans cover one stage.
fn overlap(plans: &[Vec<StageSelector>]) -> bool {
    plans.iter().enumerate().any(|(at, one)| {
        let others = plans.iter().skip(at + 1);
        others.into_iter().any(|other| meet(one, other))
    })
}

/// Whether something that is covered before and in the end is not covered after the step.
fn gap(
    before: &[Vec<StageSelector>],
    after: &[Vec<StageSelector>],
    end: &[Vec<StageSelector>],
) -> bool {
    let in_all = |plans: &[Vec<StageSelector>], stage: &StageSelector| {
        plans.iter().flatten().any(|other| other.overlaps(stage))
    };
    let stages = end.iter().flatten();
    stages
        .into_iter()
        .any(|stage| in_all(before, stage) && !in_all(after, stage))
}
