//! The checks: from what was seen to what is wrong. No I/O.

mod authorizers;
mod clock;
mod functions;
mod native_plans;
mod own_answers;
mod permissions;
mod statement;
mod table;

#[cfg(test)]
mod samples;

use super::{
    facts::{Facts, Unseen},
    finding::Finding,
};

/// A check, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Check {
    /// Result TTL, identity sources and the form of answers of each authorizer
    Authorizers,
    /// What API Gateway answers itself on REST APIs: status, Retry-After, CORS
    GatewayResponses,
    /// Whether each API may call the authorizer
    Permissions,
    /// Plans that API Gateway counts: in step, and in front of APIs where they count
    NativePlans,
    /// The table: schema, recovery, protection, replicas
    Table,
    /// The functions' settings, states and time limits, and the reconciler's schedule
    Functions,
    /// This machine's clock
    Clock,
}

type Look = fn(&Facts) -> Vec<Finding>;

const CHECKS: [(Check, Look); 7] = [
    (Check::Authorizers, authorizers::check),
    (Check::GatewayResponses, own_answers::check),
    (Check::Permissions, permissions::check),
    (Check::NativePlans, native_plans::check),
    (Check::Table, table::check),
    (Check::Functions, functions::check),
    (Check::Clock, clock::check),
];

impl Check {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorizers => "authorizers",
            Self::GatewayResponses => "gateway-responses",
            Self::Permissions => "permissions",
            Self::NativePlans => "native-plans",
            Self::Table => "table",
            Self::Functions => "functions",
            Self::Clock => "clock",
        }
    }
}

/// All that is wrong, but for what is skipped.
pub(super) fn findings(facts: &Facts, skip: &[Check]) -> Vec<Finding> {
    let wanted = CHECKS.iter().filter(|(check, _)| !skip.contains(check));
    wanted.flat_map(|(_, look)| look(facts)).collect()
}

/// What the checks cannot tell, but for what is skipped.
pub(super) fn not_seen(facts: &Facts, skip: &[Check]) -> Vec<Unseen> {
    if skip.contains(&Check::Permissions) {
        return Vec::new();
    }
    permissions::not_seen(facts)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::{samples::healthy, *};

    #[test]
    fn a_healthy_stack_has_no_findings() {
        assert_eq!(findings(&healthy(), &[]), []);
        assert_eq!(not_seen(&healthy(), &[]), []);
    }

    #[test]
    fn a_check_that_is_skipped_finds_nothing() {
        let mut facts = healthy();
        facts.table.recovery = Some(false);
        assert_eq!(findings(&facts, &[]).len(), 1);
        assert_eq!(findings(&facts, &[Check::Table]), []);
    }

    #[test]
    fn each_check_is_looked_at_under_its_name() {
        let looked: Vec<Check> = CHECKS.iter().map(|(check, _)| *check).collect();
        assert_eq!(looked, Check::value_variants());
        for check in Check::value_variants() {
            let named = check
                .to_possible_value()
                .map(|value| value.get_name().to_owned());
            assert_eq!(named.as_deref(), Some(check.name()));
        }
    }
}
