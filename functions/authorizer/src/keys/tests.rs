//! What is remembered when somebody makes up keys without end.

use latchkey_domain::{KeyValue, Prefix, RANDOM_BYTES};
use latchkey_engine::Engine;
use latchkey_store::{Patience, create_table};

use super::*;
use crate::settings::MetricsOf;

const TABLE: &str = "latchkey";
const MOST: usize = 60;

/// A value of the form of a generated one.
fn value(number: u32) -> KeyValue {
    let mut random = [0; RANDOM_BYTES];
    for half in random.chunks_exact_mut(4) {
        half.copy_from_slice(&number.to_be_bytes());
    }
    KeyValue::generate(&Prefix::default(), &random)
}

#[tokio::test]
async fn made_up_keys_fill_no_memory_and_push_out_none_that_is_in_use() {
    let client = Engine::in_memory().unwrap().client();
    create_table(&client, TABLE).await.unwrap();
    let store = Store::new(&client, TABLE, Patience::Embedded);
    let now = Reading { wall: 0, steady: 0 };
    let metrics = Arc::new(Metrics::new(TABLE, MetricsOf::Totals, now));
    let mut keys = Keys::new((store, Clock::new(move || now), metrics), Nanos::MAX);
    assert_eq!(keys.known.capacity(), KEYS as u64);
    keys.known = Cache::new(MOST);
    let in_use = value(0).presented().id;
    keys.get(in_use, now).await.unwrap();
    for number in 1..=600 {
        let made_up = match number % 2 {
            0 => value(number).presented().id,
            _ => {
                KeyValue::custom(&format!("a-value-that-was-made-up-{number}"))
                    .unwrap()
                    .presented()
                    .id
            }
        };
        assert_eq!(keys.get(made_up, now).await.unwrap().1, Source::Table);
        assert!(
            keys.known.len() <= MOST,
            "{} are remembered",
            keys.known.len()
        );
        if number % 10 == 0 {
            let (_, source) = keys.get(in_use, now).await.unwrap();
            assert_eq!(source, Source::Memory, "after {number} made-up keys");
        }
    }
}
