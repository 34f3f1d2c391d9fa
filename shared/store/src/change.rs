//! Who changes something, and when.

use jiff::Timestamp;

use crate::Receipt;

/// A change by a caller: what its audit record needs beside what was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// A random id that tells two changes at one instant apart.
    pub id: String,
    /// The caller's ARN.
    pub principal: String,
    /// The caller's address, as API Gateway saw it.
    pub source_ip: Option<String>,
    /// The answer to be kept with it: written in the transaction that has the change's audit
    /// record.
    pub receipt: Option<Receipt>,
}
