"""The usual authorizer in Python: the key by its hash, its plan, and its use counted by one
conditional update. boto3 as its guide says; AWS's own runtime client (awslambdaric) calls the
handler. The client is made once, and a read at start opens its connection."""

import hashlib
import os
from datetime import datetime, timezone

import boto3

TABLE = os.environ["TABLE_NAME"]
dynamodb = boto3.client("dynamodb")


def get(pk):
    return dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": pk}}).get("Item")


get("warm")


def count(pk, quota):
    """Whether the use was counted: it is not where the quota is used up."""
    try:
        dynamodb.update_item(
            TableName=TABLE,
            Key={"pk": {"S": pk}},
            UpdateExpression="ADD used :one",
            ConditionExpression="attribute_not_exists(used) OR used < :quota",
            ExpressionAttributeValues={":one": {"N": "1"}, ":quota": {"N": quota}},
        )
        return True
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False


def admits(value):
    digest = hashlib.sha256(value.encode()).hexdigest()
    key = get(f"key#{digest}")
    if key is None or not key["enabled"]["BOOL"]:
        return False
    plan = get(f"plan#{key['plan']['S']}")
    if plan is None:
        return False
    month = datetime.now(timezone.utc).strftime("%Y-%m")
    return count(f"use#{digest}#{month}", plan["quota"]["N"])


def handler(event, context):
    value = event["headers"].get("x-api-key")
    admitted = value is not None and admits(value)
    return {
        "principalId": "caller",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if admitted else "Deny",
                    "Resource": event["routeArn"],
                }
            ],
        },
    }
