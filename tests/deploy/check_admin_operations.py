"""Each operation of the admin API on the deployed stack: its role allows what every one of them asks of the table."""

import json
import pathlib
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from calls import call, expect, expect_equal
import identities
import stack

ROUTER = pathlib.Path(__file__).parents[2] / "functions/admin/src/lib.rs"
PLAN = "/v1/plans/{planId}"
KEY = "/v1/keys/{keyId}"
ATTACHMENT = "/v1/plans/{planId}/keys/{keyId}"
OWN_ID = "second-plan"
FIRST, FIRST_TOO, SECOND, SECOND_TOO = [{"apiId": "a1", "stage": stage} for stage in ["prod", "test", "dev", "beta"]]
LIMIT = 10


class Admin:
    """The admin API, called by one who may manage keys. `called` names the operations, as the router does."""

    def __init__(self):
        outputs = stack.outputs()
        self.url = stack.on_emulator(outputs["AdminUrl"])
        session = identities.session("key-manager", allowed_on=outputs["AdminInvokeArn"])
        self.credentials = Credentials(*session.values())
        self.called = set()

    def call(self, what, method, route, status, body=None, fields=None, query="", **ids):
        """Expects the status and fields; returns the answer's body. A body that is a text is a table."""
        self.called.add(f"{method} {route}")
        table = isinstance(body, str)
        data = body.encode() if table else None if body is None else json.dumps(body).encode()
        url = self.url + route.format(**ids) + query
        media_type = "text/csv" if table else "application/json"
        request = AWSRequest(method, url, headers={"Content-Type": media_type}, data=data)
        SigV4Auth(self.credentials, "execute-api", stack.REGION).add_auth(request)
        answer = call(method, url, dict(request.headers.items()), data)
        expect(f"admin API, {what}: {status}", answer, status, fields)
        return answer.body


def check(admin):
    """Leaves nothing behind. Returns the value of the key that it has made.

    Those operations that were called by `admin` before are called as well.
    """
    admin.call("health", "GET", "/health", 200, fields={"status": "ok"})
    plan_id = check_plans(admin)
    key = check_keys(admin, plan_id)
    ids = {"planId": plan_id, "keyId": key["id"]}
    check_attachments(admin, ids)
    check_stages(admin, ids)
    check_usage(admin, ids)
    check_another_value_and_plan(admin, ids)
    check_verify(admin, key["value"], plan_id)
    check_tables(admin)
    check_reference(admin, ids)
    check_deletes(admin, ids)
    expect_equal("admin API: every operation was called", sorted(admin.called), sorted(operations()))
    return key["value"]


def operations():
    """What the router names."""
    routes = re.findall(r'\.route\(\s*"([^"]+)",(.*?)(?=\.route\(|\.fallback|\.method_not)', ROUTER.read_text(), re.S)
    methods = r"\b(get|put|post|patch|delete)\("
    return {f"{method.upper()} {path}" for path, handlers in routes for method in re.findall(methods, handlers)}


def check_plans(admin):
    quota = {"limit": LIMIT, "period": "DAY"}
    plan = {"name": "First", "quota": quota, "apiStages": [FIRST]}
    plan_id = admin.call("create a plan", "POST", "/v1/plans", 201, plan, plan)["id"]
    listed = admin.call("list plans", "GET", "/v1/plans", 200, query="?limit=500")
    expect_equal("admin API: the plan is listed", plan_id in ids_of(listed), True)
    admin.call("show a plan", "GET", PLAN, 200, fields=plan, planId=plan_id)
    patch = {"description": "Patched"}
    admin.call("change a plan", "PATCH", PLAN, 200, patch, plan | patch, planId=plan_id)
    second = {"name": "Second", "apiStages": [SECOND]}
    admin.call("put a plan", "PUT", PLAN, 201, second, second | {"id": OWN_ID}, planId=OWN_ID)
    return plan_id


def check_keys(admin, plan_id):
    fields = {"name": "Of a plan", "planIds": [plan_id]}
    key = admin.call("create a key", "POST", "/v1/keys", 201, fields, fields)
    listed = admin.call("list keys", "GET", "/v1/keys", 200, query="?limit=500")
    expect_equal("admin API: the key is listed", key["id"] in ids_of(listed), True)
    admin.call("show a key", "GET", KEY, 200, fields=fields, keyId=key["id"])
    patch = {"metadata": {"tier": "gold"}}
    admin.call("change a key", "PATCH", KEY, 200, patch, fields | patch, keyId=key["id"])
    return key


def check_attachments(admin, ids):
    second = ids | {"planId": OWN_ID}
    admin.call("attach", "PUT", ATTACHMENT, 201, fields=second, **second)
    admin.call("attach again", "PUT", ATTACHMENT, 200, fields=second, **second)
    admin.call("show an attachment", "GET", ATTACHMENT, 200, fields=second, **second)
    listed = admin.call("list attachments", "GET", PLAN + "/keys", 200, planId=OWN_ID)
    expect_equal("admin API: the attachment is listed", [one["keyId"] for one in listed["items"]], [ids["keyId"]])


def check_stages(admin, ids):
    """Other API stages for a plan with a key on it: the key's other plans are looked at."""
    patch = {"apiStages": [FIRST, FIRST_TOO]}
    admin.call("change the stages of a plan with a key", "PATCH", PLAN, 200, patch, patch, planId=ids["planId"])
    in_the_way = {"planId": OWN_ID, "keyId": ids["keyId"]}
    onto_second = {"apiStages": [SECOND]}
    admin.call("two plans for one stage", "PATCH", PLAN, 409, onto_second, in_the_way, planId=ids["planId"])
    replacement = {"name": "Second", "apiStages": [SECOND, SECOND_TOO]}
    admin.call("replace a plan with a key", "PUT", PLAN, 200, replacement, replacement, planId=OWN_ID)


def check_usage(admin, ids):
    left = lambda of, remaining: {"values": {ids[of]: [[0, remaining]]}}
    admin.call("usage of a plan", "GET", PLAN + "/usage", 200, fields=left("keyId", LIMIT), planId=ids["planId"])
    of_one = f"?keyId={ids['keyId']}"
    admin.call("usage of a plan by a key", "GET", PLAN + "/usage", 200, None, left("keyId", LIMIT), of_one, **ids)
    admin.call("grant", "PATCH", ATTACHMENT + "/usage", 200, {"remaining": 3}, left("keyId", 3), **ids)
    usage = admin.call("usage of a key", "GET", KEY + "/usage", 200, keyId=ids["keyId"])
    expected = {ids["planId"]: [[0, 3]], OWN_ID: [[0, None]]}
    expect_equal("admin API: what is left of the key's plans", usage["values"], expected)


def check_another_value_and_plan(admin, ids):
    """The value before goes on for a while."""
    admin.call("rotate", "POST", KEY + "/rotate", 200, {"gracePeriodSeconds": 600}, keyId=ids["keyId"])
    third = admin.call("create a third plan", "POST", "/v1/plans", 201, {"name": "Third"})["id"]
    for source, target in [(OWN_ID, third), (third, OWN_ID)]:
        between = {"fromPlanId": source, "toPlanId": target}
        admin.call("move a key", "POST", KEY + "/move", 200, between, {"id": ids["keyId"]}, keyId=ids["keyId"])
    admin.call("delete the third plan", "DELETE", PLAN, 204, planId=third)


def check_tables(admin):
    report = admin.call("import", "POST", "/v1/import", 200, "name\nImported\n", {"created": 1})
    admin.call("export", "GET", "/v1/export", 200, query="?limit=500")
    admin.call("delete the imported key", "DELETE", KEY, 204, keyId=report["items"][0]["keyId"])


def check_reference(admin, ids):
    audited = admin.call("audit", "GET", "/v1/audit", 200, query=f"?keyId={ids['keyId']}")
    expect_equal("admin API: the key's last change", audited["items"][0]["action"], "key.move")
    admin.call("OpenAPI", "GET", "/openapi.json", 200, fields={"openapi": "3.1.0"})
    for page in ["/docs", "/problems"]:
        admin.call("a page", "GET", page, 200)
    admin.call("a problem's page", "GET", "/problems/{name}", 200, name="plan-in-use")


def check_verify(admin, value, plan_id):
    a_call = {"value": value, **FIRST, "method": "GET", "path": "/orders/17"}
    admin.call("verify", "POST", "/v1/verify", 200, a_call, {"decision": "allow", "planId": plan_id})


def check_deletes(admin, ids):
    second = ids | {"planId": OWN_ID}
    admin.call("delete a plan with a key", "DELETE", PLAN, 409, planId=OWN_ID)
    admin.call("detach", "DELETE", ATTACHMENT, 204, **second)
    admin.call("delete a plan", "DELETE", PLAN, 204, planId=OWN_ID)
    admin.call("delete a key on a plan", "DELETE", KEY, 204, keyId=ids["keyId"])
    admin.call("delete its plan", "DELETE", PLAN, 204, planId=ids["planId"])


def ids_of(listed):
    return [one["id"] for one in listed["items"]]
