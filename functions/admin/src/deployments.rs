//! `POST /v1/deployments`: deploys a REST API to a stage, new or not, as the console's
//! "Deploy API" does. Only for the APIs that the owner has listed: a deployment takes along
//! whatever else was changed in the API.

use axum::{Json, extract::State, response::IntoResponse};
use deserr::Deserr;
use http::StatusCode;
use latchkey_gateway::GatewayError;
use serde::Serialize;

use crate::{
    AdminState,
    body::Body,
    caller::Caller,
    faults::{Fault, Faults},
    parameters::{NoParameters, Query},
    problem::Problem,
    words::{ApiId, StageName},
};

/// What a deployment says of itself.
const DESCRIPTION: &str = "by Latchkey";
const NOTICE: &str = "Everything that was changed in the API since its last deployment is live on this stage now. Where the API belongs to a stack of its own, that stack still names its own deployment, and its next update may put that one back.";

/// Which API, and where to.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
pub(crate) struct Deploy {
    api_id: ApiId,
    /// Made where it is not there.
    stage: StageName,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentView {
    api_id: String,
    stage: String,
    deployment_id: String,
    url: String,
    notice: &'static str,
}

/// # Errors
/// [`Problem::Invalid`]; [`Problem::ApiNotManaged`]; [`Problem::UnknownApi`];
/// [`Problem::ApiGatewayFailed`], above AWS's rate too: nothing was deployed then, but where
/// it says so.
pub(crate) async fn deploy(
    State(state): State<AdminState>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
    Body(deploy): Body<Deploy>,
) -> Result<impl IntoResponse, Problem> {
    let (ApiId(api_id), StageName(stage)) = (deploy.api_id, deploy.stage);
    check(&api_id, &stage)?;
    let gateway = state.api_gateway()?.managed(&api_id)?;
    let change = state.change_by(&caller)?;
    let url = url(&api_id, gateway.region().unwrap_or_default(), &stage);
    let deployed = gateway.deploy(&api_id, &stage, DESCRIPTION).await;
    let deployment_id = deployed.map_err(|error| problem(error, &api_id))?;
    let after = [
        ("stage", stage.clone().into()),
        ("deploymentId", deployment_id.clone().into()),
    ];
    let entity = format!("api:{api_id}");
    state
        .store
        .record("api.deploy", &entity, &after, &change)
        .await?;
    let view = DeploymentView {
        api_id,
        stage,
        deployment_id,
        url,
        notice: NOTICE,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

fn check(api_id: &str, stage: &str) -> Result<(), Faults> {
    let mut faults = Faults::default();
    if api_id == "*" {
        faults.push(Fault::at("/apiId", "must name one API"));
    }
    if ["*", "$default"].contains(&stage) {
        let detail = "must name one stage of a REST API: letters, digits, - and _";
        faults.push(Fault::at("/stage", detail));
    }
    faults.or(())
}

/// Where a stage of a REST API is called (AWS, "Invoke REST APIs in API Gateway").
fn url(api_id: &str, region: &str, stage: &str) -> String {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{api_id}.execute-api.{region}.{suffix}/{stage}")
}

fn problem(error: GatewayError, api_id: &str) -> Problem {
    match &error {
        GatewayError::NotFound { .. } => Problem::UnknownApi(format!("REST API {api_id}")),
        GatewayError::Throttled { .. } => Problem::ApiGatewayFailed(format!(
            "{error}: AWS allows one deployment in 5 seconds, for all APIs of the account together; try again then"
        )),
        _ if error.may_have_happened() => Problem::ApiGatewayFailed(format!(
            "{error}; it may have deployed the API all the same, and deploying it again does no harm"
        )),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_stage_is_the_region_s() {
        assert_eq!(
            url("a1b2", "eu-central-1", "prod"),
            "https://a1b2.execute-api.eu-central-1.amazonaws.com/prod"
        );
        assert_eq!(
            url("a1b2", "cn-north-1", "prod"),
            "https://a1b2.execute-api.cn-north-1.amazonaws.com.cn/prod"
        );
    }
}
