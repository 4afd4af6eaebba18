#!/usr/bin/env python3
"""The tests of the scripts in tests/system, for ctest: prints a CMake file of them.

Reads the source and runs nothing of it, since at configure time there is no zbag to test. A method
is a test of its own, named system.FILE.CLASS.METHOD, so that ctest knows it by name and runs two at
once; a class that prepares something for all of its methods (setUpClass), or makes them while it
runs, is one test, system.FILE.CLASS.

    system_tests.py OUT.cmake FILE...      writes the list
    system_tests.py --check FILE...        exit 1 when unittest finds a test that the list lacks
"""
import ast
import importlib
import os
import pathlib
import sys
import unittest

ROOTS = {"TestCase", "SystemTest"}  # what a test class comes from in the end


class Script:
    """The classes of a file, by name, and what they inherit within it."""

    def __init__(self, path):
        self.name = pathlib.PurePath(path).stem
        tree = ast.parse(pathlib.Path(path).read_text(encoding="utf-8"))
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    @staticmethod
    def bases_of(node):
        return [base.attr if isinstance(base, ast.Attribute) else base.id for base in node.bases]

    def ancestry(self, name):
        """The class and those of this file it comes from."""
        if name not in self.classes:
            return []
        found = [self.classes[name]]
        for base in self.bases_of(self.classes[name]):
            found += self.ancestry(base)
        return found

    def is_test(self, name):
        return any(ROOTS.intersection(self.bases_of(node)) for node in self.ancestry(name))

    def functions_of(self, name):
        return sorted({item.name for node in self.ancestry(name) for item in node.body
                       if isinstance(item, ast.FunctionDef)})

    def is_derived_from(self, name):
        return any(name in self.bases_of(node) for node in self.classes.values())

    def selectors(self):
        """What to give unittest, one a test: CLASS.METHOD or CLASS."""
        for name in filter(self.is_test, self.classes):
            functions = self.functions_of(name)
            methods = [function for function in functions if function.startswith("test")]
            if methods and "setUpClass" not in functions:
                yield from (f"{name}.{method}" for method in methods)
            elif methods or not self.is_derived_from(name):
                yield name


def write_list(out, paths):
    lines = ["# Made by tests/system_tests.py.\n"]
    for path in paths:
        script = Script(path)
        lines += [f"zbag_system_test({script.name} {selector})\n" for selector in script.selectors()]
    pathlib.Path(out).write_text("".join(lines), encoding="utf-8")


def ids_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from ids_of(test)
        else:
            yield ".".join(test.id().split(".")[-2:])


def check(paths):
    missing = 0
    for path in paths:
        script = Script(path)
        listed = set(script.selectors())
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        module = importlib.import_module(script.name)
        for found in ids_of(unittest.defaultTestLoader.loadTestsFromModule(module)):
            if found not in listed and found.split(".")[0] not in listed:
                print(f"{path}: ctest does not know {found}")
                missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        sys.exit(check(sys.argv[2:]))
    write_list(sys.argv[1], sys.argv[2:])
