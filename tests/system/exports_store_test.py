#!/usr/bin/env python3
"""Databases that `export` writes, read by others: value for value what `cat` prints."""

import base64
import json
import math
import os
import random
import sqlite3
import subprocess

import harness
from harness import DONE, FAILED, USAGE

NOTHING = object()


class SqliteTest(harness.SystemTest):
    """SQLite by Python's sqlite3, and by its shell."""

    def bag_of(self, points):
        """A bag of (track, stamp, fields) in the neutral form."""
        source, bag = self.space.path("in.jsonl"), self.space.path("in.zbag")
        with open(source, "w", encoding="utf-8") as file:
            for track, stamp, fields in points:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        self.run_ok("import", source, "-o", bag, "--quiet")
        return bag

    def export(self, bag, *more):
        """The database, and what was said but for the summary."""
        path = self.space.path("out.db")
        done = self.run_ok("export", bag, "-o", path, "--format", "sqlite", *more)
        database = sqlite3.connect(path)
        self.addCleanup(database.close)
        return database, "".join(done.stderr.splitlines(True)[:-1])

    @staticmethod
    def quoted(name):
        return '"' + name.replace('"', '""') + '"'

    def assert_same(self, database, bag):
        """Every row of every track holds what `cat` prints of the point, and no row is missing."""
        points = {}
        for line in self.run_ok("cat", bag).stdout.splitlines():
            fields = json.loads(line)
            points.setdefault(fields.pop("track"), []).append((fields.pop("_ts"), fields))
        tracks = database.execute("SELECT track, table_name, points FROM tracks").fetchall()
        self.assertEqual({track: count for track, _, count in tracks},
                         {track: len(of_track) for track, of_track in points.items()})
        for track, table, _ in tracks:
            columns = database.execute(
                "SELECT column_name, names, kind FROM fields WHERE table_name = ?", (table,)).fetchall()
            names = ", ".join(map(self.quoted, ["timestamp"] + [column[0] for column in columns]))
            rows = database.execute(f"SELECT {names} FROM {self.quoted(table)} ORDER BY rowid").fetchall()
            self.assertEqual(len(rows), len(points[track]))
            for row, (stamp, fields) in zip(rows, points[track]):
                self.assertEqual(row[0], stamp)
                for value, (column, path, kind) in zip(row[1:], columns):
                    printed = self.printed(fields, json.loads(path))
                    self.assert_value(value, printed, kind, f"{track} {column} at {stamp}")

    @staticmethod
    def printed(fields, path):
        """What `cat` prints of a leaf."""
        for name in path:
            fields = fields.get(name, NOTHING) if isinstance(fields, dict) else NOTHING
        is_map = isinstance(fields, dict) and fields and not any(name.startswith("$") for name in fields)
        return NOTHING if is_map else fields

    def assert_value(self, value, printed, kind, where):
        if printed is NOTHING or printed is None:  # absent, nil, NaN
            self.assertIn(value, (None, "null"), where)
        elif kind in ("json", "ints", "unsigneds", "doubles"):
            self.assertEqual(json.loads(value), printed, where)
        elif kind == "binary":
            self.assertEqual(value, base64.b64decode(printed), where)
        elif isinstance(value, bytes):  # text that is no UTF-8
            self.assertEqual({"$bin": base64.b64encode(value).decode()}, printed, where)
        elif isinstance(value, str) and isinstance(printed, int):  # above INT64_MAX
            self.assertEqual(int(value, 16), printed, where)
        elif isinstance(value, float) and math.isinf(value):
            self.assertEqual(str(value), printed, where)
        else:
            self.assertEqual(value, printed, where)

    def assert_recording(self, name):
        bag = self.space.path("real.zbag")
        self.run_ok("import", harness.recording_path(name), "-o", bag, "--quiet")
        database, _ = self.export(bag)
        self.assert_same(database, bag)
        self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def test_a_turtlebot_comes_out_value_for_value(self):
        self.assert_recording("turtlebot3_sim")

    def test_a_humanoid_comes_out_value_for_value(self):
        self.assert_recording("g1_tiny")

    def test_random_fields_come_out_value_for_value(self):
        random.seed(14)
        makers = (lambda: random.randrange(-2**63, 2**64), lambda: random.uniform(-1e9, 1e9),
                  lambda: bool(random.getrandbits(1)), lambda: "text\x00\n'" + str(random.random()),
                  lambda: [random.random() for _ in range(3)], lambda: [1] * random.randrange(4),
                  lambda: {"x": random.randrange(9), "y": {"z": random.random()}},
                  lambda: {"$nil": True}, lambda: None, lambda: [1, "a", {"b": [2]}])
        points = []
        for i in range(2000):
            fields = {f"of_one_kind{k}": make() for k, make in enumerate(makers) if random.random() < 0.8}
            fields.update({f"mixed{k}": random.choice(makers)() for k in range(2)})
            fields["blob_hex"] = random.randbytes(random.randrange(9)).hex()
            points.append((random.choice(("a", "b/c")), 1000.0 + i / 7, fields))
        bag = self.bag_of(points)
        database, said = self.export(bag)
        self.assert_same(database, bag)
        self.assertEqual(said.count("2^63 - 1"), 1)  # of however many fields
        by_points, _ = self.export(bag, "--where", "_ts > 0", "--force")
        self.assertEqual(list(by_points.iterdump()), list(database.iterdump()))

    def test_hostile_names_stay_names(self):
        evil = "\"'`];--\n" * 25
        fields = {evil: 1, "Timestamp": 2, "timestamp": 3, "_TS_NS": 4, "ax": 5, "AX": 6, "rowid": 7,
                  "nul\x00": 8, "": 9}
        tracks = ("'; drop table runs; --", "runs", "RUNS", "sqlite_master", "a", "a_timestamp",
                  'q"uote', "select")
        bag = self.bag_of([(track, 5.0 + n, fields) for n, track in enumerate(tracks)])
        database, said = self.export(bag)
        self.assert_same(database, bag)
        self.assertEqual({row[0] for row in database.execute("SELECT track FROM tracks")}, set(tracks))
        self.assertEqual(database.execute("SELECT AX, ax_2, Timestamp_2, timestamp_, rowid, " +
                                          self.quoted(evil) + " FROM " +
                                          self.quoted(tracks[0])).fetchall(), [(6, 5, 2, 3, 7, 1)])
        self.assertEqual(database.execute("SELECT count(*) FROM runs").fetchone(), (1,))
        self.assertIn("that of track runs is runs_3", said)
        self.assertNotIn("\x00", said)

    def test_the_shell_reads_it(self):
        bag = self.bag_of([("imu", 1.5, {"ax": 0.5, "n": 3, "ok": True})])
        self.export(bag)
        shell = subprocess.run(
            ["sqlite3", self.space.path("out.db"), ".mode json", "SELECT * FROM imu"],
            capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(shell.stdout), [{"timestamp": 1.5, "_ts_ns": 1_500_000_000,
                                                     "ax": 0.5, "n": 3, "ok": 1}])

    def test_has_the_tables_of_the_document(self):
        """S2.22, S2.61"""
        bag = self.bag_of([("imu", 1.5, {"ax": 0.5})])
        database, _ = self.export(bag)

        def columns(table):
            return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        self.assertEqual(columns("runs"), ["run_id", "start_timestamp", "end_timestamp", "configuration",
                                           "metadata"])
        self.assertEqual(columns("episodes"), ["episode_id", "run_id", "start_timestamp", "end_timestamp",
                                               "total_steps", "total_reward", "success",
                                               "termination_reason", "metadata"])
        self.assertEqual(columns("steps"), ["step_id", "episode_id", "run_id", "step_number", "timestamp",
                                            "agent_id", "position_x", "position_y", "orientation",
                                            "action_data", "observation_data", "reward"])
        run = self.info(bag)["runs"][0]
        found = database.execute("SELECT run_id, start_timestamp, end_timestamp, configuration, metadata"
                                 " FROM runs").fetchall()
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0][0], r"^run_\d{8}_\d{6}$")
        self.assertEqual(found[0][1:3], (run["start"], run["end"]))
        self.assertEqual(json.loads(found[0][4])["host"], run["host"])
        origin = dict(database.execute("SELECT name, value FROM metadata"))
        self.assertRegex(origin["creator"], r"^zbag \d")
        self.assertEqual(json.loads(origin["bags"]), [bag])
        self.assertIn("imu_timestamp", [row[1] for row in database.execute("PRAGMA index_list(imu)")])

    def test_an_output_that_is_there_needs_force(self):
        bag = self.bag_of([("imu", 1.5, {"ax": 0.5})])
        self.export(bag)
        refused = self.run_ok("export", bag, "-o", self.space.path("out.db"), "--format", "sqlite",
                              code=FAILED)
        self.assert_one_line(refused.stderr, "--force")
        self.export(bag, "--force")

    def test_stdout_and_too_many_fields_are_refused(self):
        wide = self.bag_of([("wide", 1.0, {f"f{i}": i for i in range(2500)})])
        path = self.space.path("wide.db")
        for out, words in (("-", "stdout"), (path, "--columns")):
            refused = self.run_ok("export", wide, "-o", out, "--format", "sqlite", "--quiet",
                                  code=USAGE if out == "-" else FAILED)
            self.assert_one_line(refused.stderr, words)
        self.assertFalse(os.path.exists(path))

    def test_a_full_disk_leaves_no_file(self):
        disk = self.small_disk("300k")
        bag = self.bag_of([("t", float(i), {"x": i, "text": "long " * 20}) for i in range(20_000)])
        done = self.space.run("export", bag, "-o", os.path.join(disk, "out.db"), "--format", "sqlite",
                              "--quiet")
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assert_one_line(done.stderr, "no room")
        self.assertEqual(os.listdir(disk), [])


if __name__ == "__main__":
    harness.main()
