#!/usr/bin/env python3
"""Counts the cases of a meson test log: prints "passed NAME", "failed NAME" or "skipped NAME (why)", one line a case.

    scripts/results.py build/meson-logs/testlog.json [LABEL]

A cmocka program reports each of its cases; every other program is one case. A program that ends badly although none
of its cases failed (a crash, a sanitizer's report, a time-out) adds a failed case of its own.
"""
import json
import re
import sys

# "[       OK ] name" and so on; the totals that cmocka prints at the end ("[  PASSED  ] 3 test(s).") are no cases.
CASE = re.compile(r"^\[ *(OK|FAILED|SKIPPED) *\] (?!\d+ test\(s\))(\S+)", re.MULTILINE)
WORDS = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}
SKIP_STATUS = 77


def cmocka_cases(output):
    """The outcome of each case; the list of failed cases at the end repeats names that are known by then."""
    cases = {}
    for outcome, name in CASE.findall(output):
        cases[name] = WORDS[outcome]
    return cases


def last_line(output):
    lines = output.strip().splitlines()
    return f" ({lines[-1]})" if lines else ""


def report(test, label):
    name = test["name"].rpartition(" / ")[2] + label
    output = test.get("stdout", "") + "\n" + test.get("stderr", "")
    cases = cmocka_cases(output)
    for case, outcome in cases.items():
        print(f"{outcome} {name}: {case}")
    status = test.get("returncode", 1)
    if status == SKIP_STATUS or test["result"] == "SKIP":
        if not cases:
            print(f"skipped {name}{last_line(output)}")
    elif test["result"] not in ("OK", "EXPECTEDFAIL"):
        if "failed" not in cases.values():
            print(f"failed {name} ({test['result'].lower()}, status {status})")
    elif not cases:
        print(f"passed {name}")


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    label = f" {sys.argv[2]}" if len(sys.argv) == 3 else ""
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            report(json.loads(line), label)


if __name__ == "__main__":
    main()
