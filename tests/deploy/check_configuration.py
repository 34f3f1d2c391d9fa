"""What the emulator does not carry out, or what gets lost in tools, read back from the deployed configuration."""

from calls import expect_equal
import stack

CORS = {
    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
    "gatewayresponse.header.Access-Control-Expose-Headers": "'Retry-After'",
}
REASON = '"reason":"$context.authorizer.reason"}'
RETRY_AFTER = {"gatewayresponse.header.Retry-After": "context.authorizer.retryAfter"}


def check():
    outputs, parameters = stack.outputs(), stack.parameters()
    check_rest(outputs["DemoRestApiId"], outputs["AuthorizerUri"], parameters["DenyFor"])
    check_native(outputs["DemoNativeApiId"], outputs["AuthorizerUri"])
    check_http(outputs["DemoHttpApiId"], outputs["AuthorizerUri"], parameters["HttpResponse"])
    check_functions(parameters["Architecture"])
    check_table(outputs["TableName"])


def check_rest(api_id, authorizer_uri, deny_for):
    gateway = stack.owner.client("apigateway")
    authorizers = gateway.get_authorizers(restApiId=api_id)["items"]
    seen = [(one["type"], one["authorizerUri"], one["authorizerResultTtlInSeconds"]) for one in authorizers]
    expect_equal("REST: one authorizer, its results kept for 0 s", seen, [("REQUEST", authorizer_uri, 0)])
    denied = {
        "limits": ("429", CORS | RETRY_AFTER, '{"message":"Too Many Requests",' + REASON),
        "all": ("403", CORS | RETRY_AFTER, '{"message":"Forbidden",' + REASON),
    }
    check_gateway_responses("REST", api_id, denied[deny_for])


def check_native(api_id, authorizer_uri):
    gateway = stack.owner.client("apigateway")
    source = gateway.get_rest_api(restApiId=api_id)["apiKeySource"]
    expect_equal("native: keys come from the authorizer", source, "AUTHORIZER")
    names = ["type", "authorizerUri", "identitySource", "authorizerResultTtlInSeconds"]
    seen = [[one[name] for name in names] for one in gateway.get_authorizers(restApiId=api_id)["items"]]
    expected = ["REQUEST", authorizer_uri, "method.request.header.x-api-key", 300]
    expect_equal("native: one authorizer, its results kept for 300 s", seen, [expected])
    resources = gateway.get_resources(restApiId=api_id, embed=["methods"])["items"]
    required = {
        f"{method} {one['path']}": details["apiKeyRequired"]
        for one in resources
        for method, details in one.get("resourceMethods", {}).items()
    }
    expected = {"ANY /{proxy+}": True, "OPTIONS /{proxy+}": False, "ANY /open/{proxy+}": False}
    expect_equal("native: which methods require a key", required, expected)
    check_gateway_responses("native", api_id, ("403", CORS, '{"message":"Forbidden",' + REASON))


def check_gateway_responses(name, api_id, access_denied):
    gateway = stack.owner.client("apigateway")
    responses = {one["responseType"]: one for one in gateway.get_gateway_responses(restApiId=api_id)["items"]}
    expected = {
        "UNAUTHORIZED": ("401", CORS, '{"message":"Unauthorized"}'),
        "ACCESS_DENIED": access_denied,
        "AUTHORIZER_FAILURE": ("503", CORS, '{"message":"Service Unavailable"}'),
        "AUTHORIZER_CONFIGURATION_ERROR": ("503", CORS, '{"message":"Service Unavailable"}'),
    }
    for kind, response in expected.items():
        one = responses[kind]
        seen = (one["statusCode"], one["responseParameters"], one["responseTemplates"]["application/json"])
        expect_equal(f"{name}: gateway response {kind}", seen, response)
    for kind in ["DEFAULT_4XX", "DEFAULT_5XX"]:
        expect_equal(f"{name}: gateway response {kind}", responses[kind]["responseParameters"], CORS)


def check_http(api_id, authorizer_uri, http_response):
    gateway = stack.owner.client("apigatewayv2")
    names = [
        "AuthorizerUri", "AuthorizerPayloadFormatVersion", "AuthorizerResultTtlInSeconds", "EnableSimpleResponses",
        "IdentitySource",
    ]
    seen = [{name: one.get(name) for name in names} for one in gateway.get_authorizers(ApiId=api_id)["Items"]]
    expected = {
        "AuthorizerUri": authorizer_uri,
        "AuthorizerPayloadFormatVersion": "2.0",
        "AuthorizerResultTtlInSeconds": 0,
        "EnableSimpleResponses": http_response == "simple",
        "IdentitySource": ["$request.header.x-api-key"],
    }
    expect_equal("HTTP: one authorizer, its results kept for 0 s", seen, [expected])


def check_functions(architecture):
    for name in ["Authorizer", "Admin", "Reconciler"]:
        function = stack.owner.client("lambda").get_function_configuration(FunctionName=stack.physical_id(name))
        seen = (function["Runtime"], function["Architectures"])
        expect_equal(f"{name}: runtime and architecture", seen, ("provided.al2023", [architecture]))


def check_table(name):
    """MiniStack keeps no more of the template than this; the rest of the table is compared in the store's tests."""
    table = stack.owner.client("dynamodb").describe_table(TableName=name)["Table"]
    indexes = {one["IndexName"]: one["Projection"]["ProjectionType"] for one in table["GlobalSecondaryIndexes"]}
    seen = (table["BillingModeSummary"]["BillingMode"], indexes)
    expect_equal("table: billing and indexes", seen, ("PAY_PER_REQUEST", {"list": "ALL", "owner": "ALL", "pending": "ALL"}))
