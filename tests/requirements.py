#!/usr/bin/env python3
"""Holds tests/requirements.tsv against ctest's own list of tests, and README's table against it.

    requirements.py --build build/release    checks both; one line a fault
    requirements.py --write                  puts the table into README.md
    requirements.py --table                  prints it

A line of the file is a requirement: its id, `proven`, `built` or `absent`, the tests whose
assertions prove it (or a part, of what is built), and a note of what is there or missing. Tests are
named `Suite.Test` (all instances, of one with parameters) and `file_test.Class.test_method`. Whoever
proves a requirement moves its line.
"""

import argparse
import ast
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = os.path.join(HERE, "requirements.tsv")
README = os.path.join(os.path.dirname(HERE), "README.md")
BEGIN, END = "<!-- made by tests/requirements.py --write -->\n", "<!-- end -->\n"
STATES = ("proven", "built", "absent")

# What the document is made of: section, first and last number, what they ask for.
GROUPS = (("S0", 1, 6, "names, fields, values"), ("S0", 7, 10, "stamps"),
          ("S0", 11, 19, "merging, buffering, flush"),
          ("S0", 20, 24, "reading by time and by index"), ("S0", 25, 31, "export formats, columns"),
          ("S0", 32, 44, "field patterns, migration, their tests and documents"),
          ("S0", 45, 47, "slices, floor, lists, topics"),
          ("S1", 1, 20, "inherited stamps (`_ts` = -1)"),
          ("S1", 21, 22, "arrival, sequence and loss; frames of several tracks"),
          ("S2", 1, 12, "recorder protocol, other backends, batch export"),
          ("S2", 13, 20, "settings of recording and buffers"),
          ("S2", 21, 25, "HDF5, SQLite and null recorders"),
          ("S2", 26, 28, "environment, change of backend, overhead"),
          ("S2", 29, 36, "write-behind, flush, failed writes, folders, overflow"),
          ("S2", 37, 45, "steps, episodes, metrics, conversion"),
          ("S2", 46, 54, "backends of others, fallback, threads"),
          ("S2", 55, 60, "flattening, batches, clean-up, parts"),
          ("S2", 61, 66, "self-description, runs, compression"),
          ("S3", 1, 26, "timing storage"), ("S4", 1, 9, "TAMS: sources, flows, segments, cache"),
          ("S4", 10, 21, "queries, soft delete, tables"), ("S4", 22, 34, "analytics"),
          ("S4", 35, 45, "endpoints, inserting in batches"),
          ("S4", 46, 60, "stress, users, deployment, benchmarks, retention"))
IDS = [f"{section}.{n}" for section, first, last, _ in GROUPS for n in range(first, last + 1)]


class Requirement:
    """A line of the file."""

    def __init__(self, line):
        self.id, self.state, tests, self.note = (line.split("\t") + [""] * 3)[:4]
        self.tests = tests.replace(",", " ").split()


def read_rows():
    with open(ROWS, encoding="utf-8") as file:
        return [Requirement(line) for line in file.read().splitlines()[1:]]


def table(rows):
    """README's, one line a group of requirements."""
    states = {row.id: row.state for row in rows}
    lines = ["| requirements | what | proven | built | absent |", "| --- | --- | --: | --: | --: |"]

    def line(ids, what, of):
        counts = [sum(1 for one in of if states.get(one) == state) for state in STATES]
        return f"| {ids} | {what} | " + " | ".join(str(n) if n else "–" for n in counts) + " |"
    for section, first, last, what in GROUPS:
        of = [f"{section}.{n}" for n in range(first, last + 1)]
        lines.append(line(f"{of[0]}–{of[-1]}", what, of))
    return "\n".join([*lines, line(f"all {len(IDS)}", "", IDS)]) + "\n"


def readme_parts():
    """README before, between and behind the marks."""
    with open(README, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    old, _, after = rest.partition(END)
    return before, old, after


def methods_of(script):
    """`Class.method` of every test of a script, those of a class it derives from as its own."""
    with open(script, encoding="utf-8") as file:
        classes = {node.name: node for node in ast.parse(file.read()).body
                   if isinstance(node, ast.ClassDef)}

    def names(node):
        bases = [classes[base.id] for base in node.bases
                 if isinstance(base, ast.Name) and base.id in classes]
        own = {item.name for item in node.body if isinstance(item, ast.FunctionDef)
               and item.name.startswith("test")}
        return own.union(*map(names, bases))
    return {f"{name}.{method}" for name, node in classes.items() for method in names(node)}


def tests_of(build):
    """What ctest would run: `Suite.Test` of programs and `file_test.Class.method` of scripts."""
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                           capture_output=True, check=True).stdout
    names = [test["name"] for test in json.loads(shown)["tests"]]
    for name in names:
        if name.endswith("_NOT_BUILT"):
            sys.exit(f"requirements: ctest says {name}: build all tests first")
    known = set()
    for name in names:
        if not name.startswith("system."):
            # Instances of a test with parameters: Prefix/Suite.Test/0.
            known.update(re.findall(r"^(?:\w+/)?(\w+\.\w+)(?:$|/)", name))
            continue
        file, *parts = name.removeprefix("system.").split(".")
        file = file.removesuffix("_test") + "_test"
        for one in methods_of(os.path.join(HERE, "system", file + ".py")):
            if one.split(".")[:len(parts)] == parts:
                known.add(f"{file}.{one}")
    return known


def faults(rows, known):
    """What is wrong, a line each."""
    found = [row.id for row in rows]
    if found != IDS:
        wrong = sorted({*IDS} ^ {*found}) or [one for one in found if found.count(one) > 1] or "order"
        yield f"each id stands once, in order: {wrong}"
    for row in rows:
        if row.state not in STATES:
            yield f"{row.id}: {row.state} is none of {', '.join(STATES)}"
        if row.state == "proven" and not row.tests:
            yield f"{row.id} is proven by no test"
        if row.state == "absent" and row.tests:
            yield f"{row.id} is absent and has tests"
        if row.state == "built" and not row.note:
            yield f"{row.id}: what is there of it, and what is missing?"
        for test in row.tests:
            if test not in known:
                yield f"{row.id}: ctest knows no {test}"
    if readme_parts()[1] != table(rows):
        yield "README.md: its table is not that of the file; run tests/requirements.py --write"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", metavar="DIR", help="where ctest lists the tests")
    parser.add_argument("--table", action="store_true", help="prints README's table")
    parser.add_argument("--write", action="store_true", help="puts it into README.md")
    arguments = parser.parse_args()
    rows = read_rows()
    if arguments.table:
        print(table(rows), end="")
    if arguments.write:
        before, _, after = readme_parts()
        with open(README, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + table(rows) + END + after)
    if arguments.build is None:
        return
    wrong = list(faults(rows, tests_of(arguments.build)))
    for fault in wrong:
        print(f"requirements: {fault}", file=sys.stderr)
    print(f"requirements: {len(rows)} rows, {len(wrong)} faults")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
