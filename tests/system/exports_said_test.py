#!/usr/bin/env python3
"""What export says beside what it writes: notices, warnings, and of what there is nothing."""

import contextlib
import json
import os
import shutil
import sqlite3

import harness
from harness import DONE, FAILED, LOSSY


class SaidTest(harness.SystemTest):
    """What is a notice, and what a warning."""

    def bag(self, *points):
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for track, stamp, fields in points)
        bag = self.space.path("in.zbag")
        self.run_ok("import", self.write("in.jsonl", lines), "-o", bag)
        return bag

    def export(self, bag, form, *more, code=DONE):
        out = self.space.path("out")
        shutil.rmtree(out, ignore_errors=True)
        return self.run_ok("export", bag, "-o", out, "--format", form, *more, code=code).stderr

    def test_other_names_are_one_notice_of_however_many_tracks(self):
        bag = self.bag(*((f"t{n:02}", n, {"timestamp": n}) for n in range(24)))
        notice = ("zbag export: fields under other names: timestamp of track t00 is timestamp_, timestamp "
                  "of track t01 is timestamp_, timestamp of track t02 is timestamp_ and 21 more")
        for form in ("csv", "json", "jsonl", "parquet"):
            with self.subTest(form=form):
                said = self.export(bag, form).splitlines()
                self.assertEqual(said[:-1], [notice])
                self.assertRegex(said[-1], "^exported 24 points")
                self.assertEqual(self.export(bag, form, "--quiet"), "")
                self.assertEqual(self.export(bag, form, "--log-level", "warning"), "")

    def test_what_is_lost_is_a_warning(self):
        bag = self.bag(("imu", 1.0, {"ax": 1, "ay": 1, "az": 1, "gx": 1, "gy": 1, "gz": 1}),
                       ("a", 1.0, {"x": 1}), ("b", 1.0, {"x": 1}))
        self.run_ok("schema", bag, "imu", "imu")
        self.assertEqual(self.export(bag, "rosbag2", "--quiet", code=LOSSY),
                         "zbag export: warning: tracks left out, since no ROS message can be made of them: "
                         "a (ROS has no message of its kind), b (ROS has no message of its kind)\n")

    def test_tracks_without_a_point_are_left_out_by_every_format(self):
        bag = self.bag(("arm", 1.0, {"q": 1}), ("leg", 2.0, {"q": 2}), ("leg", 3.0, {"q": 3}))
        tracks = {
            "csv": lambda out: [name[:-4] for name in os.listdir(out)],
            "json": lambda out: [name[:-5] for name in os.listdir(out)],
            "jsonl": lambda out: [name[:-6] for name in os.listdir(out)],
            "parquet": lambda out: [name[:-8] for name in os.listdir(out)],
            "sqlite": self.tracks_of_sqlite, "mcap": lambda out: ["leg"], "hdf5": lambda out: ["leg"]}
        for form, tracks_of in tracks.items():
            for words in (("--where", "q > 1"), ("--where", "q > 9")):
                with self.subTest(form=form, words=words):
                    out = self.space.path(form + words[1][-1])
                    is_none = words[1] == "q > 9"
                    done = self.run_ok("export", bag, "-o", out, "--format", form, *words,
                                       code=LOSSY if is_none else DONE)
                    notice = "zbag export: tracks without a chosen point are left out: arm\n"
                    self.assertEqual(notice in done.stderr, not is_none)
                    self.assertTrue(os.path.exists(out))
                    if not is_none:
                        self.assertEqual(tracks_of(out), ["leg"])

    @staticmethod
    def tracks_of_sqlite(out):
        database = sqlite3.connect(out)
        with contextlib.closing(database):
            return [row[0] for row in database.execute("SELECT track FROM tracks")]

    def test_the_time_is_no_column_and_that_is_said(self):
        bag = self.bag(("arm", 1.0, {"q": 1}))
        for form, name in (("csv", "timestamp"), ("parquet", "timestamp"), ("hdf5", "_ts"), ("mcap", "log_time"),
                           ("jsonl", "timestamp")):
            with self.subTest(form=form):
                said = self.export(bag, form, "--columns", "timestamp,q", code=LOSSY)
                self.assertEqual(said, "zbag export: no chosen track has a column timestamp; the time is always "
                                 f"there, as {name}\n")
        said = self.run_ok("export", bag, "-o", self.space.path("x.jsonl"), "--columns", "timestamp", code=LOSSY)
        self.assertTrue(said.stderr.endswith("always there, as _ts\n"), said.stderr)

    def test_a_folder_is_not_replaced_by_a_file(self):
        bag = self.bag(("arm", 1.0, {"q": 1}))
        os.mkdir(self.space.path("out"))
        self.write("out/mine", "mine")
        for form in ("sqlite", "hdf5", "mcap"):
            for force in ((), ("--force",)):
                with self.subTest(form=form, force=force):
                    done = self.run_ok("export", bag, "-o", self.space.path("out"), "--format", form, *force,
                                       code=FAILED)
                    self.assert_one_line(done.stderr, "out exists and is a folder, where a file is written; give")
                    self.assertEqual(os.listdir(self.space.path("out")), ["mine"])


if __name__ == "__main__":
    harness.main()
