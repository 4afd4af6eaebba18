"""Options: where a value may come from, which source wins, and what tells of it.

Proves the paragraph on options of cli.md: the precedence, the PLUME_ names of requirement S2.26,
--print-config, --log-level, and the configuration a bag keeps of its run.
"""

import json
import os
import re

import harness
from harness import DONE, FAILED, LOSSY, PORTS, USAGE

ON_THE_BUS = ("broker", "pub", "tap", "topics", "record", "play")
LOUD = ON_THE_BUS + ("info", "cat", "export", "import", "check", "recover", "compact", "cut", "merge",
                      "diff", "schema")
VERBS = LOUD + ("launch", "ctl", "version")

# A value of every option that is no flag, other than its default. Lists have one item.
OTHER = {
    "publish-to": "tcp://127.0.0.1:4711", "subscribe-to": "tcp://127.0.0.1:4712", "name": "other",
    "log-level": "warning", "rate": "2.5", "track": "robot/**", "exclude": "laser/*", "wait": "0.5",
    "timeout": "3.5", "format": "raw", "columns": "lost",
    "duration": "12.5", "output": "x.zbag", "base-directory": "else where", "max-size": "25.5",
    "max-duration": "60", "max-files": "3", "max-items": "5000", "sync": "70", "sync-idle": "900", "buffer-mb": "12.5",
    "buffer-points": "50", "flush-interval": "0.25", "min-free": "10", "compression": "zstd:7",
    "timestamps": "require", "merge": "deep", "late-merge": "reject", "on-overflow": "drop-oldest",
    "metadata": "place=lab", "start": "+1.5", "end": "-2", "remap": "a:=b", "prefix": "again",
    "delay": "1.5", "max-gap": "4.5", "start-index": "4", "limit": "9", "layout": "rows", "stamp": "log", "time-field": "t", "args": "speed=3",
    "color": "always", "where": "n > 3", "schema": "robot/imu=imu",
    "binary": "hex", "encoding": "cdr", "compression-level": "3", "partition-by": "run",
    "expand-arrays": "suffix", "align": "robot/imu", "how": "linear", "tolerance": "0.5",
    "codec": "av1", "videos": "decode", "timings": "times",
}
LISTS = ("track", "exclude", "merge", "metadata", "columns", "remap", "args", "schema",
         "partition-by")

# S2.26: the names that mean an option there is, and the rest.
PLUME = {"PLUME_BUFFER_SIZE": ("buffer-points", "2000"),
         "PLUME_BUFFER_MEMORY_MB": ("buffer-mb", "200"),
         "PLUME_FLUSH_INTERVAL": ("flush-interval", "2.5"),
         "PLUME_OUTPUT_DIR": ("base-directory", "plume")}
PLUME_WITHOUT_OPTION = (
    "PLUME_RECORD_BACKEND", "PLUME_PARQUET_COMPRESSION", "PLUME_HDF5_COMPRESSION", "PLUME_ASYNC_IO",
    "PLUME_IO_WORKERS", "PLUME_IO_QUEUE_SIZE", "PLUME_IO_TIMEOUT", "PLUME_MAX_MEMORY_MB",
    "PLUME_RECORD_FULL", "PLUME_RECORD_STEP_INTERVAL", "PLUME_DEBUG_RECORDING")


def scalar(text):
    return json.loads(text) if text.startswith('"') else text


def value_of(text):
    """A value as --print-config writes it: plain, quoted as in JSON, or a list of these."""
    if not text.startswith("["):
        return scalar(text)
    return [scalar(item) for item in re.findall(r'"(?:\\.|[^"\\])*"|[^\[\], ]+', text)]


class OptionsTest(harness.SystemTest):
    """What the classes below share."""

    def printed(self, verb, *arguments):
        """What `zbag VERB --print-config` says: {option: (value, origin)}; None where not set."""
        text = self.run_ok(verb, "--print-config", *arguments).stdout.decode()
        lines = text.splitlines()
        self.assertEqual(lines[0], verb + ":")
        options = {}
        for line in lines[1:]:
            unset = re.fullmatch(r"  # ([a-z-]+): not set", line)
            given = re.fullmatch(r"  ([a-z-]+): (.*?)  # ([^\"]*)", line)
            self.assertTrue(unset or given or line.startswith("  # "), line)
            if unset:
                options[unset.group(1)] = (None, "default")
            elif given:
                options[given.group(1)] = (value_of(given.group(2)), given.group(3))
        return options

    def others_of(self, verb):
        """A value for every option of the verb that is not its default."""
        values = {}
        for name, (value, _) in self.printed(verb).items():
            if value in ("true", "false"):
                values[name] = "true" if value == "false" else "false"
            else:
                values[name] = OTHER[name]
        if verb == "export":
            values["format"] = "jsonl"
        return values

    def assert_printed(self, printed, values, origin):
        """`printed` has these values, all from `origin(name)`."""
        self.assertEqual(sorted(printed), sorted(values))
        for name, value in values.items():
            expected = [value] if name in LISTS else value
            self.assertEqual(printed[name], (expected, origin(name)), name)

    def make_bag(self, *lines):
        source = self.write("in.jsonl", "".join(
            json.dumps({"track": "robot/arm", "_ts": 1000.0 + i, "fields": {"n": i}}) + "\n"
            for i in range(5)) + "".join(lines))
        return source, self.space.path("in.zbag")


class SourcesTest(OptionsTest):
    """Every option of every verb, from every source."""

    def test_the_environment_sets_every_option(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                values = self.others_of(verb)
                variables = {name: "ZBAG_" + name.upper().replace("-", "_") for name in values}
                before = dict(self.space.env)
                self.space.env.update({variables[name]: values[name] for name in values})
                printed = self.printed(verb)
                self.space.env = before
                self.assert_printed(printed, values, lambda name: variables[name])

    def test_a_file_sets_every_option_and_its_lines_are_named(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                values = self.others_of(verb)
                names = list(values)
                path = self.write("c.yaml", verb + ":\n" + "".join(
                    f"  {name}: {json.dumps(values[name])}\n" for name in names))
                self.assert_printed(self.printed(verb, "--config", path), values,
                                    lambda name: f"{path}:{names.index(name) + 2} ({verb}.{name})")

    def test_set_sets_every_option(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                values = self.others_of(verb)
                for prefix in ("", verb + "."):
                    sets = [word for name in values
                            for word in ("--set", f"{prefix}{name}={values[name]}")]
                    self.assert_printed(self.printed(verb, *sets), values, lambda name: "--set")

    def test_the_command_line_sets_every_option(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                values = self.others_of(verb)
                words = [f"--{name}={value}" for name, value in values.items()]
                self.assert_printed(self.printed(verb, *words), values, lambda name: "command line")

    def test_each_source_beats_those_below_it(self):
        path = self.write("c.yaml", "all:\n  sync: 11\n  track: [in/all]\nrecord:\n  sync: 12\n"
                                    "  track: [a, b]\n  stats: true\n")
        file = ("--config", path)
        self.assertEqual(self.printed("record")["sync"], ("100", "default"))
        printed = self.printed("record", *file)
        self.assertEqual(printed["sync"], ("12", f"{path}:5 (record.sync)"))
        self.assertEqual(printed["track"], (["a", "b"], f"{path}:6 (record.track)"))
        self.assertEqual(self.printed("cat", *file)["track"], (["in/all"], f"{path}:3 (all.track)"))
        self.space.env.update(ZBAG_SYNC="13", ZBAG_TRACK="c", ZBAG_STATS="false")
        printed = self.printed("record", *file)
        self.assertEqual([printed[name] for name in ("sync", "track", "stats")],
                         [("13", "ZBAG_SYNC"), (["c"], "ZBAG_TRACK"), ("false", "ZBAG_STATS")])
        sets = ("--set", "sync=14", "--set", "record.stats=true")
        printed = self.printed("record", *file, *sets)
        self.assertEqual([printed[name] for name in ("sync", "track", "stats")],
                         [("14", "--set"), (["c"], "ZBAG_TRACK"), ("true", "--set")])
        line = ("--sync", "15", "--track", "d", "--track", "e", "--stats=false")
        printed = self.printed("record", *line, *file, *sets)
        self.assertEqual([printed[name] for name in ("sync", "track", "stats")],
                         [("15", "command line"), (["d", "e"], "command line"),
                          ("false", "command line")])

    def test_of_two_files_the_later_wins(self):
        one = self.write("one.yaml", "record: {sync: 1, merge: deep}\n")
        two = self.write("two.yaml", "record: {sync: 2}\n")
        printed = self.printed("record", "--config", one, "--config", two)
        self.assertEqual((printed["sync"][0], printed["merge"][0]), ("2", ["deep"]))

    def test_an_empty_list_in_a_file_is_a_value_and_an_empty_section_none(self):
        path = self.write("c.yaml", "all:\n  track: [a]\nrecord:\n  track: []\n")
        self.assertEqual(self.printed("record", "--config", path)["track"],
                         ([], f"{path}:4 (record.track)"))
        path = self.write("c.yaml", "record:\n  # sync: 5\n")
        self.assertEqual(self.printed("record", "--config", path)["sync"], ("100", "default"))

    def test_two_values_for_an_option_that_takes_one_are_refused_with_their_place(self):
        path = self.write("c.yaml", "record:\n  sync: [1, 2]\n")
        done = self.run_ok("record", "--print-config", "--config", path, code=USAGE)
        self.assert_one_line(done.stderr, "--sync", f"{path}:2")

    def test_commas_part_a_list_of_fields_wherever_it_stands(self):
        path = self.write("c.yaml", "cat:\n  columns: [a, 'b,c']\n")
        self.assertEqual(self.printed("cat", "--config", path)["columns"][0], ["a", "b", "c"])
        self.space.env["ZBAG_FIELDS"] = "x,y"
        self.assertEqual(self.printed("tap")["columns"][0], ["x", "y"])
        self.assertEqual(self.printed("tap", "--fields", "u,v")["columns"][0], ["u", "v"])

    def test_a_bad_value_names_option_value_what_is_allowed_and_the_source(self):
        path = self.write("c.yaml", "record:\n  buffer-mb: 0\n")
        for options, variables, words in (
                (("--config", path), {}, ("--buffer-mb 0", "MB from 1 to 1000000", f"{path}:2")),
                ((), {"ZBAG_MERGE": "x"}, ("--merge x", "join, shallow, deep or append", "ZBAG_MERGE")),
                ((), {"PLUME_BUFFER_SIZE": "0"}, ("--buffer-points 0", "1", "PLUME_BUFFER_SIZE")),
                (("--set", "sync=never"), {}, ("--sync never", "or off", "--set")),
                (("--track", "a//b"), {}, ("--track a//b", "segment"))):
            with self.subTest(words=words):
                before = dict(self.space.env)
                self.space.env.update(variables)
                done = self.run_ok("record", "--print-config", *options, code=USAGE)
                self.space.env = before
                self.assertEqual(done.stdout, b"")
                self.assert_one_line(done.stderr, *words)


class PlumeTest(OptionsTest):
    """The names of S2.26."""

    def test_each_name_sets_its_option(self):
        for variable, (option, value) in PLUME.items():
            with self.subTest(variable=variable):
                self.space.env[variable] = value
                self.assertEqual(self.printed("record")[option], (value, variable))
                del self.space.env[variable]

    def test_a_name_lies_below_ours_and_above_a_file(self):
        for variable, (option, value) in PLUME.items():
            with self.subTest(variable=variable):
                path = self.write("c.yaml", f"record: {{{option}: 77}}\n")
                self.space.env[variable] = value
                self.assertEqual(self.printed("record", "--config", path)[option][1], variable)
                ours = "ZBAG_" + option.upper().replace("-", "_")
                self.space.env[ours] = "88"
                self.assertEqual(self.printed("record")[option], ("88", ours))
                self.assertEqual(self.printed("record", f"--{option}=99")[option],
                                 ("99", "command line"))
                del self.space.env[variable], self.space.env[ours]

    def test_names_without_an_option_change_nothing(self):
        before = self.printed("record")
        self.space.env.update({name: "1" for name in PLUME_WITHOUT_OPTION})
        self.assertEqual(self.printed("record"), before)

    def test_the_output_folder_is_where_the_bag_comes(self):
        self.space.env["PLUME_OUTPUT_DIR"] = self.space.path("plume")
        self.run_ok("record", "--with-broker", *PORTS, "--min-free", "10", "--duration", "0.1")
        (run,) = os.listdir(self.space.path("plume"))
        self.assertRegex(run, r"^run_\d{8}_\d{6}$")
        config = self.info(self.space.path("plume", run, "run.zbag"))["runs"][0]["config"]
        self.assertEqual(config["base_directory"], self.space.path("plume"))


class PrintConfigTest(OptionsTest):
    """--print-config."""

    def test_what_it_prints_is_taken_by_config_as_the_same(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                values = self.others_of(verb)
                for words in ([], [f"--{name}={value}" for name, value in values.items()]):
                    text = self.run_ok(verb, "--print-config", *words).stdout.decode()
                    path = self.write("printed.yaml", text)
                    first = self.printed(verb, *words)
                    again = self.printed(verb, "--config", path)
                    self.assertEqual({name: value for name, (value, _) in again.items()},
                                     {name: value for name, (value, _) in first.items()})
                    for name, (value, origin) in again.items():
                        self.assertEqual(origin == "default", value is None, name)

    def test_text_of_strangers_goes_round(self):
        for text in ('a "quoted" # one', "two\nlines: 1", "- [x, {y}]", "null", "~", "true", "'",
                     "\\", "\u00fcber/\u706b\u661f", "%YAML", "a: b", " ", "x\ty\x01"):
            with self.subTest(text=text):
                words = ("--output", text, "--metadata", "k=" + text, "--metadata", text + "=")
                printed = self.run_ok("record", "--print-config", *words).stdout.decode()
                path = self.write("printed.yaml", printed)
                again = self.printed("record", "--config", path)
                self.assertEqual(again["output"][0], text)
                self.assertEqual(again["metadata"][0], ["k=" + text, text + "="])

    def test_a_file_with_a_strange_name_does_not_break_what_is_printed(self):
        path = self.write("c\nsync: 1\n.yaml", "record: {sync: 5}\n")
        printed = self.run_ok("record", "--print-config", "--config", path).stdout.decode()
        again = self.printed("record", "--config", self.write("printed.yaml", printed))
        self.assertEqual(again["sync"][0], "5")

    def test_bytes_that_are_no_text_become_a_comment(self):
        done = self.run_ok("record", "--print-config", "--output", b"\xff.zbag".decode(
            "utf-8", "surrogateescape"))
        text = done.stdout.decode()  # raises when it is not UTF-8
        self.assertIn("# output: ", text)
        self.assertIsNone(self.printed("record", "--config",
                                       self.write("printed.yaml", text))["output"][0] or None)

    def test_nothing_else_is_done(self):
        bag = self.space.path("never.zbag")
        self.run_ok("record", "-o", bag, "--with-broker", *PORTS, "--print-config")
        self.assertEqual(os.listdir(self.space.folder), [])
        source, made = self.make_bag()
        done = self.run_ok("import", source, "-o", made, "--print-config")
        self.assertIn(f"# FILE: [\"{source}\"]", done.stdout.decode())
        self.assertFalse(os.path.exists(made))

    def test_a_verb_needs_no_argument_for_it(self):
        for verb in ("play", "pub", "launch", "export"):
            with self.subTest(verb=verb):
                self.printed(verb)
                self.run_ok(verb, code=USAGE)


class LogLevelTest(OptionsTest):
    """--log-level."""

    def test_a_bad_level_is_refused_with_the_list(self):
        for verb in LOUD:
            with self.subTest(verb=verb):
                done = self.run_ok(verb, "--print-config", "--log-level", "loud", code=USAGE)
                self.assert_one_line(done.stderr, "--log-level loud", "error, warning or info")

    def said(self, *options):
        """What an import of one good and one refused line says."""
        source, bag = self.make_bag("nonsense\n")
        done = self.run_ok("import", source, "-o", bag, *options, code=LOSSY)
        os.remove(bag)
        return done.stderr

    def test_each_level_says_what_it_is_named_after_and_what_is_above_it(self):
        by_default = self.said()
        self.assertIn("warning: ", by_default)
        self.assertIn("imported 5 frames", by_default)
        self.assertEqual(self.said("--log-level", "info"), by_default)
        warnings = [line for line in by_default.splitlines() if "warning: " in line]
        self.assertEqual(self.said("--log-level", "warning").splitlines(), warnings)
        self.assertEqual(self.said("--log-level", "error"), "")
        self.assertEqual(self.said("--quiet").splitlines(), warnings)
        self.assertEqual(self.said("--quiet", "--log-level", "error"), "")
        self.space.env["ZBAG_LOG_LEVEL"] = "error"
        self.assertEqual(self.said(), "")

    def test_errors_are_said_at_every_level(self):
        done = self.run_ok("info", "--log-level", "error", "/nowhere.zbag", code=FAILED)
        self.assert_one_line(done.stderr, "/nowhere.zbag")

    def test_a_warning_of_the_recorder_is_left_out_and_ready_is_not(self):
        for level, warned in (("info", True), ("warning", True), ("error", False)):
            with self.subTest(level=level):
                bag = self.space.path(level + ".zbag")
                recorder = self.start_recorder(bag, "--log-level", level)
                sensor = self.publisher(recorder).wait_for_subscriber()
                sensor.send("bad", b"\xc0")
                sensor.send("good", {"_ts": 1.0, "x": 1})
                self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)
                self.assertEqual(self.assert_whole(bag)["refused"], {"not_a_map": 1})
                self.assertEqual("not_a_map" in "".join(
                    line for line in recorder.lines if "warning" in line), warned, recorder.stderr)
                self.assertEqual("recorded " in recorder.stderr, level == "info")
                if level == "error":
                    self.assertEqual(len(recorder.lines), 1, recorder.stderr)

    def test_damage_is_said_at_every_level(self):
        bag = self.space.path("in.zbag")
        self.run_ok("import", self.make_bag()[0], "-o", bag)
        with open(bag, "r+b") as file:
            file.truncate(5000)
        by_default = self.run_ok("check", bag, code=harness.DAMAGED).stderr
        quiet = self.run_ok("check", bag, "--log-level", "error", code=harness.DAMAGED).stderr
        self.assertEqual(quiet, by_default)


class SnapshotTest(OptionsTest):
    """The configuration a bag keeps of its run."""

    TYPES = {"track": list, "exclude": list, "with_broker": bool, "max_size": float,
             "max_duration": float, "max_files": int, "max_items": int, "sync": str, "sync_idle": type(None),
             "buffer_mb": float, "compression": str, "timestamps": str, "merge": list,
             "late_merge": str, "on_overflow": str, "publish_to": str, "subscribe_to": str}

    def recorded(self, *options):
        bag = self.space.path("snap.zbag")
        self.run_ok("record", "-o", bag, "--with-broker", *PORTS, "--duration", "0.1", "--min-free",
                    "10", *options)
        config = self.info(bag)["runs"][0]["config"]
        os.remove(bag)
        return config

    def test_every_option_of_record_is_in_it_but_metadata(self):
        names = {name.replace("-", "_") for name in self.printed("record")}
        self.assertEqual(set(self.recorded()), names - {"metadata"})

    def test_keys_keep_the_types_they_had(self):
        config = self.recorded()
        for key, kind in self.TYPES.items():
            self.assertIs(type(config[key]), kind, key)

    def test_it_says_what_the_run_was_asked_for(self):
        self.space.env["PLUME_BUFFER_SIZE"] = "12"
        config = self.recorded("--track", "a/**", "--track", "b", "--exclude", "a/x", "--sync", "off",
                               "--sync-idle", "250", "--compression", "zstd:7", "--max-size", "5.5",
                               "--metadata", "k=v", "--flush-interval", "0.5", "--name", "arm",
                               "--merge", "deep", "--start-paused")
        expected = {"track": ["a/**", "b"], "exclude": ["a/x"], "sync": "off", "sync_idle": 250.0,
                    "compression": "zstd:7", "max_size": 5.5, "flush_interval": 0.5, "name": "arm",
                    "merge": ["deep"], "start_paused": True, "buffer_points": 12, "min_free": 10.0,
                    "duration": 0.1, "with_broker": True, "insecure": False, "stats": False,
                    "publish_to": PORTS[1], "log_level": "info"}
        self.assertEqual({key: config[key] for key in expected}, expected)


class NodeTest(OptionsTest):
    """Broker and publisher answer on the control socket as other nodes do."""

    def asked(self, node, op):
        return json.loads(self.run_ok("ctl", node, op).stdout)

    def test_a_broker_tells_its_urls_and_stops_when_asked(self):
        broker = self.start_broker(*PORTS, "--name", "hub")
        listener = self.listener(broker)
        self.publisher(broker).wait_for_subscriber().send("a", {"_ts": 1.0})
        self.assertIsNotNone(listener.receive())
        status = self.asked("hub", "status")
        self.assertEqual((status["publish_to"], status["subscribe_to"]),
                         (broker.publish_to, broker.subscribe_to))
        self.assertGreater(status["frames"], 0)
        self.assertEqual(self.asked("hub", "stop"), {"stopping": True})
        self.assertEqual(broker.wait(), DONE, broker.stderr)

    def test_a_publisher_tells_what_it_sent_and_stops_when_asked(self):
        broker = self.start_broker()
        listener = self.listener(broker)
        source, _ = self.make_bag()
        sender = self.space.start("pub", source, "--loop", "--burst", *broker.urls)
        listener.take(20)
        self.assertGreaterEqual(self.asked("pub", "status")["published"], 20)
        self.assertTrue(self.asked("pub", "stop")["stopping"])
        self.assertEqual(sender.wait(), DONE, sender.stderr)
        self.assertEqual(broker.stop(), DONE)

    def test_a_publisher_that_can_have_no_control_socket_publishes_all_the_same(self):
        broker = self.start_broker()
        listener = self.listener(broker)
        source, _ = self.make_bag()
        # Too long a path for a socket of the system.
        self.space.env["ZBAG_RUNTIME_DIR"] = os.path.join(self.space.folder, "r" * 100)
        done = self.run_ok("pub", source, "--burst", *broker.urls)
        self.assert_one_line(done.stderr.splitlines()[0], "zbag ctl can not reach this node")
        self.assertIsNotNone(listener.receive())
        named = self.run_ok("pub", source, "--name", "mine", *broker.urls, code=FAILED)
        self.assert_one_line(named.stderr, "mine")

    def test_a_second_node_of_a_given_name_is_refused_and_of_a_verb_gets_a_number(self):
        hub = self.start_broker(*PORTS, "--name", "hub")
        done = self.run_ok("broker", *PORTS, "--name", "hub", code=FAILED)
        self.assert_one_line(done.stderr, "hub")
        self.start_broker()
        second = self.start_broker()
        self.assertEqual(self.asked("broker-2", "status")["publish_to"], second.publish_to)
        self.assertEqual(hub.stop(), DONE)


if __name__ == "__main__":
    harness.main()
