//! Items read by their keys, as they are now: one, or many in few reads.

use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use tokio::time::sleep;

use crate::{
    Record, Store, StoreError,
    item::{Item, key_of},
};

/// Keys that one BatchGetItem takes.
const BATCH: usize = 100;
/// DynamoDB gives back what it had no capacity for; asked again this often, after a pause
/// that doubles.
const ROUNDS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(25);

impl Store {
    /// The item of a record; none where it is not there.
    pub(crate) async fn read_item(&self, record: &Record<'_>) -> Result<Option<Item>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_of(record)))
            .consistent_read(true);
        let answer = get.send().await;
        Ok(answer
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?
            .item)
    }

    /// The items of these keys as they are now, in no order; those that are not there are
    /// left out.
    pub(crate) async fn read_items(
        &self,
        keys: impl Iterator<Item = Item>,
    ) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<Item> = keys.collect();
        let mut found = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            self.read_batch(batch.to_vec(), &mut found).await?;
        }
        Ok(found)
    }

    async fn read_batch(
        &self,
        mut wanted: Vec<Item>,
        found: &mut Vec<Item>,
    ) -> Result<(), StoreError> {
        for round in 0..ROUNDS {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build();
            let keys = keys.map_err(|error| StoreError::unavailable("BatchGetItem", &error))?;
            let get = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys);
            let answer = get
                .send()
                .await
                .map_err(|error| StoreError::from_sdk("BatchGetItem", &error))?;
            found.extend(
                answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items),
            );
            wanted = answer
                .unprocessed_keys
                .into_iter()
                .flatten()
                .flat_map(|(_, keys)| keys.keys)
                .collect();
            if wanted.is_empty() {
                return Ok(());
            }
            sleep(PAUSE * 2u32.pow(round)).await;
        }
        Err(StoreError::unavailable(
            "BatchGetItem",
            &"no capacity for all keys",
        ))
    }
}
