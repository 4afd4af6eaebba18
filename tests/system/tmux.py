"""A whole terminal for a zbag: tmux draws what it writes, breaks lines, scrolls, changes its size.

A second implementation beside terminal.py, which knows a few sequences and reads byte by byte.
"""

import itertools
import os
import shlex
import subprocess
import unicodedata

import harness


NUMBERS = itertools.count()


def columns_of(text):
    """Columns that text takes, by Unicode's own table (UAX 11)."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Tmux:
    """zbag with all its streams on a terminal of `columns` times `rows`."""

    def __init__(self, space, *arguments, columns=80, rows=24, variables=(), shell=False):
        """`shell`: a bash instead, into which one types."""
        # A server that ends may still have its socket when the next one begins.
        self.socket = space.path(f"tmux-{next(NUMBERS)}")
        config = space.path("tmux.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("set -g status off\nset -g default-terminal screen-256color\n")
        self.exit_code = space.path("exit_code")
        # The screen stays when zbag has ended. A shell that ignored ^C would have zbag ignore it.
        script = 'trap : INT; "$@"; echo $? > "$0"; exec sleep 1000'
        words = ["sh", "-c", script, self.exit_code, "env", *variables, harness.binary(),
                 *map(str, arguments)]
        if shell:
            words = ["bash", "--norc", "--noprofile"]
        self.env = {**space.env, "LC_ALL": "C.UTF-8"}
        self.folder = space.folder
        self.call("-f", config, "new-session", "-d", "-x", columns, "-y", rows,
                  shlex.join(words))

    def call(self, *arguments):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *map(str, arguments)], env=self.env,
                              cwd=self.folder, capture_output=True, check=False,
                              timeout=harness.DEADLINE)
        if done.returncode != 0:
            raise AssertionError(f"tmux {arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def lines(self, *options):
        """What the screen shows, without empty lines at its end."""
        return self.call("capture-pane", "-p", *options).rstrip("\n").split("\n")

    def press(self, *keys):
        self.call("send-keys", *keys)

    def resize(self, columns, rows):
        self.call("resize-window", "-x", columns, "-y", rows)

    def ask(self, what):
        return self.call("display-message", "-p", "#{%s}" % what).strip()

    def history(self):
        """Lines that have left the screen at its upper end."""
        return int(self.ask("history_size"))

    def await_screen(self, find):
        """The first true answer of `find(lines)`."""
        last = []

        def look():
            last[:] = self.lines()
            return find(last)
        try:
            return harness.wait_until(look, "a screen")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n" + "\n".join(last)) from None

    def wait(self):
        """The exit code, once it has ended."""
        def read():
            if not os.path.exists(self.exit_code):
                return ""
            with open(self.exit_code, encoding="ascii") as file:
                return file.read()
        return int(harness.wait_until(read, "its end"))

    def close(self):
        if os.path.exists(self.exit_code):
            os.unlink(self.exit_code)
        if os.path.exists(self.socket):
            subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.env,
                           capture_output=True, check=False, timeout=harness.DEADLINE)
