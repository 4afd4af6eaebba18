"""What people see on a terminal of 80 by 24 and of 120 by 40, with 96 tracks, as tmux shows it."""

import json
import os
import re
import signal
import subprocess
import termios

import harness
from harness import DAMAGED, DONE, LOSSY, PORTS
from terminal import Terminal
from tmux import Tmux, columns_of

TRACKS = [f"robot/{side}/{part}/{what}" for side in ("left", "right")
          for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
          for what in ("joint_states", "imu/accelerometer", "imu/gyroscope", "motor/temperature",
                       "motor/current", "force_torque", "contact", "status")]
WORST = "robot/right/knee/motor/current"
RED, YELLOW = "\x1b[31m", "\x1b[33m"


def foot(lines):
    """Of a table: which of its rows are shown, and how it is sorted."""
    found = [re.match(r"(\d+)-(\d+) of 96 by (.*?)  \(s sort, r reverse, .* q .*\)$", line)
             for line in lines]
    return next((match for match in found if match), None)


def rows_of(lines):
    start = next((n for n, line in enumerate(lines) if line.startswith("track ")), len(lines))
    return [line.split() for line in lines[start + 1:] if "/" in line.split(" ")[0]]


class ScreensTest(harness.SystemTest):

    def show(self, *arguments, **more):
        shown = Tmux(self.space, *arguments, **more)
        self.addCleanup(shown.close)
        return shown

    def send_all(self, bus):
        """Two frames a track; of one of them a third is lost between the two."""
        sensor = self.publisher(bus).wait_for_subscriber()
        for n in range(2):
            for i, track in enumerate(TRACKS):
                seq = n + (1 if n > 0 and track == WORST else 0)
                sensor.send(track, {"_ts": 1000.0 + n, "x": float(i), "_src": 1 + i, "_seq": seq})
        return sensor

    def assert_fits(self, lines, columns):
        self.assertLess(max(map(columns_of, lines)), columns, "\n".join(lines))

    def assert_scrolls_nothing(self, shown, drawn):
        """Two more draws, told by `drawn(lines)`, which changes with each, push no line out."""
        before, history = drawn(shown.lines()), shown.history()
        for _ in range(2):
            shown.await_screen(lambda lines: drawn(lines) not in (None, before))
            before = drawn(shown.lines())
        self.assertEqual(shown.history(), history)


class StatsScreenTest(ScreensTest):
    """record --stats."""

    def start(self, **more):
        shown = self.show("record", "--with-broker", "-o", self.space.path("day.zbag"), "--min-free",
                          "10", "--stats", *PORTS, **more)
        found = shown.await_screen(
            lambda lines: re.search(r"ready publish-to=(\S+)\s+subscribe-to=(\S+)",
                                    " ".join(lines)))
        shown.publish_to, shown.subscribe_to = found.groups()
        return shown, self.send_all(shown)

    @staticmethod
    def second(lines):
        return next((line.split(" s ")[0] for line in lines if " points  buffer " in line), None)

    def test_it_fits_80_by_24_and_scrolls_nothing(self):
        shown, _ = self.start()
        shown.await_screen(foot)
        lines = shown.await_screen(lambda lines: rows_of(lines) and lines)
        names = [row[0] for row in rows_of(lines)]
        self.assertEqual(len(names), 16, "\n".join(lines))
        self.assertEqual(len(set(names)), 16)
        self.assert_fits(lines[lines.index(next(l for l in lines if l.startswith("track "))):], 80)
        self.assert_scrolls_nothing(shown, self.second)

    def test_keys_sort_and_scroll(self):
        shown, _ = self.start()
        shown.await_screen(foot)
        self.assertEqual(foot(shown.lines()).groups(), ("1", "16", "name"))
        shown.press("PageDown")
        shown.await_screen(lambda lines: foot(lines) and foot(lines).groups()[:2] == ("17", "32"))
        shown.press("Down")
        shown.await_screen(lambda lines: foot(lines) and foot(lines).groups()[:2] == ("18", "33"))
        shown.press("End")
        shown.await_screen(lambda lines: foot(lines) and foot(lines).groups()[:2] == ("81", "96"))
        shown.press("Home")
        by = "name"
        while by != "lost":  # the last one, which is never left out
            shown.press("s")
            lines = shown.await_screen(lambda lines, before=by: foot(lines) and
                                       foot(lines)[3] != before and lines)
            by = foot(lines)[3]
            self.assertTrue(any(line.startswith("track ") and by in line for line in lines), lines)
        first = shown.await_screen(lambda lines: [row for row in rows_of(lines) if row[-1] == "1"])
        self.assertRegex(first[0][0], r"^robot/right/k.*motor/current$")
        shown.press("r")
        shown.await_screen(lambda lines: foot(lines) and foot(lines)[3] == "lost, reversed")
        self.assertNotIn("1", [row[-1] for row in rows_of(shown.lines())])

    def test_what_is_said_goes_above(self):
        shown, sensor = self.start()
        shown.await_screen(foot)
        sensor.send("bad//name", {"_ts": 1.0})
        lines = shown.await_screen(lambda lines: any("warning" in line for line in lines) and
                                   foot(lines) and lines)
        said = next(n for n, line in enumerate(lines) if "warning" in line)
        drawn = next(n for n, line in enumerate(lines) if line.startswith("track "))
        self.assertLess(said, drawn)
        self.assertEqual(sum(line.startswith("track ") for line in lines), 1)

    def test_it_follows_the_size_of_the_terminal(self):
        shown, _ = self.start()
        shown.await_screen(foot)
        for columns, rows, count in ((120, 40, 32), (60, 20, 12), (80, 24, 16)):
            with self.subTest(columns=columns):
                shown.resize(columns, rows)
                lines = shown.await_screen(
                    lambda lines, count=count: len(rows_of(lines)) == count and lines)
                table = lines[[line.startswith("track ") for line in lines].index(True):]
                self.assert_fits(table, columns)
                self.assertEqual(sum(line.startswith("track ") for line in lines), 1)

    def test_a_terminal_of_three_rows_scrolls_nothing(self):
        shown, _ = self.start()
        shown.await_screen(foot)
        shown.resize(40, 3)
        lines = shown.await_screen(lambda lines: len(lines) == 3 and "/" in lines[1] and lines)
        before, seconds = shown.history(), json.loads(self.run_ok("ctl", "record", "status").stdout)
        harness.wait_until(lambda: json.loads(self.run_ok("ctl", "record", "status").stdout)
                           ["seconds"] > seconds["seconds"] + 2.5, "two draws")
        self.assertEqual(shown.history(), before, lines)

    def test_what_is_typed_into_the_shell_does_not_stop_a_recording_in_the_background(self):
        shown = self.show(shell=True, columns=200)
        bag = self.space.path("day.zbag")
        shown.press(" ".join([harness.binary(), "record", "--with-broker", "-o", bag, "--min-free",
                              "10", "--stats", *PORTS]), "Enter")
        shown.await_screen(lambda lines: any(" points  buffer " in line for line in lines))
        pid = json.loads(self.run_ok("ctl", "record", "node").stdout)["pid"]
        shown.press("C-z")
        shown.await_screen(lambda lines: "Stopped" in "".join(lines))
        shown.press("bg", "Enter")
        shown.press("echo he''llo", "Enter")
        shown.await_screen(lambda lines: "hello" in lines)
        self.run_ok("ctl", "record", "flush")  # it answers
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            self.assertNotEqual(file.read().rsplit(")", 1)[1].split()[0], "T")
        self.run_ok("ctl", "record", "stop")
        harness.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "its end")
        self.assertIn("received 0", self.run_ok("info", bag).stdout.decode())

    def test_q_closes_it_and_the_recording_goes_on(self):
        shown, sensor = self.start()
        shown.await_screen(foot)
        shown.press("q")
        shown.await_screen(lambda lines: not foot(lines) and "the recording goes on" in
                           "".join(lines))
        sensor.send("late", {"_ts": 1.0})
        harness.wait_until(lambda: json.loads(self.run_ok("ctl", "record", "metrics").stdout)
                           ["received"] == 193, "the late frame")
        shown.press("C-c")
        self.assertEqual(shown.wait(), LOSSY)
        self.assertIn("received 193", "".join(shown.lines()))

    def test_the_terminal_is_given_back_when_the_bag_is_cut_short(self):
        """By whoever notices: LMDB, which meets the end of the file, or the recorder."""
        def end_by_signal(_):
            os.kill(self.recorder_pid(), signal.SIGBUS)

        def end_by_truncation(shown):
            os.truncate(self.space.path("day.zbag"), 0)
            shown.sensor.send("late", {"_ts": 1.0, "text": "x" * 100_000})
        for end in (end_by_truncation, end_by_signal):
            with self.subTest(end=end.__name__):
                shown, shown.sensor = self.start()
                shown.await_screen(foot)
                self.assertEqual(self.terminal_of(shown), (False, False))
                end(shown)
                self.assertEqual(shown.wait(), DAMAGED)
                self.assertEqual(self.terminal_of(shown), (True, True))
                self.assertEqual(shown.ask("cursor_flag"), "1")
                shown.close()
                os.remove(self.space.path("day.zbag"))

    def recorder_pid(self):
        return json.loads(self.run_ok("ctl", "record", "node").stdout)["pid"]

    @staticmethod
    def terminal_of(shown):
        """Does it echo, does it wait for whole lines?"""
        with open(shown.ask("pane_tty"), "rb", buffering=0) as tty:
            flags = termios.tcgetattr(tty)[3]
        return bool(flags & termios.ECHO), bool(flags & termios.ICANON)

    def test_the_summary_is_a_screen_at_most(self):
        shown, sensor = self.start()
        for n, track in enumerate(TRACKS[:9]):
            sensor.send(track, {"_ts": 2000.0, "_src": 1 + n, "_seq": 100 + n})
        shown.await_screen(foot)
        shown.press("C-c")
        self.assertEqual(shown.wait(), LOSSY)
        lines = shown.lines()
        losses = [line for line in lines if re.search(r": \d+ lost$", line)]
        counts = [int(line.split()[-2]) for line in losses]
        self.assertEqual(counts, sorted(counts, reverse=True))
        self.assertEqual(len(counts), 5)
        self.assertTrue(any(re.match(r"    and 5 more: zbag info --losses .*day", line)
                            for line in lines), lines)


class TopicsScreenTest(ScreensTest):
    """topics --watch."""

    def test_it_fits_scrolls_nothing_and_q_ends_it(self):
        bus = self.start_broker()
        shown = self.show("topics", "--watch", *bus.urls)
        shown.await_screen(lambda lines: "(nothing heard)" in lines)
        self.send_all(bus)
        shown.await_screen(foot)
        lines = shown.lines()
        self.assertEqual(len({row[0] for row in rows_of(lines)}), 18)
        self.assert_fits(lines, 80)
        self.assert_scrolls_nothing(shown, lambda lines: next(iter(rows_of(lines)), None))
        shown.press("q")
        self.assertEqual(shown.wait(), DONE)
        self.assertFalse(foot(shown.lines()))

    def test_a_rate_is_that_of_the_last_seconds_and_the_duration_holds(self):
        bus = self.start_broker()
        shown = self.show("topics", "--watch", "--duration", "6", *bus.urls)
        shown.await_screen(lambda lines: "(nothing heard)" in lines)
        self.send_all(bus)
        shown.await_screen(foot)
        shown.await_screen(lambda lines: rows_of(lines) and
                           all(row[1] == "0.0" for row in rows_of(lines)))
        self.assertEqual(shown.wait(), DONE)

    def test_wide_characters_stand_in_line(self):
        bus = self.start_broker()
        shown = self.show("topics", "--watch", *bus.urls)
        shown.await_screen(lambda lines: "(nothing heard)" in lines)
        sensor = self.publisher(bus).wait_for_subscriber()
        for track in ("画像/左", "robot/arm", "gru\u0308n"):
            sensor.send(track, {"_ts": 1.0})
        lines = shown.await_screen(lambda lines: len(lines) >= 5 and lines)
        ends = {columns_of(line) for line in lines[:4]}
        self.assertEqual(len(ends), 1, "\n".join(lines))


class PlayScreenTest(ScreensTest):

    def make_bag(self):
        source = self.space.path("minute.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(6_000):
                file.write('{"track":"a","_ts":%r,"fields":{"n":%d}}\n' % (1000.0 + n / 100, n))
        bag = self.space.path("minute.zbag")
        self.run_ok("import", source, "-o", bag)
        return bag

    def test_it_is_one_line_and_q_ends_it(self):
        bus = self.start_broker()
        shown = self.show("play", self.make_bag(), "--wait", "0.1", *bus.urls)
        lines = shown.await_screen(lambda lines: any(line.startswith("playing ") for line in lines)
                                   and lines)
        self.assertIn("nobody listens", "".join(lines[:-1]))  # above
        self.assert_fits(lines[-1:], 80)
        self.assertRegex(lines[-1], r"\)$")  # the hint is there whole
        self.assert_scrolls_nothing(shown, lambda lines: lines[-1])
        shown.press("q")
        self.assertEqual(shown.wait(), DONE)
        self.assertNotIn("playing 0", "".join(shown.lines()))


class InfoScreenTest(ScreensTest):

    def make_bag(self):
        source = self.space.path("many.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(3):
                for track in TRACKS:
                    file.write(json.dumps({"track": track, "_ts": 1000.0 + n, "fields": {"x": n}})
                               + "\n")
        bag = self.space.path("many.zbag")
        self.run_ok("import", source, "-o", bag)
        return bag

    def test_it_is_a_screen_at_most(self):
        bag = self.make_bag()
        shown = self.show("info", bag)
        self.assertEqual(shown.wait(), DONE)
        lines = shown.lines("-S", "-")
        self.assertLessEqual(len(lines), 23, "\n".join(lines))  # and the prompt
        self.assertEqual(lines[0], bag)
        rest = next(line for line in lines if "more: zbag info --all" in line)
        self.assertEqual(int(rest.split()[1]) + len(rows_of([line.strip() for line in lines])), 96)

    def test_all_of_it_is_there_when_asked_for(self):
        shown = self.show("info", "--all", self.make_bag(), rows=200)
        self.assertEqual(shown.wait(), DONE)
        self.assertEqual(len(rows_of([line.strip() for line in shown.lines()])), 96)


class ColourTest(ScreensTest):
    """Colours tell what is lost or damaged, on a terminal alone."""

    def make_lossy(self):
        recorder = self.start_recorder(self.space.path("lossy.zbag"))
        sensor = self.publisher(recorder).wait_for_subscriber()
        for seq in (0, 1, 4):
            sensor.send("a", {"_ts": float(seq), "_src": 1, "_seq": seq})
        sensor.send("bad//name", {"_ts": 1.0})
        harness.wait_until(lambda: json.loads(self.run_ok("ctl", "record", "metrics").stdout)
                           ["received"] == 4, "the frames")
        self.assertEqual(recorder.stop(), LOSSY)
        self.assertNotIn("\x1b", recorder.stderr)
        return self.space.path("lossy.zbag")

    def test_a_pipe_gets_them_when_asked_for_alone(self):
        bag = self.make_lossy()
        for words in ((), ("--color", "auto"), ("--color", "never")):
            self.assertNotIn(b"\x1b", self.run_ok("info", bag, *words).stdout)
        text = self.run_ok("info", bag, "--color", "always").stdout.decode()
        self.assertIn(f"lost       {RED}2\x1b[0m", text)
        self.assertIn(f"{YELLOW}refused 1 (bad_name 1)\x1b[0m", text)
        plain = re.sub("\x1b\\[[0-9]*m", "", text)
        self.assertEqual(plain, self.run_ok("info", bag).stdout.decode())

    def test_a_terminal_gets_them_unless_told_otherwise(self):
        bag = self.make_lossy()
        for variables, words, has_any in (((), (), True), (("NO_COLOR=1",), (), False),
                                          (("NO_COLOR=",), (), True),
                                          (("NO_COLOR=1",), ("--color=always",), True),
                                          (("TERM=dumb",), (), False), ((), ("--color=never",), False),
                                          (("ZBAG_COLOR=never",), (), False)):
            with self.subTest(variables=variables, words=words):
                shown = self.show("info", bag, *words, variables=variables)
                self.assertEqual(shown.wait(), DONE)
                self.assertEqual(RED in "\n".join(shown.lines("-e")), has_any)
                shown.close()

    def test_errors_and_warnings_have_theirs(self):
        terminal = Terminal(self.space, "check", "nowhere.zbag")
        self.addCleanup(terminal.close)
        terminal.wait()
        self.assertIn(f"{RED}zbag check: \x1b[0m".encode(), terminal.output)
        for words, who in ((("info", "--nope"), "zbag info"), (("infp",), "zbag"), ((), "zbag"),
                           (("--nope",), "zbag")):
            usage = Terminal(self.space, *words)
            self.addCleanup(usage.close)
            self.assertEqual(usage.wait(), harness.USAGE)
            self.assertIn(f"{RED}{who}: \x1b[0m".encode(), usage.output)


if __name__ == "__main__":
    harness.main()
