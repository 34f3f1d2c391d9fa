//! APIs: where they take keys from, their stages, and the methods and deployments of REST APIs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::Request,
    pages::{listed, page},
    patch::Patches,
    refusal::Refusal,
    world::{Answer, World},
};

/// Where an API takes keys from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From the caller's header.
    Header,
    /// From the authorizer.
    Authorizer,
}

/// A deployment that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// Of which API.
    pub api: String,
    /// To which stage.
    pub stage: String,
    /// What it says of itself.
    pub description: String,
}

/// A flush of what authorizers have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flush {
    /// Of which API.
    pub api: String,
    /// Of which stage.
    pub stage: String,
}

/// An API of any kind: their ids are of one space.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) kind: Kind,
    pub(crate) stages: BTreeSet<String>,
    /// By id: the path, and by method whether it requires a key.
    pub(crate) resources: BTreeMap<String, (String, BTreeMap<String, bool>)>,
}

/// The kind of an API.
#[derive(Debug)]
pub(crate) enum Kind {
    Rest(Source),
    /// With its `apiKeySelectionExpression`.
    WebSocket(String),
    Http,
}

impl Kind {
    pub(crate) fn has_usage_plans(&self) -> bool {
        !matches!(self, Self::Http)
    }
}

impl Api {
    pub(crate) fn new(kind: Kind, stages: &[&str]) -> Self {
        Self {
            kind,
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
            resources: BTreeMap::new(),
        }
    }
}

/// CreateDeployment's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDeployment {
    stage_name: String,
    #[serde(default)]
    description: String,
}

impl World {
    pub(crate) fn get_rest_api(&self, id: &str) -> Answer {
        let source = match self.apis.get(id).map(|api| &api.kind) {
            Some(Kind::Rest(Source::Header)) => "HEADER",
            Some(Kind::Rest(Source::Authorizer)) => "AUTHORIZER",
            _ => return Err(Refusal::no_api()),
        };
        Ok((200, json!({ "id": id, "name": id, "apiKeySource": source })))
    }

    /// API Gateway's second API has no REST APIs, and an expression for HTTP APIs too.
    pub(crate) fn get_api(&self, id: &str) -> Answer {
        let (protocol, expression) = match self.apis.get(id).map(|api| &api.kind) {
            Some(Kind::WebSocket(expression)) => ("WEBSOCKET", expression.as_str()),
            Some(Kind::Http) => ("HTTP", "$request.header.x-api-key"),
            _ => return Err(Refusal::no_api()),
        };
        let answer = json!({
            "apiId": id,
            "name": id,
            "protocolType": protocol,
            "apiKeySelectionExpression": expression,
        });
        Ok((200, answer))
    }

    fn rest_api(&self, id: &str) -> Result<&Api, Refusal> {
        let api = self.apis.get(id);
        api.filter(|api| matches!(api.kind, Kind::Rest(_)))
            .ok_or_else(Refusal::no_api)
    }

    pub(crate) fn rest_api_mut(&mut self, id: &str) -> Result<&mut Api, Refusal> {
        let api = self.apis.get_mut(id);
        api.filter(|api| matches!(api.kind, Kind::Rest(_)))
            .ok_or_else(Refusal::no_api)
    }

    pub(crate) fn get_resources(&self, id: &str, request: &Request) -> Answer {
        let api = self.rest_api(id)?;
        let resources = api.resources.iter();
        let resources =
            resources.map(|(id, (path, _))| (id.clone(), json!({ "id": id, "path": path })));
        let (resources, position) = page(resources, request, self.limits.page);
        Ok((200, listed(resources, position)))
    }

    pub(crate) fn get_method(&mut self, api: &str, resource: &str, method: &str) -> Answer {
        let required = *self.method(api, resource, method)?;
        Ok((200, method_json(method, required)))
    }

    pub(crate) fn update_method(
        &mut self,
        api: &str,
        resource: &str,
        method: &str,
        patches: Patches,
    ) -> Answer {
        let required = self.method(api, resource, method)?;
        for patch in &patches.patch_operations {
            if (patch.op.as_str(), patch.path.as_str()) != ("replace", "/apiKeyRequired") {
                return Err(Refusal::bad_request("Invalid patch operation"));
            }
            *required = patch.value()?;
        }
        Ok((200, method_json(method, *required)))
    }

    fn method(&mut self, api: &str, resource: &str, method: &str) -> Result<&mut bool, Refusal> {
        let api = self.rest_api_mut(api)?;
        let resource = api.resources.get_mut(resource);
        let (_, methods) =
            resource.ok_or_else(|| Refusal::not_found("Invalid Resource identifier specified"))?;
        let method = methods.get_mut(method);
        method.ok_or_else(|| Refusal::not_found("Invalid Method identifier specified"))
    }

    /// Makes the stage where it is not there.
    pub(crate) fn create_deployment(&mut self, api: &str, new: NewDeployment) -> Answer {
        let id = self.new_id();
        let found = self.rest_api_mut(api)?;
        found.stages.insert(new.stage_name.clone());
        let answer = json!({ "id": id, "description": new.description });
        self.deployments.push(Deployment {
            id,
            api: api.to_owned(),
            stage: new.stage_name,
            description: new.description,
        });
        Ok((201, answer))
    }

    pub(crate) fn flush(&mut self, api: &str, stage: &str) -> Answer {
        let found = self.rest_api(api)?;
        if !found.stages.contains(stage) {
            return Err(Refusal::no_stage());
        }
        self.flushes.push(Flush {
            api: api.to_owned(),
            stage: stage.to_owned(),
        });
        Ok((202, Value::Object(Default::default())))
    }
}

fn method_json(method: &str, required: bool) -> Value {
    json!({ "httpMethod": method, "authorizationType": "NONE", "apiKeyRequired": required })
}
