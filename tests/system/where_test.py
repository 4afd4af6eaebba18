#!/usr/bin/env python3
"""Points chosen by an expression: cat --where, alone and beside every other choice."""

import json
import os

import harness
from harness import DONE, LOSSY, USAGE


class WhereTest(harness.SystemTest):
    """A bag of an IMU and of modes, ten points each, a second apart."""

    def setUp(self):
        super().setUp()
        source = self.space.path("run.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(10):
                imu = {"ax": n - 4.5, "pose": {"x": n}}
                if n == 7:
                    imu = {"ax": {"$nil": True}, "rest": n}
                for track, fields in (("imu", imu), ("mode", {"mode": ["auto", "hold"][n % 2]})):
                    file.write(json.dumps({"track": track, "_ts": 1000.0 + n, "fields": fields}) + "\n")
        self.bag = self.space.path("run.zbag")
        self.run_ok("import", source, "-o", self.bag, "--quiet")

    def found(self, expression, *options, code=DONE):
        """The seconds of the points that are printed."""
        done = self.run_ok("cat", self.bag, "--where", expression, *options, code=code)
        return [int(json.loads(line)["_ts"]) - 1000 for line in done.stdout.splitlines()]

    def test_prints_the_points_of_which_it_is_true(self):
        self.assertEqual(self.found("ax > 3"), [8, 9])
        self.assertEqual(self.found("pose.x between 2 and 3 or mode = 'hold' and _ts < 1002"), [1, 2, 3])
        self.assertEqual(self.found("not ax <= 3"), [8, 9])
        self.assertEqual(self.found("ax is null", "--track", "imu"), [7])
        self.assertEqual(self.found("_ts > '1970-01-01T00:16:48Z'", "--track", "mode"), [9])

    def test_a_value_of_a_list_is_named_by_its_place(self):
        source = self.space.path("list.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(10):
                fields = {"q": [n * 0.5, 1.0], "arm": {"q": [n, "text"][n % 2:]}}
                file.write(json.dumps({"track": "j", "_ts": 1000.0 + n, "fields": fields}) + "\n")
        self.bag = self.space.path("list.zbag")
        self.run_ok("import", source, "-o", self.bag, "--quiet")
        self.assertEqual(self.found("q[0] > 3.5"), [8, 9])
        self.assertEqual(self.found("j: arm.q[0] between 3 and 6"), [4, 6])
        self.assertEqual(self.found("arm.q[1] is null"), [1, 3, 5, 7, 9])
        self.found("p[0] > 3.5", code=LOSSY)
        for columns, says in (("q[0]", "a list is taken whole, as q"), ("q[0]", "SELECT q[1]"),
                              ("arm.*", "arm takes all that lies in it"),
                              ("arm.q[0]", "a list is taken whole, as arm.q"), ("*", "all columns")):
            done = self.run_ok("cat", self.bag, "--columns", columns, code=LOSSY)
            self.assert_one_line(done.stderr, says)

    def test_goes_with_every_other_choice(self):
        self.assertEqual(self.found("mode = 'auto'", "--limit", "2", "--start", "+1"), [2, 4])
        self.assertEqual(self.found("mode = 'auto'", "--reverse", "--limit", "2"), [8, 6])
        self.assertEqual(self.found("ax < 0", "--track", "imu", "--start-index", "2", "--limit", "2"),
                         [2, 3])
        self.assertEqual(self.found("_ts >= 1003", "--track", "imu", "--duration", "4"), [3, 4])
        lines = self.run_ok("cat", self.bag, "--where", "ax = 0.5", "--columns", "pose.x").stdout
        self.assertEqual(json.loads(lines), {"_ts": 1005.0, "track": "imu", "pose.x": 5})

    def test_a_range_of_stamps_reads_no_block_outside_of_it(self):
        """Damage behind the range is not met."""
        source = self.space.path("long.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(40_000):
                file.write(json.dumps({"track": "t", "_ts": float(n), "fields": {"n": n}}) + "\n")
        self.bag = self.space.path("long.zbag")
        self.run_ok("import", source, "-o", self.bag, "--quiet", "--compression", "none")
        with open(self.bag, "r+b") as file:
            data = file.read()
            at = data.rindex(b"\xa1n\xcd\x9c")  # of a point near the end
            file.seek(at)
            file.write(b"\xa1m\xcd\x9c")
        self.assertIn("wrong checksum", self.run_ok("cat", self.bag, code=harness.DAMAGED).stderr)
        done = self.run_ok("cat", self.bag, "--where", "n < 5 and _ts < 100")
        self.assertEqual((len(done.stdout.splitlines()), done.stderr), (5, ""))

    def test_what_is_no_expression_is_a_line_and_prints_nothing(self):
        for text, words in (("ax >", "character 5"), ("ax ~ 3", "'~' means nothing at character 4"),
                            ("ax > 1 && n < 2", "'&&' means nothing: write 'and' at character 8"),
                            ("ax > 1 || n < 2", "'||' means nothing: write 'or' at character 8"),
                            ("robot/imu.ax > 3 and robot/imu.ay < 2", "a track stands before a colon: "
                             "write 'robot/imu: ax > 3 and ay < 2'"), ("ax/2.5 > 1", "'/' means nothing"),
                            ("", "not the end"), ("ax = null", "is null"), ("1 = 1", "no field")):
            with self.subTest(text=text):
                done = self.run_ok("cat", self.bag, "--where", text, code=USAGE)
                self.assert_one_line(done.stderr, "--where", words)
                self.assertEqual(done.stdout, b"")

    def test_a_track_before_a_colon_chooses_its_points_alone(self):
        self.assertEqual(self.found("imu: ax > 3"), [8, 9])
        self.assertEqual(self.found("imu: _ts <= 1001"), [0, 1])
        self.assertEqual(self.found('"mode": mode = \'hold\'', "--limit", "2"), [1, 3])
        out = self.space.path("out")
        self.run_ok("export", self.bag, "-o", out, "--format", "csv", "--where", "imu: ax > 3")
        self.assertEqual(os.listdir(out), ["imu.csv"])
        with open(os.path.join(out, "imu.csv"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 3)

    def test_a_track_that_is_not_chosen_is_a_line(self):
        for options, words in ((("imo: ax > 3",), "no track imo; did you mean imu?"),
                               (("imu: mode = 'auto'",), "has a field mode"),
                               (("imu: ax > 3", "--track", "mode"), "imu of --where is not among")):
            with self.subTest(options=options):
                done = self.run_ok("cat", self.bag, "--where", *options, code=LOSSY)
                self.assert_one_line(done.stderr, words)
                self.assertEqual(done.stdout, b"")

    def test_a_field_that_no_map_has_is_a_line(self):
        for verb in (("cat", self.bag), ("export", self.bag, "-o", "out.csv", "--format", "csv")):
            for text in ("pose.y > 3", "imu: pose.y is null", "ax > 3 or pose.xx = 1"):
                with self.subTest(verb=verb[0], text=text):
                    done = self.run_ok(*verb, "--where", text, code=LOSSY)
                    self.assert_one_line(done.stderr, "has a field pose.", "did you mean pose.x?")
                    self.assertEqual(done.stdout, b"")
        self.assertEqual(self.found("pose.x > 8 or rest > 100"), [9])

    def test_a_field_of_a_map_that_comes_late_is_known(self):
        lines = "".join(json.dumps({"track": "t", "_ts": float(n), "fields": {"a": {"b" if n < 900 else "c": n}}})
                        + "\n" for n in range(1_000))
        self.bag = self.space.path("late.zbag")
        self.run_ok("import", self.write("late.jsonl", lines), "-o", self.bag, "--quiet")
        done = self.run_ok("cat", self.bag, "--where", "a.c >= 998")
        self.assertEqual(len(done.stdout.splitlines()), 2)

    def test_a_field_that_no_chosen_track_has_is_a_line(self):
        for options, words in ((("--where", "ay > 3 or ax > 3"), "has a field ay; did you mean ax?"),
                               (("--where", "mode = \"auto\""), "has a field auto"),
                               (("--where", "ax > 3", "--track", "mode"), "has a field ax")):
            with self.subTest(options=options):
                done = self.run_ok("cat", self.bag, *options, code=LOSSY)
                self.assert_one_line(done.stderr, words)
                self.assertEqual(done.stdout, b"")

    def test_that_nothing_matches_is_told(self):
        out = ("-o", "out", "--format", "csv", "--quiet", "--force")
        for verb, *options in (("cat",), ("export", *out)):
            for text, points in (("ax > 300", "20"), ("imu: ax > 300", "10")):
                done = self.run_ok(verb, self.bag, *options, "--where", text, code=LOSSY)
                self.assert_one_line(done.stderr, f"zbag {verb}: no point is chosen: --where is true "
                                     f"of none of {points} points")
                self.assertEqual(done.stdout, b"")
        done = self.run_ok("cat", self.bag, "--where", "ax > 300", "--start", "1", code=LOSSY)
        self.assert_one_line(done.stderr, "no point is chosen by what was asked for")


if __name__ == "__main__":
    harness.main()
