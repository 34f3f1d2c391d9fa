//! A key whose value is replaced while calls go on.

use latchkey_domain::{Key, KeyValue, Prefix, Reason, SECRET_RANDOM_BYTES};

use crate::world::{World, change, keyed, plan};

/// Gives the key of `old` another value; `old` works for `grace` seconds yet.
async fn rotate(world: &World, old: &KeyValue, seed: u8, grace: Option<i64>) -> KeyValue {
    let id = old.presented().id;
    let new = KeyValue::rotated(&Prefix::default(), id, &[seed; SECRET_RANDOM_BYTES]);
    let before = world.store.key(id).await.unwrap().unwrap();
    let ends = grace.map(|seconds| world.now() + jiff::SignedDuration::from_secs(seconds));
    let after = before.key.rotated(&new, ends, world.now()).unwrap();
    let change = change();
    let rotated = world.store.rotate_key(&before, &after, &[], &change);
    rotated.await.unwrap();
    new
}

#[tokio::test]
async fn a_new_value_works_on_its_first_call_and_the_old_one_for_its_grace() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "60")]).await;
    let old = keyed(&world, &plan("gold", Some(100)), 1).await;
    assert_eq!(world.reason(old.expose()).await, None);
    let new = rotate(&world, &old, 2, Some(30)).await;
    assert_eq!(world.reason(new.expose()).await, None, "at once");
    assert_eq!(world.reason(old.expose()).await, None);
    world.pass(29);
    assert_eq!(world.reason(old.expose()).await, None);
    world.pass(1);
    assert_eq!(world.reason(old.expose()).await, Some(Reason::UnknownKey));
    assert_eq!(world.reason(new.expose()).await, None);
}

#[tokio::test]
async fn without_grace_every_old_value_stops_within_the_documented_time() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "10")]).await;
    let first = keyed(&world, &plan("gold", None), 3).await;
    let second = rotate(&world, &first, 4, Some(3_600)).await;
    let third = rotate(&world, &second, 5, None).await;
    for old in [&first, &second] {
        assert_eq!(world.reason(old.expose()).await, Some(Reason::UnknownKey));
    }
    assert_eq!(world.reason(third.expose()).await, None);
    rotate(&world, &third, 6, None).await;
    assert_eq!(world.reason(third.expose()).await, None, "remembered");
    world.pass(10);
    assert_eq!(world.reason(third.expose()).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn all_values_of_a_key_share_one_meter_which_knows_when_an_old_one_was_used() {
    let world = World::new(&[]).await;
    let old = keyed(&world, &plan("gold", Some(3)), 7).await;
    let meter = async || {
        let snapshot = world.store.key_snapshot(old.presented().id).await;
        snapshot.unwrap().unwrap().meters[&"gold".parse().unwrap()].clone()
    };
    world.reason(old.expose()).await;
    let new = rotate(&world, &old, 8, Some(86_400)).await;
    world.reason(new.expose()).await;
    assert_eq!(meter().await.previous_charged, None);
    world.reason(old.expose()).await;
    assert_eq!(meter().await.previous_charged, Some(20_782));
    for value in [&old, &new] {
        assert_eq!(
            world.reason(value.expose()).await,
            Some(Reason::QuotaExceeded)
        );
    }
}

/// Made-up values for an id that is known cost one read a second, not one a call.
#[tokio::test]
async fn made_up_values_do_not_run_up_reads() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "60")]).await;
    let value = keyed(&world, &plan("gold", None), 9).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let made_up = |seed: u8| {
        let (prefix, id) = (Prefix::default(), value.presented().id);
        KeyValue::rotated(&prefix, id, &[seed; SECRET_RANDOM_BYTES])
    };
    let before: Key = world
        .store
        .key(value.presented().id)
        .await
        .unwrap()
        .unwrap()
        .key;
    assert_eq!(
        world.reason(made_up(10).expose()).await,
        Some(Reason::UnknownKey)
    );
    // What was read for it is all that is known for a second.
    let new = rotate(&world, &value, 11, None).await;
    assert_ne!(before.hash, new.presented().hash);
    assert_eq!(world.reason(new.expose()).await, Some(Reason::UnknownKey));
    world.pass(1);
    assert_eq!(world.reason(new.expose()).await, None);
}
