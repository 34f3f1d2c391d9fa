#!/usr/bin/env python3
"""A REST API of somebody else's, as it comes from their stack: nothing is deployed yet.

Run before the stack is deployed, it makes one that requires no keys, and prints the id that the stack is told
(`ManagedApis`).
"""

import boto3

PATH = "orders"


def make(gateway, key_required=False):
    api = gateway.create_rest_api(name="orders", apiKeySource="HEADER", endpointConfiguration={"types": ["REGIONAL"]})
    orders = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart=PATH)
    method = {"restApiId": api["id"], "resourceId": orders["id"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE", apiKeyRequired=key_required)
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": '{"ok": true}'})
    return api["id"]


if __name__ == "__main__":
    print(make(boto3.client("apigateway")))
