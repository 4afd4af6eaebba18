"""Help: every page of it, and the hints on words that zbag does not know."""

import re

import harness
from harness import FAILED, USAGE
import terminal

GROUPS = {
    "On the bus": ["broker", "pub", "tap", "topics"],
    "Record and replay": ["record", "play"],
    "Bags": ["info", "cat", "sql", "export", "import", "check", "recover", "compact", "cut", "merge",
             "diff", "schema", "analyze", "plot"],
    "System": ["launch", "ctl", "timings", "completion", "version", "help"],
}
VERBS = [verb for verbs in GROUPS.values() for verb in verbs]
HEADINGS = ["Arguments", "Options", "Selection", "Output", "Frames", "Storage and durability", "Bus",
            "Every verb"]


class HelpTest(harness.SystemTest):

    def page(self, *words):
        done = self.run_ok(*words)
        self.assertEqual(done.stderr, "")
        return done.stdout.decode()

    def sections(self, page):
        """{heading: lines below it}"""
        found, lines = {}, []
        for line in page.splitlines():
            if line.endswith(":") and not line.startswith(" "):
                lines = found.setdefault(line[:-1], [])
            elif line:
                lines.append(line)
        return found


class PagesTest(HelpTest):

    def test_verbs_stand_in_groups(self):
        page = self.page("--help")
        found = self.sections(page)
        self.assertEqual([heading for heading in found if heading in GROUPS], list(GROUPS))
        for heading, verbs in GROUPS.items():
            listed = [line.split()[0] for line in found[heading] if re.match(r"  \S", line)]
            self.assertEqual(listed, verbs)

    def test_help_is_a_verb_too(self):
        self.assertEqual(self.page("help"), self.page("--help"))
        self.assertEqual(self.page("help"), self.page("-h"))
        for verb in VERBS:
            with self.subTest(verb=verb):
                self.assertEqual(self.page("help", verb), self.page(verb, "--help"))
                self.assertEqual(self.page("help", verb), self.page(verb, "-h"))
        self.assert_one_line(self.run_ok("help", "recrod", code=USAGE).stderr,
                             "zbag help: no verb 'recrod': did you mean record?")

    def test_every_page_has_a_purpose_its_usage_and_an_example(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                page = self.page("help", verb)
                self.assertRegex(page, rf"(?s)\A[A-Z][^\n]+.*?\.\n\nUsage: zbag {verb}\b")
                self.assertRegex(page, r"\nExample:\n  .*\bzbag " + verb)

    def test_lines_fit_and_words_are_whole(self):
        """In a pipe 80 columns; a terminal's own below 100."""
        for verb in VERBS:
            with self.subTest(verb=verb):
                page = self.page("help", verb)
                for columns in (80, 100, 200):
                    shown = terminal.output_of(self.space, columns, "help", verb)
                    self.assertLessEqual(max(map(len, shown.splitlines())), min(columns, 100))
                    self.assertEqual(shown.split(), page.split())
                    if columns == 80:
                        self.assertEqual(shown, page)

    def test_every_option_stands_once_and_under_a_heading(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                found = self.sections(self.page("help", verb))
                listed = [name for heading in HEADINGS for line in found.get(heading, [])
                          for name in re.findall(r"^  (?:-\w, )?--([a-z-]+)", line)]
                config = self.run_ok(verb, "--print-config").stdout.decode()
                options = re.findall(r"(?m)^  (?:# )?([a-z-]+): ", config)
                fixed = ["config", "set", "print-config", "help"]
                self.assertEqual(sorted(listed), sorted(options + fixed))
                every = "\n".join(found["Every verb"])
                for name in fixed:
                    self.assertIn(f"--{name}", every)

    def test_options_stand_where_they_belong(self):
        found = self.sections(self.page("help", "record"))
        for heading, names in (("Selection", ("track", "exclude")),
                               ("Output", ("output", "max-size")),
                               ("Frames", ("merge", "timestamps")),
                               ("Storage and durability", ("sync", "buffer-mb", "compression")),
                               ("Bus", ("publish-to", "with-broker", "name")),
                               ("Every verb", ("quiet", "log-level", "help"))):
            text = "\n".join(found[heading])
            for name in names:
                self.assertRegex(text, rf"(?m)^  (-\w, )?--{name}\b")

    def test_defaults_are_told(self):
        page = " ".join(self.page("help", "record").split())
        for text in ("[tcp://127.0.0.1:9871]", "[lz4]", "[1024]", "[join]"):
            self.assertIn(text, page)

    def test_the_keys_of_a_launch_file_are_told(self):
        page = self.page("help", "launch")
        for key in ("variables", "include", "nodes", "command", "arguments", "environment",
                    "wait_for", "wait_timeout", "restart", "max_restarts", "restart_delay",
                    "required", "stops_launch", "if"):
            self.assertRegex(page, rf"(?m)^  {key} +\S")


    def test_every_format_of_export_is_told_with_its_options(self):
        page = self.page("help", "export")
        said = self.run_ok("export", "x.zbag", "-o", "y", "--format", "none-such", code=USAGE).stderr
        names = [name for name in ("csv", "images", "json", "jsonl", "mcap", "mocap", "mp4", "parquet", "rosbag2",
                                   "sqlite", "trc") if name in said]
        listed = self.sections(page)["Formats"]
        starts = [line.split()[0] for line in listed if re.match(r"  \S", line)]
        self.assertEqual(len(names), 11)
        self.assertLessEqual(set(names), set(starts))
        self.assertEqual(starts, sorted(starts))
        text = " ".join(" ".join(listed).split())
        for part in ("csv A table a track, RFC 4180; pandas.read_csv, a spreadsheet; with --binary, --align, "
                     "--expand-arrays", "--compression none|lz4|zstd (zstd)", "--encoding", "OpenSim"):
            self.assertIn(part, text)
        told = " ".join(page.split())
        self.assertIn("--partition-by A,B ... parquet: ", told)
        self.assertIn("csv, json, jsonl: bytes as base64", told)

    def test_a_format_is_told_by_the_name_of_the_output(self):
        bag = self.space.path("a.zbag")
        self.run_ok("import", self.write("a.jsonl", '{"track":"t","_ts":1.0,"fields":{"x":1}}\n'), "-o", bag)
        self.run_ok("export", bag, "-o", "x.csv")
        with open(self.space.path("x.csv"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 2)
        done = self.run_ok("export", bag, "-o", "x", code=USAGE)
        self.assert_one_line(done.stderr, "x tells no format: give --format F, one of: bvh, csv, hdf5, ")
        done = self.run_ok("export", bag, "x.mcap", code=USAGE)
        self.assert_one_line(done.stderr, "--output is required: write -o x.mcap; see zbag export --help")
        self.assertEqual(self.run_ok("export", bag, "-o", "-", "--format", "csv").stdout.count(b"\n"), 2)

    def test_what_a_format_does_not_know_is_as_it_says(self):
        """The table that --help shows is the one that refuses."""
        about = {}
        for line in self.sections(self.page("help", "export"))["Formats"]:
            name = line.split()[0] if re.match(r"  \S", line) else name
            about[name] = about.get(name, "") + line
        bag = self.space.path("a.zbag")
        self.run_ok("import", self.write("a.jsonl", '{"track":"t","_ts":1.0,"fields":{"x":1}}\n'), "-o", bag)
        for option, value in (("--binary", "hex"), ("--align", "t"), ("--expand-arrays", "suffix"),
                              ("--partition-by", "run"), ("--codec", "av1"), ("--encoding", "msgpack"),
                              ("--layout", "rows"), ("--compression", "none")):
            for name, text in about.items():
                with self.subTest(option=option, name=name):
                    done = self.space.run("export", bag, "-o", f"{name}{option}", "--format", name, option, value,
                                          "--quiet")
                    refused = f"{name} does not know {option}" in done.stderr or "has no compression" in done.stderr
                    self.assertEqual(refused, option not in text, done.stderr)


class HintTest(HelpTest):

    def hint(self, *words):
        done = self.run_ok(*words, code=USAGE)
        self.assertEqual(done.stdout, b"")
        return self.assert_one_line(done.stderr)

    def test_an_option_that_is_none_names_the_nearest(self):
        for words, said in (
                (("export", "--outptu", "x", "a.zbag"),
                 "zbag export: unknown option --outptu: did you mean --output?; "
                 "see zbag export --help"),
                (("export", "--outptu"), "unknown option --outptu: did you mean --output?"),
                (("check", "--jsn", "a"), "unknown option --jsn: did you mean --json?"),
                (("cat", "a", "--trakc=b"), "unknown option --trakc: did you mean --track?"),
                (("record", "--hlep"), "unknown option --hlep: did you mean --help?"),
                (("record", "--confg", "x"), "unknown option --confg: did you mean --config?"),
                (("check", "a", "--banana", "x"), "zbag check: unknown option --banana; see zbag"),
                (("--quiet", "record"), "unknown option --quiet; options stand behind the verb")):
            with self.subTest(words=words):
                self.assertIn(said, self.hint(*words))

    def test_what_is_too_much_or_missing_is_told(self):
        for words, said in ((("version", "a"), "'a' is one argument too many"),
                            (("cat",), "BAG is required"), (("cat", "--track"), "--track needs a value"),
                            ((), "name a verb; zbag help lists them")):
            with self.subTest(words=words):
                self.assertIn(said, self.hint(*words))

    def test_words_of_other_tools_name_the_verb_that_does_it_here(self):
        for words, said in (
                (("echo", "/imu"), "zbag: no verb 'echo': zbag tap prints frames as they pass"),
                (("list",), "zbag topics"), (("ls",), "zbag topics"), (("hz",), "zbag topics"),
                (("bag", "info", "x.zbag"), "zbag: no verb 'bag': write zbag info"),
                (("bag", "list"), "zbag topics"), (("topic", "echo", "x"), "zbag tap"),
                (("ros2", "bag", "record", "-a"), "write zbag record"), (("topic",), "zbag topics"),
                (("convert", "x"), "zbag export"), (("reindex",), "zbag recover"),
                (("recrod",), "no verb 'recrod': did you mean record?"),
                (("paly",), "did you mean play?"), (("bag",), "zbag help"),
                (("xyzzy",), "zbag: no verb 'xyzzy'; zbag help lists them")):
            with self.subTest(words=words):
                self.assertIn(said, self.hint(*words))

    def test_no_verb_is_a_word_of_others(self):
        for verb in VERBS:
            self.assertNotIn("no verb", self.space.run(verb, "--help").stderr)

    def test_a_node_that_does_not_run_names_the_nearest_and_all(self):
        tap = self.space.start("tap", "--name", "spy", "--publish-to", "tcp://127.0.0.1:1",
                               "--subscribe-to", "tcp://127.0.0.1:1")
        harness.wait_until(lambda: self.space.run("ctl", "spy", "status").returncode == 0, "spy")
        done = self.run_ok("ctl", "syp", "status", code=FAILED)
        self.assert_one_line(done.stderr, "'syp'", "did you mean spy?", "there is spy")
        self.assertEqual(tap.stop(), harness.DONE)


if __name__ == "__main__":
    harness.main()
