#!/usr/bin/env python3
"""zbag diff: two bags compared, what is said of it and how it exits."""

import json
import os

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE
import terminal


class DiffTest(harness.SystemTest):
    """Bags of two tracks, twenty points each, half a second apart."""

    def make_bag(self, name, change=lambda frames: None, tracks=("robot/arm", "robot/imu"), points=20):
        frames = [{"track": track, "_ts": 1000.0 + n / 2, "fields": {
            "n": n, "pose": {"x": n / 4, "y": 1.5}, "list": [n, 2.5], "mode": "auto"}}
                  for n in range(points) for track in tracks]
        change(frames)
        source = self.write(name + ".jsonl", "".join(json.dumps(frame) + "\n" for frame in frames))
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", source, "-o", bag, "--quiet")
        return bag

    def diff(self, *arguments, code=DONE):
        """(the lines of the differences, the line of the bags)"""
        done = self.run_ok("diff", "--json", *arguments, code=code)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines[:-1], lines[-1]

    def text(self, *arguments, code=LOSSY):
        return self.run_ok("diff", *arguments, code=code).stdout.decode().splitlines()

    def test_equal_bags(self):
        a, b = self.make_bag("a"), self.make_bag("b")
        self.assertEqual(self.text(a, b, code=DONE), [f"{a} and {b} are equal: 40 points in 2 tracks"])
        told, bags = self.diff(a, b)
        self.assertEqual(told, [])
        self.assertTrue(bags["equal"])
        self.assertEqual((bags["points_a"], bags["points_b"], bags["differing"]), (40, 40, 0))
        self.assertEqual(self.text(a, b, "--quiet", code=DONE), [])

    def test_a_copy_and_what_upkeep_makes_of_a_bag_are_equal_to_it(self):
        a = self.make_bag("a")
        for verb in ("cut", "merge", "compact", "recover"):
            new = self.space.path(verb + ".zbag")
            self.run_ok(verb, a, "-o", new)
            self.diff(a, new)
        back = self.space.path("back.jsonl")
        self.run_ok("export", a, "--format", "jsonl", "-o", back)
        self.run_ok("import", back, "-o", self.space.path("again.zbag"), "--compression", "zstd")
        self.diff(a, self.space.path("again.zbag"))

    def test_a_replay_is_equal_to_the_recording(self):
        a, replayed = self.make_bag("a"), self.space.path("replayed.zbag")
        recorder = self.start_recorder(replayed)
        self.run_ok("play", a, "--burst", *recorder.urls)
        self.assertEqual(recorder.stop(), DONE)
        self.diff(a, replayed)

    def test_a_tampered_bag_is_told_field_by_field(self):
        def tamper(frames):
            frames[3]["fields"]["pose"]["x"] = 0.5    # robot/imu at 1000.5
            frames[10]["fields"]["list"] = [5, 2.75]  # robot/arm at 1002.5
            del frames[10]["fields"]["mode"]
            frames[12]["fields"]["n"] = 6.0
            frames[14]["fields"]["new"] = None
        a, b = self.make_bag("a"), self.make_bag("b", tamper)
        told, bags = self.diff(a, b, code=LOSSY)
        self.assertEqual(told, [
            {"track": "robot/arm", "_ts": 1002.5, "field": "list[1]", "expected": 2.5, "actual": 2.75},
            {"track": "robot/arm", "_ts": 1002.5, "field": "mode", "expected": "auto"},
            {"track": "robot/arm", "_ts": 1003.0, "field": "n", "expected": 6, "actual": 6.0,
             "expected_type": "int", "actual_type": "float64"},
            {"track": "robot/arm", "_ts": 1003.5, "field": "new", "actual": None},
            {"track": "robot/imu", "_ts": 1000.5, "field": "pose.x", "expected": 0.25, "actual": 0.5}])
        self.assertFalse(bags["equal"])
        arm, imu = bags["tracks"]
        self.assertEqual((arm["name"], arm["unlike"], arm["only_in_a"]), ("robot/arm", 3, 0))
        self.assertEqual(arm["fields"]["list"], {"points": 1, "largest": 0.25})
        self.assertEqual(imu["fields"], {"pose.x": {"points": 1, "largest": 0.25}})
        lines = self.text(a, b)
        self.assertEqual(lines[0], f"{a} and {b} differ: 4 points of 40 and 40, in 2 of 2 tracks")
        self.assertRegex(lines[2], r"^robot/arm +20 +20 +0 +0 +3 +list 1 \(by up to 0.25\), mode 1, n 1")
        self.assertRegex(lines[3], r"^robot/imu +20 +20 +0 +0 +1 +pose.x 1 \(by up to 0.25\)$")
        self.assertEqual(lines[4:], [
            "", "robot/arm 1002.5 list[1]: 2.5 -> 2.75", "robot/arm 1002.5 mode: \"auto\" -> absent",
            "robot/arm 1003.0 n: 6 -> 6.0", "robot/arm 1003.5 new: absent -> null",
            "robot/imu 1000.5 pose.x: 0.25 -> 0.5"])
        self.assertEqual(self.text(a, b, "--quiet"), [])

    def test_types_that_print_alike_are_named(self):
        def nan(frames):
            for frame in frames:
                frame["fields"]["mode"] = None
        def nil(frames):
            for frame in frames:
                frame["fields"]["mode"] = {"$nil": True}
        a, b = self.make_bag("a", nan), self.make_bag("b", nil)
        self.assertIn("robot/arm 1000.0 mode: null (float64) -> null (nil)", self.text(a, b))

    def test_a_tolerance_takes_numbers_for_equal(self):
        def shift(frames):
            for frame in frames:
                frame["fields"]["pose"]["y"] = 2
                frame["fields"]["list"][1] = 2.25
        a, b = self.make_bag("a"), self.make_bag("b", shift)
        self.diff(a, b, code=LOSSY)
        self.diff(a, b, "--tolerance", "0.5")
        told, _ = self.diff(a, b, "--tolerance", "0.3", "--track", "robot/imu", code=LOSSY)
        self.assertEqual({line["field"] for line in told}, {"pose.y"})
        self.diff(a, b, "--columns", "n,mode")
        for wrong in ("-1", "nan", "much"):
            self.assert_one_line(self.run_ok("diff", a, b, "--tolerance", wrong, code=USAGE).stderr,
                                 "--tolerance", wrong)

    def test_points_and_tracks_of_one_bag_alone(self):
        def drop(frames):
            del frames[8:14]
        a, b = self.make_bag("a"), self.make_bag("b", drop, tracks=("robot/arm", "robot/leg"))
        told, bags = self.diff(a, b, code=LOSSY)
        self.assertEqual(told, [
            {"track": "robot/arm", "only_in": "a", "start": 1002.0, "end": 1003.0, "points": 3},
            {"track": "robot/imu", "only_in": "a", "start": 1000.0, "end": 1009.5, "points": 20},
            {"track": "robot/leg", "only_in": "b", "start": 1000.0, "end": 1009.5, "points": 17}])
        self.assertEqual(bags["differing"], 40)
        self.assertIn("robot/arm 1002.0 to 1003.0: 3 points only in A", self.text(a, b))
        self.diff(a, b, "--track", "robot/arm", "--end", "1001.5")
        self.diff(a, b, "--track", "robot/arm", "--start", "+4")
        self.diff(a, b, "--track", "robot/arm", "--duration", "1.5s")

    def test_a_limit_bounds_what_is_printed_and_not_what_is_counted(self):
        def change(frames):
            for frame in frames:
                frame["fields"]["n"] = -1
        a, b = self.make_bag("a", points=40), self.make_bag("b", change, points=40)
        told, bags = self.diff(a, b, code=LOSSY)
        self.assertEqual(len(told), 80)
        told, limited = self.diff(a, b, "--limit", "3", code=LOSSY)
        self.assertEqual(len(told), 3)
        self.assertEqual(limited, bags)
        lines = self.text(a, b)
        self.assertEqual(len([line for line in lines if " -> " in line]), 20)
        self.assertIn("there are more", lines[-1])
        self.assertEqual(len([line for line in self.text(a, b, "--limit", "0") if " -> " in line]), 80)

    def test_a_terminal_shows_a_screen(self):
        tracks = [f"robot/part_with_a_long_name/{n}" for n in range(40)]
        def change(frames):
            for frame in frames:
                frame["fields"]["mode"] = "m" * 400
        a, b = self.make_bag("a", tracks=tracks, points=3), self.make_bag("b", change, tracks, points=3)
        shown = terminal.output_of(self.space, 80, "diff", a, b, code=LOSSY)
        self.assertLess(len(shown.splitlines()), 24)
        self.assertLessEqual(max(map(len, shown.splitlines()[1:])), 80)
        self.assertIn("more tracks", shown)

    def test_a_recording_that_went_through_another_format_is_the_same(self):
        a, again = self.make_bag("a"), self.space.path("again.zbag")
        self.run_ok("export", a, "-o", self.space.path("a.mcap"), "--format", "mcap", "--encoding", "msgpack")
        self.run_ok("import", self.space.path("a.mcap"), "-o", again)
        self.diff(a, again)
        told, bags = self.diff(a, again, "--track", "_sys/original/**", code=LOSSY)
        self.assertTrue(bags["tracks"], told)

    def test_what_tracks_mean(self):
        def numbers(frames):
            for frame in frames:
                frame["fields"] = {name: 0.5 for name in ("ax", "ay", "az", "gx", "gy", "gz")}
        a, b = self.make_bag("a", numbers), self.make_bag("b", numbers)
        self.run_ok("schema", b, "robot/imu", "imu")
        told, bags = self.diff(a, b, code=LOSSY)
        self.assertIn({"track": "robot/imu", "schema_field": "kind", "actual": "imu"}, told)
        self.assertEqual([track["has_other_schema"] for track in bags["tracks"]], [False, True])
        self.diff(a, b, "--exclude", "_sys/**")
        self.run_ok("schema", a, "robot/imu", "imu")
        self.diff(a, b)

    def test_a_bag_that_is_recorded(self):
        live = self.space.path("live.zbag")
        recorder = self.start_recorder(live)
        a = self.make_bag("a")
        self.run_ok("play", a, "--burst", *recorder.urls)
        self.run_ok("ctl", "record", "flush")
        self.diff(a, live)
        self.assertEqual(recorder.stop(), DONE)

    def test_damage_is_told_and_neither_equal_nor_different(self):
        a, b = self.make_bag("a", points=400), self.make_bag("b", points=400)
        with open(b, "r+b") as file:
            at = file.read().rindex(b"ZBK1") + 150
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))
        done = self.run_ok("diff", a, b, code=LOSSY)
        self.assert_one_line(done.stderr, b, "wrong checksum", "points are left out")
        self.assertIn("not compared for damage", done.stdout.decode().splitlines()[0])
        told, bags = self.diff(a, b, code=LOSSY)
        self.assertEqual((told, bags["differing"], bags["left_out"]), ([], 0, 1))
        self.assertGreater(bags["uncompared"], 0)
        self.assertFalse(bags["equal"])

    def test_what_can_not_be_compared(self):
        a, empty = self.make_bag("a"), self.write("empty.zbag", "")
        self.assert_one_line(self.run_ok("diff", a, empty, code=DAMAGED).stderr, empty)
        self.assert_one_line(self.run_ok("diff", a, "nowhere.zbag", code=FAILED).stderr, "nowhere.zbag")
        self.assertIn("B", self.run_ok("diff", a, code=USAGE).stderr)
        done = self.run_ok("diff", a, a, "--track", "robot/imo", code=LOSSY)
        self.assert_one_line(done.stderr, "robot/imo", "did you mean robot/imu?")
        self.assert_one_line(self.run_ok("diff", a, a, "--columns", "pse", code=LOSSY).stderr, "pse", "pose")
        self.assert_one_line(self.run_ok("diff", a, a, "--start", "2000", code=LOSSY).stderr,
                             "no point is chosen")
        folder = os.path.dirname(a)
        self.make_bag("b")
        self.assert_one_line(self.run_ok("diff", a, folder, code=USAGE).stderr, folder, "name one")


if __name__ == "__main__":
    harness.main()
