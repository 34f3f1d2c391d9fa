//! `PUT /v1/apis/{apiId}/methods`: sets "API key required" on a method, as the console does.
//! Repeating it changes nothing.

use axum::{
    Json,
    extract::{FromRequestParts, RawPathParams, State},
};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use http::request::Parts;
use latchkey_domain::Invalid;
use latchkey_gateway::{GatewayError, Missing};
use serde::Serialize;

use crate::{
    AdminState,
    body::Body,
    caller::Caller,
    faults::{Faults, shown},
    parameters::{NoParameters, Query},
    problem::Problem,
    words::{broken_rule, text},
};

const NOTICE: &str = "It takes effect with the next deployment of the API (POST /v1/deployments). Where the API belongs to a stack of its own, that stack does not know of it, and its next update may put it back.";

/// `/v1/apis/{apiId}`. What cannot be an id is none that may be changed.
#[derive(Debug)]
pub(crate) struct ApiPath(String);

impl<S: Send + Sync> FromRequestParts<S> for ApiPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Only a path that is not UTF-8 when decoded is refused here.
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let id = params.as_ref().and_then(|params| params.iter().next());
        id.map(|(_, id)| Self(id.to_owned()))
            .ok_or_else(|| Problem::ApiNotManaged("of this path".to_owned()))
    }
}

/// A method of an API, and whether it is to require a key.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
pub(crate) struct RequireKey {
    path: ResourcePath,
    method: MethodName,
    api_key_required: bool,
}

/// The path of a resource, such as `/orders/{id}`.
#[derive(Debug)]
struct ResourcePath(String);

impl Deserr<Faults> for ResourcePath {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        const ALLOWED: &str = "that of a resource of the API, such as /orders/{id}";
        const LONGEST: usize = 2_048;
        let text = text(value, location)?;
        let allowed = text.bytes().all(|b| b.is_ascii_graphic() && b != b'?');
        if text.starts_with('/') && allowed && text.len() <= LONGEST {
            return Ok(Self(text));
        }
        Err(broken_rule(
            location,
            &Invalid::new("a path", &text, ALLOWED),
        ))
    }
}

/// A method of a resource; `ANY` is one like others.
#[derive(Debug)]
struct MethodName(String);

impl Deserr<Faults> for MethodName {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        const METHODS: [&str; 8] = [
            "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
        ];
        let text = text(value, location)?;
        if METHODS.contains(&text.as_str()) {
            return Ok(Self(text));
        }
        let allowed = "ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT";
        Err(broken_rule(
            location,
            &Invalid::new("a method", &text, allowed),
        ))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MethodView {
    api_id: String,
    path: String,
    method: String,
    api_key_required: bool,
    changed: bool,
    notice: &'static str,
}

/// # Errors
/// [`Problem::Invalid`]; [`Problem::ApiNotManaged`]; [`Problem::UnknownApi`] for an API, a
/// path or a method that is not there; API Gateway's.
pub(crate) async fn require_key(
    State(state): State<AdminState>,
    caller: Caller,
    ApiPath(api_id): ApiPath,
    Query(NoParameters): Query<NoParameters>,
    Body(body): Body<RequireKey>,
) -> Result<Json<MethodView>, Problem> {
    let (ResourcePath(path), MethodName(method)) = (body.path, body.method);
    let required = body.api_key_required;
    let gateway = state.api_gateway()?.managed(&api_id)?;
    let change = state.change_by(&caller)?;
    let found = gateway.require_key(&api_id, &path, &method, required).await;
    let found = found.map_err(|error| problem(error, &api_id, &path, &method))?;
    let changed = found.before != required;
    if changed {
        let after = [
            ("method", format!("{path}/{method}").into()),
            ("apiKeyRequired", required.into()),
        ];
        let entity = format!("api:{api_id}");
        let action = "api.requireKey";
        state.store.record(action, &entity, &after, &change).await?;
    }
    Ok(Json(MethodView {
        api_id,
        path,
        method,
        api_key_required: required,
        changed,
        notice: NOTICE,
    }))
}

fn problem(error: GatewayError, api_id: &str, path: &str, method: &str) -> Problem {
    let path = shown(path);
    match &error {
        GatewayError::NotFound { what, .. } => Problem::UnknownApi(match what {
            Missing::Path => format!("path {path} in the API {api_id}"),
            Missing::Method => format!("method {method} of the path {path} in the API {api_id}"),
            _ => format!("REST API {api_id}"),
        }),
        _ if error.may_have_happened() => Problem::ApiGatewayFailed(format!(
            "{error}; the method may have been changed all the same, and repeating the request does no harm"
        )),
        _ => error.into(),
    }
}
