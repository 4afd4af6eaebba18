#!/usr/bin/env python3
"""MCAP and rosbag2, read back by the official library in Python, by that in JavaScript and by the
`rosbags` package: every message value for value against the bag."""

import base64
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import unittest

import msgpack

import harness
import python_packages
from harness import FAILED, LOSSY, USAGE, key_of

CHUNK_BYTES_MAX = 4 << 20
NPM = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "zbag",
                   "mcap")
# With what has no lz4: only zstd, and what is not compressed.
NODE_READER = """
const { createRequire } = require("module");
const fetched = createRequire(process.argv[1] + "/");
const { McapIndexedReader } = fetched("@mcap/core");
const zstd = fetched("@foxglove/wasm-zstd");
const file = require("fs").readFileSync(process.argv[2]);
const readable = {
  size: async () => BigInt(file.length),
  read: async (offset, length) => file.subarray(Number(offset), Number(offset + length)),
};
(async () => {
  await zstd.isLoaded;
  const reader = await McapIndexedReader.Initialize({
    readable,
    decompressHandlers: { zstd: (bytes, size) => zstd.decompress(bytes, Number(size)) },
  });
  for await (const message of reader.readMessages({ validateCrcs: true })) {
    const topic = reader.channelsById.get(message.channelId).topic;
    console.log(JSON.stringify([topic, message.sequence, String(message.logTime),
                                Buffer.from(message.data).toString("base64")]));
  }
})();
"""


def as_json(value):
    """A value as `cat` prints it, by other means than `cat`."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def finite(numbers):
    """Foxglove's JSON of them: what is no number of JSON is null."""
    return [None if isinstance(one, str) else one for one in numbers]


def at(fields, path):
    """What lies at a dotted path; None where nothing does."""
    for name in path.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


class McapTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.reader = python_packages.load("mcap.reader")
        self.stream_reader = python_packages.load("mcap.stream_reader")

    def imported(self, name, kinds=()):
        """A bag of a recording, whose tracks are of kinds as they say."""
        lines = "".join(json.dumps({"track": f"_sys/schema/{of}", "_ts": 1.0,
                                    "fields": {"kind": kind}}) + "\n"
                        for of, kind in dict(kinds).items())
        kinds_bag = self.bag_of(lines, "kinds.zbag") if kinds else None
        bag = self.space.path(f"{name}.zbag")
        self.run_ok("import", harness.recording_path(name), "-o", bag, deadline=300)
        return [bag] + ([kinds_bag] if kinds_bag else [])

    def bag_of(self, lines, name="in.zbag"):
        bag = self.space.path(name)
        self.run_ok("import", self.write(name + ".jsonl", lines), "-o", bag)
        return bag

    def bag_of_points(self, *points, name="in.zbag"):
        return self.bag_of("".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                                   for track, stamp, fields in points), name)

    def export(self, bags, *more, name="out.mcap", form="mcap"):
        bags = [bags] if isinstance(bags, str) else bags
        out = self.space.path(name)
        self.run_ok("export", *bags, "-o", out, "--format", form, *more, deadline=300)
        return out

    def messages(self, path):
        """(schema, channel, message) by the index, every CRC looked at; by streaming the same."""
        with open(path, "rb") as file:
            reader = self.reader.make_reader(file, validate_crcs=True)
            indexed = list(reader.iter_messages(log_time_order=False))
            summary = reader.get_summary()
        with open(path, "rb") as file:
            records = self.stream_reader.StreamReader(file, validate_crcs=True).records
            streamed = [one for one in records if type(one).__name__ == "Message"]
        self.assertEqual([message for _, _, message in indexed], streamed)
        self.assertEqual(summary.statistics.message_count, len(indexed))
        self.assertEqual(len(summary.chunk_indexes), summary.statistics.chunk_count)
        for chunk in summary.chunk_indexes:
            self.assertTrue(chunk.message_index_offsets)  # one without messages begins in 1970
        return indexed, summary

    def chosen_points(self, bags):
        return [(track, fields) for bag in bags[:1] for track, fields in self.points(bag)
                if not track.startswith("_sys/")]

    def assert_times(self, message, stamp):
        self.assertEqual(message.log_time, key_of(stamp))
        self.assertEqual(message.publish_time, message.log_time)

    def assert_viewable(self, schema):
        """What the JSON Schema reader of Foxglove's viewers takes: it throws at anything else."""
        self.assertEqual(schema["type"], "object")
        for member in schema["properties"].values():
            items = member.get("items", member)
            self.assertIn(items["type"], ("boolean", "string", "number", "integer", "object"))
            self.assertEqual(member["type"] == "array", "items" in member)
            self.assertIn(member.get("contentEncoding"), (None, "base64"))
            self.assertNotIn("contentEncoding", items if items is not member else {})
            if items["type"] == "object":
                self.assert_viewable(items)

    def assert_same_json(self, bags, path):
        indexed, summary = self.messages(path)
        points = self.chosen_points(bags)
        self.assertEqual(len(indexed), len(points))
        counts = {}
        for (schema, channel, message), (track, fields) in zip(indexed, points):
            self.assertEqual((channel.topic, channel.message_encoding), (track, "json"))
            self.assertEqual(json.loads(message.data), as_json(fields))
            self.assert_times(message, fields["_ts"])
            self.assertEqual(message.sequence, counts.get(track, 0))
            self.assertEqual(schema.encoding, "jsonschema")
            counts[track] = counts.get(track, 0) + 1
        for schema in summary.schemas.values():
            self.assert_viewable(json.loads(schema.data))
        return summary


class JsonTest(McapTest):

    def test_recordings_come_back_value_for_value(self):
        for name in ("tilt_laser", "g1_tiny", "px4_fmu_v6c", "husky_outdoor"):
            with self.subTest(name):
                bags = self.imported(name)
                summary = self.assert_same_json(bags, self.export(bags, name=name + ".mcap"))
                sizes = [chunk.uncompressed_size for chunk in summary.chunk_indexes]
                self.assertLessEqual(max(sizes), CHUNK_BYTES_MAX)

    def test_every_compression_has_the_same_messages(self):
        bags = self.imported("tilt_laser")
        sizes = {}
        for more in (["none"], ["lz4"], ["zstd"], ["zstd", "--compression-level", "19"],
                     ["lz4", "--compression-level", "12"]):
            name = "_".join(more) + ".mcap"
            path = self.export(bags, "--compression", *more, name=name)
            summary = self.assert_same_json(bags, path)
            used = {chunk.compression for chunk in summary.chunk_indexes}
            self.assertEqual(used, {"" if more[0] == "none" else more[0]})
            sizes[name] = os.path.getsize(path)
        self.assertLess(sizes["lz4.mcap"], sizes["none.mcap"])
        self.assertLess(sizes["zstd_--compression-level_19.mcap"], sizes["zstd.mcap"])
        self.assertLess(sizes["lz4_--compression-level_12.mcap"], sizes["lz4.mcap"])

    def test_random_fields_come_back(self):
        rng = random.Random(20)
        lines = []

        def value(depth):
            kind = rng.randrange(9 if depth < 4 else 6)
            if kind == 7:
                return [value(depth + 1) for _ in range(rng.randrange(6))]
            if kind == 8:
                return {f"f{rng.randrange(9)}": value(depth + 1) for _ in range(rng.randrange(5))}
            return (None, rng.random() < 0.5, rng.randrange(-2**63, 2**64),
                    rng.uniform(-1e9, 1e9), "".join(map(chr, rng.choices(range(1, 300), k=9))),
                    {"$bin": base64.b64encode(rng.randbytes(rng.randrange(30))).decode()},
                    rng.choice(["inf", "-inf"]))[kind]

        for number in range(600):
            fields = {f"f{rng.randrange(9)}": value(0) for _ in range(rng.randrange(6))}
            lines.append(json.dumps({"track": f"t/{number % 5}", "_ts": 1e9 + number / 7,
                                     "fields": fields}))
        bag = self.bag_of("\n".join(lines) + "\n")
        self.assert_same_json([bag], self.export(bag))

    def test_hostile_names_are_names(self):
        hostile = ("\"'\n\\" * 50)[:200]
        bag = self.bag_of_points(("'; drop table", 1.0, {hostile: 1, "a": {hostile: [1.5]}}),
                                 ("'; drop table", 2.0, {hostile: 2, "$$bin": "x"}))
        path = self.export(bag)
        indexed, summary = self.messages(path)
        self.assertEqual({channel.topic for _, channel, _ in indexed}, {"'; drop table"})
        self.assertEqual(json.loads(indexed[0][2].data),
                         {"_ts": 1.0, hostile: 1, "a": {hostile: [1.5]}})
        self.assertEqual(json.loads(indexed[1][2].data), {"_ts": 2.0, hostile: 2, "$$bin": "x"})
        schema, = summary.schemas.values()
        self.assertEqual(json.loads(schema.data)["properties"][hostile], {"type": "integer"})

    def test_fields_that_are_several_things_are_left_to_the_viewer(self):
        bag = self.bag_of_points(
            ("t", 1.0, {"n": 1, "mix": 1, "list": [], "deep": [[1]], "m": 1, "b_hex": "00"}),
            ("t", 2.0, {"n": 1.5, "mix": "x", "list": [1], "deep": [{}], "m": {"x": 1}}))
        schema, = self.messages(self.export(bag))[1].schemas.values()
        self.assertEqual(json.loads(schema.data)["properties"], {
            "_ts": {"type": "number"}, "n": {"type": "number"},
            "list": {"type": "array", "items": {"type": "integer"}},
            "b": {"type": "string", "contentEncoding": "base64"}})

    def test_stdout_gets_the_same_file(self):
        bag = self.bag_of_points(("t", 1.0, {"x": 1}), ("t", 2.0, {"x": 2}))
        done = self.run_ok("export", bag, "-o", "-", "--format", "mcap")
        with open(self.export(bag), "rb") as file:
            self.assertEqual(done.stdout, file.read())

    def test_what_was_before_1970_is_told_of(self):
        bag = self.bag_of_points(("t", -5.5, {"x": 1}), ("t", 2.0, {"x": 2}))
        out = self.space.path("out.mcap")
        done = self.run_ok("export", bag, "-o", out, "--format", "mcap")
        self.assertIn("before 1970; points written as of then: 1", done.stderr)
        indexed, _ = self.messages(out)
        self.assertEqual([message.log_time for _, _, message in indexed], [0, 2 * 10**9])
        self.assertEqual(json.loads(indexed[0][2].data)["_ts"], -5.5)

    def test_an_export_of_no_points_is_a_whole_file(self):
        bag = self.bag_of_points(("t", 1.0, {"x": 1}))
        out = self.space.path("out.mcap")
        self.space.run("export", bag, "-o", out, "--format", "mcap", "--start", "100")
        indexed, summary = self.messages(out)
        self.assertEqual((indexed, summary.chunk_indexes), ([], []))

    # S2.61, S2.65
    def test_the_bag_says_of_itself_what_info_says(self):
        bag = self.imported("tilt_laser")[0]
        with open(self.export(bag), "rb") as file:
            records = {one.name: one.metadata
                       for one in self.reader.make_reader(file).iter_metadata()}
        info = self.info(bag)
        self.assertEqual(records["run_metadata"]["host"], info["runs"][0]["host"])
        statistics = records["run_statistics"]
        self.assertEqual(int(statistics["points"]), info["points"])
        self.assertEqual(int(statistics["received"]), info["received"])
        tracks = json.loads(statistics["tracks"])
        self.assertEqual({name: one["points"] for name, one in tracks.items()},
                         {one["name"]: one["points"] for one in info["tracks"]})

    def test_the_rate_is_right_of_stamps_as_far_apart_as_there_are(self):
        bag = self.bag_of_points(("t", -9e9, {"x": 1}), ("t", 9e9, {"x": 2}))
        out = self.space.path("out.mcap")
        self.run_ok("export", bag, "-o", out, "--format", "mcap")
        with open(out, "rb") as file:
            records = {one.name: one.metadata
                       for one in self.reader.make_reader(file).iter_metadata()}
        self.assertEqual(json.loads(records["run_statistics"]["tracks"])["t"]["rate"], 1 / 1.8e10)

    def test_chosen_columns_are_all_there_is(self):
        bag = self.bag_of_points(("t", 1.0, {"a": {"x": 1, "y": 2}, "b": 3}))
        indexed, summary = self.messages(self.export(bag, "--columns", "a.x"))
        self.assertEqual(json.loads(indexed[0][2].data), {"_ts": 1.0, "a": {"x": 1}})
        schema, = summary.schemas.values()
        self.assertEqual(list(json.loads(schema.data)["properties"]), ["_ts", "a"])


class JavaScriptTest(McapTest):

    def test_the_library_in_javascript_reads_the_same(self):
        if not shutil.which("node") or not os.path.isdir(os.path.join(NPM, "node_modules")):
            self.skipTest("no node, or no @mcap/core: launch/fetch_npm.sh brings it")
        bags = self.imported("px4_fmu_v6c")
        path = self.export(bags)
        done = subprocess.run(["node", "-e", NODE_READER, NPM, path], capture_output=True,
                              text=True, timeout=300, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        theirs = sorted((topic, sequence, int(time), base64.b64decode(content))
                        for topic, sequence, time, content in map(json.loads,
                                                                  done.stdout.splitlines()))
        ours = sorted((channel.topic, message.sequence, message.log_time, message.data)
                      for _, channel, message in self.messages(path)[0])
        self.assertEqual(theirs, ours)


class MsgpackTest(McapTest):

    def test_messages_are_the_frames_byte_for_byte(self):
        for name in ("g1_tiny", "px4_fmu_v6c"):
            with self.subTest(name):
                bags = self.imported(name)
                path = self.export(bags, "--encoding", "msgpack", name=name + ".mcap")
                indexed, summary = self.messages(path)
                raw = self.run_ok("cat", bags[0], "--format", "raw").stdout
                frames = [(track, msgpack.packb(fields)) for track, fields in harness.unpack_raw(raw)]
                self.assertEqual([(channel.topic, msgpack.packb(msgpack.unpackb(message.data)))
                                  for _, channel, message in indexed], frames)
                self.assertEqual({channel.message_encoding
                                  for channel in summary.channels.values()}, {"msgpack"})


class FoxgloveTest(McapTest):

    def by_track(self, path):
        """{track: [(name of the schema, message)]}, and every schema is one that viewers read."""
        indexed, summary = self.messages(path)
        for schema in summary.schemas.values():
            self.assert_viewable(json.loads(schema.data))
        found = {}
        for schema, channel, message in indexed:
            found.setdefault(channel.topic, []).append((schema.name, json.loads(message.data)))
        return found

    def test_a_camera_is_compressed_images(self):
        bags = self.imported("g1_tiny", {"camera/head": "compressed_image"})
        found = self.by_track(self.export(bags))["camera/head"]
        points = [fields for track, fields in self.points(bags[0]) if track == "camera/head"]
        self.assertEqual(len(found), len(points))
        for (name, message), fields in zip(found, points):
            self.assertEqual(name, "foxglove.CompressedImage")
            self.assertEqual(base64.b64decode(message["data"]), fields["data"])
            self.assertEqual(message["format"], "jpeg")
            stamp = message["timestamp"]["sec"] * 10**9 + message["timestamp"]["nsec"]
            self.assertEqual(stamp, key_of(fields["_ts"]))
            self.assertEqual(message["width"], 640)  # what the schema does not know stays

    def test_numbers_that_json_does_not_have_are_null(self):
        bag = self.bag_of_points(
            ("scan", 1.0, {"angle_min": 0.0, "angle_max": 1.0, "angle_increment": 0.25, "range_min": 0.1,
                           "range_max": "inf", "ranges": [1.5, "inf", None, "-inf", 2.0]}))
        self.run_ok("schema", bag, "scan", "laser_scan")
        path = self.export(bag)
        _, _, message = self.messages(path)[0][0]
        self.assertNotIn(b"Infinity", message.data)
        (name, scan), = self.by_track(path)["scan"]
        self.assertEqual((name, scan["ranges"]), ("foxglove.LaserScan", [1.5, None, None, None, 2.0]))

    def test_a_laser_a_transform_and_a_position(self):
        bags = self.imported("tilt_laser", {"scan": "laser_scan", "tf": "transform",
                                            "position_gps": "gps"})
        found = self.by_track(self.export(bags))
        points = self.points(bags[0])
        mine = {track: [fields for of, fields in points if of == track] for track in found}
        for (name, scan), fields in zip(found["scan"], mine["scan"], strict=True):
            self.assertEqual(name, "foxglove.LaserScan")
            self.assertEqual(scan["ranges"], finite(as_json(fields["ranges"])))
            self.assertEqual(scan["start_angle"], fields["angle_min"])
            self.assertEqual(scan["end_angle"], fields["angle_max"])
            self.assertEqual(scan["frame_id"], "/laser")
            self.assertEqual(scan["pose"]["orientation"], {"x": 0, "y": 0, "z": 0, "w": 1})
            self.assertEqual(scan["range_max"], fields["range_max"])
        for (name, message), fields in zip(found["tf"], mine["tf"], strict=True):
            self.assertEqual(name, "foxglove.FrameTransforms")
            for theirs, ours in zip(message["transforms"], fields["transforms"], strict=True):
                self.assertEqual(theirs["translation"], ours["transform"]["translation"])
                self.assertEqual(theirs["rotation"], ours["transform"]["rotation"])
                self.assertEqual(theirs["parent_frame_id"], ours["header"]["frame_id"])
                self.assertEqual(theirs["child_frame_id"], ours["child_frame_id"])
        for (name, fix), fields in zip(found["position_gps"], mine["position_gps"], strict=True):
            self.assertEqual(name, "foxglove.LocationFix")
            for member in ("latitude", "longitude", "altitude", "position_covariance"):
                self.assertEqual(fix[member], as_json(fields[member]))
            self.assertEqual(fix["status"], fields["status"])

    def test_joints_are_gathered_by_name(self):
        bags = self.imported("g1_tiny", {"joints/state": "joint_state"})
        found = self.by_track(self.export(bags))["joints/state"]
        points = [fields for track, fields in self.points(bags[0]) if track == "joints/state"]
        for (name, message), fields in zip(found, points, strict=True):
            self.assertEqual(name, "foxglove.JointStates")
            self.assertEqual([joint["name"] for joint in message["joints"]], fields["name"])
            self.assertEqual([joint["position"] for joint in message["joints"]],
                             fields["position"])

    def test_what_a_schema_has_no_place_for_is_told_of(self):
        bag = self.bag_of_points(
            ("_sys/schema/odom", 1.0, {"kind": "odometry"}),
            ("odom", 1.0, {"header": {"seq": 1, "frame_id": "map"}, "child_frame_id": "base",
                           "pose": {"pose": {"position": {"x": 1.0, "y": 2.0, "z": 0.0}},
                                    "covariance": [0.5]}, "note": "kept"}))
        out = self.space.path("out.mcap")
        done = self.run_ok("export", bag, "-o", out, "--format", "mcap", "--track", "odom")
        self.assert_one_line(done.stderr.split("exported")[0], "header.seq", "pose.covariance",
                             "foxglove.Odometry")
        (name, message), = self.by_track(out)["odom"]
        self.assertEqual(name, "foxglove.Odometry")
        self.assertEqual(message["pose"], {"position": {"x": 1.0, "y": 2.0, "z": 0.0},
                                           "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}})
        self.assertEqual((message["frame_id"], message["body_frame_id"], message["note"]),
                         ("map", "base", "kept"))


class RosTest(McapTest):

    # Members of messages, and the fields of points that they are.
    IMU = [("header.frame_id", "header.frame_id"), ("header.stamp", "header.stamp")] + [
        (f"{part}.{axis}", f"{part}.{axis}")
        for part, axes in (("orientation", "xyzw"), ("angular_velocity", "xyz"),
                           ("linear_acceleration", "xyz")) for axis in axes] + [
        (f"{part}_covariance", f"{part}_covariance")
        for part in ("orientation", "angular_velocity", "linear_acceleration")]
    SCAN = [(name, name) for name in (
        "header.frame_id", "angle_min", "angle_max", "angle_increment", "time_increment",
        "scan_time", "range_min", "range_max", "ranges", "intensities")]
    FIX = [(name, name) for name in (
        "header.frame_id", "status.status", "status.service", "latitude", "longitude", "altitude",
        "position_covariance", "position_covariance_type")]
    ODOMETRY = [(name, name) for name in ["header.frame_id", "header.stamp", "child_frame_id",
                                          "pose.covariance", "twist.covariance"]] + [
        (path, path) for path in [f"pose.pose.position.{axis}" for axis in "xyz"]
        + [f"pose.pose.orientation.{axis}" for axis in "xyzw"]
        + [f"twist.twist.linear.{axis}" for axis in "xyz"]
        + [f"twist.twist.angular.{axis}" for axis in "xyz"]]
    JOINTS = [(name, name) for name in ("name", "position", "velocity", "effort")]
    TWIST = [(f"twist.{part}.{axis}", f"{part}.{axis}")
             for part in ("linear", "angular") for axis in "xyz"]

    def setUp(self):
        super().setUp()
        self.rosbag2 = python_packages.load("rosbags.rosbag2")
        self.typesys = python_packages.load("rosbags.typesys")
        self.numpy = python_packages.load("numpy")
        self.highlevel = python_packages.load("rosbags.highlevel")

    def ros_messages(self, folder):
        """{topic: [(time, message)]}, by the message types that ROS itself has."""
        types = self.typesys.get_typestore(self.typesys.Stores.ROS2_HUMBLE)
        found = {}
        with self.rosbag2.Reader(folder) as reader:
            for connection, time, content in reader.messages():
                own = self.typesys.get_types_from_msg(connection.msgdef.data, connection.msgtype)
                for name, members in own.items():  # what the file says is what ROS says
                    theirs = types.fielddefs.get(name)
                    self.assertEqual([one[0] for one in members[1]], [one[0] for one in theirs[1]])
                    self.assertEqual([one[1] for one in members[1]], [one[1] for one in theirs[1]])
                found.setdefault(connection.topic, []).append(
                    (time, types.deserialize_cdr(content, connection.msgtype)))
        return found

    def assert_member(self, message, member, wanted, of):
        for name in member.split("."):
            message = getattr(message, name)
        if member.endswith("stamp"):
            message = message.sec * 10**9 + message.nanosec
        if hasattr(message, "dtype"):
            wanted = self.numpy.array(wanted or [0.0] * len(message), message.dtype)
            return self.numpy.testing.assert_array_equal(message, wanted, f"{of} {member}")
        if isinstance(wanted, float) and not isinstance(message, float):
            wanted = int(wanted)
        narrow = isinstance(wanted, float) and float(self.numpy.float32(wanted)) == message
        if not narrow:
            self.assertEqual(message, wanted, f"{of} {member}")

    def assert_recording(self, name, kinds, tables):
        bags = self.imported(name, kinds)
        chosen = [word for track in kinds for word in ("--track", track)]
        found = self.ros_messages(self.export(bags, *chosen, name=name, form="rosbag2"))
        points = self.points(bags[0])
        self.assertEqual(set(found), {"/" + track for track in kinds})
        for track, table in tables.items():
            ours = [fields for of, fields in points if of == track]
            self.assertEqual(len(found["/" + track]), len(ours))
            for (time, message), fields in zip(found["/" + track], ours):
                self.assertEqual(time, key_of(fields["_ts"]))
                for member, path in table:
                    self.assert_member(message, member, at(fields, path), track)
        return found, points

    def test_an_imu_a_laser_and_a_position(self):
        found, points = self.assert_recording(
            "tilt_laser", {"imu_data": "imu", "scan": "laser_scan", "position_gps": "gps",
                           "tf": "transform"},
            {"imu_data": self.IMU, "scan": self.SCAN, "position_gps": self.FIX})
        ours = [fields for track, fields in points if track == "tf"]
        for (_, message), fields in zip(found["/tf"], ours, strict=True):
            for theirs, one in zip(message.transforms, fields["transforms"], strict=True):
                for member in ("header.frame_id", "header.stamp", "child_frame_id",
                               *(f"transform.translation.{axis}" for axis in "xyz"),
                               *(f"transform.rotation.{axis}" for axis in "xyzw")):
                    self.assert_member(theirs, member, at(one, member), "tf")

    def test_odometry(self):
        self.assert_recording("husky_outdoor", {"husky_velocity_controller/odom": "odometry"},
                              {"husky_velocity_controller/odom": self.ODOMETRY})

    def test_joints_and_commands(self):
        self.assert_recording("turtlebot3_sim", {"joint_states": "joint_state", "cmd_vel": "twist",
                                                 "scan": "laser_scan"},
                              {"joint_states": self.JOINTS, "cmd_vel": self.TWIST,
                               "scan": self.SCAN})

    def test_pictures(self):
        found, points = self.assert_recording("g1_tiny", {"camera/head": "compressed_image"}, {})
        ours = [fields["data"] for track, fields in points if track == "camera/head"]
        self.assertEqual([bytes(message.data) for _, message in found["/camera/head"]], ours)

    def test_other_names_of_fields_and_what_is_not_there(self):
        also = {"fields": {"linear_acceleration.x": {"type": "float", "unit": "m/s^2", "means": "Along x",
                                                     "also": {"ax": "m/s^2"}},
                           "ranges": {"type": "float[]", "unit": "m", "means": "Distances", "also": {"mm": "mm"}}}}
        bag = self.bag_of_points(
            ("_sys/schema/imu", 1.0, {"kind": "imu", **also}),
            ("_sys/schema/laser", 1.0, {"kind": "laser_scan", **also}),
            ("_sys/schema/pose", 1.0, {"kind": "pose"}),
            ("imu", 1.25, {"ax": 9.5}), ("laser", 1.5, {"mm": [1500, 250]}),
            ("pose", 2.0, {"position": [1, 2, 3], "yaw": math.pi, "frame_id": "x"}))
        found = self.ros_messages(self.export(bag, "--track", "imu", "--track", "laser", "--track",
                                              "pose", name="set", form="rosbag2"))
        (_, imu), = found["/imu"]
        self.assertEqual(imu.linear_acceleration.x, 9.5)
        self.assertEqual((imu.header.stamp.sec, imu.header.stamp.nanosec), (1, 250_000_000))
        self.assertEqual(imu.orientation.w, 1.0)
        self.assertEqual(list(imu.orientation_covariance), [-1.0] + [0.0] * 8)
        self.assertEqual(list(imu.linear_acceleration_covariance), [0.0] * 9)
        (_, laser), = found["/laser"]
        self.assertEqual(list(laser.ranges), [1.5, 0.25])
        self.assertAlmostEqual(laser.angle_increment, math.pi, 6)
        self.assertEqual((laser.range_min, laser.range_max), (0.0, math.inf))
        (_, pose), = found["/pose"]
        self.assertEqual((pose.pose.position.x, pose.pose.position.z), (1.0, 3.0))
        self.assertAlmostEqual(pose.pose.orientation.z, 1.0, 12)

    def test_names_become_those_that_ros_allows(self):
        bag = self.bag_of_points(
            *((f"_sys/schema/{track}", 1.0, {"kind": "twist"}) for track in ("'; drop", "a/2b")),
            ("'; drop", 1.0, {"linear": {"x": 1}}), ("a/2b", 2.0, {"linear": {"x": 2}}),
            ("other", 2.0, {"x": 2}))
        out = self.space.path("set")
        done = self.run_ok("export", bag, "-o", out, "--format", "rosbag2", code=LOSSY)
        for words in ("/___drop", "/a/_2b", "left out", "other"):
            self.assertIn(words, done.stderr)
        self.assertEqual(sorted(self.ros_messages(out)), ["/___drop", "/a/_2b"])
        self.assertIn("exported 2 points", done.stdout.decode() + done.stderr)

    def test_the_decoder_of_mcap_reads_cdr(self):
        decoder = python_packages.load("mcap_ros2.decoder")
        bags = self.imported("tilt_laser", {"imu_data": "imu"})
        path = self.export(bags, "--encoding", "cdr", "--track", "imu_data")
        with open(path, "rb") as file:
            reader = self.reader.make_reader(file, True, [decoder.DecoderFactory()])
            theirs = [message.linear_acceleration.x
                      for _, _, _, message in reader.iter_decoded_messages()]
        self.assertEqual(theirs, [fields["linear_acceleration"]["x"]
                                  for track, fields in self.points(bags[0])
                                  if track == "imu_data"])

    def test_what_was_ros_1_becomes_ros_2_without_a_kind(self):
        path = os.path.join(harness.data_folder() or "ZBAG_TEST_DATA", "raw", "ros1", "tilt_laser.bag")
        if not os.path.exists(path):
            raise unittest.SkipTest(f"no recording {path}")
        bag = self.space.path("in.zbag")
        self.run_ok("import", path, "-o", bag)
        out = self.space.path("out")
        done = self.run_ok("export", bag, "-o", out, "--format", "rosbag2", "--track", "imu_data",
                           "--track", "scan")
        self.assertIn("headers without their seq, which ROS 2 has not: imu_data, scan\n", done.stderr)
        found = self.ros_messages(out)
        for track, table in (("imu_data", self.IMU), ("scan", self.SCAN)):
            ours = [fields for of, fields in self.points(bag) if of == track]
            for (_, message), fields in zip(found["/" + track], ours, strict=True):
                for member, path in table:
                    self.assert_member(message, member, at(fields, path), track)

    def test_cdr_is_a_file_of_ros(self):
        bags = self.imported("tilt_laser", {"imu_data": "imu"})
        path = self.export(bags, "--encoding", "cdr", "--track", "imu_data")
        with open(path, "rb") as file:
            self.assertEqual(self.reader.make_reader(file).get_header().profile, "ros2")
        with self.highlevel.AnyReader([pathlib.Path(path)]) as reader:
            self.assertEqual(list(reader.topics), ["/imu_data"])
            times = [time for _, time, _ in reader.messages()]
        self.assertEqual(len(times), sum(track == "imu_data" for track, _ in self.points(bags[0])))
        again = self.space.path("again.zbag")
        self.run_ok("import", path, "-o", again)
        self.assertIn("imu_data", [one["name"] for one in self.info(again)["tracks"]])

    def test_other_encodings_have_tracks_by_their_own_names(self):
        bag = self.bag_of_points(("a/b", 1.0, {"x": 1}))
        for encoding in ("json", "msgpack"):
            path = self.export(bag, "--encoding", encoding, name=encoding + ".mcap")
            with open(path, "rb") as file:
                self.assertEqual(self.reader.make_reader(file).get_header().profile, "")
            _, summary = self.messages(path)
            self.assertEqual([one.topic for one in summary.channels.values()], ["a/b"])


class BadInputTest(McapTest):

    def refused(self, *more, code=USAGE, form="mcap"):
        bag = self.space.path("in.zbag")
        if not os.path.exists(bag):
            bag = self.bag_of_points(("t", 1.0, {"ranges": "far"}),
                                     ("_sys/schema/t", 1.0, {"kind": "laser_scan"}),
                                     ("u", 1.0, {"x": 1}))
        done = self.space.run("export", bag, "-o", self.space.path("new", "out"), "--format", form,
                              *more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertFalse(os.path.exists(self.space.path("new")))
        return done.stderr

    def test_each_is_one_clear_line_and_leaves_nothing(self):
        for more, words in (
                (["--encoding", "xml"], ["xml", "json, cdr or msgpack"]),
                (["--compression", "gzip"], ["gzip", "none, lz4, zstd"]),
                (["--compression-level", "9"], ["--compression-level", "none, lz4, zstd"]),
                (["--compression", "zstd", "--compression-level", "20"], ["zstd", "1 to 19"]),
                (["--compression", "lz4", "--compression-level", "13"], ["lz4", "1 to 12"]),
                (["--compression", "none", "--compression-level", "1"], ["level"])):
            with self.subTest(more):
                self.assert_one_line(self.refused(*more), *words)

    def test_a_format_without_compression_says_so(self):
        self.assert_one_line(self.refused("--compression", "zstd", form="jsonl"), "jsonl",
                             "compression")

    def test_a_track_without_a_ros_message(self):
        shown = self.refused("--encoding", "cdr", "--track", "u", code=FAILED)
        self.assert_one_line(shown, "track u", "ROS", "--encoding json")
        self.assert_one_line(self.refused("--track", "u", form="rosbag2", code=FAILED), "ROS")

    def test_a_schema_that_does_not_fit_its_track(self):
        for more in ([], ["--encoding", "cdr"]):
            shown = self.refused("--track", "t", *more)
            faults = "".join(line for line in shown.splitlines(True) if "warning: " not in line)
            self.assert_one_line(faults, "track t at 1.0", "ranges", "str")


if __name__ == "__main__":
    harness.main()
