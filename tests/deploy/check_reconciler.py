"""The reconciler: it does what the admin API could not do at once, and mends what was changed by hand."""

import json
import time

from calls import Unexpected, expect_equal
import check_doctor
import stack

PLANS = "/v1/plans"
PLAN = "/v1/plans/{planId}"
KEYS = "/v1/keys"
KEY = "/v1/keys/{keyId}"
ATTACHMENT = "/v1/plans/{planId}/keys/{keyId}"
NOWHERE = "http://127.0.0.1:9"
SECONDS = 60


def check(admin):
    """Leaves nothing behind. All of it is the reconciler's work, from the first call to the last: so what its role is asked
    for (check_rights.py) is whatever an attempt may ask for.
    """
    gateway = stack.owner.client("apigateway")
    with no_api_gateway():
        ids = check_pending(admin)
        native = check_finished(admin, gateway, ids)
        check_changed(admin, gateway, ids, native)
        check_mended(admin, gateway, ids, native)
        check_deleted(admin, gateway, ids)


def check_pending(admin):
    """A plan and a key on it that are made while API Gateway gives no answer. Returns their ids."""
    api = {"apiId": stack.outputs()["DemoNativeApiId"], "stage": "dev"}
    plan = {"name": "Pending", "enforcement": "apiGateway", "quota": {"limit": 5, "period": "WEEK"}, "apiStages": [api]}
    made = admin.call("create a plan, API Gateway gives no answer", "POST", PLANS, 201, plan, plan)
    seen = (made["apiGateway"]["state"], "reason" in made["apiGateway"])
    expect_equal("admin API, the plan waits for the reconciler and says why", seen, ("pending", True))
    key = {"name": "Waiting", "planIds": [made["id"]]}
    key = admin.call("create a key on it, API Gateway gives no answer", "POST", KEYS, 201, key)
    return {"planId": made["id"], "keyId": key["id"]}


class no_api_gateway:
    """The admin API's function looks for API Gateway where nobody answers."""

    def __enter__(self):
        self.functions = stack.owner.client("lambda")
        self.name = stack.physical_id("Admin")
        self.variables = self.functions.get_function_configuration(FunctionName=self.name)["Environment"]["Variables"]
        self.set(self.variables | {"AWS_ENDPOINT_URL_API_GATEWAY": NOWHERE})

    def __exit__(self, *_):
        self.set(self.variables)

    def set(self, variables):
        self.functions.update_function_configuration(FunctionName=self.name, Environment={"Variables": variables})
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=self.name)


def run():
    function = stack.physical_id("Reconciler")
    answer = stack.owner.client("lambda").invoke(FunctionName=function, Payload=json.dumps({}))
    if "FunctionError" in answer:
        raise Unexpected(f"reconciler: {answer['Payload'].read().decode()}")


def run_until(what, holds):
    """A run by the schedule may be at work, and what one has done may let another go on."""
    deadline = time.monotonic() + SECONDS
    stack.end_waits()
    run()
    while not holds() and time.monotonic() < deadline:
        time.sleep(1)
        stack.end_waits()
        run()
    expect_equal(what, holds(), True)


def check_finished(admin, gateway, ids):
    """Returns the ids of plan and key at API Gateway."""

    def there():
        plans = gateway.get_usage_plans()["items"]
        on_plan = [key for plan in plans for key in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]]
        return ([plan["name"] for plan in plans], [key["name"] for key in on_plan]) == (["Pending"], ["Waiting"])

    run_until("reconciler: plan and key that were pending are there, the key on the plan", there)
    in_step = lambda: state(admin, PLAN, ids) == state(admin, ATTACHMENT, ids) == "inSync"
    run_until("admin API, plan and key are in step", in_step)
    [plan] = gateway.get_usage_plans()["items"]
    [key] = gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    return {"usagePlanId": plan["id"], "apiKey": key["id"]}


def state(admin, route, ids):
    return admin.call("show it", "GET", route, 200, **ids)["apiGateway"]["state"]


def check_changed(admin, gateway, ids, native):
    stack.let_time_pass()
    patch = {"quota": {"limit": 6, "period": "WEEK"}}
    admin.call("change the plan", "PATCH", PLAN, 200, patch, patch, **ids)
    patch = {"enabled": False}
    admin.call("disable the key", "PATCH", KEY, 200, patch, patch, **ids)

    def follows():
        limit = gateway.get_usage_plan(usagePlanId=native["usagePlanId"])["quota"]["limit"]
        return (limit, gateway.get_api_key(apiKey=native["apiKey"])["enabled"]) == (6, False)

    run_until("reconciler: changes of plan and key are made", follows)
    # What API Gateway has kept of the key is flushed (check_rights.py sees that it is asked for), and again later.
    flush = lambda: stack.pending("FLUSH")
    run_until("reconciler: what API Gateway keeps of a disabled key is flushed", lambda: not flush())


def check_mended(admin, gateway, ids, native):
    quota = gateway.get_usage_plan(usagePlanId=native["usagePlanId"])["quota"]
    [stage] = gateway.get_usage_plan(usagePlanId=native["usagePlanId"])["apiStages"]
    patch = {"op": "remove", "path": "/apiStages", "value": f"{stage['apiId']}:{stage['stage']}"}
    gateway.update_usage_plan(usagePlanId=native["usagePlanId"], patchOperations=[patch])
    gateway.delete_usage_plan(usagePlanId=native["usagePlanId"])
    stack.let_time_pass()
    there = lambda: len(gateway.get_usage_plans()["items"]) == 1
    run_until("reconciler: a usage plan deleted by hand is there again", there)
    [there] = gateway.get_usage_plans()["items"]
    seen = (there["id"] == native["usagePlanId"], there["name"], there["quota"])
    expect_equal("API Gateway, another usage plan of the same name and quota", seen, (False, "Pending", quota))
    seen = admin.call("show the plan", "GET", PLAN, 200, **ids)["apiGateway"]
    expect_equal("admin API, the plan's new id", seen, {"usagePlanId": there["id"], "state": "inSync"})
    drift = admin.call("what the reconciler has found", "GET", "/v1/drift", 200)
    found = [(one.get("planId"), one["mended"]) for one in drift["findings"]]
    expect_equal("admin API, drift: the plan, mended", (ids["planId"], True) in found, True)


def check_deleted(admin, gateway, ids):
    on_plan = lambda plan: gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    all_on = lambda: all(on_plan(plan) for plan in gateway.get_usage_plans()["items"])
    run_until("reconciler: the key is on the new usage plan", all_on)
    expect_equal("doctor: a plan that API Gateway counts, in step", check_doctor.look(), (0, [], []))
    admin.call("detach the key", "DELETE", ATTACHMENT, 204, **ids)
    none_on = lambda: not any(on_plan(plan) for plan in gateway.get_usage_plans()["items"])
    run_until("reconciler: a detached key is off the usage plan", none_on)
    admin.call("delete the key", "DELETE", KEY, 204, **ids)
    stack.let_time_pass()
    admin.call("delete the plan", "DELETE", PLAN, 204, **ids)
    left = lambda: gateway.get_usage_plans()["items"] + gateway.get_api_keys()["items"]
    run_until("reconciler: nothing is left of what was deleted", lambda: not left())
