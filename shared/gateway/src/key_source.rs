//! Where an API takes keys from. REST APIs say it by `apiKeySource`, which API Gateway's first
//! API tells; WebSocket APIs by `apiKeySelectionExpression`, which its second API tells, under
//! the same address. Either answers NotFound to the ids of the other.

use aws_sdk_apigateway::types::ApiKeySourceType;
use aws_sdk_apigatewayv2::{operation::get_api::GetApiOutput, types::ProtocolType};

use crate::{Gateway, GatewayError, gateway::found, operation::Operation};

/// Where an API takes the value of a native key from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// From the caller's `x-api-key`.
    Header,
    /// From what the authorizer says, `usageIdentifierKey`.
    Authorizer,
    /// From nowhere: an HTTP API has neither usage plans nor native keys.
    NoUsagePlans,
}

impl Gateway {
    /// GetRestApi, then GetApi where it is no REST API: where the API takes keys from; none
    /// where there is no API of this id.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn key_source(&self, api_id: &str) -> Result<Option<KeySource>, GatewayError> {
        let request = self.client.get_rest_api().rest_api_id(api_id);
        let send = || request.clone().send();
        let answer = self.call(Operation::GetRestApi, send).await;
        if let Some(api) = found(answer)? {
            return Ok(Some(of_rest(api.api_key_source.as_ref())));
        }
        let request = self.v2.get_api().api_id(api_id);
        let send = || request.clone().send();
        let answer = self.call(Operation::GetApi, send).await;
        Ok(found(answer)?.as_ref().map(of_other))
    }
}

fn of_rest(source: Option<&ApiKeySourceType>) -> KeySource {
    match source {
        Some(ApiKeySourceType::Authorizer) => KeySource::Authorizer,
        // Its default.
        _ => KeySource::Header,
    }
}

/// Of a WebSocket or HTTP API. An HTTP API shows an expression too, which has no effect. One
/// that is not known counts as the header, where a value opens the API.
fn of_other(api: &GetApiOutput) -> KeySource {
    match (api.protocol_type(), api.api_key_selection_expression()) {
        (Some(ProtocolType::Http), _) => KeySource::NoUsagePlans,
        // The second form by the rules for all selection expressions (AWS, "WebSocket selection
        // expressions").
        (
            _,
            Some(
                "$context.authorizer.usageIdentifierKey"
                | "${context.authorizer.usageIdentifierKey}",
            ),
        ) => KeySource::Authorizer,
        _ => KeySource::Header,
    }
}
