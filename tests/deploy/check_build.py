#!/usr/bin/env python3
"""What `sam build` has made: for the processor that the template will be deployed with, within its size, for the C library
that is there, and without a path of the machine that built it but for Cargo's own.
"""

import os
import pathlib
import re
import sys

from calls import main, report

# ELF's e_machine, two bytes at this offset (System V ABI, "ELF Header").
MACHINE_AT = 18
MACHINES = {"x86_64": b"\x3e\x00", "arm64": b"\xb7\x00"}
MEBIBYTE = 1 << 20
FUNCTIONS = ["Authorizer", "Admin", "Reconciler"]
# The authorizer starts before a caller's eyes: its size is a budget.
LARGEST_MEBIBYTES = {"Authorizer": 6}
# The C library of provided.al2023 (Amazon Linux 2023).
GLIBC = (2, 34)
ROOT = pathlib.Path(__file__).parents[2]
# Cargo's own folder stands in the places of panics. It may be below the checkout.
CARGO = os.fsencode(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")


def version_text(version):
    return ".".join(map(str, version))


def check(built, architecture):
    for function in FUNCTIONS:
        binary = (pathlib.Path(built) / function / "bootstrap").read_bytes()
        machine = binary[MACHINE_AT : MACHINE_AT + 2]
        report(f"{function}: built for {architecture}", machine == MACHINES[architecture], architecture, machine.hex())
        size = len(binary) / MEBIBYTE
        largest = LARGEST_MEBIBYTES.get(function, size)
        report(f"{function}: {size:.2f} MiB", size <= largest, f"at most {largest} MiB", f"{size:.2f} MiB")
        needed = max(tuple(map(int, version.split(b"."))) for version in re.findall(rb"GLIBC_([0-9.]+)", binary))
        report(f"{function}: needs glibc {version_text(needed)}", needed <= GLIBC, version_text(GLIBC), version_text(needed))
        report(f"{function}: no path of the checkout", bytes(ROOT) not in binary.replace(CARGO, b""), "none", str(ROOT))


if __name__ == "__main__":
    main(check, *sys.argv[1:])
