#!/usr/bin/env python3
"""zbag timings, and the timings that record and export write: beside jq, pandas and plain Python."""

import csv
import io
import json
import os
import re
import shutil
import subprocess

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE
import python_packages

STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
PHASES = ["receive", "decode", "merge", "encode", "commit", "fsync"]

# The samples of the document: two records in the short form, one in the long.
SHORT = """\
{"registration_id": "SPUS55557", "timestamp": "2025-01-14T10:30:00Z", "model": "zai_glm4_5_air", \
"constellation": "p1m1m2c", "phases": {"phase1": {"total": 34.522, "agent_conversation": 33.200, \
"file_write": 0.500, "capacity_update": 0.822}, "phase2": {"total": 15.893, \
"agent_conversation": 14.900, "file_write": 0.993}}}
{"registration_id": "SPUS63654", "timestamp": "2025-01-14T10:31:00Z", "model": "zai_glm4_5_air", \
"constellation": "p1m1m2c", "phases": {"phase1": {"total": 32.100, "agent_conversation": 31.000, \
"file_write": 0.600, "capacity_update": 0.500}, "phase2": {"total": 14.200, \
"agent_conversation": 13.400, "file_write": 0.800}}}
"""
LONG = {
    "run_metadata": {"registration_id": "SPUS55557", "timestamp": "2025-01-14T10:30:00.123Z",
                     "model": "zai_glm4_5_air", "constellation": "p1m1m2c", "git_commit": "c857d44",
                     "max_items": 5},
    "timings": {"total_seconds": 50.415, "phases": {
        "phase1": {"total_seconds": 34.522, "breakdown": {
            "setup_seconds": 0.1, "agent_conversation_seconds": 33.2, "file_write_seconds": 0.5,
            "capacity_update_seconds": 0.822}, "agents": ["matcher1", "critic"]},
        "phase2": {"total_seconds": 15.893, "breakdown": {
            "setup_seconds": 0.05, "agent_conversation_seconds": 14.9, "file_write_seconds": 0.993},
                   "agents": ["matcher2"]}}}}
MODEL = "run_metadata.model"
PHASE1 = "timings.phases.phase1.total_seconds"


def misfits(schema, value, where="$"):
    """Where a value breaks a JSON Schema, as far as ours says something."""
    kinds = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int}
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or isinstance(value, bool)):
        return [f"{where}: no {kind}"]
    found = []
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: does not match")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{where}: below {schema['minimum']}")
    if kind == "array":
        for n, item in enumerate(value):
            found += misfits(schema.get("items", {}), item, f"{where}[{n}]")
    if kind == "object":
        found += [f"{where}: lacks {name}" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            found += misfits(inner, item, f"{where}.{name}")
    return found


def lines_of(path):
    """Every line of it, by a strict parser."""
    def refuse(word):
        raise ValueError(word)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text.endswith("\n") and "\r" not in text and not text.startswith("\ufeff")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


class TimingsTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.short = self.write("short.jsonl", SHORT)
        self.long = self.write("long.jsonl", json.dumps(LONG) + "\n")
        other = json.loads(json.dumps(LONG))
        other["run_metadata"] |= {"model": "glm, air", "timestamp": "2025-01-15T00:00:00.000Z"}
        other["timings"]["phases"]["phase1"]["total_seconds"] = 10.0
        self.both = self.write("both.jsonl", SHORT + json.dumps(other) + "\n")

    def rows(self, *words, code=DONE):
        out = self.run_ok("timings", *words, "--format", "json", code=code).stdout
        return [json.loads(line) for line in out.splitlines()]

    def schema(self):
        path = os.path.join(harness.source_folder(), "schemas", "timings.schema.json")
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class ReadTest(TimingsTest):

    def test_both_forms_have_the_same_totals(self):
        short, long = self.rows(self.short, "rows")[0], self.rows(self.long, "rows")[0]
        for name in (PHASE1, "timings.phases.phase2.total_seconds",
                     "timings.phases.phase1.breakdown.file_write_seconds"):
            self.assertEqual(short[name], long[name])
        self.assertAlmostEqual(short["timings.total_seconds"], long["timings.total_seconds"])

    def test_describe_says_what_pandas_says(self):
        pandas = python_packages.load("pandas")
        totals = [34.522, 32.1, 10.0, 7.25]
        records = [json.loads(json.dumps(LONG)) for _ in totals]
        for record, total in zip(records, totals):
            record["timings"]["phases"]["phase1"]["total_seconds"] = total
        path = self.write("many.jsonl", "".join(json.dumps(one) + "\n" for one in records))
        frame = pandas.json_normalize(pandas.read_json(path, lines=True).to_dict("records"))
        expected = frame[PHASE1].describe()
        row, = self.rows(path, "--field", PHASE1)
        self.assertEqual(row.pop("field"), PHASE1)
        self.assertEqual(list(row), list(expected.index))
        for name, value in row.items():
            self.assertAlmostEqual(value, expected[name], places=12, msg=name)
        flat = self.rows(path, "rows")
        self.assertEqual(set(flat[0]), set(frame.columns))

    def test_group_says_what_groupby_mean_says(self):
        pandas = python_packages.load("pandas")
        long = self.write("l.jsonl", "")
        with open(long, "w", encoding="utf-8") as file:
            for n in range(7):
                record = json.loads(json.dumps(LONG))
                record["run_metadata"]["model"] = f"m{n % 3}"
                record["timings"]["total_seconds"] = n * 1.37
                file.write(json.dumps(record) + "\n")
        frame = pandas.json_normalize(pandas.read_json(long, lines=True).to_dict("records"))
        expected = frame.groupby(MODEL)["timings.total_seconds"].mean()
        rows = self.rows(long, "group", "--by", MODEL)
        self.assertEqual({row[MODEL] for row in rows}, set(expected.index))
        for row in rows:
            self.assertAlmostEqual(row["timings.total_seconds"], expected[row[MODEL]], places=12)
        self.assertEqual([row["count"] for row in rows], [3, 2, 2])

    def test_where_chooses_records(self):
        for where, count in ((f"{MODEL} = 'glm, air'", 1), (f"{PHASE1} > 30", 2),
                             ("_ts >= '2025-01-14T10:31:00Z'", 2), (f"{MODEL} = 'none'", 0)):
            with self.subTest(where=where):
                rows = self.rows(self.both, "rows", "--where", where, code=DONE if count else LOSSY)
                self.assertEqual(len(rows), count)
        done = self.run_ok("timings", self.both, "--where", "run_metadata.modl = 'x'", code=FAILED)
        self.assert_one_line(done.stderr, "run_metadata.modl", "did you mean run_metadata.model")

    def test_examples_of_the_document_without_jq(self):
        mean, = self.rows(self.short, "--field", PHASE1)
        self.assertAlmostEqual(mean["mean"], (34.522 + 32.1) / 2)
        out = self.run_ok("timings", self.short, "rows", "--field",
                          f"run_metadata.registration_id,{PHASE1}", "--format", "csv").stdout
        rows = list(csv.reader(io.StringIO(out.decode())))
        self.assertEqual(rows[1:], [["SPUS55557", "34.522"], ["SPUS63654", "32.1"]])

    def test_summary_is_the_table_that_recorders_write(self):
        out = self.run_ok("timings", self.both, "summary", "--format", "csv").stdout.decode()
        self.assertEqual(out, "registration_id,total_seconds,model,timestamp\n"
                         "SPUS55557,50.415,zai_glm4_5_air,2025-01-14T10:30:00Z\n"
                         "SPUS63654,46.300,zai_glm4_5_air,2025-01-14T10:31:00Z\n"
                         "SPUS55557,50.415,\"glm, air\",2025-01-15T00:00:00.000Z\n")

    def test_check_remarks_and_rejects_nothing(self):
        done = self.run_ok("timings", self.long, "check")
        self.assertEqual(len(re.findall(r"long\.jsonl:1: phases\.phase[12]: its parts come to "
                                        r"(?:34\.622|15\.943) s", done.stderr)), 2, done.stderr)
        self.assertIn("1 record, 2 remarks", done.stderr)
        self.assertEqual(self.run_ok("timings", self.short, "check", "--quiet").stderr, "")

    def test_a_torn_last_line_is_passed_over_and_another_is_not(self):
        with open(self.short, "r+b") as file:
            file.truncate(len(SHORT) - 40)
        done = self.run_ok("timings", self.short, "rows", "--format", "json")
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assert_one_line(done.stderr, "short.jsonl:2", "torn")
        with open(self.short, "a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(LONG) + "\n")
        done = self.run_ok("timings", self.short, code=DAMAGED)
        self.assert_one_line(done.stderr, "short.jsonl:2", "--lenient")
        self.assertEqual(len(self.rows(self.short, "rows", "--lenient", code=LOSSY)), 2)

    def test_a_later_version_is_read(self):
        record = json.loads(json.dumps(LONG)) | {"version": 2, "host": {"cores": 2}}
        record["timings"]["phases"]["phase3"] = {"total_seconds": 1, "calls": 7}
        row, = self.rows(self.write("v2.jsonl", json.dumps(record) + "\n"), "rows")
        self.assertEqual((row["timings.phases.phase3.calls"], row["host.cores"]), (7, 2))

    def test_parquet_has_the_chosen_rows(self):
        duckdb = python_packages.load("duckdb")
        path = self.space.path("t.parquet")
        self.run_ok("timings", self.both, "rows", "-o", path, "--where", f"{MODEL} = 'zai_glm4_5_air'")
        found = duckdb.sql(f'select "{PHASE1}", "{MODEL}" from \'{path}\' order by 1').fetchall()
        self.assertEqual(found, [(32.1, "zai_glm4_5_air"), (34.522, "zai_glm4_5_air")])

    def test_words_that_mean_nothing_are_refused(self):
        for words in (("group",), ("rows", "--by", "x"), ("summary", "--field", PHASE1),
                      ("check", "--format", "csv"), ("--where", "model ="), ("-o", "t.txt"),
                      ("--format", "parquet")):
            with self.subTest(words=words):
                self.assert_one_line(self.run_ok("timings", self.long, *words, code=USAGE).stderr)
        self.assert_one_line(self.run_ok("timings", "absent", code=FAILED).stderr, "absent")


class JqTest(TimingsTest):
    """The lines of the document, as they stand there."""

    def setUp(self):
        super().setUp()
        if not shutil.which("jq"):
            self.skipTest("no jq: launch/setup.sh brings it")
        shutil.copy(self.short, self.space.path("timings.jsonl"))

    def shell(self, line):
        done = subprocess.run(["bash", "-c", line], cwd=self.space.folder, capture_output=True,
                              check=True, timeout=harness.DEADLINE)
        return done.stdout.decode()

    def test_the_jq_lines_of_the_document(self):
        mean = self.shell("cat timings.jsonl | jq -s 'map(.phases.phase1.total) | add/length'")
        self.assertAlmostEqual(float(mean), (34.522 + 32.1) / 2)
        chosen = self.shell("cat timings.jsonl | jq 'select(.model == \"zai_glm4_5_air\")'")
        self.assertEqual(chosen.count("registration_id"), 2)
        rows = self.shell("cat timings.jsonl | jq -r '[.registration_id, .phases.phase1.total] | @csv'")
        self.assertEqual([row.split(",")[0] for row in rows.splitlines()],
                         ['"SPUS55557"', '"SPUS63654"'])

    def test_the_same_of_the_long_form_that_recorders_write(self):
        bag = self.space.path("a.zbag")
        rows = self.write("in.jsonl", '{"track":"arm","_ts":1.0,"fields":{"n":1}}\n')
        self.run_ok("import", rows, "-o", bag)
        for _ in range(2):
            self.run_ok("export", bag, "-o", self.space.path("out.csv"), "--force", "--timings",
                        self.space.path("t"))
        mean = self.shell("cat t/timings_detailed.jsonl | "
                          "jq -s 'map(.timings.phases.read.total_seconds) | add/length'")
        row, = self.rows(self.space.path("t"), "--field", "timings.phases.read.total_seconds")
        self.assertAlmostEqual(float(mean), row["mean"], places=12)


class WriteTest(TimingsTest):

    def assert_record(self, record, phases):
        self.assertEqual(misfits(self.schema(), record), [])
        self.assertRegex(record["run_metadata"]["timestamp"], STAMP)
        self.assertEqual(list(record["run_metadata"])[:2], ["registration_id", "timestamp"])
        self.assertEqual(list(record["timings"]["phases"]), phases)
        parts = [one["total_seconds"] for one in record["timings"]["phases"].values()]
        self.assertAlmostEqual(record["timings"]["total_seconds"], sum(parts), places=9)
        return record

    def test_the_schema_tells_good_records_from_bad(self):
        schema = self.schema()
        self.assertEqual(misfits(schema, LONG), [])
        for path, bad in ((("run_metadata",), {}), (("run_metadata", "timestamp"), "yesterday"),
                          (("timings", "total_seconds"), "50"), (("timings", "phases"), []),
                          (("timings", "phases", "phase1", "total_seconds"), -1),
                          (("timings", "phases", "phase1", "agents"), ["a", 1]),
                          (("timings", "phases", "phase1", "breakdown", "x"), None)):
            record = json.loads(json.dumps(LONG))
            place = record
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = bad
            self.assertNotEqual(misfits(schema, record), [], path)

    def test_record_writes_its_phases(self):
        bag, folder = self.space.path("r.zbag"), self.space.path("runs/t")
        recorder = self.start_recorder(bag, "--timings", folder, "--metadata", "model=arm7")
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(2_000):
            sensor.send("robot/imu", {"_ts": n / 100, "ax": n * 0.5})
        self.assertEqual(recorder.stop(), DONE)
        record, = lines_of(os.path.join(folder, "timings_detailed.jsonl"))
        self.assert_record(record, PHASES)
        self.assertEqual(os.listdir(folder), ["timings_detailed.jsonl"])  # no table unless asked for
        metadata = record["run_metadata"]
        self.assertEqual((metadata["registration_id"], metadata["model"]), (bag, "arm7"))
        self.assertEqual(metadata["points"], self.info(bag)["points"])
        spent = {}
        for name, phase in record["timings"]["phases"].items():
            self.assertGreater(phase["total_seconds"], 0, name)
            self.assertTrue(phase["agents"], name)
            spent[phase["agents"][0]] = spent.get(phase["agents"][0], 0) + phase["total_seconds"]
        for agent, seconds in spent.items():  # of each thread no more than what passed
            self.assertLessEqual(seconds, metadata["wall_seconds"], agent)
        self.assert_whole(bag)

    def test_export_writes_its_phases_and_the_table_when_asked(self):
        bag, folder = self.space.path("a.zbag"), self.space.path("t")
        rows = self.write("in.jsonl", "".join(
            json.dumps({"track": "arm", "_ts": n / 10, "fields": {"n": n}}) + "\n" for n in range(500)))
        self.run_ok("import", rows, "-o", bag)
        first = self.run_ok("export", bag, "-o", self.space.path("o.csv"), "--timings", folder,
                            "--timings-csv")
        self.assertEqual(first.stderr.count("deprecated"), 1, first.stderr)
        before = open(os.path.join(folder, "timings_detailed.jsonl"), encoding="utf-8").read()
        again = self.run_ok("export", bag, "-o", self.space.path("o.parquet"), "--timings", folder,
                            "--timings-csv")
        self.assertEqual(again.stderr.count("deprecated"), 1)
        after = open(os.path.join(folder, "timings_detailed.jsonl"), encoding="utf-8").read()
        self.assertTrue(after.startswith(before))
        self.assertEqual(after[len(before):].count("\n"), 1)  # what git diff shows
        for record, name in zip(lines_of(os.path.join(folder, "timings_detailed.jsonl")),
                                ("o.csv", "o.parquet")):
            self.assert_record(record, ["read", "encode", "write"])
            self.assertEqual(record["run_metadata"]["registration_id"], self.space.path(name))
            self.assertEqual(record["run_metadata"]["points"], 500)
            self.assertTrue(all(one["total_seconds"] > 0
                                for one in record["timings"]["phases"].values()))
        with open(os.path.join(folder, "timings_summary.csv"), "rb") as file:
            table = file.read()
        self.assertEqual(self.run_ok("timings", folder, "summary", "--format", "csv").stdout, table)

    def test_a_folder_that_can_not_be_is_said_at_once(self):
        bag = self.space.path("r.zbag")
        done = self.run_ok("record", "-o", bag, "--timings", "/dev/null/x", code=FAILED)
        self.assert_one_line(done.stderr, "--timings", "/dev/null/x")
        self.assertFalse(os.path.exists(bag))
        done = self.run_ok("record", "-o", bag, "--timings-csv", code=USAGE)
        self.assert_one_line(done.stderr, "--timings DIR")
        self.assertFalse(os.path.exists(bag))


if __name__ == "__main__":
    harness.main()
