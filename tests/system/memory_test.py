#!/usr/bin/env python3
"""The verbs that go through a whole bag keep their memory bounded, however long the bag is, and those
that print by what a frame has.

The bound is the kernel's: RLIMIT_DATA, so that a verb which takes more fails there and then and no
peak is missed. It counts private writable memory (heap, stacks, anonymous maps) as soon as it is
asked for, and not the bag, which is mapped shared. Figures that are printed beside it are samples
of RssAnon, one every 5 ms: a peak may lie above them, below the limit.
"""

import json
import os
import subprocess
import sys
import time
import unittest

import harness
from harness import DEADLINE, DONE, LOSSY, SystemTest
from long_recording import write_recording

PAGE = 4096
MB = 1_000_000
SHORT_TICKS = 25_000
LONG_TICKS = 20 * SHORT_TICKS

# Measured as the least that is enough for 140 MB and for 560 MB: check 2 MB, the others 48 to 60 MB,
# of which 17 MB are the stacks of two threads.
CHECK_BYTES = 16 * MB
REWRITE_BYTES = 80 * MB
# Printing takes 4 MB, and a frame, which is held once where a block of it is decompressed.
PRINT_BYTES = 8 * MB
STACK_BYTES = 8 << 20  # of a thread; what `ulimit -s` says elsewhere must not count here


def limited(limit_bytes, argv):
    """The command line that starts `argv` under the limit; the process keeps its number."""
    return ["prlimit", f"--data={limit_bytes}", f"--stack={STACK_BYTES}", *map(str, argv)]


def sample_rss_anon(pid):
    """Bytes; 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


@unittest.skipIf(harness.is_sanitized(), "the shadow memory of sanitizers counts as data")
class LimitedTest(SystemTest):
    """Verbs that run under a limit."""

    def run_limited(self, what, limit_bytes, bag, *more, code=DONE):
        """Runs the verb that `what` begins with under the limit; prints what it took."""
        argv = limited(limit_bytes, [harness.binary(), what.split()[0], bag, *more])
        seen = 0
        with open(self.space.path("stderr"), "w+b") as stderr:
            process = subprocess.Popen(argv, env=self.space.env, cwd=self.space.folder,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=stderr)
            self.addCleanup(process.kill)
            limit = time.monotonic() + 2 * DEADLINE
            while process.poll() is None:
                seen = max(seen, sample_rss_anon(process.pid))
                self.assertLess(time.monotonic(), limit, f"{argv} does not end")
                time.sleep(0.005)
            stderr.seek(0)
            said = stderr.read().decode("utf-8", "replace")
        print(f"{what:26} {os.path.getsize(bag) / MB:5.0f} MB bag: {seen / MB:5.1f} MB seen, "
              f"{limit_bytes / MB:.0f} MB allowed", flush=True)
        self.assertEqual(process.returncode, code, f"{what} of {bag}: {said}")


class MemoryTest(LimitedTest):
    """A short bag and one that is twenty times as long, made once a class."""

    RECORDING = {}  # what write_recording() is told beside the length

    @classmethod
    def setUpClass(cls):
        cls.kept = harness.Workspace()
        cls.addClassCleanup(cls.kept.close)
        cls.counts = {}  # of points, by bag
        cls.short = cls.import_recording("short", SHORT_TICKS, **cls.RECORDING)
        cls.long = cls.import_recording("long", LONG_TICKS, **cls.RECORDING)

    @classmethod
    def import_recording(cls, name, ticks, **more):
        recording, bag = cls.kept.path(name + ".jsonl"), cls.kept.path(name + ".zbag")
        cls.counts[bag] = write_recording(recording, ticks, **more)
        done = cls.kept.run("import", recording, "-o", bag, "--quiet", deadline=2 * DEADLINE)
        if done.returncode != DONE:
            raise AssertionError(done.stderr)
        os.unlink(recording)
        return bag

    def assert_rewrite_is_bounded(self, what, *more, made_from=None, code=DONE, added=0):
        """For both bags, or what `made_from` makes of them; the new bag has every point."""
        for whole in (self.short, self.long):
            with self.subTest(bag=os.path.basename(whole)):
                bag = made_from(whole) if made_from else whole
                new = self.space.path("new-" + os.path.basename(whole))
                self.run_limited(what, REWRITE_BYTES, bag, *more, "-o", new, code=code)
                self.assertEqual(self.assert_whole(new)["points"], self.counts[whole] + added)

    def assert_check_is_bounded(self):
        for bag in (self.short, self.long):
            with self.subTest(bag=os.path.basename(bag)):
                self.run_limited("check", CHECK_BYTES, bag)

    def without_meta_pages(self, bag):
        """A copy whose first two pages are noise."""
        broken = self.space.path("broken-" + os.path.basename(bag))
        with open(bag, "rb") as source, open(broken, "wb") as target:
            target.write(b"\xa5" * (2 * PAGE))
            source.seek(2 * PAGE)
            while chunk := source.read(1 << 20):
                target.write(chunk)
        return broken


class Verbs:
    """What every verb is held to, however its points came to be late."""

    def test_check_is_bounded(self):
        self.assert_check_is_bounded()

    def test_recover_of_a_sound_bag_is_bounded(self):
        self.assert_rewrite_is_bounded("recover")

    def test_recover_without_meta_pages_is_bounded(self):
        self.assert_rewrite_is_bounded("recover without meta pages",
                                       made_from=self.without_meta_pages, code=LOSSY)

    def test_compact_is_bounded(self):
        self.assert_rewrite_is_bounded("compact")

    def test_cut_is_bounded(self):
        self.assert_rewrite_is_bounded("cut")

    def test_merge_is_bounded(self):
        # Begins within the others and shares no stamp with them.
        other = self.import_recording("other", SHORT_TICKS, seed=2, start=1001.00005)
        self.assert_rewrite_is_bounded("merge", other, added=self.counts[other])


class LateTest(Verbs, MemoryTest):
    """Bags in which a share of the points is late by up to twenty seconds."""

    def test_the_long_bag_is_far_larger_than_the_limit_and_has_late_points(self):
        self.assertGreater(os.path.getsize(self.long), 2 * REWRITE_BYTES)
        for track in self.info(self.long)["tracks"]:
            self.assertGreater(track["late_points"], 0, track["name"])

    def test_the_kernel_enforces_the_limit(self):
        greedy = [sys.executable, "-c", f"bytearray({REWRITE_BYTES})"]
        self.assertEqual(subprocess.run(greedy, check=False).returncode, 0)
        bound = subprocess.run(limited(REWRITE_BYTES, greedy), capture_output=True, check=False)
        self.assertIn(b"MemoryError", bound.stderr)


class SteppedClockTest(Verbs, MemoryTest):
    """Bags of robots whose clock was a day ahead at first: what was recorded after it had been set
    is late, all of it, and lies before the first block of the main run."""

    RECORDING = {"ticks_ahead": SHORT_TICKS // 2}


class LargeFrameTest(LimitedTest):
    """One frame of a million small values, which as a tree would take fifty times what it has."""

    ITEMS = 1_048_000  # of 1,048,576 that a frame may have

    def test_what_prints_it_makes_no_tree_of_it(self):
        source, bag = self.space.path("in.jsonl"), self.space.path("large.zbag")
        with open(source, "w", encoding="utf-8") as file:
            json.dump({"track": "a", "_ts": 1.0, "fields": {"x": [7] * self.ITEMS}}, file)
        self.run_ok("import", source, "-o", bag)
        limit = PRINT_BYTES + 2 * self.ITEMS
        out = self.space.path
        for what, *options in (
                ("cat",), ("cat raw", "--format", "raw"), ("cat yaml", "--format", "yaml"),
                ("cat by index", "--track", "a", "--start-index", "0"),
                ("cat of columns", "--columns", "x"),
                ("export json", "--format", "json", "-o", out("out.json")),
                ("export rows", "--format", "jsonl", "--layout", "rows", "-o", out("rows")),
                ("export neutral", "--format", "jsonl", "-o", out("out.jsonl"))):
            with self.subTest(what=what):
                self.run_limited(what, limit, bag, *options)
        with open(out("out.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["entries"], [{"timestamp": 1.0, "x": [7] * self.ITEMS}])


if __name__ == "__main__":
    harness.main()
