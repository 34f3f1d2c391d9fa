//! `POST /v1/keys/{keyId}/rotate`: gives a key another value. Its id, plans and meters stay; the
//! value that is replaced works for a while yet, where that is asked for.

use std::time::Duration;

use axum::extract::State;
use deserr::Deserr;
use http::StatusCode;
use jiff::Timestamp;
use latchkey_domain::{KeyValue, NativeKeyValue};
use latchkey_store::{KeySnapshot, Lost, Native, NativeObject};

use super::{
    find_whole, plans_of,
    view::{RotatedKeyView, Use},
};
use crate::{
    AdminState,
    answer::Answer,
    body::OptionalBody,
    caller::Caller,
    etag::{Preconditions, Revision},
    faults::{Fault, Faults},
    idempotency::Once,
    parameters::{NoParameters, Query},
    path::KeyPath,
    problem::Problem,
    state::ATTEMPTS,
};

/// The longest grace: a year of 366 days.
pub(crate) const MAX_GRACE_SECONDS: u64 = 366 * 24 * 3_600;

/// How long the value that is replaced works yet.
#[derive(Debug, Default, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
pub(crate) struct Rotate {
    /// 0 unless given: it, and each one before it, stops at once.
    #[deserr(default)]
    grace_period_seconds: u64,
}

impl Rotate {
    /// When the value that is replaced at `now` ends; none where it ends at once.
    fn old_ends(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let seconds = self.grace_period_seconds;
        let ends = now.checked_add(Duration::from_secs(seconds)).ok();
        match ends.filter(|_| seconds <= MAX_GRACE_SECONDS) {
            Some(ends) => Ok((seconds > 0).then_some(ends)),
            None => {
                let detail =
                    format!("must be a whole number from 0 to {MAX_GRACE_SECONDS} (366 days)");
                Err(Problem::fault(Fault::at("/gracePeriodSeconds", detail)))
            }
        }
    }
}

/// # Errors
/// [`Problem::UnknownKey`]; [`Problem::Invalid`]; [`Problem::TooManyValues`];
/// [`Problem::HeaderKeyStays`] for a key whose value API Gateway has; [`Problem::Changed`].
pub(crate) async fn rotate(
    State(state): State<AdminState>,
    caller: Caller,
    once: Once,
    KeyPath(id): KeyPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    OptionalBody(asked): OptionalBody<Rotate>,
) -> Result<Answer, Problem> {
    let random = state.random.bytes()?;
    for _ in 0..ATTEMPTS {
        let before = find_whole(&state, id).await?;
        let key = &before.record.key;
        preconditions.hold_for(&Revision::of_key(key))?;
        if key.native_value == NativeKeyValue::Header {
            return Err(Problem::HeaderKeyStays);
        }
        let change = state.change_by(&caller)?;
        let value = KeyValue::rotated(&key.prefix.clone().unwrap_or_default(), id, &random);
        let after = key
            .rotated(&value, asked.old_ends(change.at)?, change.at)
            .map_err(Problem::TooManyValues)?;
        let plans = plans_of(&state, &before.record).await?;
        let flush = state.stages_to_flush(&plans);
        let mut rotated = before.clone();
        rotated.record.key = after.clone();
        let known = Use::on(&plans);
        let change = once.keep(change, &answer(&rotated, &value, None, known)?)?;
        let written = state
            .store
            .rotate_key(&before.record, &after, &flush, &change)
            .await;
        match written {
            Ok(()) => {
                state.bring_in_step(&[NativeObject::Flush(id)]).await;
                let native = state.native_key(id).await;
                return answer(&rotated, &value, native.as_ref(), known);
            }
            Err(Lost::Condition(_)) => {}
            Err(Lost::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}

fn answer(
    key: &KeySnapshot,
    value: &KeyValue,
    native: Option<&Native>,
    known: Use,
) -> Result<Answer, Problem> {
    let view = RotatedKeyView::new(key, value, native, known);
    let tag = Revision::of_key(&key.record.key).tag(view.key());
    Ok(Answer::json(StatusCode::OK, &view)?.tagged(&tag))
}
