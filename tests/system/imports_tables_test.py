#!/usr/bin/env python3
"""Tables read (issue 15): CSV and Parquet of other programs value for value, what export writes
comes back, and files that are hostile."""

import csv
import datetime
import decimal
import json
import math
import os
import random
import sqlite3
import struct
import unittest

import harness
import python_packages
from harness import DAMAGED, DONE, LOSSY, USAGE

# One of a kind of everything that a table keeps, and what changes from row to row.
POINTS = [
    {"flag": True, "count": 1, "big": 2 ** 63, "low": -2 ** 63, "x": -0.0, "text": "a,b \"c\"\r\nd",
     "list": [0.1, 1e300], "ints": [1, 2 ** 63], "pose": {"position": {"x": 1.0, "y": 2.0}}},
    {"flag": False, "count": -3, "big": 2 ** 64 - 1, "low": 0, "x": math.nan, "text": "",
     "list": [], "ints": [-1], "pose": {"position": {"x": 0.5}}},
    {"count": 0, "x": math.inf, "text": "\u00e4\u4e2d\U0001f600 = ;\t", "timestamp": 5},
    {"x": 5e-324, "pose": {"position": {"y": -math.inf}}, "text": " blanks "},
]


def exact(points):
    return [(stamp, harness.exact(dict(sorted(fields.items())))) for stamp, fields in points]


class TableTest(harness.SystemTest):
    FORMAT = None

    def taken(self, path, *more, code=DONE):
        """What `import` makes of a file: (bag, stamps and fields of its track, stderr)."""
        self.count = getattr(self, "count", 0) + 1
        bag = self.space.path(f"in{self.count}.zbag")
        said = self.run_ok("import", path, "-o", bag, *more, code=code).stderr
        track = os.path.splitext(os.path.basename(path))[0]
        return bag, self.rows(bag, track) if os.path.exists(bag) else [], said

    def refused(self, path, *words, code=DAMAGED, more=()):
        _, rows, said = self.taken(path, *more, code=code)
        self.assertEqual(rows, [])
        return self.assert_one_line(said, os.path.basename(path), *words)

    def rows(self, bag, track):
        rows = []
        for _, fields in self.points(bag, "--track", track):
            fields = harness.without_bus_fields(fields)
            rows.append((fields.pop("_ts"), fields))
        return rows

    def bag_of(self, points):
        lines = [json.dumps({"track": "a/t", "_ts": 1.5 + n, "fields": fields})
                 .replace("-Infinity", '"-inf"').replace("Infinity", '"inf"').replace("NaN", "null")
                 for n, fields in enumerate(points)]
        bag = self.space.path("first.zbag")
        self.run_ok("import", self.write("points.jsonl", "\n".join(lines)), "-o", bag)
        return bag

    def assert_comes_back(self, points, form):
        first, second = self.bag_of(points), self.space.path("second.zbag")
        out, again = self.space.path("out"), self.space.path("again")
        self.run_ok("export", first, "-o", out, "--format", form)
        self.run_ok("import", out, "-o", second)
        self.assertEqual(exact(self.rows(second, "a/t")), exact(self.rows(first, "a/t")))
        self.run_ok("export", second, "-o", again, "--format", form)
        name = os.path.join("a", f"t.{form}")
        with open(os.path.join(out, name), "rb") as one, open(os.path.join(again, name), "rb") as two:
            if form == "csv":
                self.assertEqual(two.read(), one.read())
        self.assert_whole(second)


class CsvTest(TableTest):

    def csv(self, text, name="t.csv"):
        path = self.space.path(name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def test_what_export_writes_comes_back(self):
        self.assert_comes_back(POINTS, "csv")

    def test_names_that_are_in_each_others_way_come_back(self):
        self.assert_comes_back([{"a": 1, "a.b": 2, "a.b.c": 3, ".d": 4, "$e": 5, "timestamp_": 6,
                                 "f": {"g": 7}, "h.": 8}], "csv")

    def test_separators_and_ends_of_lines_are_found(self):
        wanted = [(1.0, {"x": 1.5, "name": "a b"}), (2.0, {"x": 2.0, "name": "c,;"})]
        plain = "time;x;name\n1;1.5;a b\n2;2;\"c,;\"\n"
        variants = {
            "semicolons": plain,
            "commas": plain.replace(";", ",").replace("c,,", "c,;"),
            "tabs": plain.replace(";", "\t").replace("c,\t", "c,;"),
            "crlf": plain.replace("\n", "\r\n"),
            "cr": plain.replace("\n", "\r"),
            "mark": "\ufeff" + plain,
            "blank lines": plain.replace("\n", "\n\n"),
            "no end": plain.rstrip("\n"),
            "a separator more": plain.replace("\n", ";\n").replace("name;", "name"),
            "blanks": plain.replace("time;x", " time ; x").replace("1;1.5", "1; 1.5 "),
        }
        for name, text in variants.items():
            with self.subTest(name):
                _, rows, said = self.taken(self.csv(text), "--quiet")
                self.assertEqual((exact(rows), said), (exact(wanted), ""))

    def test_a_column_is_of_one_type(self):
        columns = {
            ("1", "", "-2"): (1, None, -2),
            ("1", "2.5", "1e3"): (1.0, 2.5, 1000.0),
            ("9007199254740993", "0.5", ""): (9007199254740993, 0.5, None),
            ("18446744073709551615", "-9223372036854775808", "0"): (2 ** 64 - 1, -2 ** 63, 0),
            ("18446744073709551616", "1", "2"): ("18446744073709551616", "1", "2"),
            ("007", "1", "2"): ("007", "1", "2"),
            ("true", "FALSE", ""): (True, False, None),
            ("true", "1", ""): ("true", "1", None),
            ("-0", "NaN", "-Inf"): (-0.0, math.nan, -math.inf),
            ("1e999", "1", ""): ("1e999", "1", None),
            ("N/A", "1", "2"): (None, 1, 2),
            ("n/a", "-", "null"): ("n/a", "-", "null"),
            ("abc", "-", "NA"): ("abc", "-", "NA"),
            ('"[1,2]"', '"[]"', ""): ([1, 2], [], None),
            ('"{""a"":null}"', "", ""): ({"a": math.nan}, None, None),
            ('"[1,2"', '"[]"', ""): ("[1,2", "[]", None),
            ('""', '""', ""): ("", "", None),
            ('"1"', '"2"', '""'): (1, 2, None),
        }
        text = "t," + ",".join(f"c{n}" for n in range(len(columns))) + "\n"
        for row in range(3):
            text += f"{row}," + ",".join(cells[row] for cells in columns) + "\n"
        _, rows, _ = self.taken(self.csv(text))
        for row, (stamp, fields) in enumerate(rows):
            wanted = {f"c{n}": values[row] for n, values in enumerate(columns.values())
                      if values[row] is not None}
            self.assertEqual((stamp, harness.exact(fields)), (row, harness.exact(wanted)))

    def test_times_are_found_by_name_and_unit(self):
        at = 1403715273.262143
        variants = {
            "timestamp,x\n1403715273.262143,1\n": at,
            "x,_ts\n1,1403715273.262143\n": at,
            "#timestamp [ns],x\n1403715273262143000,1\n": at,
            "%time,x\n1403715273262143000,1\n": at,
            "Time (ms),x\n1403715273262.5,1\n": 1403715273.2625,
            "x,t_us\n1,1403715273262143\n": at,
            "time,x\n1403715273262143,1\n": at,
            "sec,nsec,x\n1403715273,262143000,1\n": at,
            "header.stamp.sec,header.stamp.nanosec,x\n1403715273,262143000,1\n": at,
            "TIMESTAMP,x\n2014-06-25T16:54:33.262143Z,1\n": at,
            "timestamp,x\n2014-06-25 18:54:33.262143+02:00,1\n": at,
            "datetime,x\n2014-06-25 16:54:33.262143,1\n": at,
            "time_ns,x\n5,1\n": 5e-9,
            "t,x\n-2.5,1\n": -2.5,
        }
        for text, stamp in variants.items():
            with self.subTest(text):
                _, rows, _ = self.taken(self.csv(text))
                self.assertEqual(rows, [(stamp, {"x": 1})])
        _, rows, said = self.taken(self.csv("time,x\n1403715273262143,1\n"))
        self.assertIn("taken for microseconds", said.splitlines()[0])

    def test_what_a_table_calls_or_writes_oddly_is_told(self):
        _, rows, said = self.taken(self.csv("t,a,a,,_seq\n0,1,2,3,4\n1,5,x,7,8\n"))
        self.assertEqual(rows, [(0.0, {"a": 1, "a_3": "2", "column": 3, "_seq_": 4}),
                                (1.0, {"a": 5, "a_3": "x", "column": 7, "_seq_": 8})])
        for words in ("column 3 is called a_3, column 4 column\n", "is called _seq_",
                      "a_3 is kept as texts, as x in it is no number"):
            self.assertIn(words, said)

    def test_a_table_without_a_time_says_what_it_has(self):
        path = self.csv("a,b\n1,2\n")
        self.refused(path, "a, b", "--time-field", code=USAGE)
        self.refused(path, "no column c", "a, b", code=USAGE, more=("--time-field", "c"))
        _, rows, _ = self.taken(path, "--time-field", "b")
        self.assertEqual(rows, [(2.0, {"a": 1})])

    def test_rows_that_are_none_are_refused_by_their_line(self):
        text = 't,x\n1,1\n2\n3,3,3\nlater,4\n"5\n",5\n"6"6,6\n7,7\n8'
        _, rows, said = self.taken(self.csv(text), code=LOSSY)
        self.assertEqual(rows, [(1.0, {"x": 1}), (7.0, {"x": 7})])
        for line in (3, 4, 5, 6, 8, 10):
            self.assertIn(f"t.csv:{line}: ", said)
        self.assertIn("cut off", said)

    def test_quotes_that_do_not_end_are_told_by_their_line(self):
        _, rows, said = self.taken(self.csv('t,x\n1,a\n2,"b\n3,c\n'), code=DAMAGED)
        self.assertIn("t.csv:3: the file ends within quotes", said)
        self.assertEqual(rows, [(1.0, {"x": "a"})])

    def test_a_field_of_100_mb_costs_its_row(self):
        path = self.space.path("t.csv")
        with open(path, "w", encoding="ascii") as file:
            file.write("t,x\n1,a\n2,")
            for _ in range(100):
                file.write("y" * 1_000_000)
            file.write("\n3,c\n")
        _, rows, said = self.taken(path, code=LOSSY)
        self.assertEqual(rows, [(1.0, {"x": "a"}), (3.0, {"x": "c"})])
        self.assertIn("t.csv:3: it has more than 64 MiB", said)

    def test_100000_columns_are_read(self):
        names = [f"c{n}" for n in range(100_000)]
        text = "t," + ",".join(names) + "\n" + ",".join(map(str, range(100_001))) + "\n"
        bag, rows, _ = self.taken(self.csv(text))
        self.assertEqual(rows, [(0.0, {name: n + 1 for n, name in enumerate(names)})])
        self.assert_whole(bag)

    def test_names_of_strangers_become_fields(self):
        _, rows, _ = self.taken(self.csv("t,x,x,,x_3,a.b.c,a..b\n1,2,3,4,5,6,7\n"))
        self.assertEqual(rows, [(1.0, {"x": 2, "x_3": 3, "column": 4, "x_3_5": 5,
                                       "a": {"b": {"c": 6}}, "a..b": 7})])
        _, rows, _ = self.taken(self.csv(b"t,\xe4\n1,2\n"))
        self.assertEqual(rows, [(1.0, {"\\xe4": 2})])
        deep = ".".join("d" * 1000)
        _, rows, _ = self.taken(self.csv(f"t,{deep}\n1,2\n"))
        self.assertEqual(rows, [(1.0, {deep: 2})])

    def test_what_is_no_table_is_refused_by_name(self):
        self.refused(self.csv(b""), "empty file")
        self.refused(self.csv(b"\x1f\x8b\x08\x00"), "gzip")
        self.refused(self.csv("t\0,x\n".encode("utf-16")), "UTF-16")

    def test_pandas_and_polars_are_read_value_for_value(self):
        pandas, polars = python_packages.load("pandas"), python_packages.load("polars")
        for seed in range(20):
            columns, rows = random_table(random.Random(seed), nested=False)
            frame = pandas.DataFrame({name: pandas.Series(values, dtype=object)
                                      for name, values in columns.items()})
            path = self.space.path("t.csv")
            frame.to_csv(path, index=False, na_rep="nan",
                         quoting=csv.QUOTE_NONNUMERIC if seed % 2 else csv.QUOTE_MINIMAL,
                         lineterminator="\r\n" if seed % 3 else "\n")
            with self.subTest(seed=seed, by="pandas"):
                self.assertEqual(exact(self.taken(path)[1]), exact(rows))
            written = polars.DataFrame(columns, strict=False, schema_overrides={
                "big": polars.UInt64, "count": polars.Int64}).write_csv(null_value="")
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(written.replace("NaN", "nan"))
            with self.subTest(seed=seed, by="polars"):
                self.assertEqual(exact(self.taken(path)[1]), exact(rows))

    def test_a_file_cut_anywhere_gives_the_rows_in_front(self):
        self.run_ok("export", self.bag_of(POINTS), "-o", self.space.path("whole.csv"))
        with open(self.space.path("whole.csv"), "rb") as file:
            whole = file.read()
        _, all_rows, _ = self.taken(self.csv(whole))
        for cut in range(whole.index(b"\n") + 1, len(whole), 17):
            path = self.csv(whole[:cut])
            self.count = getattr(self, "count", 0) + 1
            bag = self.space.path(f"in{self.count}.zbag")
            done = self.space.run("import", path, "-o", bag)
            self.assertIn(done.returncode, (DONE, LOSSY, DAMAGED), done.stderr)
            rows = self.rows(bag, "t") if os.path.exists(bag) else []
            self.assertLessEqual(len(rows), len(all_rows))
            self.assertEqual([stamp for stamp, _ in rows],
                             [stamp for stamp, _ in all_rows][:len(rows)])


class ParquetTest(TableTest):

    def parquet(self, table, name="t.parquet", **options):
        pyarrow = python_packages.load("pyarrow")
        python_packages.load("pyarrow.parquet").write_table(
            table if isinstance(table, pyarrow.Table) else pyarrow.table(table),
            self.space.path(name), **options)
        return self.space.path(name)

    def test_what_export_writes_comes_back(self):
        mixed = [{"joints": ["a", "b"], "blob": "x"}, {"joints": [], "deep": [[1, 2], [3]]}]
        self.assert_comes_back([{**point, **more} for point, more in
                                zip(POINTS, mixed + [{}, {}])], "parquet")

    def test_partitions_of_a_track_are_one(self):
        first = self.space.path("first.zbag")
        lines = [{"track": track, "_ts": 86_400.0 * n, "fields": {"n": n, "x": n / 4}}
                 for n in range(4) for track in ("arm", "robot/imu \u00e4=%")]
        self.run_ok("import", self.write("points.jsonl", "\n".join(map(json.dumps, lines))), "-o", first)
        for by in ("date", "track,date,hour", "run,track"):
            with self.subTest(by):
                out, again = self.space.path(by), self.space.path(by + ".zbag")
                self.run_ok("export", first, "-o", out, "--format", "parquet", "--partition-by", by)
                self.run_ok("import", out, "-o", again)
                self.run_ok("diff", first, again)

    def test_bytes_come_back(self):
        bag, second = self.space.path("first.zbag"), self.space.path("second.zbag")
        self.run_ok("import", self.write("points.jsonl", '{"track":"a/t","_ts":1.5,"fields":'
                                         '{"jpeg_hex":"00ff27","x":1}}'), "-o", bag)
        self.run_ok("export", bag, "-o", self.space.path("out"), "--format", "parquet")
        self.run_ok("import", self.space.path("out"), "-o", second)
        self.assertEqual(self.rows(second, "a/t"), [(1.5, {"jpeg": b"\x00\xff'", "x": 1})])

    def test_pyarrow_polars_and_pandas_are_read_value_for_value(self):
        pyarrow = python_packages.load("pyarrow")
        polars = python_packages.load("polars")
        python_packages.load("pandas")
        for seed in range(10):
            columns, rows = random_table(random.Random(seed), nested=True)
            types = {"big": pyarrow.uint64()}
            table = pyarrow.table({name: pyarrow.array(values, type=types.get(name))
                                   for name, values in columns.items()})
            with self.subTest(seed=seed, by="pyarrow"):
                path = self.parquet(table, row_group_size=7,
                                    compression=["snappy", "zstd", "gzip", "none"][seed % 4])
                self.assertEqual(exact(self.taken(path)[1]), exact(rows))
            path = self.space.path("t.parquet")
            with self.subTest(seed=seed, by="polars"):
                polars.from_arrow(table).write_parquet(path)
                self.assertEqual(exact(self.taken(path)[1]), exact(rows))
            with self.subTest(seed=seed, by="pandas"):
                flat = table.drop(["pose"])
                flat.to_pandas().to_parquet(path, index=False)
                wanted = [(stamp, {name: value for name, value in fields.items()
                                   if name != "pose"}) for stamp, fields in rows]
                self.assertEqual(exact(self.taken(path)[1]), exact(wanted))

    def test_types_of_columns_become_values(self):
        pyarrow = python_packages.load("pyarrow")
        at = datetime.datetime(2026, 11, 20, 10, 0, 0, 123456)
        ns = 1795168800123456000
        columns = {
            "a_float": (pyarrow.float32(), 0.1, struct.unpack("f", struct.pack("f", 0.1))[0]),
            "b_int8": (pyarrow.int8(), -5, -5),
            "c_decimal": (pyarrow.decimal128(10, 3), decimal.Decimal("1.234"), 1.234),
            "d_big": (pyarrow.decimal128(20, 0), 2 ** 64 - 1, 2 ** 64 - 1),
            "e_when": (pyarrow.timestamp("us"), at, ns),
            "f_day": (pyarrow.date32(), at.date(), "2026-11-20"),
            "g_map": (pyarrow.map_(pyarrow.string(), pyarrow.int32()), {"k": 1}, {"k": 1}),
            "h_holes": (pyarrow.list_(pyarrow.int32()), [1, None], [1, None]),
            "i_null": (pyarrow.int32(), None, None),
            "i_of_day": (pyarrow.time64("us"), datetime.time(0, 0, 2), 2 * 10**9),
            "j_word": (pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), "w", "w"),
            "l_long": (pyarrow.decimal128(20, 3), decimal.Decimal("12345678901234567.891"), 12345678901234567.891),
            "k_array": (pyarrow.list_(pyarrow.float64(), 2), [1.0, 2.0], [1.0, 2.0]),
        }
        table = {name: pyarrow.array([value], type=kind)
                 for name, (kind, value, _) in columns.items()}
        path = self.parquet({"t": [2.5], **table})
        wanted = {name: value for name, (_, _, value) in columns.items() if value is not None}
        _, rows, said = self.taken(path)
        self.assertEqual(rows, [(2.5, wanted)])
        self.assertIn("of l_long, DECIMAL(20,3), what float64 holds is kept", said)
        self.assertNotIn("_decimal", said)
        self.assertNotIn("d_big", said)

    def test_times_are_found_by_type_name_and_unit(self):
        pyarrow = python_packages.load("pyarrow")
        at = datetime.datetime(2026, 11, 20, 10, 0, 0, 123456)
        stamp = 1795168800.123456
        for name, array in {"when": pyarrow.array([at], pyarrow.timestamp("ns")),
                            "_ts": pyarrow.array([at], pyarrow.timestamp("ms")),
                            "time": pyarrow.array([1795168800123456000]),
                            "t_us": pyarrow.array([1795168800123456]),
                            "Stamp": pyarrow.array(["2026-11-20T10:00:00.123456Z"])}.items():
            with self.subTest(name):
                rows = self.taken(self.parquet({"x": [1], name: array}))[1]
                wanted = 1795168800.123 if name == "_ts" else stamp
                self.assertEqual(rows, [(wanted, {"x": 1})])
        times = {"x": [1], "time": pyarrow.array([datetime.time(0, 0, 2, 500000)], pyarrow.time64("us"))}
        self.assertEqual(self.taken(self.parquet(times))[1], [(2.5, {"x": 1})])
        self.assertIn("the times in time are taken for seconds", self.taken(self.parquet({"x": [1], "time": [5]}))[2])
        path = self.parquet({"a": [1], "b": [2]})
        self.refused(path, "a, b", "--time-field", code=USAGE)
        self.assertEqual(self.taken(path, "--time-field", "b")[1], [(2.0, {"a": 1})])

    def test_rows_without_a_time_are_refused_by_their_number(self):
        path = self.parquet({"t": [1.0, None, math.nan, 4.0], "x": [1, 2, 3, 4]})
        _, rows, said = self.taken(path, code=LOSSY)
        self.assertEqual(rows, [(1.0, {"x": 1}), (4.0, {"x": 4})])
        self.assertIn("row 2: its t is no time", said)

    def test_damaged_files_are_one_line(self):
        path = self.parquet({"t": [float(n) for n in range(5000)], "x": list(range(5000))},
                            compression="none")
        with open(path, "rb") as file:
            whole = file.read()
        for name, bytes_of_it in {"cut off": whole[:-9], "nothing": b"PAR1",
                                  "footer": whole[:-60] + b"\xff" * 40 + whole[-20:]}.items():
            with self.subTest(name):
                with open(path, "wb") as file:
                    file.write(bytes_of_it)
                said = self.refused(path)
                self.assertNotIn("/proc", said)

    def test_names_with_signs_of_patterns_are_names(self):
        path = self.parquet({"t": [1.0], "x": [1]}, name="a[1]*?.parquet")
        self.assertEqual(self.taken(path)[1], [(1.0, {"x": 1})])


class SqliteTest(TableTest):

    def test_what_export_writes_comes_back(self):
        points = [{name: value for name, value in point.items() if value == value}
                  for point in POINTS]  # SQLite knows no NaN, nor -0.0
        points[0]["x"] = 0.25
        points[0].update({"mixed": "a", "a.b": 1, "joints": ["a", "b"], "X": 1, "Flag": 2})
        points[1].update({"mixed": 1, "joints": [], "timestamp": 3})
        first, second = self.bag_of(points), self.space.path("second.zbag")
        out = self.space.path("out.db")
        self.run_ok("export", first, "-o", out, "--format", "sqlite")
        self.run_ok("import", out, "-o", second)
        self.assertEqual(exact(self.rows(second, "a/t")), exact(self.rows(first, "a/t")))
        self.assert_whole(second)

    def test_other_databases_are_refused_by_name(self):
        path = self.space.path("t.db")
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE t(x REAL)")
        database.close()
        self.refused(path, "no ROS 2 bag")

    def test_tables_that_lie_are_one_line_or_cost_their_row(self):
        bag, out = self.bag_of([{"x": 1, "y": {"z": 2.5}}] * 3), self.space.path("t.db")
        lies = {
            "UPDATE fields SET names = 'x'": "fields of table",
            "UPDATE fields SET names = '[\"y\"]' WHERE column_name = 'x'": "a map is no map",
            "UPDATE fields SET column_name = 'none'": "no such column",
            "UPDATE tracks SET table_name = 'none'": "no such table",
        }
        for lie, word in lies.items():
            with self.subTest(lie):
                self.run_ok("export", bag, "-o", out, "--format", "sqlite", "--force")
                with sqlite3.connect(out) as database:
                    database.execute(lie)
                database.close()
                _, _, said = self.taken(out, code=DAMAGED)
                self.assert_one_line(said, "t.db", word)
        self.run_ok("export", bag, "-o", out, "--format", "sqlite", "--force")
        with sqlite3.connect(out) as database:
            database.execute('UPDATE "a/t" SET x = 0.5 WHERE rowid = 2')
        database.close()
        again = self.space.path("again.zbag")
        said = self.run_ok("import", out, "-o", again, code=LOSSY).stderr
        self.assertIn("track a/t, row 2: a value is not of the kind", said)
        self.assertEqual(len(self.rows(again, "a/t")), 2)


def random_table(source, nested):
    """Columns by name, and the points that they are: (columns, [(stamp, fields)])."""
    count = source.randint(1, 40)
    double = lambda: source.choice([0.0, -0.0, 1.5, math.inf, -math.inf, 5e-324, 1.7e308,
                                    source.uniform(-1, 1) * 10 ** source.randint(-20, 20)])
    text = lambda: source.choice(["x", "a,b", 'say "no"', "two\nlines", "\u00e4\u4e2d\U0001f600",
                                  "'", ";", "\t|", "x" * 300])
    columns = {"timestamp": sorted(source.uniform(0, 1e9) for _ in range(count)),
               "count": [source.randint(-2 ** 63, 2 ** 63 - 1) for _ in range(count)],
               "big": [2 ** 63] + [source.randint(0, 2 ** 64 - 1) for _ in range(count - 1)],
               "flag": [source.random() < 0.5 for _ in range(count)],
               "x": [0.25] + [double() for _ in range(count - 1)],
               "text": ["begin"] + [text() for _ in range(count - 1)]}
    if nested:
        columns["list"] = [[double() for _ in range(source.randint(0, 4))] for _ in range(count)]
        columns["ints"] = [[source.randint(-9, 9) for _ in range(3)] for _ in range(count)]
        columns["pose"] = [{"p": {"x": double()}, "name": text()} for _ in range(count)]
        columns["bytes"] = [source.randbytes(source.randint(0, 9)) for _ in range(count)]
    names = [name for name in columns if name != "timestamp"]
    rows = [(stamp, {name: columns[name][n] for name in names})
            for n, stamp in enumerate(columns["timestamp"])]
    return columns, rows


if __name__ == "__main__":
    harness.main()
