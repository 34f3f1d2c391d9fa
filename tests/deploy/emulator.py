#!/usr/bin/env python3
"""MiniStack, with what its control plane of API Gateway lacks put in its place. `emulator.sh` starts it.

MiniStack keeps what a patch says as text, under the path as it was written, so that a disabled key stays enabled and
a usage plan with a stage more cannot be read any more. Here the patches that Latchkey sends are carried out as AWS
documents them ("Patch operations"), two keys may not have one value, a usage plan with stages cannot be deleted, an
authorizer's results can be flushed, and the export of a stage has its gateway responses.

What stays different from AWS is in emulator_gaps.py.

Where ASKED names a file, what each principal has asked for, and whether it was allowed, is written there.
"""

import copy
import os
import re
import sys

# Nothing but the one port, and that on this machine alone, unless something else is said.
for variable, value in {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}.items():
    os.environ.setdefault(variable, value)

from ministack.app import main
from ministack.core import iam_evaluator
from ministack.services import apigateway_v1 as gateway

TYPES = {
    "rateLimit": float,
    "burstLimit": int,
    "limit": int,
    "offset": int,
    "enabled": lambda text: text == "true",
    "apiKeyRequired": lambda text: text == "true",
}
METHOD_THROTTLE = re.compile("/apiStages/([^/]+)/throttle(?:/([^/]+)/([A-Z]+)(?:/(rateLimit|burstLimit))?)?")
CACHE = re.compile("/restapis/([^/]+)/stages/([^/]+)/cache/authorizers")


class Refused(Exception):
    """What AWS answers with BadRequestException."""


def patched(before, operations):
    """`before` after all operations, in their order."""
    after = copy.deepcopy(before)
    for operation in operations:
        path, value = operation["path"], operation.get("value")
        if path == "/apiStages":
            patch_stages(after, operation["op"], value)
        elif path.startswith("/apiStages/"):
            patch_method_throttle(after, operation["op"], path, value)
        else:
            patch_field(after, operation["op"], path, value)
    return after


def patch_stages(plan, op, value):
    api_id, stage = value.split(":", 1)
    stages = plan.setdefault("apiStages", [])
    named = [one for one in stages if (one["apiId"], one["stage"]) == (api_id, stage)]
    if op == "add" and not named:
        stages.append({"apiId": api_id, "stage": stage})
    elif op == "remove" and named:
        stages.remove(named[0])
    else:
        raise Refused(f"Invalid patch: {op} {value}")


def patch_method_throttle(plan, op, path, value):
    name, method_path, method, field = METHOD_THROTTLE.fullmatch(path).groups()
    stage = next((one for one in plan["apiStages"] if f"{one['apiId']}:{one['stage']}" == name.replace("~1", "/")), None)
    if stage is None:
        raise Refused(f"Invalid API stage {name}")
    if method_path is None:
        stage.pop("throttle", None)
        return
    throttle = stage.setdefault("throttle", {})
    key = f"{method_path.replace('~1', '/')}/{method}"
    if op == "remove":
        throttle.pop(key, None)
    else:
        throttle.setdefault(key, {"rateLimit": 0.0, "burstLimit": 0})[field] = TYPES[field](value)


def patch_field(thing, op, path, value):
    *parents, name = path.strip("/").split("/")
    for parent in parents:
        thing = thing.setdefault(parent, {})
    if op == "remove":
        thing.pop(name, None)
    else:
        thing[name] = TYPES.get(name, str)(value)


def update(kept, data):
    """Carries a patch out, all of it or nothing."""
    try:
        after = patched(kept, data.get("patchOperations", []))
    except Refused as refused:
        return gateway._v1_error("BadRequestException", str(refused), 400)
    kept.clear()
    kept.update(after)
    return None


def instead_of(name):
    """Puts a function in the place of MiniStack's, which it gets as its first argument."""

    def put(function):
        theirs = getattr(gateway, name)
        setattr(gateway, name, lambda *arguments: function(theirs, *arguments))
        return function

    return put


@instead_of("_update_usage_plan")
def update_usage_plan(theirs, plan_id, data):
    problem = update(gateway._usage_plans.get(plan_id) or {}, data)
    return problem or theirs(plan_id, {})


@instead_of("_update_api_key")
def update_api_key(theirs, key_id, data):
    problem = update(gateway._api_keys.get(key_id) or {}, data)
    return problem or theirs(key_id, {})


@instead_of("_update_method")
def update_method(theirs, api_id, resource_id, http_method, data):
    methods = gateway._resources.get(api_id, {}).get(resource_id, {}).get("resourceMethods", {})
    problem = update(methods.get(http_method) or {}, data)
    return problem or theirs(api_id, resource_id, http_method, {})


@instead_of("_create_usage_plan")
def create_usage_plan(theirs, data):
    answer = theirs(data)
    for plan in gateway._usage_plans.values():
        for limit in ["throttle", "quota"]:
            if not plan.get(limit):
                plan.pop(limit, None)
    return answer


@instead_of("_create_api_key")
def create_api_key(theirs, data):
    value = data.get("value")
    if value and any(key["value"] == value for key in gateway._api_keys.values()):
        return gateway._v1_error("ConflictException", "API Key already exists", 409)
    return theirs(data)


@instead_of("_delete_usage_plan")
def delete_usage_plan(theirs, plan_id):
    if (gateway._usage_plans.get(plan_id) or {}).get("apiStages"):
        problem = f"Cannot delete Usage Plan {plan_id} because it is associated with API Stages"
        return gateway._v1_error("BadRequestException", problem, 400)
    return theirs(plan_id)


@instead_of("_build_api_export")
def build_api_export(theirs, api_id, stage_name, *rest):
    """With the gateway responses that are deployed to the stage, as AWS's exports have them; MiniStack's have none."""
    document = theirs(api_id, stage_name, *rest)
    deployment = gateway._stages_v1[api_id][stage_name].get("deploymentId")
    deployed = gateway._deployed_gateway_responses.get(api_id, {}).get(deployment, {})
    told = ["statusCode", "responseParameters", "responseTemplates"]
    document["x-amazon-apigateway-gateway-responses"] = {
        kind: {name: response[name] for name in told if name in response} for kind, response in deployed.items()
    }
    return document


@instead_of("handle_request")
async def handle_request(theirs, method, path, *rest):
    """FlushStageAuthorizersCache; MiniStack knows no such path."""
    cache = CACHE.fullmatch(path)
    if method != "DELETE" or not cache:
        return await theirs(method, path, *rest)
    api_id, stage = cache.groups()
    for key in list(gateway._authorizer_cache):
        if (key[2], key[4]) == (api_id, stage):
            del gateway._authorizer_cache[key]
    return 202, {}, b""


asked = set()


def recorded(evaluate, path):
    """`evaluate`, which adds a line to the file for what was not asked before: principal, action, resource, decision."""

    def evaluate_and_record(context, *policies):
        result = evaluate(context, *policies)
        line = "\t".join([context.principal_arn, context.action, context.resource_arn, result.decision])
        if line not in asked:
            asked.add(line)
            with open(path, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        return result

    return evaluate_and_record


if __name__ == "__main__":
    if "ASKED" in os.environ:
        iam_evaluator.evaluate = recorded(iam_evaluator.evaluate, os.environ["ASKED"])
    sys.exit(main())
