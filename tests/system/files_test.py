"""Files of others, and files that others take away: nothing is written where it should not be, nothing
half is left under its name, and what cannot be read is named once.

Proves wire.md (names, runtime directory) and cli.md (import, export, cat) for hostile and unlucky files.
"""

import json
import os
import signal
import subprocess

import lmdb
import msgpack
import xxhash

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE


def line_of(track, stamp, **fields):
    return json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"


def seal(table, key, value):
    """A record with the checksum it has in a bag (FORMAT.md, Checksums)."""
    found = 0
    for part in (table, key, value):
        found = xxhash.xxh3_64_intdigest(part, seed=found)
    return value + found.to_bytes(8, "little")


class FilesTest(harness.SystemTest):
    """What the classes below share."""

    def make_bag(self, points=2000):
        source = self.write("source.jsonl", "".join(
            line_of(f"robot/{i % 2}", 1000.0 + i / 100, n=i, text="x" * 50) for i in range(points)))
        bag = self.space.path("good.zbag")
        self.run_ok("import", source, "-o", bag, "--quiet")
        return bag

    def rename_track(self, bag, old, new):
        """What a stranger may do to a bag of his own: checksums are right."""
        with lmdb.open(bag, subdir=False, max_dbs=16, map_size=1 << 28) as env:
            with env.begin(write=True) as write:
                tracks = env.open_db(b"tracks", txn=write, create=False)
                record = write.get(old, db=tracks)[:-8]
                write.delete(old, db=tracks)
                write.put(new, seal(b"tracks", new, record), db=tracks)

    def limited(self, *arguments, **limits):
        """Runs zbag under limits of prlimit."""
        options = [f"--{name}={value}" for name, value in limits.items()]
        return subprocess.run(["prlimit", *options, harness.binary(), *map(str, arguments)],
                              env=self.space.env, cwd=self.space.folder, capture_output=True,
                              check=False)


class ExportTest(FilesTest):

    def test_a_track_that_is_called_as_a_path_out_of_the_folder_leads_nowhere(self):
        bag = self.make_bag()
        self.rename_track(bag, b"robot/1", b"../../evil")
        for layout in ("rows", "neutral"):
            out = self.space.path("deep", layout)
            done = self.run_ok("export", bag, "-o", out, "--format", "jsonl", "--layout", layout,
                               code=DAMAGED)
            self.assertIn("../../evil", done.stderr)
        self.assertEqual(sorted(os.listdir(self.space.path("deep"))), ["neutral", "rows"])
        self.assertFalse(os.path.exists(self.space.path("evil.jsonl")))
        done = self.run_ok("check", bag, code=DAMAGED)
        self.assertIn("'.' or '..' segment", done.stderr)

    def files_below(self, folder):
        return [name for _, _, names in os.walk(folder) for name in names]

    def test_a_killed_export_leaves_nothing_under_its_name(self):
        bag = self.make_bag(100_000)
        for out in ("one/out.jsonl", "rows"):
            with self.subTest(out=out):
                path, folder = self.space.path(out), self.space.path(out.split("/")[0])
                export = self.space.start("export", bag, "-o", path, "--format", "jsonl")
                harness.wait_until(lambda: self.files_below(folder), "the export to begin")
                export.kill()
                self.assertEqual(export.popen.returncode, -signal.SIGKILL)
                self.assertTrue(all(".making-" in name for name in self.files_below(folder)))
                self.run_ok("export", bag, "-o", path, "--format", "jsonl")
                self.assertFalse(any(".making-" in name for name in self.files_below(folder)))

    def test_a_file_that_may_not_grow_is_said_and_leaves_nothing(self):
        """ulimit -f: the signal that comes with it ends nothing."""
        bag = self.make_bag(20_000)
        made = self.space.path("made")
        os.mkdir(made)
        for words in (("export", bag, "--format", "jsonl"), ("cut", bag), ("merge", bag),
                      ("recover", bag)):
            with self.subTest(verb=words[0]):
                done = self.limited(*words, "-o", f"{made}/x.jsonl", fsize=100_000)
                self.assertEqual(done.returncode, FAILED, done.stderr)
                self.assert_one_line(done.stderr.decode(), f"{made}/x.jsonl: ", "File too large")
                self.assertEqual(os.listdir(made), [])


class ImportTest(FilesTest):

    def imported(self, *files, code=DONE, **more):
        bag = self.space.path(f"bag{len(os.listdir(self.space.folder))}.zbag")
        done = self.space.run("import", *files, "-o", bag, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        return bag, done

    # What every dialect can say: the words of JSON, and zbag's for those it has none for.
    NASTY = {
        "nan": "null", "up": '"inf"', "down": '"-inf"', "zero": "-0.0", "tiny": "5e-324",
        "huge": "1.7976931348623157e308", "third": "0.1", "one": "1.0", "least": str(-2**63),
        "most": str(2**64 - 1), "beyond": str(2**53 + 1), "yes": "true", "no": "false",
        "empty": '""', "text": json.dumps("\0\n\t\"\\/\u2028\u00fc\U0001f600 NaN Infinity ]}{["),
        "list": '[1,1.0,null,"inf",[],[[2]]]', "none": "[]", "ext": '{"$ext":-5,"$bin":"AAH/"}',
        "\u00fc \"\\": "1", "track": "2", "timestamp": "3", "track_": "4", "timestamp_": "5",
        "fields": "6", "entries": "7", "$$nil": "8", "x_hexed": "9"}
    # Rows have none for maps, and JSON for people none for nil, bytes and some texts.
    MAPS = {"map": '{"a":{"b":1},"_ts":2}', "hollow": "{}"}
    NEUTRAL_ONLY = {"nil": '{"$nil":true}', "bin_hex": '"00ff"', "word": '{"$str":"inf"}',
                    "deep": '[{"$bin":"AP8="},{"$nil":true}]'}
    STAMPS = ("-1.5", "0", "1", "1795216430.123456", "1795216430.123457", "4102444800")

    def nasty_bag(self, *sets):
        """A bag of three tracks, and what its neutral export says."""
        fields = ",".join(f"{json.dumps(name)}:{text}" for one in sets for name, text in one.items())
        source = self.write(f"source{len(os.listdir(self.space.folder))}.jsonl", "".join(
            f'{{"track":"{track}","_ts":{stamp},"fields":{{{fields},"stamp":{stamp}}}}}\n'
            for stamp in self.STAMPS for track in ("a", "b/c.json", "b/\u00fc")))
        bag, _ = self.imported(source)
        said = self.neutral(bag)
        self.assertEqual(len(said), len(self.STAMPS) * 3)
        told = json.loads(said[0])["fields"]
        del told["stamp"]
        self.assertEqual(repr(told), repr(json.loads(f"{{{fields}}}")))
        return bag, said

    def neutral(self, bag):
        done = self.run_ok("export", bag, "-o", "-", "--format", "jsonl", "--layout", "neutral")
        return sorted(done.stdout.decode().strip("\n").split("\n"))

    def written(self, bag, name, verb, *options):
        path = self.space.path(name)
        if verb == "export":
            self.run_ok("export", bag, "-o", path, *options)
        else:
            with open(path, "wb") as file:
                file.write(self.run_ok(verb, bag, *options).stdout)
        return path

    def test_every_dialect_that_zbag_writes_is_read(self):
        """Value for value, by what a neutral export says of the bag that was made of it."""
        rows = self.nasty_bag(self.NASTY)
        lines = self.nasty_bag(self.NASTY, self.MAPS)
        whole = self.nasty_bag(self.NASTY, self.MAPS, self.NEUTRAL_ONLY)
        for (bag, said), name, *command in (
                (whole, "n.jsonl", "export", "--format", "jsonl"),
                (whole, "n", "export", "--format", "jsonl", "--layout", "neutral"),
                (lines, "c.jsonl", "cat"), (lines, "c_all.jsonl", "cat", "--all"),
                (lines, "c_human.jsonl", "cat", "--human"),
                (rows, "rows", "export", "--format", "jsonl"),
                (rows, "documents", "export", "--format", "json"),
                (rows, "tracks.json", "export", "--format", "json")):
            path = self.written(bag, name, *command)
            with self.subTest(name=name):
                again, _ = self.imported(path)
                self.assertEqual(self.neutral(again), said)
            if os.path.isfile(path):
                with self.subTest(name=name, stdin=True), open(path, "rb") as file:
                    again, _ = self.imported("-", stdin=file)
                    self.assertEqual(self.neutral(again), said)

    def test_what_rows_rename_comes_back_of_what_names_tracks_and_keeps_maps(self):
        fields = {"a": {"b": 2}, "a.b": 1, "timestamp": {"x": 3}}
        bag, _ = self.imported(self.write("in.jsonl", "".join(
            line_of(track, 1.0, **fields) for track in ("a", "a_", "a.jsonl/b", "a.json/b"))))
        rows = self.written(bag, "rows", "export", "--format", "jsonl")
        self.assertTrue(os.path.exists(os.path.join(rows, "a__.jsonl")))
        for name, *command in (("n.jsonl", "export", "--format", "jsonl"), ("c.jsonl", "cat")):
            with self.subTest(name=name):
                again, _ = self.imported(self.written(bag, name, *command))
                self.assertEqual(self.neutral(again), self.neutral(bag))
        again, _ = self.imported(self.written(bag, "d.json", "export", "--format", "json"))
        self.assertEqual([track["name"] for track in self.info(again)["tracks"]],
                         [track["name"] for track in self.info(bag)["tracks"]])

    def test_a_document_of_one_track_is_of_the_track_it_is_named_after(self):
        bag, _ = self.imported(self.write("in.jsonl", line_of("a", 1.0, n=1) + line_of("a", 2.0)))
        again, _ = self.imported(self.written(bag, "a.json", "export", "--format", "json"))
        self.assertEqual(self.neutral(again), self.neutral(bag))

    def test_a_document_that_is_cut_off_is_damaged(self):
        path = self.written(self.make_bag(100), "a.json", "export", "--format", "json")
        os.truncate(path, os.path.getsize(path) - 30)
        bag, done = self.imported(path, code=DAMAGED)
        self.assertIn("ends within its rows; of 99 frames that came 99 went into", done.stderr)
        self.assertEqual(len(self.points(bag)), 99)

    def test_what_is_no_row_of_a_document_is_not_passed_over(self):
        row = '{"timestamp":1.0,"n":1}'
        for text in (f'{{"entries":[{row},5]}}', f'{{"entries":[{row},"x"]}}',
                     f'{{"tracks":{{"a":{{"entries":[{row} null]}}}}}}', f'{{"entries":[{row}]}} more'):
            with self.subTest(text=text):
                _, done = self.imported(self.write("a.json", text), code=DAMAGED)
                self.assertIn("no row of export", done.stderr)

    def test_a_folder_without_files_of_export_is_named(self):
        os.mkdir(self.space.path("out"))
        self.write("out/about.json", '{"by":"somebody"}')
        _, done = self.imported(self.space.path("out"), code=FAILED)
        self.assert_one_line(done.stderr, "out", "a folder without recordings in it")

    def test_what_can_not_be_looked_into_is_not_left_out(self):
        folder = self.written(self.make_bag(10), "out", "export", "--format", "json")
        for name in (folder, f"{folder}/robot", f"{folder}/robot/1.json"):
            with self.subTest(name=name):
                mode = os.stat(name).st_mode
                os.chmod(name, 0)
                bag, done = self.imported(folder, code=FAILED, behind=harness.without_privilege())
                os.chmod(name, mode)
                self.assert_one_line(done.stderr, name, "Permission denied")
                self.assertFalse(os.path.exists(bag))

    def test_other_json_in_a_folder_is_left_alone(self):
        folder = self.written(self.make_bag(10), "out", "export", "--format", "json")
        self.write("out/about.json", '{"by":"somebody"}')
        bag, _ = self.imported(folder)
        self.assertEqual(len(self.points(bag)), 10)

    def test_it_reads_what_is_piped_in(self):
        source = self.write("in.jsonl", "".join(line_of("a", float(i), n=i) for i in range(50)))
        with open(source, "rb") as file:
            bag, _ = self.imported("-", stdin=file)
        self.assertEqual([fields["n"] for _, fields in self.points(bag)], list(range(50)))

    def test_names_that_are_no_utf8_come_back(self):
        keys = [b"\xff", b"n" * 90 + b"\xfe", b"n" * 90 + b"\xfd", b"$nil", b"$hex:00", b"track_"]
        recorded = self.space.path("r.zbag")
        recorder = self.start_recorder(recorded)
        sensor = self.publisher(recorder).wait_for_subscriber()
        frame = b"\x87" + msgpack.packb("_ts") + msgpack.packb(1.0)
        for at, key in enumerate(keys):
            frame += msgpack.packb(key, use_bin_type=False) + msgpack.packb(at)
        sensor.socket.send_multipart([b"a", frame])
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        raw = self.run_ok("cat", recorded, "--format", "raw").stdout
        neutral, lines = self.space.path("n.jsonl"), self.space.path("c.jsonl")
        self.run_ok("export", recorded, "-o", neutral, "--format", "jsonl")
        with open(lines, "wb") as file:
            file.write(self.run_ok("cat", recorded).stdout)
        for source in (neutral, lines):
            again, _ = self.imported(source)
            self.assertEqual(self.run_ok("cat", again, "--format", "raw").stdout, raw)

    def test_a_file_of_another_kind_is_named_once_and_makes_no_bag(self):
        for begin, name in ((b"PK\x03\x04", "a zip archive"), (b"\x7fELF", "a program"),
                            (b"%PDF", "a PDF"), (b"\x1f\x8b\x08", "gzip")):
            with self.subTest(name=name):
                path = self.space.path("other.bin")
                with open(path, "wb") as file:
                    file.write(begin + os.urandom(100_000))
                bag, done = self.imported(path, code=DAMAGED)
                self.assert_one_line(done.stderr, name, path)
                self.assertFalse(os.path.exists(bag))
        bag, done = self.imported(self.make_bag(10), code=DAMAGED)
        self.assert_one_line(done.stderr, "a bag of zbag")

    def test_an_import_that_took_nothing_leaves_no_bag(self):
        for text in ("", "{}\n" * 50):
            bag, done = self.imported(self.write("in.jsonl", text), code=LOSSY)
            self.assertIn("nothing to import", done.stderr)
            self.assertLess(len(done.stderr.splitlines()), 25)
            self.assertFalse(os.path.exists(bag))
            self.assertFalse(os.path.exists(bag + "-lock"))

    def test_it_compresses_as_it_is_told(self):
        source = self.write("in.jsonl", "".join(
            line_of("a", float(i), text="the same again and again " * 20) for i in range(3000)))
        sizes = {}
        for compression in ("none", "lz4", "zstd:9"):
            bag = self.space.path(f"{compression[:4]}.zbag")
            self.run_ok("import", source, "-o", bag, "--compression", compression, "--quiet")
            sizes[compression] = os.path.getsize(bag)
        self.assertLess(sizes["zstd:9"], sizes["none"] / 3)
        self.run_ok("import", source, "-o", self.space.path("x.zbag"), "--compression", "zip",
                    code=USAGE)

    def test_the_first_frame_of_a_track_has_its_publisher(self):
        """Also where it is the only one: the session's name came behind it."""
        source = self.write("in.jsonl", line_of("a", 1.0, n=1) + line_of("b", 2.0, n=2))
        bag, _ = self.imported(source)
        with lmdb.open(bag, subdir=False, max_dbs=16, readonly=True, lock=False) as env:
            with env.begin() as read, read.cursor(env.open_db(b"losses", txn=read)) as cursor:
                names = [msgpack.unpackb(value[:-8])["publisher"] for _, value in cursor]
        self.assertEqual(names, ["import", "import"])

    def test_where_it_can_not_open_files_it_leaves_no_bag(self):
        source = self.write("in.jsonl", line_of("a", 1.0))
        for handles in range(5, 10):
            with self.subTest(handles=handles):
                bag = self.space.path(f"few{handles}.zbag")
                done = self.limited("import", source, "-o", bag, nofile=handles)
                self.assertEqual(os.path.exists(bag), done.returncode == DONE, done.stderr)

    def test_a_name_that_is_too_long_is_said_by_how_much(self):
        bag = self.make_bag(10)
        for words in (("cut", bag), ("import", self.space.path("source.jsonl"))):
            done = self.run_ok(*words, "-o", self.space.path("x" * 245), code=FAILED)
            self.assertRegex(done.stderr, r"^zbag \w+: create \S+: its name is \d+ bytes too long\n$")
            self.assertNotIn("making", done.stderr)

    def test_where_the_disk_takes_no_more_it_claims_only_what_is_there(self):
        # More than a transaction holds (16 MB), less than the limit; three of them are more.
        frames = 50_000
        source = self.write("in.jsonl", "".join(
            line_of("a", float(i), data=os.urandom(750).hex()) for i in range(frames)))
        bag = self.space.path("full.zbag")
        done = self.limited("import", source, "-o", bag, fsize=28_000_000)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, LOSSY, said)
        info = self.info(bag)
        self.assertLess(info["points"], frames)
        self.assertIn(f"{info['points']:,} went into {bag}", said)


class RecordedBagTest(FilesTest):
    """Somebody takes the bag away while it is recorded."""

    def recorder_of(self, folder=""):
        os.makedirs(self.space.path(folder), exist_ok=True)
        bag = self.space.path(folder, "day.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        self.send(sensor, 0, 1000)
        harness.wait_until(lambda: self.received(1000), "frames")
        self.run_ok("ctl", "record", "flush")
        return bag, recorder, sensor

    def send(self, sensor, first, limit):
        for n in range(first, limit):
            sensor.send("a", {"_ts": 1000.0 + n, "n": n})

    def received(self, frames):
        status = json.loads(self.run_ok("ctl", "record", "status").stdout)
        return status["received"] >= frames

    def assert_rescued(self, recorder, bag, frames):
        self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)
        self.assertEqual([fields["n"] for _, fields in self.points(bag)], list(range(frames)))
        self.assert_whole(bag)

    def test_a_removed_bag_is_copied_and_recorded_on(self):
        bag, recorder, sensor = self.recorder_of()
        os.remove(bag)
        recorder.wait_for_line(r"was removed or replaced .*day\.rescued\.zbag")
        self.send(sensor, 1000, 1500)
        self.assert_rescued(recorder, self.space.path("day.rescued.zbag"), 1500)

    def test_the_nearest_folder_that_exists_takes_it(self):
        bag, recorder, _ = self.recorder_of("runs/today")
        subprocess.run(["rm", "-r", os.path.dirname(bag)], check=True)
        recorder.wait_for_line("was removed or replaced")
        self.assert_rescued(recorder, self.space.path("runs", "day.rescued.zbag"), 1000)

    def test_a_bag_that_is_replaced_is_copied_and_what_replaced_it_stays(self):
        bag, recorder, _ = self.recorder_of()
        os.replace(self.write("other", "mine"), bag)
        recorder.wait_for_line("was removed or replaced")
        self.assert_rescued(recorder, self.space.path("day.rescued.zbag"), 1000)
        with open(bag, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")

    def test_a_bag_that_is_cut_short_ends_it_with_code_4(self):
        for size in (0, 20_000):
            with self.subTest(size=size):
                bag, recorder, sensor = self.recorder_of(f"cut{size}")
                os.truncate(bag, size)
                self.send(sensor, 1000, 3000)
                self.assertEqual(recorder.stop(), DAMAGED, recorder.stderr)
                self.assertIn("cut short", recorder.stderr)
                self.assertIn(bag, recorder.stderr)


    def test_a_bag_that_is_written_over_ends_it_with_code_4(self):
        """It went on among the pages of another, with exit 0, or LMDB ended the process."""
        other, first, sensor = self.recorder_of("other")
        self.send(sensor, 1000, 9000)
        self.assertEqual(first.stop(), DONE)
        with open(other, "rb") as file:
            whole = file.read()
        for number, content in enumerate((whole, bytes(8192))):
            with self.subTest(bytes=len(content)):
                bag, recorder, sensor = self.recorder_of(f"over{number}")
                with open(bag, "r+b") as file:
                    file.write(content)
                self.send(sensor, 1000, 3000)
                self.assertEqual(recorder.stop(), DAMAGED, recorder.stderr)
                said = [line for line in recorder.lines if "written over" in line]
                self.assertEqual(len(said), 1, recorder.stderr)
                self.assertIn(bag, said[0])
                self.assertIn("recover", said[0])
                with open(bag, "rb") as file:
                    self.assertEqual(file.read(len(content)), content)

    def test_a_bus_error_names_the_bag_and_ends_it_with_code_4(self):
        """What LMDB raises when it meets the end of the file before anybody has looked."""
        bag, recorder, _ = self.recorder_of()
        self.assertEqual(recorder.stop(signal.SIGBUS), DAMAGED, recorder.stderr)
        self.assertIn(f"zbag recover {bag} -o NEW", recorder.stderr)
        self.assertEqual(len(self.points(bag)), 1000)


class BlindFolderTest(FilesTest):

    def test_a_folder_that_may_not_be_read_takes_bags_and_exports(self):
        """It can not be synced either: what was made there is no failure."""
        bag = self.make_bag(10)
        folder = self.space.path("blind")
        os.mkdir(folder, 0o300)
        self.addCleanup(os.chmod, folder, 0o700)
        for words in (("cut", bag), ("merge", bag), ("recover", bag),
                      ("import", self.space.path("source.jsonl")),
                      ("export", bag, "--format", "jsonl")):
            with self.subTest(verb=words[0]):
                out = f"{folder}/{words[0]}"
                done = self.space.run(*words, "-o", out, behind=harness.without_privilege())
                self.assertEqual(done.returncode, DONE, done.stderr)
                self.assertTrue(os.path.exists(out))
        done = self.space.run("compact", f"{folder}/merge", behind=harness.without_privilege())
        self.assertEqual(done.returncode, DONE, done.stderr)


class RuntimeDirectoryTest(FilesTest):

    def test_nothing_is_left_in_it_after_a_normal_end(self):
        folder = self.space.env["ZBAG_RUNTIME_DIR"]
        recorder = self.start_recorder(self.space.path("a.zbag"))
        self.assertNotEqual(os.listdir(folder), [])
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(os.listdir(folder), [])

    def test_one_that_others_may_write_to_is_refused(self):
        folder = self.space.env["ZBAG_RUNTIME_DIR"]
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        done = self.run_ok("record", "--with-broker", "-o", self.space.path("a.zbag"),
                           *harness.PORTS, code=USAGE)
        self.assert_one_line(done.stderr, folder, "others may write")

    def test_a_lock_that_can_not_be_made_is_no_name_that_is_taken(self):
        folder = self.space.env["ZBAG_RUNTIME_DIR"]
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.symlink("nowhere", os.path.join(folder, "record.ctl.lock"))
        done = self.run_ok("record", "--with-broker", "-o", self.space.path("a.zbag"),
                           *harness.PORTS, code=FAILED)
        self.assert_one_line(done.stderr, "record.ctl.lock", "symbolic link")
        self.assertNotIn("taken", done.stderr)


if __name__ == "__main__":
    harness.main()
