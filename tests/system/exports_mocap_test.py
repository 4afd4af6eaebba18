#!/usr/bin/env python3
"""Motion as text: the envelope of ML-Dash (requirements 1.4)."""

import json
import os
import unittest

import harness
from harness import USAGE

GOLDEN = os.path.join(harness.source_folder(), "tests", "golden", "mocap.json")


class MotionTest(harness.SystemTest):

    def bag(self, *points, name="in.zbag"):
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for track, stamp, fields in points)
        self.run_ok("import", self.write(name + ".jsonl", lines), "-o", self.space.path(name))
        return self.space.path(name)

    def export(self, bag, name, form, *more):
        out = self.space.path(name)
        self.run_ok("export", bag, "-o", out, "--format", form, *more)
        return out

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class MocapTest(MotionTest):

    # Late points, sparse fields, nested maps, a field called as the frame's own, what JSON lacks.
    POINTS = (
        ("robot/arm", 1.5, {"q": [0.1, 0.2], "camera": {"pos": [1, 2], "on": True}}),
        ("robot/arm", 1.0, {"q": [0.3], "time": "noon", "timestamp": 7}),
        ("robot/arm", 2.0, {"q": None, "raw_hex": "ffd8", "note": "\u00e9\n\""}),
        ("robot/arm", 2.6, {"far": "inf", "time_": 1}),
    )

    # S0.28
    def test_a_track_is_as_the_golden_file_has_it(self):
        out = self.export(self.bag(*self.POINTS), "arm.json", "mocap")
        with open(out, encoding="utf-8") as file, open(GOLDEN, encoding="utf-8") as golden:
            self.assertEqual(file.read(), golden.read())

    def test_a_range_without_points_is_the_envelope_alone(self):
        bag = self.bag(*self.POINTS)
        out = self.space.path("none.json")
        self.space.run("export", bag, "-o", out, "--format", "mocap", "--start", "100")
        self.assertEqual(self.read(out), {
            "version": "1.0", "channels": [], "frames": [],
            "metadata": {"topic": "robot/arm", "description": None, "tags": [], "fps": 30.0,
                         "duration": 0.0, "frameCount": 0, "startTime": 0.0, "endTime": 0.0}})

    def test_tracks_are_files_below_a_folder_and_no_single_file(self):
        bag = self.bag(("a/b", 1.0, {"x": 1}), ("c", 2.0, {"y": 2}))
        out = self.export(bag, "out", "mocap")
        self.assertEqual(self.read(os.path.join(out, "a", "b.json"))["frames"],
                         [{"time": 1.0, "x": 1}])
        refused = self.run_ok("export", bag, "-o", self.space.path("o.json"), "--format", "mocap",
                              code=USAGE)
        self.assert_one_line(refused.stderr, "2 tracks", "--track")
        self.assertFalse(os.path.exists(self.space.path("o.json")))

    def test_what_a_recording_said_of_a_track_is_in_the_head(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(
            bag, "--metadata", "fps=50", "--metadata", "arm.fps=120", "--metadata",
            "arm.description=left arm", "--metadata", "arm.tags=a,b")
        publisher = self.publisher(recorder)
        publisher.wait_for_subscriber()
        for track in ("arm", "leg"):
            publisher.send(track, {"_ts": 1.0, "q": 1})
        harness.wait_until(lambda: self.info(bag)["points"] == 2, "both points")
        self.assertEqual(recorder.stop(), 0)
        arm = self.read(self.export(bag, "arm.json", "mocap", "--track", "arm"))["metadata"]
        self.assertEqual((arm["fps"], arm["description"], arm["tags"]),
                         (120.0, "left arm", ["a", "b"]))
        leg = self.read(self.export(bag, "leg.json", "mocap", "--track", "leg"))["metadata"]
        self.assertEqual((leg["fps"], leg["description"], leg["tags"]), (50.0, None, []))

    def test_columns_are_kept_from_frames_and_channels(self):
        out = self.export(self.bag(*self.POINTS), "c.json", "mocap", "--columns", "camera.pos")
        document = self.read(out)
        self.assertEqual(document["channels"], ["camera.pos"])
        self.assertEqual(document["frames"][1], {"time": 1.5, "camera.pos": [1, 2]})

    def test_a_real_walk_has_all_its_bones(self):
        bag = self.space.path("walk.zbag")
        self.run_ok("import", harness.recording_path("cmu_02_01_walk"), "-o", bag)
        document = self.read(self.export(bag, "walk.json", "mocap"))
        self.assertEqual(document["metadata"]["frameCount"], 343)
        self.assertAlmostEqual(document["metadata"]["fps"], 120, places=3)
        self.assertEqual(len(document["channels"]), 30)
        self.assertEqual(document["frames"][0]["joints.rradius"], [46.2257])


if __name__ == "__main__":
    harness.main()
