//! `POST /v1/keys`: makes a key, on plans at once where they are named.

use std::collections::BTreeSet;

use axum::extract::State;
use deserr::{Deserr, ValuePointerRef};
use http::StatusCode;
use latchkey_domain::{
    CustomerId, Description, Key, KeyValue, Metadata, Name, NativeKeyValue, Plan, PlanId, Prefix,
    TwinValue,
};
use latchkey_store::{CreateKeyError, Native};

use super::{
    fields::{AllowedIps, CustomValue, MetadataPatch, PlanIds, READ_ONLY, Routes, check},
    native,
    view::CreatedKeyView,
};
use crate::{
    AdminState,
    answer::Answer,
    body::Body,
    caller::Caller,
    etag::Revision,
    faults::{Fault, Faults},
    idempotency::Once,
    parameters::{NoParameters, Query},
    problem::Problem,
    state::ATTEMPTS,
    words::Instant,
};

/// A key as its owner describes it.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields = unknown_field)]
pub(crate) struct CreateKey {
    #[deserr(default)]
    name: Option<Name>,
    #[deserr(default)]
    description: Option<Description>,
    /// A value of the owner's own; else one is generated.
    #[deserr(default)]
    value: Option<CustomValue>,
    /// What a generated value begins with; `lk_live` unless given.
    #[deserr(default)]
    prefix: Option<Prefix>,
    #[deserr(default)]
    customer_id: Option<CustomerId>,
    /// On unless said.
    #[deserr(default)]
    enabled: Option<bool>,
    #[deserr(default)]
    not_before: Option<Instant>,
    #[deserr(default)]
    expires_at: Option<Instant>,
    #[deserr(default)]
    allowed_ips: Option<AllowedIps>,
    #[deserr(default)]
    routes: Option<Routes>,
    #[deserr(default)]
    metadata: Option<MetadataPatch>,
    #[deserr(default)]
    plan_ids: Option<PlanIds>,
    /// What API Gateway knows it by; `internal` unless given.
    #[deserr(default)]
    native_value: Option<NativeKeyValue>,
}

fn unknown_field(field: &str, accepted: &[&str], location: ValuePointerRef<'_>) -> Faults {
    const ELSEWHERE: [(&str, &str); 5] = [
        ("id", READ_ONLY),
        ("last4", READ_ONLY),
        ("lastUsedDate", READ_ONLY),
        ("createdDate", READ_ONLY),
        ("lastUpdatedDate", READ_ONLY),
    ];
    Faults::unknown_field(field, accepted, location, &ELSEWHERE)
}

/// # Errors
/// [`Problem::Invalid`]; [`Problem::ValueTaken`] for a custom value that another key has or had;
/// [`Problem::PlansOverlap`]; [`Problem::Changed`].
pub(crate) async fn create(
    State(state): State<AdminState>,
    caller: Caller,
    once: Once,
    Query(NoParameters): Query<NoParameters>,
    Body(mut fields): Body<CreateKey>,
) -> Result<Answer, Problem> {
    let change = state.change_by(&caller)?;
    let plan_ids = fields.take_plan_ids();
    let mut faults = Faults::default();
    if fields.value.is_some() && fields.prefix.is_some() {
        let detail = "belongs to a generated value: leave out either prefix or value";
        faults.push(Fault::at("/prefix", detail));
    }
    if fields.native_value == Some(NativeKeyValue::Header) {
        state.api_gateway()?;
    }
    let value = value(&state, &mut fields)?;
    let twin = TwinValue::generate(&state.random.bytes()?);
    let key = faults.keep(fields.onto(Key::new(&value, change.at)));
    for _ in 0..ATTEMPTS {
        let plans = plans(&state, &plan_ids, &mut faults).await?;
        let Some(key) = key.as_ref().filter(|_| faults.is_empty()) else {
            return Err(faults.into());
        };
        let on: Vec<&Plan> = plans.iter().collect();
        refuse_overlap(&on)?;
        state.refuse_unfit(key, &on).await?;
        let change = match key.native_value {
            NativeKeyValue::Internal => {
                once.keep(change.clone(), &created(key, &plan_ids, &value, None)?)?
            }
            // It is not made before API Gateway has it: the answer is kept then.
            NativeKeyValue::Header => change.clone(),
        };
        match state.store.create_key(key, &on, &twin, &change).await {
            Ok(()) => {
                if key.native_value == NativeKeyValue::Header {
                    native::make(&state, &caller, key, &value).await?;
                    let answer = created(key, &plan_ids, &value, None)?;
                    once.keep_now(&state, &answer).await;
                }
                let native = native::brought_in_step(&state, key, &plans).await;
                return created(key, &plan_ids, &value, native.as_ref());
            }
            Err(CreateKeyError::Taken(id)) => return Err(Problem::ValueTaken(id)),
            Err(CreateKeyError::PlanChanged(_)) => {}
            Err(CreateKeyError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}

fn created(
    key: &Key,
    plan_ids: &[PlanId],
    value: &KeyValue,
    native: Option<&Native>,
) -> Result<Answer, Problem> {
    let plan_ids: BTreeSet<PlanId> = plan_ids.iter().cloned().collect();
    let view = CreatedKeyView::new(key, &plan_ids, value, native);
    let tag = Revision::of_key(key).tag(view.key());
    let answer = Answer::json(StatusCode::CREATED, &view)?;
    Ok(answer.at(format!("keys/{}", key.id)).tagged(&tag))
}

fn value(state: &AdminState, fields: &mut CreateKey) -> Result<KeyValue, Problem> {
    if let Some(CustomValue(value)) = fields.value.take() {
        return Ok(value);
    }
    Ok(KeyValue::generate(&fields.prefix(), &state.random.bytes()?))
}

impl CreateKey {
    /// The plans that it names.
    pub(crate) fn take_plan_ids(&mut self) -> Vec<PlanId> {
        self.plan_ids.take().unwrap_or_default().0
    }

    /// What a generated value begins with.
    pub(crate) fn prefix(&self) -> Prefix {
        self.prefix.clone().unwrap_or_default()
    }

    /// `bare`, a key of which the value is known and nothing else, with these fields.
    ///
    /// # Errors
    /// What the fields say wrong together.
    pub(crate) fn onto(self, bare: Key) -> Result<Key, Faults> {
        let metadata = self.metadata.unwrap_or_default();
        let key = Key {
            name: self.name,
            description: self.description,
            customer_id: self.customer_id,
            enabled: self.enabled.unwrap_or(true),
            not_before: self.not_before.map(|Instant(at)| at),
            expires_at: self.expires_at.map(|Instant(at)| at),
            allowed_ips: self.allowed_ips.map(|AllowedIps(rules)| rules),
            routes: self.routes.map(|Routes(routes)| routes),
            metadata: metadata.onto(&Metadata::default())?,
            native_value: self.native_value.unwrap_or_default(),
            ..bare
        };
        check(&key)?;
        if key.native_value == NativeKeyValue::Header {
            check_header(&key)?;
        }
        Ok(key)
    }
}

/// A key with its value in the header may be used where no authorizer stands in front.
fn check_header(key: &Key) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for rule in key.not_held_natively() {
        faults.push(Fault::at(format!("/{}", rule.field()), rule.to_string()));
    }
    faults.or(())
}

/// The plans of these ids, as they are now. Ids that name none are faults.
async fn plans(
    state: &AdminState,
    ids: &[PlanId],
    faults: &mut Faults,
) -> Result<Vec<Plan>, Problem> {
    let mut plans = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        let pointer = format!("/planIds/{at}");
        if ids.iter().take(at).any(|earlier| earlier == id) {
            faults.push(Fault::at(pointer, "is named twice"));
        } else if let Some(record) = state.store.plan(id).await? {
            plans.push(record.plan);
        } else {
            faults.push(Fault::at(pointer, "no usage plan has this id"));
        }
    }
    Ok(plans)
}

/// # Errors
/// [`Problem::PlansOverlap`] where two of the plans cover one API stage.
pub(crate) fn refuse_overlap(plans: &[&Plan]) -> Result<(), Problem> {
    for (at, first) in plans.iter().enumerate() {
        for second in plans.iter().skip(at + 1) {
            if let Some(stage) = first.overlap(second) {
                return Err(Problem::PlansOverlap {
                    first: first.id.clone(),
                    second: second.id.clone(),
                    stage: stage.to_string(),
                });
            }
        }
    }
    Ok(())
}
