"""The deployed stack: its parameters and outputs, and its addresses on the emulator."""

import datetime
import os
import urllib.parse

import boto3

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ["AWS_REGION"]
NAME = os.environ["STACK_NAME"]

# The emulator's root. Explicit, because the environment will hold the credentials of one who may only manage keys.
owner = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)


def described():
    return owner.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]


def parameters():
    return {item["ParameterKey"]: item["ParameterValue"] for item in described()["Parameters"]}


def outputs():
    return {item["OutputKey"]: item["OutputValue"] for item in described()["Outputs"]}


def physical_id(logical_id):
    resource = owner.client("cloudformation").describe_stack_resource(StackName=NAME, LogicalResourceId=logical_id)
    return resource["StackResourceDetail"]["PhysicalResourceId"]


def let_time_pass():
    """As if a usage plan had been changed, and API Gateway been compared with the table, long ago: AWS allows one change
    in 20 s, and the comparison is made every DRIFT_SCAN_SECONDS.
    """
    dynamodb = owner.client("dynamodb")
    try:
        dynamodb.update_item(
            TableName=outputs()["TableName"],
            Key={"pk": {"S": "RECONCILER"}, "sk": {"S": "LOCK"}},
            UpdateExpression="REMOVE planChangedAt, scannedAt",
            ConditionExpression="attribute_exists(pk)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        pass  # Neither has happened yet.


def pending(sort_key=""):
    """What waits for an attempt at API Gateway: the items, or those of one sort key."""
    found = owner.client("dynamodb").query(
        TableName=outputs()["TableName"],
        IndexName="pending",
        KeyConditionExpression="pendingPk = :pending",
        ExpressionAttributeValues={":pending": {"S": "PENDING"}},
    )
    return [item for item in found["Items"] if sort_key in ("", item["sk"]["S"])]


def end_waits():
    """As if each pending change of API Gateway had waited for its next attempt, which is the later the more have failed."""
    dynamodb, table = owner.client("dynamodb"), outputs()["TableName"]
    # Not earlier: a flush that is due before the last one is none.
    now = datetime.datetime.now(datetime.timezone.utc)
    # Whoever claims an attempt compares the text, and writes none with a zero at its end.
    now = now.replace(microsecond=now.microsecond | 1)
    nanoseconds = int(now.timestamp()) * 10**9 + now.microsecond * 1000
    text = f"{now:%Y-%m-%dT%H:%M:%S.%f}Z"
    for item in pending():
        seen = item["pendingSk"]["S"]
        due = f"{nanoseconds:019}#{seen.split('#', 1)[1]}"
        if due >= seen:
            continue
        try:
            dynamodb.update_item(
                TableName=table,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET due = :now, pendingSk = :due",
                ConditionExpression="pendingSk = :seen",
                ExpressionAttributeValues={":now": {"S": text}, ":due": {"S": due}, ":seen": {"S": seen}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            pass  # Somebody was faster.


def on_emulator(url):
    """`https://ID.execute-api.REGION.amazonaws.com/STAGE`, as the emulator serves it on this machine."""
    address = urllib.parse.urlsplit(url)
    return f"{ENDPOINT}/_aws/execute-api/{address.hostname.split('.')[0]}{address.path}"
