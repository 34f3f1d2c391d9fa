//! Old days go from the meter to its history, with calls that find them.

use latchkey_domain::{
    KeyValue,
    meter::{Meter, Owner},
};
use latchkey_store::Told;

use crate::{
    table::Passage,
    world::{World, key, keyed, plan},
};

const DAY: i64 = 24 * 3_600;

/// An authorizer on a table behind a passage, and a key on a plan there.
struct Folding {
    world: World,
    passage: Passage,
    value: KeyValue,
}

impl Folding {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let (world, passage) = World::counted(settings).await;
        let value = keyed(&world, &plan("p", None), 1).await;
        Self {
            world,
            passage,
            value,
        }
    }

    fn owner(&self) -> Owner {
        Owner::Key(key(&self.value).id)
    }

    async fn meter(&self) -> Meter {
        let plan = "p".parse().unwrap();
        let meter = self.world.store.meter(&self.owner(), &plan).await;
        meter.unwrap().unwrap()
    }

    /// Calls once on each of these days, and is let through.
    async fn days(&self, days: i64) {
        for _ in 0..days {
            self.world.pass(DAY);
            self.passes().await;
        }
    }

    async fn passes(&self) {
        assert_eq!(self.world.reason(self.value.expose()).await, None);
    }

    /// Units of all days that a report tells.
    async fn told(&self) -> i64 {
        let mut told = [Told {
            owner: self.owner(),
            plan: "p".parse().unwrap(),
            quota: None,
            meter: self.meter().await,
        }];
        self.world.store.add_history(&mut told, 0).await.unwrap();
        told[0].meter.days.values().sum()
    }
}

/// Each call is charged for itself, and the key is read once.
const SINGLE: [(&str, &str); 2] = [("LEASE_MAX", "1"), ("KEY_CACHE_SECONDS", "300")];

#[tokio::test]
async fn the_meter_of_a_key_that_is_used_for_months_stays_small() {
    let folding = Folding::new(&SINGLE).await;
    for day in 1..=100 {
        folding.days(1).await;
        let kept = folding.meter().await.days.len();
        assert_eq!(kept, day.min(31));
    }
    assert_eq!(folding.meter().await.folds, 69);
    assert_eq!(folding.told().await, 100);
}

#[tokio::test]
async fn the_call_that_finds_old_days_moves_them_and_no_other_does() {
    let folding = Folding::new(&SINGLE).await;
    folding.days(32).await;
    folding.world.pass(DAY);
    folding.passage.taken();
    folding.passes().await;
    let (_, of_history) = folding.passage.taken();
    assert_eq!(of_history, 1);
    folding.passes().await;
    let charge_alone = (1, 0);
    assert_eq!(folding.passage.taken(), charge_alone);
}

#[tokio::test]
async fn a_history_that_cannot_be_written_changes_no_decision_and_is_tried_once_a_day() {
    let folding = Folding::new(&SINGLE).await;
    folding.days(31).await;
    folding.passage.history_fails(true);
    folding.days(1).await;
    assert!(folding.passage.taken().1 > 0);
    let charge_alone = (1, 0);
    for _ in 0..3 {
        folding.passes().await;
        assert_eq!(folding.passage.taken(), charge_alone);
    }
    assert!(!folding.meter().await.folding.is_empty(), "it was left");
    folding.passage.history_fails(false);
    folding.days(2).await;
    let meter = folding.meter().await;
    assert!(meter.folding.is_empty());
    assert_eq!(meter.folds, 2);
    assert_eq!(folding.told().await, 37);
}

#[tokio::test(start_paused = true)]
async fn a_history_that_does_not_answer_holds_a_call_up_no_longer_than_it_may() {
    let folding = Folding::new(&SINGLE).await;
    folding.days(31).await;
    folding.passage.history_hangs(true);
    let begun = tokio::time::Instant::now();
    folding.days(1).await;
    assert_eq!(begun.elapsed().as_millis(), 200);
}

#[tokio::test]
async fn a_call_that_is_served_from_memory_moves_nothing() {
    let folding = Folding::new(&[("KEY_CACHE_SECONDS", "300")]).await;
    folding.days(31).await;
    folding.world.pass(DAY);
    folding.passage.history_fails(true);
    let mut leased = 0;
    for call in 0..40 {
        folding.passes().await;
        let (calls, of_history) = folding.passage.taken();
        leased += usize::from(calls == 0);
        assert!(of_history == 0 || call == 0, "{of_history} in call {call}");
    }
    assert!(leased > 20, "{leased}");
}
