//! The account: all that is there, and what becomes of a call.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Call, Deployment, FakeKey, FakePlan, Flush, Limits, Moment,
    apis::Api,
    call::Request,
    faults::{Fate, Faults},
    rates::Meter,
    refusal::Refusal,
};

/// Status and body, or an error answer.
pub(crate) type Answer = Result<(u16, Value), Refusal>;

/// What the caller sees.
pub(crate) enum Outcome {
    Answered(Answer),
    Broken,
    Stopped,
}

pub(crate) struct World {
    pub(crate) limits: Limits,
    pub(crate) random: fastrand::Rng,
    pub(crate) meter: Meter,
    pub(crate) faults: Faults,
    pub(crate) calls: Vec<Call>,
    pub(crate) plans: BTreeMap<String, FakePlan>,
    pub(crate) keys: BTreeMap<String, FakeKey>,
    /// For a plan and a key, by day: used, remaining.
    pub(crate) usage: BTreeMap<(String, String), BTreeMap<Date, (u64, u64)>>,
    pub(crate) grants: BTreeMap<(String, String), u64>,
    pub(crate) apis: BTreeMap<String, Api>,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) flushes: Vec<Flush>,
}

impl World {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            random: fastrand::Rng::with_seed(limits.seed),
            meter: Meter::new(limits.rates),
            faults: Faults::default(),
            calls: Vec::new(),
            plans: BTreeMap::new(),
            keys: BTreeMap::new(),
            usage: BTreeMap::new(),
            grants: BTreeMap::new(),
            apis: BTreeMap::new(),
            deployments: Vec::new(),
            flushes: Vec::new(),
            limits,
        }
    }

    /// What becomes of a call.
    pub(crate) fn meet(&mut self, request: &Request) -> Outcome {
        let operation = request.operation().map_or("Unknown", |(name, _)| name);
        let outcome = self.outcome(operation, request);
        let status = match &outcome {
            Outcome::Answered(Ok((status, _))) => Some(*status),
            Outcome::Answered(Err(refusal)) => Some(refusal.status),
            Outcome::Broken | Outcome::Stopped => None,
        };
        self.calls.push(Call {
            operation,
            detail: request.detail(),
            status,
        });
        outcome
    }

    fn outcome(&mut self, operation: &'static str, request: &Request) -> Outcome {
        match self.faults.fate(operation) {
            Fate::Stopped(moment) => {
                self.carry_out_if(moment, request);
                Outcome::Stopped
            }
            Fate::Broken(moment) => {
                self.carry_out_if(moment, request);
                Outcome::Broken
            }
            Fate::Refused(refusal) => Outcome::Answered(Err(refusal)),
            Fate::Carried if !self.meter.admits(operation) => {
                Outcome::Answered(Err(Refusal::throttled()))
            }
            Fate::Carried if self.meets_another_change(&request.method) => {
                Outcome::Answered(Err(Refusal::concurrent()))
            }
            Fate::Carried => Outcome::Answered(self.carry_out(request)),
        }
    }

    fn carry_out_if(&mut self, moment: Moment, request: &Request) {
        if moment == Moment::After {
            // Nobody hears what comes of it.
            drop(self.carry_out(request));
        }
    }

    fn meets_another_change(&mut self, method: &str) -> bool {
        let share = self.limits.conflicts;
        method != "GET" && share > 0.0 && self.random.f64() < share
    }

    fn carry_out(&mut self, request: &Request) -> Answer {
        let Some((operation, ids)) = request.operation() else {
            let text = format!("{} {}", request.method, request.path.join("/"));
            return Err(Refusal::new(404, "UnknownOperationException", &text));
        };
        match (operation, ids.as_slice()) {
            ("CreateApiKey", _) => self.create_api_key(read(&request.body)?),
            ("GetApiKeys", _) => self.get_api_keys(request),
            ("GetApiKey", [key]) => self.get_api_key(key, request),
            ("UpdateApiKey", [key]) => self.update_api_key(key, read(&request.body)?),
            ("DeleteApiKey", [key]) => self.delete_api_key(key),
            ("CreateUsagePlan", _) => self.create_usage_plan(read(&request.body)?),
            ("GetUsagePlans", _) => self.get_usage_plans(request),
            ("GetUsagePlan", [plan]) => self.get_usage_plan(plan),
            ("UpdateUsagePlan", [plan]) => self.update_usage_plan(plan, read(&request.body)?),
            ("DeleteUsagePlan", [plan]) => self.delete_usage_plan(plan),
            ("CreateUsagePlanKey", [plan]) => {
                self.create_usage_plan_key(plan, read(&request.body)?)
            }
            ("GetUsagePlanKeys", [plan]) => self.get_usage_plan_keys(plan, request),
            ("GetUsagePlanKey", [plan, key]) => self.get_usage_plan_key(plan, key),
            ("DeleteUsagePlanKey", [plan, key]) => self.delete_usage_plan_key(plan, key),
            ("GetUsage", [plan]) => self.get_usage(plan, request),
            ("UpdateUsage", [plan, key]) => self.update_usage(plan, key, read(&request.body)?),
            ("GetApi", [api]) => self.get_api(api),
            ("GetRestApi", [api]) => self.get_rest_api(api),
            ("GetResources", [api]) => self.get_resources(api, request),
            ("GetMethod", [api, resource, method]) => self.get_method(api, resource, method),
            ("UpdateMethod", [api, resource, method]) => {
                self.update_method(api, resource, method, read(&request.body)?)
            }
            ("CreateDeployment", [api]) => self.create_deployment(api, read(&request.body)?),
            ("FlushStageAuthorizersCache", [api, stage]) => self.flush(api, stage),
            _ => Err(Refusal::bad_request("Invalid request")),
        }
    }

    /// Ten lower-case letters and digits, as AWS's are.
    pub(crate) fn new_id(&mut self) -> String {
        loop {
            let id = self.text(10).to_ascii_lowercase();
            if !self.plans.contains_key(&id) && !self.keys.contains_key(&id) {
                return id;
            }
        }
    }

    /// Letters and digits.
    pub(crate) fn text(&mut self, characters: usize) -> String {
        (0..characters)
            .map(|_| self.random.alphanumeric())
            .collect()
    }

    /// The plans that a key is on.
    pub(crate) fn plans_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a FakePlan> {
        self.plans.values().filter(|plan| plan.keys.contains(key))
    }

    /// Whether a stage is there, as `apiId:stage`.
    pub(crate) fn check_stage(&self, stage: &str) -> Result<(), Refusal> {
        let (api, name) = stage.split_once(':').unwrap_or((stage, ""));
        let api = self.apis.get(api).filter(|api| api.kind.has_usage_plans());
        let api = api.ok_or_else(Refusal::no_api)?;
        if api.stages.contains(name) {
            return Ok(());
        }
        Err(Refusal::not_found(&format!("API Stage not found: {stage}")))
    }

    /// Whether one of the keys is on another plan of one of the stages.
    pub(crate) fn check_overlap<'a>(
        &self,
        plan: &str,
        stages: impl Iterator<Item = &'a String> + Clone,
        keys: &BTreeSet<String>,
    ) -> Result<(), Refusal> {
        for other in self.plans.values().filter(|other| other.id != plan) {
            let shared = stages
                .clone()
                .find(|stage| other.stages.contains_key(*stage));
            if let Some(stage) = shared
                && let Some(key) = keys.iter().find(|key| other.keys.contains(*key))
            {
                let text = format!("{key} is on another usage plan of the API stage {stage}");
                return Err(Refusal::conflict(&text));
            }
        }
        Ok(())
    }
}

/// A body.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(&error.to_string()))
}
