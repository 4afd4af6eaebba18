#!/usr/bin/env python3
"""ROS 1 bags: one that a robot has recorded, and bags of random messages of every common kind that
the `rosbags` package has written, come out of `import` value for value (issue 15)."""

import json
import lzma
import os
import random
import struct
import unittest

import harness
import python_packages
from harness import DAMAGED, DONE, LOSSY

# Of each kind of member that messages have; a message of another type is its name.
DEFINITIONS = {
    "test_msgs/msg/Part": "string label\nfloat32[] values\nuint8[] data\n",
    "test_msgs/msg/All": "\n".join([
        "std_msgs/Header header", "bool flag", "int8 i8", "uint8 u8", "int16 i16", "uint16 u16",
        "int32 i32", "uint32 u32", "int64 i64", "uint64 u64", "float32 f32", "float64 f64",
        "string text", "time at", "duration span", "float64[9] matrix", "int32[] list",
        "string[] words", "uint8[] data", "test_msgs/Part part", "test_msgs/Part[] parts",
        "uint8 LIMIT=5"]) + "\n",
}


def expected_points():
    """tilt_laser as others have read it; `recv_ns` only where it is not `_ts` itself."""
    with lzma.open(harness.recording_path("tilt_laser"), "rt") as file:
        for line in file:
            frame = json.loads(line)
            fields = {"_ts": frame["_ts"], **frame["fields"]}
            if "header" not in fields:
                del fields["recv_ns"]
            yield frame["track"], fields


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def same(ours, theirs):
    """Numbers of the recording are as short as a float32 can be told by."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float):
        return ours == theirs or ours == as_float32(theirs)
    return ours == theirs and type(ours) is type(theirs)


class Ros1Test(harness.SystemTest):

    def recording(self):
        path = os.path.join(harness.data_folder() or "ZBAG_TEST_DATA", "raw", "ros1",
                            "tilt_laser.bag")
        if not os.path.exists(path):
            raise unittest.SkipTest(f"no recording {path}")
        return path

    def imported(self, path, *more, code=DONE):
        bag = self.space.path("in.zbag")
        done = self.run_ok("import", path, "-o", bag, *more, code=code)
        return bag, done

    def test_a_recording_of_a_robot_gives_its_points(self):
        bag, done = self.imported(self.recording())
        ours = sorted(self.points(bag, "--exclude", "_sys/**"), key=lambda point: (point[0], point[1]["_ts"]))
        theirs = sorted(expected_points(), key=lambda point: (point[0], point[1]["_ts"]))
        self.assertEqual(len(ours), len(theirs))
        for (track, fields), (name, wanted) in zip(ours, theirs):
            self.assertEqual(track, name)
            fields = harness.without_bus_fields(fields)
            self.assertTrue(same(fields, wanted), f"{track}\n{fields}\n{wanted}")
        self.assertIn("track tf: its messages have no header", done.stderr)
        self.assert_whole(bag)

    def test_it_keeps_what_the_messages_were(self):
        bag, _ = self.imported(self.recording())
        originals = dict(self.points(bag, "--track", "_sys/original/**"))
        imu = originals["_sys/original/imu_data"]
        self.assertEqual((imu["name"], imu["encoding"], imu["messages"]),
                         ("sensor_msgs/Imu", "ros1msg", "ros1"))
        self.assertIn("geometry_msgs/Quaternion orientation", imu["text"])
        part = self.space.path("part.zbag")
        self.run_ok("cut", bag, "-o", part, "--track", "imu_data", "--start", "+5")
        kept = dict(self.points(part, "--track", "_sys/**"))
        self.assertEqual(kept["_sys/original/imu_data"]["text"], imu["text"])

    def test_the_log_time_is_the_stamp_where_it_is_asked_for(self):
        bag, _ = self.imported(self.recording(), "--stamp", "log")
        wanted = [fields["recv_ns"] / 10**9 for track, fields in expected_points()
                  if track == "imu_data"]
        ours = [fields for _, fields in self.points(bag, "--track", "imu_data")]
        self.assertEqual([fields["_ts"] for fields in ours], wanted)
        self.assertFalse(any("recv_ns" in fields for fields in ours))

    def test_a_bag_that_is_cut_off_gives_what_is_whole_of_it(self):
        with open(self.recording(), "rb") as file:
            data = file.read()
        cut = self.space.path("cut.bag")
        with open(cut, "wb") as file:
            file.write(data[:len(data) // 2])
        bag = self.space.path("in.zbag")
        done = self.space.run("import", cut, "-o", bag)
        self.assertEqual(done.returncode, DAMAGED, done.stderr)
        self.assertIn("the file is cut off", done.stderr)
        self.assertIn("whose run is left unclosed", done.stderr)
        self.assertGreater(len(self.points(bag)), 500)

    def test_another_version_is_refused_by_name(self):
        old = self.write("old.bag", "#ROSBAG V1.2\n" + " " * 100)
        done = self.space.run("import", old, "-o", self.space.path("in.zbag"))
        self.assert_one_line(done.stderr, old, "another version than 2.0")
        self.assertFalse(os.path.exists(self.space.path("in.zbag")))


class Ros1PackageTest(harness.SystemTest):
    """Bags that the `rosbags` package writes."""

    def setUp(self):
        super().setUp()
        python_packages.load("rosbags")
        from rosbags import rosbag1, typesys
        self.rosbag1, self.typesys = rosbag1, typesys
        self.random = random.Random(15)

    def write_bag(self, name, compression=None, count=40):
        """Random messages of all members and of common kinds; returns what `import` should say."""
        store = self.typesys.get_typestore(self.typesys.Stores.ROS1_NOETIC)
        for kind, text in DEFINITIONS.items():
            store.register(self.typesys.get_types_from_msg(text, kind))
        path = self.space.path(name)
        writer = self.rosbag1.Writer(path)
        if compression:
            writer.set_compression(getattr(self.rosbag1.Writer.CompressionFormat, compression))
        wanted = []
        with writer:
            for kind in [*DEFINITIONS, "sensor_msgs/msg/Imu", "sensor_msgs/msg/Image",
                         "nav_msgs/msg/Odometry", "sensor_msgs/msg/PointCloud2",
                         "geometry_msgs/msg/TransformStamped", "diagnostic_msgs/msg/DiagnosticArray"]:
                topic = "/" + kind.replace("/msg/", "/")
                connection = writer.add_connection(topic, kind, typestore=store)
                for n in range(count):
                    message, fields = self.make(store, kind)
                    log_ns = 1_700_000_000_000_000_000 + n * 1_000_003
                    writer.write(connection, log_ns, store.serialize_ros1(message, kind))
                    wanted.append((topic[1:], log_ns, fields))
        return path, wanted

    def make(self, store, kind):
        """A message, and the fields it should become."""
        definition = store.fielddefs[kind][1]
        values, fields = {}, {}
        for name, (node, what) in definition:
            values[name], fields[name] = self.value(store, node, what)
        return store.types[kind](**values), fields

    def value(self, store, node, what):
        import numpy
        Node = self.typesys.base.Nodetype if hasattr(self.typesys, "base") else None
        node = int(node)
        if node == 1:  # a plain one
            return self.plain(what[0])
        if node == 2:  # a message
            if what in ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration"):
                seconds, rest = self.random.randrange(2**31), self.random.randrange(10**9)
                return (store.types[what](sec=seconds, nanosec=rest),
                        seconds * 10**9 + rest)
            return self.make(store, what)
        inner, count = what[0], what[1] if node == 3 else self.random.randrange(5)
        pairs = [self.value(store, *inner) for _ in range(count)]
        given = [pair[0] for pair in pairs]
        fields = [pair[1] for pair in pairs]
        del Node
        if int(inner[0]) != 1 or inner[1][0] == "string":
            return given, fields
        kind = {"octet": "uint8", "byte": "uint8", "char": "uint8"}.get(inner[1][0], inner[1][0])
        array = numpy.array(given, dtype=kind)
        return array, bytes(given) if kind == "uint8" else fields

    def plain(self, kind):
        if kind == "string":
            text = "".join(self.random.choice("abc äß€") for _ in range(self.random.randrange(9)))
            return text, text
        if kind == "bool":
            value = self.random.random() < 0.5
            return value, value
        if kind == "float32":
            value = as_float32(self.random.uniform(-1e6, 1e6))
            return value, value
        if kind == "float64":
            value = self.random.choice([self.random.uniform(-1e9, 1e9), float("inf"), -0.0])
            return value, value
        bits = int("".join(filter(str.isdigit, kind)) or 8)
        low = 0 if kind.startswith("u") or kind == "char" else -2**(bits - 1)
        value = self.random.randrange(low, low + 2**bits)
        return value, value

    def assert_imported(self, path, wanted):
        bag = self.space.path(os.path.basename(path) + ".zbag")
        self.run_ok("import", path, "-o", bag, "--merge", "append")
        ours = {}
        for track, fields in self.points(bag, "--exclude", "_sys/**"):
            ours.setdefault(track, []).append(harness.without_bus_fields(fields))
        for track, log_ns, fields in wanted:
            stamp = (fields["header"]["stamp"] if "header" in fields else log_ns) / 10**9
            expected = dict(fields)
            if "header" in fields:
                expected["recv_ns"] = log_ns
            found = [f for f in ours[track]
                     if harness.exact({k: v for k, v in f.items() if k != "_ts"})
                     == harness.exact(expected)]
            self.assertTrue(found, f"{track}: {expected}\n{ours[track][:2]}")
            self.assertIn(stamp, [f["_ts"] for f in found])
        self.assertEqual(sum(map(len, ours.values())), len(wanted))

    def test_random_messages_of_every_common_kind_are_the_same(self):
        self.assert_imported(*self.write_bag("plain.bag"))

    def test_so_are_those_of_compressed_chunks(self):
        self.assert_imported(*self.write_bag("bz2.bag", "BZ2", count=10))
        self.assert_imported(*self.write_bag("lz4.bag", "LZ4", count=10))

    def test_a_chunk_that_is_damaged_costs_its_messages(self):
        path, wanted = self.write_bag("bad.bag", "LZ4", count=400)
        with open(path, "r+b") as file:
            data = file.read()
            at = data.index(b"compression=lz4") + 200
            file.seek(at)
            file.write(b"\xff" * 64)
        bag = self.space.path("bad.zbag")
        done = self.space.run("import", path, "-o", bag)
        self.assertIn(done.returncode, (LOSSY, DAMAGED), done.stderr)
        self.assertIn("lz4 data that is not whole", done.stderr)
        del wanted


if __name__ == "__main__":
    harness.main()
