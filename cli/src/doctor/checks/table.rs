//! The table: whether it is the one that Latchkey writes to, and whether what is in it is safe.

use super::{Check, Finding};
use crate::doctor::facts::Facts;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let table = &facts.table;
    let name = &table.name;
    let mut findings = Vec::new();
    let mut tell = |problem: String, remedy: String| {
        findings.push(Finding::new(
            Check::Table,
            format!("table {name}"),
            problem,
            remedy,
        ));
    };
    if let Some(health) = &table.health {
        for trouble in &health.trouble {
            let remedy = "every call is refused meanwhile: README, \"A key of your own\", has what the KMS key's policy must say";
            tell(trouble.clone(), remedy.to_owned());
        }
        for difference in &health.differences {
            let remedy = "make it by template.yaml: docs/operations.md, \"Restore\"";
            tell(difference.clone(), remedy.to_owned());
        }
        if !health.protected {
            tell(
                "can be deleted by one call".to_owned(),
                format!(
                    "aws dynamodb update-table --table-name {name} --deletion-protection-enabled"
                ),
            );
        }
        if !health.replicas.is_empty() {
            tell(
                format!(
                    "has replicas in {}: conditions of writes hold in one Region, so quotas are exceeded where two Regions are written to",
                    health.replicas.join(", ")
                ),
                "use it in one Region only, or take the replicas away (docs/operations.md, \"Another Region\")".to_owned(),
            );
        }
    }
    if table.recovery == Some(false) {
        tell(
            "has no point-in-time recovery: what is deleted is gone".to_owned(),
            format!(
                "aws dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            ),
        );
    }
    if table.forgets == Some(false) {
        tell(
            "keeps what has had its time: old answers, meters and history".to_owned(),
            format!(
                "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification Enabled=true,AttributeName=ttl"
            ),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::samples::healthy, *};

    #[test]
    fn each_thing_that_is_wrong_is_found_with_its_command() {
        let mut facts = healthy();
        let health = facts.table.health.as_mut().unwrap();
        health.trouble = vec!["its status is ARCHIVED".to_owned()];
        health.differences = vec!["its index list is not there".to_owned()];
        health.protected = false;
        health.replicas = vec!["eu-west-1".to_owned()];
        facts.table.recovery = Some(false);
        facts.table.forgets = Some(false);
        let found = check(&facts);
        let problems: Vec<_> = found.iter().map(|one| one.problem.as_str()).collect();
        insta::assert_snapshot!(problems.join("\n"));
        let commands = found
            .iter()
            .filter(|one| one.remedy.starts_with("aws dynamodb update-"));
        assert_eq!(commands.count(), 3);
    }

    #[test]
    fn what_could_not_be_seen_is_not_found_wrong() {
        let mut facts = healthy();
        facts.table.health = None;
        facts.table.recovery = None;
        facts.table.forgets = None;
        assert_eq!(check(&facts), []);
    }
}
