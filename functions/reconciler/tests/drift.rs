//! What somebody else has changed at API Gateway is found, and told or mended: once.

use std::collections::BTreeMap;

use latchkey_fake_gateway::{FakeKey, FakePlan, FakeQuota, Source};
use latchkey_reconciler::settings::DriftMode;
use latchkey_store::{Finding, NativeObject};

use crate::{
    scenarios::{gold, header_key},
    world::{TABLE, World, key, plan, stage, value},
};

/// Key 1 on gold and silver, key 9 with its own value on gold.
pub(crate) async fn in_step() -> World {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    let mut silver = plan("silver");
    silver.stages = vec![stage("a2", "prod")];
    world.plan(&silver).await;
    world.key(&key(1), &gold()).await;
    let record = world.store.key(key(1).id).await.unwrap().unwrap();
    let (twin, change) = (crate::world::twin(key(1).id), world.change());
    let attached = world.store.attach(&record, &silver, &twin, &change);
    attached.await.unwrap();
    world.key(&header_key(), &gold()).await;
    let (header, value) = (header_key(), value(9));
    let made = world.sync.make_header_key(&header, &value);
    made.await.unwrap();
    world.sync.first(&objects()).await.unwrap();
    world.assert_in_step("set up").await;
    world
}

fn objects() -> [NativeObject; 6] {
    let (gold, silver) = (gold(), silver());
    [
        NativeObject::Plan(gold.clone()),
        NativeObject::Plan(silver.clone()),
        NativeObject::Key(key(1).id),
        NativeObject::PlanKey(key(1).id, gold.clone()),
        NativeObject::PlanKey(key(1).id, silver),
        NativeObject::PlanKey(header_key().id, gold),
    ]
}

fn silver() -> latchkey_domain::PlanId {
    "silver".parse().unwrap()
}

impl World {
    async fn native_id(&self, object: &NativeObject) -> String {
        self.native(object).await.unwrap().native_id.unwrap()
    }

    async fn gold_id(&self) -> String {
        self.native_id(&NativeObject::Plan(gold())).await
    }

    async fn twin_id(&self) -> String {
        self.native_id(&NativeObject::Key(key(1).id)).await
    }

    async fn header_id(&self) -> String {
        self.native_id(&NativeObject::Key(header_key().id)).await
    }

    /// Compares once: what was found, without the ids that API Gateway gave.
    async fn scanned(&self, mode: DriftMode) -> Vec<String> {
        let scanner = self.scanner(mode);
        let report = Box::pin(self.run(&scanner)).await;
        let drift = self.store.drift().await.unwrap().unwrap();
        let mended = drift.findings.iter().filter(|finding| finding.mended);
        let counted = (drift.total, mended.count() as u64);
        assert_eq!(report.drift, Some(counted));
        assert_eq!(drift.findings.len() as u64, drift.total);
        drift.findings.iter().map(shown).collect()
    }
}

/// `what kind: detail`, and whether it was mended.
fn shown(finding: &Finding) -> String {
    let plan = finding.plan_id.as_ref().map(ToString::to_string);
    let key = finding.key_id.map(|id| {
        let known = [(key(1).id, "key 1"), (header_key().id, "key 9")];
        let known = known.iter().find(|(known, _)| *known == id);
        known.map_or("another key", |(_, name)| name).to_owned()
    });
    let what: Vec<String> = plan.into_iter().chain(key).collect();
    let (what, kind) = (what.join(" "), finding.kind.as_str());
    let mended = if finding.mended { " (mended)" } else { "" };
    format!("{what} {kind}: {}{mended}", finding.detail)
}

/// What one finding is, when it is told and when it is mended.
async fn found_and_mended(case: &str, by_hand: impl AsyncFn(&World), found: &str) {
    let world = in_step().await;
    by_hand(&world).await;
    let state = async || (world.fake.plans(), world.fake.keys());
    let before = state().await;
    for _ in 0..2 {
        assert_eq!(world.scanned(DriftMode::Report).await, [found], "{case}");
        assert_eq!(state().await, before, "{case}: only told");
        assert_eq!(world.mends().await, [""; 0], "{case}");
    }
    let mended = format!("{found} (mended)");
    assert_eq!(world.scanned(DriftMode::Mend).await, [mended], "{case}");
    world.assert_in_step(case).await;
    let audited = world.mends().await;
    let words = found.split_once(": ").unwrap().1;
    assert!(
        audited.len() == 1 && audited[0].ends_with(words),
        "{audited:?}"
    );
    assert_eq!(world.scanned(DriftMode::Mend).await, [""; 0], "{case}");
    assert_eq!(world.mends().await, audited, "{case}: audited once");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_changed_nothing_is_found() {
    let world = in_step().await;
    for mode in [DriftMode::Report, DriftMode::Mend] {
        assert_eq!(world.scanned(mode).await, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_comes_back_with_all_that_was_on_it() {
    let case = async |world: &World| world.fake.delete_plan(&world.gold_id().await);
    found_and_mended("plan", case, "gold gone: the usage plan is not there").await;
    let case = async |world: &World| world.fake.delete_key(&world.twin_id().await);
    found_and_mended("key", case, "key 1 gone: the key is not there").await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_taken_off_its_plan_is_put_on_it_again() {
    let world = in_step().await;
    let (plan, key) = (world.gold_id().await, world.header_id().await);
    world.fake.detach(&plan, &key);
    let found = format!("gold key 9 gone: the key is not on the usage plan {plan}");
    assert_eq!(world.scanned(DriftMode::Report).await, [found.as_str()]);
    let mended = format!("{found} (mended)");
    assert_eq!(world.scanned(DriftMode::Mend).await, [mended]);
    world.assert_in_step("it is on it").await;
    assert_eq!(world.scanned(DriftMode::Mend).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_says_something_else_is_changed_back() {
    let edit = async |world: &World, edit: fn(&mut FakePlan)| {
        world.fake.edit_plan(&world.gold_id().await, edit);
    };
    let case = async |world: &World| edit(world, |plan| plan.name = "?".into()).await;
    found_and_mended("name", case, "gold changed: name is another").await;
    let case = async |world: &World| edit(world, |plan| plan.description = None).await;
    found_and_mended("description", case, "gold changed: description is another").await;
    let case = async |world: &World| edit(world, |plan| plan.throttle = None).await;
    found_and_mended(
        "throttle",
        case,
        "gold changed: throttle is none, wanted is 5 per second with burst 10",
    )
    .await;
    let quota = |plan: &mut FakePlan| {
        plan.quota = Some(FakeQuota {
            limit: 9,
            offset: 0,
            period: "MONTH".into(),
        });
    };
    let case = async |world: &World| edit(world, quota).await;
    found_and_mended(
        "quota",
        case,
        "gold changed: quota is 9 per MONTH, wanted is 1000 per DAY",
    )
    .await;
    let more = |plan: &mut FakePlan| {
        plan.stages.insert("a1:dev".into(), BTreeMap::new());
    };
    let case = async |world: &World| edit(world, more).await;
    found_and_mended("stage", case, "gold changed: the stage a1:dev was added").await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_was_made_again_is_put_back() {
    let case = async |world: &World| {
        world.fake.drop_stage("a1", "prod");
        world.fake.add_stage("a1", "prod");
    };
    let found = "gold changed: the stage a1:prod is not on it";
    found_and_mended("made again", case, found).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_says_something_else_is_changed_back() {
    let edit = async |world: &World, edit: fn(&mut FakeKey)| {
        world.fake.edit_key(&world.twin_id().await, edit);
    };
    let case = async |world: &World| edit(world, |key| key.enabled = false).await;
    found_and_mended("enabled", case, "key 1 changed: enabled is another").await;
    let case = async |world: &World| edit(world, |key| key.name = "?".into()).await;
    found_and_mended("name", case, "key 1 changed: name is another").await;
    let case = async |world: &World| edit(world, |key| key.customer_id = None).await;
    found_and_mended("customer", case, "key 1 changed: customerId is another").await;
}

fn tags(name: &str, id: &str) -> BTreeMap<String, String> {
    let tags = [("latchkey:table", TABLE), (name, id)];
    let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    BTreeMap::from(tags)
}

#[tokio::test(start_paused = true)]
async fn what_this_table_made_and_nothing_wants_is_deleted() {
    let unwanted = FakePlan {
        stages: BTreeMap::from([("a1:dev".into(), BTreeMap::new())]),
        tags: tags("latchkey:plan", "bronze"),
        ..FakePlan::default()
    };
    let case = async |world: &World| drop(world.fake.put_plan(unwanted.clone()));
    let found = "bronze orphan: nothing here wants this usage plan, which Latchkey made";
    found_and_mended("plan", case, found).await;
    let second = FakePlan {
        tags: tags("latchkey:plan", "gold"),
        ..unwanted.clone()
    };
    let case = async |world: &World| drop(world.fake.put_plan(second.clone()));
    let found = "gold orphan: a second usage plan, which Latchkey made, beside the one in use";
    found_and_mended("second plan", case, found).await;
    let key_for = |id: String| FakeKey {
        tags: tags("latchkey:key", &id),
        ..FakeKey::default()
    };
    let case = async |world: &World| drop(world.fake.put_key(key_for(key(5).id.to_string())));
    let found = "another key orphan: nothing here wants this key, which Latchkey made";
    found_and_mended("key", case, found).await;
    // It is on a plan, too, which is no finding beside.
    let case = async |world: &World| {
        let id = world.fake.put_key(key_for(key(1).id.to_string()));
        world.fake.attach(&world.gold_id().await, &id);
    };
    let found = "key 1 orphan: a second key, which Latchkey made, beside the one in use";
    found_and_mended("second key", case, found).await;
}

/// What is told in either mode and stays as it is.
async fn only_told(case: &str, by_hand: impl AsyncFn(&World), found: &str) {
    let world = in_step().await;
    by_hand(&world).await;
    let before = (world.fake.plans(), world.fake.keys());
    for mode in [DriftMode::Report, DriftMode::Mend, DriftMode::Mend] {
        assert_eq!(world.scanned(mode).await, [found], "{case}");
        assert_eq!((world.fake.plans(), world.fake.keys()), before, "{case}");
        assert_eq!(world.mends().await, [""; 0], "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_latchkey_may_not_change_is_told() {
    let case = async |world: &World| {
        let id = world.fake.put_key(FakeKey::default());
        world.fake.attach(&world.gold_id().await, &id);
    };
    let found = "gold foreign: somebody else has put this key on the usage plan";
    only_told("another's key", case, found).await;
    let case = async |world: &World| {
        let silver = world.native_id(&NativeObject::Plan(silver())).await;
        let id = world.header_id().await;
        world.fake.attach(&silver, &id);
    };
    let id = header_key().id;
    let found =
        format!("silver key 9 foreign: {id} is on the usage plan, though it is not attached here");
    let twice = async |world: &World| {
        case(world).await;
        let untag = |key: &mut FakeKey| key.tags.clear();
        world.fake.edit_key(&world.header_id().await, untag);
    };
    only_told("a key that was taken over", twice, &found).await;
    let case = async |world: &World| world.fake.set_api("a2", Source::Header, &["prod"]);
    let found = "silver keySource: the API a2 has apiKeySource HEADER, where the values of the plan's internal keys open it: set it to AUTHORIZER";
    only_told("the API", case, found).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_latchkey_made_is_taken_off_a_plan_that_it_is_not_attached_to() {
    let case = async |world: &World| {
        let silver = world.native_id(&NativeObject::Plan(silver())).await;
        let id = world.header_id().await;
        world.fake.attach(&silver, &id);
    };
    let id = header_key().id;
    let found =
        format!("silver key 9 foreign: {id} is on the usage plan, though it is not attached here");
    found_and_mended("stray", case, &found).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_being_attached_is_not_taken_off() {
    let world = in_step().await;
    let plan = world.native_id(&NativeObject::Plan(silver())).await;
    world.fake.attach(&plan, &world.header_id().await);
    let record = world.store.key(header_key().id).await.unwrap().unwrap();
    let silver = world.store.plan(&silver()).await.unwrap().unwrap().plan;
    let (twin, change) = (crate::world::twin(header_key().id), world.change());
    let attached = world.store.attach(&record, &silver, &twin, &change);
    attached.await.unwrap();
    assert_eq!(world.scanned(DriftMode::Mend).await, [""; 0]);
    world.settle().await;
    world.assert_in_step("attached").await;
    assert_eq!(world.mends().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_value_nobody_has_is_not_made_again() {
    let world = in_step().await;
    world.fake.delete_key(&world.header_id().await);
    let gone = "key 9 gone: the key is not there";
    assert_eq!(world.scanned(DriftMode::Report).await, [gone]);
    assert_eq!(world.scanned(DriftMode::Mend).await, [gone]);
    let failed = "key 9 failed: API Gateway has the key no longer, and its value is kept nowhere else: delete it here and make a new one";
    for _ in 0..2 {
        assert_eq!(world.scanned(DriftMode::Mend).await, [failed]);
        assert_eq!(world.mends().await.len(), 1, "tried once");
    }
    // It is its owner's to delete, and not taken back as one that was never made.
    tokio::time::sleep(std::time::Duration::from_secs(7_200)).await;
    assert_eq!(world.scanned(DriftMode::Mend).await, [failed]);
    assert!(world.store.key(header_key().id).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_a_stage_that_does_not_exist_is_told_with_the_reason() {
    let world = in_step().await;
    world.fake.drop_stage("a1", "prod");
    let lost = "gold changed: the stage a1:prod is not on it";
    assert_eq!(world.scanned(DriftMode::Mend).await, [lost]);
    let failed = "gold failed: UpdateUsagePlan: API Gateway has no such API stage; all but the stages a1:prod is in step";
    assert_eq!(world.scanned(DriftMode::Mend).await, [failed]);
    world.fake.add_stage("a1", "prod");
    world.settle().await;
    world.assert_in_step("the stage is there again").await;
    assert_eq!(world.scanned(DriftMode::Mend).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn many_are_counted_and_the_first_are_kept_and_deleted() {
    let world = in_step().await;
    for number in 0..250 {
        world.fake.put_key(FakeKey {
            name: format!("unwanted {number}"),
            tags: tags("latchkey:key", &key(1_000 + number).id.to_string()),
            ..FakeKey::default()
        });
    }
    let scanner = world.scanner(DriftMode::Mend);
    let report = Box::pin(world.run(&scanner)).await;
    assert_eq!(report.drift, Some((250, 200)));
    let drift = world.store.drift().await.unwrap().unwrap();
    assert_eq!((drift.total, drift.findings.len()), (250, 200));
    let asked = world.fake.calls().into_iter();
    let asked = asked.filter(|call| call.operation == "GetApiKey").count();
    assert_eq!(asked, 200, "each once, and no more than are deleted");
    let report = Box::pin(world.run(&scanner)).await;
    assert_eq!(report.drift, Some((50, 50)), "the rest");
    world.assert_in_step("all are gone").await;
}
