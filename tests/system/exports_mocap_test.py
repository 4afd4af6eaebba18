#!/usr/bin/env python3
"""Motion as text: the envelope of ML-Dash (requirements 1.4), TRC (interop.md 7.2)."""

import json
import math
import os
import unittest

import harness
from harness import FAILED, USAGE

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

    def test_stamps_may_lie_as_far_apart_as_there_are(self):
        out = self.export(self.bag(("a", -9e9, {"x": 1}), ("a", 9e9, {"x": 2})), "a.json", "mocap")
        head = self.read(out)["metadata"]
        self.assertEqual((head["fps"], head["duration"]), (1 / 1.8e10, 1.8e10))

    def test_a_real_walk_has_all_its_bones(self):
        bag = self.space.path("walk.zbag")
        self.run_ok("import", harness.recording_path("cmu_02_01_walk"), "-o", bag)
        document = self.read(self.export(bag, "walk.json", "mocap"))
        self.assertEqual(document["metadata"]["frameCount"], 343)
        self.assertAlmostEqual(document["metadata"]["fps"], 120, places=3)
        self.assertEqual(len(document["channels"]), 30)
        self.assertEqual(document["frames"][0]["joints.rradius"], [46.2257])


KEYS = ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate",
        "OrigDataStartFrame", "OrigNumFrames"]


def read_trc(path):
    """As strict as OpenSim: (head by key, labels, rows of time and (x, y, z) each marker)."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    first = lines[0].split("\t")
    assert first[:3] == ["PathFileType", "4", "(X/Y/Z)"] and len(first) == 4, first
    assert lines[1].split("\t") == KEYS, lines[1]
    values = lines[2].split("\t")
    assert len(values) == len(KEYS), values
    head = dict(zip(KEYS, values))
    assert head["Units"] in ("mm", "m"), head
    markers = int(head["NumMarkers"])
    labels = lines[3].split("\t")
    assert labels[:2] == ["Frame#", "Time"], labels[:2]
    assert all(label == "" for at, label in enumerate(labels[2:]) if at % 3), labels
    names = labels[2::3]
    assert len(names) == markers == len(set(names)) and all(names), names
    axes = [f"{axis}{n}" for n in range(1, markers + 1) for axis in "XYZ"]
    assert lines[4].split("\t") == ["", "", *axes], lines[4]
    assert lines[5] == "" and lines[-1] == "", (lines[5], lines[-1])
    rows = []
    for number, line in enumerate(lines[6:-1], 1):
        cells = line.split("\t")
        assert len(cells) == 3 * markers + 2 and int(cells[0]) == number, line
        numbers = [float(cell) for cell in cells[1:]]
        assert abs(numbers[0] - (number - 1) / float(head["DataRate"])) < 2e-6, line
        rows.append((numbers[0], [tuple(numbers[at:at + 3]) for at in range(1, len(numbers), 3)]))
    assert len(rows) == int(head["NumFrames"]) == int(head["OrigNumFrames"]), len(rows)
    return head, names, rows


class TrcTest(MotionTest):

    def marked(self, *points):
        bag = self.bag(*points)
        self.run_ok("schema", bag, points[0][0], "markers")
        return bag

    def test_markers_are_rows_and_what_was_not_seen_is_no_number(self):
        bag = self.marked(
            ("m", 10.0, {"markers": {"a b": [1.0, 2.0, 3.5], "L.Toe": [0.1, 0.2, 0.3]}}),
            ("m", 10.5, {"markers": {"a b": {"$nil": True}, "L.Toe": [0.4, 0.5, 0.6]}}),
            ("m", 11.0, {"markers": {"L.Toe": [0.7, None, 0.9], "a b": [1, 2.5, 3]}}))
        head, names, rows = read_trc(self.export(bag, "m.trc", "trc"))
        self.assertEqual((head["DataRate"], head["Units"], names), ("2", "m", ["L.Toe", "a_b"]))
        self.assertEqual([time for time, _ in rows], [0.0, 0.5, 1.0])
        self.assertEqual(rows[0][1], [(0.1, 0.2, 0.3), (1, 2, 3.5)])
        self.assertTrue(all(math.isnan(axis) for axis in rows[1][1][1]))
        self.assertEqual(rows[2][1][1], (1, 2.5, 3))  # ints and floats side by side

    def test_irregular_points_become_rows_a_constant_time_apart(self):
        bag = self.marked(*(("m", stamp, {"markers": {"a": [10 * stamp, 0.0, 1.0]}})
                            for stamp in (0.0, 0.1, 0.2, 0.35, 0.45, 0.55)))
        out = self.space.path("m.trc")
        said = self.run_ok("export", bag, "-o", out, "--format", "trc").stderr
        self.assertIn("not regular", said)
        head, _, rows = read_trc(out)
        self.assertEqual(head["DataRate"], "10")
        self.assertEqual(len(rows), 6)
        for time, ((x, _, z),) in rows:
            self.assertAlmostEqual(x, 10 * time, places=6)
            self.assertEqual(z, 1.0)

    def test_stamps_may_lie_as_far_apart_as_there_are(self):
        bag = self.marked(*(("m", stamp, {"markers": {"a": [1.0, 2.0, 3.0]}})
                            for stamp in (-8e9, 0.0, 8e9)))
        head, _, rows = read_trc(self.export(bag, "m.trc", "trc"))
        self.assertEqual(head["DataRate"], "1.25e-10")
        self.assertEqual([time for time, _ in rows], [0.0, 8e9, 1.6e10])

    def test_a_track_without_markers_or_of_gaps_is_refused(self):
        bag = self.bag(("m", 1.0, {"markers": {"a": [1.0, 2.0, 3.0]}}))
        refused = self.run_ok("export", bag, "-o", self.space.path("o.trc"), "--format", "trc",
                              code=FAILED)
        self.assert_one_line(refused.stderr, "track m", "zbag schema BAG m markers")
        gaps = self.space.path("gaps.zbag")
        lines = "".join(json.dumps({"track": "m", "_ts": stamp,
                                    "fields": {"markers": {"a": [1.0, 2.0, 3.0]}}}) + "\n"
                        for stamp in (0.0, 0.001, 0.002, 1e6))
        self.run_ok("import", self.write("gaps.jsonl", lines), "-o", gaps)
        self.run_ok("schema", gaps, "m", "markers")
        refused = self.run_ok("export", gaps, "-o", self.space.path("o.trc"), "--format", "trc",
                              code=FAILED)
        self.assert_one_line(refused.stderr, "mostly gaps")
        self.assertFalse(os.path.exists(self.space.path("o.trc")))

    def test_a_real_gait_has_its_markers_in_their_places(self):
        bag = self.space.path("gait.zbag")
        self.run_ok("import", harness.recording_path("gait_walk"), "-o", bag)
        self.run_ok("schema", bag, "mocap/markers", "markers")
        head, names, rows = read_trc(
            self.export(bag, "gait.trc", "trc", "--track", "mocap/markers"))
        self.assertEqual((head["Units"], len(names), len(rows)), ("mm", 41, 238))
        self.assertEqual(rows[0][1][names.index("R.Shoulder")], (-652.63, 1529.542, -94.52))
        self.assertAlmostEqual(float(head["DataRate"]), 100, places=6)


if __name__ == "__main__":
    harness.main()
