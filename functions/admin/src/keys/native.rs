//! A new key's twin at API Gateway.
//!
//! A twin with an internal value can be made at any time. One with the client's own value can
//! be made only now, while the value is known: where that fails, the key is taken back, so that
//! nobody is handed a value that opens nothing.

use latchkey_domain::{Key, KeyValue, NativeKeyValue, Plan};
use latchkey_gateway::GatewayError;
use latchkey_store::{Lost, Native, NativeObject};
use latchkey_sync::HeaderKeyError;

use super::{find, plans_of};
use crate::{
    AdminState, api_gateway::is_native, caller::Caller, problem::Problem, state::ATTEMPTS,
};

/// Makes the key of the client's own value at API Gateway.
///
/// # Errors
/// [`Problem::ApiGatewayFailed`], [`Problem::ApiGatewayRefused`], [`Problem::NativeValueTaken`]:
/// the key is then gone again.
pub(super) async fn make(
    state: &AdminState,
    caller: &Caller,
    key: &Key,
    value: &KeyValue,
) -> Result<(), Problem> {
    let sync = state.api_gateway()?.sync();
    if let Err(error) = sync.make_header_key(key, value).await {
        take_back(state, caller, key).await?;
        return Err(problem(error));
    }
    Ok(())
}

/// Has API Gateway follow the creation of a key on these plans, and tells what it then has of
/// the key.
pub(super) async fn brought_in_step(
    state: &AdminState,
    key: &Key,
    plans: &[Plan],
) -> Option<Native> {
    let native = plans.iter().filter(|plan| is_native(plan));
    let mut objects: Vec<NativeObject> = native
        .map(|plan| NativeObject::PlanKey(key.id, plan.id.clone()))
        .collect();
    match key.native_value {
        NativeKeyValue::Internal if objects.is_empty() => return None,
        NativeKeyValue::Internal => objects.insert(0, NativeObject::Key(key.id)),
        NativeKeyValue::Header => {}
    }
    state.bring_in_step(&objects).await;
    state.native_key(key.id).await
}

fn problem(error: HeaderKeyError) -> Problem {
    match error {
        HeaderKeyError::Gateway(GatewayError::Conflict { .. }) => Problem::NativeValueTaken,
        HeaderKeyError::Gateway(error) if error.passes() => {
            Problem::ApiGatewayFailed(format!("{error}; nothing was kept: try again"))
        }
        HeaderKeyError::Gateway(error) => error.into(),
        HeaderKeyError::Store(error) => error.into(),
    }
}

/// Deletes the key. Where this fails too, the reconciler does it.
async fn take_back(state: &AdminState, caller: &Caller, key: &Key) -> Result<(), Problem> {
    for _ in 0..ATTEMPTS {
        let record = match find(state, key.id).await {
            Err(Problem::UnknownKey) => return Ok(()),
            found => found?,
        };
        let plans = plans_of(state, &record).await?;
        let on: Vec<&Plan> = plans.iter().collect();
        let change = state.change_by(caller)?;
        match state.store.delete_key(&record, &on, &[], &change).await {
            Ok(()) => return Ok(()),
            Err(Lost::Condition(_)) => {}
            Err(Lost::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}
