#!/usr/bin/env python3
"""TRC and BVH read (issue 15): real files value for value, what export writes comes back, files of
other programs, and files that are cut off or lie."""

import json
import lzma
import math
import os
import unittest

import exports_bvh_test
import exports_mocap_test
import harness
from harness import DAMAGED, DONE, LOSSY

HEAD = ("PathFileType\t4\t(X/Y/Z)\tm.trc\n"
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
        "OrigNumFrames\n"
        "100\t100\t{frames}\t2\t{unit}\t100\t1\t{frames}\n"
        "Frame#\tTime\tA\t\t\tB.b\t\t\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n\n")
BODY = ("HIERARCHY\nROOT Hips\n{\nOFFSET 0 1 0\n"
        "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
        "JOINT Knee\n{\nOFFSET 0 -0.5 0\nCHANNELS 1 Xrotation\n"
        "End Site\n{\nOFFSET 0 -0.4 0\n}\n}\n}\nMOTION\nFrames: 2\nFrame Time: 0.5\n")
FRAMES = "1 2 3 4 5 6 7\n1.5 2 3 4 5 6 -7.25\n"


class MotionTest(harness.SystemTest):

    def original(self, *names):
        path = os.path.join(harness.data_folder() or "ZBAG_TEST_DATA", "raw", *names)
        if not os.path.exists(path):
            raise unittest.SkipTest(f"no recording {path}")
        return path

    def take(self, name, text, *more, code=DONE):
        """What `import` makes of a file: (bag, stamps and fields of its track, stderr)."""
        path = self.space.path(name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        self.count = getattr(self, "count", 0) + 1
        bag = self.space.path(f"in{self.count}.zbag")
        said = self.run_ok("import", path, "-o", bag, *more, code=code).stderr
        return bag, self.rows(bag, os.path.splitext(name)[0]) if os.path.exists(bag) else [], said

    def rows(self, bag, track):
        rows = []
        for _, fields in self.points(bag, "--track", track):
            fields = harness.without_bus_fields(fields)
            rows.append((fields.pop("_ts"), fields))
        return rows

    def exported(self, bag, name, form, *more):
        out = self.space.path(name)
        self.run_ok("export", bag, "-o", out, "--format", form, "--force", *more)
        return out


class TrcTest(MotionTest):

    def trc(self, rows, unit="mm", frames=2):
        return HEAD.format(unit=unit, frames=frames) + rows

    def test_a_file_of_a_laboratory_gives_its_markers(self):
        with open(self.original("trc", "markers.trc"), encoding="ascii") as file:
            lines = file.read().splitlines()
        with open(self.original("trc", "markers.trc"), "rb") as file:
            bag, rows, said = self.take("markers.trc", file.read())
        labels = lines[3].split(",")[2::3]
        self.assertEqual(len(labels), 51)
        self.assertIn("its head says 652 frames, and it has 93", said)
        self.assertEqual(len(rows), 93)
        for (stamp, fields), line in zip(rows, lines[6:]):
            cells = line.split(",")
            self.assertEqual((fields["frame"], stamp), (int(cells[0]), float(cells[1])))
            self.assertEqual(list(fields["markers_mm"]), labels)
            for n, place in enumerate(fields["markers_mm"].values()):
                self.assertEqual(place, [float(cell) for cell in cells[2 + 3 * n:5 + 3 * n]])
        self.assert_whole(bag)
        # As strict a reader as OpenSim takes what export makes of it, with no word from anybody.
        head, names, written = exports_mocap_test.read_trc(self.exported(bag, "out.trc", "trc"))
        self.assertEqual((head["Units"], head["DataRate"], names), ("mm", "100", sorted(labels)))
        self.assertEqual(written[-1][1][names.index("STER")],
                         tuple(rows[-1][1]["markers_mm"]["STER"]))

    def test_a_real_gait_goes_out_and_in_again(self):
        first, second = self.space.path("first.zbag"), self.space.path("second.zbag")
        self.run_ok("import", harness.recording_path("gait_walk"), "-o", first)
        self.run_ok("schema", first, "mocap/markers", "markers")
        folder = self.space.path("out")
        self.run_ok("export", first, "-o", folder, "--format", "trc", "--track", "mocap/markers")
        self.run_ok("import", folder, "-o", second)
        ours, theirs = self.rows(second, "mocap/markers"), self.rows(first, "mocap/markers")
        self.assertEqual(len(ours), 238)
        for (stamp, fields), (at, recorded) in zip(ours, theirs):
            self.assertEqual((stamp, fields["frame"]), (at, recorded["frame"]))
            self.assertEqual(fields["markers_mm"], recorded["markers_mm"])
        again = self.exported(second, "again.trc", "trc", "--track", "mocap/markers")
        with open(again, encoding="utf-8") as file, \
                open(os.path.join(folder, "mocap", "markers.trc"), encoding="utf-8") as written:
            self.assertEqual(file.read(), written.read())

    def test_what_programs_differ_in_is_taken(self):
        wanted = [(0.0, {"frame": 1, "markers_mm": {"A": [1, 2, 3], "B.b": [4, 5, 6]}}),
                  (0.01, {"frame": 2, "markers_mm": {"A": [7, 8, 9], "B.b": [-1, 0.5, 1e-3]}})]
        plain = self.trc("1\t0\t1\t2\t3\t4\t5\t6\n2\t0.01\t7\t8\t9\t-1\t+.5\t1E-3\n")
        variants = {
            "crlf": plain.replace("\n", "\r\n"),
            "cr": plain.replace("\n", "\r"),
            "mark": b"\xef\xbb\xbf" + plain.encode(),
            "tab at the end of rows": plain.replace("\t6\n", "\t6\t\n").replace("-3\n", "-3\t\t\n"),
            "no empty line": plain.replace("\n\n", "\n"),
            "an empty line among rows": plain.replace("2\t0.01", "\n\t\t\n2\t0.01"),
            "no end of line": plain.rstrip("\n"),
            "commas": plain.replace("\t", ","),
            "blanks in the head": plain.replace("DataRate\tCameraRate", " DataRate \t CameraRate")
                                       .replace("\tmm\t", "\t mm \t").replace("Frame#", "frame#"),
            "labels side by side": plain.replace("A\t\t\tB.b\t\t", "A\tB.b"),
            "blanks between cells": plain.replace("\t", "  "),
        }
        for name, text in variants.items():
            with self.subTest(name):
                bag, rows, said = self.take("m.trc", text)
                self.assertEqual(rows, wanted)
                self.assertNotIn("NumFrames", said)
                self.assertEqual(dict(self.points(bag, "--track", "_sys/schema/m"))
                                 ["_sys/schema/m"]["kind"], "markers")

    def test_what_was_not_seen_is_no_number(self):
        bag, rows, _ = self.take("m.trc", self.trc("1\t0\t\t\t\t4\t5\t6\n"
                                                   "2\t0.01\tnan\tNaN\tNAN\t4\t\t6\n"))
        self.assertTrue(all(map(math.isnan, rows[0][1]["markers_mm"]["A"])))
        self.assertTrue(all(map(math.isnan, rows[1][1]["markers_mm"]["A"])))
        self.assertTrue(math.isnan(rows[1][1]["markers_mm"]["B.b"][1]))
        _, _, written = exports_mocap_test.read_trc(self.exported(bag, "out.trc", "trc"))
        self.assertTrue(all(map(math.isnan, written[0][1][0])))

    def test_metres_are_the_field_of_metres_and_other_units_are_of_no_kind(self):
        row = "1\t0\t1\t2\t3\t4\t5\t6\n"
        bag, rows, _ = self.take("m.trc", self.trc(row, unit="m", frames=1))
        self.assertIn("markers", rows[0][1])
        self.assertEqual(exports_mocap_test.read_trc(self.exported(bag, "o.trc", "trc"))[0]["Units"],
                         "m")
        bag, rows, said = self.take("m.trc", self.trc(row, unit="inch", frames=1))
        self.assertIn("the unit of its markers is inch, neither m nor mm", said)
        self.assertEqual([track["name"] for track in self.info(bag)["tracks"]], ["m"])

    def test_a_row_that_is_none_costs_itself(self):
        _, rows, said = self.take("m.trc", self.trc(
            "1\t0\t1\t2\t3\t4\t5\t6\n2\t0.01\t1\t2\n3\t0.02\t1\t2\t3\tx\t5\t6\n"
            "4\t\t1\t2\t3\t4\t5\t6\n5\t0.04\t1\t2\t3\t4\t5\t6\t7\n6\t0.05\t1\t2\t3\t4\t5\t6\n",
            frames=6), code=LOSSY)
        self.assertEqual([fields["frame"] for _, fields in rows], [1, 6])
        for line, word in ((8, "a row of 4 cells, where 2 markers make 8"),
                           (9, "a coordinate is no number"),
                           (10, "a row without a number or a time"), (11, "a row of 9 cells")):
            self.assertRegex(said, f"m.trc:{line}: {word}")

    def test_labels_are_unlike_each_other(self):
        text = self.trc("1\t0\t1\t2\t3\t4\t5\t6\n", frames=1).replace("B.b", "A")
        _, rows, _ = self.take("m.trc", text)
        self.assertEqual(rows[0][1]["markers_mm"], {"A": [1, 2, 3], "A_2": [4, 5, 6]})
        _, rows, _ = self.take("m.trc", text.replace("A\t\t\tA", "\t\t\tF\xfc\xdf").encode("latin-1"))
        self.assertEqual(list(rows[0][1]["markers_mm"]), ["marker", "F\\xfc\\xdf"])

    def test_files_that_lie_are_refused_in_one_line(self):
        row = "1\t0\t1\t2\t3\t4\t5\t6\n"
        for change, words in ((("\t2\tmm", "\t3\tmm"), ":4: its head says 3 markers, and 2 have"),
                              (("\t2\tmm", "\t999999999999\tmm"), "more than 8192 markers"),
                              (("Frame#", "Bones"), ":4: no TRC file: a line that begins with Frame"),
                              (("DataRate\tCam", "Rate\tCam"), ":2: no TRC file"),
                              (("A\t\t\tB.b\t\t", ""), "2 markers, and 0 have|it has no markers"),
                              ((self.trc(row, frames=1)[len(HEAD.split("100")[0]):], ""), "ends within its head")):
            text = self.trc(row, frames=1).replace(*change)
            path = self.write("bad.trc", text)
            done = self.run_ok("import", path, "-o", self.space.path("none.zbag"),
                               code=1 if "more than" in words else DAMAGED)
            self.assertRegex(self.assert_one_line(done.stderr, "bad.trc:"), words)

    def test_a_file_that_is_cut_off_gives_its_whole_rows(self):
        text = self.trc("".join(f"{n}\t{n / 100}\t1\t2\t3\t4\t5\t{n}.25\n" for n in range(1, 40)),
                        frames=39)
        path = self.space.path("m.trc")
        for size in range(0, len(text), 37):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text[:size])
            bag = self.space.path(f"cut{size}.zbag")
            done = self.space.run("import", path, "-o", bag)
            whole = max(0, text[:size].count("\n") - 6)
            self.assertIn(done.returncode, (DONE, LOSSY, DAMAGED), done.stderr)
            rows = self.rows(bag, "m") if os.path.exists(bag) else []
            self.assertIn(len(rows), (whole, whole + 1))
            if done.returncode == DONE:
                self.assertIn("its head says 39 frames", done.stderr)


class BvhTest(MotionTest):

    def test_a_clip_gives_its_frames_and_goes_out_again(self):
        path = self.original("bvh", "AV_8Walk_Meredith_HVHA_Rep1.bvh")
        with open(path, "rb") as file:
            text = file.read()
        bag, rows, said = self.take("walk.bvh", text)
        self.assertEqual(said.count("\n"), 1, said)
        with lzma.open(harness.recording_path("bvh_walk_meredith"), "rt") as file:
            wanted = [json.loads(line) for line in file]
        self.assertEqual(rows, [(one["_ts"], one["fields"]) for one in wanted])
        self.assert_whole(bag)
        joints, seconds, frames = exports_bvh_test.read_bvh(self.exported(bag, "out.bvh", "bvh"))
        words, motion = text.decode().split("MOTION")
        self.assertEqual(seconds, 0.008333)
        numbers = [[float(one) for one in row.split()] for row in motion.strip().splitlines()[2:]]
        self.assertEqual(len(frames), len(numbers))
        for frame, given in zip(frames, numbers):
            for a, b in zip(frame, given):
                self.assertAlmostEqual((a - b + 180) % 360 - 180, 0, delta=1e-6)
        kept = json.loads(exports_bvh_test.BvhTest.kind_of_hierarchy(words.split()))["joints"]
        self.assertEqual([joint["name"] for joint in joints], [joint["name"] for joint in kept])
        for joint, one in zip(joints, kept):
            self.assertEqual(joint["offset"], one["offset"])
            self.assertEqual([axis + what for axis, what in joint["channels"]], one["channels"])
            self.assertEqual(joint["end"], one.get("end"))

    def test_what_is_written_comes_back_as_it_was(self):
        bag, _, _ = self.take("a.bvh", BODY + FRAMES)
        first = self.exported(bag, "first.bvh", "bvh")
        with open(first, "rb") as file:
            written = file.read()
        again, rows, _ = self.take("a.bvh", written)
        self.assertEqual(rows, self.rows(bag, "a"))
        with open(self.exported(again, "again.bvh", "bvh"), "rb") as file:
            self.assertEqual(file.read(), written)

    def test_what_programs_differ_in_is_taken(self):
        wanted = [(0.0, {"frame": 0, "joints": {"Hips": [1, 2, 3, 4, 5, 6], "Knee": [7]}}),
                  (0.5, {"frame": 1, "joints": {"Hips": [1.5, 2, 3, 4, 5, 6], "Knee": [-7.25]}})]
        plain = BODY + FRAMES
        for name, text in {
                "crlf": plain.replace("\n", "\r\n"), "cr": plain.replace("\n", "\r"),
                "small letters": plain.replace("HIERARCHY", "Hierarchy").replace("ROOT", "root")
                                      .replace("Xrotation", "XROTATION").replace("Frames", "FRAMES"),
                "one line": plain.split("MOTION")[0].replace("\n", " ") + "\nMOTION" +
                            plain.split("MOTION")[1],
                "a name of the end": plain.replace("End Site", "End Site the foot"),
                "tabs and empty lines": plain.replace("\n", "\n\n").replace(" ", "\t "),
                "no end of line": plain.rstrip("\n")}.items():
            with self.subTest(name):
                self.assertEqual(self.take("a.bvh", text)[1], wanted)
        _, rows, _ = self.take("a.bvh", plain.replace("Knee", "left  Knee"))
        self.assertEqual(list(rows[0][1]["joints"]), ["Hips", "left_Knee"])

    def test_several_roots_joints_that_never_turn_and_names_that_are_there_twice(self):
        joint = "JOINT Knee\n{{\nOFFSET {0} 0 0\nCHANNELS {1}\n{2}}}\n"
        text = ("HIERARCHY\nROOT Knee\n{\nOFFSET 0 0 0\n" +
                joint.format(1, "0", joint.format(2, "2 Yrotation Zposition", "")) +
                "}\nROOT Ball\n{\nOFFSET 5 0 0\nCHANNELS 1 Xposition\n}\n"
                "MOTION\nFrames: 1\nFrame Time: 1\n90 1.5 7\n")
        bag, rows, said = self.take("a.bvh", text)
        self.assertEqual(rows, [(0.0, {"frame": 0, "joints": {"Knee_3": [90, 1.5], "Ball": [7]}})])
        self.assertIn("several joints have one name", said)
        joints, _, frames = exports_bvh_test.read_bvh(self.exported(bag, "o.bvh", "bvh"))
        self.assertEqual([(one["name"], one["parent"]) for one in joints],
                         [("Knee", None), ("Knee_2", 0), ("Knee_3", 1), ("Ball", None)])
        self.assertEqual(frames, [[1.5, 90, 7]])  # positions in front

    def test_names_of_strangers_are_shown_as_they_may_be(self):
        text = ((BODY + FRAMES).encode().replace(b"Hips", b"H\xff\x1b[2J")
                .replace(b"Knee", "Kn\u00e9".encode()))
        bag, rows, _ = self.take("a.bvh", text)
        self.assertEqual(list(rows[0][1]["joints"]), ["H\\xff\\x1b[2J", "Kn\u00e9"])
        exports_bvh_test.read_bvh(self.exported(bag, "o.bvh", "bvh"))

    def test_a_count_of_frames_that_lies_is_told(self):
        for said, there in ((5, 2), (0, 2), (10**18, 2)):
            _, rows, stderr = self.take("a.bvh", BODY.replace("Frames: 2", f"Frames: {said}") + FRAMES)
            self.assertEqual(len(rows), there)
            self.assertIn(f"it says {said} frames, and has 2", stderr)

    def test_a_frame_that_is_none_costs_itself(self):
        _, rows, said = self.take("a.bvh", BODY + "1 2 3 4 5 6\n1 2 3 4 5 6 x\n1 2 3 4 5 6 7\n",
                                  code=LOSSY)
        self.assertEqual([(stamp, fields["frame"]) for stamp, fields in rows], [(1.0, 2)])
        self.assertIn("a.bvh:19: a frame of 6 numbers, where the channels of all joints are 7", said)
        self.assertIn("a.bvh:20: a value is no number", said)

    def test_files_that_lie_are_refused_in_one_line(self):
        deep = "".join(f"JOINT j{n}\n{{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n" for n in range(5000))
        for change, words in (
                (("ROOT", "BONE"), ":2: BONE stands where ROOT or MOTION should"),
                (("OFFSET 0 1 0", "OFFSET 0 x 0"), ":4: x stands where a number should"),
                (("CHANNELS 6", "CHANNELS 99999999"), ":5: 99999999 stands where a number of chan"),
                (("CHANNELS 6", "CHANNELS 5"), ":5: Yrotation stands where OFFSET"),
                (("Xposition Yp", "Xposition Xp"), ":5: Xposition stands where a channel of its own"),
                (("JOINT Knee", deep), ": more than 1024 joints"),
                (("Frame Time: 0.5", "Frame Time: 0"), ": its frames take no time"),
                (("Frames: 2", "Frame: 2"), ": a line of Frames: and a number is missing"),
                (("CHANNELS 1 Xrotation\n", ""), "18: a frame of 7 numbers"),
                (("Hips", "x" * 10_000), ":2: a name of more than 120 bytes"),
                (((BODY + FRAMES)[BODY.index("MOTION"):], ""), "ends in front of its frames")):
            with self.subTest(words):
                path = self.write("bad.bvh", (BODY + FRAMES).replace(*change))
                done = self.space.run("import", path, "-o", self.space.path("none.zbag"))
                self.assertRegex(done.stderr.splitlines()[0], "bad.bvh.*" + words)
                self.assertIn(done.returncode, (1, LOSSY, DAMAGED))
                self.assertFalse(os.path.exists(self.space.path("none.zbag")))

    def test_a_clip_that_is_cut_off_gives_its_whole_frames(self):
        text = BODY.replace("Frames: 2", "Frames: 40") + FRAMES * 20
        begin = len(BODY.replace("Frames: 2", "Frames: 40"))
        path = self.space.path("m.bvh")
        for size in range(0, len(text), 23):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text[:size])
            bag = self.space.path(f"cut{size}.zbag")
            done = self.space.run("import", path, "-o", bag)
            self.assertIn(done.returncode, (DONE, LOSSY, DAMAGED), done.stderr)
            whole = text[begin:max(begin, size)].count("\n")
            rows = self.rows(bag, "m") if os.path.exists(bag) else []
            self.assertIn(len(rows), (whole, whole + 1))


if __name__ == "__main__":
    harness.main()
