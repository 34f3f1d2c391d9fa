//! Usage plans.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    call::Request,
    pages::{listed, page},
    patch::{Patches, patch_plan},
    refusal::Refusal,
    world::{Answer, World},
};

/// A rate and a burst.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FakeThrottle {
    /// Requests per second.
    #[serde(default)]
    pub rate_limit: f64,
    /// Requests.
    #[serde(default)]
    pub burst_limit: i32,
}

/// A quota.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FakeQuota {
    /// Requests for each period.
    #[serde(default)]
    pub limit: i32,
    /// Passed on.
    #[serde(default)]
    pub offset: i32,
    /// `DAY`, `WEEK` or `MONTH`.
    #[serde(default)]
    pub period: String,
}

/// The throttles of a stage's methods, by `/path/METHOD`.
pub type FakeStage = BTreeMap<String, FakeThrottle>;

/// A usage plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FakePlan {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How fast.
    pub throttle: Option<FakeThrottle>,
    /// How much.
    pub quota: Option<FakeQuota>,
    /// Its stages, as `apiId:stage`.
    pub stages: BTreeMap<String, FakeStage>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ids of the keys on it.
    pub keys: BTreeSet<String>,
}

/// CreateUsagePlan's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPlan {
    name: String,
    description: Option<String>,
    #[serde(default)]
    api_stages: Vec<Stage>,
    throttle: Option<FakeThrottle>,
    quota: Option<FakeQuota>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stage {
    api_id: String,
    stage: String,
    #[serde(default, skip_serializing_if = "FakeStage::is_empty")]
    throttle: FakeStage,
}

impl World {
    pub(crate) fn create_usage_plan(&mut self, new: NewPlan) -> Answer {
        if self.plans.len() >= self.limits.plans {
            return Err(Refusal::limit("Maximum number of usage plans reached"));
        }
        let stages = new.api_stages.into_iter();
        let plan = FakePlan {
            id: self.new_id(),
            name: new.name,
            description: new.description,
            throttle: new.throttle,
            quota: new.quota,
            stages: stages
                .map(|stage| (format!("{}:{}", stage.api_id, stage.stage), stage.throttle))
                .collect(),
            tags: new.tags,
            keys: BTreeSet::new(),
        };
        for stage in plan.stages.keys() {
            self.check_stage(stage)?;
        }
        self.check_plan(&plan)?;
        let answer = plan_json(&plan);
        self.plans.insert(plan.id.clone(), plan);
        Ok((201, answer))
    }

    pub(crate) fn get_usage_plan(&self, id: &str) -> Answer {
        let plan = self.plans.get(id).ok_or_else(Refusal::no_plan)?;
        Ok((200, plan_json(plan)))
    }

    pub(crate) fn get_usage_plans(&self, request: &Request) -> Answer {
        let plans = self.plans.values();
        let plans = plans.map(|plan| (plan.id.clone(), plan_json(plan)));
        let (plans, position) = page(plans, request, self.limits.page);
        Ok((200, listed(plans, position)))
    }

    /// All operations or none.
    pub(crate) fn update_usage_plan(&mut self, id: &str, patches: Patches) -> Answer {
        let before = self.plans.get(id).ok_or_else(Refusal::no_plan)?;
        let mut plan = before.clone();
        for patch in &patches.patch_operations {
            if (patch.op.as_str(), patch.path.as_str()) == ("add", "/apiStages") {
                self.check_stage(&patch.value::<String>()?)?;
            }
            patch_plan(&mut plan, patch)?;
        }
        self.check_plan(&plan)?;
        self.check_overlap(id, plan.stages.keys(), &plan.keys)?;
        let answer = plan_json(&plan);
        self.plans.insert(id.to_owned(), plan);
        Ok((200, answer))
    }

    pub(crate) fn delete_usage_plan(&mut self, id: &str) -> Answer {
        let plan = self.plans.get(id).ok_or_else(Refusal::no_plan)?;
        if !plan.stages.is_empty() {
            let text = format!("Usage plan {id} has API stages: remove them first");
            return Err(Refusal::bad_request(&text));
        }
        self.plans.remove(id);
        Ok((202, Value::Object(Default::default())))
    }

    /// What must hold of a plan by itself.
    fn check_plan(&self, plan: &FakePlan) -> Result<(), Refusal> {
        let throttles = plan.stages.values();
        if throttles
            .clone()
            .any(|own| own.len() > self.limits.method_throttles)
        {
            return Err(Refusal::limit("Maximum number of method throttles reached"));
        }
        let mut throttles = throttles.flat_map(BTreeMap::values).chain(&plan.throttle);
        if throttles.any(|own| own.rate_limit < 0.0 || own.burst_limit < 0) {
            return Err(Refusal::bad_request("Throttle limits must not be negative"));
        }
        match &plan.quota {
            Some(quota) if !["DAY", "WEEK", "MONTH"].contains(&quota.period.as_str()) => Err(
                Refusal::bad_request("Quota period must be DAY, WEEK or MONTH"),
            ),
            Some(quota) if quota.limit < 0 || quota.offset < 0 => {
                Err(Refusal::bad_request("Quota must not be negative"))
            }
            _ => Ok(()),
        }
    }
}

fn plan_json(plan: &FakePlan) -> Value {
    let stages = plan.stages.iter().map(|(stage, throttle)| {
        let (api_id, name) = stage.split_once(':').unwrap_or((stage, ""));
        Stage {
            api_id: api_id.to_owned(),
            stage: name.to_owned(),
            throttle: throttle.clone(),
        }
    });
    let mut json = json!({
        "id": plan.id,
        "name": plan.name,
        "apiStages": stages.collect::<Vec<_>>(),
        "tags": plan.tags,
    });
    // What there is none of is left out.
    for (name, value) in [
        ("description", json!(plan.description)),
        ("throttle", json!(plan.throttle)),
        ("quota", json!(plan.quota)),
    ] {
        if !value.is_null() {
            json[name] = value;
        }
    }
    json
}
