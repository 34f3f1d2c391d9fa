#!/usr/bin/env python3
"""Tries a deployed stack with its demo APIs, from the first key to each refusal. Stops at the first surprise."""

from calls import main
import check_admin
import check_admin_operations
import check_adoption
import check_configuration
import check_counted_by_twin
import check_demo_apis
import check_doctor
import check_header_keys
import check_logs
import check_reconciler
import check_store_failure
import emulator_gaps


def check():
    emulator_gaps.fill()
    check_configuration.check()
    latchkey, first_values = check_admin.check()
    check_doctor.check()
    admin = check_admin_operations.Admin()
    values = check_header_keys.check(admin)
    values += check_counted_by_twin.check(admin)
    values += check_adoption.check(admin)
    check_reconciler.check(admin)
    values.append(check_admin_operations.check(admin))
    check_demo_apis.check(latchkey, first_values)
    check_store_failure.check(first_values[0])
    check_logs.check([*first_values, *values])


if __name__ == "__main__":
    main(check)
