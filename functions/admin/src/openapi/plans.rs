//! `/v1/plans`.

use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{described, object, or_null, page_of, schema},
};
use crate::plans::MAX_API_STAGES;
use latchkey_domain::{MethodRule, Plan};

const TAG: &str = "Usage plans";

pub(super) fn operations() -> Vec<Operation> {
    let plan = "/v1/plans/{planId}";
    let body = || json!({"name": "Gold", "throttle": {"rateLimit": 10, "burstLimit": 20}, "quota": {"limit": 100_000, "period": "MONTH"}, "apiStages": [{"apiId": "a1b2c3d4e5", "stage": "prod"}]});
    vec![
        Operation::new(("get", "/v1/plans"), "listPlans", TAG, "List usage plans")
            .about("In the order of their ids.")
            .takes(&["limit", "cursor"])
            .answers(200, "A page of usage plans.", "PlanPage", json!({"items": [example()]})),
        Operation::new(("post", "/v1/plans"), "createPlan", TAG, "Make a usage plan")
            .about("Its id is generated; `PUT` takes one of your own. Without API stages it covers nothing.")
            .body("CreatePlan", body())
            .answers(201, "The plan.", "Plan", example())
            .header(201, "Location")
            .problems(&["no-api-gateway", "changed-meanwhile"]),
        Operation::new(("get", plan), "getPlan", TAG, "Show a usage plan")
            .answers(200, "The plan.", "Plan", example())
            .problems(&["unknown-plan"]),
        Operation::new(("put", plan), "putPlan", TAG, "Make or replace a usage plan")
            .about("With an id of your own. Running it again changes nothing. What is left out is gone.")
            .body("CreatePlan", body())
            .answers(200, "The plan, which was there before.", "Plan", example())
            .answers(201, "The plan, which is new.", "Plan", example())
            .header(201, "Location")
            .problems(&["plan-in-use", "plan-in-the-way", "plan-deleting", "too-many-keys", "api-key-source", "no-api-gateway", "changed-meanwhile"]),
        Operation::new(("patch", plan), "updatePlan", TAG, "Change a usage plan")
            .about("A merge patch (RFC 7396): absent keeps, `null` clears, objects are merged, `apiStages` is replaced. It reaches every running authorizer within 30 seconds.")
            .body("UpdatePlan", json!({"quota": {"limit": 200_000}}))
            .answers(200, "The plan after the change.", "Plan", example())
            .problems(&["unknown-plan", "plan-in-use", "plan-in-the-way", "plan-deleting", "too-many-keys", "api-key-source", "no-api-gateway", "changed-meanwhile"]),
        Operation::new(("delete", plan), "deletePlan", TAG, "Delete a usage plan")
            .about("One that no key is on; with `force=true` one that keys are on, too: it covers nothing from then on, and its keys are taken off one after the other, which may take longer than this request. Until then the plan is told as `deleting`.")
            .takes(&["force"])
            .no_body()
            .answers_empty(204, "It is gone.")
            .problems(&["unknown-plan", "plan-in-use", "plan-deleting", "changed-meanwhile"]),
    ]
}

fn fields(or: impl Fn(&str) -> Value) -> Value {
    json!({
        "name": schema("Name"),
        "description": or("Description"),
        "throttle": or("Throttle"),
        "quota": or("Quota"),
        "apiStages": or("ApiStages"),
    })
}

fn with(mut fields: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    fields
}

pub(super) fn schemas() -> Value {
    let create = with(
        fields(or_null),
        json!({
            "scope": described(or_null("Scope"), "`key` unless given."),
            "enforcement": described(or_null("Enforcement"), "`dynamodb` unless given."),
        }),
    );
    let update = with(
        fields(or_null),
        json!({
            "throttle": or_null("ThrottlePatch"),
            "quota": or_null("QuotaPatch"),
            "scope": described(schema("Scope"), "Fixed while keys are on the plan."),
            "enforcement": described(schema("Enforcement"), "Fixed while keys are on the plan; see `POST /v1/adopt`."),
        }),
    );
    let told = with(
        fields(schema),
        json!({
            "id": schema("PlanId"),
            "scope": schema("Scope"),
            "enforcement": schema("Enforcement"),
            "apiGateway": schema("NativePlan"),
            "deleting": {"type": "boolean", "const": true, "description": "It is being deleted: it covers nothing, and its keys are taken off."},
        "createdDate": schema("Instant"),
            "lastUpdatedDate": schema("Instant"),
        }),
    );
    let offset = json!({"type": "integer", "minimum": 0, "maximum": 27, "default": 0, "description": "Passed on to API Gateway's own plan; only with `enforcement` `apiGateway`."});
    json!({
        "Plan": object("A usage plan. What it does not have is left out.", &["id", "name", "apiStages", "scope", "enforcement", "createdDate", "lastUpdatedDate"], told),
        "PlanPage": page_of("Plan"),
        "CreatePlan": object("", &["name"], create),
        "UpdatePlan": object("", &[], update),
        "Throttle": object("A token bucket.", &["rateLimit"], json!({"rateLimit": schema("Rate"), "burstLimit": or_null("Burst")})),
        "ThrottlePatch": object("Merged into the throttle that is there.", &[], json!({"rateLimit": or_null("Rate"), "burstLimit": or_null("Burst")})),
        "Quota": object("Units for each period.", &["limit", "period"], json!({"limit": schema("Limit"), "period": schema("Period"), "offset": offset})),
        "QuotaPatch": object("Merged into the quota that is there.", &[], json!({"limit": or_null("Limit"), "period": or_null("Period"), "offset": {"type": ["integer", "null"], "minimum": 0, "maximum": 27}})),
        "ApiStages": {"type": "array", "maxItems": MAX_API_STAGES, "items": schema("ApiStage"), "description": "What the plan covers: none is nothing, `{\"apiId\": \"*\", \"stage\": \"*\"}` is everything."},
        "ApiStage": object("A stage of an API.", &["apiId", "stage"], json!({
            "apiId": schema("ApiId"),
            "stage": schema("StageName"),
            "throttle": {"type": "object", "maxProperties": Plan::MAX_METHODS, "propertyNames": schema("MethodKey"), "additionalProperties": schema("Throttle"), "description": "Throttles of single methods, by `/path/METHOD`."},
            "units": {"type": "object", "maxProperties": Plan::MAX_METHODS, "propertyNames": schema("MethodKey"), "additionalProperties": {"type": "integer", "minimum": 1, "maximum": MethodRule::MAX_UNITS}, "description": "What a call of a method costs, by `/path/METHOD`; 1 unless given."},
        })),
        "Scope": {"type": "string", "enum": ["key", "customer"], "description": "Whose allowance it is: each key has its own, or all keys of a customer share one."},
    })
}

fn example() -> Value {
    json!({
        "id": "gold",
        "name": "Gold",
        "throttle": {"rateLimit": 10, "burstLimit": 20},
        "quota": {"limit": 100_000, "period": "MONTH"},
        "apiStages": [{"apiId": "a1b2c3d4e5", "stage": "prod"}],
        "scope": "key",
        "enforcement": "dynamodb",
        "createdDate": "2027-01-01T12:00:00.000Z",
        "lastUpdatedDate": "2027-01-01T12:00:00.000Z",
    })
}
