//! What a call costs does not grow with the number of keys: calls of the table, and items that
//! it reads for them, on a table with few keys and on one with many.
//!
//! With other numbers of keys, and as a table with the time that each call took:
//!
//! ```text
//! AT_SCALE=1000,100000 cargo test -p latchkey-admin --test admin at_scale -- --nocapture
//! ```

mod costs;
pub(crate) mod count;
mod filled;

use self::{
    costs::{Allowed, Cost, costs},
    filled::Filled,
};

/// Keys on the table, unless the environment says something else: as many as are made and
/// looked at in some seconds.
const SIZES: [usize; 2] = [1_000, 10_000];

fn sizes() -> Vec<usize> {
    match std::env::var("AT_SCALE") {
        Ok(text) => text
            .split(',')
            .map(|size| size.trim().parse().unwrap())
            .collect(),
        Err(_) => SIZES.to_vec(),
    }
}

#[tokio::test]
async fn what_a_call_costs_does_not_grow_with_the_number_of_keys() {
    let mut all: Vec<Vec<Cost>> = Vec::new();
    for keys in sizes() {
        let filled = Filled::with(keys).await;
        let Filled {
            plans, items, took, ..
        } = &filled;
        let (plans, took) = (plans.len(), took.as_secs_f64());
        eprintln!("{keys} keys on {plans} plans: {items} items, made in {took:.1} s");
        all.push(costs(&filled).await);
    }
    for costs in &all {
        for cost in costs {
            eprintln!("{cost}");
        }
        eprintln!();
    }
    let (few, others) = all.split_first().unwrap();
    for many in others {
        assert_eq!(few.len(), many.len());
        for (few, many) in few.iter().zip(many) {
            assert_eq!(few.name, many.name);
            assert!(
                many.calls <= few.calls.max(many.allowed.calls()),
                "{few}\n{many}"
            );
            let items = match many.allowed {
                // A page knows by one item more whether there is another.
                Allowed::AsBefore => few.items + many.calls,
                Allowed::AtMost { items, .. } => items,
            };
            assert!(many.items <= items, "{few}\n{many}");
        }
    }
}
