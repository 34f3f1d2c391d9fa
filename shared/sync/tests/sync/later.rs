//! Later attempts, which find what earlier ones have made.

use std::{collections::BTreeMap, time::Duration};

use latchkey_fake_gateway::{Failure, FakeKey, FakePlan, Source};
use latchkey_store::{NativeObject, NativeState};
use tokio::time::sleep;

use crate::world::{TABLE, World, gold, header_key, key, of_key, of_plan, on_plan};

fn tags(table: &str, name: &str, id: &str) -> BTreeMap<String, String> {
    let tags = [("latchkey:table", table), (name, id)];
    BTreeMap::from(tags.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

impl World {
    fn put_plan(&self, id: &str, table: &str) {
        self.fake.put_plan(FakePlan {
            id: id.to_owned(),
            tags: tags(table, "latchkey:plan", "gold"),
            ..FakePlan::default()
        });
    }

    fn put_key(&self, id: &str, table: &str) {
        self.fake.put_key(FakeKey {
            id: id.to_owned(),
            tags: tags(table, "latchkey:key", &key().id.to_string()),
            ..FakeKey::default()
        });
    }

    async fn known(&self, object: &NativeObject) -> Option<String> {
        self.native(object).await.native_id
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_one_s_and_takes_what_is_known_by_now() {
    let world = World::new().await;
    sleep(Duration::from_secs(31)).await;
    let seen = world.native(&of_plan()).await;
    let until = world.now() + Duration::from_secs(60);
    // It was made between the look at the index and the claim.
    world.sync.first(&[of_plan()]).await.unwrap();
    let claimed = world.sync.claim(&seen, until).await.unwrap().unwrap();
    assert!(claimed.native.native_id.is_some());
    assert_eq!(claimed.due, seen.due);
    assert!(world.sync.claim(&seen, until).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_made_is_taken_and_changed_to_what_is_wanted() {
    let world = World::new().await;
    for id in ["z9", "b2", "a1"] {
        world.put_plan(id, if id == "a1" { "another" } else { TABLE });
        world.put_key(id, if id == "a1" { "another" } else { TABLE });
    }
    world.attempt(&of_plan()).await;
    world.attempt(&of_key()).await;
    for object in [of_plan(), of_key()] {
        assert_eq!(
            world.known(&object).await.as_deref(),
            Some("b2"),
            "the lowest"
        );
        assert_eq!(world.state(&object).await, "inSync");
    }
    assert_eq!(world.fake.plans()["b2"].name, "Gold");
    assert!(world.fake.plans()["b2"].stages.contains_key("a1:prod"));
    assert_eq!(world.fake.keys()["b2"].name, "Ann");
    let untouched = ["CreateUsagePlan", "CreateApiKey"];
    let operations = world.operations();
    assert!(!operations.iter().any(|name| untouched.contains(name)));
}

#[tokio::test(start_paused = true)]
async fn what_is_to_go_goes_with_all_that_was_made_of_it() {
    let world = World::in_step().await;
    world.put_plan("p2", TABLE);
    world.put_plan("p3", "another");
    world.put_key("k2", TABLE);
    world.put_key("k3", "another");
    world.delete_key().await;
    world.attempt(&of_key()).await;
    let left: Vec<String> = world.fake.keys().into_keys().collect();
    assert_eq!(left, ["k3"]);
    let record = world.store.plan(&gold()).await.unwrap().unwrap();
    let deleted = world.store.delete_plan(&record.plan, &world.change()).await;
    deleted.unwrap();
    world.attempt(&of_plan()).await;
    let left: Vec<String> = world.fake.plans().into_keys().collect();
    assert_eq!(left, ["p3"]);
    for object in [of_plan(), of_key()] {
        assert!(world.store.native(&object).await.unwrap().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_again_under_another_id_is_put_on_its_plans_again() {
    for object in [of_plan(), of_key()] {
        let world = World::in_step().await;
        let (plan, key) = world.only();
        world.fake.delete_plan(&plan.id);
        world.fake.delete_key(&key.id);
        if object == of_plan() {
            world.fake.put_key(key);
        } else {
            world.fake.put_plan(plan);
        }
        world.reopen(&object).await;
        world.attempt(&object).await;
        assert_eq!(world.state(&on_plan()).await, "pending", "{object}");
        world.attempt(&on_plan()).await;
        let (plan, key) = world.only();
        assert!(plan.keys.contains(&key.id), "{object}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_found_again_and_its_keys_with_it() {
    let world = World::in_step().await;
    world.forget_id(&of_key()).await;
    world.attempt(&of_key()).await;
    let (plan, key) = world.only();
    assert_eq!(world.known(&of_key()).await, Some(key.id.clone()));
    // Whether it is on its plan is looked at, since it may have been another one.
    assert_eq!(world.state(&on_plan()).await, "pending");
    world.attempt(&on_plan()).await;
    assert_eq!(world.state(&on_plan()).await, "inSync");
    assert!(plan.keys.contains(&key.id));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_put_on_a_plan_that_is_there_or_has_it_looked_for() {
    let world = World::in_step().await;
    let (plan, _) = world.only();
    world.fake.delete_plan(&plan.id);
    world.reopen(&on_plan()).await;
    world.attempt(&on_plan()).await;
    for object in [of_plan(), of_key()] {
        let native = world.native(&object).await;
        let reason = "API Gateway says that it is not there";
        assert_eq!(native.reason.as_deref(), Some(reason), "{object}");
    }
    let native = world.native(&on_plan()).await;
    assert_eq!(
        native.reason.unwrap(),
        "waits for its usage plan and its key"
    );
}

#[tokio::test(start_paused = true)]
async fn where_an_api_takes_keys_from_is_asked_once_for_an_inventory() {
    let world = World::in_step().await;
    let inventory = world.inventory().await;
    world.fake.forget_calls();
    for _ in 0..3 {
        let plan = crate::world::plan();
        let open = world.sync.header_api_in(&plan, &inventory).await.unwrap();
        assert_eq!(open, None);
    }
    assert_eq!(world.operations(), ["GetRestApi"]);
}

#[tokio::test(start_paused = true)]
async fn an_orphan_goes_with_its_stages_and_one_that_is_gone_is_well() {
    let world = World::in_step().await;
    let stages = BTreeMap::from([("a1:dev".to_owned(), BTreeMap::new())]);
    let plan = world.fake.put_plan(FakePlan {
        stages,
        ..FakePlan::default()
    });
    let key = world.fake.put_key(FakeKey::default());
    for _ in 0..2 {
        let (plan, key) = (plan.parse().unwrap(), key.parse().unwrap());
        world.sync.delete_orphan_plan(&plan).await.unwrap();
        world.sync.delete_orphan_key(&key).await.unwrap();
        world.only();
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_for_long_is_due_when_its_plan_is_there() {
    let world = World::new().await;
    world.fake.fail_next("CreateUsagePlan", Failure::Fault);
    world.sync.first(&[of_plan(), of_key()]).await.unwrap();
    let mut waits = Vec::new();
    for _ in 0..8 {
        sleep(Duration::from_secs(3_600)).await;
        world.attempt(&on_plan()).await;
        let native = world.native(&on_plan()).await;
        waits.push(native.due.duration_since(world.now()).as_secs());
    }
    assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900]);
    world.attempt(&of_plan()).await;
    let due = world.native(&on_plan()).await.due;
    assert!(due <= world.now(), "{due}");
    world.attempt(&on_plan()).await;
    assert_eq!(world.state(&on_plan()).await, "inSync");
}

#[tokio::test(start_paused = true)]
async fn whoever_keeps_the_rate_says_when_a_plan_was_changed() {
    let world = World::in_step().await;
    let (found, _) = world.only();
    world.fake.rename_plan(&found.id, "another");
    world.reopen(&of_plan()).await;
    world.attempt(&of_plan()).await;
    sleep(Duration::from_secs(19)).await;
    let change = async |name: &str| {
        let before = world.store.plan(&gold()).await.unwrap().unwrap();
        let mut after = before.plan.clone();
        after.name = name.parse().unwrap();
        after.version = before.plan.next_version(world.now());
        let change = world.change();
        let updated = world.store.update_plan(&before, &after, &change);
        updated.await.unwrap();
        world.fake.forget_calls();
        world.sync.first(&[of_plan()]).await.unwrap();
        world.operations().contains(&"UpdateUsagePlan")
    };
    assert!(!change("too early").await);
    let reason = world.native(&of_plan()).await.reason.unwrap();
    assert!(reason.starts_with("waits for its turn"), "{reason}");
    sleep(Duration::from_secs(1)).await;
    assert!(change("in time").await);
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_value_nobody_was_told_is_not_taken_for_made() {
    let world = World::new().await;
    world.delete_key().await;
    world.attempt(&of_key()).await;
    world.make(&header_key()).await;
    world.put_key("k2", TABLE);
    world.sync.first(&[of_key()]).await.unwrap();
    for _ in 0..2 {
        let native = world.native(&of_key()).await;
        let reason = "waits for whoever knows its value";
        assert_eq!(
            (native.native_id, native.reason.as_deref()),
            (None, Some(reason))
        );
        world.attempt(&of_key()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_twin_is_put_on_no_plan_whose_api_has_come_to_take_keys_from_the_header() {
    let world = World::in_step().await;
    let (plan, found) = world.only();
    world.fake.set_api("a1", Source::Header, &["prod"]);
    world.fake.detach(&plan.id, &found.id);
    world.reopen(&on_plan()).await;
    world.attempt(&on_plan()).await;
    let native = world.native(&on_plan()).await;
    assert_eq!(native.state, NativeState::Failed);
    let reason = native.reason.unwrap();
    assert!(reason.contains("apiKeySource HEADER"), "{reason}");
    assert!(world.only().0.keys.is_empty());
}
