//! What a test sets, sees and changes without a call.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    Deployment, FakeGateway, FakeKey, FakePlan, Flush, Source,
    apis::{Api, Kind},
};

impl FakeGateway {
    /// A REST API with these stages; one that was there under this id is replaced, its methods
    /// included.
    pub fn set_api(&self, id: &str, source: Source, stages: &[&str]) {
        self.put_api(id, Api::new(Kind::Rest(source), stages));
    }

    /// A WebSocket API with this `apiKeySelectionExpression`, which usage plans can be on by
    /// the stages of [`Self::add_stage`]. An API that was there under this id is replaced.
    pub fn set_websocket(&self, id: &str, selection_expression: &str) {
        let kind = Kind::WebSocket(selection_expression.to_owned());
        self.put_api(id, Api::new(kind, &[]));
    }

    /// An HTTP API. An API that was there under this id is replaced.
    pub fn set_http_api(&self, id: &str) {
        self.put_api(id, Api::new(Kind::Http, &[]));
    }

    fn put_api(&self, id: &str, api: Api) {
        self.world().apis.insert(id.to_owned(), api);
    }

    /// A method of a REST API, and whether it requires a key. Does nothing where there is no
    /// such API.
    pub fn set_method(&self, api: &str, path: &str, method: &str, required: bool) {
        let mut world = self.world();
        let id = world.new_id();
        let Ok(api) = world.rest_api_mut(api) else {
            return;
        };
        let mut resources = api.resources.values_mut();
        let methods = match resources.find(|(known, _)| known == path) {
            Some((_, methods)) => methods,
            None => {
                let new = (path.to_owned(), BTreeMap::new());
                &mut api.resources.entry(id).or_insert(new).1
            }
        };
        methods.insert(method.to_owned(), required);
    }

    /// Whether a method requires a key; none where there is no such method.
    pub fn requires_key(&self, api: &str, path: &str, method: &str) -> Option<bool> {
        let world = self.world();
        let mut resources = world.apis.get(api)?.resources.values();
        let (_, methods) = resources.find(|(known, _)| known == path)?;
        methods.get(method).copied()
    }

    /// What a key has used of a plan and has left, day by day from `start`.
    pub fn set_usage(&self, plan: &str, key: &str, start: Date, days: &[(u64, u64)]) {
        let dates = start.series(jiff::Span::new().days(1));
        let days = dates.zip(days.iter().copied()).collect();
        let id = (plan.to_owned(), key.to_owned());
        self.world().usage.insert(id, days);
    }

    /// What UpdateUsage last gave a key on a plan.
    pub fn granted(&self, plan: &str, key: &str) -> Option<u64> {
        let id = (plan.to_owned(), key.to_owned());
        self.world().grants.get(&id).copied()
    }

    /// All plans, by id.
    pub fn plans(&self) -> BTreeMap<String, FakePlan> {
        self.world().plans.clone()
    }

    /// All keys, by id.
    pub fn keys(&self) -> BTreeMap<String, FakeKey> {
        self.world().keys.clone()
    }

    /// All deployments, in their order.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.world().deployments.clone()
    }

    /// All flushes, in their order.
    pub fn flushes(&self) -> Vec<Flush> {
        self.world().flushes.clone()
    }

    /// A plan that somebody else made. An empty id is replaced; returns the id.
    pub fn put_plan(&self, mut plan: FakePlan) -> String {
        let mut world = self.world();
        if plan.id.is_empty() {
            plan.id = world.new_id();
        }
        let id = plan.id.clone();
        world.plans.insert(id.clone(), plan);
        id
    }

    /// A key that somebody else made. An empty id or value is replaced; returns the id.
    pub fn put_key(&self, mut key: FakeKey) -> String {
        let mut world = self.world();
        if key.id.is_empty() {
            key.id = world.new_id();
        }
        if key.value.is_empty() {
            key.value = world.text(40);
        }
        let id = key.id.clone();
        world.keys.insert(id.clone(), key);
        id
    }

    /// Somebody changes a plan; nothing where there is none of this id.
    pub fn edit_plan(&self, id: &str, edit: impl FnOnce(&mut FakePlan)) {
        if let Some(plan) = self.world().plans.get_mut(id) {
            edit(plan);
        }
    }

    /// Somebody changes a key; nothing where there is none of this id.
    pub fn edit_key(&self, id: &str, edit: impl FnOnce(&mut FakeKey)) {
        if let Some(key) = self.world().keys.get_mut(id) {
            edit(key);
        }
    }

    /// Somebody renames a plan.
    pub fn rename_plan(&self, id: &str, name: &str) {
        self.edit_plan(id, |plan| plan.name = name.to_owned());
    }

    /// Somebody renames a key.
    pub fn rename_key(&self, id: &str, name: &str) {
        self.edit_key(id, |key| key.name = name.to_owned());
    }

    /// Somebody deletes a plan, stages or not.
    pub fn delete_plan(&self, id: &str) {
        self.world().plans.remove(id);
    }

    /// Somebody deletes a key, which takes it off its plans.
    pub fn delete_key(&self, id: &str) {
        let mut world = self.world();
        world.keys.remove(id);
        for plan in world.plans.values_mut() {
            plan.keys.remove(id);
        }
    }

    /// Somebody puts a key on a plan, whatever is in the way.
    pub fn attach(&self, plan: &str, key: &str) {
        self.edit_plan(plan, |plan| {
            plan.keys.insert(key.to_owned());
        });
    }

    /// Somebody takes a key off a plan.
    pub fn detach(&self, plan: &str, key: &str) {
        self.edit_plan(plan, |plan| {
            plan.keys.remove(key);
        });
    }

    /// An API's stage is deleted, which takes it off all plans.
    pub fn drop_stage(&self, api: &str, stage: &str) {
        let mut world = self.world();
        if let Some(api) = world.apis.get_mut(api) {
            api.stages.remove(stage);
        }
        let gone = format!("{api}:{stage}");
        for plan in world.plans.values_mut() {
            plan.stages.remove(&gone);
        }
    }

    /// An API's stage is made, or made again.
    pub fn add_stage(&self, api: &str, stage: &str) {
        if let Some(api) = self.world().apis.get_mut(api) {
            api.stages.insert(stage.to_owned());
        }
    }

    /// The ids of the keys on a plan.
    pub fn keys_on(&self, plan: &str) -> BTreeSet<String> {
        let world = self.world();
        world
            .plans
            .get(plan)
            .map(|plan| plan.keys.clone())
            .unwrap_or_default()
    }
}
