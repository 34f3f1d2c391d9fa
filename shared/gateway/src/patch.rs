//! From what a native plan is to what it should be, in one call.
//!
//! The paths are those of API Gateway's table of patch operations: `/name`, `/description`,
//! `/throttle` and `/quota` with their members, `/apiStages` with `apiId:stage` as value, and
//! `/apiStages/{apiId:stage}/throttle/{path}/{METHOD}/...`, the slashes of the path as `~1`.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use crate::{NativePlan, NativeThrottle};

/// What a patch operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchOp {
    /// Adds to a list.
    Add,
    /// Takes from a list, or a member away.
    Remove,
    /// Sets a member.
    Replace,
}

/// One patch operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// What it does.
    pub op: PatchOp,
    /// To what: a JSON pointer.
    pub path: String,
    /// The value, as text; none to take a whole member away.
    pub value: Option<String>,
}

impl Patch {
    pub(crate) fn replace(path: impl Into<String>, value: impl ToString) -> Self {
        Self::new(PatchOp::Replace, path.into(), Some(value.to_string()))
    }

    fn remove(path: impl Into<String>) -> Self {
        Self::new(PatchOp::Remove, path.into(), None)
    }

    fn stage(op: PatchOp, stage: &str) -> Self {
        Self::new(op, "/apiStages".to_owned(), Some(stage.to_owned()))
    }

    fn new(op: PatchOp, path: String, value: Option<String>) -> Self {
        Self { op, path, value }
    }

    pub(crate) fn to_sdk(&self) -> PatchOperation {
        let op = match self.op {
            PatchOp::Add => Op::Add,
            PatchOp::Remove => Op::Remove,
            PatchOp::Replace => Op::Replace,
        };
        PatchOperation::builder()
            .op(op)
            .path(&self.path)
            .set_value(self.value.clone())
            .build()
    }
}

pub(crate) fn to_sdk(patches: &[Patch]) -> Option<Vec<PatchOperation>> {
    Some(patches.iter().map(Patch::to_sdk).collect())
}

impl NativePlan {
    /// What to change in `self` so that it becomes `wanted`; nothing where they are the same.
    /// Stages that go come first: another plan of the same key may be waiting for them.
    pub fn patches(&self, wanted: &Self) -> Vec<Patch> {
        let mut patches = Vec::new();
        let gone = self.stages.keys();
        let gone = gone.filter(|stage| !wanted.stages.contains_key(*stage));
        patches.extend(gone.map(|stage| Patch::stage(PatchOp::Remove, stage)));
        if self.name != wanted.name {
            patches.push(Patch::replace("/name", &wanted.name));
        }
        if self.description != wanted.description {
            patches.push(Patch::replace("/description", &wanted.description));
        }
        let (before, after) = (self.throttle.as_ref(), wanted.throttle.as_ref());
        patch_throttle("/throttle", before, after, &mut patches);
        self.patch_quota(wanted, &mut patches);
        self.patch_stages(wanted, &mut patches);
        patches
    }

    fn patch_quota(&self, wanted: &Self, patches: &mut Vec<Patch>) {
        let Some(quota) = wanted.quota else {
            patches.extend(self.quota.map(|_| Patch::remove("/quota")));
            return;
        };
        if self.quota.map(|before| before.limit) != Some(quota.limit) {
            patches.push(Patch::replace("/quota/limit", quota.limit));
        }
        if self.quota.map(|before| before.offset) != Some(quota.offset) {
            patches.push(Patch::replace("/quota/offset", quota.offset));
        }
        if self.quota.map(|before| before.period) != Some(quota.period) {
            patches.push(Patch::replace("/quota/period", quota.period));
        }
    }

    /// Stages that come or stay, with their methods' throttles.
    fn patch_stages(&self, wanted: &Self, patches: &mut Vec<Patch>) {
        for (stage, throttles) in &wanted.stages {
            let before = self.stages.get(stage);
            if before.is_none() {
                patches.push(Patch::stage(PatchOp::Add, stage));
            }
            let gone = before.into_iter().flatten();
            let gone = gone.filter(|(method, _)| !throttles.contains_key(*method));
            patches.extend(gone.map(|(method, _)| Patch::remove(method_path(stage, method))));
            for (method, throttle) in throttles {
                let before = before.and_then(|before| before.get(method));
                patch_throttle(&method_path(stage, method), before, Some(throttle), patches);
            }
        }
    }
}

fn patch_throttle(
    path: &str,
    before: Option<&NativeThrottle>,
    wanted: Option<&NativeThrottle>,
    patches: &mut Vec<Patch>,
) {
    let Some(wanted) = wanted else {
        patches.extend(before.map(|_| Patch::remove(path)));
        return;
    };
    if before.map(|before| before.rate) != Some(wanted.rate) {
        patches.push(Patch::replace(format!("{path}/rateLimit"), wanted.rate));
    }
    if before.map(|before| before.burst) != Some(wanted.burst) {
        patches.push(Patch::replace(format!("{path}/burstLimit"), wanted.burst));
    }
}

/// `/path/METHOD` under its stage.
fn method_path(stage: &str, method: &str) -> String {
    let (path, verb) = method.rsplit_once('/').unwrap_or_default();
    let path = path.replace('~', "~0").replace('/', "~1");
    format!("/apiStages/{stage}/throttle/{path}/{verb}")
}
