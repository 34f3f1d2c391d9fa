"""Makes a usage plan and a key on it, with boto3's signer. Quoted in the README from the next line on."""
import json
import os

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

credentials = boto3.Session().get_credentials()


def latchkey(method, path, body=None):
    request = AWSRequest(
        method,
        os.environ["ADMIN_URL"] + path,
        headers={"Content-Type": "application/json"},
        data=None if body is None else json.dumps(body),
    )
    SigV4Auth(credentials, "execute-api", os.environ["AWS_REGION"]).add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    if answer.status_code >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
    return json.loads(answer.text)


latchkey("PUT", "/v1/plans/basic", {
    "name": "Basic",
    "throttle": {"rateLimit": 10, "burstLimit": 20},
    "quota": {"limit": 1000, "period": "DAY"},
    "apiStages": [{"apiId": "*", "stage": "*"}],
})
key = latchkey("POST", "/v1/keys", {"name": "First customer"})
latchkey("PUT", f"/v1/plans/basic/keys/{key['id']}")
print(key["value"])
