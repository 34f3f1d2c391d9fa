//! A key value as a client has just sent it.

use std::fmt;

use zeroize::Zeroizing;

/// A value that was sent, whether or not any key has it. It lives until the answer is
/// written, since API Gateway may know a key by this very value; its memory is wiped then.
/// It has no `Display`, and its `Debug` shows its type only.
pub struct SentValue(Zeroizing<String>);

impl SentValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The value, to be hashed and, where API Gateway counts by it, to be answered.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SentValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentValue(..)")
    }
}
