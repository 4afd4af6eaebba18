#!/usr/bin/env python3
"""Skeletons as BVH (interop.md 7.1): a strict reader, and where every joint comes to lie."""

import json
import math
import os
import re

import harness
from harness import FAILED, USAGE

CHANNELS = {axis + what: (axis, what) for axis in "XYZ" for what in ("position", "rotation")}


def read_bvh(path):
    """(joints as {name, parent, offset, channels, end}, seconds of a frame, frames of numbers)."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    assert "\r" not in text and text.endswith("\n"), "lines"
    head, _, motion = text.partition("MOTION\n")
    words = head.split()
    at, joints, path_of = 0, [], []

    def take(*wanted):
        nonlocal at
        assert words[at] in wanted, (words[at], wanted)
        at += 1
        return words[at - 1]

    def numbers(count):
        nonlocal at
        given = words[at:at + count]
        assert all(re.fullmatch(r"-?\d+\.\d{6}", one) for one in given), given
        at += count
        return [float(one) for one in given]

    take("HIERARCHY")
    while at < len(words):
        word = take("ROOT", "JOINT", "End", "}")
        if word == "}":
            closed = path_of.pop()
            assert closed is None or joints[closed]["children"] or joints[closed]["end"], closed
            continue
        assert (word == "ROOT") == (not path_of), word
        if word == "End":
            take("Site"), take("{"), take("OFFSET")
            assert joints[path_of[-1]]["end"] is None
            joints[path_of[-1]]["end"] = numbers(3)
            path_of.append(None)
            continue
        name = words[at]
        at += 1
        take("{"), take("OFFSET")
        joint = {"name": name, "parent": path_of[-1] if path_of else None, "offset": numbers(3),
                 "children": 0, "end": None, "channels": []}
        take("CHANNELS")
        count = int(words[at])
        joint["channels"] = [CHANNELS[one] for one in words[at + 1:at + 1 + count]]
        at += 1 + count
        if path_of:
            joints[path_of[-1]]["children"] += 1
        path_of.append(len(joints))
        joints.append(joint)
    assert not path_of and joints, path_of
    assert len({joint["name"] for joint in joints}) == len(joints)
    lines = motion.split("\n")[:-1]
    count = int(re.fullmatch(r"Frames: (\d+)", lines[0])[1])
    seconds = float(re.fullmatch(r"Frame Time: (\d+\.\d+)", lines[1])[1])
    frames = []
    for line in lines[2:]:
        assert all(re.fullmatch(r"-?\d+\.\d{6}", one) for one in line.split(" ")), line
        frames.append([float(one) for one in line.split(" ")])
        assert len(frames[-1]) == sum(len(joint["channels"]) for joint in joints), line
    assert len(frames) == count and seconds > 0, (len(frames), count, seconds)
    return joints, seconds, frames


def product(a, b):
    return [[sum(a[i][n] * b[n][j] for n in range(3)) for j in range(3)] for i in range(3)]


def moved(matrix, point):
    return [sum(row[n] * point[n] for n in range(3)) for row in matrix]


ONE = [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]


def turn(axis, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return {"X": [[1, 0, 0], [0, c, -s], [0, s, c]], "Y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "Z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}[axis]


def of_quaternion(x, y, z, w):
    length = math.sqrt(x * x + y * y + z * z + w * w)
    x, y, z, w = x / length, y / length, z / length, w / length
    return [[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]]


def places(parents, positions, rotations):
    """Where joints lie in the world, and how: lists of places and of matrices."""
    world = []
    for parent, position, rotation in zip(parents, positions, rotations):
        base, around = world[parent] if parent is not None else ([0.0] * 3, ONE)
        world.append(([a + b for a, b in zip(base, moved(around, position))],
                      product(around, rotation)))
    return world


def pose(joints, frame):
    """What one frame makes of the joints of a file."""
    at, positions, rotations = 0, [], []
    for joint in joints:
        position, rotation = list(joint["offset"]), ONE
        for axis, what in joint["channels"]:
            if what == "position":
                position["XYZ".index(axis)] = frame[at]
            else:
                rotation = product(rotation, turn(axis, frame[at]))
            at += 1
        positions.append(position)
        rotations.append(rotation)
    return places([joint["parent"] for joint in joints], positions, rotations)


QUATERNION = "[Xquaternion, Yquaternion, Zquaternion, Wquaternion]"
# A branch, a joint of one axis, and one that never turns.
BODY = f"""kind: body
fields:
  root: {{type: "float[3]", unit: m, means: where it is}}
  "q.*": {{type: "float[4]", unit: "", nullable: true, means: rotations}}
  "hinge": {{type: float, unit: rad, means: a knee}}
joints:
  - {{name: hips, offset: [0, 1, 0], position: root, field: q.hips, channels: {QUATERNION}}}
  - {{name: thigh, parent: hips, offset: [0.1, -0.1, 0], field: q.thigh, channels: {QUATERNION}}}
  - {{name: spine, parent: hips, offset: [0, 0.5, 0.02]}}
  - {{name: shin, parent: thigh, offset: [0, -0.4, 0], field: hinge, channels: [Xrotation],
     end: [0, -0.4, 0.05]}}
"""
PARENTS = (None, 0, 1, 0)  # as the file has them: hips, thigh, shin, spine


def quaternion(t, seed):
    """One that turns right round, by way of all that Euler angles find hard."""
    a, b, c = 2 * t + seed, 1.3 * t - seed, 0.7 * t + 2 * seed
    axis = [math.sin(a), math.cos(a) * math.sin(b), math.cos(a) * math.cos(b)]
    return [round(axis[n] * math.sin(3 * c), 9) for n in range(3)] + [round(math.cos(3 * c), 9)]


class BvhTest(harness.SystemTest):

    def bag(self, points, kind=BODY, track="body"):
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for stamp, fields in points)
        self.bags = getattr(self, "bags", 0) + 1
        bag = self.space.path(f"in{self.bags}.zbag")
        self.run_ok("import", self.write("in.jsonl", lines), "-o", bag)
        if kind:
            self.run_ok("schema", bag, track, self.write("kind.yaml", kind))
        return bag

    def export(self, bag, *more):
        out = self.space.path("out.bvh")
        said = self.run_ok("export", bag, "-o", out, "--format", "bvh", "--force", *more).stderr
        return read_bvh(out), said

    def refuse(self, bag, *words, code=FAILED):
        out = self.space.path("none.bvh")
        refused = self.run_ok("export", bag, "-o", out, "--format", "bvh", code=code)
        self.assert_one_line(refused.stderr, *words)
        self.assertFalse(os.path.exists(out))

    def moving(self, stamps):
        return [(t, {"root": [t, 1 + t, -t], "hinge": 2.5 * t,
                     "q": {"hips": quaternion(t, 0.1), "thigh": quaternion(t, 0.9)}})
                for t in stamps]

    def assert_placed(self, joints, frame, fields):
        made = places(PARENTS, [fields["root"], [0.1, -0.1, 0], [0, -0.4, 0], [0, 0.5, 0.02]],
                      [of_quaternion(*fields["q"]["hips"]), of_quaternion(*fields["q"]["thigh"]),
                       turn("X", math.degrees(fields["hinge"])), ONE])
        for (place, rotation), (at, around) in zip(pose(joints, frame), made):
            for a, b in zip(place, at):
                self.assertAlmostEqual(a, b, delta=1e-4)
            for row, other in zip(rotation, around):
                for a, b in zip(row, other):
                    self.assertAlmostEqual(a, b, delta=1e-4)

    def test_joints_lie_where_the_quaternions_put_them(self):
        points = self.moving([n / 100 for n in range(700)])
        (joints, seconds, frames), said = self.export(self.bag(points))
        self.assertEqual([joint["name"] for joint in joints], ["hips", "thigh", "shin", "spine"])
        self.assertEqual(joints[0]["channels"],
                         [(axis, "position") for axis in "XYZ"] +
                         [(axis, "rotation") for axis in "ZXY"])
        self.assertEqual(joints[1]["channels"], [(axis, "rotation") for axis in "ZXY"])
        self.assertEqual((joints[2]["channels"], joints[3]["channels"]), ([("X", "rotation")], []))
        self.assertEqual((joints[2]["end"], joints[3]["end"]), ([0, -0.4, 0.05], [0, 0, 0]))
        self.assertEqual((seconds, len(frames)), (0.01, 700))
        for frame, (_, fields) in zip(frames, points):
            self.assert_placed(joints, frame, fields)
        # Angles never jump: of a body that turns on they go beyond half a turn.
        hinge = [frame[9] for frame in frames]
        self.assertGreater(hinge[-1], 900)
        self.assertLess(max(abs(b - a) for a, b in zip(hinge, hinge[1:])), 2)
        for n in range(3, 9):
            self.assertLess(max(abs(b[n] - a[n]) for a, b in zip(frames, frames[1:])), 181, n)
        self.assertIn("first frame is of _ts: 0.000000000 of track body", said)

    def test_turns_that_leave_one_axis_without_a_say_are_right(self):
        half = math.sqrt(0.5)
        points = [(n / 10, {"root": [0, 0, 0], "hinge": 0.0,
                            "q": {"hips": q, "thigh": [0, 0, 0, 2.0]}})
                  for n, q in enumerate(([half, 0, 0, half], [-half, 0, 0, half], [0.5, 0.5, 0.5, 0.5],
                                         [half, 0, 0, -half], [0, 1, 0, 0], [0, 0, 1, 0]))]
        (joints, _, frames), _ = self.export(self.bag(points))
        for frame, (_, fields) in zip(frames, points):
            self.assert_placed(joints, frame, fields)

    def test_an_irregular_track_is_resampled_by_slerp(self):
        about_y = [(t, {"root": [t, 0, 0], "hinge": t,
                        "q": {"hips": [0, math.sin(2 * t), 0, math.cos(2 * t)],
                              "thigh": [0, 0, 0, -1.0]}})
                   for t in (0.0, 0.1, 0.2, 0.35, 0.45, 0.62, 0.72)]
        (joints, seconds, frames), said = self.export(self.bag(about_y))
        self.assertIn("not regular", said)
        self.assertIn("slerp", said)
        self.assertEqual((seconds, len(frames)), (0.1, 8))
        for n, frame in enumerate(frames):
            t = n / 10
            self.assert_placed(joints, frame, {
                "root": [t, 0, 0], "hinge": t,
                "q": {"hips": [0, math.sin(2 * t), 0, math.cos(2 * t)], "thigh": [0, 0, 0, 1]}})

    def test_what_is_missing_stays_as_it_was_and_is_told(self):
        points = self.moving([0.0, 0.1, 0.2, 0.3])
        points[0][1]["q"]["thigh"] = {"$nil": True}
        del points[2][1]["root"]
        points[2][1]["q"]["thigh"] = [None, 0.0, 0.0, 1.0]
        (joints, _, frames), said = self.export(self.bag(points))
        self.assertIn("it): 2 of track body", said)
        self.assertEqual(frames[0][6:9], [0, 0, 0])
        self.assertEqual(frames[2][:3], frames[1][:3])
        self.assert_placed(joints, frames[3], points[3][1])

    def test_one_frame_and_none(self):
        bag = self.bag(self.moving([5.0]))
        (joints, seconds, frames), _ = self.export(bag)
        self.assertEqual((len(joints), len(frames)), (4, 1))
        self.assertAlmostEqual(seconds, 1 / 30)
        out = self.space.path("none.bvh")
        self.space.run("export", bag, "-o", out, "--format", "bvh", "--where", "hinge > 1000")
        self.assertEqual(read_bvh(out)[2], [])

    def test_lists_maps_and_radians_are_channels_in_the_order_the_kind_says(self):
        kind = """kind: body
fields:
  "joints.*": {type: any, unit: rad, means: turns}
joints:
  - {name: a, offset: [0, 0, 0], channels: [Zposition, Yrotation, Xposition, Xrotation, Zrotation]}
  - {name: b, parent: a, offset: [1, 0, 0], channels: [Zrotation, Xrotation]}
  - {name: other, offset: [5, 0, 0], channels: [Xrotation]}
"""
        points = [(n / 50, {"joints": {"a": [7.0, 3.1 + n / 10, 8.0, 0.2, 0.3],
                                       "b": {"z": 0.5, "x": -0.25, "y": 9}, "other": [n]}})
                  for n in range(40)]
        (joints, _, frames), _ = self.export(self.bag(points, kind))
        self.assertEqual([joint["parent"] for joint in joints], [None, 0, None])  # two roots
        self.assertEqual(joints[0]["channels"],
                         [("Z", "position"), ("X", "position"), ("Y", "rotation"),
                          ("X", "rotation"), ("Z", "rotation")])
        for n, frame in enumerate(frames):
            wanted = [7, 8] + [math.degrees(x) for x in (3.1 + n / 10, 0.2, 0.3, 0.5, -0.25)]
            for a, b in zip(frame, wanted):
                self.assertAlmostEqual(a, b, places=5)

    def test_more_values_than_a_joint_takes_are_refused(self):
        points = self.moving([0.0, 0.1])
        points[1][1]["q"]["thigh"] = [0.0, 0.0, 0.0, 1.0, 0.5]
        self.refuse(self.bag(points), "track body at 0.1", "q.thigh has 5 values", "takes 4")
        kind = ('kind: b\nfields:\n  "joints.*": {type: any, unit: deg, means: m}\n'
                "joints:\n  - {name: a, offset: [0, 0, 0], channels: [Xrotation]}\n")
        for few, many in ((1.0, [2.5, 1.0]), ({"x": 1.0}, {"x": [2.5, 1.0]})):
            points = [(0.0, {"joints": {"a": few}}), (1.5, {"joints": {"a": many}})]
            self.refuse(self.bag(points, kind), "track body at 1.5", "has 2 values", "takes 1")

    def test_names_of_strangers_are_one_word_each(self):
        names = ["a b", "a_b", "a\\tb{", "JOINT", "\\u202e\\u00e9", "x" * 400, "a'; drop table"]
        joints = "".join(f'  - {{name: "{name}", offset: [0, 0, 0], field: "q{n}", '
                         f"channels: [Xrotation]}}\n" for n, name in enumerate(names)
                         if "\\t" not in name)
        kind = 'kind: b\nfields:\n  "q*": {type: float, unit: deg, means: m}\n' + "joints:\n" + joints
        fields = {f"q{n}": 1.5 for n in range(len(names))}
        kind = kind.replace('  "q*": {type: float, unit: deg, means: m}\n', "".join(
            f"  q{n}: {{type: float, unit: deg, means: m}}\n" for n in range(len(names))))
        (found, _, frames), _ = self.export(self.bag([(0.0, fields), (1.0, fields)], kind))
        self.assertEqual([joint["name"] for joint in found][:3], ["a_b", "a_b_", "JOINT"])
        self.assertEqual(len(found), len(names) - 1)
        self.assertEqual(frames[0], [1.5] * len(found))

    def test_a_chain_of_a_thousand_joints_is_written(self):
        joints = "".join(f"  - {{name: j{n}, " + (f"parent: j{n - 1}, " if n else "") +
                         "offset: [0, 1, 0], field: q, channels: [Xrotation]}\n"
                         for n in range(1000))
        kind = "kind: b\nfields:\n  q: {type: float, unit: deg, means: m}\njoints:\n" + joints
        (found, _, frames), _ = self.export(self.bag([(0.0, {"q": 1.0})], kind))
        self.assertEqual((len(found), found[-1]["parent"], len(frames[0])), (1000, 998, 1000))

    def test_what_is_no_skeleton_is_refused_with_what_to_do(self):
        points = self.moving([0.0, 1.0])
        self.refuse(self.bag(points, kind=None), "track body", "a kind with joints",
                    "zbag schema BAG body ./MINE.yaml")
        joints = [(0.0, {"joints": {"a": [1.0]}})]
        bag = self.bag(joints, kind=None)
        self.run_ok("schema", bag, "body", "skeleton")
        self.refuse(bag, "what hangs on what", "schemas/skeleton.yaml")

        def kind(joint, unit="deg"):
            return (f'kind: b\nfields:\n  "joints.*": {{type: "float[]", unit: "{unit}", means: m}}\n'
                    f"joints:\n  - {{name: a, offset: [0, 0, 0], {joint}}}\n")
        self.refuse(self.bag(joints, kind("field: knee, channels: [Xrotation]")),
                    "its kind b has no field knee, by which joint a turns")
        self.refuse(self.bag(joints, kind("position: root, channels: [Xrotation]")),
                    "track body has no field root, which joint a of its kind b asks for")
        self.refuse(self.bag(joints, kind("channels: [Xrotation]", unit="turns")),
                    "unit is 'turns'", "deg or rad")
        bag = self.bag(joints, kind=None)
        for joint, words in (("parent: a", "parent: no joint before it has that name"),
                             ("channels: [Xturn]", "channels: a list of Xposition"),
                             ("channels: [Wquaternion]", "all four")):
            path = self.write("kind.yaml", kind(joint))
            refused = self.run_ok("schema", bag, "body", path, code=USAGE)
            self.assert_one_line(refused.stderr, f"{path}:5: joints: 0: ", words)

    def test_a_real_walk_is_the_walk_that_was_recorded(self):
        source = os.path.join(os.environ["ZBAG_TEST_DATA"], "raw", "bvh",
                              "AV_8Walk_Meredith_HVHA_Rep1.bvh")
        if not os.path.exists(source):
            self.skipTest("no recordings here")
        with open(source, encoding="utf-8") as file:
            words, rows = file.read().split("MOTION")
        recorded = [[float(one) for one in row.split()] for row in rows.strip().splitlines()[2:]]
        kind, bag = self.kind_of_hierarchy(words.split()), self.space.path("walk.zbag")
        self.run_ok("import", harness.recording_path("bvh_walk_meredith"), "-o", bag)
        self.run_ok("schema", bag, "mocap/bvh", self.write("walk.yaml", kind))
        (joints, seconds, frames), said = self.export(bag)
        self.assertNotIn("not regular", said)
        self.assertAlmostEqual(seconds, 0.008333, places=6)
        self.assertEqual(len(frames), len(recorded))
        for frame, given in zip(frames, recorded):
            for a, b in zip(frame, given):
                self.assertAlmostEqual((a - b + 180) % 360 - 180, 0, delta=1e-4)

    @staticmethod
    def kind_of_hierarchy(words):
        joints, path, at = [], [], 1
        while at < len(words):
            if words[at] == "}":
                path.pop()
                at += 1
            elif words[at] == "End":
                joints[path[-1]]["end"] = [float(one) for one in words[at + 4:at + 7]]
                at += 8
            else:
                count = int(words[at + 8])
                joint = {"name": words[at + 1], "offset": [float(x) for x in words[at + 4:at + 7]],
                         "channels": words[at + 9:at + 9 + count]}
                if path:
                    joint["parent"] = joints[path[-1]]["name"]
                path.append(len(joints))
                joints.append(joint)
                at += 9 + count
        return json.dumps({"kind": "walk", "fields": {"joints.*": {
            "type": "float[]", "unit": "deg", "means": "turns"}}, "joints": joints})


if __name__ == "__main__":
    harness.main()
