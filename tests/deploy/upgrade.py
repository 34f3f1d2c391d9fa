#!/usr/bin/env python3
"""An earlier release, today's over it, and the earlier one again, while calls arrive all the time.

    upgrade.py EARLIER TODAY      folders with a built template each

Keys work in each release whichever made them, nothing is admitted uncharged, a quota is not passed, and what is at API
Gateway stays.
"""

import pathlib
import platform
import subprocess
import sys
import time

from calls import Unexpected, expect, expect_equal, main, report
import check_admin_operations
import check_demo_apis
import emulator_gaps
import stack
from load import Load

SAMCONFIG = pathlib.Path(__file__).parents[2] / "samconfig.toml"
PLANS = "/v1/plans"
KEYS = "/v1/keys"
KEY = "/v1/keys/{keyId}"
USAGE = "/v1/plans/{planId}/usage"
ANYWHERE = [{"apiId": "*", "stage": "*"}]
# Of a month, so that a run over midnight finds the same counter.
MUCH = {"limit": 1_000_000, "period": "MONTH"}
# A lease is a 1,024th of the limit at most (docs/metering.md): of these units no instance holds any.
LITTLE = {"limit": 300, "period": "MONTH"}
# Of them, those whose charge was answered too late on a busy machine, and made again.
LATE_AT_MOST = 3
SECONDS_IN_EACH_RELEASE = 4
DEPLOY_SECONDS = 300
LEASE_MAX = 10
# One for each caller that there is at once, each time that a function is replaced or its instances are ended.
CALLERS = 4
ENDED_AT_MOST = 3 * CALLERS
ADMITTED, USED_UP, REFUSED = 200, [403, 429], [401, 403]
# Disabled; used up in the end; counted by API Gateway, which is not to be had (emulator_gaps.py).
NOT_TRIED_ALONE = ["disabled", "little", "twin"]
# Of the emulator, while it replaces a function.
SWAPPED = [0, 500, 502, 503, 504]


def deploy(built):
    architecture = {"x86_64": "x86_64"}.get(platform.machine(), "arm64")
    command = [
        "sam", "deploy", "--config-file", str(SAMCONFIG), "--template-file", f"{built}/template.yaml",
        "--stack-name", stack.NAME, "--parameter-overrides", f"Architecture={architecture}", "DemoApis=true",
        f"LeaseMax={LEASE_MAX}",
    ]
    done = subprocess.run(command, timeout=DEPLOY_SECONDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Unexpected(f"{built} is not deployed:\n{done.stdout[-4000:]}")


class Stack:
    """The deployed stack with its keys, through all releases."""

    def __init__(self):
        self.admin = check_admin_operations.Admin()
        self.plans = {}
        self.keys = {}

    def make(self, release, name, **plan):
        """A plan and a key on it."""
        fields = {"name": name, "apiStages": ANYWHERE, **plan}
        made = self.admin.call(f"{release} makes the plan {name}", "POST", PLANS, 201, fields)
        self.plans[name] = made["id"]
        fields = {"name": name, "planIds": [made["id"]]}
        self.keys[name] = self.admin.call(f"{release} makes the key {name}", "POST", KEYS, 201, fields)

    def used(self, name):
        """What the plan's only key has used, by its report."""
        seen = self.admin.call(f"use of {name}", "GET", USAGE, 200, planId=self.plans[name])
        (days,) = seen["values"].values()
        return sum(used for used, _ in days)

    def check_readable(self, release):
        """Each key and plan is there, and may be changed."""
        for name, key in self.keys.items():
            fields = {"id": key["id"], "name": name, "enabled": name != "disabled"}
            self.admin.call(f"{release} shows the key {name}", "GET", KEY, 200, fields=fields, keyId=key["id"])
            body = {"description": release}
            self.admin.call(f"{release} changes the key {name}", "PATCH", KEY, 200, body, body, keyId=key["id"])
        listed = self.admin.call(f"{release} lists the keys", "GET", KEYS, 200, query="?limit=500")
        ids = sorted(key["id"] for key in listed["items"])
        expect_equal(f"{release} lists all of them", ids, sorted(key["id"] for key in self.keys.values()))

    def check_works(self, release):
        for api in check_demo_apis.apis():
            for name, key in self.keys.items():
                if name in NOT_TRIED_ALONE:
                    continue
                expect(f"{api.name}, {release}, key {name}: 200", api.call(key["value"]), ADMITTED)


def native(names):
    """What is at API Gateway: usage plans and their keys, by id."""
    gateway = stack.owner.client("apigateway")
    plans = gateway.get_usage_plans()["items"]
    return {
        plan["id"]: sorted(key["id"] for key in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"])
        for plan in plans
        if plan["name"] in names
    }


def code():
    """The hash of each function's code."""
    functions = stack.owner.client("lambda")
    names = ["Authorizer", "Admin", "Reconciler"]
    return [
        functions.get_function_configuration(FunctionName=stack.physical_id(name))["CodeSha256"] for name in names
    ]


def end_instances():
    """Lambda ends idle instances with SIGTERM: what they hold of leases goes back to the table."""
    stack.owner.client("lambda").update_function_configuration(
        FunctionName=stack.physical_id("Authorizer"), Description="Its instances are ended"
    )


def deploy_under(load, built):
    load.deploying = True
    started = time.monotonic()
    try:
        deploy(built)
    finally:
        load.deploying = False
    print(f"  deployed in {time.monotonic() - started:.0f} s", flush=True)
    time.sleep(SECONDS_IN_EACH_RELEASE)


def check_statuses(load):
    """Nobody is refused who may call, and nobody let through who may not."""
    wanted = {"much": [ADMITTED], "little": [ADMITTED, *USED_UP], "disabled": REFUSED, "made up": REFUSED}
    for name, expected in wanted.items():
        seen = load.statuses(name, deploying=False)
        report(f"calls with the key {name}: {seen}", bool(seen) and set(seen) <= set(expected), expected, seen)
        seen = load.statuses(name, deploying=True)
        allowed = [*expected, *SWAPPED]
        report(f"the same during deployments: {seen}", bool(seen) and set(seen) <= set(allowed), allowed, seen)


def check_units(latchkey, load, extra):
    """Each admitted call was charged. More is charged only for calls whose answer nobody has seen, and for what an
    instance held that was ended in the middle of one: at most its lease. Of the little quota nobody holds any, so all of it
    is admitted but for such calls.
    """
    check_charged(latchkey, load, extra, "much", LEASE_MAX * ENDED_AT_MOST)
    admitted, unseen = check_charged(latchkey, load, extra, "little", LATE_AT_MOST)
    limit = LITTLE["limit"]
    least = limit - unseen - LATE_AT_MOST
    report(f"little: of {limit} units {admitted} were admitted", least <= admitted <= limit, f"{least} to {limit}", admitted)


def check_charged(latchkey, load, extra, name, lost_at_most):
    """Returns how many calls were admitted, and of how many nobody has seen an answer."""
    seen = load.total(name)
    admitted = seen[ADMITTED] + extra[name]
    unseen = sum(seen[status] for status in SWAPPED)
    used = latchkey.used(name)
    most = admitted + unseen + lost_at_most
    what = f"{name}: {admitted} admitted, {unseen} without an answer, {used} used"
    report(what, admitted <= used <= most, f"{admitted} to {most}", used)
    return admitted, unseen


def use_up(latchkey):
    """Calls until the key is refused, through all instances that there may be; returns how many passed."""
    passed = 0
    rest, _ = check_demo_apis.apis()
    for _ in range(LITTLE["limit"] + 1):
        answer = rest.call(latchkey.keys["little"]["value"])
        if answer.status in USED_UP:
            return passed
        if answer.status != ADMITTED:
            raise Unexpected(f"a call while something is left: {answer}")
        passed += 1
    raise Unexpected(f"the key passed {passed} times and is not used up")


def check(earlier, today):
    deploy(earlier)
    emulator_gaps.fill()
    first_code = code()
    latchkey = Stack()
    latchkey.make("the earlier release", "much", quota=MUCH)
    latchkey.make("the earlier release", "little", quota=LITTLE)
    latchkey.make("the earlier release", "disabled")
    counted = [{"apiId": stack.outputs()["DemoNativeApiId"], "stage": "dev"}]
    latchkey.make("the earlier release", "twin", enforcement="apiGateway", apiStages=counted, quota=MUCH)
    twin = native(["twin"])
    values = {"much": 1, "little": 8, "disabled": 8}
    values = {name: (latchkey.keys[name]["value"], every) for name, every in values.items()}
    values["made up"] = ("made-up-by-somebody-else-0123456789", 8)
    disabled = {"keyId": latchkey.keys["disabled"]["id"]}
    latchkey.admin.call("disable a key", "PATCH", KEY, 200, {"enabled": False}, **disabled)

    urls = [api.url for api in check_demo_apis.apis()] * (CALLERS // 2)
    extra = {"much": 0, "little": 0}
    with Load(urls, values) as load:
        time.sleep(SECONDS_IN_EACH_RELEASE)
        deploy_under(load, today)
        replaced = [old != new for old, new in zip(first_code, code())]
        expect_equal("each function is replaced", replaced, [True] * len(first_code))
        latchkey.check_readable("today's release")
        latchkey.make("today's release", "new", quota=MUCH)
        latchkey.check_works("today's release")
        expect_equal("today's release: API Gateway has what it had", native(["twin"]), twin)
        deploy_under(load, earlier)
        expect_equal("each function is the earlier one again", code(), first_code)
        latchkey.check_readable("the earlier release again")
        latchkey.check_works("the earlier release again")
        expect_equal("the earlier release again: API Gateway has what it had", native(["twin"]), twin)
        extra["much"] += 2 * len(check_demo_apis.apis())
    check_statuses(load)
    extra["little"] += use_up(latchkey)
    end_instances()
    check_units(latchkey, load, extra)


if __name__ == "__main__":
    main(check, *sys.argv[1:])
