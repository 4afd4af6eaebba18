"""Screens that are redrawn in place, and keys: record --stats, topics --watch, play on a terminal."""

import json
import re
import signal

import harness
from harness import DONE, LOSSY
from terminal import Screen, Terminal

RIGHT, LEFT, UP, DOWN = b"\x1b[C", b"\x1b[D", b"\x1b[A", b"\x1b[B"
PAGE_UP, PAGE_DOWN = b"\x1b[5~", b"\x1b[6~"


def line_with(word):
    """For await_screen(): the last line that has the word."""
    def find(lines):
        return next((line for line in reversed(lines) if word in line), None)
    return find


class LiveScreenTest(harness.SystemTest):

    def start_on_terminal(self, *arguments, **more):
        terminal = Terminal(self.space, *arguments, **more)
        self.addCleanup(terminal.close)
        return terminal

    def assert_drawn_in_place(self, terminal, word, draws=2):
        """Drawn several times, and the screen shows the last of them alone."""
        terminal.await_screen(lambda _: terminal.output.count(word.encode()) >= draws)
        lines = [line for line in Screen(terminal.output).lines if line.startswith(word)]
        self.assertEqual(len(lines), 1, lines)


class StatsTest(LiveScreenTest):
    """record --stats: per track rate, bytes, lost, and buffer and disk."""

    HEADER = "track  "

    def start_recorder_on_terminal(self, bag, *more):
        terminal = self.start_on_terminal("record", "--with-broker", "-o", bag, "--min-free", "10",
                                          "--stats", *harness.PORTS, *more)

        def is_ready(lines):
            return next(filter(None, map(harness.READY.match, lines)), None)
        terminal.publish_to, terminal.subscribe_to = terminal.await_screen(is_ready).groups()
        return terminal

    @staticmethod
    def row_of(track, points, merged, lost, overwritten="0"):
        """For await_screen(): the columns of the track once they say so much."""
        def find(lines):
            rows = [re.split(r" {2,}", line.strip()) for line in lines if line.startswith(track)]
            return next((row for row in rows if row[3:] == [points, merged, overwritten, lost]), None)
        return find

    def test_it_shows_tracks_buffer_and_disk_in_place(self):
        bag = self.space.path("stats.zbag")
        terminal = self.start_recorder_on_terminal(bag)
        sensor = self.publisher(terminal).wait_for_subscriber()
        for seq in (0, 1, 2, 3, 5, 6, 7):  # 4 is lost on the way
            sensor.send("robot/imu", {"_ts": 1000.0 + seq, "n": seq, "_src": 7, "_seq": seq})
        sensor.send("robot/imu", {"_ts": 1007.0, "m": 1, "_src": 7, "_seq": 8})
        sensor.send("plain", {"_ts": 1.0})
        row = terminal.await_screen(self.row_of("robot/imu", "7", "1", "1"))
        self.assertRegex(row[1], r"^\d+\.\d Hz$")
        self.assertRegex(row[2], r"^\d+ B/s$")
        terminal.await_screen(self.row_of("plain", "1", "0", "?"))
        terminal.await_screen(lambda lines: bag in lines)
        head = r"^\d+ s  lost 1  8 points  buffer .* of 100 MB  free \S+ \wB$"
        terminal.await_screen(lambda lines: any(re.match(head, line) for line in lines))
        self.run_ok("ctl", "record", "pause")
        terminal.await_screen(line_with("PAUSED"))
        self.assert_drawn_in_place(terminal, self.HEADER)
        self.assert_drawn_in_place(terminal, "robot/imu")
        self.assertEqual(terminal.stop(signal.SIGINT), LOSSY, terminal.output)
        summary = line_with("received")(Screen(terminal.output).lines)
        self.assertIn("received 9 = points 8 + merged 1", summary)

    def test_it_shows_what_was_overwritten_by_track(self):
        terminal = self.start_recorder_on_terminal(self.space.path("over.zbag"), "--merge",
                                                   "shallow")
        sensor = self.publisher(terminal).wait_for_subscriber()
        for n in range(3):
            sensor.send("t", {"_ts": 1.0, "n": n})
        terminal.await_screen(self.row_of("t", "1", "2", "?", overwritten="2"))
        terminal.stop(signal.SIGINT)

    def test_a_rate_is_that_of_the_time_since_the_last_draw(self):
        terminal = self.start_recorder_on_terminal(self.space.path("rate.zbag"))
        sensor = self.publisher(terminal).wait_for_subscriber()
        for n in range(100):
            sensor.send("t", {"_ts": float(n)})
        all_of_it = self.row_of("t", "100", "0", "?")
        rate = terminal.await_screen(all_of_it)[1]
        self.assertGreater(float(rate.split()[0]), 0.0)
        terminal.await_screen(lambda lines: (all_of_it(lines) or [""] * 2)[1] == "0.0 Hz")
        self.assertEqual(terminal.stop(signal.SIGINT), DONE, terminal.output)

    def test_a_pipe_gets_lines_and_no_sequences(self):
        recorder = self.start_recorder(self.space.path("piped.zbag"), "--stats")
        recorder.wait_for_line("^" + self.HEADER)
        recorder.wait_for_line("^" + self.HEADER, start=len(recorder.lines))
        self.assertEqual(recorder.stop(), DONE)
        self.assertNotIn("\x1b", recorder.stderr)


class PubTest(LiveScreenTest):
    """pub on a terminal: one line that comes and goes."""

    def test_it_shows_how_far_it_is_and_leaves_no_trace(self):
        source = self.space.path("a.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(10_000):
                file.write(json.dumps({"track": "a", "_ts": 1000.0 + n / 100, "fields": {}}) + "\n")
        bus = self.start_broker()
        terminal = self.start_on_terminal("pub", source, "--wait", "100000", *bus.urls)
        terminal.await_screen(line_with("waiting for somebody"))
        self.listener(bus)
        terminal.await_screen(line_with("publishing  "))
        self.assertEqual(terminal.stop(signal.SIGINT), DONE, terminal.output)
        lines = Screen(terminal.output).lines
        self.assertRegex(lines[0], r"^published [\d,]+ frames?$")
        self.assertEqual(lines[1:], [""])
        self.assertEqual(bus.stop(), DONE)


class TopicsTest(LiveScreenTest):
    """topics --watch: what is on the bus, until it is stopped."""

    def test_watch_refreshes_in_place_until_it_is_stopped(self):
        bus = self.start_broker()
        sensor = self.publisher(bus)
        terminal = self.start_on_terminal("topics", "robot/*", "--watch", *bus.urls)
        terminal.await_screen(line_with("(nothing heard)"))
        sensor.wait_for_subscriber(b"robot/")
        for seq in (0, 1, 4):
            sensor.send("robot/imu", {"_ts": float(seq), "_src": 7, "_seq": seq})
            sensor.send("other", {"_ts": float(seq)})
        row = re.split(r" {2,}", terminal.await_screen(line_with("robot/imu")))
        self.assertRegex(row[1], r"^\d+\.\d Hz$")
        self.assertEqual(row[3:5], ["1", "2"])  # publishers, lost
        self.assertNotIn(b"other", terminal.output)
        sensor.send("robot/arm", {"_ts": 1.0})
        row = re.split(r" {2,}", terminal.await_screen(line_with("robot/arm")))
        self.assertEqual(row[3:5], ["0+?", "?"])
        self.assertNotIn("(nothing heard)", "".join(Screen(terminal.output).lines))
        self.assert_drawn_in_place(terminal, "track ")
        self.assert_drawn_in_place(terminal, "robot/imu")
        self.assertEqual(terminal.stop(signal.SIGINT), DONE, terminal.output)
        self.assertEqual(bus.stop(), DONE)


class KeysTest(LiveScreenTest):
    """The keys of play, each held against what the player says of itself."""

    POINTS = 6_000  # a minute

    def setUp(self):
        super().setUp()
        source = self.space.path("minute.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(self.POINTS):
                file.write('{"track":"a","_ts":%r,"fields":{"n":%d}}\n' % (1000.0 + n / 100, n))
        bag = self.space.path("minute.zbag")
        self.run_ok("import", source, "-o", bag)
        self.bus = self.start_broker()
        self.witness = self.listener(self.bus)
        self.terminal = self.start_on_terminal("play", bag, "--start-paused", *self.bus.urls,
                                               has_keys=True)
        self.terminal.await_screen(line_with("paused "))

    def status(self):
        return json.loads(self.run_ok("ctl", "play", "status").stdout)

    def press(self, key, is_done):
        """One key at a time: the next is pressed when this one has done what it does."""
        self.terminal.press(key)
        found = []

        def has_done():
            found[:] = [self.status()]
            return is_done(found[0])
        try:
            harness.wait_until(has_done, f"what {key!r} does")
        except AssertionError as error:
            raise AssertionError(f"{error}: {found}") from error
        return found[0]

    def frame(self):
        return harness.unpack_frame(self.witness.take(1)[0][1])["n"]

    def test_right_publishes_the_next_frame_and_stands_still(self):
        for n in range(3):
            status = self.press(RIGHT, lambda now, n=n: now["published"] == n + 1)
            self.assertTrue(status["paused"])
            self.assertEqual(self.frame(), n)

    def test_keys_pressed_in_a_burst_all_count(self):
        self.press(RIGHT * 5, lambda now: now["published"] == 5)
        self.assertEqual([self.frame() for _ in range(5)], list(range(5)))
        self.press(PAGE_UP * 2 + LEFT * 3, lambda now: round(now["time"], 3) == 1017.04)

    def test_it_draws_one_line_in_place_however_narrow_the_terminal(self):
        self.terminal.await_screen(line_with("paused "))
        shown = Screen(self.terminal.output).lines
        self.assertEqual(len([line for line in shown if "paused" in line]), 1)
        self.assertLess(max(map(len, shown)), 80)
        self.assertNotIn(b"\n", self.terminal.output.split(b"paused ", 1)[1])

    def test_space_goes_on_and_stands_still_again(self):
        self.press(b" ", lambda now: not now["paused"])
        self.assertEqual([self.frame() for _ in range(20)], list(range(20)))
        self.terminal.await_screen(line_with("playing"))
        stood = self.press(b" ", lambda now: now["paused"])
        self.terminal.await_screen(line_with("paused "))
        self.assertEqual(self.status()["time"], stood["time"])

    def test_up_and_down_change_the_rate(self):
        self.press(UP, lambda now: now["rate"] == 1.25)
        self.press(UP, lambda now: now["rate"] == 1.5625)
        self.terminal.await_screen(line_with("x1.56"))
        self.press(DOWN, lambda now: now["rate"] == 1.25)
        self.press(DOWN, lambda now: now["rate"] == 1.0)
        self.press(DOWN, lambda now: now["rate"] == 0.8)

    def test_left_and_the_page_keys_seek(self):
        self.press(PAGE_UP, lambda now: round(now["time"], 3) == 1010.0)
        self.press(PAGE_UP, lambda now: round(now["time"], 3) == 1020.0)
        self.press(LEFT, lambda now: round(now["time"], 3) == 1019.0)
        self.press(PAGE_DOWN, lambda now: round(now["time"], 3) == 1009.0)
        self.press(RIGHT, lambda now: now["published"] == 1)
        self.assertIn(self.frame(), (900, 901))  # the clock stood a moment behind the start
        self.press(PAGE_DOWN, lambda now: round(now["time"], 3) == 1000.0)  # no further than the start
        self.press(RIGHT, lambda now: now["published"] == 2)
        self.assertEqual(self.frame(), 0)

    def test_ctrl_c_stops(self):
        self.terminal.press(b"\x03")
        self.assertEqual(self.terminal.wait(), DONE, self.terminal.output)

    def tearDown(self):
        if self.terminal.popen.poll() is None:
            self.assertEqual(self.terminal.stop(signal.SIGINT), DONE, self.terminal.output)
        self.assertEqual(self.bus.stop(), DONE)
        super().tearDown()


if __name__ == "__main__":
    harness.main()
