//! An attempt at API Gateway: claimed before, settled after.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use jiff::Timestamp;

use super::{
    Native, NativeObject, NativeState,
    item::{self, ATTEMPTS, DUE, NATIVE_ID, REASON, REVISION, STATE},
};
use crate::{
    Store, StoreError,
    error::held,
    item::{key_of, number, text},
    schema::{OWNER, PENDING},
};

/// What an attempt found out about the id at API Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    /// Nothing new.
    Keep,
    /// It is this.
    Is(String),
    /// What had the id is no longer there.
    Gone,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// API Gateway has what is wanted.
    InSync(Id),
    /// Not yet: why, and when it may be tried again. `Failed` where API Gateway refuses.
    Later {
        /// The id, as far as it is known.
        id: Id,
        /// Pending or failed.
        state: NativeState,
        /// Why, for people.
        reason: String,
        /// When.
        due: Timestamp,
    },
    /// It is gone, as wanted, and so is its record.
    Removed,
}

impl Store {
    /// Takes an attempt for oneself until `until`. None where somebody else has it, or what
    /// is wanted has changed since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim(
        &self,
        native: &Native,
        until: Timestamp,
    ) -> Result<Option<Native>, StoreError> {
        let mut set = vec![(DUE, text(until.to_string()))];
        set.extend(item::pending(&native.object, until));
        let update = self
            .native_update(native)
            .condition_expression(format!("#{REVISION} = :{REVISION} AND #due = :seen"))
            .expression_attribute_names("#due", DUE)
            .expression_attribute_values(":seen", text(native.due.to_string()));
        let claimed = held("UpdateItem", assigned(update, set, &[]).send().await)?;
        Ok(claimed.then(|| Native {
            due: until,
            ..native.clone()
        }))
    }

    /// Writes down what came of an attempt. Where something else is wanted meanwhile, only
    /// what was found out about the id is kept, and the next attempt goes on from there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle(&self, native: &Native, settled: &Settled) -> Result<(), StoreError> {
        let id = match settled {
            Settled::Removed => {
                if self.remove(native).await? {
                    return Ok(());
                }
                &Id::Gone
            }
            Settled::InSync(id) => {
                let set = vec![
                    (STATE, text(NativeState::InSync.as_str())),
                    (ATTEMPTS, number(0)),
                ];
                let remove = [REASON, PENDING.partition, PENDING.sort];
                if self.write(native, id, set, &remove).await? {
                    return Ok(());
                }
                id
            }
            Settled::Later {
                id,
                state,
                reason,
                due,
            } => {
                let mut set = vec![
                    (STATE, text(state.as_str())),
                    (REASON, text(reason)),
                    (ATTEMPTS, number(native.attempts.saturating_add(1))),
                    (DUE, text(due.to_string())),
                ];
                set.extend(item::pending(&native.object, *due));
                if self.write(native, id, set, &[]).await? {
                    return Ok(());
                }
                id
            }
        };
        self.keep_id(native, id).await
    }

    /// Has an object that was in step tried again: API Gateway no longer has what is wanted.
    /// False where something else is wanted meanwhile, or it is being tried.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reopen(
        &self,
        native: &Native,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut set = vec![
            (STATE, text(NativeState::Pending.as_str())),
            (REASON, text(reason)),
            (DUE, text(now.to_string())),
        ];
        set.extend(item::pending(&native.object, now));
        let update = self
            .native_update(native)
            .condition_expression(format!("#{REVISION} = :{REVISION} AND #state = :in_sync"))
            .expression_attribute_names("#state", STATE)
            .expression_attribute_values(":in_sync", text(NativeState::InSync.as_str()));
        held("UpdateItem", assigned(update, set, &[]).send().await)
    }

    /// Has a pending object due at `now`: what it waits for is there. False where something
    /// else is wanted, or somebody has taken it since `native` was read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bring_forward(&self, native: &Native, now: Timestamp) -> Result<bool, StoreError> {
        let claimed = self.claim(native, now).await?;
        Ok(claimed.is_some())
    }

    async fn write(
        &self,
        native: &Native,
        id: &Id,
        mut set: Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
        remove: &[&'static str],
    ) -> Result<bool, StoreError> {
        let mut remove = remove.to_vec();
        id_attributes(&native.object, id, &mut set, &mut remove);
        let update = self
            .native_update(native)
            .condition_expression(format!("#{REVISION} = :{REVISION}"));
        held("UpdateItem", assigned(update, set, &remove).send().await)
    }

    /// Whatever is wanted by now, if the record is still there and nobody else has found out
    /// more about the id since this attempt began.
    async fn keep_id(&self, native: &Native, id: &Id) -> Result<(), StoreError> {
        let known = native.native_id.as_deref();
        let condition = match (id, known) {
            (Id::Keep, _) | (Id::Gone, None) => return Ok(()),
            (Id::Gone, Some(_)) => "#id = :known",
            (Id::Is(_), None) => "attribute_exists(pk) AND attribute_not_exists(#id)",
            (Id::Is(_), Some(_)) => {
                "attribute_exists(pk) AND (attribute_not_exists(#id) OR #id = :known)"
            }
        };
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        id_attributes(&native.object, id, &mut set, &mut remove);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&item::record(&native.object))))
            .condition_expression(condition)
            .expression_attribute_names("#id", NATIVE_ID)
            .set_expression_attribute_values(
                known.map(|known| [(":known".to_owned(), text(known))].into()),
            );
        held("UpdateItem", assigned(update, set, &remove).send().await).map(drop)
    }

    async fn remove(&self, native: &Native) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&item::record(&native.object))))
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REVISION)
            .expression_attribute_values(":rev", number(native.revision));
        held("DeleteItem", delete.send().await)
    }

    fn native_update(&self, native: &Native) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&item::record(&native.object))))
            .expression_attribute_names(format!("#{REVISION}"), REVISION)
            .expression_attribute_values(format!(":{REVISION}"), number(native.revision))
    }
}

fn id_attributes(
    object: &NativeObject,
    id: &Id,
    set: &mut Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
    remove: &mut Vec<&'static str>,
) {
    let is_key = matches!(object, NativeObject::Key(_));
    match id {
        Id::Keep => {}
        Id::Is(native_id) => {
            set.push((NATIVE_ID, text(native_id)));
            if is_key {
                set.push((OWNER.partition, text(item::native_id_partition(native_id))));
                set.push((OWNER.sort, text(native_id)));
            }
        }
        Id::Gone => remove.extend([NATIVE_ID, OWNER.partition, OWNER.sort]),
    }
}

fn assigned(
    mut update: UpdateItemFluentBuilder,
    set: Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
    remove: &[&'static str],
) -> UpdateItemFluentBuilder {
    let mut expression = String::new();
    for (at, (name, value)) in set.into_iter().enumerate() {
        expression += if at == 0 { "SET " } else { ", " };
        expression += &format!("#s{at} = :s{at}");
        update = update
            .expression_attribute_names(format!("#s{at}"), name)
            .expression_attribute_values(format!(":s{at}"), value);
    }
    for (at, name) in remove.iter().enumerate() {
        expression += if at == 0 { " REMOVE " } else { ", " };
        expression += &format!("#r{at}");
        update = update.expression_attribute_names(format!("#r{at}"), *name);
    }
    update.update_expression(expression)
}
