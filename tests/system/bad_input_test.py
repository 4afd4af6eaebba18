"""Bad input: one clear line, the right exit code, and nothing lost that was accepted before.

Proves the last paragraph of section 6 of the issue with the exit codes of cli.md.
"""

import collections
import itertools
import json
import os
import re
import shutil
import signal
import struct
import subprocess

import lmdb
import msgpack
import xxhash

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY, PORTS, USAGE

READERS = (("info",), ("cat",), ("check",), ("play",), ("export", "--format", "json", "-o", "-"))


def line_of(track, stamp, **fields):
    return json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"


class BadInputTest(harness.SystemTest):
    """What the classes below share."""

    def make_bag(self, name="good.zbag", points=2000):
        """A whole bag of two tracks."""
        source = self.space.path(name + ".jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for i in range(points):
                file.write(line_of(f"robot/{i % 2}", 1000.0 + i / 100, n=i, text="x" * 50))
        bag = self.space.path(name)
        self.run_ok("import", source, "-o", bag)
        return bag

    def assert_refused(self, arguments, code, *words):
        """Ends at once with this code and one line that names these words; prints no data."""
        done = self.space.run(*arguments)
        shown = f"zbag {' '.join(map(str, arguments))}\n{done.stderr}"
        self.assertEqual(done.returncode, code, shown)
        self.assert_one_line(done.stderr, *words)
        return done


class NotABagTest(BadInputTest):
    """Files that are no bags, or no longer."""

    def assert_all_readers_refuse(self, path, code, *words):
        for reader in READERS:
            with self.subTest(reader=reader[0]):
                self.assert_refused((*reader, path), code, path, *words)

    def test_a_text_file_is_named_and_is_code_4(self):
        path = self.space.path("notes.zbag")
        with open(path, "w", encoding="utf-8") as file:
            file.write("these are notes\n" * 1000)
        self.assert_all_readers_refuse(path, DAMAGED)
        done = self.assert_refused(("check", path), DAMAGED, "not a bag")
        self.assertNotIn("recover", done.stderr)

    def test_a_file_of_another_kind_is_named(self):
        for begin, word in ((b"#ROSBAG V2.0\n", "this is a ROS 1 bag"),
                            (b"\x89MCAP0\r\n", "this is an MCAP file"),
                            (b'{"track":"a"}\n', "zbag import")):
            path = self.space.path("x.bag")
            with open(path, "wb") as file:
                file.write(begin * 1000)
            self.assert_all_readers_refuse(path, DAMAGED, word)

    def test_a_bag_without_its_suffix_is_what_was_meant(self):
        self.make_bag("day.zbag")
        for verb in ("info", "cat", "check", "compact"):
            self.assert_refused((verb, self.space.path("day")), FAILED,
                                f"did you mean {self.space.path('day.zbag')}?")

    def test_a_bag_without_its_first_pages_can_be_recovered_and_check_says_so(self):
        bag = self.make_bag()
        with open(bag, "r+b") as file:
            file.write(bytes(2 * 4096))
        self.assert_refused(("check", bag), DAMAGED, "recover")

    def test_an_empty_file_is_named_and_is_code_4(self):
        path = self.space.path("empty.zbag")
        open(path, "wb").close()
        self.assert_all_readers_refuse(path, DAMAGED)

    def test_a_folder_is_named_and_is_no_bag(self):
        """It stands for the bags in it, and there are none."""
        path = self.space.path("folder.zbag")
        os.mkdir(path)
        self.assert_all_readers_refuse(path, FAILED)

    def test_a_pipe_is_no_bag_and_nobody_waits_for_it(self):
        path = self.space.path("runs", "pipe.zbag")
        os.mkdir(os.path.dirname(path))
        os.mkfifo(path)
        self.assert_all_readers_refuse(path, DAMAGED)
        self.assert_all_readers_refuse(os.path.dirname(path), FAILED)

    def test_a_missing_file_is_named_and_is_code_1(self):
        self.assert_all_readers_refuse(self.space.path("nowhere.zbag"), FAILED)

    def test_a_bag_cut_off_anywhere_is_code_4_and_never_a_signal(self):
        bag = self.make_bag()
        size = os.path.getsize(bag)
        cut = self.space.path("cut.zbag")
        whole = self.space.run("cat", bag).stdout
        for length in (1, 16, 100, 4095, 4096, 8191, 8192, 12288, size // 2, size - 4096, size - 1):
            shutil.copy(bag, cut)
            os.truncate(cut, length)
            with self.subTest(length=length, of=size):
                # The last page may be a free one: then nothing is gone.
                done = self.space.run("cat", cut)
                if length >= size - 4096 and done.returncode == DONE:
                    self.assertEqual(done.stdout, whole)
                else:
                    self.assert_all_readers_refuse(cut, DAMAGED)
                    self.assertNotIn("this is", done.stderr)

    def test_the_lmdb_file_of_another_program_is_code_4_and_left_as_it_was(self):
        path = self.space.path("other.zbag")
        with lmdb.open(path, subdir=False, max_dbs=4) as other:
            with other.begin(write=True) as write:
                write.put(b"key", b"value")
                table = other.open_db(b"things", txn=write)
                write.put(b"a", b"b", db=table)
        with open(path, "rb") as file:
            before = file.read()
        self.assert_all_readers_refuse(path, DAMAGED)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_the_lmdb_file_of_another_program_with_tables_named_like_ours_is_code_4(self):
        path = self.space.path("twin.zbag")
        with lmdb.open(path, subdir=False, max_dbs=4) as other:
            with other.begin(write=True) as write:
                for name in (b"meta", b"tracks", b"blocks"):
                    write.put(b"bag", b"not a record", db=other.open_db(name, txn=write))
        self.assert_all_readers_refuse(path, DAMAGED)

    def test_a_newer_format_is_refused_by_name_with_code_1(self):
        bag = self.make_bag()
        with lmdb.open(bag, subdir=False, max_dbs=16, map_size=1 << 28) as env:
            with env.begin(write=True) as write:
                meta = env.open_db(b"meta", txn=write, create=False)
                record = msgpack.unpackb(write.get(b"bag", db=meta)[:-8])
                record["format"] = 99
                value, seed = msgpack.packb(record), 0
                for part in (b"meta", b"bag", value):
                    seed = xxhash.xxh3_64_intdigest(part, seed=seed)
                write.put(b"bag", value + seed.to_bytes(8, "little"), db=meta)
        self.assert_all_readers_refuse(bag, FAILED, "99")

    def test_a_flipped_byte_in_a_block_is_found_and_the_rest_is_still_read(self):
        bag = self.make_bag()
        whole = self.points(bag)
        with lmdb.open(bag, subdir=False, max_dbs=16, readonly=True, lock=False) as env:
            with env.begin() as read, read.cursor(env.open_db(b"blocks", txn=read)) as cursor:
                self.assertTrue(cursor.last())
                block = bytes(cursor.value())
        with open(bag, "r+b") as file:
            data = file.read()
            at = data.rindex(block) + len(block) // 2
            file.seek(at)
            file.write(bytes([data[at] ^ 0xFF]))
        done = self.run_ok("check", "--json", bag, code=DAMAGED)
        [problem] = json.loads(done.stdout)["problems"]
        self.assertRegex(problem["track"], "^robot/[01]$")
        self.assertGreater(problem["points"], 0)
        left = [(track, fields) for track, fields in whole if track != problem["track"]
                or not problem["start"] <= fields["_ts"] <= problem["end"]]
        self.assertEqual(len(whole) - len(left), problem["points"])
        named = self.run_ok("check", bag, code=DAMAGED)
        self.assertIn(problem["track"], self.assert_one_line(named.stderr, bag))
        # What the readers leave out is what check has named, and they say so.
        done = self.run_ok("cat", bag, "--format", "raw", code=DAMAGED)
        self.assertEqual(harness.unpack_raw(done.stdout), left)
        self.assert_one_line(done.stderr, "warning", problem["track"])
        done = self.run_ok("cat", bag, "--format", "raw", "--reverse", code=DAMAGED)
        self.assertEqual(harness.unpack_raw(done.stdout), left[::-1])
        done = self.run_ok("export", bag, "-o", "-", "--format", "jsonl", code=DAMAGED)
        self.assertEqual(len(done.stdout.splitlines()), len(left))
        self.assertIn(f"{problem['points']} damaged points", done.stderr)
        done = self.space.run("cat", bag, "--track", problem["track"], "--start-index", "999")
        self.assertEqual((done.returncode, done.stdout), (DAMAGED, b""), done.stderr)


class FolderTest(BadInputTest):
    """Bags of a folder that can not be opened cost themselves alone; what was named must open."""

    def setUp(self):
        super().setUp()
        self.folder = self.space.path("bags")
        os.mkdir(self.folder)
        self.good = self.make_bag("bags/a.zbag", points=10)
        with open(os.path.join(self.folder, "b.zbag"), "w", encoding="utf-8") as file:
            file.write("no bag")
        os.symlink("nowhere", os.path.join(self.folder, "c.zbag"))

    def test_they_are_named_and_the_others_are_read(self):
        made = self.space.path("made")
        for verb, count in ((("cat",), 10), (("info",), None), (("check",), None),
                            (("export", "-o", "-", "--format", "jsonl"), 10),
                            (("merge", "-o", made + ".zbag"), None)):
            with self.subTest(verb=verb):
                done = self.run_ok(verb[0], self.folder, *verb[1:], code=DAMAGED)
                named = [line for line in done.stderr.splitlines() if line.startswith("zbag ")]
                self.assertEqual(len(named), 2, done.stderr)
                self.assertIn("b.zbag: not a bag", named[0])
                self.assertIn("c.zbag: No such file", named[1])
                if count is not None:
                    self.assertEqual(len(done.stdout.splitlines()), count)
        self.assertEqual(len(self.points(made + ".zbag")), 10)

    def test_what_was_named_must_open(self):
        bad = os.path.join(self.folder, "b.zbag")
        self.assert_refused(("cat", self.good, bad), DAMAGED, bad, "not a bag")
        self.assert_refused(("cat", self.good, self.space.path("none.zbag")), FAILED, "none.zbag")

    def test_a_folder_of_nothing_else_is_refused(self):
        os.remove(self.good)
        done = self.space.run("cat", self.folder)
        self.assertEqual((done.returncode, done.stdout), (DAMAGED, b""), done.stderr)
        self.assertIn("none of these bags", done.stderr.splitlines()[-1])


# What becomes of a page of LMDB's trees: (where in the page, the bytes there).
PAGE_FAULTS = {
    "another number": (0, b"\xff"),
    "another kind": (10, b"\x07"),
    "bounds outside the page": (12, b"\xfe\xff\xff\xff"),
    "no nodes": (12, b"\x10\x00"),
    "a node outside the page": (16, b"\xf8\xff"),
}


class TreePageTest(BadInputTest):
    """LMDB ends the process where its pages lead astray: every verb looks at them first."""

    def tree_pages(self, data):
        for at in range(2 * 4096, len(data), 4096):
            number, _, flags = struct.unpack_from("<QHH", data, at)
            if number == at // 4096 and flags & 0x3:
                yield at

    def outcomes(self, bag):
        """What every verb that opens a bag makes of this one."""
        made = self.space.path("made.zbag")
        for verb in (*READERS, ("cat", "--reverse"), ("cut", "-o", made), ("merge", "-o", made),
                     ("cat", "--start-index", "9", "--track", "robot/0"),
                     ("compact", "-o", made), ("compact",)):
            yield verb, self.space.run(verb[0], bag, *verb[1:])
            if os.path.exists(made):
                os.remove(made)
        yield ("record", "--resume"), self.space.run(
            "record", "-o", bag, "--resume", "--with-broker", *PORTS, "--duration", "0.01")

    def test_a_damaged_page_ends_no_verb_by_a_signal(self):
        bag = self.make_bag(points=4000)
        with open(bag, "rb") as file:
            whole = file.read()
        copy = self.space.path("copy.zbag")
        refused = collections.Counter()
        faults = PAGE_FAULTS.items()
        for at, (name, (offset, change)) in itertools.product(self.tree_pages(whole), faults):
            broken = bytearray(whole)
            broken[at + offset:at + offset + len(change)] = change
            with open(copy, "wb") as file:
                file.write(broken)
            if self.space.run("info", copy).returncode == DONE:
                continue  # it is of an older state
            refused.update([name])
            for verb, done in self.outcomes(copy):
                with self.subTest(page=at // 4096, fault=name, verb=verb):
                    self.assertEqual(done.returncode, DAMAGED, done.stderr)
                    self.assertIn(f"page {at // 4096}", done.stderr)
                    said = done.stderr + done.stdout.decode()
                    self.assertEqual(said.count("zbag recover saves"), 1, said)
        self.assertEqual(set(refused), set(PAGE_FAULTS), refused)


class WritingTest(BadInputTest):
    """Bags that cannot be written."""

    def test_an_existing_bag_is_never_overwritten(self):
        bag = self.make_bag()
        before = os.path.getsize(bag)
        self.assert_refused(("record", "-o", bag, "--with-broker", *PORTS), FAILED, bag)
        self.assert_refused(("import", bag + ".jsonl", "-o", bag), FAILED, bag)
        self.assertEqual(os.path.getsize(bag), before)
        self.run_ok("check", bag)

    def test_a_bag_being_recorded_is_not_opened_for_writing_a_second_time(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        self.assert_refused(("record", "-o", bag, "--with-broker", *PORTS), FAILED, bag)
        self.assertEqual(recorder.stop(), DONE)
        self.assert_whole(bag)

    def test_a_bag_somebody_holds_the_lock_of_is_refused(self):
        """The lock is on the file itself: also a second name of it is refused."""
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        other = self.space.path("other_name.zbag")
        os.link(bag, other)
        self.assert_refused(("record", "-o", other, "--with-broker", *PORTS), FAILED, other)
        self.assertEqual(recorder.stop(), DONE)

    def test_a_folder_that_cannot_be_made_is_named(self):
        self.make_bag()
        bag = self.space.path("good.zbag", "below", "a.zbag")
        self.assert_refused(("record", "-o", bag, "--with-broker", *PORTS), FAILED,
                            self.space.path("good.zbag") + " exists and is no folder")

    def test_a_folder_that_may_not_be_written_is_named_with_the_reason(self):
        folder = self.space.path("locked")
        os.mkdir(folder, mode=0o500)
        if os.access(folder, os.W_OK):
            os.rmdir(folder)
            folder = "/proc/self"  # where nobody makes any, root neither
        for words in (("-o", os.path.join(folder, "below", "a.zbag")),
                      ("--base-directory", os.path.join(folder, "below"))):
            done = self.assert_refused(("record", "--with-broker", *words, *PORTS), FAILED,
                                       folder)
            self.assertNotIn("a.zbag", done.stderr)
        name = "x" * 300
        self.assert_refused(("record", "--with-broker", "--base-directory", name, *PORTS), FAILED,
                            "File name too long")

    def test_what_can_be_no_bag_is_told_what_it_is(self):
        folder = self.space.path("runs")
        os.mkdir(folder)
        for out, code, word in (("", USAGE, "name a file"), ("-", USAGE, "no stream"),
                                (folder, FAILED, "is a folder: name a file in it"),
                                (folder + "2/", FAILED, "is a folder: name a file in it"),
                                ("/dev/full", FAILED, "no file that could be a bag")):
            for more in ((), ("--resume",)):
                with self.subTest(out=out, more=more):
                    done = self.assert_refused(("record", "-o", out, *more, "--with-broker",
                                                *PORTS), code, word)
                    self.assertNotIn("--resume", done.stderr)
        self.assertEqual(os.listdir(folder), [])

    def test_what_resumes_names_one_bag(self):
        for word in ("time", "n"):
            out = self.space.path("day_{%s}.zbag" % word)
            self.assert_refused(("record", "--resume", "-o", out, "--with-broker", *PORTS), USAGE,
                                "write its name")
            self.assertFalse(os.path.exists(out))

    def test_localhost_is_bound_as_this_host(self):
        bus = self.await_ready(self.space.start("broker", "--publish-to", "tcp://localhost:*",
                                                "--subscribe-to", "tcp://localhost:*"))
        self.assertTrue(bus.publish_to.startswith("tcp://127.0.0.1:"))
        self.assertEqual(bus.stop(), DONE)
        self.assert_refused(("broker", "--insecure", "--publish-to", "tcp://no-such-host:9871"),
                            USAGE, "write an address of this host")

    def test_a_port_in_use_is_code_1_and_leaves_no_bag_behind(self):
        bus = self.start_broker()
        bag = self.space.path("second.zbag")
        self.assert_refused(("record", "-o", bag, "--with-broker", *bus.urls), FAILED, "127.0.0.1")
        self.assertFalse(os.path.exists(bag))
        self.assert_refused(("broker", *bus.urls), FAILED, "127.0.0.1")
        self.assertEqual(bus.stop(), DONE)

    def test_an_address_that_is_not_loopback_needs_insecure(self):
        bag = self.space.path("open.zbag")
        urls = ("--publish-to", "tcp://0.0.0.0:*", "--subscribe-to", "tcp://127.0.0.1:*")
        self.assert_refused(("record", "-o", bag, "--with-broker", *urls), USAGE, "--insecure")
        self.assertFalse(os.path.exists(bag))

    def test_a_refused_node_name_leaves_no_bag_behind(self):
        bag = self.space.path("named.zbag")
        self.assert_refused(("record", "-o", bag, "--with-broker", *PORTS, "--name", "a/b"), USAGE,
                            "a/b")
        self.assertFalse(os.path.exists(bag))

    def test_a_node_name_in_use_is_code_1_and_leaves_no_bag_behind(self):
        recorder = self.start_recorder(self.space.path("first.zbag"), "--name", "one")
        bag = self.space.path("second.zbag")
        self.assert_refused(("record", "-o", bag, "--with-broker", *PORTS, "--name", "one"), FAILED,
                            "one")
        self.assertFalse(os.path.exists(bag))
        self.assertEqual(recorder.stop(), DONE)


class FullDiskTest(BadInputTest):
    """A recording that fills its disk, on a small tmpfs."""

    def setUp(self):
        super().setUp()
        self.disk = self.small_disk("24m")

    def test_a_full_disk_stops_the_recorder_with_everything_it_counts_in_the_bag(self):
        bag = os.path.join(self.disk, "run.zbag")
        recorder = self.await_ready(self.space.start(
            "record", "--with-broker", "-o", bag, "--min-free", "0", "--buffer-mb", "4",
            "--on-overflow", "block", *PORTS))
        sensor = self.publisher(recorder).wait_for_subscriber()
        sent = 0
        while recorder.is_running and sent < 200_000:
            sensor.send("cam", {"_ts": 1000.0 + sent / 1000, "n": sent, "data": os.urandom(2000)})
            sent += 1
            if sent % 200 == 0:
                self.give_time(recorder)
        self.assertLess(sent, 200_000, "the disk does not fill")
        self.assertEqual(recorder.wait(), LOSSY, recorder.stderr)
        self.assertRegex(recorder.lines[-1], r"^zbag record: .*(disk|space)")
        summary = re.search(r"received ([\d,]+) = points ([\d,]+)", recorder.stderr)
        counted = int(summary.group(2).replace(",", ""))
        self.run_ok("check", bag)
        numbers = [fields["n"] for _, fields in self.points(bag)]
        self.assertEqual(len(numbers), counted)
        # What met the full disk is dropped and counted; what came behind it may have found room.
        self.assertEqual(numbers, sorted(set(numbers)))
        dropped = re.search(r"dropped ([\d,]+)", recorder.stderr)
        self.assertLessEqual(numbers[-1] + 1 - counted,
                             int(dropped.group(1).replace(",", "")) if dropped else 0)
        self.assert_equation(self.info(bag))

    @staticmethod
    def give_time(recorder):
        """Not faster than the recorder reads, or all is in the sockets when the disk fills."""
        try:
            recorder.popen.wait(0.01)
        except subprocess.TimeoutExpired:
            pass

    def test_a_copy_needs_no_more_room_than_the_bag(self):
        source = self.space.path("in.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for i in range(15_000):
                file.write(json.dumps({"track": "a", "_ts": i, "fields": {"x_hex": os.urandom(1000).hex()}}))
                file.write("\n")
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag)
        self.assertGreater(2 * os.path.getsize(bag), 24 << 20)
        copy = os.path.join(self.disk, "copy.zbag")
        self.run_ok("cut", bag, "-o", copy)
        self.run_ok("check", copy)
        done = self.space.run("cut", bag, "-o", os.path.join(self.disk, "second.zbag"))
        self.assertEqual(done.returncode, FAILED)
        self.assert_one_line(done.stderr, "second.zbag: ", "No space left")
        self.assertNotIn("making", done.stderr)
        self.assertEqual(os.listdir(self.disk), ["copy.zbag"])

    def test_less_free_than_asked_for_is_said_at_once_and_leaves_no_bag(self):
        bag = os.path.join(self.disk, "run.zbag")
        done = self.space.run("record", "-o", bag, "--with-broker", *PORTS, "--min-free", "1000")
        self.assertNotEqual(done.returncode, DONE)
        self.assert_one_line(done.stderr, bag, "--min-free")
        self.assertFalse(os.path.exists(bag))


def nested(depth):
    """A frame whose field x is that many maps deep."""
    return b"\x81\xa1x" * depth + b"\x01"


# What no rule of wire.md allows, and the reason it is counted under.
BAD_FRAMES = {
    "not a map": (msgpack.packb([1, 2]), "not_a_map"),
    "an integer": (b"\x07", "not_a_map"),
    "NaN _ts": (msgpack.packb({"_ts": float("nan")}), "bad_timestamp"),
    "infinite _ts": (msgpack.packb({"_ts": float("inf")}), "bad_timestamp"),
    "string _ts": (msgpack.packb({"_ts": "1.0"}), "bad_timestamp"),
    "bool _ts": (msgpack.packb({"_ts": True}), "bad_timestamp"),
    "nil _ts": (msgpack.packb({"_ts": None}), "bad_timestamp"),
    "_ts of the year 3000": (msgpack.packb({"_ts": 3.3e10}), "bad_timestamp"),
    "1 GiB by its header, bin": (b"\x81\xa1x\xc6" + struct.pack(">I", 1 << 30), "truncated"),
    "1 GiB by its header, map": (b"\xdf" + struct.pack(">I", 1 << 30), "truncated"),
    "1 GiB by its header, array": (b"\x81\xa1x\xdd" + struct.pack(">I", 1 << 30), "truncated"),
    "depth 40": (nested(40), "too_deep"),
    "depth 100000": (nested(100_000), "too_deep"),
    "duplicate keys": (b"\x82\xa1x\x01\xa1x\x02", "duplicate_key"),
    "trailing bytes": (msgpack.packb({"x": 1}) + b"\x00", "trailing_bytes"),
    "int keys": (b"\x81\x01\x02", "bad_key"),
    "int keys further down": (b"\x81\xa1x\x81\x01\x02", "bad_key"),
    "cut off": (msgpack.packb({"x": "hello"})[:-2], "truncated"),
    "empty": (b"", "truncated"),
    "nothing to inherit": (msgpack.packb({"_ts": -1, "x": 1}), "nothing_to_inherit"),
}

BAD_NAMES = {"..": b"..", "up": b"robot/../x", "dot": b"robot/./x", "NUL": b"robot\0x",
             "newline": b"robot\nx", "300 bytes": b"r" * 300, "201 bytes": b"r" * 201,
             "empty": b"", "empty segment": b"robot//x", "slash at the end": b"robot/",
             "not UTF-8": b"robot/\xff"}


class BadFrameTest(BadInputTest):
    """Frames that break a rule are refused and counted, each under its reason; the rest is kept."""

    def record_among_good_frames(self, bad):
        """Sends a good frame around every bad one; gives exit code, counters and what was kept."""
        bag = self.space.path("frames.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for i, (topic, frame, *more) in enumerate(bad):
            sensor.send("good", {"_ts": float(i), "n": i})
            if frame is None:
                sensor.socket.send(topic)
            else:
                sensor.send(topic, frame, *more)
        sensor.send("good", {"_ts": float(len(bad)), "n": len(bad)})
        code = recorder.stop()
        info = self.assert_whole(bag)
        self.assertEqual([fields["n"] for _, fields in self.points(bag, "--track", "good")],
                         list(range(len(bad) + 1)))
        self.assertEqual(info["received"], 2 * len(bad) + 1)
        return code, info, recorder

    def test_every_bad_frame_is_counted_under_its_reason_and_the_recorder_goes_on(self):
        bad = [(f"bad/{i}", frame) for i, (frame, _) in enumerate(BAD_FRAMES.values())]
        code, info, recorder = self.record_among_good_frames(bad)
        self.assertEqual(code, LOSSY, recorder.stderr)
        reasons = collections.Counter(reason for _, reason in BAD_FRAMES.values())
        self.assertEqual(info["refused"], reasons)
        self.assertEqual([track["name"] for track in info["tracks"]], ["good"])

    def test_a_message_of_one_part_is_counted_and_the_recorder_goes_on(self):
        code, info, recorder = self.record_among_good_frames([(b"lonely", None)])
        self.assertEqual(code, LOSSY, recorder.stderr)
        self.assertEqual(info["refused"], {"one_part": 1})

    def test_bad_track_names_are_counted_and_the_recorder_goes_on(self):
        frame = msgpack.packb({"_ts": 5.0, "x": 1})
        bad = [(name, frame) for name in BAD_NAMES.values()]
        code, info, recorder = self.record_among_good_frames(bad)
        self.assertEqual(code, LOSSY, recorder.stderr)
        self.assertEqual(info["refused"], {"bad_name": len(BAD_NAMES)})
        self.assertEqual([track["name"] for track in info["tracks"]], ["good"])

    def test_a_refusal_is_said_once_a_track_and_reason(self):
        bad = [("bad", b"\xc0")] * 50
        code, info, recorder = self.record_among_good_frames(bad)
        self.assertEqual(code, LOSSY)
        self.assertEqual(info["refused"], {"not_a_map": 50})
        warnings = [line for line in recorder.lines if "not_a_map" in line and "warning" in line]
        self.assertEqual(len(warnings), 1, recorder.stderr)

    def test_two_reasons_on_one_track_are_both_said(self):
        """wire.md: logged once per track and reason."""
        _, _, recorder = self.record_among_good_frames([("bad", b"\xc0"),
                                                        ("bad", msgpack.packb({"_ts": "x"}))])
        for reason in ("not_a_map", "bad_timestamp"):
            warnings = [line for line in recorder.lines if reason in line and "warning" in line]
            self.assertEqual(len(warnings), 1, f"{reason}: {recorder.stderr}")

    def test_timestamps_require_refuses_frames_without_one(self):
        bag = self.space.path("strict.zbag")
        recorder = self.start_recorder(bag, "--timestamps", "require")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("a", {"x": 1})
        sensor.send("a", {"_ts": 5.0, "x": 2})
        self.assertEqual(recorder.stop(), LOSSY)
        self.assertEqual(self.assert_whole(bag)["refused"], {"no_timestamp": 1})

    def test_a_tap_on_bad_frames_shows_the_good_ones_and_says_so(self):
        recorder = self.start_recorder(self.space.path("tapped.zbag"))
        tap = self.space.start("tap", "**", "_sys/**", *recorder.urls)
        self.await_tap(recorder, lambda: tap.out_lines)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for i, (frame, _) in enumerate(BAD_FRAMES.values()):
            sensor.send(f"bad/{i}", frame)
        sensor.send("good", {"_ts": 1.0, "x": 1})
        tap.wait_for_line('"good"', tap.out_lines)
        self.assertEqual(tap.stop(), LOSSY)
        self.assertEqual(recorder.stop(), LOSSY)


    def test_a_tap_says_what_it_refuses_at_once_once_a_track_and_reason(self):
        bus = self.start_broker()
        tap = self.space.start("tap", "bad/stamp", "-n", "1", *bus.urls)
        sensor = self.publisher(bus).wait_for_subscriber(b"bad/stamp")
        for _ in range(3):
            sensor.send("bad/stamp", {"_ts": "noon"})
        tap.wait_for_line("bad/stamp.*bad_timestamp|bad_timestamp.*bad/stamp")
        sensor.send("bad/stamp", {"_ts": 1.0, "n": 1})
        self.assertEqual(tap.wait(), LOSSY, tap.stderr)
        self.assertEqual(len(re.findall("bad_timestamp", tap.stderr)), 1, tap.stderr)
        self.assertIn("did not show 3 malformed frames", tap.stderr)
        self.assertEqual(bus.stop(), DONE)


class NoBrokerTest(BadInputTest):
    """A broker that is not there."""

    URLS = ("--publish-to", "tcp://127.0.0.1:1", "--subscribe-to", "tcp://127.0.0.1:1")

    def test_record_waits_for_a_broker_says_so_and_stops_cleanly(self):
        bag = self.space.path("waiting.zbag")
        recorder = self.space.start("record", "-o", bag, "--min-free", "10", *self.URLS)
        recorder.wait_for_line("warning: waiting for a broker at .*127.0.0.1:1")
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertNotIn("\nready ", recorder.stderr)
        self.run_ok("check", bag)
        self.assertEqual(self.info(bag)["received"], 0)

    def test_play_and_pub_say_that_nobody_listens_and_stop_on_a_second_signal(self):
        bag = self.make_bag(points=20)
        for arguments in (("play", bag), ("pub", bag + ".jsonl")):
            with self.subTest(verb=arguments[0]):
                sender = self.space.start(*arguments, "--burst", "--wait", "0.2", *self.URLS)
                sender.wait_for_line("nobody listens")
                sender.send_signal(signal.SIGINT)
                harness.wait_until(lambda: not sender.is_running
                                   or sender.send_signal(signal.SIGINT), "the sender to give up")
                self.assertIn(sender.wait(), (DONE, LOSSY), sender.stderr)

    def test_who_listens_says_that_nothing_comes(self):
        for arguments in (("tap",), ("topics", "--duration", "0.1")):
            with self.subTest(verb=arguments[0]):
                listener = self.space.start(*arguments, "--publish-to", "tcp://127.0.0.1:2",
                                            "--subscribe-to", "tcp://127.0.0.1:1")
                listener.wait_for_line("nothing from tcp://127.0.0.1:1 yet; .*publishing to "
                                       "tcp://127.0.0.1:2")
                self.assertEqual(listener.stop(), DONE)

    def test_ctl_of_a_node_that_does_not_run_is_code_1(self):
        self.assert_refused(("ctl", "record", "status"), FAILED, "record")


class SettingsTest(BadInputTest):
    """Wrong options on the command line, in YAML and in the environment."""

    def record_with(self, *options):
        bag = self.space.path("never.zbag")
        return ("record", "-o", bag, "--with-broker", *PORTS, "--duration", "0.1", *options)

    def assert_usage(self, arguments, *words):
        self.assert_refused(arguments, USAGE, *words)
        self.assertFalse(os.path.exists(self.space.path("never.zbag")))

    def test_a_typo_in_a_config_file_names_file_line_and_path(self):
        path = self.write("c.yaml", "record:\n  sync: 50\n  bufer-mb: 5\n")
        self.assert_usage(self.record_with("--config", path), f"{path}:3", "record.bufer-mb",
                          "buffer-mb")

    def test_an_unknown_verb_in_a_config_file_names_file_and_line(self):
        path = self.write("c.yaml", "# settings\nrecrd:\n  sync: 50\n")
        self.assert_usage(self.record_with("--config", path), f"{path}:2", "recrd")

    def test_broken_yaml_names_file_and_line(self):
        path = self.write("c.yaml", "record:\n  sync: [1, 2\n  merge: x: y\n")
        self.assert_usage(self.record_with("--config", path), f"{path}:")

    def test_a_bad_value_in_a_config_file_names_file_and_line(self):
        path = self.write("c.yaml", "record:\n  sync: 50\n  merge: sideways\n")
        self.assert_usage(self.record_with("--config", path), "sideways", f"{path}:3")

    def test_a_value_of_the_wrong_type_in_a_config_file_names_file_and_line(self):
        path = self.write("c.yaml", "record:\n  buffer-mb: many\n")
        self.assert_usage(self.record_with("--config", path), "many", f"{path}:2")

    def test_a_missing_config_file_is_code_1(self):
        self.assert_refused(self.record_with("--config", "/nowhere.yaml"), FAILED, "/nowhere.yaml")

    def test_a_config_file_without_a_value_is_wrong_usage(self):
        self.assert_usage((*self.record_with(), "--config"), "--config")

    def test_a_bad_set_names_the_option(self):
        self.assert_usage(self.record_with("--set", "record.bufer-mb=5"), "bufer-mb", "buffer-mb")
        self.assert_usage(self.record_with("--set", "nonsense"), "nonsense")

    def test_a_bad_value_in_the_environment_names_the_variable(self):
        self.space.env["ZBAG_MERGE"] = "sideways"
        self.assert_usage(self.record_with(), "sideways", "ZBAG_MERGE")

    def test_the_command_line_beats_the_environment_which_beats_yaml(self):
        path = self.write("c.yaml", "record:\n  merge: deep\n  late-merge: reject\n  sync: 70\n")
        self.space.env["ZBAG_MERGE"] = "shallow"
        self.space.env["ZBAG_LATE_MERGE"] = "append"
        bag = self.space.path("layers.zbag")
        self.run_ok("record", "-o", bag, "--with-broker", *PORTS, "--duration", "0.1", "--min-free",
                    "10", "--config", path, "--merge", "append")
        config = self.info(bag)["runs"][0]["config"]
        self.assertEqual((config["merge"], config["late_merge"], config["sync"]),
                         (["append"], "append", "70"))

    def test_an_unknown_option_or_verb_is_code_2(self):
        self.assert_usage(self.record_with("--bogus"), "--bogus")
        self.assert_refused(("recrd",), USAGE, "recrd")
        self.assert_refused((), USAGE)

    def test_what_stands_behind_two_dashes_is_told_as_one_argument_too_many(self):
        self.assert_refused(("play", "day.zbag", "--", "--wait", "0"), USAGE,
                            "leave the -- out")

    def test_options_of_cli_md_that_are_not_there_yet_are_code_2_and_not_ignored(self):
        for option in (("--snapshot", "5"), ("--fallback", "a"), ("--backend", "lmdb"),
                       ("--pre-buffer", "1"), ("--rate-limit", "a=5")):
            with self.subTest(option=option[0]):
                self.assert_usage(self.record_with(*option), option[0])

    def test_every_option_of_record_refuses_bad_values_and_leaves_no_bag(self):
        bad = {"--sync": ("0", "-5", "x", "1e9", "nan"),
               "--buffer-mb": ("0", "-1", "nan", "inf", "1e30", "x"),
               "--max-size": ("0.5", "-1", "nan", "inf", "1e30", "x"),
               "--max-duration": ("-1", "nan", "1e30", "x"),
               "--max-files": ("-1", "1.5", "x"), "--max-items": ("0", "-1", "1.5", "1e10", "x"),
               "--buffer-points": ("0", "-3", "x", "1.5"),
               "--flush-interval": ("-1", "nan", "inf", "x"),
               "--min-free": ("-5", "nan", "inf", "x"),
               "--compression": ("gzip", "zstd:0", "zstd:99", "zstd:", "zstd:3x", "LZ4x"),
               "--timestamps": ("never",), "--merge": ("sideways",), "--late-merge": ("x",),
               "--on-overflow": ("x",), "--metadata": ("foo", "=x"),
               "--duration": ("-1", "nan", "x"),
               "--track": ("a//b", "//a", "a**b", ".."), "--exclude": ("a//b", "..")}
        for option, values in bad.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.refuse_value(option, value)

    def test_a_bad_log_level_is_refused_for_its_value(self):
        self.assert_usage(self.record_with("--log-level", "loud"), "--log-level", "loud", "error",
                          "warning", "info")
        bag = self.space.path("levels.zbag")
        self.run_ok("record", "-o", bag, "--with-broker", *PORTS, "--duration", "0.1", "--min-free",
                    "10", "--log-level", "warning")

    def refuse_value(self, option, value):
        bag = self.space.path("never.zbag")
        arguments = ["record", "-o", bag, "--with-broker", *PORTS, f"{option}={value}"]
        if option != "--duration":
            arguments += ["--duration", "0.1"]
        try:
            done = self.space.run(*arguments, deadline=5 if option == "--duration" else 60)
        except subprocess.TimeoutExpired:
            self.fail(f"{option}={value} is taken and runs")
        finally:
            was_made = os.path.exists(bag)
            for name in (bag, bag + "-lock"):
                if os.path.exists(name):
                    os.remove(name)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn(value if option in ("--track", "--exclude") else option,
                      self.assert_one_line(done.stderr))
        self.assertFalse(was_made)

    def test_other_verbs_refuse_bad_values_too(self):
        bag = self.make_bag(points=10)
        for arguments in (("play", bag, "--rate", "0"), ("play", bag, "--rate", "nan"),
                          ("play", bag, "--rate", "-1"), ("play", bag, "--remap", "a"),
                          ("play", bag, "--start", "yesterday"), ("play", bag, "--wait", "nan"),
                          ("play", bag, "--prefix", "../x"), ("play", bag, "--duration", "-1"),
                          ("pub", bag + ".jsonl", "--rate", "0"), ("pub", bag + ".jsonl", "--rate",
                          "nan"), ("pub", bag + ".jsonl", "--wait", "nan"),
                          ("cat", bag, "--format", "xml"), ("cat", bag, "--start-index", "1"),
                          ("cat", bag, "--start", "+"), ("tap", "--format", "xml"),
                          ("tap", "--timeout", "nan"),
                          ("export", bag, "-o", "x", "--format", "xml"),
                          ("import", bag + ".jsonl", "-o", "y.zbag", "--merge", "x")):
            with self.subTest(arguments=" ".join(arguments)):
                more = ("--publish-to", "tcp://127.0.0.1:1", "--subscribe-to", "tcp://127.0.0.1:1")
                on_bus = arguments[0] in ("play", "pub", "tap")
                try:
                    done = self.space.run(*arguments, *(more if on_bus else ()), deadline=8)
                except subprocess.TimeoutExpired:
                    self.fail("is taken and runs")
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assert_one_line(done.stderr)


class ClosedPipeTest(BadInputTest):
    """A reader that has seen enough: no hang, no noise, no failure."""

    def read_one_line(self, *arguments):
        """`zbag ... | head -1`."""
        process = subprocess.Popen([harness.binary(), *arguments], env=self.space.env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        process.stdout.close()
        code = process.wait(harness.DEADLINE)
        noise = process.stderr.read().decode()
        process.stderr.close()
        return line, code, noise

    def test_a_closed_pipe_behind_cat_and_export_is_quiet(self):
        bag = self.make_bag(points=50_000)
        for arguments in (("cat", bag), ("cat", bag, "--track", "robot/0", "--start-index", "0"),
                          ("export", bag, "--format", "jsonl", "-o", "-"),
                          ("export", bag, "--format", "json", "-o", "-")):
            with self.subTest(arguments=arguments[:1] + arguments[2:]):
                line, code, noise = self.read_one_line(*arguments)
                self.assertGreater(len(line), 0)
                self.assertEqual((code, noise), (DONE, ""))

    def test_a_full_disk_behind_cat_and_export_is_said(self):
        """/dev/full takes nothing: that must not look like success, nor like a loss."""
        bag = self.make_bag(points=5_000)
        for arguments in (("cat", bag), ("export", bag, "--format", "jsonl", "-o", "-")):
            with self.subTest(verb=arguments[0]), open("/dev/full", "wb") as full:
                done = subprocess.run([harness.binary(), *arguments], env=self.space.env,
                                      stdout=full, stderr=subprocess.PIPE,
                                      timeout=harness.DEADLINE, check=False)
                self.assertEqual(done.returncode, FAILED)
                self.assert_one_line(done.stderr.decode(), "stdout: No space left")

    def test_cat_and_export_that_are_stopped_say_after_how_many_points(self):
        """A part that looks whole is none: the lines that came are whole and counted."""
        bag = self.make_bag(points=50_000)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for arguments in (("cat", bag), ("cat", bag, "--track", "robot/0", "--start-index", "0"),
                              ("export", bag, "--format", "jsonl", "-o", "-")):
                with self.subTest(signal=number.name, arguments=arguments[:1] + arguments[2:]):
                    process = subprocess.Popen([harness.binary(), *arguments], env=self.space.env,
                                               bufsize=0, stdout=subprocess.PIPE,
                                               stderr=subprocess.PIPE)
                    self.addCleanup(process.kill)
                    first = process.stdout.readline()
                    # There is more than the pipe takes: it is full by now, or will be.
                    process.send_signal(number)
                    out, err = process.communicate(timeout=harness.DEADLINE)
                    self.assertEqual(process.returncode, FAILED, err)
                    line = self.assert_one_line(err.decode(), "stopped after")
                    count = int(re.search(r"after ([\d,]+) points?$", line)[1].replace(",", ""))
                    self.assertEqual(len([json.loads(line) for line in (first + out).splitlines()]),
                                     count)
                    self.assertLess(count, 25_000)


if __name__ == "__main__":
    harness.main()
