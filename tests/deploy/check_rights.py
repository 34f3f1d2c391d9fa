#!/usr/bin/env python3
"""Least privilege: the deployed roles were asked for all that they allow, and for nothing else.

What was asked is what the emulator has written down while the stack was tried, by the role that asked: each function's policy
is held against its own calls. (The reconciler makes every kind of attempt by itself in check_reconciler.py.)
"""

import collections
import fnmatch
import os
import pathlib

from calls import expect_equal, main
import stack

ROLES = ["AdminRole", "ApiGatewayInvokeRole", "AuthorizerRole", "EchoRole", "ReconcilerRole"]

# What roles allow that this suite does not see asked for, action and resource with wildcards, and why it is there.
NOT_SEEN = {
    "apigateway:GET *::/apis/*": "tells where a WebSocket API takes keys from; the stack has no WebSocket API",
    "apigateway:PATCH *::/restapis//resources/*/methods/*": "a place of ManagedApis that names no API: no path is like it",
    "apigateway:POST *::/restapis//deployments": "the same",
    "apigateway:PUT *::/tags/*": "AWS asks for it where a plan or key is made with tags; the emulator does not",
    "logs:CreateLogStream *": "Lambda writes a function's logs under its role; the emulator writes them itself",
    "logs:PutLogEvents *": "the same",
    "lambda:InvokeFunction *": "for APIs that name the role as their authorizer's credentials; the demo APIs do not",
}


def allowed(role):
    """What the role's policies allow: actions with patterns of resources. What one denies is not looked at: it narrows these."""
    iam = stack.owner.client("iam")
    name = stack.physical_id(role)
    expect_equal(f"{role}: no managed policy", iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], [])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            if statement["Effect"] == "Deny":
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
        if role and decision != "Deny":
            seen[role].add((action, resource, decision))
    return seen


def matches(pattern, text):
    return fnmatch.fnmatchcase(text, pattern)


def check():
    by_role = asked()
    for function in ["AdminRole", "AuthorizerRole", "ReconcilerRole"]:
        expect_equal(f"{function}: it was asked for something", bool(by_role[function]), True)
    unused = set(NOT_SEEN)
    for role in ROLES:
        refused = sorted(f"{action} {resource}" for action, resource, decision in by_role[role] if decision != "Allow")
        too_much = []
        for action, pattern in allowed(role):
            if any(matches(action, a) and matches(pattern, r) for a, r, _ in by_role[role]):
                continue
            reasons = {reason for reason in NOT_SEEN if matches(reason, f"{action} {pattern}")}
            unused -= reasons
            if not reasons:
                too_much.append(f"{action} {pattern}")
        seen = {"refused": refused, "allowed and not asked for": sorted(too_much)}
        expected = {"refused": [], "allowed and not asked for": []}
        expect_equal(f"{role}: what is asked for is allowed, and nothing else", seen, expected)
    expect_equal("each exception is needed", sorted(unused), [])


if __name__ == "__main__":
    main(check)
