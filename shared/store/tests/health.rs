//! What is told of the table that `create_table` makes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::Table;

#[tokio::test]
async fn the_table_that_is_made_is_the_one_that_is_needed() {
    let table = Table::new().await;
    let health = table.store.table_health().await.unwrap();
    assert_eq!(health.differences, Vec::<String>::new());
    assert_eq!(health.trouble, Vec::<String>::new());
    assert!(table.store.forgets().await.unwrap());
}
