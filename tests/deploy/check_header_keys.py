"""API Gateway's own keys without an authorizer, by the admin API alone: the steps of API Gateway's console, one by one.

Create a key, create a plan, add a stage, attach the key, require it on the method, deploy; then calls with the key pass
within its plan's throttle and quota, and others do not.
"""

from calls import call, expect, expect_equal
import stack

STAGE = "prod"
PATH = "/orders"
DEPLOYMENTS = "/v1/deployments"
METHODS = "/v1/apis/{apiId}/methods"
PLANS = "/v1/plans"
PLAN = "/v1/plans/{planId}"
KEYS = "/v1/keys"
KEY = "/v1/keys/{keyId}"
ATTACHMENT = "/v1/plans/{planId}/keys/{keyId}"
FORBIDDEN = (403, {"message": "Forbidden"})
OFTEN = {"rateLimit": 1000, "burstLimit": 1000}
BURST = {"rateLimit": 0.01, "burstLimit": 2}
QUOTA = {"limit": 2, "period": "DAY"}


def check(admin):
    """Leaves nothing behind. Returns the values of the keys that it has made."""
    api_id = stack.parameters()["ManagedApis"]
    gateway = stack.owner.client("apigateway")
    slow = console_steps(admin, gateway, api_id, "Slow", {"throttle": BURST})
    check_limit(slow, "over the plan's rate", BURST["burstLimit"], {"message": "Too Many Requests"})
    small = console_steps(admin, gateway, api_id, "Small", {"throttle": OFTEN, "quota": QUOTA})
    check_limit(small, "over the plan's quota", QUOTA["limit"], {"message": "Limit Exceeded"})
    check_followed(admin, gateway, slow)
    check_only_named_apis(admin)
    for one in [slow, small]:
        check_deleted(admin, gateway, one)
    gateway.delete_rest_api(restApiId=api_id)
    return [slow["value"], small["value"]]


def console_steps(admin, gateway, api_id, name, limits):
    fields = {"name": name, "nativeValue": "header"}
    key = admin.call("create a key with nativeValue header", "POST", KEYS, 201, fields, fields)
    plan = {"name": name, "enforcement": "apiGateway", **limits}
    plan = admin.call("create a plan that API Gateway counts", "POST", PLANS, 201, plan, plan)
    expect_equal(f"admin API, plan {name} at API Gateway", plan["apiGateway"]["state"], "inSync")
    deployment = {"apiId": api_id, "stage": STAGE}
    deployed = admin.call("deploy an API to a stage", "POST", DEPLOYMENTS, 201, deployment)
    stages = {"apiStages": [deployment]}
    stack.let_time_pass()
    changed = admin.call("add the stage to the plan", "PATCH", PLAN, 200, stages, stages, planId=plan["id"])
    expect_equal(f"admin API, plan {name} with its stage", changed["apiGateway"]["state"], "inSync")
    ids = {"planId": plan["id"], "keyId": key["id"]}
    attached = admin.call("attach the key to the plan", "PUT", ATTACHMENT, 201, fields=ids, **ids)
    expect_equal(f"admin API, key {name} on its plan", attached["apiGateway"]["state"], "inSync")
    required = {"path": PATH, "method": "GET", "apiKeyRequired": True}
    admin.call("require the key on a method", "PUT", METHODS, 200, required, required, apiId=api_id)
    admin.call("deploy the API again", "POST", DEPLOYMENTS, 201, deployment)

    native_key = attached["apiGateway"]["keyId"]
    native_plan = changed["apiGateway"]["usagePlanId"]
    there = gateway.get_api_key(apiKey=native_key, includeValue=True)
    seen = (there["name"], there["enabled"], there["value"] == key["value"])
    expect_equal(f"API Gateway, key {name}: the client's own value", seen, (name, True, True))
    there = gateway.get_usage_plan(usagePlanId=native_plan)
    seen = (there["name"], there["apiStages"], there["throttle"], there.get("quota"))
    expected = (name, [deployment], limits["throttle"], limits.get("quota"))
    expect_equal(f"API Gateway, usage plan {name}", seen, expected)
    url = stack.on_emulator(deployed["url"]) + PATH
    return {"ids": ids, "nativeKey": native_key, "nativePlan": native_plan, "url": url, "value": key["value"]}


def call_with(one, value=None):
    return call("GET", one["url"], {"x-api-key": value} if value else {})


def check_limit(one, what, limit, refusal):
    expect("API with header keys, no key: 403", call_with(one), *FORBIDDEN)
    made_up = "made-up-by-somebody-else-0123456789"
    expect("API with header keys, made-up key: 403", call_with(one, made_up), *FORBIDDEN)
    for used in range(1, limit + 1):
        expect(f"API with header keys, call {used} of {limit}: 200", call_with(one, one["value"]), 200)
    expect(f"API with header keys, {what}: 429", call_with(one, one["value"]), 429, refusal)


def check_followed(admin, gateway, one):
    """What is changed here is changed there: the throttle, the key, the attachment."""
    ids = one["ids"]
    raised = {"throttle": OFTEN}
    stack.let_time_pass()
    admin.call("raise the throttle", "PATCH", PLAN, 200, raised, raised, planId=ids["planId"])
    there = gateway.get_usage_plan(usagePlanId=one["nativePlan"])["throttle"]
    expect_equal("API Gateway, usage plan: the raised throttle", there, OFTEN)
    expect("API with header keys, raised throttle: 200", call_with(one, one["value"]), 200)
    for enabled, status in [(False, 403), (True, 200)]:
        patch = {"enabled": enabled}
        admin.call(f"a key with enabled {enabled}", "PATCH", KEY, 200, patch, patch, keyId=ids["keyId"])
        there = gateway.get_api_key(apiKey=one["nativeKey"])["enabled"]
        expect_equal(f"API Gateway, key with enabled {enabled}", there, enabled)
        what = f"API with header keys, key with enabled {enabled}: {status}"
        expect(what, call_with(one, one["value"]), status)
    admin.call("detach", "DELETE", ATTACHMENT, 204, **ids)
    expect("API with header keys, detached key: 403", call_with(one, one["value"]), *FORBIDDEN)
    admin.call("attach again", "PUT", ATTACHMENT, 201, **ids)
    expect("API with header keys, attached again: 200", call_with(one, one["value"]), 200)


def check_only_named_apis(admin):
    other = stack.outputs()["DemoRestApiId"]
    deployment = {"apiId": other, "stage": "dev"}
    admin.call("deploy an API that is not in ManagedApis", "POST", DEPLOYMENTS, 403, deployment)
    method = {"path": "/{proxy+}", "method": "ANY", "apiKeyRequired": True}
    admin.call("a method of an API that is not in ManagedApis", "PUT", METHODS, 403, method, apiId=other)


def check_deleted(admin, gateway, one):
    admin.call("delete the key", "DELETE", KEY, 204, keyId=one["ids"]["keyId"])
    stack.let_time_pass()
    admin.call("delete the plan", "DELETE", PLAN, 204, planId=one["ids"]["planId"])
    keys = [key["id"] for key in gateway.get_api_keys()["items"]]
    plans = [plan["id"] for plan in gateway.get_usage_plans()["items"]]
    gone = one["nativeKey"] not in keys and one["nativePlan"] not in plans
    expect_equal("API Gateway, key and usage plan are gone", gone, True)
