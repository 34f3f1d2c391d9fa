# What the suites that run tools print. Sourced by them, with a folder for logs in $work.

step() { printf '\n== %s\n' "$*"; }

# quietly NAME COMMAND...: the output is shown only when the command fails.
quietly() {
  local log=$work/$1.log status=0
  shift
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 60 "$log" >&2
    echo "FAILED with status $status: $*" >&2
    exit "$status"
  fi
}
