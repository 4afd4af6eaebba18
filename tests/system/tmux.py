"""A whole terminal for a zbag: tmux draws what it writes, breaks lines, scrolls, changes its size.

A second implementation beside terminal.py, which knows a few sequences and reads byte by byte.
"""

import os
import shlex
import subprocess
import unicodedata

import harness


def columns_of(text):
    """Columns that text takes, by Unicode's own table (UAX 11)."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Tmux:
    """zbag with all its streams on a terminal of `columns` times `rows`."""

    def __init__(self, space, *arguments, columns=80, rows=24, variables=()):
        self.socket = space.path("tmux")
        config = space.path("tmux.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("set -g remain-on-exit on\nset -g status off\n"
                       "set -g default-terminal screen-256color\n")
        words = ["exec", "env", *variables, harness.binary(), *map(str, arguments)]
        self.env = {**space.env, "LC_ALL": "C.UTF-8"}
        self.folder = space.folder
        self.call("-f", config, "new-session", "-d", "-x", columns, "-y", rows,
                  " ".join(words[:2] + [shlex.quote(word) for word in words[2:]]))

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
        harness.wait_until(lambda: self.ask("pane_dead") == "1", "its end")
        return int(self.ask("pane_dead_status"))

    def close(self):
        if os.path.exists(self.socket):
            subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.env,
                           capture_output=True, check=False, timeout=harness.DEADLINE)
