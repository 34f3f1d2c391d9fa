//! The checks of a call in plain words, on a terminal and in the console alike.

use latchkey_domain::Reason;

/// The check of a name that this release knows.
pub(crate) fn reason(name: &str) -> Option<Reason> {
    Reason::ALL
        .iter()
        .copied()
        .find(|reason| reason.as_str() == name)
}

/// What it means that the check holds.
pub(crate) fn passed(reason: Reason) -> &'static str {
    match reason {
        Reason::MalformedEvent => "The call can be understood",
        Reason::MissingKey => "A key was sent",
        Reason::MalformedKey => "It has the form of a key",
        Reason::UnknownKey => "There is such a key",
        Reason::KeyDisabled => "The key is enabled",
        Reason::KeyNotYetValid => "Its time has begun",
        Reason::KeyExpired => "It has not expired",
        Reason::IpNotAllowed => "The caller's address is allowed",
        Reason::RouteNotAllowed => "The key may call this method and path",
        Reason::NoUsagePlan => "One of its plans covers this API and stage",
        Reason::QuotaExceeded => "Enough of the quota is left",
        Reason::Throttled => "The throttle lets it pass",
        Reason::Unavailable => "The table answers",
    }
}

/// What it means that the check fails.
pub(crate) fn failed(reason: Reason) -> &'static str {
    match reason {
        Reason::MalformedEvent => "The call cannot be understood",
        Reason::MissingKey => "No key was sent",
        Reason::MalformedKey => "It cannot be a key: something is missing, or too much",
        Reason::UnknownKey => "No key has this value",
        Reason::KeyDisabled => "The key is disabled",
        Reason::KeyNotYetValid => "Its time has not begun",
        Reason::KeyExpired => "It has expired",
        Reason::IpNotAllowed => "The caller's address is none of those that the key is for",
        Reason::RouteNotAllowed => "None of the key's routes opens this method and path",
        Reason::NoUsagePlan => "None of its plans covers this API and stage",
        Reason::QuotaExceeded => "The quota of this period is used up",
        Reason::Throttled => "Too many calls came at once: the throttle holds it back",
        Reason::Unavailable => "The table did not answer in time",
    }
}
