//! Lists of keys, each key with its place in the list: whoever leaves some out may go on
//! behind any of them.

use std::collections::{BTreeSet, HashMap};

use latchkey_domain::{CustomerId, KeyId, PlanId};

use crate::{
    Cursor, KeyRecord, Page, Store, StoreError, attachment, key,
    page::Listing,
    schema::{KEYS, LIST, OWNER, customer_partition},
};

/// Which keys, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyList<'a> {
    /// All, in the order of their creation.
    All,
    /// A customer's, in the order of their creation.
    OfCustomer(&'a CustomerId),
    /// Those on a plan, in the order of their creation.
    OnPlan(&'a PlanId),
}

impl Store {
    /// A page of a list of keys, each with the cursor behind it. The lists come from indexes:
    /// what was just made or changed may be missing or old for a moment. Of a plan's keys
    /// those are left out that are no longer on it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keys_placed(
        &self,
        list: KeyList<'_>,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<(KeyRecord, Cursor)>, StoreError> {
        let (index, partition) = match list {
            KeyList::All => (LIST, KEYS.to_owned()),
            KeyList::OfCustomer(id) => (OWNER, customer_partition(id)),
            KeyList::OnPlan(plan) => return self.on_plan(plan, limit, cursor).await,
        };
        let listing = Listing {
            index: Some(index),
            partition: &partition,
            limit,
            cursor,
        };
        let query = self.client.query().table_name(&self.table);
        listing.run_placed(query, key::from_item).await
    }

    async fn on_plan(
        &self,
        plan: &PlanId,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<(KeyRecord, Cursor)>, StoreError> {
        let partition = attachment::list_partition(plan);
        let listing = Listing {
            index: Some(LIST),
            partition: &partition,
            limit,
            cursor,
        };
        let query = self.client.query().table_name(&self.table);
        let page = listing.run_placed(query, attachment::from_item).await?;
        let ids: BTreeSet<KeyId> = page.items.iter().map(|(on, _)| on.key_id).collect();
        let ids: Vec<KeyId> = ids.into_iter().collect();
        let found = self.keys_by_id(&ids).await?;
        let mut found: HashMap<KeyId, KeyRecord> = found
            .into_iter()
            .filter(|record| record.plan_ids.contains(plan))
            .map(|record| (record.key.id, record))
            .collect();
        let keys = page.items.into_iter();
        Ok(Page {
            items: keys
                .filter_map(|(on, cursor)| Some((found.remove(&on.key_id)?, cursor)))
                .collect(),
            cursor: page.cursor,
        })
    }
}
