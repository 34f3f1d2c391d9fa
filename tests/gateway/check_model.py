"""Makes every request of requests.json anew from AWS's own service models, and compares.

The Rust test `requests` keeps the file true to what Latchkey sends. For GetUsage and
UpdateUsage, which no emulator has, this is the only check.
"""

import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.awsrequest import prepare_request_dict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

REQUESTS = Path(__file__).parents[2] / "shared/gateway/tests/requests.json"
# What the command line asks of services with a JSON protocol; its test `aws_requests` keeps the file true.
OF_THE_COMMAND = Path(__file__).parents[2] / "cli/tests/dev/aws-requests.json"
# Operations that must be among them, or the file does not check what it is there for.
REQUIRED = {"GetUsage", "UpdateUsage", "CreateApiKey", "UpdateUsagePlan", "GetApi"}
# Of API Gateway's second API; all others are of the first, which has some of the same names.
OF_THE_SECOND = {"GetApi"}


def service(name):
    """A service's model, and what makes requests by it."""
    model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
    return model, create_serializer(model.metadata["protocol"], include_validation=True)


def expected(model, serializer, operation, parameters):
    """Method, path, query and body by the model; parameters that it does not know are errors."""
    request = serializer.serialize_to_request(parameters, model.operation_model(operation))
    prepare_request_dict(request, "https://apigateway.invalid")
    url = urlsplit(request["url"])
    return {
        "method": request["method"],
        "path": unquote(url.path),
        "query": sorted(parse_qsl(url.query, keep_blank_values=True)),
        "body": body(request["body"]),
    }


def sent(request):
    return {
        "method": request["method"],
        "path": unquote(request["path"]),
        "query": sorted(parse_qsl(request["query"], keep_blank_values=True)),
        "body": request["body"],
    }


def body(content):
    if not content:
        return None
    text = content.decode() if isinstance(content, bytes) else content
    try:
        return json.loads(text)
    except ValueError:
        return text


def check_the_command_s():
    requests = json.loads(OF_THE_COMMAND.read_text())
    differences = 0
    for request in requests:
        _, operation = request["target"].split(".")
        model, serializer = service(request["service"])
        made = serializer.serialize_to_request(request["body"], model.operation_model(operation))
        target = made["headers"]["X-Amz-Target"]
        if target != request["target"] or body(made["body"]) != request["body"]:
            differences += 1
            print(f"{request}\n    AWS's model makes {target} {body(made['body'])}")
    if differences or not requests:
        sys.exit(1)
    print(f"{len(requests)} requests of the command line are as AWS's models make them")


def main():
    first, second = service("apigateway"), service("apigatewayv2")
    requests = json.loads(REQUESTS.read_text())
    differences = 0
    for request in requests:
        operation = request["operation"]
        model, serializer = second if operation in OF_THE_SECOND else first
        wanted = expected(model, serializer, operation, request["parameters"])
        if sent(request) != wanted:
            differences += 1
            print(f"{operation}: sent {sent(request)}\n    AWS's model makes {wanted}")
    missing = REQUIRED - {request["operation"] for request in requests}
    if missing:
        print(f"not among the requests: {', '.join(sorted(missing))}")
    if differences or missing:
        sys.exit(1)
    operations = {request["operation"] for request in requests}
    print(f"{len(requests)} requests of {len(operations)} operations are as AWS's models make them")
    check_the_command_s()


main()
