//! An attachment as it is answered.

use std::collections::HashMap;

use latchkey_domain::Plan;
use latchkey_store::{Attachment, Native, NativeObject, StoreError};
use serde::Serialize;

use crate::{
    AdminState,
    api_gateway::{NativeKeyView, is_native},
    moment::Moment,
};

/// A key on a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentView {
    plan_id: String,
    key_id: String,
    created_date: Moment,
    /// What API Gateway has of it, where it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_gateway: Option<NativeKeyView>,
}

impl AttachmentView {
    /// An attachment to a plan that Latchkey counts.
    pub(super) fn own(attachment: Attachment) -> Self {
        Self {
            plan_id: attachment.plan_id.to_string(),
            key_id: attachment.key_id.to_string(),
            created_date: Moment(attachment.created),
            api_gateway: None,
        }
    }
}

/// One attachment, with what API Gateway has of it where it counts.
///
/// # Errors
/// The store's.
pub(super) async fn one_view(
    state: &AdminState,
    plan: &Plan,
    attachment: Attachment,
) -> Result<AttachmentView, StoreError> {
    let view = views(state, plan, vec![attachment.clone()]).await?.pop();
    Ok(view.unwrap_or_else(|| AttachmentView::own(attachment)))
}

/// Attachments to one plan, with what API Gateway has of them where it counts.
///
/// # Errors
/// The store's.
pub(super) async fn views(
    state: &AdminState,
    plan: &Plan,
    attachments: Vec<Attachment>,
) -> Result<Vec<AttachmentView>, StoreError> {
    if !is_native(plan) {
        return Ok(attachments.into_iter().map(AttachmentView::own).collect());
    }
    let twin = |attachment: &Attachment| NativeObject::Key(attachment.key_id);
    let on_plan = |attachment: &Attachment| {
        NativeObject::PlanKey(attachment.key_id, attachment.plan_id.clone())
    };
    let objects: Vec<NativeObject> = attachments
        .iter()
        .flat_map(|attachment| [twin(attachment), on_plan(attachment)])
        .collect();
    let natives: HashMap<NativeObject, Native> = state
        .store
        .natives(&objects)
        .await?
        .into_iter()
        .map(|native| (native.object.clone(), native))
        .collect();
    let view = |attachment: Attachment| {
        let twin = natives.get(&twin(&attachment));
        let on_plan = natives.get(&on_plan(&attachment));
        AttachmentView {
            api_gateway: on_plan.map(|on_plan| NativeKeyView::on_plan(twin, on_plan)),
            ..AttachmentView::own(attachment)
        }
    };
    Ok(attachments.into_iter().map(view).collect())
}
