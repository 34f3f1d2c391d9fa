"""The demo API whose calls API Gateway counts, by a value that the authorizer says and that opens nothing.

The emulator asks the caller's own `x-api-key` instead (emulator_gaps.py). So the authorizer's answer is read from the
function itself, and calls as a caller sees them are made with a key that API Gateway knows by the caller's value.
"""

import json

from calls import call, expect, expect_equal
import stack

PLANS = "/v1/plans"
PLAN = "/v1/plans/{planId}"
KEYS = "/v1/keys"
KEY = "/v1/keys/{keyId}"
ATTACHMENT = "/v1/plans/{planId}/keys/{keyId}"
UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
QUOTA = 3


def check(admin):
    """Leaves nothing behind. Returns the values that no log may hold."""
    outputs = stack.outputs()
    api = {"apiId": outputs["DemoNativeApiId"], "stage": "dev"}
    url = stack.on_emulator(outputs["DemoNativeUrl"])
    gateway = stack.owner.client("apigateway")
    check_without_key(url)
    fields = {"name": "Counted", "enforcement": "apiGateway", "quota": {"limit": QUOTA, "period": "DAY"}}
    plan = fields | {"apiStages": [api]}
    plan = admin.call("create a plan for the demo API", "POST", PLANS, 201, plan, fields)
    expect_equal("admin API, the plan at API Gateway", plan["apiGateway"]["state"], "inSync")
    native_plan = plan["apiGateway"]["usagePlanId"]

    key = admin.call("create a key on it", "POST", KEYS, 201, {"name": "Twin", "planIds": [plan["id"]]})
    ids = {"planId": plan["id"], "keyId": key["id"]}
    attached = admin.call("show the key on it", "GET", ATTACHMENT, 200, **ids)
    expect_equal("admin API, the key at API Gateway", attached["apiGateway"]["state"], "inSync")
    native_key = attached["apiGateway"]["keyId"]
    twin = check_made(gateway, native_plan, native_key, key["value"])
    check_authorizer(api, key["value"], twin, plan["id"])
    expect("native demo API, the twin's value: 401", with_key(url, twin), *UNAUTHORIZED)
    check_refused_where_it_would_open(admin, ids)

    header = check_caller(admin, url, plan["id"])
    check_followed(admin, gateway, ids, native_plan, native_key)
    check_deleted(admin, gateway, [header, key["id"]], plan["id"])
    return [key["value"], twin]


def check_without_key(url):
    expect("native demo API, open route without a key: 200", call("GET", url + "/open/status"), 200)
    expect("native demo API, preflight: 204", call("OPTIONS", url + "/orders/17"), 204)
    expect("native demo API, no key: 401", call("GET", url + "/orders/17"), *UNAUTHORIZED)


def with_key(url, value):
    return call("GET", url + "/orders/17", {"x-api-key": value})


def check_made(gateway, native_plan, native_key, value):
    """Returns the twin's value."""
    there = gateway.get_api_key(apiKey=native_key, includeValue=True)
    twin = there["value"]
    expect_equal("API Gateway, the key: a value that is not the client's", twin not in value and value not in twin, True)
    table = stack.outputs()["TableName"]
    seen = (there["name"], there["enabled"], there["tags"].get("latchkey:table"))
    expect_equal("API Gateway, the key: name, state, whose it is", seen, ("Twin", True, table))
    on_plan = [key["id"] for key in gateway.get_usage_plan_keys(usagePlanId=native_plan)["items"]]
    expect_equal("API Gateway, the key is on the usage plan", on_plan, [native_key])
    return twin


def check_authorizer(api, value, twin, plan_id):
    answer = authorized(api, value)
    expect_equal("authorizer: usageIdentifierKey is the twin's value", answer["usageIdentifierKey"] == twin, True)
    context = {name: answer["context"].get(name) for name in ["planId", "quotaLimit", "quotaRemaining"]}
    expected = {"planId": plan_id, "quotaLimit": None, "quotaRemaining": None}
    expect_equal("authorizer: context of a call that API Gateway counts", context, expected)


def authorized(api, value):
    """What the authorizer answers to a REST API's event."""
    event = {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{stack.REGION}:000000000000:{api['apiId']}/{api['stage']}/GET/orders/17",
        "resource": "/{proxy+}",
        "headers": {"x-api-key": value},
        "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
    }
    function = stack.physical_id("Authorizer")
    answer = stack.owner.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def check_refused_where_it_would_open(admin, ids):
    """An API that takes keys from the header would take the twin's value from anybody."""
    header_api = {"apiId": stack.outputs()["DemoRestApiId"], "stage": "dev"}
    patch = {"apiStages": [header_api]}
    admin.call("a stage that the twin would open", "PATCH", PLAN, 409, patch, planId=ids["planId"])


def check_caller(admin, url, plan_id):
    """A key that API Gateway knows by the caller's own value. Returns its id."""
    fields = {"name": "Header", "nativeValue": "header", "planIds": [plan_id]}
    key = admin.call("create a key with nativeValue header on it", "POST", KEYS, 201, fields, fields)
    for used in range(1, QUOTA + 1):
        answer = with_key(url, key["value"])
        expect(f"native demo API, call {used} of {QUOTA}: 200", answer, 200, {"path": "/orders/17"})
        context = answer.body["context"]
        seen = (context["keyId"], context["planId"], key["value"] in str(answer.body))
        expect_equal("native demo API, context at the backend", seen, (key["id"], plan_id, False))
    headers = {"access-control-allow-origin": "*"}
    expect("native demo API, over API Gateway's quota: 429", with_key(url, key["value"]), 429, headers=headers)
    patch = {"enabled": False}
    admin.call("disable it", "PATCH", KEY, 200, patch, patch, keyId=key["id"])
    # Its answer was kept for 300 s: the flush has API Gateway forget it.
    refusal = FORBIDDEN if stack.parameters()["DenyFor"] == "all" else UNAUTHORIZED
    expect(f"native demo API, disabled key: {refusal[0]}", with_key(url, key["value"]), *refusal)
    return key["id"]


def check_followed(admin, gateway, ids, native_plan, native_key):
    patch = {"enabled": False, "name": "Renamed"}
    admin.call("disable and rename a key", "PATCH", KEY, 200, patch, patch, keyId=ids["keyId"])
    there = gateway.get_api_key(apiKey=native_key)
    expect_equal("API Gateway, the key follows", (there["enabled"], there["name"]), (False, "Renamed"))
    admin.call("detach the key", "DELETE", ATTACHMENT, 204, **ids)
    on_plan = [key["id"] for key in gateway.get_usage_plan_keys(usagePlanId=native_plan)["items"]]
    expect_equal("API Gateway, the key is off the usage plan", native_key in on_plan, False)


def check_deleted(admin, gateway, key_ids, plan_id):
    for key_id in key_ids:
        admin.call("delete a key", "DELETE", KEY, 204, keyId=key_id)
    stack.let_time_pass()
    admin.call("delete the plan", "DELETE", PLAN, 204, planId=plan_id)
    expect_equal("API Gateway, no key is left", gateway.get_api_keys()["items"], [])
    expect_equal("API Gateway, no usage plan is left", gateway.get_usage_plans()["items"], [])
