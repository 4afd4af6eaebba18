#!/usr/bin/env python3
"""zbag analyze and zbag plot: what numbers come to, beside plain Python's own answers, and pictures
of them."""

import decimal
import fractions
import json
import math
import os
import random
import re
import shutil
import statistics
import unittest
import xml.etree.ElementTree

import lmdb

import harness
import terminal
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE

FUNCTIONS = ("moving-average", "anomalies", "trends", "percentiles", "correlation", "distribution",
             "top-values")
EVIL = "'; `touch pwned` \"$(touch pwned)\"\nset output 'pwned'\n! touch pwned <b>&"


def percentile(numbers, percent):
    """Linear, as numpy has it."""
    numbers = sorted(numbers)
    position = percent / 100 * (len(numbers) - 1)
    below = math.floor(position)
    above = min(below + 1, len(numbers) - 1)
    return numbers[below] + (numbers[above] - numbers[below]) * (position - below)


class AnalyzeTest(harness.SystemTest):
    """A bag of two tracks: noise on a slope at 100 Hz, with a spike, some holes and a silence; and
    another at 10 Hz that follows it."""

    def setUp(self):
        super().setUp()
        noise = random.Random(4)
        self.points = []
        for n in range(3000):
            stamp = 1000.0 + n / 100 + (5 if n >= 2000 else 0)
            value = 2.0 + 0.25 * (stamp - 1000.0) + noise.gauss(0, 0.3)
            value = 60.0 if n == 1234 else value
            self.points.append((stamp, value, ("idle", "run", "fault")[n % 7 % 3]))
        self.bag = self.make("a", self.lines())

    def lines(self):
        for n, (stamp, value, state) in enumerate(self.points):
            fields = {"v": value, "state": state, "n": n, "pose": {"x": n}, "q": [0.0, n * 2.0]}
            if n % 500 == 499:
                fields["v"] = (None, "text", "inf", {"$nil": True}, [1.0], None)[n // 500]
            if n == 17:
                del fields["v"]
            yield "imu", stamp, fields
            if n % 10 == 0:
                yield "slow", stamp + 0.001, {"w": -value if n % 500 != 499 else 0.0}

    def make(self, name, lines):
        path = self.space.path(name + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for track, stamp, fields in lines:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", path, "-o", bag, "--quiet")
        return bag

    def numbers(self):
        return [(stamp, value) for n, (stamp, value, _) in enumerate(self.points)
                if n % 500 != 499 and n != 17]

    def json(self, function, *options, bag=None, track="imu", field="v", code=DONE):
        field = ("--field", field) if field else ()
        done = self.run_ok("analyze", bag or self.bag, function, "--track", track, *field, "--json",
                           *options, code=code)
        return json.loads(done.stdout)


class FunctionsTest(AnalyzeTest):
    """Each against the same by plain Python."""

    def test_percentiles(self):
        found = self.json("percentiles", "--percentiles", "1,25,50,99.9")
        values = [value for _, value in self.numbers()]
        result = found["result"]
        for percent in (1, 25, 50, 99.9):
            self.assertAlmostEqual(result[f"p{percent}"], percentile(values, percent), 12)
        self.assertEqual(list(result)[:4], ["p1", "p25", "p50", "p99.9"])
        self.assertEqual(result["total_count"], len(values))
        self.assertAlmostEqual(result["mean_value"], statistics.fmean(values), 12)
        self.assertAlmostEqual(result["std_dev"], statistics.stdev(values), 12)

    def test_what_is_skipped_is_counted_by_what_it_is(self):
        found = self.json("percentiles")
        self.assertEqual(found["points"], 3000)
        self.assertEqual(found["skipped"], {"absent": 1, "null": 1, "not_numbers": 2, "nan": 2,
                                            "infinite": 1})
        said = self.run_ok("analyze", self.bag, "percentiles", "--track=imu", "--field=v").stderr
        self.assert_one_line(said, "3,000 points of imu, 7 skipped", "1 absent", "1 null",
                             "2 no number", "2 NaN", "1 infinite")

    def test_tumbling_averages(self):
        rows = self.json("moving-average", "--window=2")["result"]
        windows = {}
        for stamp, value in self.numbers():
            windows.setdefault(math.floor(round(stamp * 1e3) / 2000) * 2.0, []).append(value)
        self.assertEqual([row["window_start"] for row in rows], sorted(windows))
        for row in rows:
            values = windows[row["window_start"]]
            self.assertEqual(row["sample_count"], len(values))
            self.assertAlmostEqual(row["moving_avg"], statistics.fmean(values), 12)
            self.assertAlmostEqual(row["std"], statistics.stdev(values), 12)
            self.assertEqual((row["min"], row["max"]), (min(values), max(values)))

    def test_sliding_averages(self):
        rows = self.json("moving-average", "--window=0.5", "--mode=sliding")["result"]
        numbers = [(round(stamp * 1e9), value) for stamp, value in self.numbers()]
        self.assertEqual(len(rows), len(numbers))
        for row, (key, _) in list(zip(rows, numbers))[::17]:
            values = [value for at, value in numbers if key - 500_000_000 < at <= key]
            self.assertEqual(row["sample_count"], len(values))
            self.assertAlmostEqual(row["moving_avg"], statistics.fmean(values), 11)
        self.assertIsNone(rows[0]["std"])

    def test_anomalies(self):
        rows = self.json("anomalies", "--threshold=5")["result"]
        self.assertEqual([(row["time"], row["value"]) for row in rows], [self.points[1234][:2]])
        values = [value for _, value in self.numbers()]
        score = (60.0 - statistics.fmean(values)) / statistics.stdev(values)
        self.assertAlmostEqual(rows[0]["z_score"], score, 9)

    def test_a_silence_is_an_anomaly_of_the_intervals(self):
        found = self.json("anomalies", "--intervals", field="")
        self.assertEqual([row["time"] for row in found["result"]], [self.points[2000][0]])
        self.assertAlmostEqual(found["result"][0]["value"], 5.01, 6)

    def test_trends(self):
        result = self.json("trends", "--window=1")["result"]
        periods = {}
        for stamp, value in self.numbers():
            periods.setdefault(math.floor(stamp + 1e-9), []).append((stamp - 1000.0, value))
        x = [statistics.fmean(t for t, _ in one) for one in periods.values()]
        y = [statistics.fmean(v for _, v in one) for one in periods.values()]
        slope, intercept = statistics.linear_regression(x, y)
        self.assertEqual((result["trend"], result["periods"]), ("increasing", len(periods)))
        self.assertAlmostEqual(result["slope"], slope, 9)
        self.assertAlmostEqual(result["intercept"], intercept, 7)
        self.assertEqual(result["origin"], 1000.0)
        self.assertAlmostEqual(result["r_squared"], statistics.correlation(x, y) ** 2, 9)
        self.assertAlmostEqual(result["change_percent"], (y[-1] - y[0]) / y[0] * 100, 9)
        self.assertEqual(self.json("trends", "--eps=1")["result"]["trend"], "stable")
        self.assertEqual(self.json("trends", "--window=1h")["result"]["trend"], "insufficient_data")

    def test_correlation_within_a_track(self):
        result = self.json("correlation", "--with=n")["result"]
        pairs = [(value, n) for n, (_, value, _) in enumerate(self.points)
                 if n % 500 != 499 and n != 17]
        values, ns = zip(*pairs)
        self.assertEqual(result["sample_count"], len(pairs))
        self.assertAlmostEqual(result["correlation"], statistics.correlation(values, ns), 12)
        self.assertAlmostEqual(result["covariance"] / statistics.covariance(values, ns), 1.0, 12)

    def test_correlation_of_two_tracks(self):
        found = self.json("correlation", "--with=imu:v", "--tolerance=5ms", track="slow", field="w")
        self.assertEqual(found["result"]["sample_count"], 300)
        self.assertAlmostEqual(found["result"]["correlation"], -1.0, 12)
        self.assertEqual(found["with"]["points"], 3000)
        done = self.run_ok("analyze", self.bag, "correlation", "--track=slow", "--field=w",
                           "--with=imu:v", code=LOSSY)
        self.assertIn("give a longer --tolerance", done.stderr)

    def test_distribution(self):
        rows = self.json("distribution", "--bins=7")["result"]
        values = [value for _, value in self.numbers()]
        self.assertEqual([row["bin"] for row in rows], list(range(7)))
        self.assertEqual((rows[0]["lo"], rows[-1]["hi"]), (min(values), max(values)))
        for row in rows:
            is_last = row is rows[-1]
            self.assertEqual(row["count"], sum(
                row["lo"] <= value < row["hi"] or (is_last and value == row["hi"])
                for value in values))
            self.assertAlmostEqual(row["percentage"], row["count"] / len(values) * 100, 12)
        self.assertIn(0, [row["count"] for row in rows])

    def test_top_values(self):
        rows = self.json("top-values", "--top=2", field="state")["result"]
        states = [state for _, _, state in self.points]
        self.assertEqual([(row["group"], row["count"]) for row in rows],
                         [(state, states.count(state)) for state in ("idle", "fault")])
        rows = self.json("top-values", "--group-by=state")["result"]
        groups = {}
        for n, (_, value, state) in enumerate(self.points):
            if n % 500 != 499 and n != 17:
                groups.setdefault(state, []).append(value)
        for row in rows:
            values = groups[row["group"]]
            self.assertEqual((row["count"], row["min_value"], row["max_value"]),
                             (len(values), min(values), max(values)))
            self.assertAlmostEqual(row["avg_value"], statistics.fmean(values), 12)

    def test_top_values_tell_what_they_leave_out(self):
        found = self.json("top-values", "--top=2", field="state")
        states = [state for _, _, state in self.points]
        self.assertEqual((found["more_values"], found["more_points"]), (1, states.count("run")))
        self.assertEqual(self.json("top-values", field="state")["more_values"], 0)
        words = ("analyze", self.bag, "top-values", "--track=imu", "--field=n", "--quiet")
        last = self.run_ok(*words, "--top=7").stdout.decode().splitlines()[-1]
        self.assertEqual(last, "  and 2,993 more values of 2,993 points; --top 3000 shows all")
        self.assertNotIn(b"more", self.run_ok(*words, "--top=3000").stdout)

    def test_a_part_of_the_time_and_several_bags_are_what_they_say(self):
        part = self.json("percentiles", "--start=+5", "--duration=2")
        self.assertEqual(part["points"], 201)
        folder = self.space.path("days")
        os.mkdir(folder)
        for name, half in (("b", 0), ("c", 1)):
            lines = [line for n, line in enumerate(self.lines()) if n // 1000 % 2 == half]
            shutil.move(self.make(name, lines), folder)
        whole, parts = (self.json("moving-average", "--mode=sliding", bag=bag)
                        for bag in (self.bag, folder))
        self.assertEqual(whole, parts)

    def test_of_a_list_an_element_and_of_a_map_what_lies_in_it(self):
        self.assertEqual(self.json("percentiles", field="q[1]")["result"]["p50"], 2999.0)
        self.assertEqual(self.json("percentiles", field="pose.x")["result"]["p50"], 1499.5)


class WidestTest(AnalyzeTest):
    """Numbers at the ends of what a double holds, beside the exact answers of fractions."""

    def setUp(self):
        harness.SystemTest.setUp(self)
        noise = random.Random(9)
        self.values = [noise.choice((-1, 1)) * noise.uniform(1.2e308, 1.79e308) for _ in range(200)]
        self.others = [value * 0.5 + noise.uniform(-1e307, 1e307) for value in self.values]
        self.small = [noise.uniform(1e-200, 2e-200) for _ in range(200)]
        self.bag = self.make("wide", (
            ("imu", 1000.0 + n / 10, {"v": v, "w": w, "s": s})
            for n, (v, w, s) in enumerate(zip(self.values, self.others, self.small))))

    @staticmethod
    def exact(x, y):
        """Mean of x, its deviation, and how both go together, with fifty digits."""
        decimal.getcontext().prec = 50
        x, y = ([fractions.Fraction(one) for one in values] for values in (x, y))
        mean, other = (sum(values) / len(values) for values in (x, y))
        squares, squares_of_other, products = (
            sum((a - m) * (b - n) for a, b in zip(one, two)) for one, two, m, n in
            ((x, x, mean, mean), (y, y, other, other), (x, y, mean, other)))
        root = lambda square: (decimal.Decimal(square.numerator) /
                               decimal.Decimal(square.denominator)).sqrt()
        return (float(mean), float(root(squares / (len(x) - 1))),
                float(root(products ** 2 / (squares * squares_of_other))))

    def assert_close(self, found, exact):
        self.assertAlmostEqual(found / exact, 1.0, 14)

    def test_mean_and_deviation(self):
        for field, values in (("v", self.values), ("w", self.others), ("s", self.small)):
            with self.subTest(field=field):
                mean, deviation, _ = self.exact(values, values)
                result = self.json("percentiles", field=field)["result"]
                self.assert_close(result["mean_value"], mean)
                self.assert_close(result["std_dev"], deviation)

    def test_windows(self):
        for mode in ("tumbling", "sliding"):
            rows = self.json("moving-average", "--window=5", "--mode=" + mode)["result"]
            self.assertEqual(len(rows), 4 if mode == "tumbling" else 200)
            for n, row in list(enumerate(rows))[3::49 if mode == "sliding" else 1]:
                end = (n + 1) * (50 if mode == "tumbling" else 1)
                values = self.values[max(0, end - 50):end]
                mean, deviation, _ = self.exact(values, values)
                self.assert_close(row["moving_avg"], mean)
                self.assert_close(row["std"], deviation)

    def test_what_goes_together(self):
        result = self.json("correlation", "--with=w")["result"]
        self.assert_close(result["correlation"], self.exact(self.values, self.others)[2])
        self.assertEqual(result["covariance"], "inf")  # 1e616 is more than a double holds

    def test_everything_else_is_a_number(self):
        for function in ("trends", "distribution", "anomalies"):
            self.assertNotIn("null", json.dumps(self.json(function)["result"]))


class TableTest(AnalyzeTest):
    """What people read."""

    def test_every_function_prints_one(self):
        more = {"correlation": ("--with=n",), "top-values": ("--group-by=state",)}
        for function in FUNCTIONS:
            with self.subTest(function=function):
                done = self.run_ok("analyze", self.bag, function, "--track=imu", "--field=v",
                                   *more.get(function, ()))
                lines = done.stdout.decode().splitlines()
                found = json.loads(self.run_ok(
                    "analyze", self.bag, function, "--track=imu", "--field=v", "--json",
                    *more.get(function, ())).stdout)["result"]
                if isinstance(found, dict):
                    self.assertEqual([line.split()[0] for line in lines], list(found))
                else:
                    self.assertEqual(lines[0].split(), list(found[0]))
                    self.assertEqual(len(lines), len(found) + 1)
                    self.assertEqual(len({len(line) for line in lines}),
                                     1 if function in ("moving-average", "anomalies") else
                                     len({len(line) for line in lines}))

    def test_a_table_fits_its_terminal(self):
        bag = self.make("names", (
            ("imu", 1326899528.0 + n / 7, {"v": n * 1234.5678901, "name": f"arm/left/{n % 9}/" + "state" * 20})
            for n in range(200)))
        for function, field in (("moving-average", "v"), ("distribution", "v"),
                                ("top-values", "name")):
            words = ("analyze", bag, function, "--track=imu", "--field=" + field, "--quiet")
            for columns in (40, 60, 80, 120):
                with self.subTest(function=function, columns=columns):
                    lines = terminal.output_of(self.space, columns, *words).splitlines()
                    self.assertEqual([line for line in lines if len(line) > columns], [])
                    rows = [line for line in lines if "more column" not in line]
                    self.assertEqual(len(set(rows)), len(rows))
                    has_all = columns >= 80 and function != "top-values"
                    self.assertFalse(has_all and len(rows) < len(lines), lines)
            piped = self.run_ok(*words).stdout.decode()
            self.assertNotIn("\u2026", piped)
            self.assertNotIn("more column", piped)

    def test_without_an_anomaly_it_says_so(self):
        words = ("analyze", self.bag, "anomalies", "--track=imu", "--field=v", "--threshold=500")
        self.assertEqual(self.run_ok(*words).stdout, b"none beyond 500 standard deviations\n")
        self.assertEqual(json.loads(self.run_ok(*words, "--json").stdout)["result"], [])

    def test_a_reader_that_has_seen_enough_is_no_error(self):
        read, write = os.pipe()
        os.close(read)
        process = self.space.start("analyze", self.bag, "moving-average", "--mode=sliding",
                                   "--track=imu", "--field=v", "--quiet",
                                   stdout_path=f"/proc/self/fd/{write}")
        os.close(write)
        self.assertEqual(process.wait(), DONE)
        self.assertEqual(process.stderr, "")


class RefusalTest(AnalyzeTest):
    """One clear line, and nothing left behind."""

    def refused(self, code, *words, says):
        done = self.space.run(*words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assert_one_line(done.stderr, *says)
        self.assertEqual(done.stdout, b"")
        self.assertEqual([name for name in os.listdir(self.space.folder)
                          if name.endswith((".svg", ".png")) or "making" in name], [])

    def test_what_does_not_belong_to_the_function(self):
        owners = {"--window=2": ("moving-average", "trends"), "--mode=sliding": ("moving-average",),
                  "--threshold=3": ("anomalies",), "--eps=1": ("trends",),
                  "--percentiles=5": ("percentiles",), "--with=n": ("correlation",),
                  "--tolerance=1": ("correlation",), "--bins=5": ("distribution",),
                  "--group-by=state": ("top-values",), "--top=3": ("top-values",),
                  "--intervals": FUNCTIONS[:4] + ("distribution",)}
        for option, functions in owners.items():
            for function in set(FUNCTIONS) - set(functions):
                with self.subTest(option=option, function=function):
                    self.refused(USAGE, "analyze", self.bag, function, "--track=imu", "--field=v",
                                 option, says=(option.split("=")[0] + " is of ", functions[0],
                                               f"means nothing to {function}"))

    def test_what_is_missing(self):
        self.refused(USAGE, "analyze", self.bag, "trends", "--track=imu", says=("--field",))
        self.refused(USAGE, "analyze", self.bag, "trends", "--field=v", says=("--track",))
        self.refused(USAGE, "analyze", self.bag, "correlation", "--track=imu", "--field=v",
                     says=("--with",))
        self.refused(USAGE, "analyze", self.bag, "trends", "--track=imu", "--field=v",
                     "--intervals", says=("--intervals",))
        self.refused(USAGE, "analyze", self.bag, "correlation", "--track=imu", "--field=v",
                     "--with=n", "--tolerance=1", says=("--tolerance",))
        self.refused(USAGE, "analyze", self.bag, "trend", "--track=imu", "--field=v",
                     says=("moving-average", "top-values"))

    def test_what_is_nowhere_is_named_with_the_nearest_there_is(self):
        for words, says in (
                (("analyze", self.bag, "trends", "--track=imo", "--field=v"), "did you mean imu?"),
                (("analyze", self.bag, "trends", "--track=imu", "--field=stat"),
                 "did you mean state?"),
                (("analyze", self.bag, "trends", "--track=imu", "--field=pose.xx"),
                 "did you mean pose.x?"),
                (("analyze", self.bag, "trends", "--track=i*", "--field=v"), "no track i*"),
                (("analyze", self.bag, "correlation", "--track=imu", "--field=v", "--with=slow:ww"),
                 "did you mean w?"),
                (("plot", self.bag, "imo:v", "-o", "p.svg"), "did you mean imu?"),
                (("plot", self.bag, "imu:v,stat", "-o", "p.svg"), "did you mean state?")):
            with self.subTest(words=words):
                self.refused(LOSSY, *words, says=(says,))

    def test_bags_and_the_function_in_another_order_are_told(self):
        for words, says in ((("percentiles", self.bag), "BAG comes first"),
                            ((self.bag, self.bag), "several bags: a folder of them"),
                            ((self.bag, self.bag, "trends"), "several bags: a folder of them")):
            self.refused(USAGE, "analyze", *words, "--track=imu", "--field=v", says=(says,))
        self.refused(USAGE, "plot", self.bag, self.bag, "imu:v", "-o", "p.svg",
                     says=("several bags: a folder of them",))

    def test_a_map_and_fractions_have_another_way(self):
        says = "pose is a map: name one, as pose.x"
        self.assert_no_number(says, "--field=pose")
        self.refused(LOSSY, "plot", self.bag, "imu:pose", "-o", "p.svg", says=(says,))
        self.refused(LOSSY, "analyze", self.bag, "top-values", "--track=slow", "--field=w",
                     says=("no text, whole number or bool is in w of slow; for fractions: distribution",))
        done = self.run_ok("analyze", self.bag, "percentiles", "--track=imu", "--field=state",
                           code=LOSSY)
        self.assertNotIn("list", done.stderr)

    def test_a_field_as_other_tools_write_it_has_another_way(self):
        picture = self.space.path("never.svg")
        for field, says in (("pose.*", "a * stands for nothing here"), ("q[]", "q[0], the first"),
                            ("q[-1]", "q[0], the first"), ("q[1:3]", "q[0], the first")):
            self.refused(USAGE, "plot", self.bag, f"imu:{field}", "-o", picture, says=(says,))
            self.refused(USAGE, "analyze", self.bag, "percentiles", "--track=imu",
                         f"--field={field}", says=(says,))

    def test_what_has_no_number_says_why(self):
        self.assert_no_number("no number is in state of imu: 3,000 no number", "--field=state")
        self.assert_no_number("of a list name one, as q[0]", "--field=q")
        self.assert_no_number("3,000 absent", "--field=q[9]")
        self.refused(LOSSY, "plot", self.bag, "imu:state", "-o", "p.svg", says=("no number",))
        self.refused(LOSSY, "plot", self.bag, "imu:v", "-o", "p.svg", "--start=2000",
                     says=("no point is chosen",))

    def assert_no_number(self, says, *words):
        words = ("analyze", self.bag, "percentiles", "--track=imu", *words)
        self.refused(LOSSY, *words, says=(says,))
        found = json.loads(self.run_ok(*words, "--json", code=LOSSY).stdout)
        self.assertEqual((found["result"]["total_count"], found["points"]), (0, 3000))

    def test_pictures_that_can_not_be(self):
        for words in (("analyze", self.bag, "trends", "--track=imu", "--field=v", "--plot"),
                      ("plot", self.bag, "imu:v", "-o")):
            self.refused(USAGE, *words, "p.pdf", says=("p.pdf", ".svg or a .png"))
            self.refused(FAILED, *words, self.write("there", "x") and self.kept(),
                         says=("exists",))
        self.refused(USAGE, "plot", self.bag, "imu", "-o", "p.svg", says=("TRACK:FIELD",))

    def test_force_without_a_picture(self):
        self.refused(USAGE, "analyze", self.bag, "trends", "--track=imu", "--field=v", "--force",
                     says=("--force", "--plot"))

    def kept(self):
        """A picture that is there, in a folder of its own."""
        return self.write("kept/old.svg", "mine")

    def test_damage_is_left_out_and_told(self):
        with lmdb.open(self.bag, subdir=False, max_dbs=16, readonly=True, lock=False) as env:
            with env.begin() as read, read.cursor(env.open_db(b"blocks", txn=read)) as cursor:
                self.assertTrue(cursor.first())
                block = bytes(cursor.value())
        with open(self.bag, "rb") as file:
            data = file.read()
        hurt = bytearray(block)
        hurt[len(block) // 2] ^= 0xFF
        with open(self.bag, "wb") as file:
            file.write(data.replace(block, bytes(hurt)))
        done = self.run_ok("analyze", self.bag, "percentiles", "--track=imu", "--field=v", "--json",
                           code=DAMAGED)
        self.assert_one_line(done.stderr, "left out")
        found = json.loads(done.stdout)
        self.assertEqual(found["damaged_blocks"], 1)
        self.assertLess(found["points"], 3000)


@unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
class PictureTest(AnalyzeTest):

    def svg(self, path):
        """Its texts and the length of its lines, of a document that is whole."""
        root = xml.etree.ElementTree.parse(path).getroot()
        space = "{http://www.w3.org/2000/svg}"
        texts = ["".join(one.itertext()).strip() for one in root.iter(space + "text")]
        return texts, [one.get("d") for one in root.iter(space + "path")]

    def test_fields_over_time(self):
        out = self.space.path("p.svg")
        done = self.run_ok("plot", self.bag, "imu:v,n", "slow:w", "-o", out)
        self.assert_one_line(done.stderr, "drew 6,293 numbers")
        texts, lines = self.svg(out)
        for text in ("imu", "slow", "v", "n", "w", "a.zbag",
                     "seconds from 1970-01-01T00:16:40.000Z"):
            self.assertIn(text, texts)
        # The silence breaks the line.
        self.assertTrue(any(len(re.findall("M", line)) == 2 for line in lines))

    def test_states_are_steps_and_measures_are_lines(self):
        bag = self.make("steps", (
            ("s", 1000.0 + n, {"mode": n // 10, "on": n % 20 < 10, "v": n // 10 + 0.5,
                               "q": [n // 10, 0]}) for n in range(30)))
        out = self.space.path("steps.svg")
        for field, is_step in (("mode", True), ("on", True), ("q[0]", True), ("v", False)):
            with self.subTest(field=field):
                self.run_ok("plot", bag, "s:" + field, "-o", out, "--force")
                _, lines = self.svg(out)
                slopes = [line for line in lines if self.has_slope(line)]
                self.assertEqual(not slopes, is_step, lines)

    @staticmethod
    def has_slope(line):
        """Whether a path goes anywhere but along the axes."""
        runs = [[tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", run)]
                for run in line.split("M")]
        return line[1] not in "-0" and any(  # a mark's own form begins around its centre
            a[0] != b[0] and a[1] != b[1] for run in runs for a, b in zip(run, run[1:]))

    def test_force_replaces_a_picture(self):
        out = self.space.path("p.svg")
        for words in (("plot", self.bag, "imu:v", "-o"),
                      ("analyze", self.bag, "trends", "--track=imu", "--field=v", "--plot")):
            self.write("p.svg", "old")
            self.assert_one_line(self.run_ok(*words, out, code=FAILED).stderr, "exists", "--force")
            self.run_ok(*words, out, "--force")
            self.assertIn("imu", self.svg(out)[0])
        os.remove(out)
        os.mkdir(out)
        self.assertIn("exists", self.run_ok("plot", self.bag, "imu:v", "-o", out, "--force", code=FAILED).stderr)

    def test_a_field_whose_name_has_a_dot_is_called_as_its_column(self):
        bag = self.make("dots", [("t", 1.0 + n, {"a.b": n, "pose": {"x.y": 2 * n, "q.r": [n, 3 * n]}})
                                 for n in range(5)])
        for field, last in (("a.b", 4), ("pose.x.y", 8), ("pose.q.r[1]", 12)):
            with self.subTest(field=field):
                found = self.json("percentiles", "--percentiles=100", bag=bag, track="t", field=field)
                self.assertEqual(found["result"]["p100"], last)
        done = self.run_ok("plot", bag, "t:a.b,pose.x.y,pose.q.r", "-o", self.space.path("d.svg"))
        self.assert_one_line(done.stderr, "drew 20 numbers")

    def test_axes_have_the_units_of_the_schema(self):
        own = self.write("own.yaml", "kind: board\nfields:\n"
                         "  v: {type: any, unit: m/s, nullable: true, means: Speed}\n"
                         "  n: {type: int, unit: m/s, means: Another}\n"
                         "  pose.x: {type: int, unit: rad, means: Turn}\n")
        self.run_ok("schema", self.bag, "imu", own)
        for number, (fields, texts) in enumerate((("v", ("v (m/s)",)), ("v,n", ("m/s", "v", "n")),
                                                  ("n,pose.x", ("n (m/s)", "pose.x (rad)")))):
            out = self.space.path(f"{number}.svg")
            self.run_ok("plot", self.bag, "imu:" + fields, "-o", out)
            self.assertLessEqual(set(texts), set(self.svg(out)[0]))
        out = self.space.path("a.svg")
        self.run_ok("analyze", self.bag, "moving-average", "--track=imu", "--field=v", "--plot", out)
        self.assertIn("v (m/s)", self.svg(out)[0])

    def test_a_list_is_its_elements(self):
        out = self.space.path("p.svg")
        self.run_ok("plot", self.bag, "imu:q", "-o", out)
        self.assertLessEqual({"q[0]", "q[1]"}, set(self.svg(out)[0]))

    def test_every_function_can_be_drawn(self):
        more = {"correlation": ("--with=n",), "top-values": ("--group-by=state",)}
        for function in FUNCTIONS:
            for end in ("svg", "png"):
                with self.subTest(function=function, end=end):
                    out = self.space.path(f"{function}.{end}")
                    self.run_ok("analyze", self.bag, function, "--track=imu", "--field=v",
                                "--plot", out, *more.get(function, ()))
                    if end == "svg":
                        self.assertIn(f"a.zbag: {function} of v", self.svg(out)[0])
                    with open(out, "rb") as file:
                        self.assertIn(b"PNG" if end == "png" else b"<svg", file.read(400))

    def test_hostile_names_are_drawn_and_nothing_else_happens(self):
        track = "'; `touch pwned` $(touch pwned) <b>&"
        bag = self.make("evil", [(track, 1.0 + n, {EVIL: n, "g": EVIL}) for n in range(9)])
        os.mkdir(self.space.path("here"))
        before = sorted(os.listdir(self.space.folder))
        self.run_ok("plot", bag, f"{track}:{EVIL}", "-o", self.space.path("here/p.svg"))
        self.run_ok("analyze", bag, "top-values", "--track", track, "--field", "g", "--plot",
                    self.space.path("here/q.svg"))
        self.assertEqual(sorted(os.listdir(self.space.folder)), before)
        self.assertEqual(sorted(os.listdir(self.space.path("here"))), ["p.svg", "q.svg"])
        self.assertTrue(any("touch pwned" in text for text in
                            self.svg(self.space.path("here/p.svg"))[0]))

    def test_without_gnuplot_that_is_said(self):
        self.space.env["PATH"] = self.space.path("empty")
        done = self.run_ok("plot", self.bag, "imu:v", "-o", self.space.path("p.svg"), code=FAILED)
        self.assert_one_line(done.stderr, "gnuplot", "not installed", "gnuplot-nox")
        self.assertFalse(os.path.exists(self.space.path("p.svg")))


if __name__ == "__main__":
    harness.main()
