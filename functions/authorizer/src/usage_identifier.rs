//! The value by which API Gateway counts a call on a plan of its own.

use std::fmt;

use latchkey_domain::{Key, NativeKeyValue, TwinValue};
use zeroize::Zeroizing;

use crate::sources::SentValue;

/// The value that API Gateway knows a key by. Answered as `usageIdentifierKey` it charges the
/// key's native plan (AWS, "Output from a Lambda authorizer"). It may be the client's own
/// secret, so its memory is wiped, it has no `Display`, and its `Debug` shows its type only.
pub struct UsageIdentifier(Zeroizing<String>);

impl UsageIdentifier {
    /// The value of `key`: its twin's, or the one that a client has just sent, of which the
    /// table has the hash alone. None where the twin's is not in the table.
    pub(crate) fn of(key: &Key, twin: Option<&TwinValue>, sent: &SentValue) -> Option<Self> {
        let value = match key.native_value {
            NativeKeyValue::Internal => twin?.expose(),
            NativeKeyValue::Header => sent.expose(),
        };
        Some(Self(Zeroizing::new(value.to_owned())))
    }

    /// The value, for the answer alone.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UsageIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsageIdentifier(..)")
    }
}
