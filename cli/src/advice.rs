//! What to do next, for each way in which the admin API refuses.

use crate::client::Problem;

/// For a fault, which is none of the caller's.
const FAULT: &str = "run it once more in a while; a change may have been made: look at it with `list` or `show`. Where it stays so, the admin function's log tells why";

/// By the name of the problem's page (docs/problems).
const ADVICE: [(&str, &str); 17] = [
    (
        "already-attached",
        "`latchkey keys show ID` shows the plans that it is on",
    ),
    ("changed-meanwhile", "run it once more"),
    (
        "customer-in-use",
        "`latchkey keys detach KEY PLAN` takes it off plans whose keys share one allowance",
    ),
    (
        "header-key",
        "make another key with `latchkey keys create`, and delete this one when it is no longer used",
    ),
    (
        "idempotency-key-running",
        "the same call is still running: look at what it did with `list` or `show`",
    ),
    (
        "invalid-request",
        "--help names the fields and what is expected",
    ),
    (
        "no-identity",
        "sign the call: --region or --profile says as whom",
    ),
    (
        "no-quota",
        "`latchkey plans update PLAN --quota 1000/DAY` gives it one",
    ),
    (
        "not-attached",
        "`latchkey plans keys PLAN` lists the keys on it; `latchkey plans attach PLAN KEY` puts one on it",
    ),
    (
        "plan-deleting",
        "name another plan: `latchkey plans list` shows them",
    ),
    (
        "plan-in-the-way",
        "`latchkey keys move KEY --from-plan A --to-plan B` puts it from one on the other",
    ),
    (
        "plan-in-use",
        "`latchkey plans keys PLAN` lists its keys; `latchkey plans delete PLAN --force` takes them off, too",
    ),
    (
        "precondition-failed",
        "somebody has changed it since: look at it again with `show`",
    ),
    (
        "too-many-values",
        "wait until a former value ends, or rotate without grace, which ends all of them",
    ),
    ("unknown-key", "`latchkey keys list` shows the keys"),
    ("unknown-plan", "`latchkey plans list` shows the plans"),
    (
        "value-taken",
        "`latchkey keys show KEY` shows the key that has it",
    ),
];

/// For its problem, else for its status.
pub(crate) fn for_refusal(problem: &Problem) -> Option<&'static str> {
    let fault = || (problem.status >= 500).then_some(FAULT);
    for_problem(&problem.kind).or_else(fault)
}

/// For a problem such as `/problems/unknown-plan`.
fn for_problem(kind: &str) -> Option<&'static str> {
    let name = kind.strip_prefix("/problems/")?;
    let found = ADVICE.iter().find(|(theirs, _)| *theirs == name);
    found.map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_advice_is_for_a_problem_that_there_is() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/problems");
        for (name, _) in ADVICE {
            let page = std::path::Path::new(pages).join(format!("{name}.md"));
            assert!(page.exists(), "{name}");
        }
        let advice = for_problem("/problems/unknown-plan");
        assert_eq!(advice, Some("`latchkey plans list` shows the plans"));
        assert_eq!(for_problem("/problems/internal"), None);
    }
}
