//! The schemas, parameters and headers that several operations have in common. Bounds are
//! the domain's and the readers' own.

use latchkey_domain::{AddressRules, Enforcement, Metadata, Period, Quota, Rate, Throttle};
use serde_json::{Value, json};

use crate::{keys::MAX_PLANS, paging::Paging};

/// A reference to a schema in `components`.
pub(super) fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The same, or null.
pub(super) fn or_null(name: &str) -> Value {
    json!({"anyOf": [schema(name), {"type": "null"}]})
}

/// The schema with a description of its own.
pub(super) fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// An object with these fields and no others.
pub(super) fn object(description: &str, required: &[&str], properties: Value) -> Value {
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !description.is_empty() {
        object["description"] = description.into();
    }
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// A page of a list.
pub(super) fn page_of(name: &str) -> Value {
    let items = json!({"type": "array", "items": schema(name)});
    object(
        "A page. Without a cursor it is the last one.",
        &["items"],
        json!({"items": items, "cursor": schema("Cursor")}),
    )
}

/// No control character.
const NO_CONTROL: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// The schemas that several have in common.
pub(super) fn words() -> Value {
    let periods = Period::ALL.map(Period::as_str);
    let enforcements = [Enforcement::DynamoDb, Enforcement::ApiGateway].map(Enforcement::as_str);
    json!({
        "ApiId": {"type": "string", "pattern": "^(\\*|[A-Za-z0-9-]{1,128})$", "description": "The id of an API, or `*` for all.", "examples": ["a1b2c3d4e5"]},
        "Cursor": {"type": "string", "description": "Passed on unchanged as `cursor`, it leads to the next page.", "examples": ["eyJsIjoia2V5cyJ9"]},
        "CustomerId": {"type": "string", "pattern": "^[!-~]{1,128}$", "description": "Whose key it is, in your own words: printable ASCII characters without blanks.", "examples": ["cus_42"]},
        "Date": {"type": "string", "format": "date", "description": "A day in UTC.", "examples": ["2027-01-31"]},
        "Description": {"type": "string", "maxLength": 1024, "pattern": NO_CONTROL},
        "Enforcement": {"type": "string", "enum": enforcements, "description": "Who counts: Latchkey (`dynamodb`, exact) or API Gateway's own usage plans (`apiGateway`)."},
        "Instant": {"type": "string", "format": "date-time", "examples": ["2027-01-31T00:00:00Z"]},
        "KeyId": {"type": "string", "pattern": "^key_[0-9A-Za-z]{16}$", "description": "The id of a key; it says nothing of its value.", "examples": ["key_5gHXWJaVoGxMBrDn"]},
        "Metadata": {"type": "object", "maxProperties": Metadata::MAX_ENTRIES, "propertyNames": {"pattern": "^[A-Za-z0-9_]{1,40}$"}, "additionalProperties": {"type": "string", "maxLength": 256, "pattern": NO_CONTROL}, "description": "Handed to the backend with each call, as `meta_<name>`.", "examples": [{"tier": "gold"}]},
        "MetadataPatch": {"type": "object", "maxProperties": 2 * Metadata::MAX_ENTRIES, "propertyNames": {"pattern": "^[A-Za-z0-9_]{1,40}$"}, "additionalProperties": {"type": ["string", "null"], "maxLength": 256, "pattern": NO_CONTROL}, "description": "Entries to set; `null` clears one, and those not named stay."},
        "MethodKey": {"type": "string", "pattern": "^/.*/(\\*|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT)$", "maxLength": 521, "description": "`/path/METHOD`, as in API Gateway; the root is `//GET`."},
        "Name": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": NO_CONTROL},
        "NativeValue": {"type": "string", "enum": ["internal", "header"], "description": "By what API Gateway knows the key on plans that it counts: a value of its own that opens nothing, or the key's own value."},
        "Networks": {"type": "array", "minItems": 1, "maxItems": AddressRules::MAX, "items": {"type": "string", "maxLength": 49, "examples": ["198.51.100.0/24"]}, "description": "IPv4 or IPv6 addresses or networks from which the key may be used; no bit may be set behind the prefix.", "examples": [["198.51.100.0/24", "2001:db8::1"]]},
        "Period": {"type": "string", "enum": periods, "description": "Begins at 00:00 UTC: a WEEK on Sunday, a MONTH on its first day; an HOUR on the hour; LIFETIME never ends."},
        "PlanId": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$", "examples": ["gold"]},
        "Prefix": {"type": "string", "pattern": "^[A-Za-z0-9_]{1,32}$", "description": "What a generated value begins with.", "examples": ["lk_live"]},
        "Rate": {"type": "number", "minimum": 0, "maximum": Rate::MAX, "description": "Requests a second, with at most 6 decimals; 0 lets nothing through."},
        "Burst": {"type": "integer", "minimum": 0, "maximum": Throttle::MAX_BURST, "description": "Requests that may come at once; 0 lets nothing through. Without one it is the rate, rounded up."},
        "Limit": {"type": "integer", "minimum": 0, "maximum": Quota::MAX_LIMIT, "description": "Units for each period; 0 lets nothing through."},
        "PlanIds": {"type": "array", "maxItems": MAX_PLANS, "uniqueItems": true, "items": schema("PlanId")},
        "StageName": {"type": "string", "pattern": "^(\\*|\\$default|[A-Za-z0-9_-]{1,128})$", "description": "The name of a stage, `$default`, or `*` for all.", "examples": ["prod"]},
    })
}

pub(super) fn problem() -> Value {
    let fault = object(
        "What is wrong, and where: in one of `pointer`, `parameter`, `header` and `line`.",
        &["detail"],
        json!({
            "pointer": {"type": "string", "description": "A field of the body (RFC 6901); empty for the whole body."},
            "parameter": {"type": "string", "description": "A query parameter."},
            "header": {"type": "string", "description": "A header."},
            "line": {"type": "integer", "minimum": 1, "description": "A line of a table, 1 being the header row."},
            "field": {"type": "string", "description": "The column there."},
            "detail": {"type": "string"},
        }),
    );
    json!({
        "Fault": fault,
        "Problem": {
            "type": "object",
            "description": "A problem document (RFC 9457). Some types have further members.",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "pattern": "^/problems/[a-z-]+$", "description": "The address of the problem's page, under the same host. It never changes."},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {"type": "string", "description": "What happened to this request."},
                "errors": {"type": "array", "minItems": 1, "maxItems": 100, "items": schema("Fault")},
                "planId": schema("PlanId"),
                "planIds": {"type": "array", "items": schema("PlanId")},
                "keyId": schema("KeyId"),
                "keys": {"type": "integer", "minimum": 0, "description": "How many keys are on the plan."},
                "apiId": schema("ApiId"),
            },
        },
    })
}

/// `*`, or entity tags (RFC 9110, 8.8.3).
const ETAGS: &str = "^(\\*|(W/)?\"[!#-~]*\"(, ?(W/)?\"[!#-~]*\")*)$";

/// All parameters: those of paths, queries, and headers of requests.
pub(super) fn parameters() -> Value {
    let path = |name: &str, schema: Value| json!({"name": name, "in": "path", "required": true, "schema": schema});
    let query = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "description": description, "schema": schema});
    let date = || schema("Date");
    let moment = || json!({"anyOf": [schema("Date"), schema("Instant")]});
    json!({
        "keyId": path("keyId", schema("KeyId")),
        "planId": path("planId", schema("PlanId")),
        "apiId": path("apiId", json!({"type": "string", "pattern": "^[a-z0-9]{1,128}$", "examples": ["a1b2c3d4e5"]})),
        "name": path("name", json!({"type": "string", "pattern": "^[a-z-]{1,64}$", "examples": ["invalid-request"]})),
        "limit": query("limit", "Items of a page.", json!({"type": "integer", "minimum": 1, "maximum": Paging::MAX_LIMIT, "default": Paging::DEFAULT_LIMIT})),
        "cursor": query("cursor", "That of the page before; it belongs to this list and these filters.", json!({"type": "string"})),
        "ofCustomer": query("customerId", "Keys of this customer.", schema("CustomerId")),
        "onPlan": query("planId", "Keys on this plan.", schema("PlanId")),
        "named": query("name", "Keys with exactly this name.", schema("Name")),
        "namePrefix": query("namePrefix", "Keys whose name begins so.", schema("Name")),
        "state": query("state", "Keys in this state, by the clock.", json!({"type": "string", "enum": ["enabled", "disabled", "notYetValid", "expired"]})),
        "unusedSince": query("unusedSince", "Keys made before this day and not used on it or later, as far as it is counted here; their `lastUsedDate` is told. Left out are keys on plans with enforcement `apiGateway`, and those on plans with scope `customer` whose customer was charged. What a key used on such a plan before it was taken off it is not known.", date()),
        "startDate": query("startDate", "The first day; today unless given.", date()),
        "endDate": query("endDate", "The last day, inclusive; today unless given.", date()),
        "usageOfCustomer": query("customerId", "One customer alone, on a plan with scope `customer`.", schema("CustomerId")),
        "force": query("force", "Take the keys off the plan, too.", json!({"type": "boolean", "default": false})),
        "changedFrom": query("startDate", "Changes from this day or instant on.", moment()),
        "changedUntil": query("endDate", "Changes until this day or instant, inclusive.", moment()),
        "changedKey": query("keyId", "Changes of this key.", schema("KeyId")),
        "changedPlan": query("planId", "Changes of this plan.", schema("PlanId")),
        "entity": query("entity", "Changes of this entity, as items name it.", json!({"type": "string", "minLength": 1, "maxLength": 2048, "examples": ["plan:gold"]})),
        "principal": query("principal", "Changes by this caller.", json!({"type": "string", "minLength": 1, "maxLength": 2048})),
        "onError": query("onError", "What is written where a row is wrong: nothing, or the rows that are right.", json!({"type": "string", "enum": ["none", "valid"], "default": "none"})),
        "dryRun": query("dryRun", "Nothing is written, only told.", json!({"type": "boolean", "default": false})),
        "hashes": query("hashes", "Add the column `sha256`: the hash of each value. It is recorded that it was handed out.", json!({"type": "boolean", "default": false})),
        "Idempotency-Key": header("Idempotency-Key", "The request is carried out once in 24 hours, and answered the same again: best a random UUID.", json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$", "examples": ["0c7c2f0e-8d5b-4a59-9a0e-2d1b1f0a6c11"]})),
        "If-Match": header("If-Match", "An `ETag`: the change is made only if this is still the state, or `*`: only if it is there.", json!({"type": "string", "pattern": ETAGS})),
        "If-None-Match": header("If-None-Match", "An `ETag`: 304 where this is still the state. `*` with PUT: only if it is not there yet.", json!({"type": "string", "pattern": ETAGS})),
        "usageOfKey": query("keyId", "One key alone, even one that has been taken off the plan since.", schema("KeyId")),
    })
}

/// Headers of answers.
pub(super) fn headers() -> Value {
    let text =
        |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "Location": text("Where the thing is that was made, relative to this request's address."),
        "ETag": text("The state, for `If-Match` and `If-None-Match`."),
        "Retry-After": {"description": "Seconds until it is worth asking again.", "schema": {"type": "integer", "minimum": 0}},
        "Idempotency-Replayed": text("`true` on an answer that was given before."),
        "Link": text("The next page, with `rel=\"next\"`."),
    })
}
