#!/usr/bin/env python3
"""HDF5 read (issue 15): what export writes comes back, files that h5py writes value for value, and
files that are hostile.

h5py is one of the packages of tests/requirements.txt (python_packages.py).
"""

import json
import math
import os
import random

import msgpack

import harness
import python_packages
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE


class Hdf5Test(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.h5py = python_packages.load("h5py")
        self.numpy = python_packages.load("numpy")
        self.count = 0

    def file(self, fill, name="t.h5", **options):
        """A file that `fill` has filled."""
        path = self.space.path(name)
        with self.h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    def taken(self, path, *more, code=DONE):
        """What `import` makes of a file: (bag, stderr)."""
        self.count += 1
        bag = self.space.path(f"in{self.count}.zbag")
        return bag, self.run_ok("import", path, "-o", bag, *more, code=code).stderr

    def refused(self, path, *words, code=DAMAGED, more=()):
        bag, said = self.taken(path, *more, code=code)
        self.assertFalse(os.path.exists(bag))
        return self.assert_one_line(said, os.path.basename(path), *words)

    def tracks(self, bag):
        """Stamps and fields of all tracks."""
        tracks = {}
        for track, fields in self.points(bag):
            if track.startswith("_sys/"):
                continue
            fields = harness.without_bus_fields(fields)
            tracks.setdefault(track, []).append((fields.pop("_ts"), fields))
        return tracks

    def read(self, path, *more, code=DONE):
        """(tracks, stderr but for the summary)."""
        bag, said = self.taken(path, "--quiet", *more, code=code)
        return self.tracks(bag) if os.path.exists(bag) else {}, said

    def assert_exact(self, got, wanted):
        self.assertEqual([(stamp, harness.exact(dict(sorted(fields.items())))) for stamp, fields in got],
                         [(stamp, harness.exact(dict(sorted(fields.items())))) for stamp, fields in wanted])


class OwnLayoutTest(Hdf5Test):

    def bag_of(self, points, *more, name="sent.zbag"):
        bag = self.space.path(name)
        recorder = self.start_recorder(bag, *more)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for track, fields in points:
            sensor.send(track, fields)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        return bag

    def exported(self, bag, *more, name="out.h5"):
        path = self.space.path(name)
        self.run_ok("export", bag, "-o", path, "--format", "hdf5", "--quiet", "--force", *more)
        return path

    def assert_comes_back(self, bag, *more, choice=()):
        again, said = self.taken(self.exported(bag, *more), "--quiet")
        self.assertEqual(said, "")
        self.assert_same(bag, again, *choice)
        self.assert_whole(again)
        return again

    def assert_same(self, bag, again, *choice):
        done = self.space.run("diff", bag, again, *choice)
        self.assertEqual(done.returncode, DONE, done.stdout.decode()[:2_000])

    def test_real_recordings_come_back(self):
        for name in ("turtlebot3_sim", "g1_tiny", "plaza1_uwb"):
            with self.subTest(name):
                bag = self.space.path(name + ".zbag")
                # Some have several points of one stamp.
                self.run_ok("import", harness.recording_path(name), "-o", bag, "--merge", "append", "--quiet")
                self.assert_comes_back(bag)

    def test_random_values_come_back(self):
        """But for what export says that it is not kept: nil is no value, maps without fields are none,
        and of columns of several types only JSON."""
        draw = random.Random(15)
        makers = {
            "int": lambda: draw.randrange(-2**63, 2**63), "above": lambda: draw.randrange(2**64),
            "beyond": lambda: draw.choice((-1, 2**64 - 1)), "bool": lambda: draw.random() < 0.5,
            "float": lambda: draw.choice((math.nan, math.inf, -0.0, 5e-324, draw.gauss(0, 1e9))),
            "text": lambda: draw.choice(("", "\u00e9", "a\nb", "\U0001F600")),
            "nul": lambda: draw.choice(("", "a\0b", "c")), "bytes": lambda: draw.randbytes(draw.randrange(9)),
            "table": lambda: [draw.random() for _ in range(3)],
            "ints": lambda: [draw.randrange(-9, 9) for _ in range(4)],
            "above_ints": lambda: [draw.randrange(2**64)] * draw.randrange(1, 4),
            "beyond_ints": lambda: [draw.choice((-1, 2**64 - 1)), 1],
            "lists": lambda: [draw.random() for _ in range(draw.randrange(5))],
            "mixed": lambda: draw.choice((1, "a", [1, "b"], True, [[2]])),
            "map": lambda: {"x": draw.randrange(9), "y": {"z": draw.random()}}}
        points = []
        for number in range(2_000):
            some = {name: make() for name, make in makers.items() if draw.random() < 0.8}
            all_of = {"all_" + name: make() for name, make in makers.items()}
            points.append((draw.choice(("a", "b/c", "b")), {"_ts": 1000.0 + number / 7, **some, **all_of}))
        bag = self.bag_of(points)
        for more in ((), ("--compression", "none"), ("--compression", "lzf"), ("--compression", "szip")):
            with self.subTest(more=more):
                self.assert_comes_back(bag, *more)

    def test_float32_stays_float32(self):
        self.assert_comes_back(self.bag_of(("a", msgpack.packb(
            {"_ts": number, "x": number / 3, "list": [number / 7, 0.1]}, use_single_float=True))
            for number in range(50)))

    def test_hostile_names_come_back(self):
        evil = "\"'`];--\n" * 25
        fields = {evil: 1, "": 2, ".": 3, "..": 4, "a/b": 5, "a.b": 6, "nul\0": 7, "/": 8, "_ts_ns": 9,
                  "timestamp": 10, "arm": 11, "arm.valid": 12, "long" * 20_000: 13, "inf": 14,
                  "$hex:00": 15, "a": {"b": 16, "": {"c": 17}}}
        sent = [(track, {"_ts": 5.0 + second, **fields})
                for track in ("robot", "robot/arm", "robot/_ts", "'; drop table", "run", "x.valid")
                for second in range(2)]
        sent += [("robot", {"_ts": 9.0, "arm": 14}), ("x", {"_ts": 9.0, "valid": 1}), ("none", {"_ts": 1.0})]
        bag = self.bag_of(sent)
        again, _ = self.taken(self.exported(bag), "--quiet")
        self.assert_same(bag, again)

    def test_all_runs_come_back_with_what_is_said_of_them(self):
        bag = self.space.path("two.zbag")
        for more in ((), ("--resume",)):
            recorder = self.start_recorder(bag, "--schema", "imu=imu", "--metadata", "place=lab", *more)
            start = self.info(bag)["runs"][-1]["start"]
            sensor = self.publisher(recorder).wait_for_subscriber()
            for number in range(20):
                sensor.send("imu", {"_ts": start + number / 1e4 + 0.001, "ax": number / 8, "ay": 0.5,
                                    "az": 9.8, "gx": 0.0, "gy": 0.0, "gz": 0.0})
            self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        again = self.assert_comes_back(bag, choice=("--track", "imu"))
        self.assertEqual(len(self.tracks(again)["imu"]), 40)
        self.assertIn("m/s^2", self.run_ok("schema", again, "imu").stdout.decode())
        metadata = self.info(again)["runs"][0]["metadata"]
        kept = [run for name, run in metadata.items() if name.startswith("run_")]
        self.assertEqual([run["metadata"]["place"] for run in kept], ["lab", "lab"])
        self.assertEqual([run["status"] for run in kept], ["closed", "closed"])

    def test_lists_that_are_apart_come_back(self):
        bag = self.bag_of([("robot/pose", {"_ts": number + 0.5, "at": [number / 2, 1.0], "n": [1, 2, number]})
                           for number in range(4)])
        self.assert_comes_back(bag, "--expand-arrays", "suffix")

    def test_files_that_lie_are_one_line(self):
        bag = self.bag_of([("imu", {"_ts": 1.0 + number, "x": number, "y": {"z": 0.5},
                                    **({"some": 1} if number % 2 else {})}) for number in range(4)])
        lies = {
            "does not say of which track": lambda run: run["imu"].attrs.__delitem__("track"),
            "says no names": lambda run: run["imu/y.z"].attrs.__setitem__("names", "no list"),
            "a map is no map": lambda run: run["imu/y.z"].attrs.__setitem__("names", '["x", "z"]'),
            "is there twice": lambda run: run["imu/y.z"].attrs.__setitem__("names", '["x"]'),
            "not the rows of its track": lambda run: run["imu/x"].resize((3,)),
            "which of its rows": lambda run: run["imu/some.valid"].resize((3,)),
            "its times": lambda run: run["imu"].__delitem__("_ts_ns"),
            "its times are none": lambda run: run["imu/_ts_ns"].resize((5,)),
        }
        for word, lie in lies.items():
            with self.subTest(word):
                path = self.exported(bag)
                with self.h5py.File(path, "r+") as file:
                    run, = file.values()
                    lie(run)
                self.refused(path, word)
        path = self.exported(bag)
        with self.h5py.File(path, "r+") as file:
            run, = file.values()
            run["imu/x"].attrs["encoding"] = "json"
            run["imu/_ts"][1] = math.nan
        _, said = self.taken(path, code=LOSSY)
        self.assertIn("/imu, row 1: a value is not what it should be", said)
        self.assertIn("/imu, row 2: its _ts is no time", said)


class PlainTest(Hdf5Test):

    def test_types_come_value_for_value(self):
        """Each as a row of a set of one dimension."""
        numpy, h5py = self.numpy, self.h5py
        ints = {f"{sign}int{bits}": [0, 1, (1 << (bits - (sign == ""))) - 1, -(1 << (bits - 1)) if sign == "" else 2]
                for bits in (8, 16, 32, 64) for sign in ("", "u")}
        floats = {"float16": [0.0, -0.0, 65504.0, 6e-8], "float32": [0.1, math.inf, 1e-45, math.nan],
                  "float64": [0.1, -math.inf, 5e-324, math.nan]}
        wanted, sets = {}, {}
        for name, values in {**ints, **floats}.items():
            for order in "<>":
                sets[name + order] = numpy.array(values, dtype=numpy.dtype(name).newbyteorder(order))
                wanted[name + order] = sets[name + order].tolist()
        texts = ["", "\u00e9", "a b ", "x" * 300]
        colours = h5py.enum_dtype({"RED": -1, "GREEN": 1, "BLUE": 300}, basetype="i2")
        lists = h5py.vlen_dtype(numpy.float32)
        sets["flags"], wanted["flags"] = numpy.array([True, False, True, True]), [True, False, True, True]

        def fill(file):
            for name, values in sets.items():
                file[name] = values
            file.create_dataset("texts", data=texts, dtype=h5py.string_dtype())
            file.create_dataset("fixed", data=numpy.array([text.encode() for text in texts]))
            file.create_dataset("ended", data=[text.encode() for text in ("a", "", "bc", "def")], dtype=h5py.string_dtype(length=8))
            file.create_dataset("enum", data=numpy.array([-1, 1, 300, 1], "i2"), dtype=colours)
            vlen = file.create_dataset("vlen", (4,), lists)
            blobs = file.create_dataset("blobs", (4,), h5py.vlen_dtype(numpy.uint8))
            names = file.create_dataset("names", (4,), h5py.vlen_dtype(h5py.string_dtype()))
            for row in range(4):
                vlen[row] = [0.5] * row
                blobs[row] = numpy.arange(row, dtype="u1")
                names[row] = ["n"] * row
            file["complex"] = numpy.array([1 + 2j] * 4)
            file["pose"] = numpy.array([(row, (0.5, row), b"ab") for row in range(4)],
                                       dtype=[("n", "i4"), ("xy", "f8", (2,)), ("name", "S4")])
            file["void"] = numpy.array([b"ab\0"] * 4, dtype="V3")
            file["t"] = numpy.arange(4) + 1.5
        wanted.update(texts=texts, fixed=texts, ended=["a", "", "bc", "def"], enum=[-1, 1, 300, 1],
                      vlen=[[0.5] * row for row in range(4)], blobs=[bytes(range(row)) for row in range(4)],
                      names=[["n"] * row for row in range(4)], complex=[{"r": 1.0, "i": 2.0}] * 4,
                      pose=[{"n": row, "xy": [0.5, float(row)], "name": "ab"} for row in range(4)],
                      void=[b"ab\0"] * 4)
        for options in ({}, {"libver": "v110"}, {"libver": "v108"}, {"track_order": True}):
            with self.subTest(options):
                tracks, said = self.read(self.file(fill, **options))
                self.assertEqual((list(tracks), said), (["t"], ""))
                self.assert_exact(tracks["t"], [
                    (1.5 + row, {name: values[row] for name, values in wanted.items()}) for row in range(4)])

    def test_dimensions_become_lists(self):
        numpy, draw = self.numpy, self.numpy.random.default_rng(1)
        sets = {"a": draw.random((700, 1)), "b": draw.integers(-9, 9, (700, 3)), "c": draw.random((700, 2, 3)),
                "d": draw.integers(0, 255, (700, 5), dtype="u1"), "e": draw.random((700, 2, 2, 2, 2)) > 0.5,
                "f": draw.integers(0, 255, (700, 2, 2, 3, 5), dtype="u1"), "g": numpy.zeros((700, 0))}

        def value(row):
            return bytes(row) if row.dtype == numpy.uint8 and row.ndim == 1 else \
                [value(inner) for inner in row] if row.dtype == numpy.uint8 else row.tolist()

        for chunks in (None, True, "odd"):
            with self.subTest(chunks=chunks):
                def fill(file):
                    file["time"] = numpy.arange(700) / 10
                    for name, values in sets.items():
                        odd = tuple(max(1, length // 2) for length in values.shape)
                        file.create_dataset(name, data=values, chunks=None if 0 in odd or 0 in values.shape
                                            else odd if chunks == "odd" else chunks,
                                            compression="gzip" if chunks == "odd" and 0 not in values.shape else None)
                tracks, said = self.read(self.file(fill))
                self.assertEqual(said, "")
                self.assert_exact(tracks["t"], [(row / 10, {name: value(values[row]) for name, values in sets.items()})
                                                for row in range(700)])

    def test_groups_are_tracks_with_a_time_of_their_own_or_around_them(self):
        def fill(file):
            for demo in range(2):
                group = file.create_group(f"data/demo_{demo}")
                group["timestamps"] = [1.0 + demo, 2.0 + demo, 3.0 + demo]
                group["actions"] = [[1, 2], [3, 4], [5, 6]]
                group["obs/qpos"] = [0.1, 0.2, 0.3]
                group["obs/deep/x"] = [7, 8, 9]
                group["obs/other"] = [1, 2]
                group["obs/one"] = 5
                group.attrs["num_samples"] = 3
            file["imu/time_us"] = [1_000_000, 2_000_000]
            file["imu/ax"] = [0.5, 0.25]
            file["calib/k"] = [1.0, 2.0, 3.0]
            file.attrs["env"] = "door"
        path = self.file(fill, name="run.h5")
        tracks, said = self.read(path, code=LOSSY)
        self.assertEqual(sorted(tracks), sorted(
            [f"data/demo_{n}{part}" for n in range(2) for part in ("", "/obs", "/obs/deep")] + ["imu"]))
        self.assertEqual(tracks["data/demo_1"], [(2.0, {"actions": [1, 2]}), (3.0, {"actions": [3, 4]}),
                                                 (4.0, {"actions": [5, 6]})])
        self.assertEqual(tracks["data/demo_0/obs"], [(1.0, {"qpos": 0.1}), (2.0, {"qpos": 0.2}), (3.0, {"qpos": 0.3})])
        self.assertEqual(tracks["data/demo_0/obs/deep"][2], (3.0, {"x": 9}))
        self.assertEqual(tracks["imu"], [(1.0, {"ax": 0.5}), (2.0, {"ax": 0.25})])
        self.assertIn("/data/demo_0/obs: not of the 3 rows that timestamps has: one, other: left out", said)
        self.assertIn("/calib: no data set, here or around it, says when its rows were (--time-field): k", said)
        bag, _ = self.taken(path, code=LOSSY)
        metadata = self.info(bag)["runs"][0]["metadata"]
        self.assertEqual((metadata["run"], metadata["data/demo_0"]), ({"env": "door"}, {"num_samples": 3}))

    def test_times_are_found_by_name_unit_and_size(self):
        at, ns = 1403715273.262143, 1403715273262143000
        variants = {
            "timestamp": (at, {}), "time_ns": (ns, {}), "t_us": (ns // 1000, {}), "time": (ns, {}),
            "ts": (ns // 1000, {}), "stamp": ("2014-06-25T16:54:33.262143Z", {}),
            "times": (ns, {"unit": "ns"}), "_ts": (ns // 1000, {"units": "Microseconds"}),
            "Times": (ns // 1000, {"units": "microseconds since 1970-01-01 00:00:00"}),
        }
        for name, (value, attributes) in variants.items():
            with self.subTest(name):
                def fill(file):
                    file["x"] = [1]
                    file[name] = [value]
                    file[name].attrs.update(attributes)
                self.assertEqual(self.read(self.file(fill))[0], {"t": [(at, {"x": 1})]})

        def millis(file):
            file["x"], file["Time (ms)"] = [1], [1403715273262.5]
        self.assertEqual(self.read(self.file(millis))[0], {"t": [(1403715273.2625, {"x": 1})]})

        def small(file):
            file["x"] = [1]
            file["t"] = [5]
            file["t"].attrs["unit"] = "ms"
        self.assertEqual(self.read(self.file(small))[0], {"t": [(0.005, {"x": 1})]})

        def pair(file):
            file["x"], file["sec"], file["nanosec"] = [1], [1403715273], [262143000]
        self.assertEqual(self.read(self.file(pair))[0], {"t": [(at, {"x": 1})]})

        def column(file):
            file["x"], file["t"] = [1, 2], [[1.0], [2.0]]
        self.assertEqual(self.read(self.file(column))[0], {"t": [(1.0, {"x": 1}), (2.0, {"x": 2})]})

        def large(file):
            file["x"], file["time"] = [1], [ns]
        _, said = self.taken(self.file(large))
        self.assertIn("/time: the times are taken for nanoseconds, by their size", said.splitlines()[0])

    def test_time_field_names_the_time(self):
        def fill(file):
            file["a/when"] = [1.0, 2.0]
            file["a/x"] = [1, 2]
            file["b/y"] = [3, 4]
        path = self.file(fill)
        self.refused(path, "--time-field", "a/when, a/x, b/y", code=USAGE)
        self.refused(path, "no data set c", "a/when, a/x, b/y", code=USAGE, more=("--time-field", "c"))
        tracks, said = self.read(path, "--time-field", "when", code=LOSSY)
        self.assertEqual(tracks, {"a": [(1.0, {"x": 1}), (2.0, {"x": 2})]})
        self.assertIn("/b: no data set", self.assert_one_line(said))
        tracks, said = self.read(path, "--time-field", "/a/when")
        self.assertEqual((tracks["b"], said), ([(1.0, {"y": 3}), (2.0, {"y": 4})], ""))

        def flat(file):
            file["t"] = self.numpy.zeros((2, 2))
            file["flat"] = [1.0, 2.0]
        self.refused(self.file(flat), "no data set t of numbers in one dimension", code=USAGE,
                     more=("--time-field", "t"))
        self.refused(self.file(flat), "--time-field", "flat, t", code=USAGE)

    def test_times_of_wrong_types_and_none(self):
        def fill(file):
            file["x"] = [1, 2, 3, 4, 5]
            file["time_s"] = [1.0, math.nan, 3.0, math.inf, 1e300]
        tracks, said = self.read(self.file(fill), code=LOSSY)
        self.assertEqual(tracks, {"t": [(1.0, {"x": 1}), (3.0, {"x": 3})]})
        for row in (2, 4, 5):
            self.assertIn(f"/, row {row}: its time_s is no time", said)

        def words(file):
            file["x"], file["t"] = [1], ["noon"]
        _, said = self.read(self.file(words), code=LOSSY)
        self.assertIn("row 1: its t is no time", said)

        def flags(file):
            file["x"], file["t"] = [1], [True]
        self.refused(self.file(flags), "--time-field", "t, x", code=USAGE)

    def test_pictures_are_tracks_of_their_kind(self):
        draw = self.numpy.random.default_rng(2)
        rgb = draw.integers(0, 255, (5, 6, 8, 3), dtype="u1")
        planes = draw.integers(0, 255, (5, 3, 6, 8), dtype="u1")
        grey = draw.integers(0, 255, (5, 6, 8), dtype="u1")
        depth = draw.integers(0, 60000, (5, 32, 40), dtype="u2")
        metres = draw.random((5, 32, 40, 1), dtype="f4")

        def fill(file):
            file["t"] = self.numpy.arange(5.0)
            group = file.create_group("observations/images")
            group.create_dataset("front", data=rgb, chunks=(2, 3, 4, 1), compression="gzip")
            for name, data in (("planes", planes), ("grey", grey), ("metres", metres)):
                group[name] = data
            group["depth"] = depth.astype(">u2")
        path = self.file(fill)
        bag, said = self.taken(path, "--quiet")
        self.assertEqual(said, "")
        tracks = self.tracks(bag)
        kinds = {"front": ("rgb8", 24, rgb), "planes": ("rgb8", 24, planes.transpose(0, 2, 3, 1)),
                 "grey": ("mono8", 8, grey), "depth": ("16UC1", 80, depth), "metres": ("32FC1", 160, metres)}
        self.assertEqual(sorted(tracks), sorted("observations/images/" + name for name in kinds))
        for name, (encoding, step, data) in kinds.items():
            with self.subTest(name):
                more = {} if encoding in ("rgb8", "mono8") else {"is_bigendian": 0}
                self.assertEqual(tracks["observations/images/" + name], [
                    (float(row), {"height": data.shape[1], "width": data.shape[2], "encoding": encoding,
                                  "step": step, "data": data[row].tobytes(), **more}) for row in range(5)])
                self.assertIn("image", self.run_ok("schema", bag, "observations/images/" + name).stdout.decode())
        self.run_ok("export", bag, "--track", "observations/images/front", "-o", self.space.path("pictures"),
                    "--format", "images")

    def test_tables_of_compounds_are_tracks(self):
        rows = self.numpy.array([(n + 0.5, n, b"x" * n, (1.0, 2.0)) for n in range(4)],
                                dtype=[("time", "f8"), ("n", "i4"), ("name", "S8"), ("at", "f4", (2,))])

        def fill(file):
            file["arm/log"] = rows
            file["arm/strange"] = self.numpy.array([(1.0, file.ref)] * 2, dtype=[("time", "f8"), ("to", self.h5py.ref_dtype)])
        tracks, said = self.read(self.file(fill), code=LOSSY)
        self.assertEqual(tracks["arm/log"], [(n + 0.5, {"n": n, "name": "x" * n, "at": [1.0, 2.0]})
                                             for n in range(4)])
        self.assertIn("/arm/strange: member 2 is of references", said)

    def test_matlab_is_read_in_its_order(self):
        numpy = self.numpy
        matrix = numpy.arange(12.0).reshape(4, 3)   # as MATLAB shows it
        film = numpy.arange(4 * 3 * 5 * 3, dtype="u1").reshape(4, 3, 5, 3)

        def fill(file):
            def put(name, data, kind="double"):
                file[name] = data
                file[name].attrs["MATLAB_class"] = numpy.bytes_(kind)
            put("log/t", numpy.array([[1.0, 2.0, 3.0, 4.0]]))       # 4x1
            put("log/row", numpy.array([[5], [6], [7], [8]]), "int32")  # 1x4
            put("log/xyz", matrix.T)
            put("log/ok", numpy.array([[1, 0, 1, 1]], "u1"), "logical")
            put("log/film", film, "uint8")                           # 3x5x3x4
            put("log/name", numpy.array([[97], [98]], "u2"), "char")
            file["log"].attrs["MATLAB_class"] = numpy.bytes_("struct")
        path = self.file(fill, name="run.mat", userblock_size=512)
        with open(path, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))
        tracks, said = self.read(path, code=LOSSY)
        self.assertEqual(tracks["log"], [
            (1.0 + n, {"row": 5 + n, "xyz": matrix[n].tolist(), "ok": n != 1}) for n in range(4)])
        picture = tracks["log/film"][2][1]
        self.assertEqual((picture["height"], picture["width"], picture["encoding"]), (3, 5, "rgb8"))
        self.assertEqual(picture["data"], film[2].transpose(2, 1, 0).tobytes())
        self.assertIn("/log: not of the 4 rows that t has: name: left out", self.assert_one_line(said))

    def test_what_is_not_read_is_told(self):
        def fill(file):
            file["t"] = [1.0, 2.0]
            file["x"] = [1, 2]
            file["x"].attrs["colour"] = "red"
            file.create_dataset("link", data=[file.ref, file.ref], dtype=self.h5py.ref_dtype)
            file["long"] = self.numpy.zeros(2, "longdouble")
            file.create_dataset("null", data=self.h5py.Empty("f8"))
            file.create_dataset("wide", (2, 2_000_000), "i4", chunks=(1, 2_000_000))[:] = 1
            file.create_dataset("unwritten", (2, 3), "f8", chunks=(1, 3))
        bag, said = self.taken(self.file(fill), code=LOSSY)
        tracks = self.tracks(bag)
        self.assertEqual(tracks, {"t": [(1.0, {"x": 1}), (2.0, {"x": 2})]})
        for word in ("/link: it is of references", "/long: it is of floats of 16 bytes", "/null: it is empty",
                     "/wide: a row of it has 2000000 values", "/unwritten: the file holds (nearly) nothing",
                     "/x: attributes of data sets are left out"):
            self.assertIn(word, said)
        self.assertEqual(len(said.splitlines()), 7, said)

    def test_a_filter_that_is_not_here_is_named(self):
        def fill(file):
            file["t"] = [1.0]
            file["x"] = [1]
            created = self.h5py.h5p.create(self.h5py.h5p.DATASET_CREATE)
            created.set_chunk((1,))
            created.set_filter(32_099, self.h5py.h5z.FLAG_OPTIONAL, ())
            self.h5py.h5d.create(file.id, b"far", self.h5py.h5t.NATIVE_INT32,
                                 self.h5py.h5s.create_simple((1,)), created)
        tracks, said = self.read(self.file(fill), code=LOSSY)
        self.assertEqual(tracks, {"t": [(1.0, {"x": 1})]})
        self.assertIn("/far: it needs filter 32099", self.assert_one_line(said))

    def test_empty_files_and_sets(self):
        path = self.file(lambda file: None)
        _, said = self.read(path, code=LOSSY)
        self.assertIn("nothing to import", self.assert_one_line(said))

        def fill(file):
            file["t"], file["x"] = self.numpy.zeros(0), self.numpy.zeros((0, 3))
        _, said = self.read(self.file(fill), code=LOSSY)
        self.assertIn("nothing to import", self.assert_one_line(said))

    def test_a_folder_is_read_file_by_file(self):
        os.mkdir(self.space.path("runs"))
        for number in range(2):
            def fill(file):
                file["t"], file["x"] = [1.0 + number], [number]
            self.file(fill, name=os.path.join("runs", f"run{number}.hdf5"))
        tracks, _ = self.read(self.space.path("runs"))
        self.assertEqual(tracks, {"run0": [(1.0, {"x": 0})], "run1": [(2.0, {"x": 1})]})


class HostileTest(Hdf5Test):

    def times(self, file):
        file["t"], file["x"] = [1.0, 2.0], [1, 2]

    def assert_only_x(self, path, *words):
        tracks, said = self.read(path, code=LOSSY)
        self.assertEqual(tracks, {"t": [(1.0, {"x": 1}), (2.0, {"x": 2})]})
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(len(said.splitlines()), len(words), said)

    def test_files_that_are_cut_off_are_one_line(self):
        path = self.file(lambda file: file.create_dataset("t", data=self.numpy.arange(5000.0)) and None)
        with open(path, "rb") as file:
            whole = file.read()
        for size in (1, 8, 9, 100, 600, len(whole) // 2, len(whole) - 1):
            with self.subTest(size):
                with open(path, "wb") as file:
                    file.write(whole[:size])
                self.refused(path)

    def test_damaged_values_name_their_set(self):
        def fill(file):
            file.create_dataset("t", data=self.numpy.arange(500.0))
            file.create_dataset("x", data=self.numpy.arange(500.0), chunks=(100,), fletcher32=True)
        path = self.file(fill)
        with self.h5py.File(path) as file:
            place = file["x"].id.get_chunk_info(3).byte_offset + 5
        with open(path, "r+b") as file:
            file.seek(place)
            file.write(b"\xff\xff")
        bag, said = self.taken(path, "--quiet", code=DAMAGED)
        self.assert_one_line(said, "t.h5: /x: HDF5:")

    def texts_and_lists(self, file):
        file["t"] = self.numpy.arange(20.0)
        lists = file.create_dataset("lists", (20,), self.h5py.vlen_dtype("f4"))
        texts = file.create_dataset("texts", (20,), self.h5py.string_dtype())
        for row in range(20):
            lists[row], texts[row] = [0.5] * row, "ab" * row
        file.create_dataset("x", data=self.numpy.zeros((20, 3)), chunks=(5, 3), compression="gzip")

    def test_what_brings_the_library_down_does_not_bring_us_down(self):
        """The heap of texts and lists says that what is in it is longer than the file; libhdf5 1.10
        copies as much."""
        path = self.file(self.texts_and_lists)
        with open(path, "rb") as file:
            whole = bytearray(file.read())
        at = whole.index(b"GCOL") + 16 + 8   # the size of the first thing in it
        whole[at:at + 6] = b"\xff" * 5 + b"\0"
        with open(path, "wb") as file:
            file.write(whole)
        _, said = self.taken(path, "--quiet", code=DAMAGED)
        self.assert_one_line(said, "t.h5: /")

    def test_files_with_bits_flipped_end_with_a_line(self):
        draw = random.Random(17)
        for libver in ("earliest", "v110"):
            path = self.file(self.texts_and_lists, libver=(libver, "v110"))
            with open(path, "rb") as file:
                whole = file.read()
            for number in range(25):
                flipped = bytearray(whole)
                flipped[draw.randrange(min(len(whole), 6_000))] ^= 1 << draw.randrange(8)
                with self.subTest(libver=libver, number=number):
                    with open(path, "wb") as file:
                        file.write(flipped)
                    done = self.space.run("import", path, "-o", self.space.path("flipped.zbag"), "--quiet")
                    self.assertIn(done.returncode, (DONE, FAILED, USAGE, LOSSY, DAMAGED), done.stderr)
                    if done.returncode != DONE:
                        self.assertNotEqual(done.stderr, "")
                    for bag in os.listdir(self.space.folder):
                        if bag.startswith("flipped.zbag"):
                            os.remove(self.space.path(bag))

    def test_links_are_not_followed_out_of_the_file(self):
        other = self.file(lambda file: file.create_dataset("secret", data=[7, 8]) and None, name="other.h5")
        raw = self.space.path("raw.bin")
        with open(raw, "wb") as file:
            file.write(bytes(16))
        layout = self.h5py.VirtualLayout((2,), "i8")
        layout[:] = self.h5py.VirtualSource(other, "secret", (2,))
        unlimited = self.h5py.VirtualLayout((2,), "i8", maxshape=(None,))

        def fill(file):
            self.times(file)
            file["out"] = self.h5py.ExternalLink(other, "/secret")
            file["nowhere"] = self.h5py.SoftLink("/none")
            file["through"] = self.h5py.SoftLink("/out")
            file.create_virtual_dataset("virtual", layout)
            file.create_virtual_dataset("growing", unlimited)
            file.create_dataset("aside", (2,), "i8", external=[(raw, 0, 16)])
        path = self.file(fill)
        with harness.OpenCounter(other) as opened, harness.OpenCounter(raw) as opened_raw:
            self.assert_only_x(path, "/out: a link to another file", "/nowhere: ", "/through: ",
                               "/virtual: its values lie in other data sets",
                               "/growing: its values lie in other data sets",
                               "/aside: its values lie in other files")
        self.assertEqual((opened.count, opened_raw.count), (0, 0))

    def test_groups_in_circles_are_read_once(self):
        def fill(file):
            self.times(file)
            group = file.create_group("a/b")
            group["self"] = group
            group["up"] = file["a"]
            group["root"] = file["/"]
            group["soft"] = self.h5py.SoftLink("/a")
            group["x"] = [3, 4]
            group["same"] = self.h5py.SoftLink("/a/b/x")
        tracks, said = self.read(self.file(fill))
        self.assertEqual(tracks, {"t": [(1.0, {"x": 1}), (2.0, {"x": 2})],
                                  "a/b": [(1.0, {"same": 3, "x": 3}), (2.0, {"same": 4, "x": 4})]})
        self.assertEqual(said, "")

    def test_groups_that_are_very_deep_or_many_are_refused(self):
        self.refused(self.file(lambda file: file.create_group("/".join("g" * 200)) and None), "64 deep", code=FAILED)

        def many(file):
            file["t"] = [1.0]
            for number in range(100_001):
                file[f"l{number}"] = self.h5py.SoftLink("/t")
        self.refused(self.file(many, libver="v110"), "more than 100000 objects", code=FAILED)

    def test_sets_of_which_nothing_is_there_are_refused(self):
        def times(file):
            file.create_dataset("t", (2**40,), "f8", chunks=(1000,))
            file.create_dataset("x", (2**40,), "f8", chunks=(1000,))
        self.refused(self.file(times), "/t: it says that it has 1099511627776 times")

        def one_chunk(file):
            times(file)
            file["t"][:1000] = 1.0
        self.refused(self.file(one_chunk), "/t: it says that it has 1099511627776 times")

        def wide(file):
            self.times(file)
            file.create_dataset("row", (2, 2**40), "u1", chunks=(1, 1000))[0, 0] = 1
            file.create_dataset("chunk", (2, 2**30), "u1", chunks=(1, 2**30))
            file.create_dataset("cube", (2, 2, 2, 2, 2, 2, 2, 2, 2), "u1")[:] = 1
        self.assert_only_x(self.file(wide), "/row: a row of it has more than 64 MiB",
                           "/chunk: its chunks have", "/cube: it has 9 dimensions")

    def test_long_texts_and_lists_are_read_in_bounded_memory(self):
        """2,000 rows of 200 kB, which are 400 MB at once."""
        def fill(file):
            file["t"] = self.numpy.arange(2000.0)
            lists = file.create_dataset("x", (2000,), self.h5py.vlen_dtype("u1"))
            row = self.numpy.zeros(200_000, "u1")
            for number in range(2000):
                lists[number] = row
        path = self.file(fill)
        bag = self.space.path("long.zbag")
        limited = ("prlimit", f"--data={300 << 20}", f"--stack={8 << 20}")
        behind = () if harness.is_sanitized() else limited
        done = self.space.run("import", path, "-o", bag, "--quiet", behind=behind)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(json.loads(self.run_ok("info", "--json", bag).stdout)["points"], 2000)


if __name__ == "__main__":
    harness.main()
