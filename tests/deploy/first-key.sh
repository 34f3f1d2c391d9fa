#!/usr/bin/env bash
set -euo pipefail
# Makes a usage plan and a key on it, with curl. Quoted in the README from the next line on.
admin() {  # METHOD PATH [BODY]: the answer, or what is wrong on standard error
  local answer
  answer=$(curl --silent --show-error --fail-with-body --request "$1" "$ADMIN_URL$2" ${3+--data "$3"} \
    --header "Content-Type: application/json" ${AWS_SESSION_TOKEN:+--header "X-Amz-Security-Token: $AWS_SESSION_TOKEN"} \
    --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY") ||
    { echo "$answer" >&2; return 1; }
  echo "$answer"
}

admin PUT /v1/plans/basic '{
  "name": "Basic",
  "throttle": {"rateLimit": 10, "burstLimit": 20},
  "quota": {"limit": 1000, "period": "DAY"},
  "apiStages": [{"apiId": "*", "stage": "*"}]
}' >/dev/null

key=$(admin POST /v1/keys '{"name": "First customer"}')
admin PUT "/v1/plans/basic/keys/$(echo "$key" | jq --raw-output .id)" >/dev/null

echo "$key" | jq --raw-output .value
