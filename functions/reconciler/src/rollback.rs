//! Keys that nobody has.
//!
//! A key with its own value in the header gets its native key from the request that makes it,
//! since the table does not hold the value. Where that request died on the way, nobody has
//! been told the value, and nobody can make the native key: the key is taken back, and with it
//! whatever was made of it at API Gateway.

use latchkey_domain::{Key, NativeKeyValue, Plan};
use latchkey_store::{Lost, NativeObject, Wanted};
use latchkey_sync::{Claimed, Inventory};

use crate::{RunError, run::Run};

impl Run<'_> {
    /// Takes a key back, where that is what is to be done. `inventory` was read after the
    /// request that makes it must have ended.
    pub(crate) async fn roll_back(
        &self,
        claimed: &Claimed,
        inventory: &Inventory,
    ) -> Result<bool, RunError> {
        let native = &claimed.native;
        let NativeObject::Key(id) = native.object else {
            return Ok(false);
        };
        let was_made = native.native_id.is_some() || native.twin.is_some();
        if native.wanted == Wanted::Absent || was_made {
            return Ok(false);
        }
        let record = self.store.key(id).await?;
        let header = |key: &Key| key.native_value == NativeKeyValue::Header;
        let Some(record) = record.filter(|record| header(&record.key)) else {
            return Ok(false);
        };
        let mut plans = Vec::new();
        for plan in &record.plan_ids {
            plans.extend(self.store.plan(plan).await?.map(|record| record.plan));
        }
        let plans: Vec<&Plan> = plans.iter().collect();
        let change = self.change();
        match self.store.delete_key(&record, &plans, &[], &change).await {
            Ok(()) => {}
            // It is looked at again when the claim is over.
            Err(Lost::Condition(_)) => return Ok(true),
            Err(Lost::Store(error)) => return Err(error.into()),
        }
        tracing::warn!(%id, "taken back: the request that made the key ended before it had its value");
        let native = self.store.native(&NativeObject::Key(id)).await?;
        if let Some(native) = native.filter(|native| native.wanted == Wanted::Absent) {
            let due = claimed.due;
            let claimed = Claimed { native, due };
            self.sync.attempt(&claimed, inventory).await?;
        }
        Ok(true)
    }
}
