#!/usr/bin/env python3
"""Files of every format that libraries of others read for us, with damage strewn over them (issue
15, hostile input): whatever `import` makes of one, it ends by itself, with one of its exit codes and
a word, and leaves no bag that looks whole when it says that the input is not.

The formats that zbag reads by itself have fuzzers of their own (tests/fuzz). Drawn by a fixed seed;
with ZBAG_TEST_LONG ten times as many.
"""

import glob
import json
import os
import random

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY

ROUNDS = 200 if "ZBAG_TEST_LONG" in os.environ and not harness.is_sanitized() else 20


def mutate(data, draw):
    """The same bytes, but for some that are flipped, set, lost, moved, or cut off at the end."""
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(data))
        size = min(draw.choice((1, 1, 4, 8, 64, 512)), len(data) - at)
        kind = draw.randrange(6)
        if kind < 2:
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            data[at:at + size] = draw.choice((b"\0", b"\xff", b"\x7f")) * size
        elif kind == 3:
            data[at:at + size] = draw.randbytes(size)
        elif kind == 4:
            source = draw.randrange(len(data))
            data[at:at + size] = data[source:source + size]
        elif len(data) > 64:
            del data[-draw.randrange(1, len(data) // 2):]
    return bytes(data)


class MutatedTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.bag = self.space.path("bag.zbag")
        source = self.write("source.jsonl", "".join(json.dumps(
            {"track": track, "_ts": 1.0 + n / 10, "fields": {
                "n": n, "x": n / 4, "name": f"point {n % 3}", "list": [n, n + 1], "pose": {"z": -n}}})
            + "\n" for n in range(200) for track in ("arm", "base/lift")) + "".join(json.dumps(
                {"track": "imu", "_ts": n / 10, "fields": dict.fromkeys(("ax", "ay", "az", "gx", "gy", "gz"), n / 8)})
            + "\n" for n in range(200)))
        self.run_ok("import", source, "-o", self.bag, "--quiet")

    def exported(self, name, *options):
        path = self.space.path(name)
        self.run_ok("export", self.bag, "-o", path, "--quiet", *options)
        return path

    def check(self, path, *options, of=""):
        """Damages one file of `path`, or of what is in it `of` there, at a time and imports it all."""
        files = [path] if os.path.isfile(path) else sorted(
            file for file in glob.glob(os.path.join(path, of, "**"), recursive=True)
            if os.path.isfile(file))
        draw = random.Random(os.path.basename(path) + of)
        codes = set()
        for n in range(ROUNDS):
            file = draw.choice(files)
            with open(file, "rb") as whole:
                data = whole.read()
            with open(file, "wb") as damaged:
                damaged.write(mutate(data, draw))
            with self.subTest(path=os.path.relpath(file, self.space.folder), n=n):
                codes.add(self.import_damaged(path, options))
            with open(file, "wb") as whole:
                whole.write(data)
        self.assertTrue(codes - {DONE}, "no damage was found out")

    def import_damaged(self, path, options):
        bag = self.space.path("damaged.zbag")
        # What libhdf5 never ends of is ended by us when it has worked for ten seconds in silence.
        done = self.space.run("import", path, "-o", bag, *options, deadline=4 * harness.DEADLINE)
        self.assertIn(done.returncode, (DONE, FAILED, LOSSY, DAMAGED), done.stderr[-2000:])
        if done.returncode != DONE:
            self.assertNotRegex(done.stderr.splitlines()[-1], "^imported")
        if os.path.exists(bag):
            summary = self.info(bag)
            is_closed = all("end" in run and run["end"] is not None for run in summary["runs"])
            if done.returncode in (FAILED, DAMAGED):
                self.assertFalse(is_closed, "a bag that looks whole")
            self.run_ok("check", bag)
            os.remove(bag)
        return done.returncode

    def test_parquet(self):
        folder = self.exported("parquet", "--format", "parquet")
        self.check(os.path.join(folder, "arm.parquet"))

    def test_sqlite(self):
        self.check(self.exported("all.db", "--format", "sqlite"))

    def test_hdf5(self):
        self.check(self.exported("all.h5", "--format", "hdf5"))

    def test_a_folder_of_mcap(self):
        self.run_ok("schema", self.bag, "imu", "imu")
        self.check(self.exported("ros2", "--format", "rosbag2", "--track", "imu"))

    def test_videos_of_a_data_set(self):
        recording = harness.recording_path("g1_tiny")
        self.bag = self.space.path("robot.zbag")
        self.run_ok("import", recording, "-o", self.bag, "--quiet")
        folder = self.exported("set", "--format", "lerobot")
        for part in ("videos", "data", "meta"):
            self.check(folder, "--videos", "decode", of=part)


if __name__ == "__main__":
    harness.main()
