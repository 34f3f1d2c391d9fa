#!/usr/bin/env python3
"""A stack with the parameters' own values: of API Gateway its roles allow less than those of other deployments, and deny all
that lies below other people's APIs. What the functions do there is allowed nevertheless.
"""

from calls import expect_equal, main
import check_admin_operations
import check_configuration
import check_reconciler
import check_rights
import stack

PLANS = "/v1/plans"
PLAN = "/v1/plans/{planId}"
KEYS = "/v1/keys"
KEY = "/v1/keys/{keyId}"
ATTACHMENT = "/v1/plans/{planId}/keys/{keyId}"
# Who manages API Gateway's usage plans and keys.
MANAGING = ["AdminRole", "ReconcilerRole"]
BELOW_APIS = {("apigateway:GET", f"{check_rights.CONTROL_PLANE}/{kind}/*/*") for kind in ["apis", "restapis"]}


def check():
    check_configuration.check()
    for role in MANAGING:
        denied = set(check_rights.said(role, "Deny"))
        expect_equal(f"{role}: nothing below an API may be read", denied, BELOW_APIS)
    admin = check_admin_operations.Admin()
    check_made_at_once(admin)
    check_reconciler.check(admin)
    by_role = check_rights.asked()
    for role in check_rights.FUNCTIONS:
        seen = (bool(by_role[role]), check_rights.refused(by_role[role]))
        expect_equal(f"{role}: it was asked for something, and nothing was refused", seen, (True, []))


def check_made_at_once(admin):
    """By the admin API itself, without the reconciler's help."""
    api = {"apiId": stack.outputs()["DemoNativeApiId"], "stage": "dev"}
    plan = {"name": "Of a default stack", "enforcement": "apiGateway", "quota": {"limit": 5, "period": "WEEK"}}
    plan = admin.call("create a plan that API Gateway counts", "POST", PLANS, 201, plan | {"apiStages": [api]})
    key = admin.call("create a key on it", "POST", KEYS, 201, {"name": "Twin", "planIds": [plan["id"]]})
    ids = {"planId": plan["id"], "keyId": key["id"]}
    attached = admin.call("show the key on it", "GET", ATTACHMENT, 200, **ids)
    states = (plan["apiGateway"]["state"], attached["apiGateway"]["state"])
    expect_equal("plan and key are at API Gateway", states, ("inSync", "inSync"))
    admin.call("delete the key", "DELETE", KEY, 204, **ids)
    stack.let_time_pass()
    admin.call("delete the plan", "DELETE", PLAN, 204, **ids)


if __name__ == "__main__":
    main(check)
