//! An attachment as it is answered.

use latchkey_store::Attachment;
use serde::Serialize;

use crate::moment::Moment;

/// A key on a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentView {
    plan_id: String,
    key_id: String,
    created_date: Moment,
}

impl From<Attachment> for AttachmentView {
    fn from(attachment: Attachment) -> Self {
        Self {
            plan_id: attachment.plan_id.to_string(),
            key_id: attachment.key_id.to_string(),
            created_date: Moment(attachment.created),
        }
    }
}
