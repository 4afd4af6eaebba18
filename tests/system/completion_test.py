"""Completion in bash, zsh and fish: what the command answers, and what a pressed key makes of it.

Names of tracks come from strangers. The tests press Tab in real shells, on a bag whose tracks are
named to be run, and read what the shell then gave to the command.
"""

import fcntl
import json
import os
import pty
import shutil
import subprocess
import termios
import threading

import harness
from harness import DONE, USAGE

# Each begins with a letter of its own, so that this letter and a Tab name it.
HOSTILE = ("a b", "c$(touch pwned)", "d`touch pwned`", "e'f\"g", "h;touch pwned;", "i&touch pwned&",
           "j|touch pwned", "k>pwned", "l*?[x]", "m!!", "n\\o\\", "p#q", "x~${HOME}", "s{1,2}", "t%1^",
           "u=v:w@x", "y(z)<pwned", "\u00fcber/\u706b", "robot/arm/imu")
SHELLS = ("bash", "zsh", "fish")


class CompletionTest(harness.SystemTest):

    def make_bag(self, tracks, name="odd.zbag"):
        source = self.space.path("in.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for number, (track, fields) in enumerate(tracks.items()):
                file.write(json.dumps({"track": track, "_ts": 1.0 + number, "fields": fields}) + "\n")
        bag = self.space.path(name)
        self.run_ok("import", source, "-o", bag)
        return bag

    def answer(self, *words, shell="zsh"):
        """What is completed, and the words; the last of `words` is under the cursor."""
        done = self.run_ok("completion", "words", shell, *words)
        self.assertEqual(done.stderr, "")
        kind, *found = done.stdout.decode().splitlines()
        return kind, found

    def words(self, *words):
        kind, found = self.answer(*words)
        self.assertEqual(kind, "words")
        return found


class WordsTest(CompletionTest):
    """What the command answers."""

    def test_verbs_options_and_their_words(self):
        self.assertLess({"record", "play", "help", "completion"}, set(self.words("")))
        self.assertEqual(self.words("help", ""), self.words(""))
        self.assertEqual(self.words("completion", ""), list(SHELLS))
        self.assertLess({"--track", "--with-broker", "--config", "--help"},
                        set(self.words("record", "--wi")))
        for line in (("record", "--late-merge", ""), ("record", "--late-merge", "re"),
                     ("record", "--with-broker", "--late-merge", "")):
            self.assertEqual(self.words(*line), ["merge", "reject", "append"])
        self.assertEqual(self.words("record", "--late-merge="),
                         ["--late-merge=merge", "--late-merge=reject", "--late-merge=append"])
        self.assertEqual(self.words("record", "--compression", ""), ["none", "lz4", "zstd"])
        self.assertLess({"join", "append"}, set(self.words("merge", "a.zbag", "--merge", "")))
        self.assertEqual(self.words("record", "--sync", ""), ["100", "off"])

    def test_what_is_a_path_is_left_to_the_shell(self):
        for line, kind in ((("info", ""), "bags"), (("play", "--loop", ""), "bags"),
                           (("play", "a.zbag", ""), "bags"), (("pub", ""), "files"),
                           (("record", "--config", ""), "files"), (("cut", "a", "-o", ""), "files"),
                           (("launch", "--config="), "files"),
                           (("record", "--base-directory", ""), "folders")):
            with self.subTest(line=line):
                self.assertEqual(self.answer(*line), (kind, []))

    def test_what_takes_nothing_more_gives_nothing(self):
        for line in (("nonsense", ""), ("compact", "a.zbag", ""), ("version", ""), ("help", "cat", ""),
                     ("cat", "--limit", ""), ("record", "--nonsense=")):
            with self.subTest(line=line):
                self.assertEqual(self.words(*line), [])

    def test_tracks_and_fields_of_the_bags_on_the_line(self):
        one = self.make_bag({"robot/arm": {"q": 1, "v": 2}, "laser": {"range": 3}})
        two = self.make_bag({"camera": {"data": 1}}, "two.zbag")
        self.assertEqual(self.words("cat", one, "--track", ""), ["laser", "robot/arm"])
        self.assertEqual(self.words("cat", "--limit", "5", one, "--track="),
                         ["--track=laser", "--track=robot/arm"])
        self.assertEqual(self.words("play", one, two, "--exclude", "r"),
                         ["camera", "laser", "robot/arm"])
        self.assertEqual(self.words("cat", one, "--columns", ""), ["q", "range", "v"])
        self.assertEqual(self.words("cat", one, "--columns", "q,"), ["q,q", "q,range", "q,v"])
        self.assertEqual(self.words("analyze", one, "trends", "--track", ""), ["laser", "robot/arm"])
        self.assertEqual(self.words("analyze", one, "trends", "--field", ""), ["q", "range", "v"])
        self.assertEqual(self.words("cat", self.space.path("none.zbag"), "--track", ""), [])
        self.assertEqual(self.words("cat", self.space.folder, "--track", ""),
                         ["camera", "laser", "robot/arm"])
        with open(two, "wb") as file:
            file.write(b"no bag")
        self.assertEqual(self.words("cat", two, "--track", ""), [])
        self.assertEqual(self.words("cat", self.space.folder, "--track", ""), ["laser", "robot/arm"])

    def test_nodes_that_run_and_what_they_can(self):
        self.assertEqual(self.words("ctl", ""), [])
        recorder = self.start_recorder(self.space.path("a.zbag"), "--name", "rec")
        self.assertEqual(self.words("ctl", ""), ["rec"])
        self.assertLess({"status", "split", "stop"}, set(self.words("ctl", "rec", "")))
        self.assertEqual(self.words("ctl", "other", ""), [])
        kind, found = self.answer("ctl", "rec", "", shell="fish")
        self.assertIn("stop\tstop as Ctrl-C does", found)
        self.assertEqual(recorder.stop(), DONE)

    def test_a_name_that_is_more_than_a_line_is_left_out(self):
        bag = self.make_bag({"t": {"good": 1, "evil\ntouch pwned": 2, "tab\tbed": 3, "esc\x1b[2J": 4},
                             "c1\u009b5m": {"x": 1}})
        self.assertEqual(self.words("cat", bag, "--track", ""), ["t"])
        self.assertEqual(self.words("cat", bag, "--columns", ""), ["good", "x"])

    def test_a_question_that_makes_no_sense_is_no_error(self):
        for words in (("bash",), ("bash", ""), ("bash", "", ""), ("bash", ":", "zbag"), ("zsh",),
                      ("fish", "cat"), ("bash", "=", "zbag 'x"), ("tcsh", "")):
            with self.subTest(words=words):
                done = self.run_ok("completion", "words", *words)
                self.assertEqual(done.stderr, "")

    def test_a_shell_there_is_no_script_for_is_refused(self):
        done = self.run_ok("completion", "tcsh", code=USAGE)
        self.assert_one_line(done.stderr, "tcsh", "bash, zsh or fish")


class ShellTest(CompletionTest):
    """A Tab, pressed in the shell."""

    def setUp(self):
        super().setUp()
        self.said = b""
        self.given = self.space.path("given")
        os.mkdir(self.space.path("bin"))
        command = self.space.path("bin", "zbag")
        with open(command, "w", encoding="utf-8") as file:
            file.write(f"""#!/bin/sh
if [ "$1" = completion ]; then exec {harness.binary()} "$@"; fi
printf '%s\\0' "$@" > {self.given}.part && mv {self.given}.part {self.given}
""")
        os.chmod(command, 0o755)
        self.make_bag({track: {"x": 1} for track in HOSTILE})

    def start(self, name):
        """The shell, in a terminal, with our completion."""
        if shutil.which(name) is None:
            self.skipTest(f"{name} is not installed")
        command, setup = {
            "bash": (["bash", "--norc", "--noprofile", "-i"], "source <(zbag completion bash)"),
            "zsh": (["zsh", "-f", "-i"],
                    "autoload -Uz compinit; compinit -u -D; source <(zbag completion zsh)"),
            "fish": (["fish", "--no-config", "-i"], "zbag completion fish | source")}[name]
        self.master, slave = pty.openpty()
        env = {**self.space.env, "TERM": "xterm", "HOME": self.space.folder, "LC_ALL": "C.UTF-8",
               "PATH": self.space.path("bin") + ":" + os.environ["PATH"]}

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        popen = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env,
                                 cwd=self.space.folder, preexec_fn=take_terminal)
        os.close(slave)
        reader = threading.Thread(target=self.read, daemon=True)
        reader.start()

        def end():
            popen.kill()
            popen.wait()
            reader.join(harness.DEADLINE)
            os.close(self.master)
        self.addCleanup(end)
        self.press(setup + "\r")
        self.press("zbag is ready\r")
        self.assertEqual(self.taken(), ["is", "ready"])

    def read(self):
        while True:
            try:
                self.said += os.read(self.master, 4096)
            except OSError:
                return

    def press(self, keys):
        os.write(self.master, keys.encode())

    def taken(self):
        """The words that the shell has given to the command."""
        try:
            harness.wait_until(lambda: os.path.exists(self.given), "the command to be run", 30)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.said.decode('utf-8', 'replace')}") from None
        with open(self.given, "rb") as file:
            words = file.read().decode().split("\0")[:-1]
        os.remove(self.given)
        return words

    def assert_completed(self, typed, *words):
        self.press(f"zbag {typed}\t\r")
        self.assertEqual(self.taken(), list(words), typed)
        self.assertFalse(os.path.exists(self.space.path("pwned")), typed)

    def assert_completes(self, name):
        self.start(name)
        self.assert_completed("topi", "topics")
        self.assert_completed("record --with-b", "record", "--with-broker")
        self.assert_completed("record --late-merge rej", "record", "--late-merge", "reject")
        self.assert_completed("info od", "info", "odd.zbag")
        for track in HOSTILE:
            self.assert_completed(f"cat odd.zbag --track {track[0]}",
                                  "cat", "odd.zbag", "--track", track)

    def assert_completes_in_quotes(self, name):
        self.start(name)
        for quote in "'\"":
            for track in HOSTILE:
                if "!" not in track:
                    self.assert_completed(f"cat odd.zbag --track {quote}{track[0]}",
                                          "cat", "odd.zbag", "--track", track)

    def test_bash(self):
        self.assert_completes("bash")
        self.assert_completed("cat odd.zbag --track=u", "cat", "odd.zbag", "--track=u=v:w@x")
        self.assert_completed("cat odd.zbag --track=u=v:", "cat", "odd.zbag", "--track=u=v:w@x")
        self.assert_completed("cat odd.zbag --track=c", "cat", "odd.zbag", "--track=c$(touch pwned)")

    def test_bash_in_quotes(self):
        self.assert_completes_in_quotes("bash")

    def test_bash_leaves_out_what_double_quotes_can_not_hold(self):
        """A ! in them is history's, whatever stands before it."""
        line = self.space.run("completion", "words", "bash", ":", 'zbag cat odd.zbag --track "m')
        self.assertEqual(line.stdout.decode().splitlines(), ["words"])

    def test_zsh(self):
        self.assert_completes("zsh")
        self.assert_completed("cat odd.zbag --track=c", "cat", "odd.zbag", "--track=c$(touch pwned)")

    def test_zsh_in_quotes(self):
        self.assert_completes_in_quotes("zsh")

    def test_fish(self):
        self.assert_completes("fish")

    def test_fish_in_quotes(self):
        self.assert_completes_in_quotes("fish")


if __name__ == "__main__":
    harness.main()
