//! A call, from its HTTP request to its operation.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// What it was about: the path's ids, the query, patch operations, names. No values.
    pub detail: String,
    /// The answer's status; none where there was no answer.
    pub status: Option<u16>,
}

/// A request, taken apart.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, uri: &str, body: &[u8]) -> Self {
        let local = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let local = local.split_once('/').map_or("", |(_, local)| local);
        let (path, query) = local.split_once('?').unwrap_or((local, ""));
        let decoded = |segment| {
            let text = percent_decode_str(segment).decode_utf8_lossy();
            text.into_owned()
        };
        Self {
            method: method.to_owned(),
            path: path.split('/').map(decoded).collect(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            body: body.to_vec(),
        }
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The operation and the ids in the path; none where it is no operation that is known.
    pub(crate) fn operation(&self) -> Option<(&'static str, Vec<&str>)> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let (operation, ids): (_, &[&str]) = match (self.method.as_str(), path.as_slice()) {
            ("POST", ["apikeys"]) => ("CreateApiKey", &[]),
            ("GET", ["apikeys"]) => ("GetApiKeys", &[]),
            ("GET", ["apikeys", key]) => ("GetApiKey", &[*key]),
            ("PATCH", ["apikeys", key]) => ("UpdateApiKey", &[*key]),
            ("DELETE", ["apikeys", key]) => ("DeleteApiKey", &[*key]),
            ("POST", ["usageplans"]) => ("CreateUsagePlan", &[]),
            ("GET", ["usageplans"]) => ("GetUsagePlans", &[]),
            ("GET", ["usageplans", plan]) => ("GetUsagePlan", &[*plan]),
            ("PATCH", ["usageplans", plan]) => ("UpdateUsagePlan", &[*plan]),
            ("DELETE", ["usageplans", plan]) => ("DeleteUsagePlan", &[*plan]),
            ("POST", ["usageplans", plan, "keys"]) => ("CreateUsagePlanKey", &[*plan]),
            ("GET", ["usageplans", plan, "keys"]) => ("GetUsagePlanKeys", &[*plan]),
            ("GET", ["usageplans", plan, "keys", key]) => ("GetUsagePlanKey", &[*plan, *key]),
            ("DELETE", ["usageplans", plan, "keys", key]) => ("DeleteUsagePlanKey", &[*plan, *key]),
            ("GET", ["usageplans", plan, "usage"]) => ("GetUsage", &[*plan]),
            ("PATCH", ["usageplans", plan, "keys", key, "usage"]) => {
                ("UpdateUsage", &[*plan, *key])
            }
            ("GET", ["v2", "apis", api]) => ("GetApi", &[*api]),
            ("GET", ["restapis", api]) => ("GetRestApi", &[*api]),
            ("GET", ["restapis", api, "resources"]) => ("GetResources", &[*api]),
            ("GET", ["restapis", api, "resources", resource, "methods", method]) => {
                ("GetMethod", &[*api, *resource, *method])
            }
            ("PATCH", ["restapis", api, "resources", resource, "methods", method]) => {
                ("UpdateMethod", &[*api, *resource, *method])
            }
            ("POST", ["restapis", api, "deployments"]) => ("CreateDeployment", &[*api]),
            ("DELETE", ["restapis", api, "stages", stage, "cache", "authorizers"]) => {
                ("FlushStageAuthorizersCache", &[*api, *stage])
            }
            _ => return None,
        };
        Some((operation, ids.to_vec()))
    }

    /// For [`Call::detail`].
    pub(crate) fn detail(&self) -> String {
        let (_, ids) = self.operation().unwrap_or_default();
        let mut words: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let query = self.query.iter().filter(|(name, _)| name != "limit");
        words.extend(query.map(|(name, value)| format!("{name}={value}")));
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        for patch in body["patchOperations"].as_array().into_iter().flatten() {
            let text = |name: &str| patch[name].as_str().unwrap_or_default();
            let words_of_it = [text("op"), text("path"), text("value")];
            words.push(words_of_it.join(" ").trim_end().to_owned());
        }
        for name in ["name", "keyId", "stageName"] {
            words.extend(body[name].as_str().map(str::to_owned));
        }
        words.join(", ")
    }
}
