//! Requests that are carried out once: who runs one, and the answer that was given to it.
//!
//! A request is named by a hash; its answer is sealed, and this crate cannot open it. Whoever
//! begins a request leaves a mark with a token and a lease. Once the lease is over, the next
//! one with the same name takes over and leaves a token of its own. The answer is written in
//! the transaction of the change that it tells of, under the condition that the mark still has
//! the token: so a change and its answer are there together or not at all, and of two
//! who believe that it is their turn one changes nothing.

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata as _,
    operation::put_item::builders::PutItemFluentBuilder,
    primitives::Blob,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, builders::UpdateBuilder},
};
use jiff::Timestamp;

use crate::{
    Corrupt, Record, Store, StoreError,
    error::held,
    item::{Draft, Fields, Item, key_of, number, text},
    schema::TTL,
};

const TOKEN: &str = "token";
const LEASE: &str = "lease";
const EXPIRES: &str = "expires";
const SALT: &str = "salt";
const FINGERPRINT: &str = "fingerprint";
const ANSWER: &str = "answer";

/// Bytes of a sealed answer that an item has room for: DynamoDB's items have at most 400 KB.
pub const MAX_ANSWER: usize = 390_000;

/// That a request is being carried out, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The hash that names the request.
    pub request: String,
    /// Random: tells whose turn it is.
    pub token: String,
}

/// What is left with a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// Whose turn it is from now on.
    pub mark: Mark,
    /// Random bytes that the fingerprint was made with.
    pub salt: Vec<u8>,
    /// What was asked for, so that another request under the same name is noticed.
    pub fingerprint: Vec<u8>,
    /// Now.
    pub at: Timestamp,
    /// Until when nobody else takes over.
    pub lease: Timestamp,
    /// When the request is forgotten.
    pub expires: Timestamp,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is our turn.
    Mine,
    /// Somebody has begun a request of this name before.
    Earlier(Earlier),
}

/// A request that somebody has begun before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The token of whoever did.
    pub token: String,
    /// The salt of its fingerprint.
    pub salt: Vec<u8>,
    /// What was asked for then.
    pub fingerprint: Vec<u8>,
    /// Until when nobody takes over.
    pub lease: Timestamp,
    /// The sealed answer, where it is known.
    pub answer: Option<Vec<u8>>,
}

/// A sealed answer, to be written with the change that it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Under which mark.
    pub mark: Mark,
    /// The answer, at most [`MAX_ANSWER`] bytes.
    pub answer: Vec<u8>,
}

impl Receipt {
    /// The part of a transaction that writes it.
    pub(crate) fn write(&self, update: UpdateBuilder) -> UpdateBuilder {
        update
            .set_key(Some(key_of(&Record::Idempotency(&self.mark.request))))
            .condition_expression("#token = :token AND attribute_not_exists(#answer)")
            .update_expression("SET #answer = :answer")
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#answer", ANSWER)
            .expression_attribute_values(":token", text(&self.mark.token))
            .expression_attribute_values(":answer", bytes(&self.answer))
    }
}

impl Store {
    /// Begins a request that nobody has begun in its time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin(&self, begin: &Begin) -> Result<Begun, StoreError> {
        let put = self
            .put_mark(begin)
            .condition_expression("attribute_not_exists(pk) OR #expires <= :now")
            .expression_attribute_names("#expires", EXPIRES)
            .expression_attribute_values(":now", milliseconds(begin.at));
        self.begun(put, begin).await
    }

    /// Takes over a request whose lease is over, if nobody else has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_over(&self, begin: &Begin, earlier: &Earlier) -> Result<Begun, StoreError> {
        let put = self
            .put_mark(begin)
            .condition_expression(
                "attribute_not_exists(pk) OR (#token = :earlier AND attribute_not_exists(#answer))",
            )
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#answer", ANSWER)
            .expression_attribute_values(":earlier", text(&earlier.token));
        self.begun(put, begin).await
    }

    fn put_mark(&self, begin: &Begin) -> PutItemFluentBuilder {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(begin)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn begun(&self, put: PutItemFluentBuilder, begin: &Begin) -> Result<Begun, StoreError> {
        let error = match put.send().await {
            Ok(_) => return Ok(Begun::Mine),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => error,
            Err(error) => return Err(StoreError::from_sdk("PutItem", &error)),
        };
        let item = error.as_service_error().and_then(|error| {
            match error {
            aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                failed,
            ) => failed.item(),
            _ => None,
        }
        });
        let item =
            item.ok_or_else(|| StoreError::unavailable("PutItem", &"no item in its answer"))?;
        let earlier = from_item(item)?;
        // The SDK has repeated a request whose answer was lost.
        if earlier.token == begin.mark.token {
            return Ok(Begun::Mine);
        }
        Ok(Begun::Earlier(earlier))
    }

    /// Keeps the answer that was given, if it is still our turn.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_answer(&self, receipt: &Receipt) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Idempotency(&receipt.mark.request))))
            .condition_expression("#token = :token")
            .update_expression("SET #answer = :answer")
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#answer", ANSWER)
            .expression_attribute_values(":token", text(&receipt.mark.token))
            .expression_attribute_values(":answer", bytes(&receipt.answer));
        held("UpdateItem", update.send().await).map(drop)
    }

    /// Forgets a request that changed nothing, if it is still our turn: the next one with its
    /// name is carried out. One whose answer is there stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn give_up(&self, mark: &Mark) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Idempotency(&mark.request))))
            .condition_expression("#token = :token AND attribute_not_exists(#answer)")
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#answer", ANSWER)
            .expression_attribute_values(":token", text(&mark.token));
        held("DeleteItem", delete.send().await).map(drop)
    }
}

fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn milliseconds(at: Timestamp) -> AttributeValue {
    number(at.as_millisecond())
}

fn to_item(begin: &Begin) -> Item {
    Draft::new(&Record::Idempotency(&begin.mark.request))
        .set(TOKEN, text(&begin.mark.token))
        .set(SALT, bytes(&begin.salt))
        .set(FINGERPRINT, bytes(&begin.fingerprint))
        .set(LEASE, milliseconds(begin.lease))
        .set(EXPIRES, milliseconds(begin.expires))
        .set(TTL, number(begin.expires.as_second() + 1))
        .done()
}

fn from_item(item: &Item) -> Result<Earlier, Corrupt> {
    let fields = Fields::of("idempotency", item)?;
    let lease = Timestamp::from_millisecond(fields.number(LEASE)?);
    Ok(Earlier {
        token: fields.text(TOKEN)?.to_owned(),
        salt: fields.bytes(SALT)?.to_vec(),
        fingerprint: fields.bytes(FINGERPRINT)?.to_vec(),
        lease: lease.map_err(|error| fields.corrupt(LEASE, error))?,
        answer: match item.contains_key(ANSWER) {
            true => Some(fields.bytes(ANSWER)?.to_vec()),
            false => None,
        },
    })
}
