#!/usr/bin/env bash
# Makes a usage plan and a key on it, with curl. Quoted in the README from the next line on.
set -euo pipefail

latchkey() {
  curl --silent --show-error --fail-with-body \
    --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    --header "X-Amz-Security-Token: ${AWS_SESSION_TOKEN:-}" --header "Content-Type: application/json" \
    --request "$1" "$ADMIN_URL$2" ${3+--data "$3"}
}

plan=$(latchkey POST /v1/plans '{
  "name": "Basic",
  "throttle": {"rateLimit": 10, "burstLimit": 20},
  "quota": {"limit": 1000, "period": "DAY"},
  "apiStages": [{"apiId": "*", "stage": "*"}]
}' | jq --raw-output .id)

key=$(latchkey POST /v1/keys '{"name": "First customer"}')
latchkey PUT "/v1/plans/$plan/keys/$(echo "$key" | jq --raw-output .id)" >/dev/null

echo "$key" | jq --raw-output .value
