"""Nothing is accepted and ignored: every option of every verb changes something that can be seen.

The verbs and their options are asked of the command itself. An option is proved by a case here, in
which all is alike but the option, or by a test elsewhere that is named here: it must exist and
mention the option. An option that has neither fails its verb.
"""

import ast
import functools
import hashlib
import json
import os
import re
import shutil
import struct
import signal
import subprocess

import lmdb

import harness
from harness import DONE, PORTS

FULL = ">/dev/full"  # behind what a verb is given: its output goes there
NOWHERE = "tcp://127.0.0.1:1"  # where no broker is
FOLDER = os.path.dirname(os.path.abspath(__file__))


class Case:
    """What the verb is given besides, which must change what it does: `words` against `other`.
    `beside` is there both times, in place of what the verb is usually given."""

    def __init__(self, *words, beside=None, other=()):
        self.words, self.beside, self.other = words, beside, other


class Elsewhere:
    """A test in another file."""

    def __init__(self, file, name):
        self.file, self.name = file, name


@functools.cache
def source_of(file, name):
    """A method, and what its class has besides tests: helpers and constants; of its bases, too."""
    with open(os.path.join(FOLDER, file + ".py"), encoding="utf-8") as source:
        text = source.read()
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    kept, found, at = "", False, name.split(".")[0]
    while at in classes:
        for item in classes[at].body:
            is_test = isinstance(item, ast.FunctionDef) and item.name.startswith("test")
            is_it = is_test and item.name == name.split(".")[1]
            found = found or is_it
            if is_it or not is_test:
                kept += ast.get_source_segment(text, item) + "\n"
        bases = classes[at].bases
        at = bases[0].id if bases and isinstance(bases[0], ast.Name) else ""
    return kept if found else ""


class EffectTest(harness.SystemTest):
    """What the classes below share."""

    SHORT = {"output": "-o", "limit": "-n", "interactive": "-i"}

    def options_of(self, verb):
        text = self.run_ok(verb, "--print-config").stdout.decode()
        return set(re.findall(r"^  (?:# )?([a-z-]+): ", text, re.MULTILINE))

    def check_all(self, verb, proofs, outcome):
        """Every option of the verb has a proof that holds; `outcome(words, beside)` is what is seen
        of a run of the verb."""
        self.assertEqual(self.options_of(verb), set(proofs), "options against proofs")
        seen = functools.cache(outcome)
        self.assertEqual(outcome((), None), seen((), None), "the same twice")
        for option, proof in proofs.items():
            with self.subTest(verb=verb, option=option):
                if isinstance(proof, Elsewhere):
                    mention = rf"--{option}(?![\w-])|[\"' ]{self.SHORT.get(option, '--')}[\"' ]"
                    self.assertRegex(source_of(proof.file, proof.name), mention)
                else:
                    self.assertIn(option, " ".join(proof.words).replace("-o ", "--output "))
                    given, not_given = (seen(words, proof.beside)
                                        for words in (proof.words, proof.other))
                    self.assertTrue(given != not_given, f"{proof.words}: {str(given)[:2000]}")

    def lines(self, name, *rows):
        path = self.space.path(name)
        with open(path, "w", encoding="utf-8") as file:
            for track, stamp, fields in rows:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        return path

    def content_of(self, bag):
        """What can be seen of a bag and is the same for the same frames."""
        info = self.info(bag)
        # What is compressed stays below 1 MB, however the frames fell into blocks.
        points = self.run_ok("cat", "--format", "raw", bag).stdout
        return (hashlib.sha256(points).hexdigest(), info["size_bytes"] // 1_000_000,
                info["merged"], info["overwritten"], tuple(sorted(info["refused"].items())))


class TableTest(EffectTest):
    """The test itself."""

    def test_every_verb_has_its_test(self):
        _, *verbs = self.run_ok("completion", "words", "zsh", "").stdout.decode().splitlines()
        methods = {name for one in (FileVerbsTest, ListenersTest, SendersTest, RecordTest)
                   for name in dir(one)}
        self.assertEqual([verb for verb in verbs if "test_" + verb not in methods], [])

    def test_a_test_that_is_not_there_proves_nothing(self):
        self.assertEqual(source_of("effect_test", "TableTest.test_of_nothing"), "")
        self.assertNotEqual(source_of("effect_test", "TableTest.test_every_verb_has_its_test"), "")


def ros1_bag(stamp, recorded):
    """A ROS 1 bag of one message, whose header says another second than the bag."""
    def fields(**values):
        parts = [name.encode() + b"=" + value for name, value in values.items()]
        return b"".join(struct.pack("<I", len(part)) + part for part in parts)

    def record(data, **values):
        head = fields(**values)
        return struct.pack("<I", len(head)) + head + struct.pack("<I", len(data)) + data

    definition = (b"std_msgs/Header header\n" + b"=" * 80 + b"\nMSG: std_msgs/Header\n"
                  b"uint32 seq\ntime stamp\nstring frame_id\n")
    number = struct.pack("<I", 0)
    return (b"#ROSBAG V2.0\n" +
            record(fields(type=b"a/T", message_definition=definition), op=b"\x07", conn=number,
                   topic=b"/arm") +
            record(struct.pack("<IIII", 1, stamp, 0, 0), op=b"\x02", conn=number,
                   time=struct.pack("<II", recorded, 0)))


class FileVerbsTest(EffectTest):
    """Verbs that read files and write files."""

    RED = Case("--color=always", beside=("nowhere",))
    RED_TWO = Case("--color=always", beside=("nowhere", "nowhere"))
    RED_OUT = Case("--color=always", beside=("nowhere", "-o", "out"))
    FULL = Case("--color=always", beside=(FULL,))
    TIMES = {"start": Case("--start", "+2"), "end": Case("--end", "+2"),
             "duration": Case("--duration", "2")}
    CHOICE = {"track": Case("--track", "arm"), "exclude": Case("--exclude", "arm"), **TIMES}
    COLUMNS = {"columns": Case("--columns", "n"), "limit": Case("--limit", "2")}

    def setUp(self):
        super().setUp()
        self.scene = self.space.path("scene")
        os.mkdir(self.scene)
        first = self.lines("a.jsonl", *[("arm", 1000.0 + n, {"n": n, "m": {"x": 1.5}, "d": "v" * 2000})
                                        for n in range(5)], *[("leg", 1001.5, {"n": 7})])
        second = self.lines("b.jsonl", ("arm", 1001.0, {"n": 5}), ("arm", 1007.0, {"n": 6}))
        for name, source in (("a", first), ("b", second)):
            self.run_ok("import", source, "-o", self.space.path("scene", name + ".zbag"))
        os.symlink("a.zbag", self.space.path("scene", "link.zbag"))
        self.hurt("scene/a.zbag", "scene/hurt.zbag")
        with open(self.space.path("n.jsonl"), "w", encoding="utf-8") as file:
            file.write('{"_ts":1.0,"track":"arm","x":1,"_src":"00000000000000ff","_seq":3}\n')
        self.run_ok("import", self.space.path("n.jsonl"), "-o", self.space.path("scene/numbered.zbag"))
        self.lines("scene/in.jsonl", ("arm", 0.0, {"n": 1}), ("arm", 0.0, {"n": 2}),
                   ("arm", 0.5, {"n": list(range(2000))}),
                   *[("arm", 1.0 + n, {"n": n, "d": "v" * 2_000}) for n in range(1500)])
        with open(self.space.path("scene", "t.csv"), "w", encoding="utf-8") as file:
            file.write("t,u,x\n1.0,2.0,3\n")
        with open(self.space.path("scene", "t.bag"), "wb") as file:
            file.write(ros1_bag(stamp=5, recorded=7))
        with open(self.space.path("scene", "old.svg"), "w", encoding="utf-8") as file:
            file.write("<svg/>")
        with open(self.space.path("scene", "in.jsonl"), "a", encoding="utf-8") as file:
            file.write("nonsense\n")
        with open(self.space.path("scene", "nodes.yaml"), "w", encoding="utf-8") as file:
            file.write("variables: {word: hello}\n"
                       "nodes: {one: {command: [echo, \"${word}\"]}}\n")

    def hurt(self, bag, copy):
        """A copy with a byte of a block changed."""
        shutil.copy(self.space.path(bag), self.space.path(copy))
        with lmdb.open(self.space.path(bag), subdir=False, max_dbs=16, readonly=True,
                       lock=False) as env:
            with env.begin() as read, read.cursor(env.open_db(b"blocks", txn=read)) as cursor:
                self.assertTrue(cursor.first())
                block = bytes(cursor.value())
        with open(self.space.path(copy), "r+b") as file:
            hurt = bytearray(block)
            hurt[len(block) // 2] ^= 0xFF
            data = file.read().replace(block, bytes(hurt))  # copies on older pages, too
            file.seek(0)
            file.write(data)

    def outcome(self, verb, usual, words, beside):
        """Of a run in a fresh copy of the scene: exit code, output, and the files there are after."""
        folder = self.space.path("run")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.scene, folder, symlinks=True)
        given = usual if beside is None else beside
        if given[-1:] == (FULL,):
            given, out = given[:-1], os.open("/dev/full", os.O_WRONLY)
            self.addCleanup(os.close, out)
        else:
            out = subprocess.PIPE
        done = subprocess.run([harness.binary(), verb, *given, *words], env=self.space.env, cwd=folder,
                              stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                              timeout=harness.DEADLINE, check=False)
        files = []
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(place, name)
                if path.endswith(".zbag") and not path.endswith("hurt.zbag"):
                    files.append((name, self.content_of(path)))
                else:
                    with open(path, "rb") as file:
                        files.append((name, file.read()))
        return done.returncode, done.stdout, done.stderr, sorted(files)

    def check_verb(self, verb, usual, proofs):
        self.check_all(verb, proofs, functools.partial(self.outcome, verb, usual))

    # A warning, which --log-level takes away; that of a bag that is named twice is everybody's.
    TWICE = Case("--log-level=error", beside=("a.zbag", "link.zbag"))
    HURT = Case("--quiet", beside=("hurt.zbag",))

    def test_info(self):
        self.check_verb("info", ("a.zbag",), {
            "track": Case("--track", "arm"), "exclude": Case("--exclude", "arm"),
            "json": Case("--json"), "quiet": Case("--quiet"), "log-level": self.TWICE,
            "color": self.RED,
            "all": Elsewhere("screens_test", "InfoScreenTest.test_all_of_it_is_there_when_asked_for"),
            "losses": Elsewhere("info_test", "InfoTest.test_every_loss_is_told_when_asked_for")})

    def test_cat(self):
        self.check_verb("cat", ("a.zbag",), {
            **self.CHOICE, **self.COLUMNS, "where": Case("--where", "n > 2"),
            "reverse": Case("--reverse"),
            "start-index": Case("--start-index=1", beside=("a.zbag", "--track", "arm")),
            "format": Case("--format=yaml"), "human": Case("--human"),
            "all": Case("--all", beside=("numbered.zbag",)),
            "quiet": self.HURT, "log-level": self.TWICE, "color": self.RED})

    def test_sql(self):
        odd = self.lines("odd.jsonl", ("arm", 1000.0, {"x": 1, "X": 2}))
        self.run_ok("import", odd, "-o", self.space.path("scene", "odd.zbag"))
        query = 'SELECT _ts, n FROM arm ORDER BY _ts'

        def case(*words, text=query, other=(), bags=("a.zbag",)):
            return Case(*words, beside=(*bags, text), other=other)

        self.check_verb("sql", ("a.zbag", query), {
            **self.TIMES, "format": case("--format=json"), "output": case("-o", "out.csv"),
            "force": case("--force", "-o", "in.jsonl", "--format=json",
                          other=("-o", "in.jsonl", "--format=json")),
            "stats": case("--stats"), "files": case("--files", text="SELECT * FROM 'in.jsonl'"),
            "memory": case("--memory=10", text="SELECT count(DISTINCT md5(range::TEXT)) FROM range(400000)"),
            "threads": case("--threads=1", text="SELECT current_setting('threads')",
                            other=("--threads=2",)),
            "interactive": Elsewhere("sql_test", "SqlTest.test_a_prompt_completes_cancels_and_goes_on"),
            "quiet": case("--quiet", text="SELECT * FROM arm", bags=("odd.zbag",)),
            "log-level": case("--log-level=error", text="SELECT * FROM arm", bags=("odd.zbag",)),
            "color": Case("--color=always", beside=("nowhere", query))})

    def test_export(self):
        rows = self.lines("rows.jsonl", *[("arm", 1000.0 + n, {"n": n, "l": [n, n + 1], "b_hex": "ff"})
                                          for n in range(9)], ("leg", 1001.4, {"n": 1.0}),
                          ("leg", 1003.5, {"n": 3.0}))
        self.run_ok("import", rows, "-o", self.space.path("scene", "rows.zbag"))

        def case(form, *words, other=()):
            return Case(*words, beside=("rows.zbag", "-o", "out", "--format", form), other=other)

        align = ("--align", "arm")
        timings = Elsewhere("timings_test",
                            "WriteTest.test_export_writes_its_phases_and_the_table_when_asked")
        self.check_verb("export", ("a.zbag", "-o", "out", "--format", "jsonl"), {
            **self.CHOICE, **self.COLUMNS, "where": Case("--where", "n > 2"),
            "output": Case("-o", "out", beside=("a.zbag", "--format", "jsonl")),
            "format": Case("--format=json", beside=("a.zbag", "-o", "out"), other=("--format=jsonl",)),
            "force": Case("--force", beside=("a.zbag", "-o", "in.jsonl", "--format", "jsonl")),
            "layout": Case("--layout=neutral"), "binary": case("csv", "--binary=hex"),
            "expand-arrays": case("csv", "--expand-arrays=suffix"), "align": case("csv", *align),
            "how": case("csv", "--how=linear", *align, other=align),
            "tolerance": case("csv", "--tolerance=0.1", *align, other=align),
            "encoding": case("mcap", "--encoding=msgpack"),
            "compression": case("parquet", "--compression=none"),
            "compression-level": case("mcap", "--compression-level=9", "--compression=zstd",
                                      other=("--compression=none",)),
            "partition-by": case("parquet", "--partition-by=track"),
            "codec": Elsewhere("exports_pictures_test",
                               "VideoTest.test_each_picture_is_a_frame_at_its_own_stamp"),
            "timings": timings, "timings-csv": timings,
            "quiet": Case("--quiet"), "log-level": Case("--log-level=warning"),
            "color": Case("--color=always", beside=("nowhere", "-o", "out", "--format=json"))})

    def test_timings(self):
        record = {"run_metadata": {"registration_id": "a", "model": "m"},
                  "timings": {"total_seconds": 3.0, "phases": {"p": {
                      "total_seconds": 1.5, "breakdown": {"x_seconds": 1.0}}}}}
        for name, text in (("t.jsonl", ""), ("bad.jsonl", "nonsense\n")):
            with open(self.space.path("scene", name), "w", encoding="utf-8") as file:
                file.write(text + json.dumps(record) + "\n")
        by = ("t.jsonl", "group", "--by=run_metadata.model")
        self.check_verb("timings", ("t.jsonl",), {
            "by": Case("--by=run_metadata.model", beside=("t.jsonl", "group"),
                       other=("--by=run_metadata.registration_id",)),
            "field": Case("--field=timings.phases.p.total_seconds", beside=by),
            "where": Case("--where=timings.total_seconds > 5"),
            "lenient": Case("--lenient", beside=("bad.jsonl",)),
            "output": Case("-o", "out.csv"), "format": Case("--format=json"),
            "force": Case("--force", "-o", "in.jsonl", other=("-o", "in.jsonl")),
            "quiet": Case("--quiet", beside=("t.jsonl", "check")),
            "log-level": Case("--log-level=error", beside=("t.jsonl", "check")),
            "color": Case("--color=always", beside=("nowhere",))})

    def test_import(self):
        self.check_verb("import", ("in.jsonl", "-o", "new.zbag"), {
            "output": Case("-o", "new.zbag", beside=("in.jsonl",)), "merge": Case("--merge=shallow"),
            "max-items": Case("--max-items=1024"), "track": Case("--track", "none"),
            "exclude": Case("--exclude", "arm"),
            "stamp": Case("--stamp=log", beside=("t.bag", "-o", "new.zbag")),
            "videos": Elsewhere("imports_lerobot_test",
                                "VideoTest.test_each_frame_is_decoded_where_it_belongs"),
            "time-field": Case("--time-field=u", beside=("t.csv", "-o", "new.zbag"),
                               other=("--time-field=t",)),
            "compression": Case("--compression=none"), "quiet": Case("--quiet"), "log-level": Case("--log-level=error"), "color": self.RED_OUT})

    def test_diff(self):
        self.check_verb("diff", ("a.zbag", "b.zbag"), {
            **self.CHOICE, "columns": Case("--columns", "m"), "limit": Case("--limit", "2"),
            "tolerance": Case("--tolerance=10"), "json": Case("--json"), "quiet": Case("--quiet"),
            "log-level": Case("--log-level=error", beside=("a.zbag", "hurt.zbag")), "color": self.RED_TWO})

    def test_check(self):
        self.check_verb("check", ("a.zbag",), {
            "track": Case("--track", "arm"), "exclude": Case("--exclude", "arm"),
            "json": Case("--json"), "quiet": Case("--quiet"), "log-level": self.TWICE,
            "color": self.RED})

    def check_making(self, verb, more):
        """One that makes a bag of bags."""
        self.check_verb(verb, ("a.zbag", "-o", "new.zbag"), {
            "output": Case("-o", "new.zbag", beside=("a.zbag",)), "quiet": Case("--quiet"),
            "log-level": Case("--log-level=warning"), "color": self.RED_OUT, **more})

    def test_recover(self):
        self.check_making("recover", {})

    def test_compact(self):
        self.check_making("compact", {})

    def test_cut(self):
        self.check_making("cut", {**self.CHOICE, **self.COLUMNS, "state-at-start": Case(
            "--state-at-start", beside=("a.zbag", "-o", "new.zbag", "--start", "+2.5"))})

    def test_merge(self):
        self.check_making("merge", {**self.CHOICE, **self.COLUMNS, "merge": Case(
            "--merge=shallow", beside=("a.zbag", "b.zbag", "-o", "new.zbag"))})

    def test_schema(self):
        self.check_verb("schema", ("a.zbag",), {
            "json": Case("--json"), "quiet": Case("--quiet"),
            "log-level": Case("--log-level=warning"), "color": self.RED})

    def test_analyze(self):
        def case(function, *words, field="n", other=()):
            return Case(*words, other=other, beside=("a.zbag", function, "--track", "arm",
                                                     *(("--field", field) if field else ())))

        self.check_verb("analyze", ("a.zbag", "percentiles", "--track", "arm", "--field", "n"), {
            **self.TIMES, "window": case("moving-average", "--window=2"),
            "mode": case("moving-average", "--mode=sliding"),
            "threshold": case("anomalies", "--threshold=1"), "eps": case("trends", "--eps=2"),
            "percentiles": Case("--percentiles=10,20"), "bins": case("distribution", "--bins=3"),
            "with": case("correlation", "--with=m.x", other=("--with=n",)),
            "tolerance": case("correlation", "--with=leg:n", "--tolerance=1"),
            "group-by": case("top-values", "--group-by=d"), "top": case("top-values", "--top=2"),
            "track": Case("--track", "leg", beside=("a.zbag", "percentiles", "--field=n"),
                          other=("--track", "arm")),
            "field": Case("--field", "m.x", beside=("a.zbag", "percentiles", "--track=arm"),
                          other=("--field", "n")),
            "intervals": case("percentiles", "--intervals", field=""),
            "json": Case("--json"), "plot": Case("--plot=p.svg"),
            "force": Case("--force", "--plot=old.svg", other=("--plot=old.svg",)),
            "quiet": Case("--quiet"), "log-level": Case("--log-level=warning"),
            "color": Case("--color=always", beside=("nowhere", "trends", "--track=a", "--field=b"))})

    def test_plot(self):
        self.check_verb("plot", ("a.zbag", "arm:n", "-o", "p.svg"), {
            **self.TIMES, "output": Case("-o", "p.svg", beside=("a.zbag", "arm:n")),
            "force": Case("--force", beside=("a.zbag", "arm:n", "-o", "old.svg")),
            "quiet": Case("--quiet"), "log-level": Case("--log-level=warning"),
            "color": Case("--color=always", beside=("nowhere", "arm:n", "-o", "p.svg"))})

    def test_launch(self):
        self.check_verb("launch", ("nodes.yaml",), {
            "args": Case("--args", "word=bye"), "dry-run": Case("--dry-run"), "list": Case("--list"),
            "color": self.RED})


    def test_ctl(self):
        self.check_verb("ctl", ("nobody",), {
            "timeout": Elsewhere("node_test", "ListTest.test_a_node_that_hangs_is_listed_and_does_not_"
                                 "hang_the_others"),
            "color": Case("--color=always")})

    def test_version(self):
        self.check_verb("version", (), {"verbose": Case("--verbose"), "color": self.FULL})

    def test_completion(self):
        self.check_verb("completion", ("bash",), {"color": Case(
            "--color=always", beside=("bash", FULL))})

    def test_help(self):
        self.check_verb("help", (), {"color": self.FULL})


class ListenersTest(EffectTest):
    """Verbs that listen, on a bus where the same frames pass each time: one that is numbered, one
    that is malformed."""

    def test_broker(self):
        def outcome(words, beside):
            broker = self.space.start("broker", *(PORTS if beside is None else beside), *words)
            broker.wait_for_line("^ready |^zbag broker: |^\x1b")
            return broker.stop(), re.sub(r":\d+", ":PORT", broker.stderr)

        everywhere = ("--publish-to", "tcp://0.0.0.0:*", "--subscribe-to", "x://")
        self.check_all("broker", {
            "publish-to": Case("--publish-to=ipc://./in.ipc", beside=PORTS[2:], other=PORTS[:2]),
            "subscribe-to": Case("--subscribe-to=ipc://./out.ipc", beside=PORTS[:2],
                                 other=PORTS[2:]),
            "name": Elsewhere("options_test", "NodeTest.test_a_broker_tells_its_urls_and_stops_when_"
                              "asked"),
            "log-level": Case("--log-level=warning"), "quiet": Case("--quiet"),
            "insecure": Case("--insecure", beside=(*PORTS[2:], "--publish-to=tcp://0.0.0.0:*")),
            "color": Case("--color=always", beside=everywhere)}, outcome)

    def hear(self, verb, words, beside):
        """What the verb prints of three frames, and says."""
        broker = self.start_broker()
        listener = self.space.start(verb, *broker.urls, *(beside or ()), *words)
        sensor = self.publisher(broker).wait_for_subscriber(b"arm")
        for n, track in enumerate(("arm", "bad", "leg", "arm")):
            frame = b"\xc0" if track == "bad" else {"_ts": 1.0 + n, "n": n, "m": 2, "_src": 7, "_seq": n}
            sensor.send(track, frame)
        code = listener.wait()
        self.assertEqual(broker.stop(), DONE)
        sensor.close()
        return code, listener.out_lines, re.sub(r":\d+", ":PORT", listener.stderr)

    def test_tap(self):
        def outcome(words, beside):
            return self.hear("tap", words, ("-n", "2") if beside is None else beside)

        silence = Elsewhere("bad_input_test", "NoBrokerTest.test_who_listens_says_that_nothing_comes")
        self.check_all("tap", {
            "track": Case("--track=arm"), "exclude": Case("--exclude=leg"),
            "limit": Case("--limit=1", other=("--limit=2",), beside=()),
            "duration": Elsewhere("selection_test", "ListeningTest.test_a_tap_ends_after_its_duration"),
            "timeout": Elsewhere("policy_test", "WatchingTest.test_a_tap_that_hears_nothing_in_time_"
                                 "fails"),
            "columns": Case("--columns=n"), "format": Case("--format=yaml"), "all": Case("--all"),
            "human": Case("--human"), "publish-to": silence, "subscribe-to": silence,
            "name": Elsewhere("node_test", "ListenerNodeTest.test_a_tap_tells_what_it_has_shown_and_stops_"
                              "when_asked"),
            "log-level": Case("--log-level=error"), "quiet": Case("--quiet"),
            "color": Case("--color=always")}, outcome)

    def test_topics(self):
        def outcome(words, beside):
            if beside is not None:  # nobody publishes
                done = self.run_ok("topics", "--duration=0.1", *beside, *words)
                return done.returncode, done.stdout, done.stderr
            code, lines, says = self.hear("topics", words, ("--duration=0.5",))
            return code, re.findall("arm|leg|name|rate|lost", "".join(lines)), says

        nobody = ("--publish-to", NOWHERE, "--subscribe-to", NOWHERE)
        silence = Elsewhere("bad_input_test", "NoBrokerTest.test_who_listens_says_that_nothing_comes")
        self.check_all("topics", {
            "track": Case("--track=arm"), "exclude": Case("--exclude=leg"), "json": Case("--json"),
            "columns": Case("--columns=lost"), "limit": Case("--limit=1"),
            "watch": Elsewhere("screens_test", "TopicsScreenTest.test_it_fits_scrolls_nothing_and_q_"
                               "ends_it"),
            "duration": Elsewhere("screens_test", "TopicsScreenTest.test_a_rate_is_that_of_the_last_"
                                  "seconds_and_the_duration_holds"),
            "name": Elsewhere("node_test", "ListenerNodeTest.test_topics_answer_under_their_name"),
            "publish-to": silence, "subscribe-to": silence,
            "log-level": Case("--log-level=error", beside=nobody),
            "quiet": Case("--quiet", beside=nobody), "color": Case("--color=always", beside=nobody)},
            outcome)


class SendersTest(EffectTest):
    """Verbs that publish, into a recorder: what it has recorded in the end."""

    def setUp(self):
        super().setUp()
        self.source = self.lines("in.jsonl", *[("arm", 1000.0 + n, {"n": n, "m": 2}) for n in range(3)],
                                 ("leg", 1001.5, {"n": 7, "m": 2}))
        self.slow = self.lines("slow.jsonl", ("arm", 1000.0, {"n": 0}), ("arm", 2000.0, {"n": 1}))
        for name in ("in", "slow"):
            self.run_ok("import", self.space.path(name + ".jsonl"), "-o",
                        self.space.path(name + ".zbag"))
        self.bags = 0

    def send(self, verb, given, words):
        """What a sender has published when it has ended, or when it has nothing to do for long."""
        self.bags += 1
        bag = self.space.path(f"out_{self.bags}.zbag")
        recorder = self.start_recorder(bag)
        sender = self.space.start(verb, *given, *recorder.urls, *words)

        def published():
            done = self.space.run("ctl", verb, "status")
            return json.loads(done.stdout)["published"] if done.returncode == DONE else 0

        slow = str(given[0]).startswith(self.space.path("slow"))
        if "--loop" in words:
            harness.wait_until(lambda: published() > 10, "laps")
        elif slow and not words:
            harness.wait_until(lambda: published() == 1, "the first frame")
        if "--loop" in words or (slow and not words):
            sender.send_signal(signal.SIGINT)
        code = sender.wait()
        recorder.stop()
        points = self.points(bag, "--all")
        publishers = {fields.pop("_src") for _, fields in points}
        says = re.sub(r":\d+", ":PORT", sender.stderr)
        return (code, says if "--loop" not in words else "", len(publishers),
                [(track, sorted(fields.items())) for track, fields in points])

    def shared(self, verb):
        end = (".jsonl" if verb == "pub" else ".zbag",)
        return {
            "rate": Case("--rate=1e6", beside=(self.space.path("slow") + end[0],)),
            "burst": Case("--burst", beside=(self.space.path("slow") + end[0],)),
            "loop": Case("--loop"), "track": Case("--track=arm"), "exclude": Case("--exclude=arm"),
            "wait": Elsewhere("stop_test", "SenderStopTest.test_senders_to_nobody_warn_after_wait_and_"
                              "go_on"),
            "publish-to": Elsewhere("stop_test", "SenderStopTest.test_senders_to_nobody_warn_after_"
                                    "wait_and_go_on"),
            "subscribe-to": Elsewhere("stop_test", "SenderStopTest.test_senders_to_nobody_warn_after_"
                                      "wait_and_go_on"),
            "quiet": Case("--quiet"), "log-level": Case("--log-level=warning")}

    def test_pub(self):
        def outcome(words, beside):
            return self.send("pub", beside or (self.source, "--burst"), words)
        self.check_all("pub", {
            **self.shared("pub"), "split-tracks": Case("--split-tracks"),
            "name": Elsewhere("options_test", "NodeTest.test_a_publisher_that_can_have_no_control_"
                              "socket_publishes_all_the_same"),
            "color": Case("--color=always", beside=("nowhere.jsonl",))}, outcome)

    def test_play(self):
        def outcome(words, beside):
            return self.send("play", beside or (self.space.path("in.zbag"), "--burst"), words)
        self.check_all("play", {
            **self.shared("play"), "start": Case("--start=+1"), "end": Case("--end=+1"),
            "duration": Case("--duration=1"),
            "columns": Case("--columns=n"), "limit": Case("--limit=2"),
            "remap": Case("--remap=arm:=hand"), "prefix": Case("--prefix=again"),
            "max-gap": Elsewhere("play_test", "PlayTest.test_silence_is_told_of_and_skipped_when_asked"),
            "delay": Elsewhere("play_test", "PlayTest.test_delay_waits_before_the_first_frame"),
            "start-paused": Elsewhere("stop_test", "ControlTest.test_a_player_can_be_paused_stepped_"
                                      "sought_and_stopped"),
            "name": Elsewhere("node_test", "ListTest.test_every_kind_of_node_is_listed_and_reached"),
            "color": Case("--color=always", beside=("nowhere.zbag",))}, outcome)


class RecordTest(EffectTest):
    """The recorder."""

    def setUp(self):
        super().setUp()
        self.bags = 0

    def record(self, words, beside):
        """What it makes of the same frames."""
        bag = self.space.path("r.zbag")
        for name in os.listdir(self.space.folder):
            if name.startswith("r") and name.endswith(".zbag"):
                os.remove(self.space.path(name))
        if beside is not None:  # nothing to record
            done = self.space.run("record", *beside, *words)
            return done.returncode, re.sub(r"[\d.]+ s|[\d.]+ k?B|:\d+", "", done.stderr)
        recorder = self.start_recorder(bag, *words)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(1500):
            sensor.send("arm", {"_ts": float(n), "n": n, "d": "v" * 2_000})
            if n == 1000:  # not all of it in one commit, however busy the machine is
                self.space.run("ctl", "record", "flush")
        sensor.send("arm", {"_ts": 1500.0, "n": list(range(2000))})
        harness.wait_until(lambda: self.metrics()["received"] == 1501, "the frames")
        code = recorder.stop()
        bags = sorted(name for name in os.listdir(self.space.folder)
                      if name.startswith("r") and name.endswith(".zbag"))
        return code, [self.content_of(self.space.path(name)) for name in bags]

    def metrics(self):
        return json.loads(self.run_ok("ctl", "record", "metrics").stdout)

    def check_due(self, is_due, options):
        """Whether frames are written while it goes on, of itself."""
        words = sum(options.items(), ())
        self.bags += 1
        recorder = self.start_recorder(self.space.path(f"due_{self.bags}.zbag"), *words)
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(20):
            sensor.send("arm", {"_ts": float(n)})
        witness.take(20)
        if is_due:
            harness.wait_until(lambda: self.metrics()["points"] > 0, "a commit")
        points = self.metrics()["points"]
        self.assertEqual(points > 0, is_due)
        self.run_ok("ctl", "record", "flush")
        self.assertEqual(self.metrics()["points"], 20)
        self.assertEqual(recorder.stop(), DONE)

    def test_what_makes_frames_due(self):
        never = {"--buffer-points": "1000000", "--flush-interval": "100000", "--sync": "off"}
        self.check_due(False, never)
        for option, value in (("--buffer-points", "5"), ("--flush-interval", "0.01"),
                              ("--sync", "5")):
            with self.subTest(option=option):
                self.check_due(True, {**never, option: value})

    def test_record(self):
        due = Elsewhere("effect_test", "RecordTest.test_what_makes_frames_due")
        run_folder = Elsewhere("stop_test",
                               "RecorderStopTest.test_a_recorder_without_output_makes_a_run_folder")
        short = ("-o", "r.zbag", "--duration=0.1", "--min-free=10")
        hosted = (*short, "--with-broker", *PORTS)
        ring = Elsewhere("policy_test", "SplitTest.test_a_ring_keeps_the_newest_bags_and_tells_of_the_"
                         "others")
        overflow = Elsewhere("policy_test", "OverflowTest.test_drop_oldest_counts_what_it_drops_and_"
                             "keeps_the_last")
        self.check_all("record", {
            "output": Case("-o", "r_2.zbag", beside=hosted), "base-directory": run_folder,
            "resume": Elsewhere("launch_test", "RunningTest.test_a_recorder_that_was_killed_goes_on_"
                                "in_its_bag"),
            "track": Case("--track=leg"), "exclude": Case("--exclude=arm"),
            "with-broker": Case("--with-broker", beside=(*short, *PORTS)),
            "insecure": Case("--insecure", beside=(
                *short, "--with-broker", *PORTS[2:], "--publish-to=tcp://0.0.0.0:*")),
            "duration": Elsewhere("stop_test", "RecorderStopTest.test_duration_ends_the_recording"),
            "max-size": Case("--max-size=1", "--compression=none", "--sync=5",
                             other=("--compression=none", "--sync=5")),
            "max-duration": ring, "max-files": ring,
            "start-paused": Case("--start-paused"), "sync": due, "buffer-points": due,
            "flush-interval": due,
            "sync-idle": Elsewhere("policy_test", "SyncIdleTest.test_what_waits_is_written_at_the_end_"
                                   "of_the_idle_interval_and_at_a_stop"),
            "buffer-mb": overflow, "on-overflow": overflow,
            "min-free": Elsewhere("bad_input_test", "FullDiskTest.test_less_free_than_asked_for_is_"
                                  "said_at_once_and_leaves_no_bag"),
            "compression": Case("--compression=none"),
            "timestamps": Elsewhere("bad_input_test", "BadFrameTest.test_timestamps_require_refuses_"
                                    "frames_without_one"),
            "max-items": Case("--max-items=1024"),
            "merge": Elsewhere("policy_test", "MergeTest.test_shallow_merges_fields_and_the_later_"
                               "value_wins"),
            "late-merge": Elsewhere("policy_test", "LateTest.test_reject_refuses_them_as_late"),
            "metadata": run_folder,
            "timings": Elsewhere("timings_test", "WriteTest.test_record_writes_its_phases"),
            "timings-csv": Elsewhere(
                "timings_test", "WriteTest.test_a_folder_that_can_not_be_is_said_at_once"),
            "schema": Elsewhere("schema_test", "RecordSchemaTest.test_every_bag_of_a_recording_says_it"),
            "stats": Elsewhere("screens_test", "StatsScreenTest.test_it_fits_80_by_24_and_scrolls_"
                               "nothing"),
            "publish-to": Case("--publish-to=ipc://./in.ipc", other=PORTS[:2],
                               beside=(*short, "--with-broker", *PORTS[2:])),
            "subscribe-to": Case("--subscribe-to=ipc://./out.ipc", other=PORTS[2:],
                                 beside=(*short, "--with-broker", *PORTS[:2])),
            "name": Case("--name=other", beside=hosted),
            "log-level": Case("--log-level=warning", beside=hosted),
            "quiet": Case("--quiet", beside=hosted),
            "color": Case("--color=always", beside=("-o", "nowhere/x.zbag", "--publish-to=x://"))},
            self.record)


if __name__ == "__main__":
    harness.main()
