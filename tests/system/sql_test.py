#!/usr/bin/env python3
"""Bags asked in SQL: `zbag sql`, in every format, of several bags, of damaged and hostile ones."""

import csv
import fcntl
import io
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios

import harness
from harness import DAMAGED, DONE, FAILED, USAGE


class SqlTest(harness.SystemTest):
    """A bag of an IMU of a thousand points, ten milliseconds apart, and of some odd values."""

    def setUp(self):
        super().setUp()
        if "none" in self.space.run("version", "--verbose").stdout.decode().split("duckdb")[1]:
            self.skipTest("this zbag has no DuckDB")
        self.bag = self.make_bag("run.zbag", [
            *({"track": "robot/imu", "_ts": 1000 + n / 100, "fields": {"ax": n / 2, "pose": {"x": n}}}
              for n in range(1000)),
            {"track": "odd", "_ts": 1001.0, "fields": {"X": 1, "x": float("inf"), "text": 'a "b",\nc',
                                                       "bin_hex": "00ff", "list": [1.5, 2.5]}}])

    def make_bag(self, name, points, *options):
        source = self.space.path(name + ".jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for point in points:
                file.write(json.dumps(point).replace("Infinity", '"inf"') + "\n")
        bag = self.space.path(name)
        self.run_ok("import", source, "-o", bag, "--quiet", *options)
        return bag

    def ask(self, query, *options, code=DONE):
        return self.run_ok("sql", self.bag, query, *options, code=code)

    def rows(self, query, *options):
        lines = self.ask(query, "--format", "json", *options).stdout.decode().splitlines()
        return [json.loads(line) for line in lines]

    def test_prints_a_table(self):
        done = self.ask('SELECT avg(ax) AS mean, count(*) AS n FROM "robot/imu"')
        self.assertEqual(done.stdout.decode(), "  mean     n\n249.75  1000\n")
        self.assertEqual(done.stderr, "")
        done = self.ask('SELECT "pose.x", bin, NULL AS gone FROM "robot/imu", odd LIMIT 2')
        self.assertEqual(done.stdout.decode().splitlines(),
                         ["pose.x  bin        gone", "     0  <bin 2 B>  NULL", "     1  <bin 2 B>  NULL",
                          "2 rows"])

    def test_prints_csv_and_json(self):
        query = "SELECT text, bin, list, X, x_2 FROM odd"
        text = self.ask(query, "--format", "csv", "--quiet").stdout.decode()
        self.assertEqual(list(csv.reader(io.StringIO(text, newline=""))),
                         [["text", "bin", "list", "X", "x_2"],
                          ['a "b",\nc', "AP8=", "[1.5,2.5]", "1", "inf"]])
        self.assertEqual(self.rows(query), [{"text": 'a "b",\nc', "bin": "AP8=", "list": [1.5, 2.5],
                                             "X": 1, "x_2": "inf"}])

    def test_numbers_that_json_does_not_have_are_written_alike_by_all(self):
        """NaN is null, infinities are texts: of cat, export and sql, and import reads them so."""
        whole = self.space.path("odd.jsonl")
        with open(whole, "w", encoding="utf-8") as file:  # as Python writes them
            file.write(json.dumps({"track": "n", "_ts": 1.0, "fields": {
                "nan": float("nan"), "up": float("inf"), "down": float("-inf"), "word": {"$str": "inf"},
                "list": [float("nan"), float("inf"), -0.5], "map": {"x": float("-inf")}}}) + "\n")
        expected = {"nan": None, "up": "inf", "down": "-inf", "word": "inf",
                    "list": [None, "inf", -0.5]}
        bag = self.space.path("odd.zbag")
        self.run_ok("import", whole, "-o", bag, "--quiet")
        for round_trip in range(2):
            with self.subTest(round_trip=round_trip):
                shown = json.loads(self.run_ok("cat", bag).stdout)
                self.assertEqual(shown, {"_ts": 1.0, "track": "n", **expected, "map": {"x": "-inf"}})
                row = json.loads(self.run_ok("sql", bag, "FROM n", "--format=json").stdout)
                self.assertEqual(row, {"_ts": 1.0, "_ts_ns": 10**9, **expected, "map.x": "-inf"})
                point = json.loads(self.run_ok("sql", bag, "SELECT fields FROM points",
                                               "--format=json").stdout)
                self.assertEqual(point["fields"], {**expected, "map": {"x": "-inf"}})
                neutral = self.space.path(f"odd_{round_trip}.jsonl")
                self.run_ok("export", bag, "-o", neutral, "--quiet")
                with open(neutral, encoding="utf-8") as file:
                    fields = json.loads(file.read().splitlines()[-1])["fields"]
                self.assertEqual(fields, {**expected, "word": {"$str": "inf"}, "map": {"x": "-inf"}})
                rows = self.space.path(f"rows_{round_trip}")
                self.run_ok("export", bag, "--format=jsonl", "-o", rows, "--quiet")
                with open(os.path.join(rows, "n.jsonl"), encoding="utf-8") as file:
                    row = json.loads(file.read())
                self.assertEqual({name: row[name] for name in expected}, expected)
                bag = self.space.path(f"odd_{round_trip}.zbag")
                self.run_ok("import", neutral, "-o", bag, "--quiet")
        query = "SELECT nan::VARCHAR AS a, up::VARCHAR AS b, word AS c FROM n"
        self.assertEqual(self.run_ok("sql", bag, query, "--format=csv").stdout,
                         b"a,b,c\r\nnan,inf,inf\r\n")

    def test_a_name_of_an_object_is_there_once(self):
        self.assertEqual(self.ask("SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a", "--format", "json").stdout,
                         b'{"a":1,"a_3":2,"a_2":3,"a_4":4}\n')

    def test_shows_which_tables_there_are_and_what_they_have(self):
        self.assertEqual([row["name"] for row in self.rows("show  TABLES; ")],
                         ["odd", "robot/imu", "zbag.episodes", "zbag.losses", "zbag.points", "zbag.runs",
                          "zbag.tracks"])
        self.assertEqual([(row["column_name"], row["column_type"])
                          for row in self.rows('DESCRIBE "robot/imu"', "--start", "+1")],
                         [("_ts", "DOUBLE"), ("_ts_ns", "BIGINT"), ("ax", "DOUBLE"), ("pose.x", "BIGINT")])

    def test_statements_that_are_no_questions(self):
        done = self.ask("CREATE TABLE made AS SELECT ax FROM \"robot/imu\" LIMIT 2; "
                        "INSERT INTO made VALUES (7.5) RETURNING ax; DELETE FROM made WHERE ax = 7.5; "
                        "SELECT count(*) AS n FROM made", "--format", "csv")
        self.assertEqual(done.stdout, b"ax\r\n7.5\r\nn\r\n2\r\n")
        done = self.ask("CREATE TABLE made (d DECIMAL(5, 2)); INSERT INTO made VALUES (1.5) RETURNING d",
                        code=FAILED)
        self.assert_one_line(done.stderr, "cast it")
        for explain in ("EXPLAIN", "EXPLAIN ANALYZE"):
            shown = self.ask(explain + " SELECT avg(ax) FROM \"robot/imu\"").stdout.decode()
            self.assertIn("ZBAG", shown)
            self.assertIn("│", shown)
            self.assertNotIn("...", shown)

    def test_what_was_prepared_is_shown_as_a_query_is(self):
        prepare = ("PREPARE q AS SELECT $1::INT + 1 AS n, [1.5] AS list, x_2 AS far FROM odd "
                   "WHERE \"X\" = 1; ")
        done = self.ask(prepare + "EXECUTE q(41)")
        self.assertEqual(done.stdout.decode(), " n  list   far\n42  [1.5]  inf\n")
        self.assertEqual(self.rows(prepare + "execute q (41)"),
                         [{"n": 42, "list": [1.5], "far": "inf"}])
        text = self.ask(prepare + "EXECUTE Q(1);", "--format=csv").stdout.decode()
        self.assertEqual(text, "n,list,far\r\n2,[1.5],inf\r\n")
        self.assertEqual(self.rows('PREPARE "a ""b" AS SELECT now() IS NULL AS no; EXECUTE "a ""b"'),
                         [{"no": False}])
        done = self.ask("CREATE TABLE t (a INT); PREPARE i AS INSERT INTO t VALUES (?); "
                        "EXECUTE i(3); EXECUTE i(4); SELECT sum(a) AS s FROM t", "--format=csv")
        self.assertEqual(done.stdout, b"s\r\n7\r\n")
        out = self.space.path("executed.csv")
        done = self.ask(prepare + "EXECUTE q(1); EXECUTE q(2)", "-o", out, "--quiet", code=USAGE)
        self.assert_one_line(done.stderr, "2 results do not go into one file")
        done = self.ask(prepare + "EXECUTE q(1, 2)", code=FAILED)
        self.assertEqual(done.stdout, b"")
        parquet = self.space.path("executed.parquet")
        self.ask(prepare + "EXECUTE q(1)", "-o", parquet)
        self.assertEqual(self.rows(f"SELECT n FROM '{parquet}'", "--files"), [{"n": 2}])

    def test_a_value_that_has_no_room_is_said_with_the_option_that_gives_it(self):
        bag = self.make_bag("large.zbag", [{"track": "t", "_ts": 1.0, "fields": {"s": "x" * 20_000_000}}])
        done = self.run_ok("sql", bag, "SELECT max(s || s || s || s) FROM t", "--memory", "64", code=FAILED)
        self.assert_one_line(done.stderr, "--memory")
        self.assertNotIn("SET ", done.stderr)

    def test_nothing_is_left_of_a_killed_one(self):
        aside = self.space.path("aside")
        os.mkdir(aside)
        env = {**self.space.env, "TMPDIR": aside}
        query = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
        with subprocess.Popen([harness.binary(), "sql", self.bag, query], env=env,
                              stderr=subprocess.DEVNULL) as asking:
            harness.wait_until(lambda: os.listdir(aside), "its folder")
            asking.kill()
        self.assertEqual(len(os.listdir(aside)), 1)
        subprocess.run([harness.binary(), "sql", self.bag, "SELECT 1"], env=env, check=True,
                       stdout=subprocess.DEVNULL)
        self.assertEqual(os.listdir(aside), [])

    def test_says_once_which_names_are_others(self):
        done = self.ask("SELECT a.X FROM odd a, odd b")
        self.assert_one_line(done.stderr, "field x is column x_2")

    def test_a_file_appears_when_it_is_whole(self):
        out = self.space.path("out.parquet")
        self.ask('SELECT _ts, ax FROM "robot/imu" ORDER BY ax DESC', "-o", out)
        self.assertEqual(self.rows(f"SELECT count(*) AS n, max(ax) AS m FROM '{out}'", "--files"),
                         [{"n": 1000, "m": 499.5}])
        done = self.ask("SELECT 1", "-o", out, code=FAILED)
        self.assert_one_line(done.stderr, "out.parquet", "--force")
        for query, code in (("SELECT nope FROM odd", USAGE), ("SELECT error('late') FROM odd", FAILED)):
            for name in ("new.parquet", "new.csv", "new.json"):
                self.ask(query, "-o", self.space.path(name), code=code)
                self.assertEqual([f for f in os.listdir(self.space.folder) if f.startswith("new")], [])
        self.ask("SELECT 1 AS one", "-o", self.space.path("new.csv"))
        with open(self.space.path("new.csv"), encoding="utf-8", newline="") as file:
            self.assertEqual(file.read(), "one\r\n1\r\n")

    def test_the_end_of_a_name_says_what_is_in_the_file(self):
        for name in ("t.xlsx", "t.tsv", "t.parquet.gz", "t"):
            done = self.ask("SELECT 1 AS one", "-o", self.space.path(name), code=USAGE)
            self.assert_one_line(done.stderr, f"{name}: name a .csv, .json, .jsonl or .parquet, or give --format")
            self.assertFalse(os.path.exists(self.space.path(name)))
        for name, content, options in (("t.CSV", b"one\r\n1\r\n", ()), ("t.ndjson", b'{"one":1}\n', ()),
                                       ("t.JsonL", b'{"one":1}\n', ()), ("t.Parquet", None, ()),
                                       ("t.tsv", b'{"one":1}\n', ("--format", "jsonl")),
                                       ("t.txt", b"one\n  1\n", ("--format", "table"))):
            self.ask("SELECT 1 AS one", "-o", self.space.path(name), *options)
            with open(self.space.path(name), "rb") as file:
                written = file.read()
            self.assertEqual(written, content or written, name)
            self.assertEqual(written.startswith(b"PAR1"), content is None, name)

    def test_a_file_of_columns_holds_one_result(self):
        make = "CREATE TABLE made AS SELECT 7 AS a"
        for name in ("two.csv", "two.parquet"):
            for query in ("SELECT 1 a; SELECT 2 b", f"{make}; FROM made; SELECT a FROM made",
                          f"{make}; INSERT INTO made VALUES (8) RETURNING a; SELECT a FROM made"):
                done = self.ask(query, "-o", self.space.path(name), code=USAGE)
                self.assert_one_line(done.stderr, "2 results do not go into one file: ask one query")
                self.assertEqual([f for f in os.listdir(self.space.folder) if f.startswith(name)], [])
            self.ask(f"{make}; INSERT INTO made VALUES (8); SELECT max(a) AS a FROM made;",
                     "-o", self.space.path(name))
        with open(self.space.path("two.csv"), "rb") as file:
            self.assertEqual(file.read(), b"a\r\n8\r\n")
        self.assertEqual(self.rows(f"FROM '{self.space.path('two.parquet')}'", "--files"), [{"a": 8}])
        self.assertEqual(self.ask(f"SELECT 1 a; {make}; SELECT 2 b").stdout, b"a\n1\n\nb\n2\n")

    def test_a_range_reads_no_more_than_is_asked_for(self):
        query = 'SELECT count(*) AS n FROM "robot/imu"'
        self.assertEqual(self.rows(query, "--start", "+1", "--end", "+2"), [{"n": 101}])
        self.assertEqual(self.rows(query, "--duration", "1"), [{"n": 101}])
        done = self.ask('SELECT avg(ax) FROM "robot/imu"', "--stats", "--start", "1009.5")
        self.assertRegex(done.stderr, r"read 50 points of 1 block; decoded 1 field\b")

    def test_any_number_of_threads_gives_the_same(self):
        """S4.13: each reads key ranges of its own; no row is missing, twice, or another."""
        bag = self.make_bag("long.zbag", [{"track": "t", "_ts": n / 100, "fields": {"n": n, "x": n % 97 / 7}}
                                          for n in range(60_000)])
        for query in ("SELECT _ts_ns, n, x FROM t ORDER BY _ts_ns",
                      "SELECT x, count(*) AS c, sum(n) AS s, min(_ts_ns) AS a FROM t GROUP BY x ORDER BY x"):
            with self.subTest(query=query):
                one, many = (self.run_ok("sql", bag, query, "--format", "csv", "--threads", threads).stdout
                             for threads in ("1", "8"))
                self.assertEqual(one, many)
        rows = one.decode().splitlines()
        self.assertEqual(len(rows), 1 + 97)
        self.assertEqual(sum(int(row.split(",")[1]) for row in rows[1:]), 60_000)

    def test_says_what_is_wrong_in_one_line(self):
        for query, words in (("SELECT avg(ax FROM odd", ("line 1, column", "syntax error")),
                             ("SELECT 1 FROM robot/imu", ("line 1, column 20", '"robot/imu"')),
                             ("PRAGMA table_info('odd')", ("DESCRIBE odd",)),
                             ("SELECT\n nope FROM \"robot/imu\"", ("line 2, column 2", "nope")),
                             ("SELECT 1 FROM nowhere", ("line 1, column 15", "no table nowhere", "SHOW TABLES")),
                             ('SELECT 1 FROM "robot/imo"', ("no table robot/imo", 'mean "robot/imu"?')),
                             ("", ("empty",)),
                             ("COPY (SELECT 1) TO 'x.csv'", ("--files",)),
                             ("SET threads = 2", ("--threads N sets it",)),
                             ("SET memory_limit = '1GB'", ("--memory MB sets it",)),
                             ('SELECT POSE.x FROM "robot/imu"', ('a nested field is written "pose.x"',)),
                             ('SELECT i.pose.y FROM "robot/imu" i', ('a nested field is written "pose.x"',)),
                             ("PIVOT odd ON X USING count(*)", ("PIVOT needs ON name IN (...)",)),
                             ("DELETE FROM \"robot/imu\"", ("bags are not written by sql",)),
                             ("UPDATE \"robot/imu\" SET ax = 2", ("bags are not written by sql",)),
                             ("SELECT 1; DROP TABLE odd", ("bags are not written by sql",)),
                             ("PRAGMA enable_profiling", ("EXPLAIN ANALYZE",)),
                             ("PRAGMA profiling_output = 'x.json'", ("--files",)),
                             ("INSERT INTO odd VALUES (1)", ("bags are not written by sql",)),
                             ("SELECT * FROM zbag('gone.zbag', 't')", ("gone.zbag",)),
                             ("SELECT * FROM zbag('run.zbag', 'no')", ("no track no",))):
            done = self.space.run("sql", self.bag, query)
            self.assertNotIn(done.returncode, (DONE, DAMAGED), query)
            self.assert_one_line(done.stderr, *words)
        self.run_ok("sql", self.bag, code=USAGE)
        for query in ("SELECT nope.x FROM odd", "PRAGMA table_info('odd')"):
            self.assertNotRegex(self.ask(query, code=USAGE).stderr, "nested field|not written")
        self.assertEqual(self.rows("PIVOT (SELECT X FROM odd) ON X IN (1, 2) USING count(*)"), [{"1": 1, "2": 0}])

    def test_its_help_says_what_surprises(self):
        text = " ".join(self.run_ok("sql", "--help").stdout.decode().split())
        for words in ("NOT isnan(x)", "count from 1", "to_timestamp(_ts)", '"linear.x"'):
            self.assertIn(words, text)
        self.assertEqual(
            self.rows("SELECT v FROM (VALUES ('nan'::DOUBLE), (1.5)) AS t(v) WHERE v > 1 AND NOT isnan(v)"),
            [{"v": 1.5}])
        self.assertEqual(self.rows("SELECT list[1] AS first, CAST(to_timestamp(_ts) AS VARCHAR) AS at FROM odd"),
                         [{"first": 1.5, "at": "1970-01-01 00:16:41+00"}])

    def test_a_query_comes_from_stdin(self):
        def piped(text, *words):
            return subprocess.run([harness.binary(), "sql", self.bag, *words], env=self.space.env, input=text,
                                  capture_output=True, check=False)
        done = piped(b"SELECT 1 AS one;\nSELECT 2 AS two\n", "-", "--format", "json")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (DONE, b'{"one":1}\n{"two":2}\n', b""))
        for text, words, said in ((b"SELECT 1", (), "- reads it from stdin"), (b"", ("-",), "empty"),
                                  (b"-- " + b"x" * (1 << 20), ("-",), "more than 1 MiB")):
            done = piped(text, *words)
            self.assertEqual(done.returncode, USAGE)
            self.assert_one_line(done.stderr.decode(), said)

    def test_a_track_that_is_called_like_a_file_is_a_track(self):
        bag = self.make_bag("files.zbag", [
            *({"track": name, "_ts": 1.0, "fields": {"x": n}}
              for n, name in enumerate(("t.csv", "logs/t.parquet", "t.json.gz", "plain.name")))])
        with open(self.space.path("t.csv"), "w", encoding="utf-8") as file:
            file.write("x\n77\n")

        def ask(query, *options):
            return self.run_ok("sql", bag, query, "--format=csv", "--quiet",
                               *options).stdout.decode().split("\r\n")[1:-1]

        for options in ((), ("--files",)):
            with self.subTest(options=options):
                for n, name in enumerate(("t.csv", "logs/t.parquet", "t.json.gz", "plain.name")):
                    self.assertEqual(ask(f'SELECT x FROM "{name}"', *options), [str(n)])
                self.assertEqual(ask('SELECT x FROM "T.CSV"', *options), ["0"])
                self.assertEqual(ask('DESCRIBE "t.csv"', *options)[-1].split(",")[0], "x")
                self.assertEqual(ask('SHOW TABLES', *options)[:4],
                                 ["logs/t.parquet", "plain.name", "t.csv", "t.json.gz"])
        # What is asked for as a file still is one.
        self.assertEqual(ask("SELECT x FROM read_csv('t.csv')", "--files"), ["77"])
        self.assertEqual(ask('SELECT x FROM "t.csv"; SHOW TABLES').count("t.csv"), 1)

    def test_several_bags_are_one(self):
        other = self.make_bag("other.zbag", [{"track": "odd", "_ts": 5.0, "fields": {"X": 7}}])
        done = self.run_ok("sql", self.bag, other, "SELECT X, bag FROM odd ORDER BY _ts",
                           "--format", "json")
        self.assertEqual([json.loads(line) for line in done.stdout.splitlines()],
                         [{"X": 7, "bag": other}, {"X": 1, "bag": self.bag}])

    def test_tells_of_bags(self):
        self.assertEqual(self.rows("SELECT name, points FROM tracks"),
                         [{"name": "odd", "points": 1}, {"name": "robot/imu", "points": 1000}])
        self.assertEqual(self.rows("SELECT count(*) AS n FROM episodes"), [{"n": 0}])
        self.assertEqual(self.rows("SELECT fields FROM points WHERE track = 'robot/imu' LIMIT 1"),
                         [{"fields": {"ax": 0.0, "pose": {"x": 0}}}])

    def test_damage_is_left_out_and_told(self):
        bag = self.make_bag("damaged.zbag", [
            {"track": "t", "_ts": float(n), "fields": {"n": n}} for n in range(40_000)],
            "--compression", "none")
        with open(bag, "r+b") as file:
            at = file.read().rindex(b"\xa1n\xcd\x9c")  # of a point near the end
            file.seek(at)
            file.write(b"\xa1m\xcd\x9c")
        done = self.run_ok("sql", bag, "SELECT count(*) AS n FROM t", "--format", "json", code=DAMAGED)
        left = json.loads(done.stdout)["n"]
        lost = 40_000 - left
        self.assertGreater(left, 30_000)
        self.assert_one_line(done.stderr, "damaged.zbag", f"{lost} points are left out")
        done = self.run_ok("sql", bag, "SELECT count(*) AS n FROM points", "--format", "json",
                           code=DAMAGED)
        self.assertEqual(json.loads(done.stdout)["n"], left)
        self.assert_one_line(done.stderr, "damaged.zbag", f"{lost} points are left out")
        done = self.run_ok("cat", bag, "--track", "t", "--start-index", "0", code=DAMAGED)
        self.assertEqual(len(done.stdout.splitlines()), left)
        self.assert_one_line(done.stderr, "damaged.zbag", f"{lost} points are left out")

    def test_a_bag_is_asked_while_it_is_recorded(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder)
        sensor.wait_for_subscriber()
        sensor.send("t", {"_ts": 1.0, "x": 1.5})
        self.space.run("ctl", "record", "flush", *recorder.urls)

        def is_there():
            done = self.space.run("sql", bag, "SELECT x FROM t", "--format", "csv")
            return done.returncode == DONE and done.stdout == b"x\r\n1.5\r\n"
        harness.wait_until(is_there, "the point")
        sensor.close()
        self.assertEqual(recorder.stop(), DONE)

    def test_ctrl_c_ends_a_query(self):
        query = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
        asking = self.space.start("sql", self.bag, f"SELECT 1 AS one; {query}")
        asking.wait_for_line("one", asking.out_lines)
        self.assertEqual(asking.stop(signal.SIGINT), FAILED)
        self.assert_one_line(asking.stderr, "stopped")

    def test_a_prompt_completes_cancels_and_goes_on(self):
        master, slave = pty.openpty()
        env = {**self.space.env, "HOME": self.space.folder, "TERM": "xterm"}
        env.pop("XDG_STATE_HOME", None)
        shown = b""
        with subprocess.Popen([harness.binary(), "sql", "-i", self.bag], env=env, stdin=slave,
                              stdout=slave, stderr=slave, start_new_session=True) as asking:
            os.close(slave)

            def expect(text):
                nonlocal shown
                while text not in shown:
                    ready = select.select([master], [], [], harness.DEADLINE)[0]
                    self.assertTrue(ready, f"{text} is not in {shown}")
                    shown += os.read(master, 65536)
                shown = shown[shown.index(text) + len(text):]

            expect(b"run.zbag: 1,001 points in 2 tracks; .help for help")
            expect(b"zbag> ")
            os.write(master, b".help\n.tables\n.nope\n")
            expect(b"DESCRIBE")
            expect(b"robot/imu")
            expect(b"there is no .nope")
            expect(b"zbag> ")
            os.write(master, b'SELECT max(ax) AS top FROM "rob\t;\n')
            expect(b"499.5")
            os.write(master, b'SELECT min(ax) + 3.25 AS low FROM robot/i\t;\n')
            expect(b" low\r\n3.25")
            os.write(master, b"SELECT 7 AS seven; SELECT sum(a.range * b.range) "
                             b"FROM range(1000000) a, range(1000000) b;\n")
            expect(b"seven\r\n")  # no line is read any more, and the second has begun or will
            asking.send_signal(signal.SIGINT)
            while not select.select([master], [], [], 1)[0]:
                asking.send_signal(signal.SIGINT)
            expect(b"stopped")
            expect(b"zbag> ")
            os.write(master, b"SELECT 2\n + 3 AS five;\n")
            expect(b"five\r\n")
            os.write(master, b"quit\n")
            self.assertEqual(asking.wait(harness.DEADLINE), USAGE)  # of .nope
        os.close(master)
        with open(self.space.path(".local/state/zbag/sql_history"), encoding="utf-8") as file:
            self.assertIn("max", file.read())

    def test_no_copy_takes_the_place_of_the_bag_that_is_read(self):
        with open(self.bag, "rb") as file:
            before = file.read()
        for target in (self.bag, os.path.join(os.path.dirname(self.bag), ".", os.path.basename(self.bag))):
            done = self.space.run("sql", self.bag, "--files", f"SELECT 1; COPY (SELECT 2) TO '{target}' (FORMAT csv)")
            self.assertEqual(done.returncode, FAILED)
            self.assert_one_line(done.stderr, "is the bag that is read")
        with open(self.bag, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_a_list_of_whole_numbers_and_fractions_is_a_list_of_doubles(self):
        lines = "".join(json.dumps({"track": "m", "_ts": n, "fields": fields}) + "\n" for n, fields in enumerate(
            ({"l": [0, 0.5], "w": [1, 2], "b": [2**53 + 1, 0.5]}, {"l": [0.25, 1.0], "w": [0.5, 1], "b": []})))
        with open(self.space.path("m.jsonl"), "w", encoding="utf-8") as file:
            file.write(lines)
        bag = self.space.path("m.zbag")
        self.run_ok("import", self.space.path("m.jsonl"), "-o", bag)
        done = self.run_ok("sql", bag, "SELECT typeof(l) AS a, typeof(w) AS b, typeof(b) AS c, l[1] + w[2] AS sum, b "
                           "FROM m", "--format", "json")
        rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.assertEqual([(row["a"], row["b"], row["c"], row["sum"]) for row in rows],
                         [("DOUBLE[]", "DOUBLE[]", "JSON", 2.0), ("DOUBLE[]", "DOUBLE[]", "JSON", 1.25)])
        self.assertIn("9007199254740993", done.stdout.decode())

    def shown_on_terminal(self, query, columns):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen([harness.binary(), "sql", self.bag, query, "--quiet"], env=self.space.env,
                              stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL) as asking:
            os.close(slave)
            shown = b""
            while True:
                try:
                    part = os.read(master, 65536)
                except OSError:  # Linux's end of a terminal
                    break
                if not part:
                    break
                shown += part
            self.assertEqual(asking.wait(harness.DEADLINE), DONE)
        os.close(master)
        return shown.decode().replace("\r\n", "\n").splitlines()

    def test_a_terminal_shows_what_fits_and_says_what_it_leaves_out(self):
        query = 'SELECT ax AS "first of the columns", 1 AS second, 2 AS third FROM "robot/imu" ORDER BY ax'
        lines = self.shown_on_terminal(query, 29)
        self.assertEqual((lines[0], len(lines)), ("first of the columns  second", 42))
        self.assertEqual(lines[-2].split(), ["19.5", "1"])
        self.assertEqual(lines[-1], "960 more rows, 1 more column; --format csv has all")
        self.assertEqual(self.shown_on_terminal(query + " LIMIT 41", 80)[-1], "1 more row; --format csv has all")
        self.assertEqual(self.shown_on_terminal(query + " LIMIT 40", 35)[-1], "40 rows")
        self.assertEqual(self.shown_on_terminal(query + " LIMIT 1", 5),
                         ["first of the columns", "                 0.0", "2 more columns; --format csv has all"])
        piped = self.ask(query).stdout.decode().splitlines()
        self.assertEqual((piped[0], len(piped), piped[-1]),
                         ("first of the columns  second  third", 1002, "1,000 rows"))

    def test_a_reader_that_has_enough_is_no_failure(self):
        command = f"{harness.binary()} sql {self.bag} 'SELECT * FROM points' --format csv | head -n 1"
        done = self.space.run("version", behind=("bash", "-c", f"set -o pipefail; {command}; :"))
        self.assertTrue(done.stdout.startswith(b"track,index,_ts,_ts_ns,fields,bag"))
        self.assertEqual(done.stderr, "")
        for target, said in (("| head -n 1", ""), (">/dev/full", "No space left on device")):
            command = f"{harness.binary()} sql {self.bag} 'SELECT * FROM range(200000)' {target}"
            done = self.space.run("version", behind=("bash", "-c", f"{command}; :"))
            self.assertIn(said, done.stderr)
            self.assertEqual(bool(done.stderr), bool(said), done.stderr)


if __name__ == "__main__":
    harness.main()
