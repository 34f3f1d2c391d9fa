"""The store gives no answer: calls are refused as a fault of the server, and pass again as soon as it answers."""

from calls import expect
import check_demo_apis
import identities
import stack


def check(value):
    iam = stack.owner.client("iam")
    role = stack.physical_id("AuthorizerRole")
    rest, http = check_demo_apis.apis()
    policy = identities.statement("Deny", "dynamodb:*", Resource="*")
    iam.put_role_policy(RoleName=role, PolicyName="no-store", PolicyDocument=policy)
    try:
        unavailable = {"message": "Service Unavailable"}
        expect("REST, no store: 503", rest.call(value), 503, unavailable, check_demo_apis.CORS_REFUSAL)
        expect("HTTP, no store: 500", http.call(value), 500, {"message": "Internal Server Error"})
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="no-store")
    for api in [rest, http]:
        expect(f"{api.name}, store back: 200", api.call(value), 200)
