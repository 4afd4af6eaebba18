#!/usr/bin/env python3
"""ROS 2 bags that the `rosbags` package has written, in SQLite and MCAP, plain and compressed, come
out of `import` value for value (issue 15)."""

import glob
import os
import re
import shutil
import sqlite3

import harness
import python_packages
import random_messages
from harness import DAMAGED, DONE, FAILED, LOSSY

LOG_NS = 1_700_000_000_000_000_000
# As recorders write it: YAML within a column, or within the YAML of the folder.
QOS = """- history: 1
  depth: 7
  reliability: 1
  durability: 1
  deadline: {sec: 1, nsec: 0}
  lifespan: {sec: 1, nsec: 0}
  liveliness: 1
  liveliness_lease_duration: {sec: 1, nsec: 0}
  avoid_ros_namespace_conventions: false"""


class Rosbag2Test(harness.SystemTest):

    def setUp(self):
        super().setUp()
        python_packages.load("rosbags")
        from rosbags import rosbag2, typesys
        self.rosbag2 = rosbag2
        self.messages = random_messages.RandomMessages(typesys, 16)

    def write_bag(self, name, storage="SQLITE3", mode="NONE", count=20, kinds=random_messages.KINDS,
                  release="ROS2_HUMBLE"):
        """Random messages of common kinds; returns what `import` should say."""
        store = self.messages.store(release)
        path = self.space.path(name)
        writer = self.rosbag2.Writer(path, version=9,
                                     storage_plugin=getattr(self.rosbag2.StoragePlugin, storage))
        writer.set_compression(getattr(self.rosbag2.CompressionMode, mode),
                               self.rosbag2.CompressionFormat.ZSTD)
        wanted = []
        with writer:
            for kind in kinds:
                topic = "/" + kind.replace("/msg/", "/")
                connection = writer.add_connection(topic, kind, typestore=store)
                for n in range(count):
                    message, fields = self.messages.make(store, kind)
                    log_ns = LOG_NS + n * 1_000_003
                    writer.write(connection, log_ns, store.serialize_cdr(message, kind))
                    wanted.append((topic[1:], log_ns, fields))
        return path, wanted

    def imported(self, path, code=DONE, name="out.zbag"):
        bag = self.space.path(name)
        done = self.run_ok("import", path, "-o", bag, "--merge", "append", code=code)
        return bag, done

    def fields(self, bag):
        return [(track, harness.without_bus_fields(fields))
                for track, fields in self.points(bag, "--exclude", "_sys/**")]

    def assert_imported(self, path, wanted, name):
        bag, _ = self.imported(path, name=name)
        random_messages.assert_points(self, self.points(bag, "--exclude", "_sys/**"), wanted)
        return bag

    def database(self, path):
        (found,) = glob.glob(os.path.join(path, "*.db3"))
        return found

    def test_every_storage_and_compression_gives_the_same(self):
        for storage, mode in (("SQLITE3", "NONE"), ("SQLITE3", "FILE"), ("SQLITE3", "MESSAGE"),
                              ("MCAP", "NONE"), ("MCAP", "MESSAGE"), ("MCAP", "FILE")):
            with self.subTest(f"{storage} {mode}"):
                name = f"{storage}_{mode}"
                path, wanted = self.write_bag(name, storage, mode)
                before = sorted(os.listdir(path))
                bag = self.assert_imported(path, wanted, name + ".zbag")
                self.assertEqual(sorted(os.listdir(path)), before)
                metadata = self.info(bag)["runs"][0]["metadata"]
                metadata = metadata["rosbag2_bagfile_information"]
                self.assertEqual(metadata["version"], "9")

    def set_qos(self, path):
        database = sqlite3.connect(self.database(path))
        database.execute("UPDATE topics SET offered_qos_profiles = ?", (QOS,))
        database.commit()
        database.close()

    def test_what_was_imported_is_a_bag_of_ros_2_again(self):
        def content(folder):
            with self.rosbag2.Reader(folder) as reader:
                return sorted((connection.topic, connection.msgtype, time, data)
                              for connection, time, data in reader.messages())
        path, wanted = self.write_bag("there")
        there = content(path)  # before its table says other than its metadata.yaml
        self.set_qos(path)
        bag, _ = self.imported(path)
        out = self.space.path("again")
        self.run_ok("export", bag, "-o", out, "--format", "rosbag2")
        for (*ours, ours_ns, data), (*theirs, theirs_ns, wanted_data) in zip(content(out), there, strict=True):
            self.assertEqual((ours, data), (theirs, wanted_data))
            # Of what has no header the stamp is all there is, which is a double.
            self.assertLess(abs(ours_ns - theirs_ns), 240)
        with self.rosbag2.Reader(out) as reader:
            for connection in reader.connections:
                (qos,) = connection.ext.offered_qos_profiles
                self.assertEqual((qos.history.name, qos.depth, qos.durability.name),
                                 ("KEEP_LAST", 7, "TRANSIENT_LOCAL"))
        back, _ = self.imported(out, name="back.zbag")
        random_messages.assert_points(self, self.points(back, "--exclude", "_sys/**"), wanted)

    def test_the_qos_of_a_topic_is_kept(self):
        path, _ = self.write_bag("qos", kinds=["sensor_msgs/msg/Imu"])
        self.set_qos(path)
        bag, _ = self.imported(path)
        original = dict(self.points(bag, "--track", "_sys/original/**"))["_sys/original/sensor_msgs/Imu"]
        self.assertEqual(original["metadata"], {"offered_qos_profiles": QOS})

    def test_a_file_of_one_is_read_alone_and_a_folder_of_bags_whole(self):
        path, wanted = self.write_bag("bags/one", kinds=["sensor_msgs/msg/Imu"])
        self.assert_imported(self.database(path), wanted, "lone.zbag")
        _, more = self.write_bag("bags/two", "MCAP", kinds=["test_msgs/msg/All"])
        self.assert_imported(self.space.path("bags"), wanted + more, "all.zbag")
        packed, wanted = self.write_bag("packed", mode="FILE", kinds=["sensor_msgs/msg/Imu"])
        (lone,) = glob.glob(os.path.join(packed, "*.zstd"))
        self.assert_imported(lone, wanted, "packed.zbag")

    def test_a_newer_version_is_refused_with_the_remedy(self):
        path, wanted = self.write_bag("new", kinds=["sensor_msgs/msg/Imu"])
        metadata = os.path.join(path, "metadata.yaml")
        with open(metadata, encoding="utf-8") as file:
            text = file.read()
        with open(metadata, "w", encoding="utf-8") as file:
            file.write(text.replace("version: 9", "version: 10"))
        done = self.run_ok("import", path, "-o", self.space.path("new.zbag"), code=FAILED)
        self.assert_one_line(done.stderr, metadata, "version 10", "import the files")
        self.assertFalse(os.path.exists(self.space.path("new.zbag")))
        self.assert_imported(self.database(path), wanted, "new.zbag")

    def test_nothing_is_left_of_what_was_unpacked(self):
        path, _ = self.write_bag("packed", mode="FILE", count=2)
        os.mkdir(self.space.path("tmp"))
        self.space.env["TMPDIR"] = self.space.path("tmp")
        self.imported(path)
        self.assertEqual(os.listdir(self.space.path("tmp")), [])

    def forget_definitions(self, path):
        """As the ROS 2 before Iron writes it."""
        with sqlite3.connect(self.database(path)) as database:
            database.execute("DROP TABLE message_definitions")

    def test_types_of_ros_2_are_known_where_the_recording_does_not_say_them(self):
        store = self.messages.store("ROS2_HUMBLE")
        kinds = [kind for kind in store.fielddefs if kind not in random_messages.DEFINITIONS]
        self.assertGreater(len(kinds), 140)
        path, wanted = self.write_bag("old", kinds=[*kinds, "test_msgs/msg/Part"], count=5)
        self.forget_definitions(path)
        bag, done = self.imported(path)
        self.assertIn("track test_msgs/Part: what test_msgs/msg/Part is the recording does not say",
                      done.stderr)
        self.assertEqual(done.stderr.count("the recording does not say"), 1)
        ours = self.points(bag, "--exclude", "_sys/**")
        random_messages.assert_points(
            self, [point for point in ours if point[0] != "test_msgs/Part"],
            [one for one in wanted if one[0] != "test_msgs/Part"])
        self.assertTrue(all(type(fields["data"]) is bytes for track, fields in ours
                            if track == "test_msgs/Part"))

    def test_types_that_were_others_before_humble_are_told_by_their_messages(self):
        kinds = ["visualization_msgs/msg/Marker", "visualization_msgs/msg/MarkerArray",
                 "visualization_msgs/msg/InteractiveMarkerUpdate", "shape_msgs/msg/SolidPrimitive"]
        for release in ("ROS2_FOXY", "ROS2_GALACTIC"):
            with self.subTest(release):
                path, wanted = self.write_bag(release, kinds=kinds, release=release)
                self.forget_definitions(path)
                bag = self.assert_imported(path, wanted, release + ".zbag")
                (track,) = [track for track in self.info(bag)["tracks"]
                            if track["name"] == "visualization_msgs/Marker"]
                self.assertIn("mesh_resource", track["fields"])
                self.assertNotIn("mesh_file", track["fields"])

    def test_a_message_without_members_has_no_fields(self):
        path, wanted = self.write_bag("empty", kinds=["std_msgs/msg/Empty"])
        for name, kind, text in (("known", "std_msgs/msg/Empty", ""),
                                 ("other", "test_msgs/msg/Nothing", ""),
                                 ("words", "test_msgs/msg/Nothing", "# nothing\n")):
            with self.subTest(name):
                with sqlite3.connect(self.database(path)) as database:
                    database.execute("UPDATE topics SET type = ?", (kind,))
                    database.execute("UPDATE message_definitions SET topic_type = ?, "
                                     "encoded_message_definition = ?", (kind, text))
                self.assert_imported(path, wanted, name + ".zbag")

    def test_a_database_that_is_cut_off_gives_what_is_whole_of_it(self):
        path, _ = self.write_bag("cut", count=300)
        lone = self.database(path)
        os.truncate(lone, os.path.getsize(lone) // 2)
        bag, done = self.imported(lone, code=DAMAGED)
        self.assertIn("SQLite: database disk image is malformed", done.stderr)
        self.assertGreater(len(self.fields(bag)), 100)

    def test_a_part_that_is_damaged_costs_no_other(self):
        path, _ = self.write_bag("parts", kinds=["sensor_msgs/msg/Imu"], count=50)
        first = self.database(path)
        second = os.path.join(path, "more.db3")
        shutil.copyfile(first, second)
        with sqlite3.connect(second) as database:
            database.execute("UPDATE messages SET timestamp = timestamp + 1000000000000")
        metadata = os.path.join(path, "metadata.yaml")
        with open(metadata, encoding="utf-8") as file:
            text = file.read()
        name = os.path.basename(first)
        with open(metadata, "w", encoding="utf-8") as file:
            file.write(re.sub(rf"\n( *- ){name}", rf"\n\1{name}\n\1more.db3", text, count=1))
        with open(first, "r+b") as file:
            file.write(b"no database")
        bag, done = self.imported(path, code=DAMAGED)
        self.assertIn(name, done.stderr)
        self.assertEqual(len(self.fields(bag)), 50)

    def test_a_file_of_any_size_is_unpacked(self):
        """The last piece that zstd gives may be as large as its buffer."""
        path, wanted = self.write_bag("even", mode="FILE", kinds=["sensor_msgs/msg/Imu"], count=20)
        packed, = (os.path.join(path, name) for name in os.listdir(path) if name.endswith(".zstd"))
        zstandard = python_packages.load("zstandard")
        with open(packed, "rb") as file:
            plain = zstandard.ZstdDecompressor().decompressobj().decompress(file.read())
        even = plain + b"\0" * (-len(plain) % (1 << 17))
        with open(packed, "wb") as file:
            file.write(zstandard.ZstdCompressor().compress(even))
        bag, _ = self.imported(path)
        self.assertEqual(len(self.fields(bag)), len(wanted))

    def test_messages_that_are_none_cost_themselves(self):
        path, _ = self.write_bag("bad", kinds=["sensor_msgs/msg/Imu"], count=5)
        with sqlite3.connect(self.database(path)) as database:
            database.execute("UPDATE messages SET data = x'00010000ff' WHERE id = 2")
            database.execute("UPDATE messages SET topic_id = 77 WHERE id = 3")
            database.execute("UPDATE messages SET data = 5 WHERE id = 4")
        bag, done = self.imported(path, code=LOSSY)
        self.assertEqual(len(self.fields(bag)), 2)
        self.assertIn("message 3: it is of topic 77, of which nothing is said", done.stderr)

    def test_a_database_of_a_stranger_runs_nothing(self):
        path, _ = self.write_bag("evil", kinds=["sensor_msgs/msg/Imu"], count=1)
        with sqlite3.connect(self.database(path)) as database:
            database.execute("ALTER TABLE messages RENAME TO hidden")
            database.execute("CREATE VIEW messages AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL "
                             "SELECT n + 1 FROM r) SELECT n AS id, 1 AS topic_id, n AS timestamp, "
                             "x'' AS data FROM r")
        done = self.space.run("import", path, "-o", self.space.path("none"))
        self.assertEqual(done.returncode, DAMAGED)
        self.assert_one_line(done.stderr, "a database without a table messages")

    def test_what_a_killed_recorder_left_beside_it_is_told_of(self):
        path, _ = self.write_bag("wal", kinds=["sensor_msgs/msg/Imu"], count=1)
        lone = self.database(path)
        with open(lone + "-wal", "wb") as file:
            file.write(b"x")
        _, done = self.imported(path)
        self.assertIn("-wal is not read", done.stderr)

    def test_metadata_name_no_file_outside_the_folder(self):
        path, _ = self.write_bag("out", kinds=["sensor_msgs/msg/Imu"], count=1)
        yaml = os.path.join(path, "metadata.yaml")
        with open(yaml, encoding="utf-8") as file:
            text = file.read()
        lone = self.database(path)
        shutil.copy(lone, self.space.path("else.db3"))
        os.symlink(self.space.path("else.db3"), os.path.join(path, "link.db3"))
        for name in ("../else.db3", self.space.path("else.db3"), "link.db3"):
            with open(yaml, "w", encoding="utf-8") as file:
                file.write(text.replace(os.path.basename(lone), name))
            done = self.space.run("import", path, "-o", self.space.path("none"))
            self.assert_one_line(done.stderr, name, "is not within the folder")
            self.assertFalse(os.path.exists(self.space.path("none")))

    def test_metadata_that_are_none_are_one_line(self):
        for text, words in (
                ("rosbag2_bagfile_information: [", "metadata.yaml"),
                ("rosbag2_bagfile_information: 5", "it is none of rosbag2"),
                ("rosbag2_bagfile_information: {}\n", "it names no files"),
                ("rosbag2_bagfile_information:\n  relative_file_paths: [x.db3]\n", "x.db3"),
                ("rosbag2_bagfile_information:\n  relative_file_paths: [x]\n"
                 "  compression_mode: FILE\n  compression_format: lz4\n", "lz4 is not known")):
            path = self.write("bag/metadata.yaml", text)
            done = self.space.run("import", os.path.dirname(path), "-o", self.space.path("none"))
            self.assertNotEqual(done.returncode, DONE)
            self.assert_one_line(done.stderr, words)


if __name__ == "__main__":
    harness.main()
