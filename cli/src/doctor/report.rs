//! Findings as lines to read, and as JSON.

use std::io::{self, Write};

use serde_json::json;

use super::{facts::Facts, finding::Finding};

/// # Errors
/// Of writing.
pub(super) fn text(facts: &Facts, findings: &[Finding], to: &mut impl Write) -> io::Result<()> {
    for finding in findings {
        let (check, resource) = (finding.check.name(), &finding.resource);
        writeln!(
            to,
            "{check}: {resource}: {}\n  -> {}",
            finding.problem, finding.remedy
        )?;
    }
    for unseen in &facts.unseen {
        writeln!(to, "could not look at {}: {}", unseen.what, unseen.why)?;
    }
    let apis = facts.apis.len();
    let found = match findings.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 finding".to_owned(),
        several => format!("{several} findings"),
    };
    let partly = match facts.unseen.is_empty() {
        true => "",
        false => " in what could be looked at",
    };
    let (stack, plans) = (&facts.stack, facts.plans.len());
    writeln!(
        to,
        "stack {stack}, {apis} APIs, {plans} plans: {found}{partly}"
    )
}

/// # Errors
/// Of writing.
pub(super) fn json(facts: &Facts, findings: &[Finding], to: &mut impl Write) -> io::Result<()> {
    let findings: Vec<_> = findings
        .iter()
        .map(|one| {
            json!({
                "check": one.check.name(), "resource": one.resource,
                "problem": one.problem, "remedy": one.remedy,
            })
        })
        .collect();
    let unseen = facts.unseen.iter();
    let unseen: Vec<_> = unseen
        .map(|one| json!({"what": one.what, "why": one.why}))
        .collect();
    let document = json!({
        "stack": facts.stack,
        "lookedDate": facts.now.to_string(),
        "apis": facts.apis.iter().map(|api| &api.found.id).collect::<Vec<_>>(),
        "findings": findings,
        "notLookedAt": unseen,
    });
    writeln!(to, "{document:#}")
}
