#!/usr/bin/env python3
"""What the fields of tracks mean: zbag schema, record --schema, and what info says of it."""

import json
import os
import shutil

import harness
from harness import DONE, FAILED, LOSSY, USAGE

# Tracks that somebody recorded, of every kind that there are recordings of.
RECORDED = (("imu", "tilt_laser", "imu_data"), ("imu", "turtlebot3_sim", "imu"),
            ("imu", "husky_outdoor", "imu/data"), ("odometry", "intel_lab_short", "odom"),
            ("odometry", "turtlebot3_sim", "odom"), ("pose", "intel_lab_short", "odom"),
            ("pose", "husky_outdoor", "husky_velocity_controller/odom"),
            ("twist", "turtlebot3_sim", "cmd_vel"), ("twist", "tilt_laser", "velocity"),
            ("laser_scan", "tilt_laser", "scan"), ("laser_scan", "turtlebot3_sim", "scan"),
            ("laser_scan", "intel_lab_short", "laser/front"),
            ("joint_state", "turtlebot3_sim", "joint_states"), ("joint_state", "g1_tiny", "joints/state"),
            ("compressed_image", "g1_tiny", "camera/head"), ("gps", "tilt_laser", "position_gps"),
            ("gps", "husky_outdoor", "fix"), ("markers", "gait_walk", "mocap/markers"),
            ("skeleton", "cmu_02_01_walk", "mocap/skeleton"),
            ("skeleton", "bvh_walk_meredith", "mocap/bvh"))


class SchemaTest(harness.SystemTest):
    """A bag of an IMU of a small board, and of what is none."""

    def make_bag(self, name="day", tracks=("robot/imu", "robot/arm")):
        source = self.space.path(name + ".jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(10):
                for track in tracks:
                    fields = {key: n / 10 for key in ("ax", "ay", "az", "gx", "gy", "gz")}
                    if track == "robot/arm":
                        fields["gz"] = "fast" if n == 9 else 0
                    file.write(json.dumps({"track": track, "_ts": 1000.0 + n, "fields": fields}) + "\n")
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", source, "-o", bag, "--quiet")
        return bag

    def kinds(self, bag):
        return json.loads(self.run_ok("schema", bag, "--json").stdout)

    def test_a_kind_is_set_shown_and_told_by_info(self):
        bag = self.make_bag()
        before = self.info(bag)
        self.assertEqual(self.kinds(bag), {})
        self.assertIn("has no schema", self.run_ok("schema", bag, "robot/imu", code=FAILED).stderr)
        self.run_ok("schema", bag, "robot/imu", "imu")
        self.assertEqual(self.kinds(bag), {"robot/imu": "imu"})
        shown = json.loads(self.run_ok("schema", bag, "robot/imu", "--json").stdout)
        self.assertEqual(shown["kind"], "imu")
        self.assertEqual({name: field["role"] for name, field in shown["fields"].items()},
                         {f"{letter}{axis}": f"{role}.{axis}" for axis in "xyz" for letter, role in
                          (("a", "linear_acceleration"), ("g", "angular_velocity"))})
        self.assertEqual(shown["fields"]["gx"]["unit"], "rad/s")
        text = self.run_ok("schema", bag, "robot/imu").stdout.decode()
        self.assertRegex(text, r"ax +float +m/s\^2 +Acceleration along x")
        info = self.assert_whole(bag)
        self.assert_equation(info)
        self.assertEqual({track["name"]: track["kind"] for track in info["tracks"]},
                         {"robot/arm": None, "robot/imu": "imu", "_sys/schema/robot/imu": None})
        self.assertEqual((info["start"], info["end"]), (before["start"], before["end"]))
        self.assertIn("imu: ax float64", self.run_ok("info", bag).stdout.decode())

    def test_kinds_are_listed_and_shown_without_a_bag(self):
        done = self.run_ok("schema")
        lines = done.stdout.decode().splitlines()
        self.assertIn("imu", [line.split()[0] for line in lines])
        self.assertTrue(all(len(line.split()) > 1 for line in lines), lines)
        self.assert_one_line(done.stderr, "zbag schema KIND")
        kinds = json.loads(self.run_ok("schema", "--json").stdout)
        self.assertEqual(list(kinds), [line.split()[0] for line in lines])
        for kind in kinds:
            with self.subTest(kind=kind):
                shown = self.run_ok("schema", kind).stdout.decode().splitlines()
                said = json.loads(self.run_ok("schema", kind, "--json").stdout)
                self.assertEqual(shown[0], f"{kind}: {said['means']}")
                self.assertEqual([line.split()[0] for line in shown[1:]], list(said["fields"]))
        shown = self.run_ok("schema", "imu").stdout.decode()
        self.assertRegex(shown, r"linear_acceleration\.x +float +m/s\^2 .*required.*also .*ax.*\(sensor\)")
        # A file of that form, and what is neither.
        path = self.space.path("own.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("kind: own\nmeans: Mine\nfields:\n  a: {type: float, unit: m, means: Far}\n")
        self.assertEqual(self.run_ok("schema", path).stdout.decode().splitlines()[0], "own: Mine")
        done = self.run_ok("schema", "imuu", code=FAILED)
        self.assert_one_line(done.stderr, "neither a bag nor a kind imuu", "did you mean imu?")
        # A bag of that name is a bag.
        shutil.move(self.make_bag(), self.space.path("imu"))
        self.assertEqual(json.loads(self.run_ok("schema", "imu", "--json").stdout), {})

    def test_the_newest_holds_and_the_same_again_writes_nothing(self):
        bag, own = self.make_bag(), self.space.path("own.yaml")
        with open(own, "w", encoding="utf-8") as file:
            file.write("kind: board\nfields:\n  ax: {type: float, unit: g, means: Along x}\n")
        for kind, name in (("imu", "imu"), (own, "board"), ("imu", "imu")):
            self.run_ok("schema", bag, "robot/imu", kind)
            self.assertEqual(self.kinds(bag), {"robot/imu": name})
        runs = len(self.info(bag)["runs"])
        self.run_ok("schema", bag, "robot/imu", "imu")
        self.assertEqual(len(self.info(bag)["runs"]), runs)
        # Of one name, with less in it: nothing of the one before stays.
        for means in ("means: Of a board\n", ""):
            with open(own, "w", encoding="utf-8") as file:
                file.write(f"kind: board\n{means}fields:\n  ax: {{type: float, unit: g, means: Along x}}\n")
            self.run_ok("schema", bag, "robot/imu", own)
            self.assertEqual(("Of a board" in self.run_ok("schema", bag, "robot/imu").stdout.decode()), bool(means))

    def test_a_kind_of_a_file_is_in_the_bag(self):
        bag, own = self.make_bag(), self.space.path("own.yaml")
        with open(own, "w", encoding="utf-8") as file:
            file.write("kind: board\nmeans: A board\nfields:\n"
                       "  ax: {type: float, unit: g, frame: board, required: true, means: Along x}\n")
        self.run_ok("schema", bag, "robot/imu", own)
        os.remove(own)
        shown = json.loads(self.run_ok("schema", bag, "robot/imu", "--json").stdout)
        self.assertEqual(shown["fields"], {"ax": {"role": "ax", "type": "float", "unit": "g",
                                                  "frame": "board", "means": "Along x"}})

    def test_a_bag_keeps_it_through_compact_and_merge(self):
        bag = self.make_bag()
        self.run_ok("schema", bag, "robot/imu", "imu")
        for verb in (("compact", bag), ("merge", bag), ("cut", bag)):
            new = self.space.path(verb[0] + ".zbag")
            self.run_ok(*verb, "-o", new)
            self.assertEqual(self.kinds(new), {"robot/imu": "imu"})

    def test_a_part_of_a_bag_keeps_it(self):
        bag = self.make_bag()
        self.run_ok("schema", bag, "robot/imu", "imu")
        shown = self.run_ok("schema", bag, "robot/imu", "--json").stdout
        every = ",".join(a + b for a in "ag" for b in "xyz")
        for name, part in (("range", ("--start", "1005", "--end", "1007")),
                           ("track", ("--track", "robot/imu")), ("end", ("--start", "-1")),
                           ("columns", ("--columns", every)), ("limit", ("--limit", "3")),
                           ("state", ("--start", "1005.5", "--state-at-start"))):
            merged = () if name == "state" else (("merge", part),)
            for verb, options in (("cut", part), *merged):
                with self.subTest(verb=verb, part=name):
                    new = self.space.path(f"{verb}_{name}.zbag")
                    self.run_ok(verb, bag, "-o", new, *options)
                    self.assertEqual(self.kinds(new), {"robot/imu": "imu"})
                    self.assertEqual(self.run_ok("schema", new, "robot/imu", "--json").stdout, shown)
                    info = self.assert_whole(new)
                    self.assert_equation(info)
                    imu = next(one for one in info["tracks"] if one["name"] == "robot/imu")
                    self.assertEqual((info["start"], info["end"]), (imu["first_ts"], imu["last_ts"]))

    def test_what_is_not_wanted_of_it_stays_behind(self):
        bag = self.make_bag()
        self.run_ok("schema", bag, "robot/imu", "imu")
        for name, options, told in (
                ("other", ("--track", "robot/arm"), ""), ("none", ("--exclude", "_sys/**"), ""),
                ("unfit", ("--columns", "ax,ay"), "robot/imu is no imu without linear_acceleration.z")):
            for verb in ("cut", "merge"):
                with self.subTest(verb=verb, name=name):
                    new = self.space.path(f"{verb}_{name}.zbag")
                    self.assertIn(told, self.run_ok(verb, bag, "-o", new, *options).stderr)
                    self.assertEqual(self.kinds(new), {})
                    self.assertNotIn("_sys", "".join(one["name"] for one in self.info(new)["tracks"]))

    def test_a_merge_of_parts_has_the_newest(self):
        bag, own, new = self.make_bag(), self.space.path("own.yaml"), self.space.path("new.zbag")
        with open(own, "w", encoding="utf-8") as file:
            file.write("kind: board\nfields:\n  ax: {type: float, unit: g, means: Along x}\n")
        self.run_ok("schema", bag, "robot/imu", "imu")
        self.run_ok("cut", bag, "-o", self.space.path("a.zbag"), "--end", "1004")
        self.run_ok("cut", bag, "-o", self.space.path("b.zbag"), "--start", "1005")
        self.run_ok("schema", self.space.path("b.zbag"), "robot/imu", own)
        self.run_ok("merge", self.space.path("a.zbag"), self.space.path("b.zbag"), "-o", new,
                    "--track", "robot/*")
        self.assertEqual(self.kinds(new), {"robot/imu": "board"})
        self.assertEqual(self.info(new)["start"], 1000.0)

    def test_a_neutral_recording_carries_it(self):
        bag = self.make_bag()
        self.run_ok("schema", bag, "robot/imu", "imu")
        for name, options in (("all", ()), ("part", ("--start", "1004", "--track", "robot/imu")),
                              ("named", ("--track", "**", "--track", "_sys/**")),
                              ("unfit", ("--columns", "ax")), ("none", ("--exclude", "_sys/**"))):
            with self.subTest(name=name):
                lines, new = self.space.path(name + ".jsonl"), self.space.path(name + ".zbag")
                told = self.run_ok("export", bag, "-o", lines, "--format", "jsonl", *options).stderr
                self.run_ok("import", lines, "-o", new)
                kept = {} if name in ("unfit", "none") else {"robot/imu": "imu"}
                self.assertEqual(self.kinds(new), kept)
                self.assertEqual("is no imu without" in told, name == "unfit")
                with open(lines, encoding="utf-8") as file:
                    tracks = [json.loads(line)["track"] for line in file]
                self.assertEqual(tracks.count("_sys/schema/robot/imu"), len(kept))
                self.assertEqual(tracks.count("robot/imu"), 6 if name == "part" else 10)

    def test_what_does_not_fit_is_a_line_and_writes_nothing(self):
        bag, own = self.make_bag(), self.space.path("own.yaml")
        with open(own, "w", encoding="utf-8") as file:
            file.write("kind: board\nfields:\n  ax:\n    type: number\n    means: Along x\n")
        with open(bag, "rb") as file:
            data = file.read()
        for track, kind, code, *words in (
                ("robot/arm", "imu", FAILED, "robot/arm is no imu: its field gz is text, and float is wanted"),
                ("robot/imu", "gps", FAILED, "robot/imu is no gps: it has no field latitude"),
                ("robot/imu", "imo", FAILED, "there is no kind imo; did you mean imu?"),
                ("robot/imu", "sonar", FAILED, "there is no kind sonar; there are battery, compressed_image"),
                ("robot/imo", "imu", LOSSY, "did you mean robot/imu?"),
                ("robot/imu", own, USAGE, f"{own}:4: fields: ax: type: one of bool"),
                ("robot/imu", own + ".yaml", FAILED, "no such file")):
            with self.subTest(track=track, kind=kind):
                done = self.space.run("schema", bag, track, kind)
                self.assertEqual(done.returncode, code)
                self.assert_one_line(done.stderr, *words)
                with open(bag, "rb") as file:
                    self.assertEqual(file.read(), data)

    def test_a_track_that_is_not_there_is_said_with_the_nearest(self):
        bag = self.make_bag()
        for more in ((), ("--json",)):
            done = self.run_ok("schema", bag, "robot/imo", *more, code=LOSSY)
            self.assert_one_line(done.stderr, "no track robot/imo", "did you mean robot/imu?")
            self.assertEqual(done.stdout, b"")

    def test_recorded_tracks_are_of_kinds(self):
        bags = {}
        for kind, name, track in RECORDED:
            with self.subTest(kind=kind, name=name, track=track):
                if name not in bags:
                    bags[name] = self.space.path(name + ".zbag")
                    self.run_ok("import", harness.recording_path(name), "-o", bags[name], "--quiet")
                self.run_ok("schema", bags[name], track, kind)
                shown = json.loads(self.run_ok("schema", bags[name], track, "--json").stdout)
                self.assertEqual(shown["kind"], kind)


class RecordSchemaTest(harness.SystemTest):
    """record --schema."""

    IMU = {"ax": 0.1, "ay": 0.2, "az": 9.8, "gx": 0.0, "gy": 0, "gz": 0.0}

    def publish(self, recorder, start, **tracks):
        """A frame of each track of robot/, of those fields."""
        lines = [json.dumps({"track": f"robot/{name}", "_ts": start, "fields": fields})
                 for name, fields in tracks.items()]
        path = self.write("run.jsonl", "\n".join(lines) + "\n")
        self.run_ok("pub", path, "--burst", *recorder.urls)

    def kinds(self, bag):
        return json.loads(self.run_ok("schema", bag, "--json").stdout)

    def test_every_bag_of_a_recording_says_it(self):
        bag, next_bag = self.space.path("run.zbag"), self.space.path("run_0001.zbag")
        recorder = self.start_recorder(bag, "--schema", "robot/imu=imu", "--schema", "/robot/gps=gps")
        gps = {"latitude": 47.0, "longitude": 8.5}
        self.publish(recorder, 1000.0, imu=self.IMU, gps=gps, other={"x": 1})
        self.run_ok("ctl", "record", "split")
        self.publish(recorder, 2000.0, imu=self.IMU)
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual(self.kinds(bag), {"robot/gps": "gps", "robot/imu": "imu"})
        self.assertEqual(self.kinds(next_bag), {"robot/imu": "imu"})
        info = self.assert_whole(next_bag)
        self.assert_equation(info)
        self.assertEqual((info["start"], info["end"]), (2000.0, 2000.0))

    def test_a_track_that_does_not_fit_gets_none_and_that_is_told(self):
        bag = self.space.path("run.zbag")
        recorder = self.start_recorder(bag, "--schema", "robot/imu=imu", "--schema", "robot/gps=gps")
        self.publish(recorder, 1000.0, imu={**self.IMU, "az": "up"})
        self.assertEqual(recorder.stop(), LOSSY)
        self.assertIn("track robot/imu is no imu: its field az is text, and float is wanted",
                      recorder.stderr)
        self.assertIn("--schema robot/gps=gps: no frame of that track was recorded", recorder.stderr)
        self.assertEqual(self.kinds(bag), {})
        self.assertEqual(len(self.points(bag)), 1)

    def test_a_kind_that_is_nowhere_leaves_no_bag(self):
        bag = self.space.path("run.zbag")
        for kind, word in (("imo", "did you mean imu?"), ("no/such.yaml", "no such file")):
            done = self.run_ok("record", "--with-broker", "-o", bag, "--schema", f"robot/imu={kind}",
                               code=FAILED)
            self.assert_one_line(done.stderr, word)
            self.assertFalse(os.path.exists(bag))


if __name__ == "__main__":
    harness.main()
