"""What MiniStack loses between a template and the API that it serves. Each is put back from the template."""

import pathlib

import yaml

from deployments import Template
import stack

TEMPLATE = pathlib.Path(__file__).parents[2] / "template.yaml"


def fill():
    """The CORS configuration of an HTTP API: kept under CloudFormation's names, looked up under API Gateway's."""
    resources = yaml.load(TEMPLATE.read_text(), Loader=Template)["Resources"]
    cors = resources["DemoHttpApi"]["Properties"]["CorsConfiguration"]
    stack.owner.client("apigatewayv2").update_api(ApiId=stack.outputs()["DemoHttpApiId"], CorsConfiguration=cors)
