//! One attempt at one object.

use jiff::Timestamp;
use latchkey_store::{Id, Native, NativeObject, NativeState, Settled, StoreError};

use crate::{
    Inventory, Sync,
    outcome::{Stop, Stopped},
};

/// What is known of what earlier attempts may have made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Earlier<'a> {
    /// There was none: whoever wants the object makes it.
    None,
    /// The object was due at this instant, and whatever was made until then is here.
    LookedAt(Timestamp, &'a Inventory),
}

/// What an attempt did, before it is written down.
pub(crate) type Done = Result<Settled, Stop>;

/// An object that is the caller's to try until the claim ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its record.
    pub native: Native,
    /// Since when it could be claimed: nobody else makes an attempt from then on.
    pub due: Timestamp,
}

/// Changes that one attempt runs after, where they come faster than it can follow.
const FOLLOWED: usize = 3;

impl Sync {
    /// Makes the first attempts at what a request has just changed, in this order: a plan or a
    /// key before the key on the plan. What is in step, and what an earlier attempt may have
    /// made, is left alone.
    ///
    /// # Errors
    /// [`StoreError`]: what was not attempted stays pending.
    pub async fn first(&self, objects: &[NativeObject]) -> Result<(), StoreError> {
        for object in objects {
            let Some(native) = self.store.native(object).await? else {
                continue;
            };
            // With an id there is something to look at; without one only the first to want it
            // knows that there is nothing.
            let fresh = native.native_id.is_some() || native.revision == 1;
            let needs_no_id = matches!(object, NativeObject::PlanKey(..) | NativeObject::Flush(_));
            let untried = native.state == NativeState::Pending && native.attempts == 0;
            if untried && (fresh || needs_no_id) {
                self.bring(native, Earlier::None).await?;
            }
        }
        Ok(())
    }

    /// Takes a later attempt at an object, as [`latchkey_store::Store::pending`] has told it,
    /// for the caller until `until`. None where somebody else has it, or wants something else
    /// of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim(
        &self,
        seen: &Native,
        until: Timestamp,
    ) -> Result<Option<Claimed>, StoreError> {
        let Some(mut native) = self.store.claim(seen, until).await? else {
            return Ok(None);
        };
        if native.native_id.is_none() && has_an_id(&native.object) {
            // What was seen comes from an index: by now the id may be known.
            let now = self.store.native(&native.object).await?;
            match now.filter(|now| now.revision == native.revision) {
                Some(now) => native = now,
                None => return Ok(None),
            }
        }
        let due = seen.due;
        Ok(Some(Claimed { native, due }))
    }

    /// Makes an attempt that was claimed. `inventory` was read when the object was due or
    /// later, if it has no id that is known: only then it shows what earlier attempts made.
    ///
    /// # Errors
    /// [`StoreError`]: it is tried again when the claim is over.
    pub async fn attempt(
        &self,
        claimed: &Claimed,
        inventory: &Inventory,
    ) -> Result<(), StoreError> {
        let earlier = Earlier::LookedAt(claimed.due, inventory);
        self.bring(claimed.native.clone(), earlier).await
    }

    /// An attempt. Where something else was wanted meanwhile, whoever wants that may have
    /// been overtaken by this attempt's last call, and what it then says is not so: this
    /// attempt goes after it, or has it tried again.
    async fn bring(&self, mut native: Native, mut earlier: Earlier<'_>) -> Result<(), StoreError> {
        for _ in 0..FOLLOWED {
            self.settle(&native, earlier).await?;
            let mut now = self.store.native(&native.object).await?;
            if now.is_none() && self.take_off_again(&native).await? {
                // Whoever has put it on since has a record of their own, which may count as
                // this one did.
                now = self.store.native(&native.object).await?;
            } else {
                now = now.filter(|now| now.revision != native.revision);
            }
            let Some(now) = now else {
                return Ok(());
            };
            if now.state == NativeState::InSync {
                let reason = "changed while an earlier change was being made";
                return self.store.reopen(&now, reason, self.now()).await.map(drop);
            }
            let nothing_to_overtake = match now.object {
                NativeObject::Plan(_) | NativeObject::Key(_) => now.native_id.is_none(),
                NativeObject::PlanKey(..) => false,
                NativeObject::Flush(_) => true,
            };
            if nothing_to_overtake {
                return Ok(());
            }
            (native, earlier) = (now, Earlier::None);
        }
        Ok(())
    }

    async fn settle(&self, native: &Native, earlier: Earlier<'_>) -> Result<(), StoreError> {
        let done = match &native.object {
            NativeObject::Plan(plan) => self.plan(native, plan, earlier).await,
            NativeObject::Key(key) => self.key(native, *key, earlier).await,
            NativeObject::PlanKey(key, plan) => self.plan_key(native, *key, plan, earlier).await,
            NativeObject::Flush(_) => self.flush(native, earlier).await,
        };
        let settled = match done {
            Ok(settled) => settled,
            Err(Stop {
                by: Stopped::Store(error),
                ..
            }) => return Err(error),
            Err(stop) => self.later(native, stop),
        };
        let is = match &settled {
            Settled::InSync(Id::Is(id)) | Settled::Later { id: Id::Is(id), .. } => Some(id),
            _ => None,
        };
        if let Settled::Later { reason, .. } = &settled {
            tracing::warn!(object = %native.object, reason, "not in step with API Gateway");
        }
        if let Some(id) = is {
            let in_step = NativeState::InSync;
            self.put_keys_on_again(native, id, in_step).await?;
        }
        self.store.settle(native, &settled).await?;
        if let Some(id) = is {
            let pending = NativeState::Pending;
            self.put_keys_on_again(native, id, pending).await?;
        }
        Ok(())
    }
}

/// Whether API Gateway gives it an id of its own.
fn has_an_id(object: &NativeObject) -> bool {
    matches!(object, NativeObject::Plan(_) | NativeObject::Key(_))
}
