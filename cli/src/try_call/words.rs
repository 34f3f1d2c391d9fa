//! What to do about a check that fails.

use latchkey_domain::Reason;

use super::report::Report;

/// What to do about it, a line each: words, and commands to copy.
pub(super) fn remedy(reason: Reason, report: &Report<'_>) -> Vec<String> {
    let key = report.verified.key_id.as_deref().unwrap_or("KEY_ID");
    let plan = report.verified.plan_id.as_deref().unwrap_or("PLAN_ID");
    let update = |flags: &str| format!("latchkey keys update {key} {flags}");
    let (method, path) = (&report.asked.method, &report.asked.path);
    match reason {
        Reason::MalformedEvent | Reason::MissingKey => {
            vec!["Send the key in one of the places that KeySources names.".to_owned()]
        }
        Reason::MalformedKey => vec![
            "Compare it with what the customer was given: all of it, without quotes or blanks."
                .to_owned(),
        ],
        Reason::UnknownKey => vec![
            "It was never given, or a rotation has replaced it, or its key is deleted. Find the key:"
                .to_owned(),
            "latchkey keys list --customer-id CUSTOMER_ID".to_owned(),
        ],
        Reason::KeyDisabled => vec![update("--enabled true")],
        Reason::KeyNotYetValid => vec![
            format!("Wait until {}, or let it begin now:", report.not_before()),
            update("--clear not-before"),
        ],
        Reason::KeyExpired => vec![
            format!("It ended at {}. Let it go on:", report.expires_at()),
            update("--clear expires-at"),
        ],
        Reason::IpNotAllowed if !report.asked.has_address() => vec![format!(
            "No address was given: say it with --ip. {}",
            report.allowed_ips()
        )],
        Reason::IpNotAllowed => vec![
            format!("{} To let it be used from others instead:", report.allowed_ips()),
            update("--allowed-ip NETWORK"),
        ],
        Reason::RouteNotAllowed => vec![
            format!("{} To let it open others instead:", report.routes()),
            update(&format!("--route '{method} {path}'")),
        ],
        Reason::NoUsagePlan => vec![
            format!("{} Put it on one that covers {}:", report.plans(), report.place()),
            format!("latchkey keys attach {key} PLAN_ID"),
            "latchkey plans list".to_owned(),
        ],
        Reason::QuotaExceeded => vec![
            format!("Wait, or raise the quota of {plan}, or set what is left for this period:"),
            format!(
                "latchkey usage grant {plan} {key} --remaining {}",
                report.quota_limit()
            ),
        ],
        Reason::Throttled => vec![format!(
            "Wait, call less often at a time, or raise rate and burst of {plan}."
        )],
        Reason::Unavailable => vec!["Ask again.".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use latchkey_domain::Reason;

    use super::*;
    use crate::{client::Verified, help::words, try_call::asked::Asked};

    #[test]
    fn each_command_that_is_advised_is_one() {
        let verified: Verified =
            serde_json::from_str(r#"{"decision": "deny", "checks": []}"#).unwrap();
        let asked = Asked::of_test("GET", "/orders/42", Some("192.0.2.1"));
        let report = Report {
            asked: &asked,
            verified: &verified,
            key: None,
            plan: None,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let lines = Reason::ALL
            .iter()
            .flat_map(|reason| remedy(*reason, &report));
        let commands: Vec<String> = lines.filter(|line| line.starts_with("latchkey ")).collect();
        assert_eq!(commands.len(), 9);
        for command in commands {
            let command = command.replace("NETWORK", "192.0.2.0/24");
            let parsed = crate::Command::try_parse_from(words(&command));
            assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
        }
    }
}
