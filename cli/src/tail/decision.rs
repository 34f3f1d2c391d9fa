//! A decision as it is shown, wherever it is from.

use std::fmt;

use jiff::Timestamp;

use crate::visible::visible;

/// What calls that passed are sought by.
pub(super) const ALLOWED: &str = "allowed";

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) at: Timestamp,
    pub(super) allowed: bool,
    /// What the client got, where that is known.
    pub(super) status: Option<u16>,
    /// Why it was refused; of one that passed without the table, that.
    pub(super) reason: Option<String>,
    pub(super) method: Option<String>,
    /// The path, else API and stage.
    pub(super) called: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) plan_id: Option<String>,
    /// Units left of the quota.
    pub(super) left: Option<u64>,
    /// How many calls it stands for.
    pub(super) sample: u64,
}

/// Which decisions are shown; all that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sought {
    pub(super) key_id: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) plan_id: Option<String>,
    /// A reason, or [`ALLOWED`].
    pub(super) reason: Option<String>,
}

impl Sought {
    pub(super) fn holds(&self, decision: &Decision) -> bool {
        let is =
            |sought: &Option<String>, told: &Option<String>| sought.is_none() || sought == told;
        let reason = match self.reason.as_deref() {
            Some(ALLOWED) => decision.allowed,
            _ => is(&self.reason, &decision.reason),
        };
        reason
            && is(&self.key_id, &decision.key_id)
            && is(&self.customer_id, &decision.customer_id)
            && is(&self.plan_id, &decision.plan_id)
    }
}

/// One line.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.status, self.allowed) {
            (Some(status), _) => status.to_string(),
            (None, true) => "allow".to_owned(),
            (None, false) => "deny".to_owned(),
        };
        let reason = self.reason.as_deref().unwrap_or_default();
        let outcome = visible(&format!("{verdict} {reason}"));
        let word = |word: &Option<String>| visible(word.as_deref().unwrap_or("-"));
        let left = self.left.map(|left| format!("{left} left"));
        write!(
            f,
            "{:.0}  {:<22}  {:<7} {:<28}  {}  {}  {}  {}",
            self.at,
            outcome.trim_end(),
            word(&self.method),
            word(&self.called),
            word(&self.key_id),
            word(&self.customer_id),
            word(&self.plan_id),
            left.as_deref().unwrap_or("-"),
        )?;
        if self.sample > 1 {
            write!(f, "  x{}", self.sample)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision() -> Decision {
        Decision {
            at: "2026-11-26T12:00:00.25Z".parse().unwrap(),
            allowed: false,
            status: None,
            reason: Some("throttled".to_owned()),
            method: Some("GET".to_owned()),
            called: Some("a1/prod".to_owned()),
            key_id: Some("key_1".to_owned()),
            customer_id: None,
            plan_id: Some("gold".to_owned()),
            left: Some(7),
            sample: 1,
        }
    }

    #[test]
    fn a_decision_is_a_line() {
        assert_eq!(
            decision().to_string(),
            "2026-11-26T12:00:00Z  deny throttled          GET     a1/prod                       key_1  -  gold  7 left"
        );
        let admitted = Decision {
            allowed: true,
            status: Some(200),
            reason: None,
            sample: 100,
            called: Some("/x\u{1b}[2J\u{202e}".to_owned()),
            ..decision()
        };
        assert_eq!(
            admitted.to_string(),
            "2026-11-26T12:00:00Z  200                     GET     /x\u{fffd}[2J\u{fffd}                       key_1  -  gold  7 left  x100"
        );
    }

    #[test]
    fn all_that_is_sought_must_hold() {
        let some = |text: &str| Some(text.to_owned());
        let sought = |sought: Sought| sought.holds(&decision());
        assert!(sought(Sought::default()));
        assert!(sought(Sought {
            reason: some("throttled"),
            key_id: some("key_1"),
            ..Sought::default()
        }));
        assert!(!sought(Sought {
            reason: some("throttled"),
            key_id: some("key_2"),
            ..Sought::default()
        }));
        assert!(!sought(Sought {
            reason: some(ALLOWED),
            ..Sought::default()
        }));
        assert!(!sought(Sought {
            customer_id: some("acme"),
            ..Sought::default()
        }));
        let admitted = Decision {
            allowed: true,
            reason: some("store_failure"),
            ..decision()
        };
        assert!(
            Sought {
                reason: some(ALLOWED),
                ..Sought::default()
            }
            .holds(&admitted)
        );
        assert!(
            Sought {
                reason: some("store_failure"),
                ..Sought::default()
            }
            .holds(&admitted)
        );
    }
}
