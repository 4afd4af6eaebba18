#!/usr/bin/env python3
"""The packages of tests/requirements.txt, in an environment of their own in ~/.cache/zbag.

    python_packages.py      makes it where it is missing, in about a minute; else says nothing

Exit 1 where the packages cannot be had: tests that need one are skipped and say why (load()).
"""

import fcntl
import hashlib
import importlib
import os
import pathlib
import subprocess
import sys
import unittest
import venv

REQUIREMENTS = pathlib.Path(__file__).resolve().parent.parent / "requirements.txt"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "zbag"
# Another Python, or another line in the file, is another folder.
KEY = hashlib.sha256(sys.version.encode() + REQUIREMENTS.read_bytes()).hexdigest()[:12]
FOLDER = CACHE / f"python-{KEY}"
WHOLE = FOLDER / "whole"        # is there when every package is
REASON = CACHE / f"python-{KEY}.failed"
PACKAGES = FOLDER / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"


def load(name):
    """The package or module of that name. Skips the test where the packages could not be had."""
    if not WHOLE.exists():
        reason = REASON.read_text() if REASON.exists() else "tests/run.sh has not brought them"
        raise unittest.SkipTest(f"no packages of tests/requirements.txt: {reason}")
    if str(PACKAGES) not in sys.path:
        sys.path.insert(0, str(PACKAGES))
    return importlib.import_module(name)


def make():
    """All of it or, with a reason that is written down, nothing that load() would take."""
    print(f"run: fetching the Python packages of tests/requirements.txt (300 MB) to {FOLDER}",
          flush=True)
    try:
        venv.create(FOLDER, clear=True, with_pip=True)
        subprocess.run([FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input",
                        "--disable-pip-version-check", "--no-cache-dir", "--retries", "1",
                        "--only-binary", ":all:", "--requirement", REQUIREMENTS],
                       check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        REASON.write_text(said.splitlines()[-1])
        sys.exit(f"{said}\nrun: without these packages the tests that need them are skipped")
    REASON.unlink(missing_ok=True)
    WHOLE.touch()


def main():
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"python-{KEY}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs side by side make it once
        if not WHOLE.exists():
            make()


if __name__ == "__main__":
    main()
