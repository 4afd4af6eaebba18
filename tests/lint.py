#!/usr/bin/env python3
"""clang-format, clang-tidy and clang's thread-safety analysis over the sources.

    lint.py format           every file is as clang-format would write it
    lint.py locks            -Wthread-safety over the sources that name a Mutex, or whose header does,
                             as errors; `all` reads those too that include such a header
    lint.py changed [SECS]   clang-tidy over what changed since the main branch, and its users, for
                             so many seconds of work; says how many files are left to `all`
    lint.py all              all three over everything, two files at once

A source that was found clean is not read again until it, a header it includes, its flags or the
rules change: build/lint holds a stamp for each. Flags come from build/release, without what is g++'s
alone, nor what -Wconversion means to clang alone; without the precompiled headers too, so that a file must include what it uses.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "build" / "release" / "compile_commands.json"
STAMPS = ROOT / "build" / "lint"
MAIN_BRANCHES = ("origin/main", "origin/master", "main", "master")
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.MULTILINE)


def run(*argv):
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def lines_of(*argv):
    return run(*argv).stdout.splitlines()


def tracked():
    """Sources and headers git tracks, or would."""
    return [path for path in lines_of("git", "ls-files", "-co", "--exclude-standard", "*.cpp", "*.hpp")
            if (ROOT / path).is_file()]


@functools.cache
def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def includes_of(path):
    """Our headers that `path` names itself."""
    return [name for name in INCLUDE.findall(text_of(path)) if (ROOT / name).is_file()]


def closure_of(path):
    """`path` and all of our headers it comes to read."""
    found, rest = {path}, [path]
    while rest:
        for name in includes_of(rest.pop()):
            if name not in found:
                found.add(name)
                rest.append(name)
    return found


def commands():
    """Flags for clang of every source that is compiled."""
    if not COMMANDS.is_file():
        sys.exit(f"lint: there is no {COMMANDS}; run cmake --preset release")
    found = {}
    for entry in json.loads(COMMANDS.read_text(encoding="utf-8")):
        path = os.path.relpath(entry["file"], ROOT)
        if path.startswith("build/"):
            continue
        argv = shlex.split(entry["command"])
        while not re.search(r"/(c|g|clang)\+\+[^/]*$", argv[0]):  # the launcher
            del argv[0]
        flags, skip = [], False
        for at, word in enumerate(argv[1:], 1):
            if skip:
                skip = False
            elif word in ("-o", "-c") or (word == "-include" and "cmake_pch" in argv[at + 1]):
                skip = True
            elif not word.startswith(("--param=", "-O", "-g", "-Winvalid-pch")):
                flags.append(word)
        found[path] = flags + ["-fsyntax-only", "-Wthread-safety", "-Wno-sign-conversion"]
    return found


class Check:
    """A way to read a source: gives what is wrong with it, and remembers when that is nothing."""

    def __init__(self, name, argv, rules=""):
        self.name, self.argv = name, argv
        self.rules = rules + run(argv[0], "--version").stdout

    def stamp_of(self, path, flags):
        key = hashlib.sha256(json.dumps([self.name, self.argv, self.rules, flags]).encode())
        for name in sorted(closure_of(path)):
            key.update(name.encode() + b"\0" + text_of(name).encode())
        return STAMPS / f"{path.replace('/', '-')}.{key.hexdigest()[:24]}"

    def is_clean(self, path, flags):
        return self.stamp_of(path, flags).exists()

    def read(self, path, flags):
        """The complaints; none is worth a stamp."""
        done = run(*self.argv, path, *(["--"] if self.argv[0] == "clang-tidy" else []), *flags)
        if done.returncode == 0:
            STAMPS.mkdir(parents=True, exist_ok=True)
            self.stamp_of(path, flags).touch()
            return ""
        return done.stdout + done.stderr


def tidy_check():
    rules = text_of(".clang-tidy") + text_of("tests/.clang-tidy")
    return Check("tidy", ["clang-tidy", "--quiet"], rules)


def locks_check():
    return Check("locks", ["clang++"])


def read_all(check, paths, flags_of, seconds=None, jobs=1):
    """Reads what has no stamp yet; gives how many are not clean, and how many were left."""
    todo = [path for path in paths if not check.is_clean(path, flags_of[path])]
    until = time.monotonic() + seconds if seconds is not None else None
    broken, left = 0, 0

    def one(path):
        if until is not None and time.monotonic() > until:
            return None
        return check.read(path, flags_of[path])

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, complaints in zip(todo, pool.map(one, todo)):
            left += complaints is None
            if complaints:
                broken += 1
                print(f"lint: {path} ({check.name})\n{complaints}", flush=True)
    print(f"lint: {check.name}: {len(paths)} files, {len(todo) - left} read, {broken} not clean"
          + (f", {left} left to tests/run.sh --lint" if left else ""))
    return broken, left


def changed():
    """Files that differ from the main branch, or on it from the commit before, or are new."""
    found = set(lines_of("git", "ls-files", "-mo", "--exclude-standard"))
    found.update(lines_of("git", "diff", "--name-only", "HEAD"))
    head = run("git", "rev-parse", "HEAD").stdout.strip()
    for branch in MAIN_BRANCHES:
        fork = run("git", "merge-base", "HEAD", branch)
        if fork.returncode == 0 and fork.stdout.strip() != head:
            break
    else:
        fork = run("git", "rev-parse", "HEAD~1")
    if fork.returncode == 0:
        found.update(lines_of("git", "diff", "--name-only", fork.stdout.strip(), "HEAD"))
    return found


def of_changed(paths):
    """Those of `paths` that changed, then those that read a header which did."""
    news = changed()
    own = [path for path in paths if path in news]
    return own + [path for path in paths if path not in news and closure_of(path) & news]


def lint_format():
    done = run("clang-format", "--dry-run", "-Werror", *tracked())
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    return done.returncode != 0


def own(path):
    """A source and its header."""
    names = [path, str(pathlib.PurePath(path).with_suffix(".hpp"))]
    return {name for name in names if (ROOT / name).is_file()}


def near(path):
    """A source, its header, and what these include: templates are checked where they are used."""
    return own(path).union(*map(includes_of, own(path))) - {"schemas/mutex.hpp"}


def lint_locks(flags_of, reach, jobs=1):
    """Over the sources of whose `reach` a file names a Mutex."""
    named = [path for path in flags_of
             if any(re.search(r"\bMutex(Lock)?\b", text_of(name)) for name in reach(path))]
    return read_all(locks_check(), sorted(named), flags_of, jobs=jobs)[0] > 0


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else ""
    if what == "format":
        return lint_format()
    if what not in ("locks", "changed", "all"):
        print(__doc__, file=sys.stderr)
        return 2
    flags_of = commands()
    if what == "locks":
        return lint_locks(flags_of, own)
    if what == "changed":
        seconds = float(sys.argv[2]) if len(sys.argv) > 2 else None
        return read_all(tidy_check(), of_changed(sorted(flags_of)), flags_of, seconds)[0] > 0
    is_broken = [lint_format(), lint_locks(flags_of, near, 2),
                 read_all(tidy_check(), sorted(flags_of), flags_of, jobs=2)[0] > 0]
    return any(is_broken)


if __name__ == "__main__":
    sys.exit(int(main()))
