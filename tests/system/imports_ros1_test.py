#!/usr/bin/env python3
"""ROS 1 bags: one that a robot has recorded, and bags of random messages of every common kind that
the `rosbags` package has written, come out of `import` value for value (issue 15)."""

import json
import lzma
import os
import unittest

import harness
import python_packages
import random_messages
from harness import DAMAGED, DONE, LOSSY


def expected_points():
    """tilt_laser as others have read it; `recv_ns` only where it is not `_ts` itself."""
    with lzma.open(harness.recording_path("tilt_laser"), "rt") as file:
        for line in file:
            frame = json.loads(line)
            fields = {"_ts": frame["_ts"], **frame["fields"]}
            if "header" not in fields:
                del fields["recv_ns"]
            yield frame["track"], fields


def same(ours, theirs):
    """Numbers of the recording are as short as a float32 can be told by."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float):
        return ours == theirs or ours == random_messages.as_float32(theirs)
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
        self.rosbag1 = rosbag1
        self.messages = random_messages.RandomMessages(typesys, 15)

    def write_bag(self, name, compression=None, count=40, chunk=1 << 20):
        """Random messages of all members and of common kinds; returns what `import` should say."""
        store = self.messages.store("ROS1_NOETIC")
        path = self.space.path(name)
        writer = self.rosbag1.Writer(path)
        writer.chunk_threshold = chunk
        if compression:
            writer.set_compression(getattr(self.rosbag1.Writer.CompressionFormat, compression))
        wanted = []
        with writer:
            for kind in random_messages.KINDS:
                topic = "/" + kind.replace("/msg/", "/")
                connection = writer.add_connection(topic, kind, typestore=store)
                for n in range(count):
                    message, fields = self.messages.make(store, kind)
                    log_ns = 1_700_000_000_000_000_000 + n * 1_000_003
                    writer.write(connection, log_ns, store.serialize_ros1(message, kind))
                    wanted.append((topic[1:], log_ns, fields))
        return path, wanted

    def assert_imported(self, path, wanted):
        bag = self.space.path(os.path.basename(path) + ".zbag")
        self.run_ok("import", path, "-o", bag, "--merge", "append")
        random_messages.assert_points(self, self.points(bag, "--exclude", "_sys/**"), wanted)

    def test_random_messages_of_every_common_kind_are_the_same(self):
        self.assert_imported(*self.write_bag("plain.bag"))

    def test_so_are_those_of_compressed_chunks(self):
        self.assert_imported(*self.write_bag("bz2.bag", "BZ2", count=10))
        self.assert_imported(*self.write_bag("lz4.bag", "LZ4", count=10))

    def test_a_chunk_that_is_damaged_costs_its_messages(self):
        path, wanted = self.write_bag("bad.bag", "LZ4", chunk=1 << 14)
        with open(path, "r+b") as file:
            data = file.read()
            at = data.index(b"compression=lz4", len(data) // 2) + 200
            file.seek(at)
            file.write(b"\xff" * 64)
        bag = self.space.path("bad.zbag")
        done = self.run_ok("import", path, "-o", bag, "--merge", "append", code=LOSSY)
        self.assertIn("lz4 data that is not whole", done.stderr)
        found = self.info(bag)["points"]
        self.assertGreater(found, len(wanted) // 2)
        self.assertLess(found, len(wanted))

    def test_messages_of_a_connection_that_is_lost_cost_themselves(self):
        path, wanted = self.write_bag("lost.bag", count=5)
        with open(path, "r+b") as file:
            data = file.read()
            at = data.index(b"topic=") - 4  # the first connection: its field gets another name
            file.seek(at + 4)
            file.write(b"tepic=")
            conn = data.index(b"conn=", at - 64) + 5
            file.seek(conn)
            file.write(b"\x77")
        bag = self.space.path("lost.zbag")
        done = self.run_ok("import", path, "-o", bag, "--merge", "append", code=LOSSY)
        self.assertIn("of which nothing is said", done.stderr)
        self.assertGreaterEqual(self.info(bag)["points"], len(wanted) - 5)


if __name__ == "__main__":
    harness.main()
