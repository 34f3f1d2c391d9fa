//! What stands in front of the account's APIs: their authorizers, and of REST APIs the answers
//! that API Gateway gives itself, which methods ask for what, and what its stages serve. For who looks whether an API
//! is put together as Latchkey needs it.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{ApiKeySourceType, GatewayResponse, Resource, RestApi};
use aws_sdk_apigatewayv2::types::ProtocolType;

use crate::{
    Gateway, GatewayError, KeySource,
    gateway::{PAGE, all_pages, found, known},
    operation::Operation,
};

/// The kind of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKind {
    /// REST.
    Rest,
    /// HTTP.
    Http,
    /// WebSocket.
    WebSocket,
}

/// An API of the account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundApi {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its kind.
    pub kind: ApiKind,
    /// Where it takes native keys from; of a WebSocket API [`Gateway::key_source`] tells.
    pub key_source: Option<KeySource>,
}

/// An authorizer of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAuthorizer {
    /// Its id.
    pub id: String,
    /// The function, as API Gateway calls it; none where it asks no function.
    pub uri: Option<String>,
    /// The role with which API Gateway calls it, where it is not by the function's policy.
    pub credentials: Option<String>,
    /// For how long API Gateway keeps its answers, in seconds; none where it does not say.
    pub ttl_seconds: Option<i32>,
    /// The parts of a call that stand for the caller.
    pub identity_sources: Vec<String>,
    /// Whether an HTTP API expects simple responses.
    pub simple_responses: bool,
}

/// An answer of API Gateway's own, as an API has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundResponse {
    /// Its status, where it has one of its own.
    pub status: Option<String>,
    /// Its headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// A method of a REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMethod {
    /// `GET /orders`.
    pub name: String,
    /// The authorizer that it asks.
    pub authorizer: Option<String>,
    /// Whether it requires a native key.
    pub key_required: bool,
}

impl Gateway {
    /// GetRestApis and GetApis, all pages: every API of the account and Region.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn apis(&self) -> Result<Vec<FoundApi>, GatewayError> {
        let operation = Operation::GetRestApis;
        let rest = all_pages(operation, |position| async move {
            let request = self.client.get_rest_apis().limit(PAGE);
            let request = request.set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        });
        let mut apis = Vec::new();
        for api in rest.await? {
            apis.push(of_rest(operation, api)?);
        }
        let operation = Operation::GetApis;
        let others = all_pages(operation, |token| async move {
            let request = self.v2.get_apis().set_next_token(token);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.next_token))
        });
        for api in others.await? {
            let (kind, key_source) = match api.protocol_type {
                Some(ProtocolType::Http) => (ApiKind::Http, Some(KeySource::NoUsagePlans)),
                _ => (ApiKind::WebSocket, None),
            };
            apis.push(FoundApi {
                id: known(operation, "id", api.api_id)?,
                name: api.name.unwrap_or_default(),
                kind,
                key_source,
            });
        }
        Ok(apis)
    }

    /// GetAuthorizers: those of an API.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn authorizers(&self, api: &FoundApi) -> Result<Vec<FoundAuthorizer>, GatewayError> {
        match api.kind {
            ApiKind::Rest => self.rest_authorizers(&api.id).await,
            ApiKind::Http | ApiKind::WebSocket => self.other_authorizers(&api.id).await,
        }
    }

    async fn rest_authorizers(&self, api_id: &str) -> Result<Vec<FoundAuthorizer>, GatewayError> {
        let operation = Operation::GetAuthorizers;
        let all = all_pages(operation, |position| async move {
            let request = self.client.get_authorizers().rest_api_id(api_id);
            let request = request.limit(PAGE).set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        });
        let all = all.await?.into_iter().map(|one| {
            let sources = one.identity_source.unwrap_or_default();
            Ok(FoundAuthorizer {
                id: known(operation, "id", one.id)?,
                uri: one.authorizer_uri,
                credentials: named(one.authorizer_credentials),
                ttl_seconds: one.authorizer_result_ttl_in_seconds,
                identity_sources: listed(sources.split(',')),
                simple_responses: false,
            })
        });
        all.collect()
    }

    async fn other_authorizers(&self, api_id: &str) -> Result<Vec<FoundAuthorizer>, GatewayError> {
        let operation = Operation::GetAuthorizers;
        let all = all_pages(operation, |token| async move {
            let request = self.v2.get_authorizers().api_id(api_id);
            let request = request.set_next_token(token);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.next_token))
        });
        let all = all.await?.into_iter().map(|one| {
            let sources = one.identity_source.unwrap_or_default();
            Ok(FoundAuthorizer {
                id: known(operation, "id", one.authorizer_id)?,
                uri: one.authorizer_uri,
                credentials: named(one.authorizer_credentials_arn),
                ttl_seconds: one.authorizer_result_ttl_in_seconds,
                identity_sources: listed(sources.iter().map(String::as_str)),
                simple_responses: one.enable_simple_responses.unwrap_or_default(),
            })
        });
        all.collect()
    }

    /// GetGatewayResponses of a REST API, by type; those that were not changed are left out.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn own_answers(
        &self,
        api_id: &str,
    ) -> Result<BTreeMap<String, FoundResponse>, GatewayError> {
        let operation = Operation::GetGatewayResponses;
        let all = all_pages(operation, |position| async move {
            let request = self.client.get_gateway_responses().rest_api_id(api_id);
            let request = request.limit(PAGE).set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        });
        let changed = all.await?.into_iter().filter(|one| !one.default_response);
        Ok(changed.filter_map(response).collect())
    }

    /// GetStages of a REST API: their names.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn stages(&self, api_id: &str) -> Result<Vec<String>, GatewayError> {
        let operation = Operation::GetStages;
        let request = self.client.get_stages().rest_api_id(api_id);
        let stages = self.call(operation, || request.clone().send()).await?;
        let stages = stages.item.unwrap_or_default().into_iter();
        let names = stages.map(|stage| known(operation, "stageName", stage.stage_name));
        names.collect()
    }

    /// GetExport: what is deployed to a stage of a REST API, as an OpenAPI 3 document with API
    /// Gateway's extensions.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn exported(&self, api_id: &str, stage: &str) -> Result<Vec<u8>, GatewayError> {
        let operation = Operation::GetExport;
        let request = self.client.get_export().rest_api_id(api_id);
        let request = request.stage_name(stage).export_type("oas30");
        let request = request
            .parameters("extensions", "apigateway")
            .accepts("application/json");
        let export = self.call(operation, || request.clone().send()).await?;
        let document = known(operation, "body", export.body)?;
        Ok(document.into_inner())
    }

    /// GetResources of a REST API, all pages: its methods in the order of their names.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn methods(&self, api_id: &str) -> Result<Vec<FoundMethod>, GatewayError> {
        let operation = Operation::GetResources;
        let all = all_pages(operation, |position| async move {
            let request = self.client.get_resources().rest_api_id(api_id);
            let request = request.embed("methods").limit(PAGE);
            let request = request.set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        });
        let resources = found(all.await)?.unwrap_or_default();
        let mut methods: Vec<_> = resources.into_iter().flat_map(methods_of).collect();
        methods.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(methods)
    }
}

fn of_rest(operation: Operation, api: RestApi) -> Result<FoundApi, GatewayError> {
    let key_source = match api.api_key_source {
        Some(ApiKeySourceType::Authorizer) => KeySource::Authorizer,
        _ => KeySource::Header,
    };
    Ok(FoundApi {
        id: known(operation, "id", api.id)?,
        name: api.name.unwrap_or_default(),
        kind: ApiKind::Rest,
        key_source: Some(key_source),
    })
}

/// An empty text names nothing.
fn named(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn listed<'a>(sources: impl Iterator<Item = &'a str>) -> Vec<String> {
    let sources = sources.map(str::trim).filter(|source| !source.is_empty());
    sources.map(str::to_owned).collect()
}

fn response(response: GatewayResponse) -> Option<(String, FoundResponse)> {
    const HEADER: &str = "gatewayresponse.header.";
    let kind = response.response_type?.as_str().to_owned();
    let parameters = response.response_parameters.unwrap_or_default();
    let headers = parameters.into_iter().filter_map(|(name, value)| {
        let name = name.strip_prefix(HEADER)?;
        Some((name.to_ascii_lowercase(), value))
    });
    let found = FoundResponse {
        status: response.status_code,
        headers: headers.collect(),
    };
    Some((kind, found))
}

fn methods_of(resource: Resource) -> Vec<FoundMethod> {
    let path = resource.path.unwrap_or_default();
    let methods = resource.resource_methods.unwrap_or_default().into_iter();
    let method = |(verb, method): (String, aws_sdk_apigateway::types::Method)| FoundMethod {
        name: format!("{verb} {path}"),
        authorizer: method.authorizer_id,
        key_required: method.api_key_required.unwrap_or_default(),
    };
    methods.map(method).collect()
}
