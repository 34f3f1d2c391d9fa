"""The two demo APIs, as their callers see them."""

import dataclasses
import time

from calls import call, expect, expect_equal
import check_admin
import stack

ORIGIN = "https://app.example.com"
CORS = {"access-control-allow-origin": "*"}
CORS_REFUSAL = CORS | {"access-control-expose-headers": "Retry-After"}
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
MADE_UP = {
    "made up": "made-up-by-somebody-else-0123456789",
    "generated form, wrong check": "lk_live_" + "0" * 54,
}
UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
TOO_MANY_REQUESTS = (429, {"message": "Too Many Requests"})
EXPIRES_IN_SECONDS = 8
QUOTA = 3


@dataclasses.dataclass
class Api:
    name: str
    url: str
    refusal_headers: dict
    no_key: tuple
    unknown: tuple  # made-up keys
    known: tuple  # a key that there is, but disabled or expired
    used_up: tuple

    def call(self, value=None, method="GET", path="/orders/17"):
        headers = {"Origin": ORIGIN} | ({"x-api-key": value} if value else {})
        return call(method, self.url + path, headers)

    def expect_refusal(self, what, answer, refusal):
        status, body = refusal
        expect(f"{self.name}, {what}: {status}", answer, status, body, self.refusal_headers)


def apis():
    outputs = stack.outputs()
    all_reasons = stack.parameters()["DenyFor"] == "all"
    return [
        Api(
            "REST", stack.on_emulator(outputs["DemoRestUrl"]), CORS_REFUSAL, UNAUTHORIZED, UNAUTHORIZED,
            known=FORBIDDEN if all_reasons else UNAUTHORIZED,
            used_up=FORBIDDEN if all_reasons else TOO_MANY_REQUESTS,
        ),
        # The emulator puts an HTTP API's CORS headers on what the backend answers only.
        Api("HTTP", stack.on_emulator(outputs["DemoHttpUrl"]), {}, UNAUTHORIZED, FORBIDDEN, FORBIDDEN, FORBIDDEN),
    ]


def check(latchkey, first_values):
    both = apis()
    unlimited = check_admin.plan(latchkey, "Unlimited")
    expiring = check_admin.key(
        latchkey, "Expiring", unlimited, expiresAt=check_admin.seconds_from_now(EXPIRES_IN_SECONDS)
    )
    expires_at = time.monotonic() + EXPIRES_IN_SECONDS
    for api in both:
        expect(f"{api.name}, before the key expires: 200", api.call(expiring["value"]), 200)

    for api in both:
        check_open(api)
        check_unknown(api)
        for value in first_values:
            expect(f"{api.name}, key made by the README's lines: 200", api.call(value), 200)
    check_allowed(both, latchkey, unlimited)
    check_disabled(both, latchkey, unlimited)
    check_quota(both, latchkey)

    time.sleep(max(0, expires_at - time.monotonic()) + 1)
    for api in both:
        api.expect_refusal("expired key", api.call(expiring["value"]), api.known)


def check_open(api):
    answer = api.call(path="/open/status")
    expect(f"{api.name}, open route without a key: 200", answer, 200, {"path": "/open/status"}, CORS)
    answer = call("OPTIONS", api.url + "/orders/17", PREFLIGHT)
    expect(f"{api.name}, preflight without a key: 204", answer, 204, headers=CORS)
    for header, word in [("access-control-allow-headers", "x-api-key"), ("access-control-allow-methods", "post")]:
        words = [item.strip() for item in answer.headers.get(header, "").lower().split(",")]
        expect_equal(f"{api.name}, preflight: {header} holds {word}", word in words, True)


def check_unknown(api):
    api.expect_refusal("no key", api.call(), api.no_key)
    for what, value in MADE_UP.items():
        api.expect_refusal(f"key {what}", api.call(value), api.unknown)


def check_allowed(both, latchkey, plan_id):
    key = check_admin.key(latchkey, "Allowed", plan_id)
    for api in both:
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"]:
            answer = api.call(key["value"], method)
            expect(f"{api.name}, {method} with a key: 200", answer, 200, {"method": method, "path": "/orders/17"}, CORS)
            context = {name: answer.body["context"].get(name) for name in ["keyId", "keyName", "planId"]}
            expected = {"keyId": key["id"], "keyName": "Allowed", "planId": plan_id}
            expect_equal(f"{api.name}, {method}: context at the backend", context, expected)
        expect(f"{api.name}, HEAD with a key: 200", api.call(key["value"], "HEAD"), 200)
        text = str(api.call(key["value"]).body)
        expect_equal(f"{api.name}: no key value at the backend", key["value"] in text, False)

    rest, http = both
    bearer = {"Authorization": "bearer " + key["value"]}
    expect("REST, Bearer key: 200", call("GET", rest.url + "/orders/17", bearer), 200)
    # Its identity source is x-api-key alone: without it API Gateway does not ask the authorizer.
    expect("HTTP, Bearer key alone: 401", call("GET", http.url + "/orders/17", bearer), *UNAUTHORIZED)


def check_disabled(both, latchkey, plan_id):
    key = check_admin.key(latchkey, "Disabled", plan_id)
    for api in both:
        expect(f"{api.name}, before the key is disabled: 200", api.call(key["value"]), 200)
    latchkey("PATCH", f"/v1/keys/{key['id']}", {"enabled": False})
    for api in both:
        api.expect_refusal("disabled key", api.call(key["value"]), api.known)


def check_quota(both, latchkey):
    """One quota for both APIs: the plan covers them all."""
    plan_id = check_admin.plan(latchkey, "Small", quota={"limit": QUOTA, "period": "DAY"})
    key = check_admin.key(latchkey, "Small", plan_id)
    for used in range(1, QUOTA + 1):
        api = both[used % 2]
        answer = api.call(key["value"])
        expect(f"{api.name}, call {used} of {QUOTA}: 200", answer, 200)
        expect_equal(f"{api.name}, what is left", answer.body["context"].get("quotaRemaining"), str(QUOTA - used))
    for api in both:
        api.expect_refusal("quota used up", api.call(key["value"]), api.used_up)
