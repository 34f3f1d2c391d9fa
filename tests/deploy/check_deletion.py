#!/usr/bin/env python3
"""Deletes the stack: its APIs and functions go, the table with the keys stays."""

from calls import expect_equal, main
import stack


def check():
    table = stack.outputs()["TableName"]
    cloudformation = stack.owner.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.NAME)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=stack.NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    status = stack.owner.client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"]
    expect_equal("the table outlives the stack", status, "ACTIVE")
    apis = stack.owner.client("apigateway").get_rest_apis()["items"]
    expect_equal("no REST API is left", apis, [])


if __name__ == "__main__":
    main(check)
