"""An account's own usage plan and key are taken over: its customer keeps the key, and calls pass all the while."""

import secrets

from calls import call, expect, expect_equal
import check_counted_by_twin
import own_api
import stack

ADOPT = "/v1/adopt"
PLAN = "/v1/plans/{planId}"
KEY = "/v1/keys/{keyId}"
# Anew each time: a key that was deleted is not adopted again.
VALUE = f"an-old-key-{secrets.token_hex(12)}"
STAGE = "prod"
THROTTLE = {"rateLimit": 500.5, "burstLimit": 1000}


def check(admin):
    """Leaves nothing behind. Returns the values that no log may hold."""
    gateway = stack.owner.client("apigateway")
    api_id = own_api.make(gateway, key_required=True)
    gateway.create_deployment(restApiId=api_id, stageName=STAGE)
    stages = [{"apiId": api_id, "stage": STAGE}]
    native_plan = gateway.create_usage_plan(name="Old", apiStages=stages, throttle=THROTTLE)["id"]
    native_key = gateway.create_api_key(name="Old customer", value=VALUE, enabled=True)["id"]
    gateway.create_usage_plan_key(usagePlanId=native_plan, keyId=native_key, keyType="API_KEY")
    url = f"{stack.ENDPOINT}/_aws/execute-api/{api_id}/{STAGE}/{own_api.PATH}"
    passes = lambda when: expect(f"API of before, {when}: 200", call("GET", url, {"x-api-key": VALUE}), 200)

    passes("before the adoption")
    adopted(admin, "what would be adopted", True, native_plan, native_key, "adopt")
    passes("after a dry run")
    ids = adopted(admin, "adopt", False, native_plan, native_key, "adopted")
    passes("adopted")
    again = adopted(admin, "adopt again", False, native_plan, native_key, "unchanged")
    expect_equal("admin API, adopted again: the same plan and key", again, ids)

    fields = {"enforcement": "apiGateway", "throttle": THROTTLE, "apiStages": stages}
    plan = admin.call("show the adopted plan", "GET", PLAN, 200, fields=fields, planId=ids["planId"])
    expect_equal("admin API, the adopted plan is the same", plan["apiGateway"]["usagePlanId"], native_plan)
    fields = {"name": "Old customer", "nativeValue": "header", "planIds": [ids["planId"]]}
    admin.call("show the adopted key", "GET", KEY, 200, fields=fields, keyId=ids["keyId"])
    answer = check_counted_by_twin.authorized(stages[0], VALUE)
    expect_equal("authorizer: the adopted key by the caller's own value", answer["usageIdentifierKey"] == VALUE, True)

    patch = {"enabled": False}
    admin.call("disable the adopted key", "PATCH", KEY, 200, patch, patch, keyId=ids["keyId"])
    expect("API of before, adopted key disabled: 403", call("GET", url, {"x-api-key": VALUE}), 403)
    admin.call("delete the adopted key", "DELETE", KEY, 204, keyId=ids["keyId"])
    stack.let_time_pass()
    admin.call("delete the adopted plan", "DELETE", PLAN, 204, planId=ids["planId"])
    left = gateway.get_api_keys()["items"] + gateway.get_usage_plans()["items"]
    expect_equal("API Gateway, no key and no usage plan is left", left, [])
    gateway.delete_rest_api(restApiId=api_id)
    return [VALUE]


def adopted(admin, what, dry_run, native_plan, native_key, outcome):
    """Returns the ids of the plan and the key, as far as they have some."""
    report = admin.call(what, "POST", ADOPT, 200, {"dryRun": dry_run}, {"dryRun": dry_run})
    plans = [(one["usagePlanId"], one["name"], one["outcome"], one["keys"]) for one in report["plans"]]
    expect_equal(f"admin API, {what}: plans", plans, [(native_plan, "Old", outcome, 1)])
    keys = [(one["apiKeyId"], one["name"], one["outcome"]) for one in report["keys"]]
    expect_equal(f"admin API, {what}: keys", keys, [(native_key, "Old customer", outcome)])
    expect_equal(f"admin API, {what}: no value is told", VALUE in str(report), False)
    return {"planId": report["plans"][0].get("planId"), "keyId": report["keys"][0].get("keyId")}
