//! Each check in plain words: what it means that it holds or fails, and what to do about it.

use latchkey_domain::Reason;

use super::report::Report;

/// The check of a name that this release knows.
pub(super) fn reason(name: &str) -> Option<Reason> {
    Reason::ALL
        .iter()
        .copied()
        .find(|reason| reason.as_str() == name)
}

/// What it means that the check holds.
pub(super) fn passed(reason: Reason) -> &'static str {
    match reason {
        Reason::MalformedEvent => "the call can be read",
        Reason::MissingKey => "a key was sent",
        Reason::MalformedKey => "the value can be a key's",
        Reason::UnknownKey => "there is a key with this value",
        Reason::KeyDisabled => "the key is enabled",
        Reason::KeyNotYetValid => "its time has begun",
        Reason::KeyExpired => "its time is not over",
        Reason::IpNotAllowed => "it may be used from this address",
        Reason::RouteNotAllowed => "it opens this method and path",
        Reason::NoUsagePlan => "one of its plans covers this API and stage",
        Reason::QuotaExceeded => "the quota has room for the call",
        Reason::Throttled => "neither rate nor burst is reached",
        Reason::Unavailable => "the table answers",
    }
}

/// What it means that the check fails.
pub(super) fn failed(reason: Reason) -> &'static str {
    match reason {
        Reason::MalformedEvent => "the call cannot be read",
        Reason::MissingKey => "no key was sent",
        Reason::MalformedKey => "the value can be no key's: it was cut or changed on its way",
        Reason::UnknownKey => "no key has this value, or no longer",
        Reason::KeyDisabled => "the key is switched off",
        Reason::KeyNotYetValid => "its time has not begun",
        Reason::KeyExpired => "its time is over",
        Reason::IpNotAllowed => "it may not be used from this address",
        Reason::RouteNotAllowed => "it does not open this method and path",
        Reason::NoUsagePlan => "none of its plans covers this API and stage",
        Reason::QuotaExceeded => "the quota has no room for the call",
        Reason::Throttled => "too many calls at once: rate and burst are reached",
        Reason::Unavailable => "the plan has just been changed",
    }
}

/// What to do about it, a line each: words, and commands to copy.
pub(super) fn remedy(reason: Reason, report: &Report<'_>) -> Vec<String> {
    let key = report.verified.key_id.as_deref().unwrap_or("KEY_ID");
    let plan = report.verified.plan_id.as_deref().unwrap_or("PLAN_ID");
    let update = |flags: &str| format!("latchkey keys update {key} {flags}");
    let (method, path) = (&report.asked.method, &report.asked.path);
    let lines = match reason {
        Reason::MalformedEvent | Reason::MissingKey => {
            vec!["Send the key in one of the places that KeySources names.".to_owned()]
        }
        Reason::MalformedKey => vec![
            "Compare it with what the customer was given: all of it, without quotes or blanks."
                .to_owned(),
        ],
        Reason::UnknownKey => vec![
            "It was never given, or was replaced by a rotation, or its key is deleted. Find the key:"
                .to_owned(),
            "latchkey keys list --customer CUSTOMER_ID".to_owned(),
        ],
        Reason::KeyDisabled => vec![update("--enabled true")],
        Reason::KeyNotYetValid => {
            vec![format!("Wait until {}, or:", report.not_before()), update("--not-before none")]
        }
        Reason::KeyExpired => vec![
            format!("It ended at {}. Give it more time:", report.expires_at()),
            update("--expires-at none"),
        ],
        Reason::IpNotAllowed if !report.asked.has_address() => {
            vec![format!("No address was given: say it with --ip. {}", report.allowed_ips())]
        }
        Reason::IpNotAllowed => {
            vec![format!("{} To change that:", report.allowed_ips()), update("--allowed-ips NETWORK,...")]
        }
        Reason::RouteNotAllowed => vec![
            format!("{} To change that:", report.routes()),
            update(&format!("--routes '{method} {path},...'")),
        ],
        Reason::NoUsagePlan => vec![
            format!("{} Put it on one that covers {}:", report.plans(), report.place()),
            format!("latchkey keys attach {key} PLAN_ID"),
        ],
        Reason::QuotaExceeded => vec![
            format!("Wait, or grant more for this period, or raise the quota of {plan}:"),
            format!("latchkey usage grant {key} --plan {plan} --remaining UNITS"),
        ],
        Reason::Throttled => {
            vec![format!("Wait, call less often at a time, or raise rate and burst of {plan}.")]
        }
        Reason::Unavailable => vec!["Ask again.".to_owned()],
    };
    lines
}
