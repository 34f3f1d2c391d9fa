//! The API stages of a plan, and the numbers of the buckets of their methods.
//!
//! An owner says what of a method differs from the plan; which bucket of the meter a throttle
//! gets is the plan's own affair. A method that stays keeps its bucket whatever else changes,
//! in whatever order it is written, and what a bucket was used for once it is never used for
//! again: meters of years ago may still hold it.

use crate::{MethodKey, Plan, StageSelector, Throttle};

/// What a plan says of one method of one API stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodRule {
    /// The method.
    pub method: MethodKey,
    /// Its own throttle, which then replaces the plan's, and the number of its bucket in
    /// the meter: given once by the plan, never used again for another method.
    pub throttle: Option<(u16, Throttle)>,
    /// What a call costs, in units; 1 unless said.
    pub units: Option<u64>,
}

impl MethodRule {
    /// Most units that a call may cost: those of the highest burst, since no bucket could ever
    /// pay for more.
    pub const MAX_UNITS: u64 = Throttle::MAX_BURST;
}

/// An API stage of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStage {
    /// Which.
    pub selector: StageSelector,
    /// Its methods that differ from the plan.
    pub methods: Vec<MethodRule>,
}

/// A method of an API stage as its owner describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodTerms {
    /// The method.
    pub method: MethodKey,
    /// Its own throttle.
    pub throttle: Option<Throttle>,
    /// What a call costs, in units.
    pub units: Option<u64>,
}

/// An API stage as its owner describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTerms {
    /// Which.
    pub selector: StageSelector,
    /// Its methods that differ from the plan, each once.
    pub methods: Vec<MethodTerms>,
}

/// A plan that has no number left for another method's bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this plan has given all of its {most} numbers to throttles of methods, and none is given twice: make another plan, and put the keys on it",
    most = u16::MAX
)]
pub struct BucketsUsedUp;

impl Plan {
    /// Replaces the API stages. A method that the plan has on the same stage already keeps the
    /// number of its bucket and its place; a throttle that is new gets a number that none had
    /// before.
    ///
    /// # Errors
    /// [`BucketsUsedUp`]; the plan is then as it was.
    pub fn set_stages(&mut self, stages: Vec<StageTerms>) -> Result<(), BucketsUsedUp> {
        let mut given = self.buckets_given;
        let mut after = Vec::with_capacity(stages.len());
        for stage in stages {
            let mut known = self.stages.iter();
            let before = known.find(|known| known.selector == stage.selector);
            let before = before.map_or(&[][..], |known| &known.methods);
            after.push(stage.numbered(before, &mut given)?);
        }
        (self.stages, self.buckets_given) = (after, given);
        Ok(())
    }

    /// Whether it names each API stage of `other`, in whatever order and whatever they say of
    /// methods: what becomes `other` then comes to cover nothing more.
    pub fn has_all_stages_of(&self, other: &Self) -> bool {
        let has = |wanted: &PlanStage| {
            let mut stages = self.stages.iter();
            stages.any(|stage| stage.selector == wanted.selector)
        };
        other.stages.iter().all(has)
    }
}

impl StageTerms {
    /// Methods that were there before come first, in the order that they had: what is only
    /// written in another order is the same.
    fn numbered(self, before: &[MethodRule], given: &mut u16) -> Result<PlanStage, BucketsUsedUp> {
        let mut new = self.methods;
        let mut methods = Vec::with_capacity(new.len());
        for known in before {
            let at = new.iter().position(|new| new.method.is_same(&known.method));
            if let Some(at) = at {
                let number = known.throttle.map(|(number, _)| number);
                methods.push(new.remove(at).numbered(number, given)?);
            }
        }
        for method in new {
            methods.push(method.numbered(None, given)?);
        }
        Ok(PlanStage {
            selector: self.selector,
            methods,
        })
    }
}

impl MethodTerms {
    fn numbered(self, number: Option<u16>, given: &mut u16) -> Result<MethodRule, BucketsUsedUp> {
        let mut next = || {
            *given = given.checked_add(1).ok_or(BucketsUsedUp)?;
            Ok(*given)
        };
        let throttle = match self.throttle {
            Some(throttle) => Some((number.map_or_else(&mut next, Ok)?, throttle)),
            None => None,
        };
        Ok(MethodRule {
            method: self.method,
            throttle,
            units: self.units,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{ApiStage, Request};

    fn plan() -> Plan {
        let (id, name) = ("p".parse().unwrap(), "P".parse().unwrap());
        Plan::new(id, name, Timestamp::UNIX_EPOCH)
    }

    fn throttled(method: &str) -> MethodTerms {
        MethodTerms {
            method: method.parse().unwrap(),
            throttle: Throttle::new("1".parse().unwrap(), Some(1)).ok(),
            units: None,
        }
    }

    fn stage(stage: &str, methods: &[MethodTerms]) -> StageTerms {
        StageTerms {
            selector: StageSelector::new("a1", stage).unwrap(),
            methods: methods.to_vec(),
        }
    }

    /// Methods with the numbers of their buckets, 0 for none.
    fn numbers(plan: &Plan) -> Vec<(String, u16)> {
        let rules = plan.stages.iter().flat_map(|stage| &stage.methods);
        let number = |rule: &MethodRule| rule.throttle.map_or(0, |(number, _)| number);
        rules
            .map(|rule| (rule.method.to_string(), number(rule)))
            .collect()
    }

    fn of(entries: &[(&str, u16)]) -> Vec<(String, u16)> {
        let owned = |(method, number): &(&str, u16)| ((*method).to_owned(), *number);
        entries.iter().map(owned).collect()
    }

    #[test]
    fn a_method_that_stays_keeps_its_number_in_whatever_order_it_is_written() {
        let mut plan = plan();
        let (a, b, c) = (
            throttled("/a/GET"),
            throttled("/b/{id}/GET"),
            throttled("/c/GET"),
        );
        plan.set_stages(vec![
            stage("x", &[a.clone(), b.clone()]),
            stage("y", std::slice::from_ref(&a)),
        ])
        .unwrap();
        assert_eq!(
            numbers(&plan),
            of(&[("/a/GET", 1), ("/b/{id}/GET", 2), ("/a/GET", 3)])
        );
        let first = plan.clone();
        plan.set_stages(vec![
            stage("x", &[b.clone(), a.clone()]),
            stage("y", std::slice::from_ref(&a)),
        ])
        .unwrap();
        assert_eq!(plan, first, "written in another order it is the same");
        let respelled = throttled("/b/{order}/GET");
        plan.set_stages(vec![
            stage("y", &[c, a.clone()]),
            stage("x", &[respelled, a]),
        ])
        .unwrap();
        assert_eq!(
            numbers(&plan),
            of(&[
                ("/a/GET", 3),
                ("/c/GET", 4),
                ("/a/GET", 1),
                ("/b/{order}/GET", 2)
            ])
        );
        assert!(plan.has_all_stages_of(&first) && first.has_all_stages_of(&plan));
        plan.set_stages(vec![stage("x", &[])]).unwrap();
        assert!(first.has_all_stages_of(&plan) && !plan.has_all_stages_of(&first));
        plan.set_stages(vec![stage("z", &[])]).unwrap();
        assert!(!first.has_all_stages_of(&plan) && !plan.has_all_stages_of(&first));
    }

    #[test]
    fn the_closest_method_counts_whatever_the_order_in_which_they_are_written() {
        let units = |of: &[(&str, u64)], path: &str| {
            let dear = |(method, units): &(&str, u64)| MethodTerms {
                method: method.parse().unwrap(),
                throttle: None,
                units: Some(*units),
            };
            let methods: Vec<MethodTerms> = of.iter().map(dear).collect();
            let mut plan = plan();
            plan.set_stages(vec![stage("x", &methods)]).unwrap();
            let request = Request {
                stage: ApiStage {
                    api_id: "a1".into(),
                    stage: "x".into(),
                },
                method: "GET".into(),
                path: path.into(),
                resource: None,
                source_ip: None,
                has_native_plans: true,
            };
            plan.terms(&request).units
        };
        for (mut methods, path, closest) in [
            ([("/a/*/GET", 2), ("/a/b/GET", 3)], "/a/b", 3),
            ([("/a/*/GET", 2), ("/a/{x}/GET", 3)], "/a/b", 3),
            ([("/a/*/GET", 2), ("/a/{x}/GET", 3)], "/a/b/c", 2),
            ([("/a/b/*", 2), ("/a/b/GET", 3)], "/a/b", 3),
            ([("/a/{x}/GET", 2), ("/{x}/b/GET", 3)], "/a/b", 3),
            ([("/a/GET", 2), ("/b/GET", 3)], "/c", 1),
        ] {
            assert_eq!(units(&methods, path), closest, "{methods:?} {path}");
            methods.reverse();
            assert_eq!(units(&methods, path), closest, "{methods:?} {path}");
        }
    }

    #[test]
    fn a_number_is_never_given_again() {
        let mut plan = plan();
        let (a, b) = (throttled("/a/GET"), throttled("/b/GET"));
        let only_units = MethodTerms {
            throttle: None,
            units: Some(2),
            ..a.clone()
        };
        for (methods, expected) in [
            (vec![a.clone()], of(&[("/a/GET", 1)])),
            (vec![only_units], of(&[("/a/GET", 0)])),
            (vec![a.clone()], of(&[("/a/GET", 2)])),
            (vec![b.clone()], of(&[("/b/GET", 3)])),
            (vec![], of(&[])),
            (vec![b], of(&[("/b/GET", 4)])),
        ] {
            plan.set_stages(vec![stage("x", &methods)]).unwrap();
            assert_eq!(numbers(&plan), expected);
        }
        plan.set_stages(vec![]).unwrap();
        assert_eq!(plan.buckets_given, 4);
    }

    #[test]
    fn when_no_number_is_left_the_plan_stays_as_it_was() {
        let mut plan = plan();
        plan.buckets_given = u16::MAX - 1;
        plan.set_stages(vec![stage("x", &[throttled("/a/GET")])])
            .unwrap();
        let before = plan.clone();
        assert_eq!(numbers(&plan), of(&[("/a/GET", u16::MAX)]));
        let more = [throttled("/a/GET"), throttled("/b/GET")];
        assert_eq!(plan.set_stages(vec![stage("x", &more)]), Err(BucketsUsedUp));
        assert_eq!(plan, before);
        plan.set_stages(vec![stage("x", &more[..1])]).unwrap();
        assert_eq!(plan, before, "what has a number keeps it");
    }
}
