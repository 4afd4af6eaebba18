#!/usr/bin/env python3
"""The last lines of tests/run.sh: which tests were skipped and why, and how many passed.

    summary.py build/PRESET/tests.xml...      reports of ctest --output-junit, one a preset

Exit 1 when a test failed, or when one was skipped in CI although the recordings are there: a proof
must not vanish in silence. A preset may skip what ALLOWED names for it.
"""
import os
import pathlib
import re
import sys
import xml.etree.ElementTree

# What a preset cannot prove, by the names of ctest, and why. Nothing else may be skipped in CI.
ALLOWED = {
    "release": set(),
    # The shadow memory of sanitizers counts as data.
    "dev": {"system.memory_test.LateTest", "system.memory_test.SteppedClockTest"},
    "tsan": {"system.memory_test.LateTest", "system.memory_test.SteppedClockTest"},
}

# Where GoogleTest, unittest and a script say why.
REASONS = (r"^.*: Skipped\n(.+)$", r"^SKIPPED \S+: (.+)$", r"\.\.\. skipped ['\"](.+)['\"]$", r"^skipped: (.+)$")


def reason_of(output):
    for pattern in REASONS:
        found = re.search(pattern, output, re.MULTILINE)
        if found:
            return found.group(1)
    return "it does not say why"


def main():
    must_prove = (os.environ.get("CI") == "true"
                  and os.path.isdir(os.environ.get("ZBAG_TEST_DATA", "")))
    passed, failed, skipped, refused = 0, 0, 0, 0
    for path in map(pathlib.Path, sys.argv[1:]):
        preset = path.parent.name
        cases = xml.etree.ElementTree.parse(path).getroot().findall("testcase")
        for case in cases:
            name = case.get("name")
            if case.get("status") == "run":
                passed += 1
            elif case.find("skipped") is not None:
                skipped += 1
                is_refused = must_prove and name not in ALLOWED.get(preset, ())
                refused += is_refused
                print(f"{'refused to skip' if is_refused else 'skipped'}: {name} ({preset}): "
                      + reason_of(case.findtext("system-out") or ""))
            else:
                failed += 1
                print(f"failed: {name} ({preset})")
        if not cases:
            failed += 1
            print(f"failed: there is no test in {path}")
    print(f"{passed} passed, {failed + refused} failed, {skipped - refused} skipped")
    return 1 if failed or refused else 0


if __name__ == "__main__":
    sys.exit(main())
