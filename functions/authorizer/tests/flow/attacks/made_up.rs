//! Keys that somebody makes up, in any number: what they cost at the table.

use latchkey_domain::{Key, KeyValue, Plan, Prefix, Reason, SECRET_RANDOM_BYTES};

use crate::{
    table::Passage,
    world::{World, change, key, keyed, plan, twin, value},
};

/// As `KEY_CACHE_SECONDS`: what is remembered of keys is remembered for the whole test.
pub(super) const LONG: &str = "60";

/// A world whose calls to the table are counted.
pub(super) async fn counted(seconds: &str) -> (World, Passage) {
    let (world, passage) = World::counted(&[("KEY_CACHE_SECONDS", seconds)]).await;
    passage.taken();
    (world, passage)
}

/// Calls that the table gets for one of the authorizer's.
async fn cost(world: &World, passage: &Passage, sent: &str) -> (Option<Reason>, usize) {
    passage.taken();
    let reason = world.reason(sent).await;
    (reason, passage.taken().0)
}

/// Changes the character at `at` into another one of the same kind.
fn mistyped(value: &str, at: usize) -> String {
    let other = if value.as_bytes()[at] == b'x' {
        "y"
    } else {
        "x"
    };
    format!("{}{other}{}", &value[..at], &value[at + 1..])
}

#[tokio::test]
async fn what_cannot_be_a_key_costs_no_read_however_often_it_is_sent() {
    let (world, passage) = counted(LONG).await;
    let real = value(1);
    let mut sent: Vec<String> = (0..real.expose().len())
        .filter(|at| real.expose().as_bytes()[*at] != b'_')
        .map(|at| mistyped(real.expose(), at))
        .collect();
    sent.extend([
        "short".to_owned(),
        "k".repeat(19),
        "k".repeat(129),
        "k".repeat(100_000),
    ]);
    sent.extend(
        [
            "a blank in the middle of it",
            "é-not-ascii-but-long-enough",
            "\u{7f}control-character",
        ]
        .map(str::to_owned),
    );
    sent.push(format!("{}\u{200b}", real.expose()));
    for sent in &sent {
        let (reason, calls) = cost(&world, &passage, sent).await;
        assert_eq!(
            (reason, calls),
            (Some(Reason::MalformedKey), 0),
            "{} characters",
            sent.len()
        );
    }
}

/// A made-up value with a right check, and one of the form of a custom value, which has none.
#[tokio::test]
async fn a_made_up_value_costs_one_read_in_five_seconds() {
    for seconds in ["0", "1", LONG] {
        let (world, passage) = counted(seconds).await;
        for sent in [
            value(2).expose(),
            "a-value-that-somebody-made-up",
            &"k".repeat(20),
            &"~".repeat(128),
        ] {
            let unknown = Some(Reason::UnknownKey);
            assert_eq!(cost(&world, &passage, sent).await, (unknown, 1));
            for _ in 0..4 {
                assert_eq!(
                    cost(&world, &passage, sent).await,
                    (unknown, 0),
                    "{seconds}"
                );
                world.pass(1);
            }
            world.pass(1);
            assert_eq!(cost(&world, &passage, sent).await, (unknown, 1));
        }
    }
}

/// Where keys are read each second anyway, one more; where each call reads its key, a call with a
/// made-up secret is one of them.
#[tokio::test]
async fn made_up_secrets_for_a_real_id_cost_one_read_a_second_beside_those_of_the_setting() {
    for (seconds, expected) in [("0", 25..=25), ("1", 1..=2), ("2", 1..=2)] {
        let (world, passage) = counted(seconds).await;
        let real = keyed(&world, &plan("gold", None), 3).await;
        let id = real.presented().id;
        let mut seeds = 10..;
        for second in 0..4 {
            let mut reads = 0;
            for seed in seeds.by_ref().take(25) {
                let made_up =
                    KeyValue::rotated(&Prefix::default(), id, &[seed; SECRET_RANDOM_BYTES]);
                let (_, of_this_call) = cost(&world, &passage, made_up.expose()).await;
                assert!(of_this_call <= 1, "{of_this_call} for one call");
                reads += of_this_call;
            }
            let is_expected = expected.contains(&reads);
            assert!(is_expected, "{reads} in second {second}, {seconds} s");
            world.pass(1);
        }
    }
}

#[tokio::test]
async fn made_up_secrets_for_a_real_id_cost_one_read_a_second_and_the_key_none() {
    let (world, passage) = counted(LONG).await;
    let real = keyed(&world, &plan("gold", None), 3).await;
    assert_eq!(world.reason(real.expose()).await, None);
    let id = real.presented().id;
    let mut made_up =
        (10..).map(|seed| KeyValue::rotated(&Prefix::default(), id, &[seed; SECRET_RANDOM_BYTES]));
    for second in 0..4 {
        let mut reads = 0;
        for made_up in made_up.by_ref().take(25) {
            let (reason, calls) = cost(&world, &passage, made_up.expose()).await;
            assert_eq!(reason, Some(Reason::UnknownKey));
            reads += calls;
        }
        assert_eq!(reads, 1, "in second {second}");
        let (reason, calls) = cost(&world, &passage, real.expose()).await;
        assert_eq!(reason, None);
        assert!(calls <= 1, "its charge, and no read");
        world.pass(1);
    }
}

#[tokio::test]
async fn a_refused_key_that_goes_on_calling_costs_nothing() {
    let (world, passage) = counted(LONG).await;
    let gold = plan("gold", Some(1));
    let used_up = keyed(&world, &gold, 4).await;
    assert_eq!(world.reason(used_up.expose()).await, None);
    let (disabled, on_no_plan) = (value(5), value(6));
    for (value, enabled) in [(&disabled, false), (&on_no_plan, true)] {
        let key = Key {
            enabled,
            ..key(value)
        };
        let plans: &[&Plan] = if enabled { &[] } else { &[&gold] };
        world
            .store
            .create_key(&key, plans, &twin(), &change())
            .await
            .unwrap();
    }
    for (value, reason) in [
        (used_up, Reason::QuotaExceeded),
        (disabled, Reason::KeyDisabled),
        (on_no_plan, Reason::NoUsagePlan),
    ] {
        let mut calls = 0;
        for _ in 0..100 {
            let (refused, taken) = cost(&world, &passage, value.expose()).await;
            assert_eq!(refused, Some(reason));
            calls += taken;
        }
        assert!(calls <= 1, "{reason:?}: {calls} calls to the table");
    }
}
