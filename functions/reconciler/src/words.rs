//! What is different, in words.

use std::collections::BTreeSet;

use latchkey_gateway::{Patch, PatchOp};

/// What these patches would change back.
pub(crate) fn differences(patches: &[Patch]) -> String {
    let words: BTreeSet<String> = patches.iter().map(difference).collect();
    Vec::from_iter(words).join(", ")
}

fn difference(patch: &Patch) -> String {
    let parts: Vec<&str> = patch.path.split('/').skip(1).collect();
    let value = patch.value.as_deref().unwrap_or_default();
    match (parts.as_slice(), patch.op) {
        (["apiStages"], PatchOp::Remove) => format!("the stage {value} was added"),
        (["apiStages"], _) => format!("the stage {value} is not on it"),
        (["apiStages", stage, ..], _) => format!("a method throttle of {stage} is another"),
        ([field, ..], _) => format!("{field} is another"),
        ([], _) => "it is another".to_owned(),
    }
}
