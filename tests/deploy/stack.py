"""The deployed stack: its parameters and outputs, and its addresses on the emulator."""

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


def on_emulator(url):
    """`https://ID.execute-api.REGION.amazonaws.com/STAGE`, as the emulator serves it on this machine."""
    address = urllib.parse.urlsplit(url)
    return f"{ENDPOINT}/_aws/execute-api/{address.hostname.split('.')[0]}{address.path}"
