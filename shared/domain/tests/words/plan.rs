use latchkey_domain::{Plan, PlanError, PlanStage, StageSelector};

use crate::at;

fn plan(stages: &[(&str, &str)]) -> Plan {
    let stages = stages.iter().map(|(api_id, stage)| PlanStage {
        selector: StageSelector::new(api_id, stage).unwrap(),
        methods: vec![],
    });
    Plan {
        stages: stages.collect(),
        ..Plan::new("gold".parse().unwrap(), "Gold".parse().unwrap(), at(1_000))
    }
}

/// So a plan that is deleted and made again goes on after its earlier versions.
#[test]
fn a_version_is_the_time_of_its_making_and_grows() {
    let plan = plan(&[]);
    assert_eq!(plan.version, 1_000_000);
    assert_eq!(plan.next_version(at(1_000)), 1_000_001);
    assert_eq!(plan.next_version(at(2)), 1_000_001);
    assert_eq!(plan.next_version(at(2_000)), 2_000_000);
}

#[test]
fn plans_overlap_where_both_cover_one_call() {
    let gold = plan(&[("a1", "prod"), ("a2", "*")]);
    for (stages, overlaps) in [
        (vec![("a2", "test")], Some("a2:*")),
        (vec![("a3", "prod"), ("a1", "prod")], Some("a1:prod")),
        (vec![("*", "*")], Some("a1:prod")),
        (vec![("a1", "test")], None),
        (vec![], None),
    ] {
        let other = plan(&stages);
        let met = gold.overlap(&other).map(ToString::to_string);
        assert_eq!(met.as_deref(), overlaps, "{stages:?}");
        let going = Plan {
            deleting: true,
            ..other
        };
        assert_eq!(gold.overlap(&going), None);
        assert_eq!(going.overlap(&gold), None);
    }
}

#[test]
fn a_plan_names_each_stage_once() {
    let overlap = |stages: &[(&str, &str)]| plan(stages).check().err();
    assert_eq!(overlap(&[]), None);
    assert_eq!(
        overlap(&[("a1", "prod"), ("a1", "test"), ("a2", "prod")]),
        None
    );
    let named = |api_id, stage| StageSelector::new(api_id, stage).unwrap();
    assert_eq!(
        overlap(&[("a2", "prod"), ("a1", "prod"), ("a1", "*")]),
        Some(PlanError::StagesOverlap(
            named("a1", "prod"),
            named("a1", "*")
        ))
    );
}
