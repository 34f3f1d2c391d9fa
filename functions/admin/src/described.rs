//! What a plan or a key would be shown as that is made of a body: for tools that compare what
//! their owner describes with what is there, by the rules and in the form of this API.

use jiff::Timestamp;
use latchkey_domain::{Key, KeyValue, Plan, PlanId, RANDOM_BYTES};
use latchkey_store::KeyRecord;
use serde::Serialize;
use serde_json::Value;

use crate::{
    faults::{Fault, Faults},
    keys::{CreateKey, KeyView},
    plans::{CreatePlan, PlanView, check_terms},
};

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongField {
    /// Its JSON pointer (RFC 6901) in the body; empty for the whole.
    pub pointer: String,
    /// What is wrong with it, and what is allowed.
    pub detail: String,
}

/// A plan of this id that `PUT /v1/plans/{planId}` would make of `body`, as GET would show it.
///
/// # Errors
/// All that is wrong with it, as far as it shows without the table and without API Gateway.
pub fn plan(id: &PlanId, body: Value) -> Result<Value, Vec<WrongField>> {
    let described = || {
        let fields = deserr::deserialize::<CreatePlan, _, Faults>(body)?;
        let plan = fields.described(Plan::new(id.clone(), fields.name(), Timestamp::UNIX_EPOCH))?;
        check_terms(&plan)?;
        shown(&PlanView::new(&plan, None))
    };
    described().map_err(told)
}

/// A key that `POST /v1/keys` would make of `body`, as GET would show it; of what tells of its
/// value nothing holds.
///
/// # Errors
/// All that is wrong with it, as far as it shows without the table and without API Gateway.
pub fn key(body: Value) -> Result<Value, Vec<WrongField>> {
    let described = || {
        let mut fields = deserr::deserialize::<CreateKey, _, Faults>(body)?;
        let plan_ids = fields.take_plan_ids().into_iter().collect();
        let any = KeyValue::generate(&fields.prefix(), &[0; RANDOM_BYTES]);
        let key = fields.onto(Key::new(&any, Timestamp::UNIX_EPOCH))?;
        shown(&KeyView::of_list(&KeyRecord { key, plan_ids }))
    };
    described().map_err(told)
}

fn shown(view: &impl Serialize) -> Result<Value, Faults> {
    serde_json::to_value(view).map_err(|error| Fault::at("", error.to_string()).into())
}

fn told(faults: Faults) -> Vec<WrongField> {
    let faults = faults.sorted();
    let told = faults.told().iter().map(|fault| WrongField {
        pointer: fault.pointer().to_owned(),
        detail: fault.detail().to_owned(),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_shown_as_it_would_be_read_again() {
        let body = json!({
            "name": "Gold", "throttle": {"rateLimit": 10.0},
            "apiStages": [{"apiId": "a1", "stage": "*", "units": {"/x/GET": 3}}],
        });
        let shown = plan(&"gold".parse().unwrap(), body.clone()).unwrap();
        assert_eq!(shown["throttle"], json!({"rateLimit": 10}));
        assert_eq!(shown["apiStages"], body["apiStages"]);
        assert_eq!(
            (&shown["scope"], &shown["id"]),
            (&json!("key"), &json!("gold"))
        );
    }

    #[test]
    fn a_key_s_instants_and_networks_have_one_form() {
        let shown =
            key(json!({"expiresAt": "2026-01-01T01:00:00+01:00", "allowedIps": ["192.0.2.1"]}));
        let shown = shown.unwrap();
        assert_eq!(shown["expiresAt"], "2026-01-01T00:00:00Z");
        let again = key(json!({"allowedIps": shown["allowedIps"]})).unwrap();
        assert_eq!(again["allowedIps"], shown["allowedIps"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let places = |wrong: Vec<WrongField>| {
            let pointers = wrong.into_iter().map(|wrong| wrong.pointer);
            pointers.collect::<Vec<_>>()
        };
        let body = json!({"name": "", "colour": "red", "quota": {"limit": 3, "period": "YEAR"}});
        let wrong = plan(&"gold".parse().unwrap(), body).unwrap_err();
        assert_eq!(places(wrong), ["/colour", "/name", "/quota/period"]);
        let wrong = key(json!({"enabled": "yes", "routes": []})).unwrap_err();
        assert_eq!(places(wrong), ["/enabled", "/routes"]);
        let dear = json!({"name": "Gold", "quota": {"limit": 2, "period": "DAY"},
            "apiStages": [{"apiId": "a1", "stage": "*", "units": {"/x/GET": 3}}]});
        let wrong = plan(&"gold".parse().unwrap(), dear).unwrap_err();
        assert_eq!(places(wrong), ["/apiStages/0/units/~1x~1GET"]);
    }
}
