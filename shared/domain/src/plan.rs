//! A usage plan: what its keys may call, how fast, and how much.

mod dear;
mod stages;

pub use dear::{TooDear, UnitsBound};
pub use stages::{BucketsUsedUp, MethodRule, MethodTerms, PlanStage, StageTerms};

use std::str::FromStr;

use jiff::Timestamp;

use crate::{
    ApiStage, Description, Invalid, Name, PlanId, Quota, Request, StageSelector, Throttle,
    meter::{Bucket, Buckets, Terms},
};

/// Whether each key has the plan's allowance, or a customer's keys share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Each key its own.
    #[default]
    Key,
    /// One for all keys of a customer on the plan.
    Customer,
}

/// Who counts the calls of a plan's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// Latchkey, in its table: exact, on every kind of API.
    #[default]
    DynamoDb,
    /// API Gateway, by a usage plan of its own that is kept in step: on REST APIs and
    /// WebSocket `$connect`.
    ApiGateway,
}

impl Enforcement {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::ApiGateway => "apiGateway",
        }
    }
}

impl FromStr for Enforcement {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::DynamoDb, Self::ApiGateway]
            .into_iter()
            .find(|enforcement| enforcement.as_str() == text)
            .ok_or_else(|| Invalid::new("an enforcement", text, "dynamodb or apiGateway"))
    }
}

/// A usage plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// What people call it.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// How fast each meter may be charged; none: as fast as one likes.
    pub throttle: Option<Throttle>,
    /// How much; none: as much as one likes.
    pub quota: Option<Quota>,
    /// What it covers: nothing when empty.
    pub stages: Vec<PlanStage>,
    /// The highest number that the bucket of a method was ever given; 0 before the first.
    pub buckets_given: u16,
    /// Who shares an allowance.
    pub scope: Scope,
    /// Who counts.
    pub enforcement: Enforcement,
    /// Whether it is being deleted: it covers nothing, and its keys are taken off.
    pub deleting: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Grows with each change: meters are charged under it. It begins with the time of
    /// creation, in ms, so that a plan that is made again under its id goes on after the
    /// versions of the one before, which meters and other instances may still hold.
    pub version: u64,
}

impl Plan {
    /// A plan made at `created`: without limits, covering nothing.
    pub fn new(id: PlanId, name: Name, created: Timestamp) -> Self {
        Self {
            id,
            name,
            description: None,
            throttle: None,
            quota: None,
            stages: Vec::new(),
            buckets_given: 0,
            scope: Scope::Key,
            enforcement: Enforcement::DynamoDb,
            deleting: false,
            created,
            updated: created,
            version: milliseconds(created),
        }
    }

    /// Methods that may have a throttle or units of their own, all stages together: a meter
    /// stays under 1 KB, and each call looks at all of them.
    pub const MAX_METHODS: usize = 24;

    /// The version after a change at `now`.
    pub fn next_version(&self, now: Timestamp) -> u64 {
        milliseconds(now).max(self.version + 1)
    }

    /// How closely the plan covers a call: an exact stage goes before `*`. A plan that API
    /// Gateway counts covers no HTTP API, where nothing would be counted.
    pub fn covers_call(&self, request: &Request) -> Option<u8> {
        let counted = self.enforcement == Enforcement::DynamoDb || request.has_native_plans;
        self.covers(&request.stage).filter(|_| counted)
    }

    /// How closely the plan covers an API stage: an exact stage goes before `*`. A plan that
    /// is being deleted covers nothing.
    pub fn covers(&self, stage: &ApiStage) -> Option<u8> {
        let stages = self.stages.iter().filter(|_| !self.deleting);
        stages.filter_map(|s| s.selector.covers(stage)).max()
    }

    /// A stage of each plan where both cover the same call, if there is one.
    pub fn overlap<'a>(&'a self, other: &'a Self) -> Option<&'a StageSelector> {
        if self.deleting || other.deleting {
            return None;
        }
        let theirs = || other.stages.iter().map(|stage| &stage.selector);
        self.stages
            .iter()
            .map(|stage| &stage.selector)
            .find(|mine| theirs().any(|theirs| mine.overlaps(theirs)))
    }

    /// What a call asks of the meter.
    pub fn terms(&self, request: &Request) -> Terms {
        let rules = self
            .stages
            .iter()
            .filter(|stage| stage.selector.covers(&request.stage).is_some())
            .flat_map(|stage| &stage.methods)
            .filter(|rule| rule.method.matches(request));
        let own = closest(rules.clone().filter(|rule| rule.throttle.is_some()));
        let own = own.and_then(|rule| rule.throttle);
        let bucket = own
            .map(|(number, throttle)| Bucket { number, throttle })
            .or_else(|| {
                self.throttle.map(|throttle| Bucket {
                    number: Bucket::PLAN,
                    throttle,
                })
            });
        Terms {
            plan_version: self.version,
            quota: self.quota,
            bucket,
            units: closest(rules.filter(|rule| rule.units.is_some()))
                .and_then(|rule| rule.units)
                .unwrap_or(1),
            buckets: self.buckets(),
        }
    }

    fn buckets(&self) -> Buckets {
        let methods = self.stages.iter().flat_map(|stage| &stage.methods);
        let numbers = methods
            .filter_map(|rule| rule.throttle)
            .map(|(number, _)| number);
        numbers.chain(self.throttle.map(|_| Bucket::PLAN)).collect()
    }
}

/// Of rules that match a call, the one whose method says most of it. Of two that say as much
/// the order of their texts decides, in which `{name}` goes before a last `*`, so that the order
/// in which a plan is written does not matter.
fn closest<'a>(rules: impl Iterator<Item = &'a MethodRule>) -> Option<&'a MethodRule> {
    let rank = |rule: &&'a MethodRule| {
        let rule: &'a MethodRule = rule;
        (rule.method.closeness(), &rule.method)
    };
    rules.max_by_key(rank)
}

/// What no single field of a plan can tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Two of its stages cover the same call.
    #[error("{0} and {1} cover the same stage: name each stage once")]
    StagesOverlap(StageSelector, StageSelector),
}

impl Plan {
    /// Checks what no single field can tell.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), PlanError> {
        for (at, first) in self.stages.iter().enumerate() {
            if let Some(second) = self.stages[at + 1..]
                .iter()
                .find(|s| s.selector.overlaps(&first.selector))
            {
                return Err(PlanError::StagesOverlap(
                    first.selector.clone(),
                    second.selector.clone(),
                ));
            }
        }
        Ok(())
    }
}

/// Since 1970.
fn milliseconds(at: Timestamp) -> u64 {
    at.as_millisecond().unsigned_abs()
}
