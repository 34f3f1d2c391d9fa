//! Methods whose calls would cost more than the plan ever allows at once.

use super::{MethodRule, Plan, PlanStage, closest};
use crate::{MethodKey, Throttle};

/// A method of which no call would ever pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooDear {
    /// The place of its API stage in the plan.
    pub stage: usize,
    /// The method as the plan names it.
    pub method: MethodKey,
    /// What a call costs.
    pub units: u64,
    /// What there is at most.
    pub bound: UnitsBound,
}

/// The most units that there are at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitsBound {
    /// In a whole period.
    Quota(u64),
    /// In the plan's bucket.
    Plan(u64),
    /// In the bucket of a method, to which the call would be charged.
    Method {
        /// The method as the plan names it.
        method: MethodKey,
        /// Its burst.
        burst: u64,
    },
}

impl Plan {
    /// The methods that cost more than the quota's limit or the burst of the bucket that a call
    /// would be charged to. A limit or burst of 0, which is to let nothing through, is none.
    pub fn too_dear(&self) -> Vec<TooDear> {
        let mut found = Vec::new();
        for (at, stage) in self.stages.iter().enumerate() {
            for rule in &stage.methods {
                let units = rule.units.unwrap_or(1);
                let bound = self.bound_below(units, stage, rule);
                found.extend(bound.map(|bound| TooDear {
                    stage: at,
                    method: rule.method.clone(),
                    units,
                    bound,
                }));
            }
        }
        found
    }

    fn bound_below(&self, units: u64, stage: &PlanStage, rule: &MethodRule) -> Option<UnitsBound> {
        let limit = self.quota.map(|quota| quota.limit());
        if let Some(limit) = limit.filter(|limit| is_below(*limit, units)) {
            return Some(UnitsBound::Quota(limit));
        }
        // All calls that `rule` and some throttle match are calls of one method key, so that
        // looking at these keys looks at every call.
        let throttled = stage.methods.iter().filter(|rule| rule.throttle.is_some());
        let shared = throttled.filter_map(|other| rule.method.meet(&other.method));
        let calls = std::iter::once(rule.method.clone()).chain(shared);
        calls
            .filter(|calls| charged_by(stage, calls, |rule| rule.units.is_some()) == Some(rule))
            .find_map(|calls| self.burst_below(units, stage, &calls))
    }

    /// The burst of the bucket that these calls are charged to, where it is too small.
    fn burst_below(&self, units: u64, stage: &PlanStage, calls: &MethodKey) -> Option<UnitsBound> {
        let own = charged_by(stage, calls, |rule| rule.throttle.is_some());
        let own = own.and_then(|rule| Some((&rule.method, rule.throttle?.1.burst())));
        match own {
            Some((method, burst)) => is_below(burst, units).then(|| UnitsBound::Method {
                method: method.clone(),
                burst,
            }),
            None => {
                let burst = self.throttle.as_ref().map(Throttle::burst)?;
                is_below(burst, units).then_some(UnitsBound::Plan(burst))
            }
        }
    }
}

fn is_below(bound: u64, units: u64) -> bool {
    bound > 0 && bound < units
}

/// The rule of one kind that goes for calls of this method key.
fn charged_by<'a>(
    stage: &'a PlanStage,
    calls: &MethodKey,
    kind: impl Fn(&MethodRule) -> bool,
) -> Option<&'a MethodRule> {
    let rules = stage.methods.iter().filter(|rule| kind(rule));
    closest(rules.filter(|rule| rule.method.covers(calls)))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{Period, Quota, StageSelector};

    /// Of `(method, burst, units)`, with a plan's burst and a quota's limit.
    fn dear(
        (burst, limit): (Option<u64>, Option<u64>),
        rules: &[(&str, Option<u64>, Option<u64>)],
    ) -> Vec<String> {
        let throttle = |burst| Throttle::new("1".parse().unwrap(), Some(burst)).unwrap();
        let rule = |(number, (method, burst, units)): (u16, &(&str, Option<u64>, Option<u64>))| {
            MethodRule {
                method: method.parse().unwrap(),
                throttle: burst.map(|burst| (number, throttle(burst))),
                units: *units,
            }
        };
        let stage = PlanStage {
            selector: StageSelector::new("a1", "prod").unwrap(),
            methods: (1..).zip(rules).map(rule).collect(),
        };
        let (id, name) = ("p".parse().unwrap(), "P".parse().unwrap());
        let plan = Plan {
            throttle: burst.map(throttle),
            quota: limit.map(|limit| Quota::new(limit, Period::Day).unwrap()),
            stages: vec![stage],
            ..Plan::new(id, name, Timestamp::UNIX_EPOCH)
        };
        let told = |dear: TooDear| {
            let bound = match dear.bound {
                UnitsBound::Quota(limit) => format!("quota {limit}"),
                UnitsBound::Plan(burst) => format!("plan {burst}"),
                UnitsBound::Method { method, burst } => format!("{method} {burst}"),
            };
            format!("{}: {} > {bound}", dear.method, dear.units)
        };
        plan.too_dear().into_iter().map(told).collect()
    }

    #[test]
    fn units_fit_the_bucket_that_the_call_is_charged_to_and_the_quota() {
        let five = ("/a/GET", None, Some(5));
        assert_eq!(dear((Some(5), Some(5)), &[five]), [""; 0]);
        assert_eq!(dear((None, None), &[five]), [""; 0]);
        assert_eq!(dear((Some(4), None), &[five]), ["/a/GET: 5 > plan 4"]);
        assert_eq!(dear((Some(4), Some(3)), &[five]), ["/a/GET: 5 > quota 3"]);
        assert_eq!(dear((Some(0), Some(0)), &[five]), [""; 0], "0 is meant");
        assert_eq!(
            dear((Some(4), None), &[("/a/GET", Some(5), Some(5))]),
            [""; 0]
        );
        assert_eq!(
            dear((Some(9), None), &[("/a/GET", Some(4), Some(5))]),
            ["/a/GET: 5 > /a/GET 4"]
        );
    }

    #[test]
    fn it_is_the_bucket_of_the_closest_method_that_counts() {
        let reports = ("/reports/*/GET", None, Some(5));
        let daily = ("/reports/daily/GET", Some(3), None);
        assert_eq!(
            dear((None, None), &[reports, daily]),
            ["/reports/*/GET: 5 > /reports/daily/GET 3"]
        );
        let cheap = ("/reports/daily/GET", Some(3), Some(1));
        assert_eq!(dear((None, None), &[reports, cheap]), [""; 0]);
        let wide = ("/reports/*/GET", Some(5), None);
        let dear_one = ("/reports/daily/GET", None, Some(5));
        assert_eq!(dear((Some(1), None), &[wide, dear_one]), [""; 0]);
        let crossing = [("/{a}/b/GET", None, Some(5)), ("/a/{b}/*", Some(2), None)];
        assert_eq!(
            dear((None, None), &crossing),
            ["/{a}/b/GET: 5 > /a/{b}/* 2"]
        );
        let apart = [("/a/GET", None, Some(5)), ("/a/POST", Some(2), None)];
        assert_eq!(dear((None, None), &apart), [""; 0]);
    }
}
