//! Latchkey's DynamoDB table: keys, usage plans, attachments, meters, audit records.
//!
//! [`Record`] is the whole table on one page. One file a record kind holds its item, to
//! attributes and back, and the calls that read and write it. A change that touches several
//! items is one transaction with its audit record in it. This is the only crate that knows
//! attribute names.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod adoption;
mod attachment;
mod audit;
mod change;
mod client;
mod clock_watch;
mod cut_over;
mod deletion;
mod error;
mod health;
mod history;
mod idempotency;
mod import;
mod item;
mod key;
mod key_life;
mod key_list;
mod meter;
mod native;
mod page;
mod plan;
mod plan_customer;
mod read;
mod reconciliation;
mod schema;
mod transaction;
mod trust;

pub use attachment::{AttachError, Attachment};
pub use audit::{AuditFilter, AuditRecord};
pub use change::Change;
pub use client::{MissingVariable, Patience, client_from_environment};
pub use cut_over::Counted;
pub use deletion::{Deletion, LIST_COMES_UP, Worker};
pub use error::{Corrupt, StoreError};
pub use health::TableHealth;
pub use history::Told;
pub use idempotency::{Begin, Begun, Earlier, MAX_ANSWER, Mark, Receipt};
pub use import::{KeyBatch, NewKey};
pub use key::KeyRecord;
pub use key_life::{CreateKeyError, KeySnapshot};
pub use key_list::KeyList;
pub use meter::GrantError;
pub use native::{CLAIM, Id, Native, NativeObject, NativeState, Settled, Wanted};
pub use page::{BadCursor, Cursor, Page};
pub use plan::{DeletePlanError, PlanRecord};
pub use reconciliation::{Drift, Finding, FindingKind, Reconciling};
pub use schema::{INDEXES, Index, Record, create_table};
pub use transaction::Lost;

use aws_sdk_dynamodb::{Client, Config};

use self::clock_watch::ClockWatch;

/// The table, as the functions use it.
#[derive(Debug, Clone)]
pub struct Store {
    /// For everything but charges: with its retries.
    client: Client,
    /// For charges: without, since a charge that was applied twice is charged twice.
    charges: Client,
    watch: ClockWatch,
    table: String,
}

impl Store {
    /// The table named `table`, reached through the configuration of `client`, whose
    /// time-outs and retries are replaced by those of `patience`.
    pub fn new(client: &Client, table: &str, patience: Patience) -> Self {
        Self::of(client.config(), table, patience)
    }

    /// The same by the variables of [`client_from_environment`], without a client in between,
    /// which would cost a start some time.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
        table: &str,
        patience: Patience,
    ) -> Result<Self, MissingVariable> {
        let config = client::config_from_environment(variable)?;
        Ok(Self::of(&config, table, patience))
    }

    fn of(config: &Config, table: &str, patience: Patience) -> Self {
        let watch = ClockWatch::default();
        Self {
            client: patience.client(config, &watch),
            charges: patience.charges(config, &watch),
            watch,
            table: table.to_owned(),
        }
    }

    /// The table's name: unique in an account and Region, and as long as its keys.
    pub fn table_name(&self) -> &str {
        &self.table
    }
}
