//! A key that is taken away while an instance is about to read it.

use latchkey_domain::{KeyValue, Prefix, Reason, SECRET_RANDOM_BYTES};
use latchkey_store::{KeyRecord, Patience, Store};

use super::gate::Gate;
use crate::world::{TABLE, World, change, keyed, plan};

/// The ways to take one away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Disabled,
    Deleted,
    Detached,
    Rotated,
}

const WAYS: [Way; 4] = [Way::Disabled, Way::Deleted, Way::Detached, Way::Rotated];

impl Way {
    async fn take(self, world: &World, value: &KeyValue) {
        let (gold, id) = (plan("gold", None), value.presented().id);
        let before: KeyRecord = world.store.key(id).await.unwrap().unwrap();
        let (store, change) = (&world.store, change());
        match self {
            Self::Disabled => {
                let mut after = before.key.clone();
                (after.enabled, after.revision) = (false, after.revision + 1);
                let taken = store.update_key(&before, &after, &[], &change).await;
                taken.unwrap();
            }
            Self::Deleted => store
                .delete_key(&before, &[&gold], &[], &change)
                .await
                .map(drop)
                .unwrap(),
            Self::Detached => store
                .detach(&before, &gold, &[], &change)
                .await
                .map(drop)
                .unwrap(),
            Self::Rotated => {
                let new = KeyValue::rotated(&Prefix::default(), id, &[99; SECRET_RANDOM_BYTES]);
                let after = before.key.rotated(&new, None, world.now()).unwrap();
                let taken = store.rotate_key(&before, &after, &[], &change).await;
                taken.unwrap();
            }
        }
    }

    fn reason(self) -> Reason {
        match self {
            Self::Disabled => Reason::KeyDisabled,
            Self::Detached => Reason::NoUsagePlan,
            Self::Deleted | Self::Rotated => Reason::UnknownKey,
        }
    }
}

/// A world in which answers of the table can be held up.
async fn gated(seconds: &str) -> (World, Gate) {
    let gate = Gate::default();
    let store = |client: &_| Store::new(&gate.to(client), TABLE, Patience::Embedded);
    let world = World::on(store, &[("KEY_CACHE_SECONDS", seconds)]).await;
    (world, gate)
}

/// The answer that was on its way tells of the key as it was; from the start of its read on it
/// is good for no longer than the setting says.
#[tokio::test]
async fn a_read_that_was_under_way_makes_no_revoked_key_live_longer() {
    for way in WAYS {
        let (world, gate) = gated("10").await;
        let value = keyed(&world, &plan("gold", None), 1).await;
        gate.hold_next();
        tokio::join!(world.call(value.expose()), async {
            gate.holds().await;
            way.take(&world, &value).await;
            world.pass(3);
            gate.open();
        });
        world.pass(7);
        assert_eq!(
            world.reason(value.expose()).await,
            Some(way.reason()),
            "{way:?}, 10 s after its read began"
        );
    }
}

/// The same where the read is one that a made-up value for the id has made.
#[tokio::test]
async fn nor_does_one_for_a_made_up_value() {
    for way in WAYS {
        let (world, gate) = gated("10").await;
        let value = keyed(&world, &plan("gold", None), 2).await;
        assert_eq!(world.reason(value.expose()).await, None);
        let id = value.presented().id;
        let made_up = KeyValue::rotated(&Prefix::default(), id, &[98; SECRET_RANDOM_BYTES]);
        gate.hold_next();
        let (sent, ()) = tokio::join!(world.call(made_up.expose()), async {
            gate.holds().await;
            way.take(&world, &value).await;
            world.pass(3);
            gate.open();
        });
        assert_eq!(sent.log.reason, Some(Reason::UnknownKey));
        world.pass(7);
        assert_eq!(
            world.reason(value.expose()).await,
            Some(way.reason()),
            "{way:?}"
        );
    }
}

/// Two reads at once, of which the first that begins is the last that is answered.
#[tokio::test]
async fn a_late_answer_does_not_take_the_place_of_a_later_one() {
    for way in WAYS {
        let (world, gate) = gated("3600").await;
        let value = keyed(&world, &plan("gold", None), 4).await;
        gate.hold_next();
        let (late, later) = tokio::join!(world.call(value.expose()), async {
            gate.holds().await;
            way.take(&world, &value).await;
            world.pass(1);
            let later = world.reason(value.expose()).await;
            gate.open();
            later
        });
        let afterwards = world.reason(value.expose()).await;
        let refused = Some(way.reason());
        assert_eq!(
            (late.log.reason, later, afterwards),
            (refused, refused, refused),
            "{way:?}"
        );
    }
}

#[tokio::test]
async fn without_a_cache_a_read_that_was_under_way_opens_its_own_call_alone() {
    for way in WAYS {
        let (world, gate) = gated("0").await;
        let value = keyed(&world, &plan("gold", None), 3).await;
        gate.hold_next();
        tokio::join!(world.call(value.expose()), async {
            gate.holds().await;
            way.take(&world, &value).await;
            gate.open();
        });
        assert_eq!(
            world.reason(value.expose()).await,
            Some(way.reason()),
            "{way:?}"
        );
    }
}
