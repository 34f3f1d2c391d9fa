//! A table that was restored under another name: what its records name at API Gateway carries the
//! tag of the name before, and is in use.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_reconciler::settings::DriftMode;
use latchkey_store::{NativeObject, NativeState};

use crate::{
    drift::in_step,
    scenarios::gold,
    world::{TABLE, World, key, plan},
};

const RESTORED: &str = "latchkey-keys-restored";

async fn scan(world: &World) -> Vec<String> {
    let scanner = world.scanner(DriftMode::Mend);
    Box::pin(world.run(&scanner)).await;
    let drift = world.store.drift().await.unwrap().unwrap();
    let findings = drift.findings.iter();
    findings.map(|finding| format!("{finding:?}")).collect()
}

impl World {
    /// The ids of the usage plans and keys at API Gateway with the tag of a table.
    fn tagged(&self, table: &str) -> BTreeSet<String> {
        let (plans, keys) = (self.fake.plans(), self.fake.keys());
        let plans = plans.into_iter().map(|(id, plan)| (id, plan.tags));
        let all = plans.chain(keys.into_iter().map(|(id, key)| (id, key.tags)));
        let of_table = |tags: &BTreeMap<String, String>| {
            tags.get("latchkey:table").map(String::as_str) == Some(table)
        };
        all.filter(|(_, tags)| of_table(tags))
            .map(|(id, _)| id)
            .collect()
    }

    /// As docs/operations.md reads them: the ids of the list of native records.
    async fn named(&self) -> BTreeSet<String> {
        let text = |value: &aws_sdk_dynamodb::types::AttributeValue| value.as_s().unwrap().clone();
        let items = self.items().await;
        let listed = items.iter().filter(|item| {
            let list = item.get("listPk").map(text);
            list.as_deref() == Some("NATIVE")
        });
        listed
            .filter_map(|item| item.get("nativeId").map(text))
            .collect()
    }

    fn delete_there(&self, ids: &BTreeSet<String>) {
        for id in ids {
            if self.fake.plans().contains_key(id) {
                self.fake.delete_plan(id);
            } else {
                self.fake.delete_key(id);
            }
        }
    }
}

/// Two plans and two keys that were in the backup, a plan and a key that were made after it.
async fn restored() -> World {
    let old = in_step().await;
    let restored = old.copied_to(RESTORED).await;
    old.plan(&plan("later")).await;
    old.key(&key(2), &"later".parse().unwrap()).await;
    let later = [
        NativeObject::Plan("later".parse().unwrap()),
        NativeObject::Key(key(2).id),
        NativeObject::PlanKey(key(2).id, "later".parse().unwrap()),
    ];
    old.sync.first(&later).await.unwrap();
    restored
}

#[tokio::test(start_paused = true)]
async fn a_restored_table_goes_on_with_what_its_records_name_whatever_the_tag() {
    let world = restored().await;
    let before = (world.fake.plans(), world.fake.keys());
    assert_eq!(scan(&world).await, [""; 0]);
    assert_eq!((world.fake.plans(), world.fake.keys()), before);
    world.change_plan(&gold(), |plan| plan.quota = None).await;
    world.settle().await;
    let native = world.native(&NativeObject::Plan(gold())).await.unwrap();
    let changed = &world.fake.plans()[native.native_id.as_deref().unwrap()];
    assert_eq!(changed.quota, None);
    assert_eq!(changed.tags["latchkey:table"], TABLE);
    assert_eq!(world.tagged(RESTORED), BTreeSet::new(), "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn what_carries_the_old_tag_and_no_record_names_can_go_and_nothing_else() {
    let world = restored().await;
    let named = world.named().await;
    let tagged = world.tagged(TABLE);
    let left_over: BTreeSet<String> = tagged.difference(&named).cloned().collect();
    assert_eq!((tagged.len(), left_over.len()), (6, 2), "one plan, one key");
    world.delete_there(&left_over);
    let before = (world.fake.plans(), world.fake.keys());
    assert_eq!(scan(&world).await, [""; 0]);
    assert_eq!((world.fake.plans(), world.fake.keys()), before);

    // All that carries the tag is not to be deleted: it is missed.
    world.delete_there(&world.tagged(TABLE));
    let found = scan(&world).await;
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_on_its_way_is_made_when_its_left_over_twin_is_gone() {
    let old = in_step().await;
    old.key(&key(2), &gold()).await;
    let world = old.copied_to(RESTORED).await;
    let objects = [key(2).id].map(NativeObject::Key);
    old.sync.first(&objects).await.unwrap();
    let made = old.native(&objects[0]).await.unwrap().native_id.unwrap();
    assert_eq!(scan(&world).await, [""; 0]);
    let waiting = world.native(&objects[0]).await.unwrap();
    assert_eq!(
        (waiting.state, waiting.native_id),
        (NativeState::Pending, None)
    );
    let left_over: BTreeSet<String> = world.tagged(TABLE);
    let left_over: BTreeSet<String> = left_over
        .difference(&world.named().await)
        .cloned()
        .collect();
    assert_eq!(left_over, BTreeSet::from([made]));
    world.delete_there(&left_over);
    world.settle().await;
    assert_eq!(world.tagged(RESTORED).len(), 1);
}
