"""How much time this machine took away from a process, and how long its disk took.

    stall_meter.py FOLDER PID

Prints one line every few milliseconds until it is killed: the time (monotonic), seconds lost since
the line before, and seconds the disk took to make a file in FOLDER grow durably, as a bag does (where
others write much, the file system's journal lets that wait, but not what is written over). Lost is
what this process overslept (the host gave it no time), and what the threads of PID stood in the
kernel's queue for a core (proc(5), schedstat). A test of a bound in real time adds what it finds here
to the promise, and nothing else. In a process of its own: the interpreter's lock would be part of it.
"""

import os
import subprocess
import sys
import time

if __name__ != "__main__":  # to measure takes nothing but the standard library
    import harness

SLEEP = 0.004


def seconds_in_queue(pid):
    """Of all threads of the process, since each began."""
    waited = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                waited += int(file.read().split()[1])
    except OSError:  # it has ended, or one of them has
        return 0.0
    return waited / 1e9


def measure(folder, pid):
    disk = os.open(os.path.join(folder, "stalls"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    queued = seconds_in_queue(pid)
    while True:
        due = time.monotonic() + SLEEP
        time.sleep(SLEEP)
        woken = time.monotonic()
        os.write(disk, b"x" * 8192)
        os.fdatasync(disk)
        synced = time.monotonic()
        now_queued = seconds_in_queue(pid)
        lost = woken - due + max(0.0, now_queued - queued)
        queued = now_queued
        print(f"{time.monotonic()} {lost} {synced - woken}", flush=True)


class StallMeter:
    """For a test: measures from when this is made to close()."""

    def __init__(self, test, pid):
        folder = test.space.folder
        self._path = os.path.join(folder, "stalls.txt")
        with open(self._path, "wb") as out:
            self._process = subprocess.Popen([sys.executable, "-S", "-E", __file__, folder, str(pid)],
                                             stdout=out)
        test.addCleanup(self._end)
        self._await_line_of(0.0)

    def _lines(self):
        with open(self._path, encoding="ascii") as file:  # the last line may be under way
            return [tuple(map(float, line.split())) for line in file if line.endswith("\n")]

    def _await_line_of(self, moment):
        def is_there():
            lines = self._lines()
            return lines and lines[-1][0] >= moment
        harness.wait_until(is_there, "the stall meter")

    def close(self):
        self._await_line_of(time.monotonic())
        self._end()

    def _end(self):
        self._process.kill()
        self._process.wait()

    def found(self, begin, end):
        """Seconds lost from `begin` to `end`, and the longest the disk took meanwhile."""
        lines = self._lines()
        last = min(line[0] for line in lines if line[0] >= end)
        within = [line for line in lines if begin <= line[0] <= last]
        return sum(line[1] for line in within), max(line[2] for line in within)


if __name__ == "__main__":
    measure(sys.argv[1], sys.argv[2])
