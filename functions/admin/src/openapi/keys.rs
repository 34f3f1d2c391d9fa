//! `/v1/keys`.

use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{described, object, or_null, page_of, schema},
};
use crate::keys::{MAX_GRACE_SECONDS, MAX_ROUTES};

const TAG: &str = "Keys";

pub(super) fn operations() -> Vec<Operation> {
    let key = "/v1/keys/{keyId}";
    vec![
        Operation::new(("get", "/v1/keys"), "listKeys", TAG, "List keys")
            .about("In the order of their creation. All filters that are given must hold. A page may be short, or empty, and still have a cursor: a request looks at a bounded number of keys. A key that was just made or changed may be missing or old for a moment.")
            .takes(&["limit", "cursor", "ofCustomer", "onPlan", "named", "namePrefix", "state", "unusedSince"])
            .answers(200, "A page of keys.", "KeyPage", json!({"items": [example()], "cursor": "eyJsIjoia2V5cyJ9"})),
        Operation::new(("post", "/v1/keys"), "createKey", TAG, "Make a key")
            .about("With the plans named in `planIds` it works on the first call. The answer is the only one that has the `value`.")
            .body("CreateKey", json!({"name": "Ann's laptop", "customerId": "cus_42", "planIds": ["gold"]}))
            .answers(201, "The key, with its value, this once.", "CreatedKey", created())
            .header(201, "Location")
            .problems(&["value-taken", "plan-in-the-way", "plan-deleting", "key-not-held", "api-key-source", "no-api-gateway", "api-gateway-unavailable", "api-gateway-refused", "changed-meanwhile"]),
        Operation::new(("get", key), "getKey", TAG, "Show a key")
            .answers(200, "The key.", "Key", example())
            .problems(&["unknown-key"]),
        Operation::new(("patch", key), "updateKey", TAG, "Change a key")
            .about("A merge patch (RFC 7396): absent keeps, `null` clears, lists are replaced, `metadata` is merged. It takes effect within `KEY_CACHE_SECONDS`. Attaching, another value and another plan have operations of their own.")
            .body("UpdateKey", json!({"enabled": false}))
            .answers(200, "The key after the change.", "Key", example())
            .problems(&["unknown-key", "customer-in-use", "changed-meanwhile"]),
        Operation::new(("delete", key), "deleteKey", TAG, "Delete a key")
            .about("Its plans are free of it, and its value opens nothing any more, within `KEY_CACHE_SECONDS`.")
            .no_body()
            .answers_empty(204, "It is gone.")
            .problems(&["unknown-key", "changed-meanwhile"]),
        Operation::new(("post", "/v1/keys/{keyId}/rotate"), "rotateKey", TAG, "Give a key another value")
            .about("The id stays, and so do plans and what was used. The former value stops at once, or works for `gracePeriodSeconds` yet; several may. The answer is the only one that has the new `value`.")
            .optional_body("RotateKey", json!({"gracePeriodSeconds": 86_400}))
            .answers(200, "The key, with its new value, this once.", "RotatedKey", rotated())
            .problems(&["unknown-key", "too-many-values", "header-key", "changed-meanwhile"]),
        Operation::new(("post", "/v1/keys/{keyId}/move"), "moveKey", TAG, "Move a key to another plan")
            .about("In one step: there is no instant at which the key is on neither, or on both.")
            .body("MoveKey", json!({"fromPlanId": "silver", "toPlanId": "gold"}))
            .answers(200, "The key on its new plan.", "Key", example())
            .problems(&["unknown-key", "unknown-plan", "not-attached", "already-attached", "plan-deleting", "plan-in-the-way", "too-many-plans", "key-not-held", "api-key-source", "no-api-gateway", "changed-meanwhile"]),
        Operation::new(("post", "/v1/import"), "importKeys", TAG, "Make keys of a table")
            .about("API Gateway's file of API keys, or an export. All rows are looked at before the first is written; each row is written whole or not at all, and one whose key is there changes nothing but the plans that it names beside. So the same table can be sent again.")
            .takes(&["onError", "dryRun"])
            .table("CSV with a header row and up to 1,000 rows, in UTF-8. Columns as in API Gateway's file: `Name`, `key`, `description`, `Enabled`, `usageplanIds`; and `id`, `prefix`, `last4`, `sha256`, `customerId`, `notBefore`, `expiresAt`, `allowedIps`, `routes`, `metadata`, `nativeValue`. Neither `key` nor `sha256`: a value is generated.", "Name,key,usageplanIds\r\nAnn,0123456789abcdef0123,gold\r\n")
            .answers(200, "What became of each row.", "ImportReport", json!({"rows": 1, "created": 1, "existing": 0, "invalid": 0, "notWritten": 0, "items": [{"line": 2, "keyId": "key_5gHXWJaVoGxMBrDn", "status": "created"}]}))
            .problems(&["changed-meanwhile"]),
        Operation::new(("get", "/v1/export"), "exportKeys", TAG, "All keys as a table")
            .about("The columns that an import takes, in the order of creation. It has no key values; with their hashes the keys can be moved to another table. The hash is that of the current value: one in its grace period does not come along. A row with `nativeValue` `header` is not taken by an import. `Link` leads to the next page.")
            .takes(&["limit", "cursor", "hashes"])
            .answers_with(200, json!({"description": "A page of keys.", "content": {"text/csv": {"schema": {"type": "string"}}}}))
            .header(200, "Link"),
    ]
}

/// What a key may be given, at creation and later.
fn settings(nullable: impl Fn(&str) -> Value) -> Value {
    let instant = |text: &str| described(nullable("Instant"), text);
    json!({
        "name": nullable("Name"),
        "description": nullable("Description"),
        "customerId": nullable("CustomerId"),
        "notBefore": instant("It is refused before this instant."),
        "expiresAt": instant("It is refused from this instant on. It must be later than `notBefore`."),
        "allowedIps": nullable("Networks"),
        "routes": nullable("Routes"),
    })
}

/// What a key is told with.
fn told() -> Value {
    let mut fields = settings(schema);
    let more = json!({
        "id": schema("KeyId"),
        "prefix": schema("Prefix"),
        "last4": {"type": "string", "minLength": 4, "maxLength": 4, "description": "The last characters of its value; absent where only its hash is known."},
        "enabled": {"type": "boolean"},
        "metadata": schema("Metadata"),
        "planIds": schema("PlanIds"),
        "nativeValue": schema("NativeValue"),
        "apiGateway": schema("NativeKey"),
        "lastUsedDate": {"type": ["string", "null"], "format": "date", "description": "The day (UTC) of its last call that was counted; null where there was none. Left out where it cannot be known: on a plan with scope `customer`, or with enforcement `apiGateway` (the key's usage tells what was counted there). What it used on such a plan before it was taken off it is not known. Not told in a list, but with `unusedSince`."},
        "previousValues": {"type": "array", "items": schema("PreviousValue")},
        "previousValueLastUsedDate": {"type": ["string", "null"], "format": "date", "description": "The day (UTC) on which a former value was last used; null where none was. Left out where no value was replaced, and where `lastUsedDate` cannot be known."},
        "createdDate": schema("Instant"),
        "lastUpdatedDate": schema("Instant"),
    });
    merge(&mut fields, more);
    fields
}

fn merge(fields: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (fields, more) {
        fields.extend(more);
    }
}

const ALWAYS_TOLD: [&str; 7] = [
    "id",
    "enabled",
    "metadata",
    "planIds",
    "nativeValue",
    "createdDate",
    "lastUpdatedDate",
];

fn with_value(notice: bool) -> Value {
    let mut fields = told();
    let value = json!({"type": "string", "minLength": 20, "maxLength": 128, "description": "The key's value. It is told this once: only its hash is kept."});
    merge(&mut fields, json!({"value": value}));
    if notice {
        let notice = json!({"type": "string", "description": "Why calls with it would be refused as it is."});
        merge(&mut fields, json!({"notice": notice}));
    }
    let mut required = vec!["value"];
    required.extend(ALWAYS_TOLD);
    object("", &required, fields)
}

pub(super) fn schemas() -> Value {
    let mut create = settings(or_null);
    merge(
        &mut create,
        json!({
            "value": {"type": ["string", "null"], "pattern": "^[!-~]{20,128}$", "description": "A value of your own: printable ASCII characters without blanks, not of the form of a generated one. Left out, one is generated."},
            "prefix": described(or_null("Prefix"), "What the generated value begins with; `lk_live` unless given. Not beside `value`."),
            "enabled": {"type": ["boolean", "null"], "description": "True unless given."},
            "metadata": or_null("MetadataPatch"),
            "planIds": or_null("PlanIds"),
            "nativeValue": described(or_null("NativeValue"), "`internal` unless given."),
        }),
    );
    let mut update = settings(or_null);
    merge(
        &mut update,
        json!({"enabled": {"type": "boolean"}, "metadata": or_null("MetadataPatch")}),
    );
    json!({
        "Key": object("An API key. What it does not have is left out.", &ALWAYS_TOLD, told()),
        "KeyPage": page_of("Key"),
        "CreateKey": object("", &[], create),
        "UpdateKey": object("", &[], update),
        "CreatedKey": with_value(true),
        "RotatedKey": with_value(false),
        "PreviousValue": object("A value that a rotation has replaced.", &["last4", "expiresAt"], json!({
            "last4": {"type": "string"},
            "expiresAt": described(schema("Instant"), "It works until just before this instant."),
        })),
        "RotateKey": object("", &[], json!({
            "gracePeriodSeconds": {"type": "integer", "minimum": 0, "maximum": MAX_GRACE_SECONDS, "default": 0, "description": "How long the value that is replaced works yet. 0 stops it, and each one before it, at once."},
        })),
        "MoveKey": object("", &["fromPlanId", "toPlanId"], json!({"fromPlanId": schema("PlanId"), "toPlanId": schema("PlanId")})),
        "ImportReport": object("", &["rows", "created", "existing", "invalid", "notWritten", "items"], json!({
            "dryRun": {"type": "boolean", "const": true},
            "rows": count(), "created": count(), "existing": count(), "invalid": count(), "notWritten": count(),
            "items": {"type": "array", "items": schema("ImportedRow")},
        })),
        "ImportedRow": object("", &["line", "status"], json!({
            "line": {"type": "integer", "minimum": 1, "description": "Its line in the table, 1 being the header row."},
            "keyId": schema("KeyId"),
            "status": {"type": "string", "enum": ["created", "exists", "invalid", "notWritten"]},
            "value": {"type": "string", "description": "A generated value. It is told this once: only its hash is kept."},
            "attached": described(schema("PlanIds"), "Plans that a key which was there was put on."),
            "errors": {"type": "array", "items": object("What is wrong with a row.", &["detail"], json!({"field": {"type": "string", "description": "The column."}, "detail": {"type": "string"}}))},
        })),
        "Routes": {"type": "array", "minItems": 1, "maxItems": MAX_ROUTES, "items": {"type": "string", "pattern": "^(\\*|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /", "maxLength": 520}, "description": "What the key may call: `METHOD /path`, with `{name}` for one segment, a last `*` for the rest, and `*` for every method.", "examples": [["GET /orders/*", "POST /orders"]]},
    })
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn example() -> Value {
    json!({
        "id": "key_5gHXWJaVoGxMBrDn",
        "prefix": "lk_live",
        "last4": "x7Qd",
        "name": "Ann's laptop",
        "customerId": "cus_42",
        "enabled": true,
        "metadata": {"tier": "gold"},
        "planIds": ["gold"],
        "nativeValue": "internal",
        "lastUsedDate": "2027-01-31",
        "createdDate": "2027-01-01T12:00:00.000Z",
        "lastUpdatedDate": "2027-01-01T12:00:00.000Z",
    })
}

/// The value is none that could be a key: its check does not hold.
const VALUE: &str = "lk_live_5gHXWJaVoGxMBrDnXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX00x7Qd";

fn created() -> Value {
    let mut key = example();
    merge(&mut key, json!({"value": VALUE, "lastUsedDate": null}));
    key
}

fn rotated() -> Value {
    let mut key = example();
    let previous = json!([{"last4": "Rk2v", "expiresAt": "2027-02-01T12:00:00Z"}]);
    merge(
        &mut key,
        json!({"value": VALUE, "previousValues": previous, "previousValueLastUsedDate": null}),
    );
    key
}
