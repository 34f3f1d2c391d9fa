//! `PATCH /v1/keys/{keyId}`: changes a key by a merge patch (RFC 7396).

use axum::extract::State;
use deserr::{Deserr, ValuePointerRef};
use http::StatusCode;
use latchkey_domain::{CustomerId, Description, Key, Metadata, Name, Plan, Scope};
use latchkey_store::{KeySnapshot, Lost, NativeObject};

use super::{
    answer,
    fields::{AllowedIps, MetadataPatch, READ_ONLY, Routes, check},
    find_whole, plans_of,
    view::Use,
};
use crate::{
    AdminState,
    answer::Answer,
    body::Body,
    caller::Caller,
    etag::{Preconditions, Revision},
    faults::{Fault, Faults},
    parameters::{NoParameters, Query},
    patch::{Patch, Replace},
    path::KeyPath,
    problem::Problem,
    state::ATTEMPTS,
    words::Instant,
};

/// What is to be changed. Metadata is merged, lists are replaced.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_field)]
pub(crate) struct UpdateKey {
    #[deserr(default)]
    name: Patch<Name>,
    #[deserr(default)]
    description: Patch<Description>,
    #[deserr(default)]
    customer_id: Patch<CustomerId>,
    #[deserr(default)]
    enabled: Replace<bool>,
    #[deserr(default)]
    not_before: Patch<Instant>,
    #[deserr(default)]
    expires_at: Patch<Instant>,
    #[deserr(default)]
    allowed_ips: Patch<AllowedIps>,
    #[deserr(default)]
    routes: Patch<Routes>,
    #[deserr(default)]
    metadata: Patch<MetadataPatch>,
}

fn unknown_field(field: &str, accepted: &[&str], location: ValuePointerRef<'_>) -> Faults {
    const ATTACH: &str = "is not changed here: attach with PUT and detach with DELETE /v1/plans/{planId}/keys/{keyId}";
    const NEW_KEY: &str = "is given once, at creation: create another key, and delete this one";
    const NEW_VALUE: &str =
        "is not changed here: POST /v1/keys/{keyId}/rotate gives the key another value";
    const ELSEWHERE: [(&str, &str); 9] = [
        ("planIds", ATTACH),
        ("value", NEW_VALUE),
        ("prefix", NEW_VALUE),
        ("nativeValue", NEW_KEY),
        ("id", READ_ONLY),
        ("last4", READ_ONLY),
        ("lastUsedDate", READ_ONLY),
        ("createdDate", READ_ONLY),
        ("lastUpdatedDate", READ_ONLY),
    ];
    Faults::unknown_field(field, accepted, location, &ELSEWHERE)
}

/// # Errors
/// [`Problem::UnknownKey`]; [`Problem::Invalid`]; [`Problem::CustomerInUse`] for another
/// customerId on a plan with scope `customer`; [`Problem::Changed`].
pub(crate) async fn update(
    State(state): State<AdminState>,
    caller: Caller,
    KeyPath(id): KeyPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    Body(patch): Body<UpdateKey>,
) -> Result<Answer, Problem> {
    for _ in 0..ATTEMPTS {
        let before = find_whole(&state, id).await?;
        preconditions.hold_for(&Revision::of_key(&before.record.key))?;
        let after = patch.onto(&before.record.key)?;
        let plans = plans_of(&state, &before.record).await?;
        let written = if after == before.record.key {
            Some(before)
        } else {
            write(&state, &caller, (before, &plans), after).await?
        };
        if let Some(snapshot) = written {
            let native = state.store.native(&NativeObject::Key(id)).await?;
            return answer(StatusCode::OK, &snapshot, native.as_ref(), Use::on(&plans));
        }
    }
    Err(Problem::Changed)
}

/// Writes the key, which is on these plans, unless another change came first.
async fn write(
    state: &AdminState,
    caller: &Caller,
    (mut snapshot, plans): (KeySnapshot, &[Plan]),
    mut after: Key,
) -> Result<Option<KeySnapshot>, Problem> {
    refuse_other_customer(&snapshot.record.key, &after, plans)?;
    refuse_not_held(&after, plans)?;
    let flush = state.stages_to_flush(plans);
    let change = state.change_by(caller)?;
    after.updated = change.at;
    after.revision += 1;
    match state
        .store
        .update_key(&snapshot.record, &after, &flush, &change)
        .await
    {
        Ok(()) => {
            let id = after.id;
            snapshot.record.key = after;
            state
                .bring_in_step(&[NativeObject::Key(id), NativeObject::Flush(id)])
                .await;
            Ok(Some(snapshot))
        }
        Err(Lost::Condition(_)) => Ok(None),
        Err(Lost::Store(error)) => Err(error.into()),
    }
}

/// The plans are as they were when the key was read or later, and the scope of a plan cannot
/// change while a key is on it: where the key is still as it was read when it is written, so is
/// the scope of each of its plans.
///
/// # Errors
/// [`Problem::CustomerInUse`] where the key would come to use another customer's allowance.
fn refuse_other_customer(before: &Key, after: &Key, plans: &[Plan]) -> Result<(), Problem> {
    let mut shared = plans.iter().filter(|plan| plan.scope == Scope::Customer);
    match shared.next() {
        Some(plan) if before.customer_id != after.customer_id => {
            Err(Problem::CustomerInUse(plan.id.clone()))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// A fault of each field that a plan of the key could not hold it to.
fn refuse_not_held(key: &Key, plans: &[Plan]) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for plan in plans {
        for rule in plan.not_held(key) {
            let detail = format!("{rule}; the key is on {}", plan.id);
            faults.push(Fault::at(format!("/{}", rule.field()), detail));
        }
    }
    faults.or(())
}

impl UpdateKey {
    /// The key after the patch.
    fn onto(&self, before: &Key) -> Result<Key, Faults> {
        let mut faults = Faults::default();
        let metadata = match &self.metadata {
            Patch::Keep => Ok(before.metadata.clone()),
            Patch::Clear => Ok(Metadata::default()),
            Patch::Set(patch) => patch.onto(&before.metadata),
        };
        let allowed_ips = self
            .allowed_ips
            .onto(before.allowed_ips.clone().map(AllowedIps));
        let routes = self.routes.onto(before.routes.clone().map(Routes));
        let not_before = self.not_before.onto(before.not_before.map(Instant));
        let expires_at = self.expires_at.onto(before.expires_at.map(Instant));
        let after = Key {
            name: self.name.onto(before.name.clone()),
            description: self.description.onto(before.description.clone()),
            customer_id: self.customer_id.onto(before.customer_id.clone()),
            enabled: self.enabled.onto(before.enabled),
            not_before: not_before.map(|Instant(at)| at),
            expires_at: expires_at.map(|Instant(at)| at),
            allowed_ips: allowed_ips.map(|AllowedIps(rules)| rules),
            routes: routes.map(|Routes(routes)| routes),
            metadata: faults.keep(metadata).unwrap_or_default(),
            ..before.clone()
        };
        faults.keep(check(&after));
        faults.or(after)
    }
}
