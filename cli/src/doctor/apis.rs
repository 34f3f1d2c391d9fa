//! Sees the APIs that concern Latchkey, as they are defined and as their stages serve them.

use std::collections::BTreeSet;

use latchkey_domain::Enforcement;
use latchkey_gateway::{ApiKind, FoundApi, FoundAuthorizer, Gateway, GatewayError, KeySource};
use latchkey_store::PlanRecord;

use super::{
    collect::Looking,
    exported,
    facts::{Api, Facts, Stage, Unseen},
};

impl Looking {
    pub(super) async fn apis(&mut self, gateway: &Gateway, facts: &Facts) -> Vec<Api> {
        let Some(function) = facts.authorizer.as_ref().map(|one| one.arn.clone()) else {
            self.unseen.push(Unseen {
                what: "the APIs".to_owned(),
                why: "without the authorizer it is not known which ask it".to_owned(),
            });
            return Vec::new();
        };
        let named: BTreeSet<&str> = native_apis(&facts.plans).collect();
        let all = self.keep("the list of APIs", gateway.apis().await);
        let mut apis = Vec::new();
        for found in all.unwrap_or_default() {
            let what = format!("API {}", found.id);
            let named = named.contains(found.id.as_str());
            let seen = self.one_api(gateway, found, &function, named).await;
            apis.extend(self.keep(what, seen).flatten());
        }
        apis
    }

    /// One API with all that the checks want of it; none where it does not concern Latchkey.
    async fn one_api(
        &mut self,
        gateway: &Gateway,
        found: FoundApi,
        function: &str,
        named: bool,
    ) -> Result<Option<Api>, GatewayError> {
        let all = gateway.authorizers(&found).await?;
        for (one, qualifier) in all.iter().filter_map(|one| qualified(one, function)) {
            self.unseen.push(Unseen {
                what: format!("authorizer {} of API {}", one.id, found.id),
                why: format!(
                    "it asks version or alias {qualifier} of the function, which has a policy and settings of its own"
                ),
            });
        }
        let mut authorizers = all;
        authorizers.retain(|one| asks(one, function));
        if authorizers.is_empty() && !named {
            return Ok(None);
        }
        let key_source = match found.key_source {
            Some(source) => source,
            None => gateway
                .key_source(&found.id)
                .await?
                .unwrap_or(KeySource::Header),
        };
        let mut api = Api {
            found,
            key_source,
            authorizers,
            answers: None,
            methods: Vec::new(),
            stages: Vec::new(),
        };
        if api.found.kind == ApiKind::Rest {
            api.answers = Some(gateway.own_answers(&api.found.id).await?);
            api.methods = gateway.methods(&api.found.id).await?;
            if !api.authorizers.is_empty() {
                api.stages = self.stages(gateway, &api, function).await;
            }
        }
        Ok(Some(api))
    }

    /// What each stage of a REST API serves.
    async fn stages(&mut self, gateway: &Gateway, api: &Api, function: &str) -> Vec<Stage> {
        let id = &api.found.id;
        let names = gateway.stages(id).await;
        let names = self.keep(format!("the stages of API {id}"), names);
        let mut stages = Vec::new();
        for name in names.unwrap_or_default() {
            let what = format!("what stage {name} of API {id} serves");
            let document = gateway.exported(id, &name).await;
            let Some(document) = self.keep(&what, document) else {
                continue;
            };
            let Some(mut exported) = self.keep(&what, exported::read(&document)) else {
                continue;
            };
            exported.authorizers.retain(|one| asks(one, function));
            let has_own = api.answers.as_ref().is_some_and(|all| !all.is_empty());
            if has_own && exported.answers.is_none() {
                self.unseen.push(Unseen {
                    what: format!("which gateway responses stage {name} of API {id} serves"),
                    why: "its export tells of none; those that the API is defined with hold there from its next deployment on".to_owned(),
                });
            }
            stages.push(Stage {
                name,
                authorizers: exported.authorizers,
                answers: exported.answers,
            });
        }
        stages
    }
}

/// `arn:...:lambda:path/2015-03-31/functions/<function's ARN>/invocations`.
fn asks(authorizer: &FoundAuthorizer, function: &str) -> bool {
    let uri = authorizer.uri.as_deref().unwrap_or_default();
    uri.ends_with(&format!("/functions/{function}/invocations"))
}

/// An authorizer that asks a version or an alias of the function, with its name.
fn qualified<'a>(
    authorizer: &'a FoundAuthorizer,
    function: &str,
) -> Option<(&'a FoundAuthorizer, &'a str)> {
    let (_, asked) = authorizer.uri.as_deref()?.split_once("/functions/")?;
    let qualifier = asked.strip_prefix(function)?.strip_prefix(':')?;
    Some((authorizer, qualifier.strip_suffix("/invocations")?))
}

/// APIs that plans name whose calls API Gateway counts.
fn native_apis(plans: &[PlanRecord]) -> impl Iterator<Item = &str> {
    let native = plans
        .iter()
        .filter(|one| one.plan.enforcement == Enforcement::ApiGateway);
    native.flat_map(|one| one.plan.stages.iter().map(|stage| stage.selector.api_id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorizer_asks_the_function_or_a_version_of_it() {
        let function = "arn:aws:lambda:us-east-1:000000000000:function:keys";
        let named = |asked: &str| FoundAuthorizer {
            id: "a".to_owned(),
            uri: Some(format!(
                "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{asked}/invocations"
            )),
            credentials: None,
            ttl_seconds: None,
            identity_sources: vec![],
            simple_responses: false,
        };
        for (asked, itself, qualifier) in [
            (function.to_owned(), true, None),
            (format!("{function}:live"), false, Some("live")),
            (format!("{function}:7"), false, Some("7")),
            (format!("{function}-2"), false, None),
            (format!("{function}-2:live"), false, None),
        ] {
            let one = named(&asked);
            let found = qualified(&one, function).map(|(_, qualifier)| qualifier);
            assert_eq!(
                (asks(&one, function), found),
                (itself, qualifier),
                "{asked}"
            );
        }
    }
}
