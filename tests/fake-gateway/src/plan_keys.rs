//! Keys on plans.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    FakeKey,
    call::Request,
    pages::{listed, page},
    refusal::Refusal,
    world::{Answer, World},
};

/// CreateUsagePlanKey's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPlanKey {
    key_id: String,
    key_type: String,
}

impl World {
    pub(crate) fn create_usage_plan_key(&mut self, plan: &str, new: NewPlanKey) -> Answer {
        if new.key_type != "API_KEY" {
            return Err(Refusal::bad_request("Invalid key type"));
        }
        self.put_on_plan(plan, &new.key_id)?;
        let key = self.keys.get(&new.key_id).ok_or_else(Refusal::no_key)?;
        Ok((201, plan_key_json(key)))
    }

    pub(crate) fn put_on_plan(&mut self, plan: &str, key: &str) -> Result<(), Refusal> {
        let wanted = self.plans.get(plan).ok_or_else(Refusal::no_plan)?;
        if !self.keys.contains_key(key) {
            return Err(Refusal::no_key());
        }
        if wanted.keys.contains(key) {
            let text = format!("{key} is on the usage plan {plan} already");
            return Err(Refusal::conflict(&text));
        }
        let keys = [key.to_owned()].into();
        self.check_overlap(plan, wanted.stages.keys(), &keys)?;
        if self.plans_of(key).count() >= self.limits.plans_per_key {
            return Err(Refusal::limit(
                "Maximum number of usage plans per key reached",
            ));
        }
        let wanted = self.plans.get_mut(plan).ok_or_else(Refusal::no_plan)?;
        wanted.keys.insert(key.to_owned());
        Ok(())
    }

    pub(crate) fn get_usage_plan_key(&self, plan: &str, key: &str) -> Answer {
        let plan = self.plans.get(plan).ok_or_else(Refusal::no_plan)?;
        let key = self.keys.get(key).filter(|key| plan.keys.contains(&key.id));
        Ok((200, plan_key_json(key.ok_or_else(Refusal::no_key)?)))
    }

    pub(crate) fn get_usage_plan_keys(&self, plan: &str, request: &Request) -> Answer {
        let plan = self.plans.get(plan).ok_or_else(Refusal::no_plan)?;
        let keys = plan.keys.iter().filter_map(|id| self.keys.get(id));
        let keys = keys.map(|key| (key.id.clone(), plan_key_json(key)));
        let (keys, position) = page(keys, request, self.limits.page);
        Ok((200, listed(keys, position)))
    }

    pub(crate) fn delete_usage_plan_key(&mut self, plan: &str, key: &str) -> Answer {
        let plan = self.plans.get_mut(plan).ok_or_else(Refusal::no_plan)?;
        if !plan.keys.remove(key) {
            return Err(Refusal::no_key());
        }
        Ok((202, Value::Object(Default::default())))
    }
}

/// With the value, as AWS's answers have had it since 2021.
fn plan_key_json(key: &FakeKey) -> Value {
    json!({ "id": key.id, "name": key.name, "type": "API_KEY", "value": key.value })
}
