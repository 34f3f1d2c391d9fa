//! Keys that are detached, deleted, disabled or moved.

use latchkey_domain::Reason;

use super::{CHARGED, LIMIT, OUT, Two};
use crate::world::{call, change, plan, twin};

/// What is remembered of keys is remembered for the whole test.
const LONG: [(&str, &str); 1] = [("KEY_CACHE_SECONDS", "300")];
const SHORT: [(&str, &str); 1] = [("KEY_CACHE_SECONDS", "10")];

impl Two {
    async fn detach(&self) {
        let (record, plan) = (self.record().await, self.plan().await);
        let detached = self
            .world
            .store
            .detach(&record, &plan, &[], &change())
            .await;
        detached.unwrap();
    }

    async fn attach(&self) {
        let (record, plan) = (self.record().await, self.plan().await);
        let attached = self
            .world
            .store
            .attach(&record, &plan, &twin(), &change())
            .await;
        attached.unwrap();
    }

    async fn enable(&self, enabled: bool) {
        let before = self.record().await;
        let mut after = before.key.clone();
        (after.enabled, after.revision) = (enabled, after.revision + 1);
        let changed = self
            .world
            .store
            .update_key(&before, &after, &[], &change())
            .await;
        changed.unwrap();
    }
}

#[tokio::test]
async fn a_lease_outlives_a_detach_by_a_second_and_is_good_again_afterwards() {
    let two = Two::daily(&LONG).await;
    two.there().await.unwrap();
    two.take_lease().await;
    two.detach().await;
    assert_eq!(
        two.there().await,
        Err(Reason::NoUsagePlan),
        "at once, though it is remembered"
    );
    two.calls(1).await;
    two.world.pass(1);
    assert_eq!(two.here().await, Err(Reason::NoUsagePlan));
    assert_eq!(two.charged("gold").await, CHARGED + 1);
    two.attach().await;
    two.world.pass(300);
    // 11 have passed in all: what was used stands, and the 6 on lease pay for what follows.
    assert_eq!(two.here().await, Ok(Some(LIMIT - 11)));
    assert_eq!(two.there().await, Ok(Some(LIMIT - 17)));
    assert_eq!(two.charged("gold").await, CHARGED + 2);
}

#[tokio::test]
async fn a_lease_outlives_its_deleted_key_by_a_second() {
    let two = Two::daily(&LONG).await;
    two.there().await.unwrap();
    two.take_lease().await;
    let (record, plan) = (two.record().await, two.plan().await);
    let deleted = two
        .world
        .store
        .delete_key(&record, &[&plan], &[], &change())
        .await;
    deleted.unwrap();
    assert_eq!(
        two.there().await,
        Err(Reason::UnknownKey),
        "at once, though it is remembered"
    );
    two.calls(OUT).await;
    assert_eq!(two.here().await, Err(Reason::UnknownKey));
    assert_eq!(two.charged("gold").await, CHARGED + 1);
}

#[tokio::test]
async fn a_disabled_key_stops_in_its_time_with_a_lease_and_without() {
    let two = Two::daily(&SHORT).await;
    two.there().await.unwrap();
    two.calls(1).await;
    two.world.pass(9);
    two.take_lease().await;
    two.enable(false).await;
    two.calls(1).await;
    two.pass_milliseconds(999);
    two.calls(1).await;
    two.pass_milliseconds(1);
    assert_eq!(
        two.here().await,
        Err(Reason::KeyDisabled),
        "5 units were on lease"
    );
    assert_eq!(two.there().await, Err(Reason::KeyDisabled));
    two.enable(true).await;
    two.world.pass(10);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 13)), "1 there, 12 here");
    assert_eq!(two.charged("gold").await, CHARGED + 2);
}

#[tokio::test]
async fn a_lease_outlives_a_move_by_a_second_and_the_new_plan_begins_at_nothing() {
    let two = Two::daily(&LONG).await;
    two.there().await.unwrap();
    two.take_lease().await;
    let platinum = plan("platinum", Some(LIMIT));
    two.world
        .store
        .create_plan(&platinum, &change())
        .await
        .unwrap();
    let (record, gold) = (two.record().await, two.plan().await);
    let store = &two.world.store;
    let (twin, change) = (twin(), change());
    let moved = store.move_key(&record, (&gold, &platinum), &twin, &[], &change);
    moved.await.unwrap();
    assert_eq!(
        two.there().await,
        Ok(Some(LIMIT - 1)),
        "on the new plan at once"
    );
    assert_eq!(
        two.here().await,
        Ok(Some(LIMIT - 10)),
        "on the old one's lease"
    );
    two.world.pass(1);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 2)));
    let after = call(&two.world.authorizer, two.value.expose(), "a1", "prod").await;
    assert_eq!(
        after.log.plan_id.as_ref().map(|id| id.as_str()),
        Some("platinum")
    );
    assert_eq!(two.charged("gold").await, CHARGED + 1);
    assert_eq!(two.charged("platinum").await, 4, "1 is on lease");
}
