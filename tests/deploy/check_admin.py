"""The admin API behind AWS_IAM: who may call it, and the first key, made by the very lines of the README."""

import contextlib
import datetime
import io
import os
import pathlib
import runpy
import subprocess

from calls import call, expect, expect_equal
import identities
import stack

HERE = pathlib.Path(__file__).parent
SECONDS = 60


def check():
    """Returns a signed caller of the admin API and the values of the keys that the README's lines have made."""
    outputs = stack.outputs()
    url = stack.on_emulator(outputs["AdminUrl"])
    manager = identities.session("key-manager", allowed_on=outputs["AdminInvokeArn"])
    stranger = identities.session("stranger")

    expect("admin API, not signed: 403", call("GET", url + "/health"), 403)
    refused(url, manager | {"AWS_SECRET_ACCESS_KEY": "wrong"}, "wrong secret")
    refused(url, manager | {"AWS_SESSION_TOKEN": "wrong"}, "wrong session token")
    refused(url, stranger, "not allowed by IAM")

    value_by_curl = run_first_key_sh(environment(url, manager)).stdout.strip()
    os.environ.update(environment(url, manager))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        example = runpy.run_path(str(HERE / "first_key.py"))
    value_by_boto3 = printed.getvalue().strip()
    expect_equal("first key by curl --aws-sigv4 and by boto3: two values", len({value_by_curl, value_by_boto3, ""}), 3)

    latchkey = example["latchkey"]
    latchkey("GET", "/health")
    return latchkey, [value_by_curl, value_by_boto3]


def environment(url, credentials):
    return {**os.environ, **credentials, "ADMIN_URL": url, "AWS_REGION": stack.REGION}


def run_first_key_sh(variables, check=True):
    return subprocess.run(
        [HERE / "first-key.sh"], env=variables, check=check, timeout=SECONDS, stdout=subprocess.PIPE, text=True,
        stderr=None if check else subprocess.PIPE,
    )


def refused(url, credentials, why):
    ended = run_first_key_sh(environment(url, credentials), check=False)
    expect_equal(f"admin API, {why}: 403", "error: 403" in ended.stderr and not ended.stdout, True)


def plan(latchkey, name, **rest):
    return latchkey("POST", "/v1/plans", {"name": name, "apiStages": [{"apiId": "*", "stage": "*"}], **rest})["id"]


def key(latchkey, name, plan_id, **rest):
    return latchkey("POST", "/v1/keys", {"name": name, "planIds": [plan_id], **rest})


def seconds_from_now(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
