//! Revisions, and the tags of what is shown of them.

use std::fmt;

use latchkey_domain::{Key, Plan};
use latchkey_store::Attachment;
use ring::digest::{SHA256, digest};
use serde::Serialize;

/// The state of a thing, as its changes count it. One that was deleted and made again under
/// its id has another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision(pub(super) String);

impl Revision {
    pub(crate) fn of_plan(plan: &Plan) -> Self {
        Self(plan.version.to_string())
    }

    pub(crate) fn of_key(key: &Key) -> Self {
        Self(format!("{}.{}", key.revision, key.created.as_millisecond()))
    }

    pub(crate) fn of_attachment(attachment: &Attachment) -> Self {
        Self(attachment.created.as_nanosecond().to_string())
    }

    /// The tag of this representation of it.
    pub(crate) fn tag(self, view: &impl Serialize) -> ETag {
        let json = serde_json::to_vec(view).unwrap_or_default();
        let hash = digest(&SHA256, &json);
        let hash = hash.as_ref().iter().take(8);
        let hash = hash.map(|byte| format!("{byte:02x}")).collect();
        ETag {
            revision: self,
            hash,
        }
    }
}

/// A strong entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ETag {
    revision: Revision,
    hash: String,
}

impl ETag {
    /// Without the quotes.
    pub(super) fn opaque(&self) -> String {
        format!("{}-{}", self.revision.0, self.hash)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.opaque())
    }
}
