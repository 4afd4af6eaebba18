"""A pseudo terminal for a zbag to write to and read keys from, and what its screen shows."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import harness

XOFF, XON = b"\x13", b"\x11"  # what ctrl-S and ctrl-Q send: a terminal stops, and goes on
WRITE = {"x86_64": 1, "aarch64": 64}  # the system call's number


class Screen:
    """The lines a terminal shows after some output; columns behind the edge are not thought of."""

    def __init__(self, output):
        self.rows = [[]]
        self._row = self._column = 0
        for piece in re.findall(r"\x1b\[\d*[AJKm]|.", output.decode("utf-8", "ignore"), re.DOTALL):
            self._take(piece)

    def _take(self, piece):
        row = self.rows[self._row]
        if piece == "\r":
            self._column = 0
        elif piece == "\n":
            self._row += 1
            if self._row == len(self.rows):
                self.rows.append([])
        elif piece == "\x1b[K":
            del row[self._column:]
        elif piece == "\x1b[J":
            del row[self._column:], self.rows[self._row + 1:]
        elif re.fullmatch(r"\x1b\[\d*m", piece):
            pass  # a colour
        elif piece.startswith("\x1b["):
            self._row = max(0, self._row - int(piece[2:-1]))
        elif piece == "\x1b":
            raise AssertionError(f"a sequence this screen does not know: {self.rows}")
        else:
            row.extend(" " * (self._column - len(row)))
            row[self._column:self._column + 1] = piece
            self._column += 1

    @property
    def lines(self):
        """The last one is where the next program writes: it must be empty."""
        return ["".join(row) for row in self.rows]


def output_of(space, columns, *arguments, rows=24, code=harness.DONE):
    """What a zbag prints on a terminal of that size, without colours, to its end."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen([harness.binary(), *arguments], env={**space.env, "NO_COLOR": "1"},
                          stdout=slave, stdin=subprocess.DEVNULL) as popen:
        os.close(slave)
        text = b""
        while True:
            try:
                news = os.read(master, 65536)
            except OSError:
                break
            text += news
        if popen.wait(harness.DEADLINE) != code:
            raise AssertionError(f"zbag {arguments}: exit code {popen.returncode}")
    os.close(master)
    return text.decode().replace("\r\n", "\n")


class Terminal:
    """A zbag whose stderr is a terminal; `has_keys`: its stdin too, so that keys can be pressed;
    `is_stdout`: its stdout alone."""

    def __init__(self, space, *arguments, is_stopped=False, has_keys=False,
                 is_stdout=False):
        self.master, slave = pty.openpty()
        self.output = b""
        if is_stopped:
            os.write(self.master, XOFF)

        def take_terminal():
            """Keys reach only whoever is in the foreground of the terminal of its session."""
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.popen = subprocess.Popen([harness.binary(), *map(str, arguments)], env=space.env,
                                      cwd=space.folder,
                                      stdout=slave if is_stdout else subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL if is_stdout else slave,
                                      stdin=slave if has_keys else subprocess.DEVNULL,
                                      preexec_fn=take_terminal if has_keys else None)
        os.close(slave)

    def await_writer(self):
        """Until zbag waits for the stopped terminal to take a bar."""
        waiting = f"{WRITE[os.uname().machine]} 0x2 "

        def is_waiting():
            with open(f"/proc/{self.popen.pid}/syscall", encoding="ascii") as file:
                return file.read().startswith(waiting)
        harness.wait_until(is_waiting, "a bar")

    def go_on(self):
        os.write(self.master, XON)

    def press(self, key):
        os.write(self.master, key)

    def hang_up(self):
        os.close(self.master)
        self.master = None

    def read(self):
        """What comes next; nothing when nobody writes any more."""
        try:
            news = os.read(self.master, 4096)
        except OSError:
            news = b""
        self.output += news
        return news

    def await_screen(self, find):
        """The first true answer of `find(lines)` for what the screen shows."""
        limit = time.monotonic() + harness.DEADLINE
        while True:
            answer = find(Screen(self.output).lines)
            if answer:
                return answer
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0] or not self.read():
                raise AssertionError("not on the screen: " + "\n".join(Screen(self.output).lines))

    def wait(self):
        """Reads to the end; returns the exit code."""
        while self.read():
            pass
        return self.popen.wait(harness.DEADLINE)

    def stop(self, number):
        """Asks it to stop; returns the exit code."""
        self.popen.send_signal(number)
        return self.wait()

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        if self.master is not None:
            os.close(self.master)
