#!/usr/bin/env python3
"""A stack on the table of another one that was deleted, with other accounts let in.

    check_existing_table.py make           on the first stack: makes a key and uses it; prints the table's name and the key
    check_existing_table.py check VALUE    on the second
"""

import json
import sys

from calls import expect, expect_equal, main
import check_admin_operations
import check_demo_apis
import emulator_gaps
import stack

ACCOUNTS = ["111111111111", "222222222222"]
ORGANIZATION = "o-a1b2c3d4e5"
NAME = "Of the first stack"
QUOTA = 10
PLAN = {"name": NAME, "apiStages": [{"apiId": "*", "stage": "*"}], "quota": {"limit": QUOTA, "period": "MONTH"}}


def make():
    admin = check_admin_operations.Admin()
    plan = admin.call("make a plan that stays", "POST", "/v1/plans", 201, PLAN)
    key = {"name": NAME, "planIds": [plan["id"]]}
    key = admin.call("make a key that stays", "POST", "/v1/keys", 201, key)
    rest, _ = check_demo_apis.apis()
    expect("REST, its first call: 200", rest.call(key["value"]), 200)
    return key["value"]


def check(value):
    emulator_gaps.fill()
    outputs, parameters = stack.outputs(), stack.parameters()
    expect_equal("the stack names the table that there was", outputs["TableName"], parameters["ExistingTableName"])
    for used, api in enumerate(check_demo_apis.apis(), start=2):
        answer = api.call(value)
        expect(f"{api.name}, a key of the first stack: 200", answer, 200)
        expect_equal(f"{api.name}, what is left", answer.body["context"].get("quotaRemaining"), str(QUOTA - used))
    listed = check_admin_operations.Admin().call("list the keys", "GET", "/v1/keys", 200, query="?limit=500")
    expect_equal("the first stack's key is listed", NAME in [key["name"] for key in listed["items"]], True)
    check_other_accounts(outputs["AuthorizerArn"])


def check_other_accounts(authorizer):
    """What the authorizer's own policy lets in; that API Gateway of another account can call it is tried nowhere."""
    policy = json.loads(stack.owner.client("lambda").get_policy(FunctionName=authorizer)["Policy"])
    lets_in = [(one["Action"], one["Principal"], one.get("Condition", {})) for one in policy["Statement"]]
    for account in ACCOUNTS:
        source = {"ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:{stack.REGION}:{account}:*/authorizers/*"}}
        expected = ("lambda:InvokeFunction", {"Service": "apigateway.amazonaws.com"}, source)
        expect_equal(f"APIs of {account} may call the authorizer", expected in lets_in, True)
    condition = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    to_all = [condition for _, principal, condition in lets_in if principal in ["*", {"AWS": "*"}]]
    expect_equal("else only principals of the organization may", to_all, [condition])


def run(step, *value):
    if step == "make":
        # What is tried is told elsewhere; the answer is for the caller alone.
        out, sys.stdout = sys.stdout, sys.stderr
        print(stack.outputs()["TableName"], make(), file=out)
    else:
        check(*value)


if __name__ == "__main__":
    main(run, *sys.argv[1:])
