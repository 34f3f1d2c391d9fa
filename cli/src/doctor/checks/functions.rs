//! The functions: whether they start with the settings that they have, agree on them, and may
//! run as long as they need; and whether the reconciler is called.

use latchkey_admin::settings::Settings as Admin;
use latchkey_authorizer::settings::Settings as Authorizer;
use latchkey_reconciler::settings::Settings as Reconciler;

use super::{Check, Finding};
use crate::doctor::facts::{Facts, Function};

const DEPLOY: &str =
    "set it by the stack's parameter, sam deploy (README, \"Settings\"), not at the function";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |function: &Option<Function>, least_seconds: u64, read: Read| {
        if let Some(function) = function {
            findings.extend(of_function(
                function,
                least_seconds,
                read,
                &facts.table.name,
            ));
        }
    };
    // A decision has a second, a cold start one more.
    look(&facts.authorizer, 3, |get| {
        Authorizer::read(get).map(drop).map_err(text)
    });
    look(&facts.admin, 10, |get| {
        Admin::read(get).map(drop).map_err(text)
    });
    look(&facts.reconciler, 60, |get| {
        Reconciler::read(get).map(drop).map_err(text)
    });
    findings.extend(agreement(facts));
    if let Some(state) = facts
        .schedule
        .as_deref()
        .filter(|state| *state != "ENABLED")
    {
        let problem = format!(
            "the rule that calls it each minute is {state}: what is pending at API Gateway stays so, and no drift is found"
        );
        let remedy = "aws events enable-rule --name <its name>, or deploy the stack again";
        findings.push(Finding::new(
            Check::Functions,
            "the reconciler",
            problem,
            remedy,
        ));
    }
    findings
}

type Read = fn(&dyn Fn(&str) -> Option<String>) -> Result<(), String>;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn of_function(function: &Function, least: u64, read: Read, table: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |problem: String, remedy: &str| {
        findings.push(Finding::new(
            Check::Functions,
            function.name.clone(),
            problem,
            remedy,
        ));
    };
    if let Err(faults) = read(&|name| function.variables.get(name).cloned()) {
        tell(
            format!("does not start with its settings: {faults}"),
            DEPLOY,
        );
    }
    let named = function
        .variables
        .get("TABLE_NAME")
        .map_or("none", String::as_str);
    if named != table {
        tell(format!("works with table {named}, not {table}"), DEPLOY);
    }
    if function.state != "Active" {
        let problem = format!("its state is {}: it cannot be called", function.state);
        tell(
            problem,
            "aws lambda get-function-configuration tells the reason (StateReason)",
        );
    }
    if function.timeout_seconds < least {
        let problem = format!(
            "may run {} s, and needs {least}: it is stopped before it has answered",
            function.timeout_seconds
        );
        tell(problem, "deploy the stack again: the template sets it");
    }
    findings
}

/// The reconciler flushes what the authorizer may remember: both must know for how long that is.
fn agreement(facts: &Facts) -> Option<Finding> {
    let cache = |function: &Option<Function>| {
        let text = function.as_ref()?.variables.get("KEY_CACHE_SECONDS");
        Some(
            text.filter(|text| !text.is_empty())
                .map_or("10", String::as_str)
                .to_owned(),
        )
    };
    let authorizer = cache(&facts.authorizer)?;
    let others = [
        ("admin", cache(&facts.admin)),
        ("reconciler", cache(&facts.reconciler)),
    ];
    let differs = others
        .into_iter()
        .find(|(_, theirs)| theirs.as_ref().is_some_and(|theirs| *theirs != authorizer));
    let (name, theirs) = differs?;
    let problem = format!(
        "KEY_CACHE_SECONDS is {authorizer} at the authorizer and {} at the {name}: a changed key's old answers may be kept after they were flushed",
        theirs.unwrap_or_default()
    );
    Some(Finding::new(Check::Functions, "the stack", problem, DEPLOY))
}

#[cfg(test)]
mod tests {
    use super::{
        super::samples::{healthy, problems, set},
        *,
    };

    #[test]
    fn settings_with_which_a_function_does_not_start_are_found() {
        let mut facts = healthy();
        set(&mut facts, "KEY_SOURCES", "cookie");
        assert!(
            problems(check(&facts))[0].starts_with("does not start with its settings: KEY_SOURCES")
        );
        let mut facts = healthy();
        let reconciler = facts.reconciler.as_mut().unwrap();
        reconciler.variables.insert("DRIFT".into(), "never".into());
        assert!(problems(check(&facts))[0].contains("DRIFT is \"never\""));
        let mut facts = healthy();
        let admin = facts.admin.as_mut().unwrap();
        admin.variables.insert("MANAGED_APIS".into(), "*".into());
        assert!(problems(check(&facts))[0].contains("MANAGED_APIS is \"*\""));
    }

    #[test]
    fn functions_that_do_not_agree_are_found() {
        let mut facts = healthy();
        set(&mut facts, "KEY_CACHE_SECONDS", "60");
        assert!(
            problems(check(&facts))[0]
                .starts_with("KEY_CACHE_SECONDS is 60 at the authorizer and 10")
        );
        let mut facts = healthy();
        set(&mut facts, "TABLE_NAME", "other");
        assert_eq!(
            problems(check(&facts)),
            ["works with table other, not keys"]
        );
    }

    #[test]
    fn a_function_that_cannot_be_called_or_not_for_long_is_found() {
        let mut facts = healthy();
        let authorizer = facts.authorizer.as_mut().unwrap();
        authorizer.state = "Inactive".to_owned();
        authorizer.timeout_seconds = 2;
        assert_eq!(problems(check(&facts)).len(), 2);
    }

    #[test]
    fn a_schedule_that_is_off_is_found() {
        let mut facts = healthy();
        facts.schedule = Some("DISABLED".to_owned());
        assert!(problems(check(&facts))[0].contains("is DISABLED"));
    }
}
