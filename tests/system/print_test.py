#!/usr/bin/env python3
"""What `cat` and `tap` print: whole in a pipe, as much as can be read on a terminal."""

import json
import os
import subprocess

import harness
from harness import DONE, USAGE
from terminal import Terminal

STAMP = 1795168800.123456  # 2026-11-20T10:00:00.123456Z
ISO = "2026-11-20T10:00:00.123456Z"


class LongValues(harness.SystemTest):
    """A bag of one point with long values."""

    def make_bag(self):
        path, bag = self.space.path("in.jsonl"), self.space.path("a.zbag")
        fields = {"image_hex": "00" * 921_600, "ranges": [float(i) for i in range(1081)],
                  "label": "front", "note": "n" * 5000}
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps({"track": "camera", "_ts": STAMP, "fields": fields}) + "\n")
        self.run_ok("import", path, "-o", bag, "--quiet")
        return bag


class PrintTest(LongValues):
    """What `cat` prints, and `tap` by the same code."""

    def on_terminal(self, *arguments):
        """What a terminal behind stdout gets."""
        terminal = Terminal(self.space, *arguments, is_stdout=True)
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.wait(), DONE, terminal.output)
        return terminal.output.decode().replace("\r\n", "\n")

    def test_a_terminal_shows_how_long_a_value_is(self):
        shown = self.on_terminal("cat", self.make_bag())
        self.assertIn('"image":<bin 921,600 B>', shown)
        self.assertIn('"ranges":[0.0,1.0,2.0,3.0,… 1,077 more]', shown)
        self.assertIn('"label":"front"', shown)
        self.assertIn("… 4,880 B more", shown)
        self.assertEqual(shown.count("\n"), 1)
        self.assertLess(len(shown), 2000)

    def test_a_pipe_and_all_show_every_byte(self):
        bag = self.make_bag()
        piped = self.run_ok("cat", bag).stdout
        point = json.loads(piped)
        self.assertEqual(len(point["image"]), 921_600 * 4 // 3)
        self.assertEqual(len(point["ranges"]), 1081)
        self.assertEqual(point["_ts"], STAMP)
        whole = json.loads(self.on_terminal("cat", bag, "--all"))
        self.assertEqual({name: whole[name] for name in point}, point)

    def test_human_times_are_iso_in_a_pipe_too(self):
        bag = self.make_bag()
        self.assertEqual(json.loads(self.run_ok("cat", bag, "--human").stdout)["_ts"], ISO)
        yaml = self.run_ok("cat", bag, "--human", "--format", "yaml").stdout
        self.assertIn(f'_ts: "{ISO}"\n'.encode(), yaml)
        self.assertIn(f'{{"_ts":"{ISO}"', self.on_terminal("cat", bag, "--human"))
        for arguments in (("cat", bag), ("tap",)):
            done = self.run_ok(*arguments, "--human", "--format", "raw", code=USAGE)
            self.assertIn("--human", done.stderr)


class LockFileTest(LongValues):
    """No lock file is left by any verb; see lock_file.hpp."""

    def lock_files(self):
        return [name for name in os.listdir(self.space.folder) if name.endswith("-lock")]

    def test_no_verb_leaves_one(self):
        bag = self.make_bag()
        self.assertEqual(self.lock_files(), [])
        out = self.space.path
        for arguments in (("info", bag), ("check", bag), ("cat", bag),
                          ("export", bag, "-o", out("out.jsonl"), "--format", "jsonl"),
                          ("cut", bag, "-o", out("cut.zbag")), ("recover", bag, "-o", out("r.zbag")),
                          ("merge", bag, out("cut.zbag"), "-o", out("m.zbag")), ("compact", bag),
                          ("compact", bag, "-o", out("c.zbag"))):
            with self.subTest(verb=arguments[0]):
                self.run_ok(*arguments)
                self.assertEqual(self.lock_files(), [])

    def test_it_stays_while_somebody_reads(self):
        bag = self.make_bag()
        reader = subprocess.Popen([harness.binary(), "cat", bag], env=self.space.env,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        reader.stdout.read(1)  # it holds the bag open: 1.2 MB do not fit a pipe
        self.run_ok("check", bag)
        self.assertEqual(self.lock_files(), ["a.zbag-lock"])
        reader.stdout.read()
        reader.stdout.close()
        self.assertEqual(reader.wait(harness.DEADLINE), DONE)
        self.assertEqual(self.lock_files(), [])


if __name__ == "__main__":
    harness.main()
