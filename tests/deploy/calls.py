"""One HTTP call, what is expected of its answer, and how a check ends."""

import dataclasses
import json
import subprocess
import sys
import urllib.error
import urllib.request

SECONDS = 30


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: object  # JSON where it is JSON, else text


class Unexpected(Exception):
    """Something was not as it must be."""


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


# Without the environment's proxies: everything called here is on this machine.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Unfollowed)


def call(method, url, headers=None, body=None):
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with opener.open(request, timeout=SECONDS) as response:
            return read(response)
    except urllib.error.HTTPError as response:
        return read(response)


def read(response):
    text = response.read().decode()
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)


def expect(what, answer, status, body=None, headers=None):
    """`body` and `headers` name the fields that must be there; others may be, too."""
    wanted = {"status": status, "body": body or {}, "headers": headers or {}}
    fields = answer.body if isinstance(answer.body, dict) else {}
    as_wanted = (
        answer.status == status
        and all(fields.get(name) == value for name, value in wanted["body"].items())
        and all(answer.headers.get(name) == value for name, value in wanted["headers"].items())
    )
    report(what, as_wanted, wanted, dataclasses.asdict(answer))


def expect_equal(what, seen, expected):
    report(what, seen == expected, expected, seen)


def report(what, as_wanted, expected, seen):
    if not as_wanted:
        raise Unexpected(f"{what}\n  expected: {json.dumps(expected)}\n  seen:     {json.dumps(seen, default=str)}")
    print(f"  {what}", flush=True)


def main(check, *arguments):
    """Ends the process: with 1, and what it was, where something is not as it must be."""
    try:
        check(*arguments)
    except (Unexpected, subprocess.SubprocessError, RuntimeError) as problem:
        sys.exit(f"NOT AS EXPECTED: {problem}")
