"""The reconciler: it finishes what the admin API could not do at once, and mends what was changed by hand."""

import json
import time

from calls import Unexpected, expect_equal
import stack

PLANS = "/v1/plans"
PLAN = "/v1/plans/{planId}"
NOWHERE = "http://127.0.0.1:9"
SECONDS = 60


def check(admin):
    """Leaves nothing behind."""
    gateway = stack.owner.client("apigateway")
    plan = check_pending(admin)
    check_finished(admin, gateway, plan)
    check_mended(admin, gateway, plan)
    admin.call("delete a plan that was mended", "DELETE", PLAN, 204, planId=plan["id"])
    expect_equal("API Gateway, no usage plan is left", gateway.get_usage_plans()["items"], [])


def check_pending(admin):
    """A plan that is made while API Gateway gives no answer. Returns it."""
    plan = {"name": "Pending", "enforcement": "apiGateway", "quota": {"limit": 5, "period": "WEEK"}}
    with no_api_gateway():
        made = admin.call("create a plan, API Gateway gives no answer", "POST", PLANS, 201, plan, plan)
    seen = (made["apiGateway"]["state"], "reason" in made["apiGateway"])
    expect_equal("admin API, the plan waits for the reconciler and says why", seen, ("pending", True))
    return made


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
    """It waits longer after each failure, and a run by the schedule may be at work."""
    deadline = time.monotonic() + SECONDS
    run()
    while not holds() and time.monotonic() < deadline:
        time.sleep(1)
        run()
    expect_equal(what, holds(), True)


def check_finished(admin, gateway, plan):
    there = lambda: [one["name"] for one in gateway.get_usage_plans()["items"]] == ["Pending"]
    run_until("reconciler: the plan that was pending is there", there)
    seen = admin.call("show the plan", "GET", PLAN, 200, planId=plan["id"])["apiGateway"]
    expect_equal("admin API, the plan is in step", seen["state"], "inSync")


def check_mended(admin, gateway, plan):
    native = gateway.get_usage_plans()["items"][0]
    gateway.delete_usage_plan(usagePlanId=native["id"])
    stack.let_time_pass()
    there = lambda: len(gateway.get_usage_plans()["items"]) == 1
    run_until("reconciler: a usage plan deleted by hand is there again", there)
    there = gateway.get_usage_plans()["items"][0]
    seen = (there["id"] == native["id"], there["name"], there["quota"])
    expect_equal("API Gateway, another usage plan of the same name and quota", seen, (False, "Pending", native["quota"]))
    seen = admin.call("show the plan", "GET", PLAN, 200, planId=plan["id"])["apiGateway"]
    expect_equal("admin API, the plan's new id", seen, {"usagePlanId": there["id"], "state": "inSync"})
    drift = admin.call("what the reconciler has found", "GET", "/v1/drift", 200)
    found = [(one.get("planId"), one["mended"]) for one in drift["findings"]]
    expect_equal("admin API, drift: the plan, mended", (plan["id"], True) in found, True)
