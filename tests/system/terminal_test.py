#!/usr/bin/env python3
"""Progress bars: on a terminal they come and go without a trace, anywhere else there are none.

"""

import os
import re
import signal
import subprocess

import harness
from harness import DAMAGED, DEADLINE, DONE, FAILED, SystemTest
from long_recording import write_recording
from terminal import Screen, Terminal

TICKS = 60_000
BAR = re.compile(rb"\r(\w+) \[(#*)(\.*)\] +(\d+) %")
BAR_WIDTH = 32

# What each verb is given beside the bag; `new` lies in the folder it runs in.
VERBS = {"check": (), "recover": ("-o", "new"), "compact": ("-o", "new"), "cut": ("-o", "new"),
         "merge": ("-o", "new"), "import": ("-o", "new")}


class TerminalTest(SystemTest):
    """A bag that takes a while, made once."""

    @classmethod
    def setUpClass(cls):
        cls.kept = harness.Workspace()
        cls.addClassCleanup(cls.kept.close)
        cls.recording, cls.bag = cls.kept.path("bag.jsonl"), cls.kept.path("bag.zbag")
        write_recording(cls.recording, TICKS)
        done = cls.kept.run("import", cls.recording, "-o", cls.bag, "--quiet")
        if done.returncode != DONE:
            raise AssertionError(done.stderr)

    def start_on_terminal(self, *arguments, **more):
        self.remove_new()
        terminal = Terminal(self.space, *arguments, **more)
        self.addCleanup(terminal.close)
        return terminal

    def lines_of(self, output):
        """What a screen shows in the end; a bar needs no sequence but the one that erases it
        (and colours of what is said)."""
        self.assertNotRegex(output, rb"\x1b(?!\[K|\[\d*m)")
        return Screen(output).lines

    def run_on_terminal(self, *arguments, code=DONE):
        terminal = self.start_on_terminal(*arguments)
        self.assertEqual(terminal.wait(), code, terminal.output)
        return terminal.output

    def stderr_of_pipe(self, *arguments, code=DONE):
        self.remove_new()
        return self.run_ok(*arguments, code=code).stderr

    def remove_new(self):
        """What the run before has made."""
        for name in ("new", "new-lock"):
            if os.path.exists(self.space.path(name)):
                os.unlink(self.space.path(name))

    def arguments_of(self, verb):
        return (verb, self.recording if verb == "import" else self.bag, *VERBS[verb])


class BarTest(TerminalTest):
    def test_every_verb_draws_a_bar_that_only_grows(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                bars = BAR.findall(self.run_on_terminal(*self.arguments_of(verb)))
                self.assertTrue(bars)
                self.assertEqual({label.decode() for label, *_ in bars}, {verb})
                self.assertEqual({len(done) + len(left) for _, done, left, _ in bars}, {BAR_WIDTH})
                shares = [int(share) for *_, share in bars]
                self.assertEqual(shares, sorted(shares))
                self.assertLessEqual(shares[-1], 100)

    def test_what_stays_on_the_terminal_is_what_a_pipe_gets(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                lines = self.lines_of(self.run_on_terminal(*self.arguments_of(verb)))
                piped = self.stderr_of_pipe(*self.arguments_of(verb)).split("\n")
                # Which thread compresses a block may change its size a little.
                lines, piped = ([re.sub(r"[\d.]+ MB after", "", line) for line in text]
                                for text in (lines, piped))
                self.assertEqual(lines, piped)

    def test_a_pipe_gets_no_bar(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                self.assertNotRegex(self.stderr_of_pipe(*self.arguments_of(verb)), r"[\r\x1b#%]")

    def test_quiet_leaves_the_terminal_alone(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                self.assertEqual(self.run_on_terminal(*self.arguments_of(verb), "--quiet"), b"")

    def test_json_of_a_check_comes_without_a_bar(self):
        self.assertEqual(self.run_on_terminal("check", self.bag, "--json"), b"")

    def test_a_warning_has_a_line_of_its_own(self):
        """Not behind the bar that stands there when it comes."""
        broken = self.space.path("broken")
        image = self.points(self.bag, "--track", "cam")[-1][1]["data"]
        with open(self.bag, "rb") as source, open(broken, "wb") as target:
            content = bytearray(source.read())
            content[content.index(image)] ^= 1
            target.write(content)
        for verb in ("cut", "merge"):
            with self.subTest(verb=verb):
                arguments = (verb, broken, *VERBS[verb])
                piped = self.stderr_of_pipe(*arguments, code=DAMAGED)
                lines = self.lines_of(self.run_on_terminal(*arguments, code=DAMAGED))
                self.assertIn("warning: ", piped)
                self.assertEqual(lines, piped.split("\n"))

    def test_a_stop_erases_the_bar_and_says_one_line(self):
        for verb in sorted(VERBS):
            with self.subTest(verb=verb):
                # A stopped terminal holds it in its first bar: the signal never comes too late.
                terminal = self.start_on_terminal(*self.arguments_of(verb), is_stopped=True)
                terminal.await_writer()
                terminal.popen.send_signal(signal.SIGINT)
                terminal.go_on()
                self.assertEqual(terminal.wait(), FAILED, terminal.output)
                lines = self.lines_of(terminal.output)
                self.assertRegex(lines[0], rf"^zbag {verb}: .*stopped")
                self.assertEqual(lines[1:], [""])
                self.assertEqual(os.listdir(self.space.folder), [])

    def test_a_stop_of_an_export_leaves_no_file(self):
        terminal = self.start_on_terminal("export", self.bag, "-o", "new", "--format", "json",
                                          is_stopped=True)
        terminal.await_writer()
        terminal.popen.send_signal(signal.SIGINT)
        terminal.go_on()
        self.assertEqual(terminal.wait(), FAILED, terminal.output)
        self.assertEqual(self.lines_of(terminal.output),
                         ["zbag export: stopped; nothing was written", ""])
        self.assertEqual(os.listdir(self.space.folder), [])

    def test_a_terminal_that_goes_away_costs_the_bar_alone(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                terminal = self.start_on_terminal(*self.arguments_of(verb))
                terminal.read()
                terminal.hang_up()
                self.assert_done_well(verb, terminal.popen)

    def test_a_reader_of_stderr_that_goes_away_costs_the_last_line_alone(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                self.remove_new()
                reader, stderr = os.pipe()
                os.close(reader)
                popen = subprocess.Popen([harness.binary(), *self.arguments_of(verb)],
                                         env=self.space.env, cwd=self.space.folder,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=stderr)
                os.close(stderr)
                self.assert_done_well(verb, popen)

    def assert_done_well(self, verb, popen):
        self.assertEqual(popen.wait(DEADLINE), DONE)
        if verb != "check":
            self.assert_whole(self.space.path("new"))


if __name__ == "__main__":
    harness.main()
