#!/usr/bin/env python3
"""MCAP files that others have written, by the official library and with messages of the `rosbags`
and `protobuf` packages, come out of `import` value for value; what is exported and imported again
is the same (issue 15)."""

import base64
import json
import math
import os
import random
import struct
import unittest
import zlib

import msgpack

import harness
import python_packages
import random_messages
from harness import DAMAGED, DONE, FAILED, LOSSY

LOG_NS = 1_700_000_000_000_000_000
MAGIC = b"\x89MCAP0\r\n"


def record(opcode, *parts):
    """One of MCAP, by hand: for what its library does not write."""
    content = b"".join(parts)
    return struct.pack("<BQ", opcode, len(content)) + content


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


class McapTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.writer = python_packages.load("mcap.writer")

    def write_mcap(self, name, channels, compression="ZSTD", **more):
        """`channels`: {(topic, encoding, schema name, schema encoding, schema text): messages}, of
        (log time, publish time, bytes) each."""
        path = self.space.path(name)
        with open(path, "wb") as file:
            writer = self.writer.Writer(
                file, compression=getattr(self.writer.CompressionType, compression), **more)
            writer.start()
            for (topic, encoding, schema, of, definition), messages in channels.items():
                schema_id = writer.register_schema(schema, of, definition) if schema else 0
                channel = writer.register_channel(topic, encoding, schema_id)
                for log_ns, publish_ns, data in messages:
                    writer.add_message(channel, log_ns, data, publish_ns)
            writer.finish()
        return path

    def write_json(self, name, *messages, schema=None, topic="/t", **more):
        of = ("Any", "jsonschema", json.dumps(schema).encode()) if schema else ("", "", b"")
        return self.write_mcap(name, {(topic, "json", *of): [
            (LOG_NS + n, LOG_NS + n - 5, one if isinstance(one, bytes) else json.dumps(one).encode())
            for n, one in enumerate(messages)]}, **more)

    def imported(self, path, *more, code=DONE, name=None):
        bag = self.space.path(name or os.path.basename(path) + ".zbag")
        done = self.run_ok("import", path, "-o", bag, *more, code=code)
        return bag, done

    def fields(self, bag):
        return [(track, harness.without_bus_fields(fields))
                for track, fields in self.points(bag, "--exclude", "_sys/**")]


class RosTest(McapTest):
    """Messages of ROS 1 and ROS 2, as the `rosbags` package encodes them."""

    def write_ros(self, name, version, compression="ZSTD", count=40):
        python_packages.load("rosbags")
        from rosbags import typesys
        messages = random_messages.RandomMessages(typesys, version)
        store = messages.store("ROS1_NOETIC" if version == 1 else "ROS2_HUMBLE")
        encode = store.serialize_ros1 if version == 1 else store.serialize_cdr
        encoding, of = ("ros1", "ros1msg") if version == 1 else ("cdr", "ros2msg")
        channels, wanted = {}, []
        for kind in random_messages.KINDS:
            definition, _ = store.generate_msgdef(kind, ros_version=version)
            topic = "/" + kind.replace("/msg/", "/")
            made = channels[(topic, encoding, kind, of, definition.encode())] = []
            for n in range(count):
                message, fields = messages.make(store, kind)
                log_ns = LOG_NS + n * 1_000_003
                made.append((log_ns, log_ns, bytes(encode(message, kind))))
                wanted.append((topic[1:], log_ns, fields))
        return self.write_mcap(name, channels, compression), wanted

    def test_random_messages_of_every_common_kind_are_the_same(self):
        for version in (1, 2):
            path, wanted = self.write_ros(f"ros{version}.mcap", version)
            bag, _ = self.imported(path, "--merge", "append")
            random_messages.assert_points(self, self.points(bag, "--exclude", "_sys/**"), wanted)

    def test_so_are_those_of_every_compression(self):
        for compression in ("NONE", "LZ4"):
            path, wanted = self.write_ros(f"{compression}.mcap", 2, compression, count=5)
            bag, _ = self.imported(path, "--merge", "append")
            random_messages.assert_points(self, self.points(bag, "--exclude", "_sys/**"), wanted)

    def assert_again_the_same(self, path, wanted, name):
        """Imported, exported as cdr and imported again; what others read of it is the same."""
        bag, _ = self.imported(path, "--merge", "append", name=name)
        out = self.space.path(name + "_out.mcap")
        self.run_ok("export", bag, "-o", out, "--encoding", "cdr", "--exclude", "_sys/**")
        again, _ = self.imported(out, "--merge", "append", name=name + "_again")
        self.assertEqual([(track, harness.exact(fields)) for track, fields in self.fields(bag)],
                         [(track, harness.exact(fields)) for track, fields in self.fields(again)])
        random_messages.assert_points(self, self.points(again, "--exclude", "_sys/**"), wanted)
        return out

    def test_what_was_imported_goes_out_by_its_own_definition(self):
        for version in (1, 2):
            path, wanted = self.write_ros(f"ros{version}.mcap", version, count=10)
            out = self.assert_again_the_same(path, wanted, f"ros{version}")
            decoder = python_packages.load("mcap_ros2.decoder")
            reader = python_packages.load("mcap.reader")
            with open(out, "rb") as file:
                messages = [(channel.topic, decoded) for _, channel, _, decoded in
                            reader.make_reader(file, True, [decoder.DecoderFactory()])
                            .iter_decoded_messages()]
            self.assertEqual(len(messages), len(wanted))
            texts = sorted(one.text for topic, one in messages if topic == "/test_msgs/All")
            self.assertEqual(texts, sorted(fields["text"] for track, _, fields in wanted
                                           if track == "test_msgs/All"))

    def test_what_a_channel_says_beside_is_kept(self):
        path = self.space.path("in.mcap")
        metadata = {"offered_qos_profiles": '- history: 1\n  depth: 5\n  note: "x: y"\n', "more": "\u00e4"}
        with open(path, "wb") as file:
            writer = self.writer.Writer(file)
            writer.start()
            schema = writer.register_schema("std_msgs/msg/Bool", "ros2msg", b"bool data\n")
            channel = writer.register_channel("/latched", "cdr", schema, metadata)
            writer.add_message(channel, LOG_NS, b"\0\1\0\0\1", LOG_NS)
            bare = writer.register_channel("/bare", "json", 0, {"a": "b"})
            writer.add_message(bare, LOG_NS, b"{}", LOG_NS)
            writer.finish()
        bag, _ = self.imported(path)
        reader = python_packages.load("mcap.reader")
        for encoding, wanted in (("cdr", [metadata]), ("json", [{"a": "b"}, metadata])):
            out = self.space.path(encoding + ".mcap")
            self.run_ok("export", bag, "-o", out, "--encoding", encoding,
                        *(["--track", "latched"] if encoding == "cdr" else []))
            with open(out, "rb") as file:
                channels = reader.make_reader(file).get_summary().channels.values()
            self.assertEqual(sorted((one.metadata for one in channels), key=len), wanted)

    UNREAD = {
        ("/wide", "cdr", "x/msg/Wide", "ros2msg", b"wstring text\n"): b"\0\1\0\0\1\0\0\0a\0\0\0",
        ("/idl", "cdr", "x/msg/Y", "ros2idl", b"module x { struct Y { uint8 a; }; };"): b"\0\1\0\0\7",
        ("/unsaid", "cdr", "x/msg/Z", "", b""): b"\0\1\0\0\5"}

    def messages_of(self, path):
        reader = python_packages.load("mcap.reader")
        with open(path, "rb") as file:
            return sorted((channel.topic, channel.message_encoding, schema.name, schema.encoding,
                           schema.data, message.data)
                          for schema, channel, message in reader.make_reader(file).iter_messages())

    def test_what_can_not_be_read_goes_out_as_it_was_and_the_rest_costs_itself(self):
        plain = {("/flag", "cdr", "std_msgs/msg/Bool", "ros2msg", b"bool data\n"): b"\0\1\0\0\1"}
        bag, _ = self.imported(self.write_mcap("in.mcap", {
            of: [(LOG_NS, LOG_NS, data)]
            for of, data in {**plain, **self.UNREAD,
                             ("other", "json", "", "", b""): b'{"x": 1}',
                             ("/old", "ros1", "x/Old", "ros1msg", b"no definition"): b"\1"}.items()}))
        out = self.space.path("out.mcap")
        done = self.run_ok("export", bag, "-o", out, "--encoding", "cdr", code=LOSSY)
        self.assertIn("warning: tracks left out, since no ROS message can be made of them: old (", done.stderr)
        self.assertIn("other (ROS has no message of its kind)", done.stderr)
        self.assertEqual(done.stderr.count("warning"), 1, done.stderr)
        self.assertEqual(self.messages_of(out),
                         sorted((*of, data) for of, data in {**plain, **self.UNREAD}.items()))
        self.run_ok("export", bag, "-o", out, "--encoding", "cdr", "--exclude", "o*", "--force")
        done = self.space.run("export", bag, "-o", self.space.path("none.mcap"), "--encoding", "cdr",
                              "--track", "o*")
        self.assertEqual(done.returncode, FAILED)
        self.assert_one_line(done.stderr, "track old, nor of 1 more", "--encoding json")
        self.assertFalse(os.path.exists(self.space.path("none.mcap")))

    def test_fields_that_its_definition_lacks_are_told_of(self):
        path, wanted = self.write_ros("ros2.mcap", 2, count=1)
        bag, _ = self.imported(path)
        stamp = [fields for track, _, fields in wanted if track == "sensor_msgs/Imu"][0]["header"]
        lines = json.dumps({"track": "sensor_msgs/Imu", "_ts": stamp["stamp"] / 1e9 + 1,
                            "fields": {"mine": 5}}) + "\n"
        more = self.space.path("more.zbag")
        self.run_ok("import", self.write("more.jsonl", lines), "-o", more)
        out = self.space.path("out.mcap")
        done = self.run_ok("export", bag, more, "-o", out, "--encoding", "cdr", "--track",
                           "sensor_msgs/Imu")
        self.assertIn("fields left out, since sensor_msgs/msg/Imu has no place for them", done.stderr)
        self.assertIn("mine of track sensor_msgs/Imu", done.stderr)
        self.assertNotIn("recv_ns", done.stderr)

    def test_what_does_not_fit_its_definition_is_said_where(self):
        path, _ = self.write_ros("ros2.mcap", 2, count=1)
        bag, _ = self.imported(path)
        lines = json.dumps({"track": "sensor_msgs/Imu", "_ts": 2e9, "fields": {"header": 5}}) + "\n"
        more = self.space.path("more.zbag")
        self.run_ok("import", self.write("more.jsonl", lines), "-o", more)
        done = self.space.run("export", bag, more, "-o", self.space.path("out.mcap"), "--encoding",
                              "cdr", "--track", "sensor_msgs/Imu")
        self.assert_one_line(done.stderr, "track sensor_msgs/Imu at 2e+09",
                             "header takes std_msgs/Header, not int")
        self.assertFalse(os.path.exists(self.space.path("out.mcap")))

    def test_the_definition_is_kept(self):
        path, _ = self.write_ros("in.mcap", 2, count=1)
        bag, _ = self.imported(path)
        originals = dict(self.points(bag, "--track", "_sys/original/**"))
        imu = originals["_sys/original/sensor_msgs/Imu"]
        self.assertEqual((imu["name"], imu["encoding"], imu["messages"]),
                         ("sensor_msgs/msg/Imu", "ros2msg", "cdr"))
        self.assertIn("float64[9] orientation_covariance", imu["text"])


class JsonTest(McapTest):

    def test_a_message_is_a_map_and_the_schema_says_what_json_can_not(self):
        schema = {"type": "object", "properties": {
            "v": {"type": "number"}, "b": {"type": "string", "contentEncoding": "base64"},
            "deep": {"type": "object", "properties": {"l": {"type": "array", "items": {
                "type": "object", "properties": {"v": {"type": ["number", "null"]}}}}}},
            "s": {"type": "string"}}}
        path = self.write_json("in.mcap", {"v": 1, "b": "AAEC", "s": None, "any": None, "n": 1,
                                           "deep": {"l": [{"v": 2}, {"v": None}]}},
                               {"v": "Infinity", "b": "no base64!", "s": "inf", "any": "inf"},
                               schema=schema)
        bag, _ = self.imported(path)
        (_, first), (_, second) = self.fields(bag)
        self.assertTrue(math.isnan(first["deep"]["l"][1].pop("v")))
        self.assertEqual(harness.exact({**first, "_ts": 0}), harness.exact(
            {"_ts": 0, "v": 1.0, "b": b"\0\1\2", "s": None, "any": None, "n": 1,
             "deep": {"l": [{"v": 2.0}, {}]}}))
        self.assertEqual((second["v"], second["b"], second["s"], second["any"]),
                         (math.inf, "no base64!", "inf", "inf"))

    def test_its_own_stamp_is_that_of_ros_or_foxglove(self):
        stamp = {"sec": 5, "nsec": 250_000_000}
        path = self.write_json(
            "in.mcap", {"timestamp": stamp}, {"header": {"stamp": {"sec": 6, "nanosec": 5 * 10**8}}},
            {"header": {"stamp": 7.5}}, {"header": {"stamp": 8_500_000_000}})
        bag, _ = self.imported(path)
        self.assertEqual([fields["_ts"] for _, fields in self.fields(bag)], [5.25, 6.5, 7.5, 8.5])
        self.assertEqual([fields["recv_ns"] for _, fields in self.fields(bag)],
                         [LOG_NS + n for n in range(4)])
        for stamp_from, ns in (("log", LOG_NS), ("publish", LOG_NS - 5)):
            bag, _ = self.imported(path, "--stamp", stamp_from, "--merge", "append",
                                   name=stamp_from)
            self.assertEqual(self.fields(bag)[0][1]["_ts"], ns / 1e9)
            self.assertNotIn("recv_ns", self.fields(bag)[0][1])

    def test_what_has_no_stamp_has_that_of_the_recording_which_is_said_once(self):
        path = self.write_json("in.mcap", {"timestamp": 5}, {"timestamp": {"sec": "x"}}, {})
        bag, done = self.imported(path, "--merge", "append")
        self.assertEqual(done.stderr.count("have no header"), 1)
        self.assertEqual(self.fields(bag)[0][1], {"_ts": LOG_NS / 1e9, "timestamp": 5})

    def test_a_message_that_is_no_object_costs_that_message(self):
        path = self.write_json("in.mcap", {"x": 1}, [1], b"{", b"\xff", b"", {"x": 2})
        bag, done = self.imported(path, "--merge", "append", code=LOSSY)
        self.assertEqual([fields["x"] for _, fields in self.fields(bag)], [1, 2])
        self.assertIn("message 2, of /t: it is no object of JSON", done.stderr)
        self.assertIn("refused 4 frames", done.stderr)


class ProtobufTest(McapTest):
    """Messages of the `protobuf` package, of types that the test makes."""

    def setUp(self):
        super().setUp()
        try:
            from google.protobuf import (descriptor_pb2, descriptor_pool, duration_pb2,
                                         message_factory, timestamp_pb2)
        except ImportError as error:
            raise unittest.SkipTest(f"{error}: launch/setup.sh brings python3-protobuf")
        self.pb = descriptor_pb2
        self.random = random.Random(26)
        self.files = self.pb.FileDescriptorSet()
        for known in (timestamp_pb2, duration_pb2):
            known.DESCRIPTOR.CopyToProto(self.files.file.add())
        self.pool, self.factory = descriptor_pool.DescriptorPool(), message_factory

    SCALARS = ("double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string",
               "bytes", "uint32", "sfixed32", "sfixed64", "sint32", "sint64")

    def type(self, name):
        return getattr(self.pb.FieldDescriptorProto, "TYPE_" + name.upper())

    def add_field(self, message, name, number, kind, label="OPTIONAL", of="", **more):
        message.field.add(name=name, number=number, type=self.type(kind), type_name=of or None,
                          label=getattr(self.pb.FieldDescriptorProto, "LABEL_" + label), **more)

    def add_all(self, file, syntax):
        """A message of every kind of field there is."""
        file.enum_type.add(name="Mode").value.add(name="OFF", number=0)
        file.enum_type[0].value.add(name="ON", number=3)
        part = file.message_type.add(name="Part")
        self.add_field(part, "label", 1, "string")
        self.add_field(part, "ids", 2, "sint32", "REPEATED")
        message = file.message_type.add(name="All")
        number = 0
        for kind in self.SCALARS:
            for label in ("OPTIONAL", "REPEATED"):
                number += 1
                self.add_field(message, f"{kind}_{label.lower()}", number, kind, label)
        scope = "." + file.package
        for name, kind, of in (("mode", "enum", scope + ".Mode"), ("part", "message", scope + ".Part"),
                               ("at", "message", ".google.protobuf.Timestamp"),
                               ("span", "message", ".google.protobuf.Duration"),
                               ("self", "message", scope + ".All")):
            for label in ("OPTIONAL", "REPEATED"):
                number += 1
                self.add_field(message, f"{name}_{label.lower()}", number, kind, label, of)
        message.oneof_decl.add(name="choice")
        self.add_field(message, "one", 100, "int32", oneof_index=0)
        self.add_field(message, "other", 101, "message", of=scope + ".Part", oneof_index=0)
        for n, (key, kind, of) in enumerate((("string", "double", ""), ("int32", "string", ""),
                                             ("bool", "message", scope + ".Part"))):
            entry = message.nested_type.add(name=f"Map{n}Entry")
            entry.options.map_entry = True
            self.add_field(entry, "key", 1, key)
            self.add_field(entry, "value", 2, kind, of=of)
            self.add_field(message, f"map{n}", 110 + n, "message", "REPEATED",
                           f"{scope}.All.Map{n}Entry")
        if syntax == "proto3":
            message.oneof_decl.add(name="_may")
            self.add_field(message, "may", 120, "int32", oneof_index=1, proto3_optional=True)

    def classes(self, syntax):
        file = self.files.file.add(name=f"{syntax}.proto", package=f"test.{syntax}", syntax=syntax)
        file.dependency.extend(["google/protobuf/timestamp.proto",
                                "google/protobuf/duration.proto"])
        self.add_all(file, syntax)
        for one in self.files.file:
            self.pool.Add(one)
        found = self.pool.FindMessageTypeByName(f"test.{syntax}.All")
        return self.factory.MessageFactory(self.pool).GetPrototype(found)

    def scalar(self, kind):
        rng = self.random
        if kind == "double":
            return rng.choice([rng.uniform(-1e9, 1e9), 0.0, math.inf])
        if kind == "float":
            return random_messages.as_float32(rng.uniform(-1e6, 1e6))
        if kind == "bool":
            return rng.random() < 0.5
        if kind == "string":
            return "".join(rng.choices("ab äß€", k=rng.randrange(5)))
        if kind == "bytes":
            return rng.randbytes(rng.randrange(5))
        bits = 64 if "64" in kind else 32
        low = 0 if kind.startswith(("u", "f")) else -2**(bits - 1)
        return rng.choice([0, low, low + 2**bits - 1, rng.randrange(low, low + 2**bits)])

    def fill(self, message, depth=0):
        """Sets about half of its fields."""
        names = {self.type(kind): kind for kind in (*self.SCALARS, "enum", "message")}
        for field in message.DESCRIPTOR.fields:
            if self.random.random() < 0.5 or (field.name.startswith("self") and depth > 1):
                continue
            kind, is_list = names[field.type], field.label == field.LABEL_REPEATED
            into = getattr(message, field.name)
            if field.message_type and field.message_type.GetOptions().map_entry:
                key = names[field.message_type.fields_by_name["key"].type]
                of = field.message_type.fields_by_name["value"]
                for _ in range(3):
                    if of.message_type:
                        self.fill(into[self.scalar(key)], depth + 1)
                    else:
                        into[self.scalar(key)] = self.scalar(names[of.type])
            elif kind == "message":
                for part in [into.add() for _ in range(3)] if is_list else [into]:
                    part.SetInParent()
                    if part.DESCRIPTOR.full_name.startswith("google"):
                        part.seconds = self.random.randrange(-2**31, 2**32)
                        part.nanos = self.random.randrange(10**9)
                    else:
                        self.fill(part, depth + 1)
            elif kind == "enum":
                values = [self.random.choice([0, 3]) for _ in range(3)]
                into.extend(values) if is_list else setattr(message, field.name, values[0])
            elif is_list:
                into.extend(self.scalar(kind) for _ in range(3))
            else:
                setattr(message, field.name, self.scalar(kind))

    def expected(self, message):
        """The fields that it should become."""
        if message.DESCRIPTOR.full_name.startswith("google"):
            return message.seconds * 10**9 + message.nanos
        fields = {}
        for field in message.DESCRIPTOR.fields:
            value = getattr(message, field.name)

            def one(item, of=field):
                if of.message_type:
                    return self.expected(item)
                return of.enum_type.values_by_number[item].name if of.enum_type else item

            if field.message_type and field.message_type.GetOptions().map_entry:
                of = field.message_type.fields_by_name["value"]
                texts = {str(key).lower() if isinstance(key, bool) else str(key): key
                         for key in value}
                fields[field.name] = {text: one(value[texts[text]], of)
                                      for text in sorted(texts, key=str.encode)}
            elif field.label == field.LABEL_REPEATED:
                fields[field.name] = [one(item) for item in value]
            elif not field.has_presence or message.HasField(field.name):
                fields[field.name] = one(value)
        return fields

    def import_messages(self, name, messages, **more):
        path = self.write_mcap(f"{len(os.listdir(self.space.folder))}.mcap", {
            ("/t", "protobuf", name, "protobuf", self.files.SerializeToString()): [
                (LOG_NS + n * 1000, LOG_NS, data) for n, data in enumerate(messages)]})
        return self.imported(path, "--merge", "append", **more)

    def test_random_messages_of_every_kind_of_field_are_the_same(self):
        for syntax in ("proto2", "proto3"):
            made = self.classes(syntax)
            messages = [made() for _ in range(60)]
            for message in messages[1:]:  # the first has nothing but defaults
                self.fill(message)
            bag, _ = self.import_messages(f"test.{syntax}.All",
                                          [one.SerializeToString() for one in messages])
            ours = [harness.exact({k: v for k, v in fields.items() if k != "_ts"})
                    for _, fields in self.fields(bag)]
            self.assertEqual(ours, [harness.exact(self.expected(one)) for one in messages])
            self.files.ClearField("file")
            self.setUp()

    def test_parts_of_a_message_are_merged_and_the_last_of_a_choice_counts(self):
        made = self.classes("proto3")
        parts = [made(part_optional={"ids": [1]}, one=5, other={"label": "x"}),
                 made(part_optional={"ids": [2], "label": "y"}, one=6)]
        data = b"".join(one.SerializeToString() for one in parts)
        merged = made.FromString(data)
        bag, _ = self.import_messages("test.proto3.All", [data])
        (_, fields), = self.fields(bag)
        del fields["_ts"]
        self.assertEqual(harness.exact(fields), harness.exact(self.expected(merged)))
        self.assertEqual((fields["part_optional"]["ids"], fields["one"]), ([1, 2], 6))

    def test_the_stamp_is_a_timestamp_of_that_name(self):
        file = self.files.file.add(name="log.proto", package="foxglove", syntax="proto3")
        message = file.message_type.add(name="Log")
        self.add_field(message, "timestamp", 1, "message", of=".google.protobuf.Timestamp")
        data = b"\x0a\x07\x08\x05\x10\x80\xe5\x9a\x77"  # 5 s, 250,000,000 ns
        bag, _ = self.import_messages("foxglove.Log", [data])
        self.assertEqual(self.fields(bag), [("t", {"_ts": 5.25, "timestamp": 5_250_000_000,
                                                   "recv_ns": LOG_NS})])

    def test_what_does_not_fit_costs_that_message(self):
        self.classes("proto3")
        bag, done = self.import_messages("test.proto3.All", [b"", b"\xff", b"\x0a\xff\x01", b""],
                                         code=LOSSY)
        self.assertEqual(len(self.fields(bag)), 2)
        self.assertIn("message 2, of /t: it is not whole", done.stderr)

    def test_without_its_type_it_is_kept_as_it_is(self):
        bag, done = self.import_messages("test.Nothing", [b"\x08\x01"])
        self.assertEqual(self.fields(bag)[0][1]["data"], b"\x08\x01")
        self.assertIn("does not say what test.Nothing is", done.stderr)


class AgainTest(McapTest):
    """What was exported comes back; what was imported, exported and imported again is the same."""

    POINTS = (
        ("a/b", 1.5, {"x": 1, "y": 2.0, "list": [1.0, None, "inf"], "on": True, "z_hex": "00ff"}),
        ("a/b", 1e9 + 0.1, {"x": -2, "y": None, "list": [], "on": False, "z_hex": ""}),
        ("a/b", -1.0, {"x": 3, "y": "-inf", "deep": {"s": "text", "$odd": [1]}}),
        ("t", 1.0000000001, {"timestamp": {"sec": 5, "nsec": 6}, "s": {"$str": "inf"}}),
        ("t", -5.25, {"s": "x", "header": {"stamp": 5}}))

    def bag_of(self, points):
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for track, stamp, fields in points)
        bag = self.space.path("in.zbag")
        self.run_ok("import", self.write("in.jsonl", lines), "-o", bag)
        return bag

    def again(self, bag, name, *more):
        out = self.space.path(name + ".mcap")
        self.run_ok("export", bag, "-o", out, "--exclude", "_sys/**", *more)
        return self.imported(out)[0]

    def assert_same(self, first, second):
        self.assertEqual([(track, harness.exact(fields)) for track, fields in self.fields(first)],
                         [(track, harness.exact(fields)) for track, fields in self.fields(second)])

    def test_of_msgpack_every_value_comes_back(self):
        bag = self.bag_of((*self.POINTS, ("n", 1.0, {"nil": {"$nil": True},
                                                    "ext": {"$ext": 5, "$bin": "AAE="}})))
        self.assert_same(bag, self.again(bag, "first", "--encoding", "msgpack"))

    def test_of_json_every_value_comes_back(self):
        bag = self.bag_of(self.POINTS)
        again = self.again(bag, "first")
        self.assert_same(bag, again)
        self.assert_same(again, self.again(again, "second"))

    def test_of_recordings_json_comes_back(self):
        for name in ("g1_tiny", "px4_fmu_v6c"):
            bag = self.space.path(name)
            self.run_ok("import", harness.recording_path(name), "-o", bag, deadline=300)
            again = self.again(bag, name)
            self.assert_same(again, self.again(again, name + "2"))

    def test_frames_of_the_bus_have_their_stamp(self):
        frame = msgpack.packb({"_ts": 5.5, "_seq": 7, "_src": 9, "x": 1})
        path = self.write_mcap("in.mcap", {("t", "msgpack", "", "", b""): [(LOG_NS, LOG_NS, frame)]})
        self.assertEqual(self.fields(self.imported(path)[0]),
                         [("t", {"_ts": 5.5, "x": 1, "recv_ns": LOG_NS})])


class BesideTest(McapTest):
    """Metadata, attachments, and encodings that nobody here reads."""

    def test_attachments_and_metadata_go_with_the_run(self):
        path = self.space.path("in.mcap")
        with open(path, "wb") as file:
            writer = self.writer.Writer(file)
            writer.start()
            channel = writer.register_channel("t", "json", 0)
            writer.add_message(channel, LOG_NS, b"{}", LOG_NS)
            writer.add_attachment(1, 1, "map.yaml", "text/yaml", b"a: 1\n")
            writer.add_metadata("robot", {"name": "r2"})
            writer.add_metadata("robot", {"name": "r3"})
            writer.finish()
        bag, _ = self.imported(path)
        metadata = self.info(bag)["runs"][0]["metadata"]
        self.assertEqual((metadata["robot"], metadata["robot.2"]), ({"name": "r2"}, {"name": "r3"}))
        out = self.space.path("out.mcap")
        self.run_ok("export", bag, "-o", out)
        reader = python_packages.load("mcap.reader")
        with open(out, "rb") as file:
            (attachment,) = reader.make_reader(file).iter_attachments()
        self.assertEqual((attachment.name, attachment.data), ("map.yaml", b"a: 1\n"))

    def test_other_encodings_are_kept_as_they_are_which_is_said(self):
        path = self.write_mcap("in.mcap", {
            ("a", "cbor", "", "", b""): [(LOG_NS, LOG_NS, b"\xa0")],
            ("b", "cdr", "x/msg/Y", "ros2idl", b"struct"): [(LOG_NS, LOG_NS, b"\0\1\0\0")]})
        bag, done = self.imported(path)
        self.assertEqual([(track, fields["data"]) for track, fields in self.fields(bag)],
                         [("a", b"\xa0"), ("b", b"\0\1\0\0")])
        for words in ("track a: messages of cbor", "track b: messages of cdr", "ros2idl"):
            self.assertIn(words, done.stderr)


class DamagedTest(McapTest):

    def plain(self, count=50, **more):
        return self.write_json("in.mcap", *({"x": n} for n in range(count)), chunk_size=200, **more)

    def test_a_file_that_is_cut_off_gives_what_is_whole_of_it(self):
        for compression in ("NONE", "ZSTD"):
            path = self.plain(compression=compression)
            with open(path, "rb") as file:
                data = file.read()
            behind = data.index(b"\x0f\x04" + b"\0" * 7)  # the end of the data
            last = 0
            for at in range(len(MAGIC), behind, max(1, behind // 40)):
                cut = self.space.path("cut.mcap")
                with open(cut, "wb") as file:
                    file.write(data[:at])
                bag = self.space.path(f"{compression}{at}")
                done = self.space.run("import", cut, "-o", bag)
                self.assertEqual(done.returncode, DAMAGED, done.stderr)
                self.assertIn("the file is cut off", done.stderr)
                found = len(self.fields(bag)) if os.path.exists(bag) else 0
                self.assertGreaterEqual(found, last)
                last = found
            self.assertGreater(last, 40)

    def test_a_chunk_that_is_damaged_costs_its_messages(self):
        path = self.plain(compression="NONE")
        with open(path, "r+b") as file:
            data = file.read()
            at = data.index(b'{"x": 0}')  # the chunk that says what the channel is
            file.seek(at + 6)
            file.write(b"7")
        bag, done = self.imported(path, code=LOSSY)
        self.assertIn("its checksum is of other bytes", done.stderr)
        found = [fields["x"] for _, fields in self.fields(bag)]
        self.assertEqual(found, list(range(50 - len(found), 50)))
        self.assertGreater(len(found), 40)

    def test_a_file_without_chunks_is_held_against_its_checksum(self):
        path = self.plain(use_chunking=False, enable_data_crcs=True)
        bag, _ = self.imported(path)
        self.assertEqual(len(self.fields(bag)), 50)
        with open(path, "r+b") as file:
            at = file.read().index(b'{"x": 7}')
            file.seek(at + 6)
            file.write(b"8")
        done = self.run_ok("import", path, "-o", self.space.path("other.zbag"), code=DAMAGED)
        self.assertIn("its checksum is of other data", done.stderr)

    def test_messages_of_a_channel_that_is_lost_are_refused(self):
        message = record(5, struct.pack("<HIQQ", 7, 0, LOG_NS, LOG_NS), b"{}")
        known = record(4, struct.pack("<HH", 8, 0), text("t"), text("json"), text(""))
        good = record(5, struct.pack("<HIQQ", 8, 0, LOG_NS, LOG_NS), b"{}")
        path = self.by_hand(message, known, good)
        bag, done = self.imported(path, code=LOSSY)
        self.assertIn("it is of channel 7, of which nothing is said", done.stderr)
        self.assertEqual(len(self.fields(bag)), 1)

    def test_records_that_are_too_short_cost_themselves(self):
        known = record(4, struct.pack("<HH", 8, 0), text("t"), text("json"), text(""))
        good = record(5, struct.pack("<HIQQ", 8, 0, LOG_NS, LOG_NS), b"{}")
        path = self.by_hand(known, record(5, b"\x08\0"), record(12, b"\x07"), record(9, b"\0"), good)
        bag, done = self.imported(path, code=LOSSY)
        self.assertIn("a message without a channel or a time", done.stderr)
        self.assertIn("metadata that are shorter", done.stderr)
        self.assertIn("an attachment that is shorter", done.stderr)
        self.assertEqual(len(self.fields(bag)), 1)

    def by_hand(self, *records, end=record(15, b"\0" * 4)):
        path = self.space.path("hand.mcap")
        with open(path, "wb") as file:
            file.write(MAGIC + record(1, text(""), text("")) + b"".join(records) + end)
        return path

    def test_a_file_without_a_summary_is_whole(self):
        known = record(4, struct.pack("<HH", 8, 0), text("t"), text("json"), text(""))
        good = record(5, struct.pack("<HIQQ", 8, 0, LOG_NS, LOG_NS), b"{}")
        bag, _ = self.imported(self.by_hand(known, record(0x90, b"of later"), good))
        self.assertEqual(len(self.fields(bag)), 1)

    def test_sizes_of_strangers_are_looked_at_before_memory_is_taken(self):
        head = struct.pack("<QQ", 0, 0)
        known = record(4, struct.pack("<HH", 8, 0), text("t"), text("json"), text(""))
        good = record(5, struct.pack("<HIQQ", 8, 0, LOG_NS, LOG_NS), b"{}")
        chunk = lambda size, name, packed, crc=0: record(
            6, head, struct.pack("<QI", size, crc), text(name), struct.pack("<Q", len(packed)), packed)
        for bad, words in (
                (chunk(1 << 62, "zstd", b"x"), "268435456 are the most"),
                (chunk(1 << 20, "zstd", b"x"), "zstd data that is not whole"),
                (chunk(5, "", b"\x05\xff\xff\xff\xff"), "it ends within a record"),
                (chunk(2, "", b"xx", crc=zlib.crc32(b"xy")), "its checksum is of other bytes"),
                (record(6, head), "it is shorter than it says"),
                (record(9, head, text("a"), text("b"), struct.pack("<Q", 1), b"x", b"\1\1\1\1"),
                 "attachment a: its checksum")):
            bag, done = self.imported(self.by_hand(known, bad, good), code=LOSSY, name=words)
            self.assertIn(words, done.stderr)
            self.assertEqual(len(self.fields(bag)), 1)
        for bad, words in ((struct.pack("<BQ", 3, 1 << 63), "cut off"),
                           (record(3, b"\0"), "a schema that is shorter"),
                           (chunk(5, "brotli", b"x"), "brotli is not known")):
            done = self.space.run("import", self.by_hand(bad, known, good), "-o",
                                  self.space.path("none"))
            self.assert_one_line(done.stderr, words)
            self.assertIn(done.returncode, (harness.FAILED, DAMAGED))

    def test_another_version_is_refused_by_name(self):
        path = self.space.path("new.mcap")
        with open(path, "wb") as file:
            file.write(b"\x89MCAP1\r\n" + b"\0" * 50)
        done = self.space.run("import", path, "-o", self.space.path("in.zbag"))
        self.assert_one_line(done.stderr, path, "another version")


if __name__ == "__main__":
    harness.main()
