#!/usr/bin/env python3
"""What `sam build` has made: for the processor that the template will be deployed with, and within its size."""

import pathlib
import sys

from calls import Unexpected, report

# ELF's e_machine, two bytes at this offset (System V ABI, "ELF Header").
MACHINE_AT = 18
MACHINES = {"x86_64": b"\x3e\x00", "arm64": b"\xb7\x00"}
MEBIBYTE = 1 << 20
FUNCTIONS = ["Authorizer", "Admin", "Reconciler"]
# The authorizer starts before a caller's eyes: its size is a budget.
LARGEST_MEBIBYTES = {"Authorizer": 6}


def main(built, architecture):
    try:
        for function in FUNCTIONS:
            binary = (pathlib.Path(built) / function / "bootstrap").read_bytes()
            machine = binary[MACHINE_AT : MACHINE_AT + 2]
            report(f"{function}: built for {architecture}", machine == MACHINES[architecture], architecture, machine.hex())
            size = len(binary) / MEBIBYTE
            largest = LARGEST_MEBIBYTES.get(function, size)
            report(f"{function}: {size:.2f} MiB", size <= largest, f"at most {largest} MiB", f"{size:.2f} MiB")
    except Unexpected as problem:
        print(f"NOT AS EXPECTED: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
