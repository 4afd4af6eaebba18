"""What the system tests share: processes of zbag in a folder of their own, and strangers.

Nothing here sleeps to prove a thing: every wait is for a line, a frame or an exit, with a deadline.
"""

import ctypes
import json
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import msgpack
import zmq

DEADLINE = 60.0  # seconds; sanitizer builds are five to ten times slower than a release build
PORTS = ("--publish-to", "tcp://127.0.0.1:*", "--subscribe-to", "tcp://127.0.0.1:*")
READY = re.compile(r"^ready publish-to=(\S+) subscribe-to=(\S+)$")

DONE, FAILED, USAGE, LOSSY, DAMAGED = range(5)  # exit codes of cli.md
SKIPPED = 77

# Set by the launcher of the tests, not meant as an option of the command.
KEPT_VARIABLES = ("ZBAG_BIN", "ZBAG_SOURCE", "ZBAG_TEST_DATA")


def source_folder():
    """The repository."""
    here = os.path.dirname(os.path.abspath(__file__))
    return os.path.dirname(os.path.dirname(here))


def binary():
    """The command under test."""
    path = os.environ.get("ZBAG_BIN", "")
    return path or os.path.join(source_folder(), "build", "release", "zbag")


def is_sanitized():
    """Whether the command is a sanitizer build: bounds on time mean little there."""
    with open(binary(), "rb") as file:
        data = file.read()
    return b"__asan_init" in data or b"__tsan_init" in data


def data_folder():
    """Where the real recordings lie; None when they are not on this machine."""
    path = os.environ.get("ZBAG_TEST_DATA", "")
    path = path or os.path.join(source_folder(), "..", "shared", "data")
    return os.path.abspath(path) if os.path.isdir(path) else None


def recording_path(name):
    """The neutral recording of a set. A test that asks for one that is not here is skipped, and no
    other: it says which."""
    folder = data_folder()
    path = os.path.join(folder or "ZBAG_TEST_DATA", name, name + ".jsonl.xz")
    if not os.path.exists(path):
        raise unittest.SkipTest(f"no recording {name}: {path}")
    return path


def without_privilege():
    """What starts a program that the modes of files bind, which they do not bind the superuser."""
    return () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def wait_until(condition, what, deadline=DEADLINE):
    """The first true answer of `condition`; fails loudly when there is none in time."""
    limit = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > limit:
            raise AssertionError(f"waited {deadline:.0f} s in vain for {what}")
        time.sleep(0.01)


class Process:
    """A running zbag. Its stderr is read all the time; its stdout too, or it goes to a file."""

    def __init__(self, argv, env, folder, stdout_path=None):
        self.argv = argv
        self.was_killed = False
        self.lines = []       # of stderr
        self.out_lines = []   # of stdout, when it is not a file
        self._news = threading.Condition()
        self._out = open(stdout_path, "wb") if stdout_path else None
        self.popen = subprocess.Popen(argv, env=env, cwd=folder, stdin=subprocess.DEVNULL,
                                      stdout=self._out or subprocess.PIPE,
                                      stderr=subprocess.PIPE)
        self._readers = [self._follow(self.popen.stderr, self.lines)]
        if self._out is None:
            self._readers.append(self._follow(self.popen.stdout, self.out_lines))

    def _follow(self, stream, lines):
        def read():
            for raw in stream:
                with self._news:
                    lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                    self._news.notify_all()
            stream.close()
            with self._news:
                self._news.notify_all()
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def wait_for_line(self, pattern, where=None, start=0, deadline=DEADLINE):
        """The match of the first line (of stderr, or `where`) from `start` on."""
        wanted = re.compile(pattern)
        lines = self.lines if where is None else where
        limit = time.monotonic() + deadline
        at = start
        with self._news:
            while True:
                while at < len(lines):
                    match = wanted.search(lines[at])
                    if match:
                        return match
                    at += 1
                reads_on = any(reader.is_alive() for reader in self._readers)
                over = self.popen.poll() is not None and not reads_on
                if over or time.monotonic() > limit:
                    raise AssertionError(f"{' '.join(self.argv)}: no line '{pattern}' in:\n"
                                         + "\n".join(lines))
                self._news.wait(0.2)

    def send_signal(self, number):
        self.popen.send_signal(number)

    def wait(self, deadline=DEADLINE):
        """The exit code."""
        try:
            code = self.popen.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{' '.join(self.argv)} does not end; it said:\n" + self.stderr)
        for reader in self._readers:
            reader.join(DEADLINE)
        if self._out is not None:
            self._out.close()
        return code

    def stop(self, number=signal.SIGINT, deadline=DEADLINE):
        """Asks it to stop and gives the exit code."""
        if self.popen.poll() is None:
            self.send_signal(number)
        return self.wait(deadline)

    def kill(self):
        if self.popen.poll() is None:
            self.was_killed = True
            self.popen.kill()
        self.wait()

    @property
    def has_crashed(self):
        """Ended by a signal that was not our SIGKILL."""
        return self.popen.poll() is not None and self.popen.returncode < 0 and not self.was_killed

    @property
    def is_running(self):
        return self.popen.poll() is None

    @property
    def stderr(self):
        return "\n".join(self.lines)


class Workspace:
    """A temporary folder with a private runtime directory, and the processes started in it."""

    def __init__(self):
        # Short, because the path of a unix socket has 107 bytes at most.
        self.folder = tempfile.mkdtemp(prefix="zbs-", dir="/tmp")
        self.env = {key: value for key, value in os.environ.items()
                    if key in KEPT_VARIABLES or not key.startswith(("ZBAG_", "PLUME_"))}
        self.env["ZBAG_RUNTIME_DIR"] = os.path.join(self.folder, "rt")
        self.processes = []

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self, *arguments, stdout_path=None, program=None):
        process = Process([program or binary(), *map(str, arguments)], self.env, self.folder,
                          stdout_path)
        self.processes.append(process)
        return process

    def run(self, *arguments, deadline=DEADLINE, stdin=None, behind=()):
        """Runs zbag to its end; the answer has returncode, stdout (bytes) and stderr (text).
        `behind`: the words of a program that starts it."""
        done = subprocess.run([*behind, binary(), *map(str, arguments)], env=self.env, cwd=self.folder,
                              stdin=stdin or subprocess.DEVNULL, capture_output=True,
                              timeout=deadline, check=False)
        done.stderr = done.stderr.decode("utf-8", "replace")
        return done

    def close(self):
        """Ends what still runs; a process that crashed is an error of the test, whatever it saw."""
        crashed = [process for process in self.processes if process.has_crashed]
        for process in self.processes:
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        if crashed:
            raise AssertionError("\n".join(
                f"{' '.join(one.argv)}: ended by signal {-one.popen.returncode}\n{one.stderr}"
                for one in crashed))


class SystemTest(unittest.TestCase):
    """A test with a workspace, and the few calls nearly all of them need."""

    def setUp(self):
        self.space = Workspace()
        self.addCleanup(self.space.close)
        self.strangers = zmq.Context()
        # Runs before the workspace is closed: a socket of ours must not outlive its broker's port.
        self.addCleanup(self.strangers.term)

    def write(self, name, text):
        """A file of the workspace, and the folders it lies in."""
        path = self.space.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def small_disk(self, size):
        """A file system of that size ("300k") of its own, in the workspace; skips where none can be."""
        disk = self.space.path("disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        return disk

    def await_ready(self, process):
        """Waits for the `ready` line and notes the URLs on the process."""
        match = process.wait_for_line(READY.pattern)
        process.publish_to, process.subscribe_to = match.group(1), match.group(2)
        process.urls = ("--publish-to", process.publish_to, "--subscribe-to", process.subscribe_to)
        return process

    def start_recorder(self, bag, *more):
        """A recorder that hosts the bus."""
        return self.await_ready(self.space.start(
            "record", "--with-broker", "-o", bag, "--min-free", "10", *PORTS, *more))

    def start_client_recorder(self, bus, bag, *more):
        """A recorder on the bus of another process."""
        return self.await_ready(self.space.start(
            "record", "-o", bag, "--min-free", "10", *bus.urls, *more))

    def start_broker(self, *more):
        return self.await_ready(self.space.start("broker", *(more or PORTS)))

    def await_tap(self, bus, has_shown):
        """Greets on the bus until `has_shown()`: from then on the tap misses nothing."""
        hello = self.publisher(bus)
        limit = time.monotonic() + DEADLINE
        while not has_shown():
            if time.monotonic() > limit:
                raise AssertionError("the tap shows nothing")
            hello.send("_sys/hello", {"_ts": 0.0})
            time.sleep(0.2)  # a tap writes out what it has when nothing came for a while
        hello.close()

    def run_ok(self, *arguments, code=DONE, deadline=DEADLINE):
        """Runs zbag and checks the exit code."""
        done = self.space.run(*arguments, deadline=deadline)
        shown = f"zbag {' '.join(map(str, arguments))}\n{done.stderr}"
        self.assertEqual(done.returncode, code, shown)
        return done

    def info(self, bag):
        return json.loads(self.run_ok("info", "--json", bag).stdout)

    def points(self, bag, *more):
        """Points as (track, fields), exact: `_ts` is among the fields."""
        return unpack_raw(self.run_ok("cat", bag, "--format", "raw", *more).stdout)

    def assert_whole(self, bag):
        """`check` finds nothing, and the equation of wire.md holds."""
        self.run_ok("check", bag)
        info = self.info(bag)
        self.assert_equation(info)
        return info

    def assert_equation(self, info):
        """received = points + merged + refused + dropped + skipped, for the bag and every track."""
        for part in [info, *info["tracks"]]:
            skipped = part["skipped"]
            skipped = sum(skipped.values()) if isinstance(skipped, dict) else skipped
            self.assertEqual(part["received"], part["points"] + part["merged"] + part["dropped"]
                             + sum(part["refused"].values()) + skipped, part)

    def assert_one_line(self, stderr, *words):
        """Exactly one line on stderr, and it names every one of `words`."""
        lines = stderr.splitlines()
        self.assertEqual(len(lines), 1, stderr)
        for word in words:
            self.assertIn(str(word), lines[0])
        return lines[0]

    def publisher(self, bus):
        publisher = Publisher(self.strangers, bus.publish_to)
        self.addCleanup(publisher.close)
        return publisher

    def listener(self, bus):
        listener = Listener(self.strangers, bus)
        self.addCleanup(listener.close)
        return listener


class Publisher:
    """A stranger that publishes: pyzmq alone. XPUB, so that it sees when somebody subscribes."""

    def __init__(self, context, url):
        self.socket = context.socket(zmq.XPUB)
        self.socket.set_hwm(0)
        self.socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.socket.connect(url)

    def wait_for_subscriber(self, prefix=b""):
        """Returns when a subscription that covers `prefix` has come through the broker."""
        limit = time.monotonic() + DEADLINE
        while time.monotonic() < limit:
            if self.socket.poll(200):
                news = self.socket.recv()
                if news[:1] == b"\x01" and prefix.startswith(news[1:]):
                    return self
        raise AssertionError("nobody subscribed")

    def send(self, topic, frame, *more):
        """A frame as a dict, or as bytes when it is meant to be malformed."""
        if isinstance(topic, str):
            topic = topic.encode()
        if not isinstance(frame, (bytes, bytearray)):
            frame = msgpack.packb(frame)
        self.socket.send_multipart([topic, frame, *more])

    def close(self):
        """Drops what has not left: a test that needs all of it to arrive waits for that."""
        self.socket.close(0)


class Listener:
    """A stranger that subscribes to everything: pyzmq alone."""

    PROBE = b"_sys/test_probe"

    def __init__(self, context, bus):
        self.socket = context.socket(zmq.SUB)
        self.socket.set_hwm(0)
        self.socket.subscribe(b"")
        self.socket.linger = 0
        self.socket.connect(bus.subscribe_to)
        self._wait_until_connected(context, bus)

    def _wait_until_connected(self, context, bus):
        """Sends probes through the broker until one comes back; none is left behind."""
        probes = context.socket(zmq.PUB)
        probes.connect(bus.publish_to)
        sent = 0
        limit = time.monotonic() + DEADLINE
        while time.monotonic() < limit:
            sent += 1
            probes.send_multipart([self.PROBE, msgpack.packb({"_ts": 0.0, "n": sent})])
            if self.socket.poll(50) and self.socket.recv_multipart()[0] == self.PROBE:
                break
        else:
            raise AssertionError("the probe does not come back through the broker")
        sent += 1
        probes.send_multipart([self.PROBE, msgpack.packb({"_ts": 0.0, "n": sent})])
        while self.socket.poll(int(DEADLINE * 1000)):
            parts = self.socket.recv_multipart()
            if parts[0] == self.PROBE and msgpack.unpackb(parts[1])["n"] == sent:
                probes.close(0)
                return
        raise AssertionError("the last probe does not come back through the broker")

    def receive(self, timeout=DEADLINE):
        """The parts of the next message that is not the bus's own talk; None after `timeout`."""
        limit = time.monotonic() + timeout
        while True:
            left = limit - time.monotonic()
            if left <= 0 or not self.socket.poll(int(left * 1000) + 1):
                return None
            parts = self.socket.recv_multipart()
            if not parts[0].startswith(b"_sys/"):
                return parts

    def take(self, count, timeout=DEADLINE):
        """The next `count` messages."""
        messages = []
        while len(messages) < count:
            parts = self.receive(timeout)
            if parts is None:
                raise AssertionError(f"{len(messages)} of {count} messages came")
            messages.append(parts)
        return messages

    def close(self):
        self.socket.close()


class OpenCounter:
    """How often a file is opened while it watches (inotify); what comes at once counts once."""

    OPEN, CLOSE = 0x20, 0x18  # IN_OPEN, IN_CLOSE

    def __init__(self, path):
        self.path, self.count = path, 0

    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.events = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watch = libc.inotify_add_watch(self.events, self.path.encode(), self.OPEN | self.CLOSE)
        if watch < 0:
            raise OSError(ctypes.get_errno(), "inotify", self.path)
        return self

    def __exit__(self, *_):
        try:
            events = os.read(self.events, 1 << 20)
        except BlockingIOError:  # it was never opened
            events = b""
        os.close(self.events)
        masks = [mask for _, mask, _, _ in struct.iter_unpack("=iIII", events)]
        self.count = sum(bool(mask & self.OPEN) for mask in masks)


def unpack_raw(data):
    """What `cat --format raw` and `tap --format raw` print, as a list of (track, fields)."""
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=0, strict_map_key=False,
                                unicode_errors="surrogateescape")
    unpacker.feed(data)
    return [(track, fields) for track, fields in unpacker]


def unpack_frame(data):
    return msgpack.unpackb(data, raw=False, strict_map_key=False)


def key_of(seconds):
    """The key of a stamp: int64 nanoseconds of the double, by the rule of wire.md."""
    seconds = float(seconds) + 0.0
    whole = math.floor(seconds)
    return int(whole) * 1_000_000_000 + round((seconds - whole) * 1e9)


def exact(value):
    """A form of a value that is equal only where type and bits are: NaN to itself, 0.0 not to -0.0,
    1 not to 1.0 or True, and maps with their fields in order."""
    if isinstance(value, float):
        return ("float", struct.pack("<d", value))
    if isinstance(value, dict):
        return ("map", tuple((name, exact(inner)) for name, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return ("array", tuple(exact(inner) for inner in value))
    return (type(value).__name__, value)


def without_bus_fields(fields):
    """A frame without what the bus adds."""
    return {name: value for name, value in fields.items() if name not in ("_src", "_seq", "_latch")}


def main():
    """Runs the tests of the calling script. What was skipped is said last, each with its reason, and
    makes the exit code SKIPPED: it is not what passed."""
    if not os.access(binary(), os.X_OK):
        sys.exit(f"{binary()}: no such program; set ZBAG_BIN")
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    for test, reason in result.skipped:
        print(f"SKIPPED {test.id().removeprefix('__main__.')}: {reason}", file=sys.stderr)
    if not result.wasSuccessful():
        sys.exit(FAILED)
    sys.exit(SKIPPED if result.skipped else DONE)
