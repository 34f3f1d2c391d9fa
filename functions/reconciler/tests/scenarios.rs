//! Changes as the admin API makes them: written to the table, then tried once.

use latchkey_domain::{Key, KeyId, KeyValue, NativeKeyValue, Plan, PlanId, StageSelector};
use latchkey_store::{KeyRecord, NativeObject};

use crate::world::{World, key, plan, stage, twin, value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    CreatePlan,
    ChangePlan,
    DeletePlan,
    AttachInternal,
    AttachAgain,
    ChangeKey,
    Detach,
    Move,
    DeleteKey,
    HeaderKey,
    Flush,
}

pub(crate) const ALL: [Scenario; 11] = [
    Scenario::CreatePlan,
    Scenario::ChangePlan,
    Scenario::DeletePlan,
    Scenario::AttachInternal,
    Scenario::AttachAgain,
    Scenario::ChangeKey,
    Scenario::Detach,
    Scenario::Move,
    Scenario::DeleteKey,
    Scenario::HeaderKey,
    Scenario::Flush,
];

pub(crate) fn gold() -> PlanId {
    "gold".parse().unwrap()
}

fn silver() -> PlanId {
    "silver".parse().unwrap()
}

fn first_key() -> KeyId {
    key(1).id
}

pub(crate) fn header_key() -> Key {
    Key {
        native_value: NativeKeyValue::Header,
        ..key(9)
    }
}

pub(crate) fn header_value() -> String {
    let value: KeyValue = value(9);
    value.expose().to_owned()
}

fn native_plan(id: PlanId) -> NativeObject {
    NativeObject::Plan(id)
}

fn on(plan: PlanId) -> NativeObject {
    NativeObject::PlanKey(first_key(), plan)
}

impl Scenario {
    /// What is there before, in step.
    pub(crate) async fn set_up(self, world: &World) {
        if self == Self::CreatePlan {
            return;
        }
        world.plan(&plan("gold")).await;
        if self == Self::Move {
            world.plan(&plan("silver")).await;
        }
        match self {
            Self::CreatePlan | Self::ChangePlan | Self::DeletePlan | Self::HeaderKey => {}
            Self::AttachInternal => {
                let (key, twin, change) = (key(1), twin(first_key()), world.change());
                let made = world.store.create_key(&key, &[], &twin, &change);
                made.await.unwrap();
            }
            _ => world.key(&key(1), &gold()).await,
        }
        let objects = [
            native_plan(gold()),
            native_plan(silver()),
            NativeObject::Key(first_key()),
            on(gold()),
        ];
        world.sync.first(&objects).await.unwrap();
        if self == Self::AttachAgain {
            detach(world, &gold()).await;
            world.sync.first(&[on(gold())]).await.unwrap();
        }
        world.assert_in_step("set up").await;
    }

    /// The change. It ends early where the process dies in it.
    pub(crate) async fn change(self, world: &World) {
        let objects = match self {
            Self::CreatePlan => {
                world.plan(&plan("gold")).await;
                vec![native_plan(gold())]
            }
            Self::ChangePlan => {
                world.change_plan(&gold(), change_all).await;
                vec![native_plan(gold())]
            }
            Self::DeletePlan => {
                let record = world.store.plan(&gold()).await.unwrap().unwrap();
                let change = world.change();
                let deleted = world.store.delete_plan(&record.plan, &change);
                deleted.await.unwrap();
                vec![native_plan(gold())]
            }
            Self::AttachInternal | Self::AttachAgain => {
                attach(world, &gold()).await;
                vec![NativeObject::Key(first_key()), on(gold())]
            }
            Self::ChangeKey => {
                update(world, &[]).await;
                vec![NativeObject::Key(first_key())]
            }
            Self::Detach => {
                detach(world, &gold()).await;
                vec![on(gold())]
            }
            Self::Move => {
                detach(world, &gold()).await;
                attach(world, &silver()).await;
                vec![on(silver()), on(gold())]
            }
            Self::DeleteKey => {
                let record = record(world).await;
                let plan = world.store.plan(&gold()).await.unwrap().unwrap().plan;
                let change = world.change();
                let on = [&plan];
                let deleted = world.store.delete_key(&record, &on, &[], &change);
                deleted.await.unwrap();
                vec![NativeObject::Key(first_key())]
            }
            Self::HeaderKey => {
                let key = header_key();
                world.key(&key, &gold()).await;
                world.sync.make_header_key(&key, &value(9)).await.unwrap();
                vec![NativeObject::PlanKey(key.id, gold())]
            }
            Self::Flush => {
                let stages = ["prod", "dev"].map(|stage| StageSelector::new("a1", stage));
                update(world, &stages.map(Result::unwrap)).await;
                vec![
                    NativeObject::Key(first_key()),
                    NativeObject::Flush(first_key()),
                ]
            }
        };
        world.sync.first(&objects).await.unwrap();
    }
}

fn change_all(plan: &mut Plan) {
    plan.name = "Golden".parse().unwrap();
    plan.quota = None;
    plan.stages = vec![stage("a1", "dev"), stage("a2", "prod")];
}

async fn record(world: &World) -> KeyRecord {
    world.store.key(first_key()).await.unwrap().unwrap()
}

async fn update(world: &World, flush: &[StageSelector]) {
    let before = record(world).await;
    let after = Key {
        name: "another name".parse().ok(),
        description: "and a description".parse().ok(),
        enabled: false,
        revision: before.key.revision + 1,
        ..before.key.clone()
    };
    let change = world.change();
    let updated = world.store.update_key(&before, &after, flush, &change);
    updated.await.unwrap();
}

pub(crate) async fn attach(world: &World, plan: &PlanId) {
    let (record, plan) = (record(world).await, world.store.plan(plan).await);
    let (plan, change) = (plan.unwrap().unwrap().plan, world.change());
    let twin = twin(first_key());
    let attached = world.store.attach(&record, &plan, &twin, &change);
    attached.await.unwrap();
}

pub(crate) async fn detach(world: &World, plan: &PlanId) {
    let (record, plan) = (record(world).await, world.store.plan(plan).await);
    let (plan, change) = (plan.unwrap().unwrap().plan, world.change());
    let detached = world.store.detach(&record, &plan, &[], &change);
    detached.await.unwrap();
}

impl World {
    /// Whether the change was written.
    pub(crate) async fn key_is_disabled(&self) -> bool {
        !record(self).await.key.enabled
    }
}
