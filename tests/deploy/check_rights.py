#!/usr/bin/env python3
"""Least privilege: the deployed roles were asked for all that they allow, and for nothing else.

What was asked is what the emulator has written down while the stack was tried, by the role that asked: each function's policy
is held against its own calls. (The reconciler makes every kind of attempt by itself in check_reconciler.py.) Of a stack with the
parameters' own values, whose roles allow less and deny more, see check_defaults.py.
"""

import collections
import fnmatch
import json
import os
import pathlib

from calls import expect_equal, main, report
import identities
import stack

FUNCTIONS = ["AdminRole", "AuthorizerRole", "ReconcilerRole"]
ROLES = ["AdminRole", "ApiGatewayInvokeRole", "AuthorizerRole", "EchoRole", "ReconcilerRole"]

# IAM's limit of a role's own policies together, without blanks, less nine ids of managed APIs in two lists.
POLICIES_AT_MOST = 10_240 - 2 * 9 * 10
CONTROL_PLANE = f"arn:aws:apigateway:{stack.REGION}::"
WEBSOCKETS = "tells where a WebSocket API takes keys from; the stack has no WebSocket API"
NO_API = "a place of ManagedApis that names no API: no path is like it"
TAGS = "AWS asks for it where a plan or key is made with tags; the emulator does not"
LOGS = "Lambda writes a function's logs under its role; the emulator writes them itself"
# What a test forbids for a while, by role: check_store_failure.py.
FORBIDDEN = {"AuthorizerRole": "dynamodb:*"}


def not_seen():
    """What a role allows that this suite does not see asked for: role, action and resource, to the letter, and why it is there."""
    both = {
        ("apigateway:GET", f"{CONTROL_PLANE}/apis/*"): WEBSOCKETS,
        ("apigateway:PUT", f"{CONTROL_PLANE}/tags/*"): TAGS,
    }
    managed = {
        ("apigateway:PATCH", f"{CONTROL_PLANE}/restapis//resources/*/methods/*"): NO_API,
        ("apigateway:POST", f"{CONTROL_PLANE}/restapis//deployments"): NO_API,
    }
    calls = {
        ("lambda:InvokeFunction", stack.outputs()["AuthorizerArn"]): "for APIs that name the role as their authorizer's credentials; the demo APIs do not"
    }
    return {
        "AdminRole": both | managed | logs("AdminLogGroup"),
        "ApiGatewayInvokeRole": calls,
        "AuthorizerRole": logs("AuthorizerLogGroup"),
        "EchoRole": logs("EchoLogGroup"),
        "ReconcilerRole": both | logs("ReconcilerLogGroup"),
    }


def logs(group):
    """Writing to a log group of the stack's, by its ARN with or without the pattern of its streams."""
    name = stack.physical_id(group)
    of_account = f"arn:aws:logs:{stack.REGION}:{identities.ACCOUNT}:log-group:{name}"
    return {(f"logs:{action}", of_account): LOGS for action in ["CreateLogStream", "PutLogEvents"]}


def allowed(role):
    """What the role's policies allow. What one denies is not looked at: it narrows these."""
    iam = stack.owner.client("iam")
    attached = iam.list_attached_role_policies(RoleName=stack.physical_id(role))["AttachedPolicies"]
    expect_equal(f"{role}: no managed policy", attached, [])
    return said(role, "Allow")


def policies(role):
    """The role's own policies."""
    iam = stack.owner.client("iam")
    name = stack.physical_id(role)
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]


def said(role, effect):
    """What the role's own policies allow or deny: actions with patterns of resources."""
    for document in policies(role):
        for statement in document["Statement"]:
            if statement["Effect"] != effect:
                continue
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield action, resource


def listed(one_or_more):
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


def asked():
    """By role: actions with resources, and whether a policy said yes. What a test forbids for a while is left out."""
    seen = collections.defaultdict(set)
    roles = {stack.physical_id(role): role for role in ROLES}
    for line in pathlib.Path(os.environ["ASKED"]).read_text(encoding="utf-8").splitlines():
        principal, action, resource, decision = line.split("\t")
        role = roles.get(principal.split("/")[1] if ":assumed-role/" in principal else "")
        by_a_test = decision == "Deny" and matches(FORBIDDEN.get(role, ""), action)
        if role and not by_a_test:
            seen[role].add((action, resource, decision))
    return seen


def matches(pattern, text):
    return fnmatch.fnmatchcase(text, pattern)


def refused(rights):
    return sorted(f"{decision}: {action} {resource}" for action, resource, decision in rights if decision != "Allow")


def check():
    by_role = asked()
    for function in FUNCTIONS:
        expect_equal(f"{function}: it was asked for something", bool(by_role[function]), True)
    exceptions = not_seen()
    for role in ROLES:
        size = sum(len(json.dumps(document, separators=(",", ":"))) for document in policies(role))
        report(f"{role}: its policies have {size} characters", size <= POLICIES_AT_MOST, POLICIES_AT_MOST, size)
        granted = [(action, resource.removesuffix(":*")) for action, resource in allowed(role)]
        too_much = {
            right
            for right in granted
            if not any(matches(right[0], a) and matches(right[1], r) for a, r, _ in by_role[role])
        }
        seen = {"refused": refused(by_role[role]), "allowed and not asked for": sorted(too_much - set(exceptions[role]))}
        expected = {"refused": [], "allowed and not asked for": []}
        expect_equal(f"{role}: what is asked for is allowed, and nothing else", seen, expected)
        expect_equal(f"{role}: each exception is needed", sorted(set(exceptions[role]) - too_much), [])


if __name__ == "__main__":
    main(check)
