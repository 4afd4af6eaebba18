#!/usr/bin/env python3
"""csv, parquet and json: what programs that are not ours read of them, value for value against cat.

The packages are those of tests/requirements.txt (python_packages.py).
"""

import base64
import contextlib
import csv
import decimal
import json
import math
import os
import random
import sqlite3
import subprocess
import unittest

import harness
import python_packages
from harness import DONE, FAILED, LOSSY, USAGE, exact

HOSTILE_TRACK = "'; drop table"
HOSTILE_FIELD = ("\"'\n`,;\r" * 40)[:200]
REAL = ("g1_tiny", "plaza1_uwb")


def flattened(fields, around=""):
    """The leaves of a point by the names of their columns (requirements 1.5)."""
    leaves = {}
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            leaves.update(flattened(value, around + name + "."))
        elif not around and name.rstrip("_") == "timestamp":
            leaves[name + "_"] = value
        else:
            leaves[around + name or "_"] = value
    return leaves


def as_json(value):
    """What JSON has for a value."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    return value


def kind_of(values):
    """What a column holds, by all values it has."""
    def kind(value):
        if isinstance(value, list):
            kinds = {type(one) for one in value}
            return {frozenset([int]): "ints", frozenset([float]): "doubles"}.get(
                frozenset(kinds), "json")
        return type(value).__name__
    def is_rounded(value):
        return any(isinstance(one, int) and abs(one) > 2**53
                   for one in (value if isinstance(value, list) else [value]))
    kinds = {kind(value) for value in values if value is not None and value != []}
    is_large = any(map(is_rounded, values))
    if [] in values and not kinds <= {"ints", "doubles"} or kinds == set() and [] in values:
        return "json"  # an empty list is one of any numbers
    if len(kinds) == 1:
        return {"str": "text", "dict": "json", "float": "double"}.get(*kinds, *kinds)
    if not kinds:
        return "text"
    if kinds <= {"int", "float"}:
        return "json" if is_large else "double"
    return "doubles" if kinds <= {"ints", "doubles"} and not is_large else "json"


class Rows:
    """The rows that a track is to have: `timestamp`, and a cell for every column."""

    def __init__(self, points):
        leaves = [flattened(fields) for _, fields in points]
        for one in leaves:
            one.pop("_src", None), one.pop("_seq", None)
        self.stamps = [one.pop("_ts") for one in leaves]
        self.leaves = leaves
        # An empty map is a value of a row, but no column.
        self.columns = sorted({name for one in leaves for name, value in one.items() if value != {}},
                              key=str.encode)
        self.kinds = {name: kind_of([one[name] for one in leaves if name in one])
                      for name in self.columns}

    def cell(self, row, name):
        """The value as its column has it; JSON as a value."""
        value = self.leaves[row].get(name)
        kind = self.kinds[name]
        if value is None:
            return None
        if kind == "double":
            return float(value)
        if kind == "doubles":
            return [float(one) for one in value]
        return as_json(value) if kind == "json" else value


class ColumnsTest(harness.SystemTest):

    def real_bag(self, name):
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", harness.recording_path(name), "-o", bag, "--merge", "append")
        return bag

    def hostile_bag(self):
        """Two tracks of random fields, of which some come and go and change their type."""
        bag = self.space.path("hostile.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        draw = random.Random(5)
        makers = (lambda: draw.getrandbits(63) - 2**62, lambda: draw.gauss(0, 1e3), lambda: None,
                  lambda: draw.random() < 0.5, lambda: draw.randbytes(draw.randrange(9)),
                  lambda: draw.choice(("", "é,\"x\"", "a\r\nb", " ", "nan", "1", "\U0001F600")),
                  lambda: [draw.random() for _ in range(draw.randrange(4))],
                  lambda: [draw.randrange(9) for _ in range(draw.randrange(4))],
                  lambda: draw.getrandbits(64), lambda: draw.randrange(1000) - 500,
                  lambda: draw.choice((math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e300)))
        names = ["timestamp", "a.b", "", "select", HOSTILE_FIELD, "é", "x y"]
        for track in (HOSTILE_TRACK, "plain/track"):
            makers_of = {name: draw.sample(makers, draw.choice((1, 1, 2))) for name in names}
            for number in range(300):
                fields = {name: draw.choice(makers_of[name])() for name in names
                          if draw.random() < 0.8}
                fields["map"] = {"in": {"x": number, "y": draw.random()}, "empty": {}}
                sensor.send(track, {"_ts": 1000.0 + number / 7, "n": number, **fields})
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        return bag

    def bags(self):
        for name in REAL:
            yield self.real_bag(name)
        yield self.hostile_bag()

    def tracks(self, bag):
        """Each track of a bag and the rows it is to have."""
        of_track = {}
        for track, fields in self.points(bag):
            of_track.setdefault(track, []).append((track, fields))
        for track, points in of_track.items():
            yield track, Rows(points)

    def exported(self, bag, form, *more):
        """Exports a bag to a folder; gives what the file of a track is called there."""
        out = self.space.path(os.path.basename(bag) + "_as_" + form)
        self.run_ok("export", bag, "-o", out, "--format", form, *more)
        return lambda track: os.path.join(out, track + "." + form)


class ParquetTest(ColumnsTest):

    @staticmethod
    def readers():
        """Rows as dicts, by each of those who read Parquet."""
        arrow = python_packages.load("pyarrow.parquet")
        pandas = python_packages.load("pandas")
        polars = python_packages.load("polars")
        duckdb = python_packages.load("duckdb")

        def by_pandas(path):
            frame = pandas.read_parquet(path, dtype_backend="pyarrow")
            return [{name: None if value is pandas.NA else
                     list(value) if hasattr(value, "tolist") and not isinstance(value, str) else value
                     for name, value in row.items()} for row in frame.to_dict("records")]

        def by_duckdb(path):
            result = duckdb.execute("SELECT * FROM read_parquet($1)", [path])
            names = [column[0] for column in result.description]
            return [dict(zip(names, row)) for row in result.fetchall()]

        return {"pyarrow": lambda path: arrow.ParquetFile(path).read().to_pylist(),
                "pandas": by_pandas, "polars": lambda path: polars.read_parquet(path).to_dicts(),
                "duckdb": by_duckdb}

    def assert_rows(self, read, rows):
        self.assertEqual([exact(row["timestamp"]) for row in read], [exact(t) for t in rows.stamps])
        self.assertEqual([row["_ts_ns"] for row in read], [harness.key_of(t) for t in rows.stamps])
        self.assertEqual(list(read[0]), ["timestamp", "_ts_ns", *rows.columns])
        for column in rows.columns:
            for number, row in enumerate(read):
                cell = row[column]
                if rows.kinds[column] == "json" and cell is not None:
                    cell = json.loads(cell)
                self.assertEqual(exact(cell), exact(rows.cell(number, column)), (column, number))

    def test_four_programs_read_what_cat_prints(self):
        readers = self.readers()
        for bag in self.bags():
            path_of = self.exported(bag, "parquet", "--quiet")
            for track, rows in self.tracks(bag):
                for name, read in readers.items():
                    with self.subTest(bag=os.path.basename(bag), track=track, reader=name):
                        self.assert_rows(read(path_of(track)), rows)

    def test_no_integer_is_rounded(self):
        """2^63 - 1 is not the largest that MessagePack has, and no double has all beyond 2^53."""
        columns = {"u": [2**64 - 1, 0, 7], "huge": [2**64 - 1, -2**63, -1], "n": [-2**63, 2**63 - 1, 5],
                   "us": [[2**64 - 1, 1], [], [2]], "mixed": [2**53 + 1, 0.5, -1],
                   "both": [[2**64 - 1], [-1], []]}
        source, bag = self.space.path("ints.jsonl"), self.space.path("ints.zbag")
        with open(source, "w", encoding="utf-8") as file:
            for number in range(3):
                fields = {name: values[number] for name, values in columns.items()}
                file.write(json.dumps({"track": "t", "_ts": float(number), "fields": fields}) + "\n")
        self.run_ok("import", source, "-o", bag, "--quiet")
        path_of = self.exported(bag, "parquet", "--quiet")
        for name, read in self.readers().items():
            with self.subTest(reader=name):
                rows = read(path_of("t"))
                for column, values in columns.items():
                    cells = [row[column] for row in rows]
                    if column in ("mixed", "both"):
                        cells = [json.loads(cell) for cell in cells]
                    cells = [int(cell) if isinstance(cell, decimal.Decimal) else cell for cell in cells]
                    self.assertEqual(exact(cells), exact(values), column)

    def test_every_compression_holds_the_same(self):
        arrow = python_packages.load("pyarrow.parquet")
        bag = self.hostile_bag()
        first = None
        for codec, *more in (("none",), ("snappy",), ("gzip",), ("lz4",), ("brotli",), ("zstd",),
                             ("zstd", "--compression-level", "19")):
            out = self.space.path("".join((codec, *more)) + ".parquet")
            self.run_ok("export", bag, "-o", out, "--format", "parquet", "--track", "plain/track",
                        "--compression", codec, *more)
            file = arrow.ParquetFile(out)
            first = first or file.read()
            self.assertEqual(file.metadata.row_group(0).column(0).compression,
                             codec.upper().replace("NONE", "UNCOMPRESSED"))
            self.assertTrue(file.read().cast(first.schema).equals(first) or
                            exact(file.read().to_pylist()) == exact(first.to_pylist()))

    def test_a_file_says_where_it_comes_from(self):
        arrow = python_packages.load("pyarrow.parquet")
        bag = self.hostile_bag()
        kind = self.write("kind.yaml", "kind: hostile\nmeans: All sorts\nfields:\n"
                          "  n: {type: int, unit: m, means: A number}\n")
        self.run_ok("schema", bag, HOSTILE_TRACK, kind)
        path_of = self.exported(bag, "parquet", "--quiet")
        said = arrow.ParquetFile(path_of(HOSTILE_TRACK)).metadata.metadata
        self.assertEqual(said[b"zbag.track"].decode(), HOSTILE_TRACK)
        self.assertEqual(json.loads(said[b"zbag.runs"])[0]["id"], 1)
        self.assertEqual(json.loads(said[b"zbag.units"]), {"n": "m"})
        self.assertEqual(said[b"zbag.kind"], b"hostile")
        self.assertIn(b"zbag.version", said)

    def test_folders_are_partitions_that_others_read(self):
        duckdb = python_packages.load("duckdb")
        bag = self.hostile_bag()
        out = self.space.path("set")
        self.run_ok("export", bag, "-o", out, "--format", "parquet", "--partition-by",
                    "run,track,date,hour")
        rows = duckdb.execute("SELECT run, track, CAST(date AS VARCHAR), hour, count(*) FROM "
                              "read_parquet($1, hive_partitioning=true, union_by_name=true) "
                              "GROUP BY ALL ORDER BY track", [out + "/**/*.parquet"]).fetchall()
        self.assertEqual([(int(run), track, date, int(hour), count)
                          for run, track, date, hour, count in rows],
                         [(1, HOSTILE_TRACK, "1970-01-01", 0, 300),
                          (1, "plain/track", "1970-01-01", 0, 300)])

    def test_nothing_chosen_is_a_file_with_stamps_alone(self):
        arrow = python_packages.load("pyarrow.parquet")
        out = self.space.path("none.parquet")
        self.run_ok("export", self.hostile_bag(), "-o", out, "--format", "parquet", "--start", "1",
                    "--end", "2", code=LOSSY)
        self.assertEqual(arrow.ParquetFile(out).schema_arrow.names, ["timestamp"])


class CsvTest(ColumnsTest):

    def assert_cell(self, text, value, kind):
        if value is None:
            self.assertIn(text, ("", "null") if kind == "json" else ("",))  # NaN is null in JSON
        elif kind == "double":
            self.assertEqual(exact(float(text)), exact(value))
        elif kind == "int":
            self.assertEqual(int(text), value)
        elif kind == "bool":
            self.assertEqual(text, "true" if value else "false")
        elif kind == "bytes":
            self.assertEqual(base64.b64decode(text, validate=True), value)
        elif kind == "text":
            self.assertEqual(text, value)
        else:
            self.assertEqual(json.loads(text), as_json(value))

    def test_python_reads_what_cat_prints(self):
        for bag in self.bags():
            path_of = self.exported(bag, "csv", "--quiet")
            for track, rows in self.tracks(bag):
                with open(path_of(track), encoding="utf-8", newline="") as file:
                    head, *lines = csv.reader(file, strict=True)
                self.assertEqual(len(lines), len(rows.stamps))
                self.assertEqual(head, ["timestamp", *rows.columns])
                for number, line in enumerate(lines):
                    self.assertEqual(exact(float(line[0])), exact(rows.stamps[number]))
                    for text, column in zip(line[1:], rows.columns):
                        self.assert_cell(text, rows.cell(number, column), rows.kinds[column])

    def test_pandas_reads_the_numbers_of_real_recordings(self):
        pandas = python_packages.load("pandas")
        compared = 0
        for name in REAL:
            bag = self.real_bag(name)
            path_of = self.exported(bag, "csv", "--quiet")
            for track, rows in self.tracks(bag):
                frame = pandas.read_csv(path_of(track))
                self.assertEqual(list(frame.columns), ["timestamp", *rows.columns])
                for column in rows.columns:
                    cells = [rows.cell(row, column) for row in range(len(rows.stamps))]
                    if rows.kinds[column] not in ("double", "int") or None in cells:
                        continue
                    compared += 1
                    self.assertEqual([exact(float(one)) for one in frame[column]],
                                     [exact(float(one)) for one in cells], (track, column))
        self.assertGreater(compared, 5)

    def test_arrays_become_columns(self):
        bag = self.space.path("arrays.zbag")
        lines = "".join(json.dumps({"track": "arm", "_ts": n, "fields": {
            "position": [3.0, 4.0, 5.5] if n == 3 else [n, n + 1][:n], "gain": list(range(5)), "position_x": "mine"}}) + "\n"
                        for n in range(1, 4))
        self.run_ok("import", self.write("arrays.jsonl", lines), "-o", bag)
        out = self.space.path("arm.csv")
        self.run_ok("export", bag, "-o", out, "--format", "csv", "--expand-arrays", "suffix")
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["timestamp", *(f"gain_{n}" for n in range(5)),
                                         "position_x_", "position_y", "position_z", "position_x"])
        self.assertEqual([(row["position_x_"], row["position_y"], row["position_z"]) for row in rows],
                         [("1", "", ""), ("2", "3", ""), ("3.0", "4.0", "5.5")])
        self.assertEqual(rows[0]["position_x"], "mine")

    def test_a_path_is_analysed_from_its_columns(self):
        """S2.56: the columns position_x, position_y and timestamp, and what becomes of them."""
        path = [[2.0 * math.cos(n / 40), math.sin(n / 25)] for n in range(200)]
        lines = "".join(json.dumps({"track": "agent", "_ts": n / 10, "fields": {"position": place}}) + "\n"
                        for n, place in enumerate(path))
        bag, out = self.space.path("path.zbag"), self.space.path("path.csv")
        self.run_ok("import", self.write("path.jsonl", lines), "-o", bag)
        self.run_ok("export", bag, "-o", out, "--expand-arrays", "suffix")
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["timestamp", "position_x", "position_y"])

        def efficiency(places):
            """The direct way to where it ended, of the way that it went."""
            return math.dist(places[0], places[-1]) / sum(map(math.dist, places, places[1:]))
        read = [(float(row["position_x"]), float(row["position_y"])) for row in rows]
        self.assertEqual(efficiency(read), efficiency(path))
        self.assertEqual([float(row["timestamp"]) for row in rows], [n / 10 for n in range(200)])

    def test_bytes_lie_in_files_beside_it(self):
        bag, out = self.hostile_bag(), self.space.path("cam.csv")
        jpeg = [bytes([n]) * n for n in range(3)]
        lines = "".join(json.dumps({"track": "cam", "_ts": n, "fields": {"jpeg_hex": jpeg[n].hex()}})
                        + "\n" for n in range(3))
        bag = self.space.path("cam.zbag")
        self.run_ok("import", self.write("cam.jsonl", lines), "-o", bag)
        self.run_ok("export", bag, "-o", out, "--format", "csv", "--binary", "files")
        with open(out, encoding="utf-8", newline="") as file:
            names = [row["jpeg"] for row in csv.DictReader(file)]
        self.assertEqual(names, [f"cam.files/{n:06}.jpeg" for n in range(3)])
        for name, wanted in zip(names, jpeg):
            with open(self.space.path(name), "rb") as file:
                self.assertEqual(file.read(), wanted)
        hexes = self.run_ok("export", bag, "-o", "-", "--format", "csv", "--binary", "hex").stdout
        self.assertEqual(hexes.split(b"\r\n")[3], b"2.0,0202")


class JsonTest(ColumnsTest):

    def test_jq_and_python_read_what_cat_prints(self):
        for bag in self.bags():
            path_of = self.exported(bag, "json", "--quiet")
            for track, rows in self.tracks(bag):
                counted = subprocess.run(
                    ["jq", "-e", ".count == (.entries | length) and (.entries | all(has(\"timestamp\")))",
                     path_of(track)], capture_output=True, check=False)
                self.assertEqual(counted.returncode, 0, counted.stderr)
                with open(path_of(track), encoding="utf-8") as file:
                    entries = json.load(file)["entries"]
                self.assertEqual([exact(one.pop("timestamp")) for one in entries],
                                 [exact(stamp) for stamp in rows.stamps])
                self.assertEqual(exact(entries), exact([as_json(one) for one in rows.leaves]))


class RatioTest(ColumnsTest):
    """S2.66: what --compression makes of recordings, against none, and against JSON lines."""

    SETS = ("plaza1_uwb", "g1_tiny", "tilt_laser")

    def size_of(self, out):
        if os.path.isfile(out):
            return os.path.getsize(out)
        return sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(out) for name in names)

    def parquet_of(self, out):
        arrow = python_packages.load("pyarrow.parquet")
        return {os.path.relpath(os.path.join(path, name), out):
                exact(arrow.ParquetFile(os.path.join(path, name)).read().to_pylist())
                for path, _, names in os.walk(out) for name in names}

    def mcap_of(self, out):
        with open(out, "rb") as file:
            reader = python_packages.load("mcap.reader").make_reader(file, validate_crcs=True)
            return [(channel.topic, message.log_time, message.data)
                    for _, channel, message in reader.iter_messages(log_time_order=False)]

    def test_ratios_of_real_recordings(self):
        told = []
        for name in self.SETS:
            bag = self.real_bag(name)
            lines = self.space.path(name + ".jsonl")
            self.run_ok("export", bag, "-o", lines, "--format", "jsonl", "--quiet")
            for form, read, codecs in (("parquet", self.parquet_of, ("none", "snappy", "gzip", "lz4", "zstd")),
                                       ("mcap", self.mcap_of, ("none", "lz4", "zstd"))):
                sizes, plain = {}, None
                for codec in codecs:
                    out = self.space.path(f"{name}.{codec}.{form}s" + (".mcap" if form == "mcap" else ""))
                    self.run_ok("export", bag, "-o", out, "--format", form, "--compression", codec, "--quiet")
                    sizes[codec] = self.size_of(out)
                    found = read(out)
                    plain = found if plain is None else plain
                    self.assertEqual(found, plain, (name, form, codec))
                self.assertTrue(plain)
                for codec in codecs[1:]:
                    ratio = sizes["none"] / sizes[codec]
                    of_lines = os.path.getsize(lines) / sizes[codec]
                    told.append(f"{name} {form} {codec}: {ratio:.2f} to none, {of_lines:.2f} to JSON lines")
                    self.assertGreater(ratio, 1, told[-1])
                    self.assertGreater(of_lines, 1, told[-1])
        print("\n".join(told))


class AlignTest(ColumnsTest):
    """Rows on one track's clock, as pandas makes them of the tracks' own tables."""

    def test_pandas_aligns_alike(self):
        pandas = python_packages.load("pandas")
        draw = random.Random(7)
        lines = [json.dumps({"track": track, "_ts": draw.uniform(0, 10), "fields": {track: n}})
                 for track in ("tick", "slow", "fast")
                 for n in range({"tick": 300, "slow": 20, "fast": 900}[track])]
        bag = self.space.path("in.zbag")
        self.run_ok("import", self.write("in.jsonl", "\n".join(lines)), "-o", bag)
        path_of = self.exported(bag, "csv", "--quiet")
        own = {track: pandas.read_csv(path_of(track))
               for track in ("tick", "slow", "fast")}
        for how, direction in (("floor", "backward"), ("nearest", "nearest")):
            for tolerance in (None, 0.25):
                out = self.space.path(f"{how}{tolerance}.parquet")
                more = ("--tolerance", tolerance) if tolerance else ()
                self.run_ok("export", bag, "-o", out, "--format", "parquet", "--align", "tick", "--how",
                            how, *more)
                wanted = own["tick"]
                for track in ("slow", "fast"):
                    wanted = pandas.merge_asof(wanted, own[track], on="timestamp",
                                               direction=direction, tolerance=tolerance)
                rows = python_packages.load("pyarrow.parquet").ParquetFile(out).read().to_pylist()
                self.assertEqual(len(rows), 300)
                for name in ("slow", "fast"):
                    cells = [None if math.isnan(one) else one for one in wanted[name]]
                    self.assertEqual([row[f"{name}.{name}"] for row in rows], cells, (how, tolerance))

    def make_arm(self):
        lines = [json.dumps({"track": track, "_ts": n, "fields": fields}) for n in range(3) for track, fields in (
            ("robot/arm", {"q": n, "pose": {"x": n, "y": 2 * n}}), ("robot/imu", {"ax": -n, "q": 10 * n}))]
        bag = self.space.path("arm.zbag")
        self.run_ok("import", self.write("arm.jsonl", "\n".join(lines)), "-o", bag)
        return bag

    def test_columns_are_chosen_by_the_names_that_they_have(self):
        bag = self.make_arm()
        for columns, names in (("robot/imu.ax", ["robot/imu.ax"]),
                               ("robot/imu", ["robot/imu.ax", "robot/imu.q"]),
                               ("q", ["robot/arm.q", "robot/imu.q"]),
                               ("robot/arm.pose.y,ax", ["robot/arm.pose.y", "robot/imu.ax"])):
            for form in ("csv", "jsonl", "parquet", "sqlite"):
                with self.subTest(columns=columns, form=form):
                    out = self.space.path(columns.replace("/", "_") + "." + form)
                    as_rows = ("--layout", "rows") if form == "jsonl" else ()
                    self.run_ok("export", bag, "-o", out, "--format", form, "--align", "robot/arm",
                                "--columns", columns, *as_rows)
                    self.assertEqual(self.columns_of(out, form), names)

    @staticmethod
    def columns_of(out, form):
        if form == "csv":
            with open(out, encoding="utf-8", newline="") as file:
                return sorted(csv.DictReader(file).fieldnames)[:-1]  # but for `timestamp`
        if form == "jsonl":
            with open(os.path.join(out, "robot", "arm.jsonl"), encoding="utf-8") as file:
                return sorted(json.loads(file.readline()))[:-1]
        if form == "sqlite":
            database = sqlite3.connect(out)
            with contextlib.closing(database):
                names = [row[1] for row in database.execute('PRAGMA table_info("robot/arm")')]
        else:
            names = python_packages.load("pyarrow.parquet").ParquetFile(out).schema_arrow.names
        return sorted(name for name in names if "." in name)

    def test_a_column_that_no_aligned_track_has_is_said(self):
        for columns, said in (("robot/imu.ay", "did you mean robot/imu.ax"), ("robot/leg.q", "robot/"),
                              ("az", "did you mean ax")):
            with self.subTest(columns=columns):
                done = self.run_ok("export", self.make_arm(), "-o", "out.csv", "--format", "csv", "--align",
                                   "robot/arm", "--columns", columns, code=LOSSY)
                self.assert_one_line(done.stderr, columns, said)
                os.remove(self.space.path("arm.zbag"))

    def test_what_says_how_needs_what(self):
        bag = self.make_arm()
        for words in (("--how", "linear"), ("--tolerance", "0.1"), ("--how", "floor")):
            done = self.run_ok("export", bag, "-o", "out", "--format", "csv", *words, code=USAGE)
            self.assert_one_line(done.stderr, words[0], "--align")
            self.assertFalse(os.path.exists(self.space.path("out")))

    def test_a_clock_that_is_not_there_is_said(self):
        done = self.run_ok("export", self.hostile_bag(), "-o", "out", "--format", "csv", "--align",
                           "tock", code=FAILED)
        self.assert_one_line(done.stderr, "tock")
        self.assertFalse(os.path.exists(self.space.path("out")))


class RefusedTest(ColumnsTest):

    def test_options_that_a_format_does_not_know_are_refused(self):
        bag = self.hostile_bag()
        for words, said in (
                (("parquet", "-o", "-"), "stdout"),
                (("parquet", "-o", "out", "--compression", "rar"), "rar"),
                (("parquet", "-o", "out", "--compression", "lz4", "--compression-level", "3"), "lz4"),
                (("parquet", "-o", "out", "--partition-by", "week"), "week"),
                (("csv", "-o", "out", "--compression", "zstd"), "csv"),
                (("csv", "-o", "-", "--track", "plain/*", "--binary", "files"), "--binary"),
                (("json", "-o", "out", "--expand-arrays", "suffix"), "--expand-arrays"),
                (("jsonl", "-o", "out.jsonl", "--align", "plain/track"), "--align"),
                (("csv", "-o", "one.csv"), "2 tracks")):
            with self.subTest(words=words):
                done = self.space.run("export", bag, "--format", *words)
                self.assertIn(done.returncode, (FAILED, USAGE), done.stderr)
                self.assert_one_line(done.stderr, said)
                self.assertEqual(sorted(os.listdir(self.space.folder)),
                                 sorted({"rt", "hostile.zbag"} & set(os.listdir(self.space.folder))))

    FOLDERS = (("csv",), ("csv", "--binary", "files"), ("json",), ("jsonl",), ("parquet",),
               ("parquet", "--partition-by", "track"), ("images",), ("rosbag2", "--track", "imu"))

    def bag_of_all(self):
        lines = "".join(json.dumps({"track": track, "_ts": n, "fields": fields}) + "\n" for n in range(3)
                        for track, fields in (("cam", {"data_hex": "ffd8ff00"}),
                                              ("imu", {a + b: n / 2 for a in "ag" for b in "xyz"})))
        bag = self.space.path("all.zbag")
        self.run_ok("import", self.write("all.jsonl", lines), "-o", bag)
        self.run_ok("schema", bag, "imu", "imu")
        return bag

    def files_of(self, folder):
        found = {}
        for path, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(path, name), "rb") as file:
                    found[os.path.relpath(os.path.join(path, name), folder)] = file.read()
        return found

    def test_a_folder_that_is_not_empty_is_refused_by_every_format(self):
        bag = self.bag_of_all()
        for number, (form, *more) in enumerate(self.FOLDERS):
            with self.subTest(form=form, more=more):
                out = self.space.path(f"out{number}")
                os.makedirs(os.path.join(out, "deep"))
                self.write(f"out{number}/deep/mine", "mine")
                done = self.run_ok("export", bag, "-o", out, "--format", form, *more, "--quiet", code=FAILED)
                self.assert_one_line(done.stderr, out, "is not empty", "--force")
                self.assertEqual(self.files_of(out), {"deep/mine": b"mine"})

    def test_force_replaces_what_an_export_writes_and_nothing_else(self):
        bag = self.bag_of_all()
        for number, (form, *more) in enumerate(self.FOLDERS):
            with self.subTest(form=form, more=more):
                out = self.space.path(f"out{number}")
                words = ("export", bag, "-o", out, "--format", form, *more)
                self.run_ok(*words)
                wanted = self.files_of(out)
                for name in wanted:
                    self.write(f"out{number}/{name}", "old")
                self.write(f"out{number}/mine", "mine")
                self.run_ok(*words, "--force")
                found = self.files_of(out)
                self.assertEqual(found.pop("mine"), b"mine")
                self.assertEqual(sorted(found), sorted(wanted))
                self.assertNotIn(b"old", found.values())

    def test_a_full_disk_leaves_nothing(self):
        bag = self.real_bag("plaza1_uwb")
        disk = self.small_disk("64k")
        for form, *more in (("csv",), ("json",), ("jsonl",), ("parquet", "--compression", "none"),
                            ("parquet", "--partition-by", "track")):
            with self.subTest(form=form, more=more):
                done = self.run_ok("export", bag, "-o", os.path.join(disk, "out"), "--format", form,
                                   *more, code=FAILED)
                self.assertRegex(done.stderr.splitlines()[-1], "space|full")
                self.assertEqual(os.listdir(disk), [])


if __name__ == "__main__":
    harness.main()
