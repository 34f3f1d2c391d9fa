#!/usr/bin/env python3
"""Runs the README's own lines against `latchkey dev`, started as the README says.

A block marked `<!-- ci: start -->` is the command that serves; those marked `<!-- ci: run -->`
run in one shell, in their order; a block marked `<!-- ci: output -->` is what the one before
must have printed, where `…` stands for anything.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = 3000
BASE = f"http://127.0.0.1:{PORT}"
START_SECONDS = 900
RUN_SECONDS = 120
BLOCK = re.compile(r"<!-- ci: (start|run|output) -->\n```\w*\n(.*?)\n```", re.S)
MARK = "@@ end of block @@"


def main():
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    starts = [text for kind, text in blocks if kind == "start"]
    steps = []
    for kind, text in blocks:
        if kind == "run":
            steps.append([text, None])
        elif kind == "output":
            steps[-1][1] = text
    if len(starts) != 1 or len(steps) < 3:
        sys.exit(f"README.md has {len(starts)} blocks to start and {len(steps)} to run")
    refuse_taken_port()
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            ["bash", "-c", "exec " + starts[0]], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_it_answers(server)
            failures = check(steps)
        except BaseException:
            log.seek(0)
            sys.stderr.buffer.write(log.read())
            raise
        finally:
            stop(server)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"README.md: {len(steps)} blocks run, {len(failures)} not as written")
    sys.exit(1 if failures else 0)


def refuse_taken_port():
    """What answers there would be taken for the server that is started here."""
    with socket.socket() as listener:
        # As the server does: connections of one before that are still closing are not in the way.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", PORT))
        except OSError as error:
            sys.exit(f"port {PORT} is taken, and the README's lines need it: end what uses it ({error.strerror})")


def wait_until_it_answers(server):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"{BASE}/admin/health", timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"no answer from {BASE} within {START_SECONDS} s")


def check(steps):
    script = "set -uo pipefail\n" + "".join(f"{text}\nprintf '\\n%s\\n' '{MARK}'\n" for text, _ in steps)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    shell = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=RUN_SECONDS, env=environment, cwd=ROOT
    )
    printed = shell.stdout.split(f"\n{MARK}\n")
    failures = []
    if len(printed) != len(steps) + 1 or shell.stderr:
        failures.append(f"the shell ended with {shell.returncode} after {len(printed) - 1} blocks: {shell.stderr}")
    for (text, expected), seen in zip(steps, printed):
        if expected is not None and not re.fullmatch(pattern(expected), seen.strip(), re.S):
            failures.append(f"ran:\n{text}\nexpected:\n{expected}\nseen:\n{seen.strip()}\n")
    return failures


def pattern(expected):
    return ".*?".join(re.escape(part) for part in expected.strip().split("…"))


def stop(server):
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


main()
