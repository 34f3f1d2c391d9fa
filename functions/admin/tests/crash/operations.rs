//! Every operation that makes or changes something, with what is there before.

/// A request.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Nothing where there is none.
    pub(super) body: &'static str,
}

/// An operation.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) before: &'static [Sent],
    pub(super) sent: Sent,
    /// The status of its answer.
    pub(super) answers: u16,
    /// Other statuses of the answer when it is made again.
    pub(super) again: &'static [u16],
    /// Whether it is one transaction.
    pub(super) at_once: bool,
}

const fn post(path: &'static str, body: &'static str) -> Sent {
    sent("POST", path, body)
}

const fn sent(method: &'static str, path: &'static str, body: &'static str) -> Sent {
    Sent { method, path, body }
}

const fn operation(
    name: &'static str,
    before: &'static [Sent],
    sent: Sent,
    answers: u16,
    again: &'static [u16],
) -> Operation {
    Operation {
        name,
        before,
        sent,
        answers,
        again,
        at_once: true,
    }
}

const SILVER: Sent = sent(
    "PUT",
    "/v1/plans/silver",
    r#"{"name": "Silver", "quota": {"limit": 9, "period": "DAY"}, "apiStages": [{"apiId": "a1", "stage": "prod"}]}"#,
);
const GOLD: Sent = sent(
    "PUT",
    "/v1/plans/gold",
    r#"{"name": "Gold", "apiStages": [{"apiId": "a2", "stage": "prod"}]}"#,
);
const SHARED: Sent = sent(
    "PUT",
    "/v1/plans/shared",
    r#"{"name": "Shared", "scope": "customer", "apiStages": [{"apiId": "a3", "stage": "prod"}]}"#,
);
const COUNTED: Sent = sent(
    "PUT",
    "/v1/plans/counted",
    r#"{"name": "Counted", "enforcement": "apiGateway", "apiStages": [{"apiId": "authorizer", "stage": "prod"}]}"#,
);
const LOOSE: Sent = post("/v1/keys", r#"{"customerId": "cus_1"}"#);
const ON_SILVER: Sent = post(
    "/v1/keys",
    r#"{"planIds": ["silver"], "customerId": "cus_1"}"#,
);
const ON_COUNTED: Sent = post("/v1/keys", r#"{"planIds": ["counted"]}"#);
const ON_SHARED: Sent = post(
    "/v1/keys",
    r#"{"planIds": ["shared"], "customerId": "cus_1"}"#,
);
const ON_ALL: Sent = post(
    "/v1/keys",
    r#"{"planIds": ["silver", "shared", "counted"], "customerId": "cus_1"}"#,
);

pub(super) const FORCED: Operation = Operation {
    at_once: false,
    ..operation(
        "delete a plan by force",
        &[SILVER, ON_SILVER, ON_SILVER, ON_SILVER],
        sent("DELETE", "/v1/plans/silver?force=true", ""),
        204,
        &[404],
    )
};

pub(super) const CHANGES_OF_PLANS: &[Operation] = &[
    operation(
        "create a plan",
        &[],
        post("/v1/plans", r#"{"name": "P"}"#),
        201,
        &[],
    ),
    operation(
        "create a plan that API Gateway counts",
        &[],
        post(
            "/v1/plans",
            r#"{"name": "P", "enforcement": "apiGateway", "apiStages": [{"apiId": "authorizer", "stage": "prod"}]}"#,
        ),
        201,
        &[],
    ),
    operation("put a new plan", &[], SILVER, 201, &[200]),
    operation(
        "put a plan that is there",
        &[SILVER, ON_SILVER],
        sent(
            "PUT",
            "/v1/plans/silver",
            r#"{"name": "S", "apiStages": []}"#,
        ),
        200,
        &[],
    ),
    operation(
        "patch a plan",
        &[SILVER, ON_SILVER],
        sent(
            "PATCH",
            "/v1/plans/silver",
            r#"{"quota": {"limit": 5}, "apiStages": [{"apiId": "a1", "stage": "dev"}]}"#,
        ),
        200,
        &[],
    ),
    operation(
        "patch a plan that API Gateway counts",
        &[COUNTED, ON_COUNTED],
        sent("PATCH", "/v1/plans/counted", r#"{"name": "C"}"#),
        200,
        &[],
    ),
    operation(
        "delete a plan",
        &[SILVER],
        sent("DELETE", "/v1/plans/silver", ""),
        204,
        &[404],
    ),
    FORCED,
    Operation {
        at_once: false,
        ..operation(
            "delete a plan that API Gateway counts by force",
            &[COUNTED, ON_COUNTED, ON_COUNTED],
            sent("DELETE", "/v1/plans/counted?force=true", ""),
            204,
            &[404],
        )
    },
    operation(
        "grant units",
        &[SILVER, ON_SILVER],
        sent(
            "PATCH",
            "/v1/plans/silver/keys/{key}/usage",
            r#"{"remaining": 5}"#,
        ),
        200,
        &[],
    ),
];

const KEY_PATCH: Operation = operation(
    "patch a key",
    &[SILVER, COUNTED, SHARED, ON_ALL],
    sent(
        "PATCH",
        "/v1/keys/{key}",
        r#"{"name": "N", "enabled": false}"#,
    ),
    200,
    &[],
);
pub(super) const PATCHED_KEY: &Operation = &KEY_PATCH;

pub(super) const CHANGES_OF_KEYS: &[Operation] = &[
    operation("create a key", &[], post("/v1/keys", "{}"), 201, &[]),
    operation(
        "create a key of an own value on plans of all kinds",
        &[SILVER, SHARED, COUNTED],
        post(
            "/v1/keys",
            r#"{"value": "a-value-of-the-owner-s", "customerId": "cus_1", "planIds": ["silver", "shared", "counted"]}"#,
        ),
        201,
        &[409],
    ),
    KEY_PATCH,
    operation(
        "rotate a key",
        &[SILVER, ON_SILVER],
        post("/v1/keys/{key}/rotate", r#"{"gracePeriodSeconds": 60}"#),
        200,
        &[],
    ),
    operation(
        "delete a key",
        &[SILVER, COUNTED, SHARED, ON_ALL],
        sent("DELETE", "/v1/keys/{key}", ""),
        204,
        &[404],
    ),
    Operation {
        at_once: false,
        ..operation(
            "import keys",
            &[SILVER, GOLD],
            post(
                "/v1/import",
                "Name,Key,UsagePlanIds\nA,an-imported-key-value-1,silver\nB,an-imported-key-value-2,\"silver,gold\"\n",
            ),
            200,
            &[],
        )
    },
];

const fn moved(name: &'static str, before: &'static [Sent], body: &'static str) -> Operation {
    operation(name, before, post("/v1/keys/{key}/move", body), 200, &[404])
}

pub(super) const MOVES: &[Operation] = &[
    operation(
        "attach a key",
        &[SILVER, LOOSE],
        sent("PUT", "/v1/plans/silver/keys/{key}", ""),
        201,
        &[200],
    ),
    operation(
        "attach a key to a plan of customers",
        &[SHARED, LOOSE],
        sent("PUT", "/v1/plans/shared/keys/{key}", ""),
        201,
        &[200],
    ),
    operation(
        "attach a key to a plan that API Gateway counts",
        &[COUNTED, LOOSE],
        sent("PUT", "/v1/plans/counted/keys/{key}", ""),
        201,
        &[200],
    ),
    operation(
        "detach a key",
        &[SILVER, ON_SILVER],
        sent("DELETE", "/v1/plans/silver/keys/{key}", ""),
        204,
        &[404],
    ),
    operation(
        "detach a key from a plan that API Gateway counts",
        &[COUNTED, ON_COUNTED],
        sent("DELETE", "/v1/plans/counted/keys/{key}", ""),
        204,
        &[404],
    ),
    moved(
        "move a key",
        &[SILVER, GOLD, ON_SILVER],
        r#"{"fromPlanId": "silver", "toPlanId": "gold"}"#,
    ),
    moved(
        "move a key to a plan that API Gateway counts",
        &[SILVER, COUNTED, ON_SILVER],
        r#"{"fromPlanId": "silver", "toPlanId": "counted"}"#,
    ),
    moved(
        "move a key from a plan of customers",
        &[SHARED, GOLD, ON_SHARED],
        r#"{"fromPlanId": "shared", "toPlanId": "gold"}"#,
    ),
];
