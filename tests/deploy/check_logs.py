"""The functions' logs: each in its own group, kept for the days that were asked for, and without the value of a key."""

from calls import expect_equal
import stack

FUNCTIONS = ["authorizer", "admin", "reconciler", "echo"]


def check(values):
    logs = stack.owner.client("logs")
    days = int(stack.parameters()["LogRetentionDays"])
    for function in FUNCTIONS:
        name = f"/aws/lambda/{stack.NAME}/{function}"
        groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        seen = [(one["logGroupName"], one.get("retentionInDays")) for one in groups]
        expect_equal(f"logs of {function}", seen, [(name, days)])
        lines = [
            event["message"]
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            for event in page["events"]
        ]
        expect_equal(f"logs of {function}: there are some", bool(lines), True)
        leaks = [line for line in lines if any(value in line for value in values)]
        expect_equal(f"logs of {function}: no key value", leaks, [])
