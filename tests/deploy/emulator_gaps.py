"""Where MiniStack differs from AWS, beside what emulator.py puts in its place.

Lost between a template and the API that it serves, and put back here from the template: the CORS configuration of an
HTTP API, and where a REST API takes keys from.

Not to be had, so not tried here:
- `usageIdentifierKey`: an API whose keys come from the authorizer is asked for the caller's `x-api-key` all the same, so
  a call with a key that has an internal twin is 403 there (check_counted_by_twin.py).
- GetUsage and UpdateUsage; an authorizer's context in the body of a gateway response.
- Rates of the control plane, and the time that a change takes there until calls see it: everything holds at once, methods
  without a deployment.
"""

import pathlib

import yaml

from deployments import Template
import stack

TEMPLATE = pathlib.Path(__file__).parents[2] / "template.yaml"


def fill():
    resources = yaml.load(TEMPLATE.read_text(), Loader=Template)["Resources"]
    outputs = stack.outputs()
    # Kept under CloudFormation's names, looked up under API Gateway's.
    cors = resources["DemoHttpApi"]["Properties"]["CorsConfiguration"]
    stack.owner.client("apigatewayv2").update_api(ApiId=outputs["DemoHttpApiId"], CorsConfiguration=cors)
    # Carried out only where a stack is updated.
    source = resources["DemoNativeApi"]["Properties"]["ApiKeySourceType"]
    patch = {"op": "replace", "path": "/apiKeySource", "value": source}
    stack.owner.client("apigateway").update_rest_api(restApiId=outputs["DemoNativeApiId"], patchOperations=[patch])
