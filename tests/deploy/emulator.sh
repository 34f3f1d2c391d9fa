# MiniStack on this machine, and an environment that can reach no other AWS. Sourced by `run`.

export SAM_CLI_TELEMETRY=0
# Everything that the tools write outside of their own caches goes with $work.
export TMPDIR=$work/tmp STATE_DIR=$work/state S3_DATA_DIR=$work/s3 __SAM_CLI_APP_DIR=$work/sam
mkdir "$TMPDIR"

leave_real_accounts_alone() {
  local name
  for name in $(compgen -A export AWS_); do unset "$name"; done
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
  # Not the emulator's own default, so that a Region written out somewhere is noticed.
  export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
  export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
}

# In a process group of its own, which the functions' processes join. `AUTH` makes it check signatures, and what each
# role may do; `BIND_HOST` and the two switched-off listeners keep it on the loopback interface.
start_ministack() {
  local port deadline
  port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  export AWS_ENDPOINT_URL=http://127.0.0.1:$port
  env GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 AUTH=true \
    AWS_ENDPOINT_URL_DYNAMODB="$AWS_ENDPOINT_URL" \
    setsid "$root/.venv-ministack/bin/python" "$here/emulator.py" >"$work/ministack.log" 2>&1 &
  ministack_pid=$!
  deadline=$((SECONDS + 60))
  until curl --silent --fail --noproxy '*' --max-time 2 --output /dev/null "$AWS_ENDPOINT_URL/_ministack/ready"; do
    if ! kill -0 "$ministack_pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
      echo "MiniStack did not start within 60 s" >&2
      exit 1
    fi
    sleep 0.2
  done
}

stop_ministack() {
  [ -n "$ministack_pid" ] || return 0
  local deadline=$((SECONDS + 10))
  kill -TERM -- "-$ministack_pid" 2>/dev/null || return 0
  while kill -0 -- "-$ministack_pid" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.2; done
  kill -KILL -- "-$ministack_pid" 2>/dev/null || true
  wait "$ministack_pid" 2>/dev/null || true
}
