#!/usr/bin/env python3
"""hdf5: what h5py and h5dump read of it, value for value against cat.

h5py is one of the packages of tests/requirements.txt (python_packages.py), h5dump is Debian's.
"""

import json
import math
import os
import random
import re
import subprocess

import harness
import python_packages
from harness import DONE, FAILED, USAGE

NOTHING = object()


def leaves_of(fields, around=()):
    """The leaves of a point by where they are; an empty map is one."""
    leaves = {}
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            leaves.update(leaves_of(value, around + (name,)))
        else:
            leaves[around + (name,)] = value
    return leaves


def same(value, wanted):
    """Whether they are one number, text, list or what else there is."""
    if isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(value)
    if isinstance(wanted, (list, tuple)):
        return len(value) == len(wanted) and all(map(same, value, wanted))
    return value == wanted


def is_blank(value):
    """What a row has that has nothing."""
    if hasattr(value, "__len__"):
        return all(map(is_blank, value))
    return not value or math.isnan(value)


class Column:
    """A dataset and the rows that it has a value in."""

    def __init__(self, dataset, column):
        self.attributes = dict(column.attrs)
        self.encoding = self.attributes.get("encoding")
        self.valid = dataset[self.attributes["valid"]][:].tolist() if "valid" in self.attributes \
            else [True] * len(column)
        self.rows = list(column[:])
        self.type = column.dtype
        h5py = python_packages.load("h5py")
        self.is_text = h5py.check_string_dtype(self.type) is not None
        self.is_binary = str(h5py.check_vlen_dtype(self.type)) == "uint8"

    def cell(self, row):
        """As a point had it."""
        value = self.rows[row]
        if not self.valid[row]:
            assert is_blank(value), value
            return NOTHING
        if self.encoding == "json":
            return json.loads(value)
        if self.encoding == "text":
            return bytes(value)
        if self.is_text:
            return value.decode()
        return bytes(value) if self.is_binary else value.tolist()


class Track:
    """All rows of a track, over all runs."""

    def __init__(self):
        self.seconds, self.keys, self.runs, self.columns = [], [], [], {}

    def add(self, group, dataset_type):
        self.runs.append(group)
        self.seconds += group["_ts"][:].tolist()
        self.keys += group["_ts_ns"][:].tolist()
        companions = {item.attrs["valid"] for item in group.values() if "valid" in item.attrs}
        for name, item in group.items():
            if not isinstance(item, dataset_type) or name in companions | {"_ts", "_ts_ns"}:
                continue
            path = tuple(json.loads(item.attrs["names"])) if "names" in item.attrs else (name,)
            self.columns.setdefault(path, []).append(Column(group, item))

    def cell(self, path, row):
        for column in self.columns[path]:
            if row < len(column.rows):
                return column.cell(row)
            row -= len(column.rows)
        raise IndexError(row)


class Hdf5Test(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.h5py = python_packages.load("h5py")

    def real_bag(self, name):
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", harness.recording_path(name), "-o", bag, "--merge", "append", "--quiet")
        return bag

    def bag_of(self, points, *more):
        """A bag of (track, fields), `_ts` among the fields, as a sensor sends them."""
        bag = self.space.path("sent.zbag")
        recorder = self.start_recorder(bag, *more)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for track, fields in points:
            sensor.send(track, fields)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        return bag

    def export(self, bag, *more, out="out.h5"):
        """The file, opened, and what was said but for the summary."""
        path = self.space.path(out)
        done = self.run_ok("export", bag, "-o", path, "--format", "hdf5", *more)
        file = self.h5py.File(path, "r")
        self.addCleanup(file.close)
        return file, "".join(done.stderr.splitlines(True)[:-1])

    def tracks(self, file):
        tracks = {}

        def visit(_, item):
            if "track" in item.attrs:
                tracks.setdefault(item.attrs["track"], Track()).add(item, self.h5py.Dataset)
        for run in file.values():
            run.visititems(visit)
        return tracks

    def assert_same(self, file, bag, *choice):
        """Every row of every track holds what the point had, and no row or value is missing."""
        points = {}
        for track, fields in self.points(bag, *choice):
            points.setdefault(track, []).append(fields)
        tracks = self.tracks(file)
        self.assertEqual(sorted(tracks), sorted(points))
        for name, track in tracks.items():
            self.assertEqual(track.seconds, [fields["_ts"] for fields in points[name]], name)
            self.assertEqual(len(track.keys), len(track.seconds))
            self.assertEqual(sum(run.attrs["points"] for run in track.runs), len(track.keys))
            for row, fields in enumerate(points[name]):
                leaves = leaves_of({field: value for field, value in fields.items()
                                    if field not in ("_ts", "_seq", "_src")})
                for path in track.columns:
                    self.assert_cell(track, path, row, leaves.pop(path, NOTHING), name)
                self.assertEqual([path for path, value in leaves.items() if value != {}], [])
        return tracks

    def assert_cell(self, track, path, row, wanted, name):
        where = f"{name} {path} row {row}"
        value = track.cell(path, row)
        if wanted is NOTHING or wanted is None:
            self.assertIs(value, NOTHING, where)
            return
        encoding = track.columns[path][0].encoding
        if encoding == "text" and isinstance(wanted, str):
            wanted = wanted.encode("utf-8", "surrogateescape")
        self.assertIsNot(value, NOTHING, where)
        if encoding == "json":
            wanted = json.loads(json.dumps(wanted, default=lambda _: None))
        self.assertTrue(same(value, wanted), f"{where}: {value!r} is not {wanted!r}")

    def assert_recording(self, name):
        bag = self.real_bag(name)
        file, said = self.export(bag)
        self.assertEqual(said, "")
        return self.assert_same(file, bag), file

    def test_a_turtlebot_comes_out_value_for_value(self):
        """Ratio of S2.66: smaller than its numbers are."""
        tracks, file = self.assert_recording("turtlebot3_sim")
        stored, plain = 0, 0
        for track in tracks.values():
            for dataset in track.runs[0].values():
                if isinstance(dataset, self.h5py.Dataset) and dataset.dtype.kind in "fiub":
                    stored += dataset.id.get_storage_size()
                    plain += dataset.nbytes
        self.assertGreater(plain / stored, 2)
        self.assertGreater(plain / os.path.getsize(file.filename), 1.5)

    def test_pictures_come_out_byte_for_byte(self):
        tracks, _ = self.assert_recording("g1_tiny")
        pictures = [column[0] for track in tracks.values() for column in track.columns.values()
                    if column[0].is_binary]
        self.assertEqual([bytes(picture.rows[0][:3]) for picture in pictures], [b"\xff\xd8\xff"])

    def test_random_values_come_out_as_they_were(self):
        draw = random.Random(14)
        makers = {
            "int": lambda: draw.randrange(-2**63, 2**63), "above": lambda: draw.randrange(2**64),
            "beyond": lambda: draw.choice((-1, 2**64 - 1)), "bool": lambda: draw.random() < 0.5,
            "float": lambda: draw.choice((math.nan, math.inf, -0.0, 5e-324, draw.gauss(0, 1e9))),
            "text": lambda: draw.choice(("", "é", "a\nb", "\U0001F600")),
            "nul": lambda: draw.choice(("", "a\0b", "c")), "bytes": lambda: draw.randbytes(draw.randrange(9)),
            "table": lambda: [draw.random() for _ in range(3)],
            "ints": lambda: [draw.randrange(-9, 9) for _ in range(4)],
            "above_ints": lambda: [draw.randrange(2**64)] * draw.randrange(1, 4),
            "beyond_ints": lambda: [draw.choice((-1, 2**64 - 1)), 1],
            "lists": lambda: [draw.random() for _ in range(draw.randrange(1, 5))],
            "mixed": lambda: draw.choice((1, "a", [1, "b"], True, [[2]])),
            "nil": lambda: None, "map": lambda: {"x": draw.randrange(9), "y": {"z": draw.random()}}}
        points = []
        for number in range(3_000):
            some = {name: make() for name, make in makers.items() if draw.random() < 0.8}
            all_of = {"all_" + name: make() for name, make in makers.items()}
            points.append((draw.choice(("a", "b/c")), {"_ts": 1000.0 + number / 7, **some, **all_of}))
        bag = self.bag_of(points)
        file, _ = self.export(bag)
        track = self.assert_same(file, bag)["b/c"]
        types = {path[0]: column[0] for path, column in track.columns.items()}
        self.assertEqual({name: str(types["all_" + name].type) for name in
                          ("int", "above", "beyond", "bool", "float", "table", "ints", "bytes")},
                         {"int": "int64", "above": "uint64", "beyond": "object", "bool": "bool",
                          "float": "float64", "table": "float64", "ints": "int64", "bytes": "object"})
        self.assertNotIn("valid", types["all_int"].attributes)
        self.assertEqual(types["int"].attributes["valid"], "int.valid")
        self.assertEqual(types["beyond"].encoding, "json")
        self.assertEqual(track.runs[0]["all_table"].shape, (len(track.keys), 3))
        by_points, _ = self.export(bag, "--where", "_ts > 0", out="where.h5")
        self.assert_same(by_points, bag)
        some, _ = self.export(bag, "--start", "+20", "--end", "+100", "--track", "b/c", out="some.h5")
        self.assert_same(some, bag, "--start", "+20", "--end", "+100", "--track", "b/c")

    def test_hostile_names_stay_names(self):
        evil = "\"'`];--\n" * 25
        fields = {evil: 1, "": 2, ".": 3, "..": 4, "a/b": 5, "a.b": 6, "nul\0": 7, "/": 8, "_ts_ns": 9,
                  "timestamp": 10, "arm": 11, "arm.valid": 12, "long" * 20_000: 13, "é": None}
        sent = [(track, {"_ts": 5.0 + second, **fields})
                for track in ("robot", "robot/arm", "robot/_ts", "'; drop table", "run", "x.valid")
                for second in range(2)]
        sent += [("robot", {"_ts": 9.0, "arm": 14}), ("x", {"_ts": 9.0, "valid": 1, "é": None})]
        bag = self.bag_of(sent)
        file, said = self.export(bag)
        tracks = self.assert_same(file, bag)
        run, = file.values()
        self.assertEqual(run["robot"]["arm_"][:].tolist(), [11, 11, 14])
        self.assertEqual(run["robot/arm/arm"][:].tolist(), [11, 11])
        self.assertEqual(run["robot/_ts_"].attrs["track"], "robot/_ts")
        self.assertEqual({path[0] for path in tracks["robot"].columns}, set(fields))
        self.assertRegex(said, "export: fields under other names: .* of track .* is .* and [0-9]+ more\n")
        self.assertIn("groups under other names, since those of their tracks are taken: that of track robot/_ts is robot/_ts_", said)
        self.assertNotIn("\0", said)
        subprocess.run(["h5dump", "-H", file.filename], check=True, capture_output=True)

    def test_runs_are_groups(self):
        """S2.21, S2.61: which run a point is of, and what is known of runs, tracks and columns."""
        bag = self.space.path("two.zbag")
        starts = []
        for more in ((), ("--resume",)):
            recorder = self.start_recorder(bag, "--schema", "imu=imu", "--metadata", "place=lab", *more)
            starts.append(self.info(bag)["runs"][-1]["start"])
            sensor = self.publisher(recorder).wait_for_subscriber()
            for number in range(20):
                sensor.send("imu", {"_ts": starts[-1] + number / 1e4 + 0.001, "ax": number / 8, "ay": 0.5,
                                    "az": 9.8, "gx": 0.0, "gy": 0.0, "gz": 0.0})
            self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        file, _ = self.export(bag)
        self.assert_same(file, bag, "--track", "imu")
        self.assertRegex(file.attrs["creator"], r"^zbag \d")
        self.assertEqual(json.loads(file.attrs["bags"]), [bag])
        self.assertEqual([run.attrs["start"] for run in file.values()], starts)
        self.assertEqual([run["imu"].attrs["points"] for run in file.values()], [20, 20])
        for name, run in file.items():
            self.assertRegex(name, r"^run_\d{8}_\d{6}(_2)?$")
            self.assertEqual(json.loads(run.attrs["metadata"])["place"], "lab")
            self.assertEqual((run.attrs["run_id"], run.attrs["status"]), (name, "closed"))
            self.assertEqual(run["imu"].attrs["kind"], "imu")
            schema = json.loads(run["imu"].attrs["schema"])
            self.assertEqual(schema["kind"], "imu")
            self.assertEqual(schema["fields"]["linear_acceleration.x"]["also"], {"ax": "m/s^2"})
            self.assertEqual(run["imu/ax"].attrs["unit"], "m/s^2")
            self.assertTrue(run["imu/ax"].attrs["frame"])
            self.assertEqual((run["imu/_ts"].attrs["unit"], run["imu/_ts_ns"].attrs["unit"]), ("s", "ns"))
            self.assertEqual(run["imu"].attrs["first"], run["imu/_ts"][0])
            self.assertEqual(run["imu"].attrs["last"], run["imu/_ts"][-1])
            # In the order they were made in.
            self.assertEqual(list(run["imu"])[:3], ["_ts", "_ts_ns", "ax"])

    def test_each_compression_gives_the_same(self):
        bag = self.real_bag("plaza1_uwb")
        sizes = {}
        for codec, *more in (("none",), ("gzip",), ("gzip", "--compression-level", "9"), ("lzf",),
                             ("szip",)):
            with self.subTest(codec=codec, more=more):
                file, said = self.export(bag, "--compression", codec, *more, out="".join((codec, *more)) + ".h5")
                self.assertEqual(said, "")
                tracks = self.assert_same(file, bag)
                for track in tracks.values():
                    for dataset in track.runs[0].values():
                        self.assertEqual(dataset.compression, None if codec == "none" else codec)
                        self.assertEqual(dataset.shuffle, codec in ("gzip", "lzf") and dataset.dtype.itemsize > 1)
                        self.assertTrue(dataset.fletcher32)
                        if codec == "gzip":
                            self.assertEqual(dataset.compression_opts, 9 if more else 4)
                sizes[codec, *more] = os.path.getsize(file.filename)
        self.assertTrue(all(size < sizes["none",] for codec, size in sizes.items() if codec != ("none",)),
                        sizes)

    def test_a_flipped_bit_is_found(self):
        """S2.21"""
        bag = self.bag_of([("imu", {"_ts": number / 100, "ax": math.sin(number), "n": number})
                           for number in range(2000)])
        for codec in ("none", "gzip"):
            file, _ = self.export(bag, "--compression", codec, "--force")
            run, = file
            column = file[run]["imu/ax"]
            chunk = column.id.get_chunk_info(0)
            header = self.h5py.h5o.get_info(column.id).addr
            file.close()
            for place in (chunk.byte_offset + chunk.size // 2, header + 20):
                with self.subTest(codec=codec, place=place):
                    path = self.space.path("bad.h5")
                    with open(self.space.path("out.h5"), "rb") as good, open(path, "wb") as bad:
                        content = bytearray(good.read())
                        content[place] ^= 1
                        bad.write(content)
                    with self.h5py.File(path) as damaged, self.assertRaises((OSError, KeyError)):
                        damaged[run]["imu/ax"][:]

    def test_h5dump_reads_it(self):
        bag = self.bag_of([("imu", {"_ts": 1.5 + number, "n": number - 1, "ok": number > 0, "text": "é"})
                           for number in range(3)])
        file, _ = self.export(bag)
        run, = file

        def dumped(column):
            done = subprocess.run(["h5dump", "-y", "-d", f"/{run}/imu/{column}", file.filename], check=True,
                                  capture_output=True, text=True)
            data = re.search(r"DATA {(.*?)}", done.stdout, re.DOTALL)[1]
            return [value.strip() for value in data.split(",")]
        self.assertEqual(dumped("_ts_ns"), ["1500000000", "2500000000", "3500000000"])
        self.assertEqual(dumped("n"), ["-1", "0", "1"])
        self.assertEqual(dumped("ok"), ["FALSE", "TRUE", "TRUE"])
        self.assertEqual(dumped("text"), ['"\\37777777703\\37777777651"'] * 3)

    def test_lists_become_columns_and_tracks_rows_of_one(self):
        bag = self.bag_of([("tick", {"_ts": float(number), "n": number}) for number in range(4)] +
                          [("robot/pose", {"_ts": number + 0.5, "at": [number / 2, 1.0]}) for number in range(4)])
        file, _ = self.export(bag, "--expand-arrays", "suffix")
        run, = file.values()
        self.assertEqual(run["robot/pose/at_x"][:].tolist(), [0.0, 0.5, 1.0, 1.5])
        self.assertEqual(run["robot/pose/at_y"].attrs["element"], 1)
        file.close()
        file, said = self.export(bag, "--align", "tick", "--force")
        run, = file.values()
        self.assertEqual(run["tick/tick.n"][:].tolist(), [0, 1, 2, 3])
        self.assertEqual(run["tick/robot.pose.at"][1:].tolist(), [[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]])
        self.assertEqual(run["tick/robot.pose.at.valid"][:].tolist(), [False, True, True, True])
        self.assertIn("robot/pose.at of track tick is robot.pose.at", said)
        file.close()
        file, _ = self.export(bag, "--columns", "n", "--track", "tick", "--limit", "2", "--force")
        self.assertEqual(self.tracks(file)["tick"].seconds, [0.0, 1.0])

    def test_what_is_refused(self):
        bag = self.bag_of([("imu", {"_ts": 1.5, "ax": 0.5}), ("wide", {"_ts": 1.0})])
        self.export(bag)
        for words, code, said in ((("-o", "-"), USAGE, "stdout"), (("-o", "out.h5"), FAILED, "--force"),
                                  (("-o", "x.h5", "--compression", "zstd"), USAGE, "gzip, lzf, szip"),
                                  (("-o", "x.h5", "--compression", "gzip", "--compression-level", "10"),
                                   USAGE, "1 to 9"),
                                  (("-o", "x.h5", "--compression", "lzf", "--compression-level", "1"),
                                   USAGE, "no levels"),
                                  (("-o", "x.h5", "--partition-by", "run"), USAGE, "--partition-by")):
            with self.subTest(words=words):
                before = sorted(os.listdir(self.space.folder))
                done = self.run_ok("export", bag, "--format", "hdf5", "--quiet", *words, code=code)
                self.assert_one_line(done.stderr, said)
                self.assertEqual(sorted(os.listdir(self.space.folder)), before)

    def test_nothing_chosen_is_a_file_of_runs(self):
        bag = self.bag_of([("imu", {"_ts": 1.5, "ax": 0.5})])
        path = self.space.path("none.h5")
        self.space.run("export", bag, "-o", path, "--format", "hdf5", "--where", "ax > 1")
        with self.h5py.File(path) as file:
            self.assertEqual([list(run) for run in file.values()], [[]])

    def test_without_the_library_it_says_what_to_install(self):
        """In a mount name space where the library is an empty file."""
        bag = self.bag_of([("imu", {"_ts": 1.5, "ax": 0.5})])
        libraries = subprocess.run("ls /usr/lib/*/libhdf5_serial.so.*.*", shell=True, capture_output=True,
                                   text=True, check=True).stdout.split()
        hidden = "".join(f"mount --bind /dev/null {path} && " for path in libraries) + 'exec "$@"'
        behind = ("unshare", "--mount", "sh", "-c", hidden, "sh")
        if subprocess.run([*behind, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no mount name space can be made here")
        path = self.space.path("x.h5")
        done = self.space.run("export", bag, "-o", path, "--format", "hdf5", behind=behind)
        self.assertEqual(done.returncode, FAILED)
        self.assert_one_line(done.stderr, "libhdf5-103-1", "launch/setup.sh")
        self.assertFalse(os.path.exists(path))
        said = self.space.run("version", "--verbose", behind=behind).stdout.decode()
        self.assertRegex(said, r"hdf5 +none: .*libhdf5-103-1")
        self.assertRegex(self.run_ok("version", "--verbose").stdout.decode(), r"hdf5 +1\.\d+\.\d+\n")

    def test_a_full_disk_leaves_nothing(self):
        disk = self.small_disk("300k")
        bag = self.real_bag("turtlebot3_sim")
        for more in ((), ("--compression", "none"), ("--track", "imu", "--compression", "none")):
            with self.subTest(more=more):
                done = self.run_ok("export", bag, "-o", os.path.join(disk, "out.h5"), "--format", "hdf5",
                                   "--quiet", *more, code=FAILED)
                self.assert_one_line(done.stderr, "No space left on device")
                self.assertEqual(os.listdir(disk), [])


if __name__ == "__main__":
    harness.main()
