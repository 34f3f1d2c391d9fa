//! Fields of a plan as flags, and the body that they make.

use serde_json::{Map, Number, Value, json};

use super::super::parsing::{
    OfMethod, StageName, method_throttle, method_units, number, quota, stage,
};

/// What a plan is given, at creation and later.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// Words of your own
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Requests a second, such as 10 or 0.5
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    rate_limit: Option<Number>,
    /// Requests that may come at once; the rate, rounded up, unless given
    #[arg(long, value_name = "NUMBER")]
    burst_limit: Option<u64>,
    /// Units for each HOUR, DAY, WEEK, MONTH or LIFETIME, such as 1000/DAY
    #[arg(long, value_name = "LIMIT/PERIOD", value_parser = quota)]
    quota: Option<Map<String, Value>>,
    /// Passed on to API Gateway's own plan; only with --enforcement apiGateway
    #[arg(long, value_name = "NUMBER")]
    quota_offset: Option<u64>,
    /// A stage that it covers, again for each; *:* is every call
    #[arg(long, value_name = "API:STAGE", value_parser = stage)]
    api_stage: Vec<StageName>,
    /// A throttle of one method, such as a1b2c3d4e5:prod/orders/GET=1:10
    #[arg(long, value_name = "API:STAGE/PATH/METHOD=RATE:BURST", value_parser = method_throttle)]
    method_throttle: Vec<OfMethod>,
    /// What a call of one method costs, 1 unless given
    #[arg(long, value_name = "API:STAGE/PATH/METHOD=UNITS", value_parser = method_units)]
    units: Vec<OfMethod>,
    /// Whose allowance it is: each key has its own, or all keys of a customer share one
    #[arg(long, value_parser = ["key", "customer"])]
    scope: Option<String>,
    /// Who counts: Latchkey, exactly, or API Gateway's own usage plans
    #[arg(long, value_parser = ["dynamodb", "apiGateway"])]
    enforcement: Option<String>,
}

impl Fields {
    /// The fields that are given.
    pub(super) fn body(self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            body.extend(value.map(|value| (name.to_owned(), value)));
        };
        let stages = stages(&self.api_stage, &self.method_throttle, &self.units);
        put("description", self.description.map(Value::from));
        put("scope", self.scope.map(Value::from));
        put("enforcement", self.enforcement.map(Value::from));
        put("apiStages", stages);
        let rate = self.rate_limit.map(|rate| ("rateLimit", rate.into()));
        let burst = self.burst_limit.map(|burst| ("burstLimit", burst.into()));
        put("throttle", object(rate.into_iter().chain(burst)));
        let quota = self.quota.into_iter().flatten();
        let offset = self
            .quota_offset
            .map(|offset| ("offset".to_owned(), offset.into()));
        put("quota", object(quota.chain(offset)));
        body
    }
}

/// The entries as an object, if there is one.
fn object<N: Into<String>>(entries: impl Iterator<Item = (N, Value)>) -> Option<Value> {
    let object: Map<String, Value> = entries.map(|(name, value)| (name.into(), value)).collect();
    (!object.is_empty()).then_some(Value::Object(object))
}

/// The stages in the order in which they are named, each once, with what is said of their
/// methods.
fn stages(named: &[StageName], throttles: &[OfMethod], units: &[OfMethod]) -> Option<Value> {
    let mut names: Vec<&StageName> = Vec::new();
    let of_methods = throttles.iter().chain(units).map(|method| &method.stage);
    for name in named.iter().chain(of_methods) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let stages: Vec<Value> = names
        .iter()
        .map(|name| {
            let mut stage = json!({"apiId": name.api_id, "stage": name.stage});
            for (field, methods) in [("throttle", throttles), ("units", units)] {
                let own = methods.iter().filter(|method| method.stage == **name);
                let own = own.map(|method| (method.method.as_str(), method.says.clone()));
                if let Some(own) = object(own) {
                    stage[field] = own;
                }
            }
            stage
        })
        .collect();
    (!stages.is_empty()).then_some(Value::Array(stages))
}
