//! The REST APIs themselves: their caches, methods, deployments.

use crate::{
    Gateway, GatewayError, Missing, Patch,
    gateway::{PAGE, all_pages, found, known},
    operation::Operation,
};

/// What [`Gateway::require_key`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Required {
    /// Whether the method required a key before.
    pub before: bool,
}

impl Gateway {
    /// FlushStageAuthorizersCache: forgets what authorizers have said for the stage.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn flush_authorizers(&self, api_id: &str, stage: &str) -> Result<(), GatewayError> {
        let request = self.client.flush_stage_authorizers_cache();
        let request = request.rest_api_id(api_id).stage_name(stage);
        let send = || request.clone().send();
        self.call(Operation::FlushStageAuthorizersCache, send)
            .await?;
        Ok(())
    }

    /// CreateDeployment: what the API is now goes live on the stage, which is made where it is
    /// not there. Returns the deployment's id.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn deploy(
        &self,
        api_id: &str,
        stage: &str,
        description: &str,
    ) -> Result<String, GatewayError> {
        let operation = Operation::CreateDeployment;
        let request = self.client.create_deployment();
        let request = request.rest_api_id(api_id).stage_name(stage);
        let request = request.description(description);
        let deployment = self.call(operation, || request.clone().send()).await?;
        known(operation, "id", deployment.id)
    }

    /// Sets whether a method requires an API key; no change where it does already. `path` is
    /// the resource's, such as `/orders/{id}`. It goes live with the next deployment.
    ///
    /// # Errors
    /// [`GatewayError`]: NotFound tells by [`Missing`] whether the API, the path or the
    /// method is not there.
    pub async fn require_key(
        &self,
        api_id: &str,
        path: &str,
        method: &str,
        required: bool,
    ) -> Result<Required, GatewayError> {
        let resource = self.resource(api_id, path).await?;
        let operation = Operation::GetMethod;
        let request = self.client.get_method();
        let request = request.rest_api_id(api_id).resource_id(&resource);
        let request = request.http_method(method);
        let answer = self.call(operation, || request.clone().send()).await;
        let before = known_method(found(answer)?)?.api_key_required;
        let before = before.unwrap_or_default();
        if before != required {
            let patch = Patch::replace("/apiKeyRequired", required).to_sdk();
            let request = self.client.update_method();
            let request = request.rest_api_id(api_id).resource_id(&resource);
            let request = request.http_method(method).patch_operations(patch);
            self.call(Operation::UpdateMethod, || request.clone().send())
                .await?;
        }
        Ok(Required { before })
    }

    /// GetResources, all pages: the id of the resource of this path.
    async fn resource(&self, api_id: &str, path: &str) -> Result<String, GatewayError> {
        let operation = Operation::GetResources;
        let missing = |what| GatewayError::NotFound {
            operation: operation.name(),
            what,
        };
        let resources = all_pages(operation, |position| async move {
            let request = self.client.get_resources().rest_api_id(api_id);
            let request = request.limit(PAGE).set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        });
        let resources = found(resources.await)?.ok_or(missing(Missing::Api))?;
        let mut resources = resources.into_iter();
        let resource = resources.find(|resource| resource.path() == Some(path));
        known(operation, "id", resource.ok_or(missing(Missing::Path))?.id)
    }
}

fn known_method<T>(method: Option<T>) -> Result<T, GatewayError> {
    method.ok_or(GatewayError::NotFound {
        operation: Operation::GetMethod.name(),
        what: Missing::Method,
    })
}
