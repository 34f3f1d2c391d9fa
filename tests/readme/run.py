#!/usr/bin/env python3
"""Runs the lines of the README and of pages of docs/, in their order, as a reader would.

Blocks marked `<!-- ci: run -->` run in one shell. One marked `<!-- ci: start URL -->` is a command that
serves: it is started beside them, and the next block waits until the URL answers; a later one with the
same URL takes its place. A block marked `<!-- ci: output -->` is what the one before must have printed,
where `…` stands for anything.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "docs/admin-api.md", "docs/command-line.md", "docs/as-code.md"]
# A first build is part of it.
START_SECONDS = 900
RUN_SECONDS = 1800
BLOCK = re.compile(r"<!-- ci: (start|run|output)(?: (\S+))? -->\n```\w*\n(.*?)\n```", re.S)
# What `latchkey keys create` says beside the value: no complaint.
TOLD = re.compile(r"^The value of key_\w+ is on standard output, this once: only its hash is kept\.\n", re.M)
MARK = "@@ end of block @@"

# start NAME URL COMMAND: serves in a process group of its own, in place of what serves there.
SHELL = """
set -uo pipefail
start() {
  stop "$1"
  setsid bash -c "$3" >"$LOGS/$1.log" 2>&1 &
  echo $! >"$LOGS/$1.pid"
  local deadline=$((SECONDS + START_SECONDS))
  until curl --silent --fail --max-time 2 --output /dev/null "$2"; do
    if ! kill -0 "$(cat "$LOGS/$1.pid")" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
      echo "no answer from $2: $(tail -n 20 "$LOGS/$1.log")" >&2
      exit 1
    fi
    sleep 0.2
  done
}
stop() {
  [ -e "$LOGS/$1.pid" ] || return 0
  kill -TERM -- "-$(cat "$LOGS/$1.pid")" 2>/dev/null
  for _ in $(seq 100); do
    kill -0 -- "-$(cat "$LOGS/$1.pid")" 2>/dev/null || break
    sleep 0.1
  done
  rm "$LOGS/$1.pid"
}
"""


def main():
    blocks = [block for name in DOCUMENTS for block in BLOCK.findall((ROOT / name).read_text())]
    script, expected, ports = [SHELL], [], set()
    for kind, url, text in blocks:
        if kind == "start":
            port = urllib.parse.urlsplit(url).port
            ports.add(port)
            script.append(f"start {port} {url} {quoted(text)}\n")
        elif kind == "run":
            script.append(f"{text}\nprintf '\\n%s\\n' '{MARK}'\n")
            expected.append((text, None))
        else:
            expected[-1] = (expected[-1][0], text)
    if len(ports) < 2 or len(expected) < 3:
        sys.exit(f"README.md has servers on {len(ports)} ports and {len(expected)} blocks to run")
    for port in sorted(ports):
        refuse_taken_port(port)
    with tempfile.TemporaryDirectory() as logs:
        try:
            failures = check("".join(script), expected, logs)
        finally:
            stop(pathlib.Path(logs))
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{' and '.join(DOCUMENTS)}: {len(expected)} blocks run, {len(failures)} not as written")
    sys.exit(1 if failures else 0)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def refuse_taken_port(port):
    """What answers there would be taken for the server that is started here."""
    with socket.socket() as listener:
        # As the server does: connections of one before that are still closing are not in the way.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"port {port} is taken, and the README's lines need it: end what uses it ({error.strerror})")


def check(script, expected, logs):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "LOGS": logs,
        "START_SECONDS": str(START_SECONDS),
        # No account of the machine's is reached by mistake.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    shell = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=RUN_SECONDS, env=environment, cwd=ROOT
    )
    printed = shell.stdout.split(f"\n{MARK}\n")
    failures = []
    complaints = TOLD.sub("", shell.stderr)
    if len(printed) != len(expected) + 1 or complaints:
        failures.append(f"the shell ended with {shell.returncode} after {len(printed) - 1} blocks: {complaints}")
    for (text, wanted), seen in zip(expected, printed):
        if wanted is not None and not re.fullmatch(pattern(wanted), seen.strip(), re.S):
            failures.append(f"ran:\n{text}\nexpected:\n{wanted}\nseen:\n{seen.strip()}\n")
    return failures


def pattern(expected):
    return ".*?".join(re.escape(part) for part in expected.strip().split("…"))


def stop(logs):
    for pid in logs.glob("*.pid"):
        try:
            os.killpg(int(pid.read_text()), signal.SIGTERM)
        except ProcessLookupError:
            pass


main()
