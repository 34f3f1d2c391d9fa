use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::apply::{document::Place, value::ValuePlace};

const STAGES: [(&str, &str); 4] = [("a1", "dev"), ("a1", "*"), ("b1", "dev"), ("b1", "prod")];
/// A plan that the file never describes; what it covers no other does.
const OTHER: &str = "other";

fn plan(name: &str, stages: &[(&str, &str)]) -> Fields {
    let stage = |(api, stage): &(&str, &str)| json!({"apiId": api, "stage": stage});
    let stages: Vec<_> = stages.iter().map(stage).collect();
    let plan =
        json!({"name": name, "apiStages": stages, "scope": "key", "enforcement": "dynamodb"});
    plan.as_object().unwrap().clone()
}

fn key_fields(name: &str, enabled: bool) -> Fields {
    let key = json!({"name": name, "enabled": enabled, "metadata": {}, "nativeValue": "internal"});
    key.as_object().unwrap().clone()
}

fn there(name: &str, enabled: bool, plans: &[&str]) -> Key {
    Key {
        id: format!("key_{name}"),
        fields: key_fields(name, enabled),
        plans: plans.iter().map(|id| (*id).to_owned()).collect(),
        delivery: Delivery::Done,
    }
}

fn wanted_key(name: &str, enabled: bool, plans: &[&str]) -> WantedKey {
    WantedKey {
        fields: key_fields(name, enabled),
        prefix: None,
        plans: plans.iter().map(|id| (*id).to_owned()).collect(),
        value: Some(ValuePlace::File("a.key".into())),
        place: Place::default(),
    }
}

fn state(plans: &[(&str, &[(&str, &str)])], keys: &[(&str, &[&str])]) -> State {
    State {
        plans: plans
            .iter()
            .map(|(id, stages)| ((*id).to_owned(), plan(id, stages)))
            .collect(),
        keys: keys
            .iter()
            .map(|(name, plans)| ((*name).to_owned(), there(name, true, plans)))
            .collect(),
    }
}

fn wanted(plans: &[(&str, &[(&str, &str)])], keys: &[(&str, &[&str])]) -> Wanted {
    let keys = keys
        .iter()
        .map(|(name, plans)| ((*name).to_owned(), wanted_key(name, true, plans)));
    Wanted {
        prefix: "p-".to_owned(),
        plans: state(plans, &[]).plans,
        keys: keys.collect(),
    }
}

fn lines(wanted: &Wanted, state: &State, rest: Rest) -> Vec<String> {
    let steps = difference(wanted, state, rest).unwrap();
    steps.iter().map(Step::line).collect()
}

/// Whether two plans of a key cover one stage.
fn refused(state: &State) -> bool {
    state.keys.keys().any(|name| {
        let covered = state.covered(name);
        let pairs = covered.iter().enumerate();
        pairs
            .into_iter()
            .any(|(at, one)| covered.iter().skip(at + 1).any(|other| meet(one, other)))
    })
}

#[test]
fn a_key_that_changes_its_plan_moves() {
    let stages: &[_] = &[("a1", "dev")];
    let state = state(
        &[("p-gold", stages), ("p-silver", stages)],
        &[("p-acme", &["p-gold"])],
    );
    let wanted = wanted(
        &[("p-gold", stages), ("p-silver", stages)],
        &[("p-acme", &["p-silver"])],
    );
    assert_eq!(
        lines(&wanted, &state, Rest::Kept),
        ["~ key p-acme: from plan p-gold to plan p-silver"]
    );
}

#[test]
fn a_plan_gives_a_stage_up_after_its_keys_have_gone_on() {
    let (one, both): (&[_], &[_]) = (&[("b1", "dev")], &[("a1", "dev"), ("b1", "dev")]);
    let state = state(&[("p-gold", both)], &[("p-acme", &["p-gold"])]);
    let wanted = wanted(
        &[("p-gold", one), ("p-silver", &[("a1", "dev")])],
        &[("p-acme", &["p-silver"])],
    );
    assert_eq!(
        lines(&wanted, &state, Rest::Kept),
        [
            "+ plan p-silver",
            "~ key p-acme: from plan p-gold to plan p-silver",
            "~ plan p-gold"
        ]
    );
}

#[test]
fn what_the_api_would_refuse_waits() {
    let (dev, both): (&[_], &[_]) = (&[("b1", "dev")], &[("a1", "dev"), ("b1", "dev")]);
    let state = state(&[("p-gold", both)], &[("p-acme", &["p-gold"])]);
    let wanted = wanted(
        &[("p-gold", &[("a1", "dev")]), ("p-silver", dev)],
        &[("p-acme", &["p-gold", "p-silver"])],
    );
    assert_eq!(
        lines(&wanted, &state, Rest::Kept),
        [
            "+ plan p-silver",
            "~ plan p-gold",
            "+ key p-acme on plan p-silver"
        ]
    );
}

#[test]
fn only_what_has_the_prefix_and_is_not_described_is_deleted_and_only_if_told_so() {
    let state = state(
        &[("p-old", &[]), ("gold", &[]), ("p-gold", &[])],
        &[
            ("p-old", &["p-old"]),
            ("acme", &["p-old", "gold"]),
            ("p-acme", &["p-gold", "gold"]),
        ],
    );
    let wanted = wanted(&[("p-gold", &[])], &[("p-acme", &["p-gold"])]);
    assert_eq!(lines(&wanted, &state, Rest::Kept), [""; 0]);
    assert_eq!(
        lines(&wanted, &state, Rest::Deleted),
        ["- key p-old (key_p-old)", "- plan p-old"]
    );
    let nobody_s = Wanted {
        prefix: String::new(),
        ..wanted
    };
    assert_eq!(deletions(&nobody_s, &state), []);
}

#[test]
fn a_key_without_a_place_for_its_value_is_not_made_and_unknown_plans_are_named() {
    let mut wanted = wanted(&[], &[("p-acme", &["nowhere"])]);
    wanted.keys.get_mut("p-acme").unwrap().value = None;
    let hindrances = difference(&wanted, &State::default(), Rest::Kept).unwrap_err();
    let details: Vec<_> = hindrances.iter().map(|one| one.detail.as_str()).collect();
    assert_eq!(details[0], "plans: no usage plan has the id nowhere");
    assert!(details[1].starts_with("value: is required"), "{details:?}");
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let mut state = state(&[], &[("p-acme", &[])]);
    let fields = &mut state.keys.get_mut("p-acme").unwrap().fields;
    fields.insert("nativeValue".to_owned(), "header".into());
    let hindrances = difference(&wanted(&[], &[("p-acme", &[])]), &state, Rest::Kept).unwrap_err();
    assert!(hindrances[0].detail.contains("nativeValue"));
}

#[test]
fn a_value_that_an_earlier_run_left_behind_is_fetched_first() {
    let mut state = state(&[], &[("p-acme", &[])]);
    state.keys.get_mut("p-acme").unwrap().delivery = Delivery::Unfinished;
    assert_eq!(
        lines(&wanted(&[], &[("p-acme", &[])]), &state, Rest::Kept),
        ["~ key p-acme: its value to the file a.key, where an earlier run was cut off"]
    );
}

#[test]
fn a_value_that_never_came_and_cannot_be_had_again_is_told() {
    let mut state = state(&[], &[("p-acme", &[])]);
    state.keys.get_mut("p-acme").unwrap().delivery = Delivery::Lost;
    let hindrances = difference(&wanted(&[], &[("p-acme", &[])]), &state, Rest::Kept).unwrap_err();
    let detail = &hindrances[0].detail;
    assert!(
        detail.starts_with("value: never came to the file a.key"),
        "{detail}"
    );
    assert!(
        detail.contains("`latchkey keys rotate key_p-acme --value-to FILE`"),
        "{detail}"
    );
}

/// Some plans with some stages, none of which covers what another of the same set does twice.
fn plans() -> impl Strategy<Value = BTreeMap<String, Fields>> {
    let stages = proptest::sample::subsequence(STAGES.to_vec(), 0..=2);
    let some = proptest::collection::btree_map("p-[abc]", stages, 0..=3);
    some.prop_map(|some| {
        let plans = some.into_iter().map(|(id, stages)| {
            let fields = plan(&id, &stages);
            (id, fields)
        });
        let other = (OTHER.to_owned(), plan(OTHER, &[("z1", "dev")]));
        plans.chain([other]).collect()
    })
}

/// Of each of some keys whether it is on, and which plans it asks for.
fn keys() -> impl Strategy<Value = BTreeMap<String, (bool, Vec<String>)>> {
    let ids = ["p-a", "p-b", "p-c", OTHER].map(str::to_owned).to_vec();
    let asked = proptest::sample::subsequence(ids, 0..=4);
    proptest::collection::btree_map("p-[xyz]", (any::<bool>(), asked), 0..=3)
}

/// A state with these, without what the admin API would not have let come to be.
fn valid(plans: BTreeMap<String, Fields>, keys: BTreeMap<String, (bool, Vec<String>)>) -> State {
    let mut state = State {
        plans,
        keys: BTreeMap::new(),
    };
    for (name, (enabled, asked)) in keys {
        state.keys.insert(name.clone(), there(&name, enabled, &[]));
        for id in asked
            .iter()
            .filter(|id| state.plans.contains_key(*id))
            .cloned()
            .collect::<Vec<_>>()
        {
            let before = state.clone();
            state.keys.get_mut(&name).unwrap().plans.insert(id);
            if refused(&state) {
                state = before;
            }
        }
    }
    state
}

fn described(state: &State) -> Wanted {
    let keys = state.keys.iter().map(|(name, key)| {
        let plans: Vec<_> = key.plans.iter().map(String::as_str).collect();
        let enabled = key.fields["enabled"] == true;
        (name.clone(), wanted_key(name, enabled, &plans))
    });
    let mut plans = state.plans.clone();
    plans.remove(OTHER);
    Wanted {
        prefix: "p-".to_owned(),
        plans,
        keys: keys.collect(),
    }
}

proptest! {
    /// What is there becomes what is described, and then nothing is left to do.
    #[test]
    fn the_steps_make_it_as_described(
        before in (plans(), keys()).prop_map(|(plans, keys)| valid(plans, keys)),
        wanted in (plans(), keys()).prop_map(|(plans, keys)| described(&valid(plans, keys))),
        rest in prop_oneof![Just(Rest::Kept), Just(Rest::Deleted)],
    ) {
        let mut after = before.clone();
        for step in difference(&wanted, &before, rest).unwrap() {
            after.take(&step);
        }
        for (id, fields) in &wanted.plans {
            prop_assert_eq!(after.plans.get(id), Some(fields));
        }
        for (name, key) in &wanted.keys {
            let there = &after.keys[name];
            prop_assert_eq!(&there.fields, &key.fields);
            let ours: BTreeSet<_> = there.plans.iter().filter(|id| *id != OTHER).collect();
            prop_assert_eq!(ours, key.plans.iter().filter(|id| *id != OTHER).collect());
            prop_assert!(there.plans.is_superset(&key.plans));
        }
        prop_assert!(after.plans.contains_key(OTHER));
        if rest == Rest::Deleted {
            prop_assert!(deletions(&wanted, &after).is_empty());
        }
        prop_assert_eq!(difference(&wanted, &after, rest).unwrap(), []);
    }

    /// Where plans keep their stages, no step is refused; and a key that has one plan before and
    /// after covers what it covers both times all the time.
    #[test]
    fn no_step_is_refused_and_no_call_meanwhile(
        plans in plans(),
        before in keys(),
        after in keys(),
    ) {
        let before = valid(plans.clone(), before);
        let end = valid(plans, after);
        let wanted = described(&end);
        let mut now = before.clone();
        for step in difference(&wanted, &before, Rest::Kept).unwrap() {
            now.take(&step);
            prop_assert!(!refused(&now), "{}", step.line());
            for (name, key) in &now.keys {
                let (Some(first), Some(last)) = (before.keys.get(name), end.keys.get(name)) else {
                    continue;
                };
                if first.plans.len() == 1 && last.plans.len() == 1 {
                    prop_assert!(!key.plans.is_empty(), "{}", step.line());
                }
            }
        }
    }
}
