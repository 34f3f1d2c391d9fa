//! What the account allows.

/// The limits of an account and Region.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// API keys.
    pub keys: usize,
    /// Usage plans.
    pub plans: usize,
    /// Plans that a key may be on.
    pub plans_per_key: usize,
    /// Methods of a plan's stage with a throttle of their own.
    pub method_throttles: usize,
    /// Entries of a page, at most, whatever is asked for.
    pub page: usize,
    /// How many calls there may be.
    pub rates: Rates,
    /// The share of calls that change something, from 0 to 1, which meet a "concurrent
    /// modification" with nothing in the way.
    pub conflicts: f64,
    /// What ids, values and conflicts come from.
    pub seed: u64,
}

impl Default for Limits {
    /// AWS's, at its rates, without random conflicts.
    fn default() -> Self {
        Self {
            keys: 10_000,
            plans: 300,
            plans_per_key: 10,
            method_throttles: 20,
            page: 25,
            rates: Rates::Aws,
            conflicts: 0.0,
            seed: 1,
        }
    }
}

/// How many calls there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// As many as AWS allows, by tokio's clock: CreateApiKey and DeleteApiKey 5 in any second,
    /// GetResources 5 in any 2, CreateDeployment 1 in 5, UpdateUsagePlan 1 in 20, and all
    /// together 10 a second with a burst of 40.
    Aws,
    /// Any number.
    Unlimited,
}
