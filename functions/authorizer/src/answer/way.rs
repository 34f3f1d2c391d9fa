//! Which refusal goes out in which way. HTTP APIs turn every error into 500, so there a
//! refusal is always a Deny; elsewhere the error `Unauthorized` is 401, and a Deny is for
//! those who may know more.

use latchkey_domain::{Class, Reason};

use crate::{event::Kind, settings::DenyFor};

/// The way in which a refusal goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Unauthorized,
    Deny,
    Unavailable,
}

/// Which refusal goes which way.
pub(super) fn way(reason: Reason, kind: Kind, deny_for: DenyFor) -> Way {
    match (kind, reason.class()) {
        (_, Class::None) => Way::Unavailable,
        (Kind::HttpV1 | Kind::HttpV2, _) | (_, Class::Limit) => Way::Deny,
        _ if deny_for == DenyFor::All && is_of_a_known_key(reason) => Way::Deny,
        _ => Way::Unauthorized,
    }
}

/// Whether the caller has shown a key's value: only then may it learn anything of the key.
pub(super) fn is_of_a_known_key(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::MalformedEvent
            | Reason::MissingKey
            | Reason::MalformedKey
            | Reason::UnknownKey
            | Reason::Unavailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which refusal goes which way: the whole table.
    #[test]
    fn every_refusal_on_every_kind_of_api() {
        let row = |first: &str, second: &str, cells: [String; 5]| {
            let cells = cells.map(|cell| format!("{cell:14}")).concat();
            format!("{first:8}{second:20}{cells}").trim_end().to_owned()
        };
        let mut table = vec![row(
            "DENY_FOR",
            " reason",
            Kind::ALL.map(|kind| kind.as_str().to_owned()),
        )];
        for (name, deny_for) in [("limits", DenyFor::Limits), ("all", DenyFor::All)] {
            for reason in Reason::ALL {
                let ways = Kind::ALL.map(|kind| format!("{:?}", way(*reason, kind, deny_for)));
                table.push(row(name, &format!(" {reason}"), ways));
            }
        }
        insta::assert_snapshot!("refusals", table.join("\n"));
    }
}
