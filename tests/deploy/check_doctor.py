"""`latchkey doctor` against the deployed stack: nothing is wrong, and what is then broken is found."""

import json
import os
import pathlib
import subprocess

from calls import Unexpected, expect_equal
import stack

ROOT = pathlib.Path(__file__).parents[2]


def check():
    keep_what_the_template_says()
    expect_equal("doctor: a stack as the template makes it", look(), (0, [], []))
    outputs = stack.outputs()
    with_a_ttl(outputs["DemoHttpApiId"])
    with_an_old_deployment(outputs["DemoRestApiId"])
    without_a_permission(outputs["DemoRestApiId"], outputs["AuthorizerArn"])
    without_recovery(outputs["TableName"])
    expect_equal("doctor: all of it mended", look(), (0, [], []))


def look():
    """The exit status, the findings as (check, resource) and what could not be looked at."""
    options = ["--stack", stack.NAME, "--output", "json"]
    command = ["cargo", "run", "--quiet", "-p", "latchkey", "--", "doctor", *options]
    # The account's owner, whoever the environment's credentials are of.
    environment = os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment.pop("AWS_SESSION_TOKEN", None)
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if not ran.stdout:
        raise Unexpected(f"doctor: no report, exit status {ran.returncode}: {ran.stderr}")
    report = json.loads(ran.stdout)
    findings = [(one["check"], one["resource"].split(" (")[0]) for one in report["findings"]]
    return ran.returncode, findings, report["notLookedAt"]


def keep_what_the_template_says():
    """MiniStack makes tables without it."""
    dynamodb, name = stack.owner.client("dynamodb"), stack.outputs()["TableName"]
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
    set_recovery(name, True)
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl["TimeToLiveStatus"] != "ENABLED":
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
        )


def with_a_ttl(api_id):
    """Of the HTTP API: of a REST API MiniStack keeps a patched number as text, which AWS's SDKs do not read."""
    gateway = stack.owner.client("apigatewayv2")
    authorizer = gateway.get_authorizers(ApiId=api_id)["Items"][0]["AuthorizerId"]

    def set_ttl(seconds):
        gateway.update_authorizer(ApiId=api_id, AuthorizerId=authorizer, AuthorizerResultTtlInSeconds=seconds)

    set_ttl(300)
    expect_equal("doctor: results that are kept for 300 s", look(), (1, [("authorizers", f"API {api_id}")], []))
    set_ttl(0)


def with_an_old_deployment(api_id):
    """A gateway response is right in the API's definition, and wrong in what its stages serve."""
    gateway = stack.owner.client("apigateway")
    response = {"restApiId": api_id, "responseType": "ACCESS_DENIED"}
    right = gateway.get_gateway_response(**response)
    right = {name: right[name] for name in ["statusCode", "responseParameters", "responseTemplates"]}
    stages = [one["stageName"] for one in gateway.get_stages(restApiId=api_id)["item"]]

    def deploy():
        for stage in stages:
            gateway.create_deployment(restApiId=api_id, stageName=stage)

    gateway.put_gateway_response(**response, **right | {"statusCode": "418"})
    deploy()
    gateway.put_gateway_response(**response, **right)
    found = [("gateway-responses", f"API {api_id}")] * len(stages)
    expect_equal("doctor: a stage that serves what the API was before", look(), (1, found, []))
    deploy()


def without_a_permission(api_id, function):
    functions = stack.owner.client("lambda")
    statements = json.loads(functions.get_policy(FunctionName=function)["Policy"])["Statement"]
    [own] = [one for one in statements if api_id in json.dumps(one["Condition"])]
    functions.remove_permission(FunctionName=function, StatementId=own["Sid"])
    expect_equal("doctor: an API that may not call", look(), (1, [("permissions", f"API {api_id}")], []))
    functions.add_permission(
        FunctionName=function,
        StatementId=own["Sid"],
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=next(iter(own["Condition"].values()))["AWS:SourceArn"],
    )


def without_recovery(table):
    set_recovery(table, False)
    expect_equal("doctor: a table without recovery", look(), (1, [("table", f"table {table}")], []))
    set_recovery(table, True)


def set_recovery(table, enabled):
    stack.owner.client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
    )
