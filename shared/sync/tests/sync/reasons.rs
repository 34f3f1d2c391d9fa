//! What stopped an attempt is written down, in words that tell no value, with the time of the
//! next one.

use std::time::Duration;

use latchkey_fake_gateway::Failure;
use tokio::time::sleep;

use crate::world::{World, of_key, of_plan, on_plan, twin};

/// State, reason and seconds to the next attempt after one that failed so.
async fn after(failure: Failure) -> (&'static str, String, i64) {
    let world = World::new().await;
    world.fake.fail_next("CreateApiKey", failure);
    world.sync.first(&[of_key()]).await.unwrap();
    let native = world.native(&of_key()).await;
    let wait = native.due.duration_since(world.now()).as_secs();
    (native.state.as_str(), native.reason.unwrap(), wait)
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_its_state_its_words_and_its_pause() {
    let text = |text: &str| text.to_owned();
    for (failure, state, reason, wait) in [
        (
            Failure::Throttled,
            "pending",
            "API Gateway's rate of CreateApiKey calls is used up",
            0,
        ),
        (
            Failure::ConcurrentModification,
            "pending",
            "API Gateway has a conflict with CreateApiKey: concurrent modification",
            15,
        ),
        (
            Failure::LimitExceeded,
            "failed",
            "the AWS quota \"API keys per account per Region\" is used up",
            60,
        ),
        (
            Failure::AccessDenied(text("apigateway:POST is missing")),
            "failed",
            "API Gateway refuses CreateApiKey: AccessDeniedException: apigateway:POST is missing",
            60,
        ),
        (
            Failure::AnswerLost,
            "pending",
            "CreateApiKey got no answer: ",
            15,
        ),
    ] {
        let (is, says, pause) = Box::pin(after(failure.clone())).await;
        assert_eq!((is, pause), (state, wait), "{failure:?}");
        assert!(says.starts_with(reason), "{failure:?}: {says}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_end() {
    let world = World::new().await;
    world.sync.first(&[of_plan()]).await.unwrap();
    let mut waits = Vec::new();
    world.fake.fail_all(Some(Failure::LimitExceeded));
    for _ in 0..9 {
        world.reconciled_key().await;
        let native = world.native(&of_key()).await;
        waits.push(native.due.duration_since(world.now()).as_secs() / 60);
        sleep(Duration::from_secs(7_200)).await;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    world.fake.fail_all(None);
    world.reconciled_key().await;
    assert_eq!(world.state(&of_key()).await, "inSync");
}

impl World {
    /// A later attempt that has seen an empty account.
    async fn reconciled_key(&self) {
        let native = self.native(&of_key()).await;
        let until = self.now() + Duration::from_secs(300);
        let claimed = self.sync.claim(&native, until).await.unwrap().unwrap();
        let owner = latchkey_sync::Owner("latchkey-keys");
        let inventory = latchkey_sync::Inventory::of(vec![], vec![], owner, self.now());
        self.sync.attempt(&claimed, &inventory).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_reason_tells_a_value() {
    let told = format!("the value {} is not allowed", twin().expose());
    for failure in [Failure::BadRequest(told.clone()), Failure::Conflict(told)] {
        let (_, reason, _) = Box::pin(after(failure.clone())).await;
        assert!(!reason.contains(twin().expose()), "{reason}");
    }
    let world = World::in_step().await;
    for object in [of_plan(), of_key(), on_plan()] {
        let native = world.native(&object).await;
        assert!(!format!("{native:?}").contains(twin().expose()));
    }
    assert!(!format!("{:?}", world.inventory().await).contains(twin().expose()));
}
