"""Replay: what is played is what was recorded, in order, when and under the names asked for."""

import json
import time

import harness
from harness import DONE, FAILED, LOSSY


class PlayTest(harness.SystemTest):

    def make_bag(self, name, lines):
        """A bag of (track, _ts, fields)."""
        source = self.space.path(name + ".jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for track, stamp, fields in lines:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", source, "-o", bag, "--merge", "append")
        return bag

    def numbered(self, name="a", frames=500, step=0.01, start=1000.0, track="robot/a"):
        return self.make_bag(name, [(track, start + n * step, {"n": n}) for n in range(frames)])

    def play(self, *arguments, deadline=harness.DEADLINE):
        """What a stranger hears of a replay: (track, frame) in order."""
        bus = self.start_broker()
        listener = self.listener(bus)
        done = self.run_ok("play", *arguments, *bus.urls, deadline=deadline)
        said = int(done.stderr.split("published ")[1].split(" frame")[0].replace(",", ""))
        heard = [(topic.decode(), harness.unpack_frame(frame))
                 for topic, frame in listener.take(said)]
        self.assertIsNone(listener.receive(0.2))
        self.assertEqual(bus.stop(), DONE)
        return heard

    def stamps(self, heard):
        return [frame["_ts"] for _, frame in heard]

    def record_a_replay(self, bag, *options):
        copy = bag.replace(".zbag", "_copy.zbag")
        recorder = self.start_recorder(copy, "--merge", "append")
        self.run_ok("play", bag, "--burst", *options, *recorder.urls)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(self.assert_whole(copy)["lost"], 0)
        return copy

    def test_a_recorded_replay_equals_the_bag(self):
        """play -> record of a real recording: every point, exactly, NaN and equal stamps too."""
        for name in ("tilt_laser", "px4_fmu_v6c", "g1_tiny"):
            with self.subTest(set=name):
                bag = self.space.path(name + ".zbag")
                self.run_ok("import", harness.recording_path(name), "-o", bag, "--merge", "append")
                copy = self.record_a_replay(bag)
                wanted, found = ([(track, harness.exact(fields)) for track, fields in
                                  self.points(one)] for one in (bag, copy))
                self.assertTrue(found == wanted)

    def test_several_bags_play_as_one_by_stamp(self):
        even = self.make_bag("even", [("e", 1000.0 + n, {"n": n}) for n in range(0, 200, 2)])
        odd = self.make_bag("odd", [("o", 1000.0 + n, {"n": n}) for n in range(1, 200, 2)])
        heard = self.play(even, odd, "--burst")
        self.assertEqual([frame["n"] for _, frame in heard], list(range(200)))

    def test_equal_stamps_of_several_bags_and_tracks_come_in_one_order(self):
        """By stamp, then track in byte order, then arrival."""
        first = self.make_bag("first", [(t, 1000.0, {"from": 1}) for t in ("b", "a/b", "a")])
        second = self.make_bag("second", [(t, 1000.0, {"from": 2}) for t in ("c", "B")])
        self.assertEqual([track for track, _ in self.play(first, second, "--burst")],
                         ["B", "a", "a/b", "b", "c"])

    def test_tracks_are_chosen_and_left_out_by_pattern(self):
        names = ("robot/imu", "robot/imu/raw", "robot/image", "other")
        bag = self.make_bag("a", [(name, 1000.0, {}) for name in names])
        self.assertEqual([track for track, _ in self.play(bag, "--burst", "--track", "robot/imu")],
                         ["robot/imu"])
        self.assertEqual([track for track, _ in self.play(bag, "--burst", "--track", "robot/**",
                                                          "--exclude", "robot/*/raw")],
                         ["robot/image", "robot/imu"])

    def test_remap_and_prefix_rename_tracks(self):
        bag = self.make_bag("a", [("imu", 1000.0, {}), ("gps", 1001.0, {}), ("odom", 1002.0, {})])
        heard = self.play(bag, "--burst", "--remap", "imu:=sensors/imu", "--remap", "gps:=fix",
                          "--prefix", "replay/r1")
        self.assertEqual([track for track, _ in heard],
                         ["replay/r1/sensors/imu", "replay/r1/fix", "replay/r1/odom"])

    def test_start_and_end_are_absolute_or_relative_and_both_included(self):
        bag = self.numbered(frames=101, step=1.0)  # 1000 to 1100
        for options, expected in ((("--start", "1010", "--end", "1020"), range(10, 21)),
                                  (("--start", "+10", "--end", "+20"), range(10, 21)),
                                  (("--start", "-5"), range(95, 101)),
                                  (("--start=+1m30s",), range(90, 101)),
                                  (("--end=-95",), range(0, 6)),
                                  (("--start", "1970-01-01T00:16:50Z", "--duration", "3"),
                                   range(10, 14))):
            with self.subTest(options=options):
                heard = self.play(bag, "--burst", *options)
                self.assertEqual([frame["n"] for _, frame in heard], list(expected))

    def test_rate_paces_the_replay(self):
        """Never faster than asked for: 5 s of recording at rate 10 take at least half a second."""
        bag = self.numbered(frames=501, step=0.01)
        bus = self.start_broker()
        listener = self.listener(bus)
        play = self.space.start("play", bag, "--rate", "10", *bus.urls)
        came, heard = [], []
        while len(heard) < 501:
            heard.append(harness.unpack_frame(listener.take(1)[0][1])["n"])
            came.append(time.monotonic())
        self.assertEqual(play.wait(), DONE)
        self.assertEqual(heard, list(range(501)))
        self.assertGreaterEqual(came[-1] - came[0], 0.45)
        if not harness.is_sanitized():
            self.assertLess(came[-1] - came[0], 2.0)
        # Every tenth of the way takes its share: frames do not come in one heap at the end.
        self.assertGreater(came[250] - came[0], 0.15)
        self.assertEqual(bus.stop(), DONE)

    def test_burst_does_not_wait_for_the_clock(self):
        bag = self.make_bag("a", [("a", 1000.0 + n * 3600, {"n": n}) for n in range(50)])
        self.assertEqual(len(self.play(bag, "--burst")), 50)

    def test_delay_waits_before_the_first_frame(self):
        bag = self.numbered(frames=3)
        began = time.monotonic()
        self.play(bag, "--burst", "--delay", "0.7")
        self.assertGreaterEqual(time.monotonic() - began, 0.7)

    def test_loop_goes_on_with_stamps_shifted_by_length_and_one_step(self):
        """5 frames, 0.25 s apart: a lap is 1.25 s, so that stamps go on evenly."""
        bag = self.numbered(frames=5, step=0.25)
        source = self.space.path("a.jsonl")
        for arguments in (("play", bag), ("pub", source)):
            with self.subTest(verb=arguments[0]):
                bus = self.start_broker()
                listener = self.listener(bus)
                sender = self.space.start(*arguments, "--loop", "--burst", *bus.urls)
                frames = [harness.unpack_frame(frame) for _, frame in listener.take(23)]
                self.assertEqual(sender.stop(), DONE, sender.stderr)
                self.assertEqual([frame["n"] for frame in frames], [n % 5 for n in range(23)])
                self.assertEqual([frame["_ts"] for frame in frames],
                                 [1000.0 + 0.25 * n for n in range(23)])
                self.assertEqual([frame["_seq"] for frame in frames], list(range(23)))
                self.assertEqual(bus.stop(), DONE)

    def test_a_loop_of_one_point_plays_it_once_a_second(self):
        """The seam is one step long, and a second where there is none: no flood."""
        bag = self.make_bag("one", [("a", 1000.0, {})])
        for arguments in (("play", bag), ("pub", self.space.path("one.jsonl"))):
            with self.subTest(verb=arguments[0]):
                bus = self.start_broker()
                listener = self.listener(bus)
                sender = self.space.start(*arguments, "--loop", *bus.urls)
                listener.take(1)
                began = time.monotonic()
                frames = [harness.unpack_frame(frame) for _, frame in listener.take(2)]
                self.assertGreaterEqual(time.monotonic() - began, 1.8)
                self.assertEqual([frame["_ts"] for frame in frames], [1001.0, 1002.0])
                self.assertEqual(sender.stop(), DONE, sender.stderr)
                self.assertEqual(bus.stop(), DONE)

    def test_a_loop_ends_before_its_stamps_overflow(self):
        bag = self.make_bag("a", [("a", stamp, {}) for stamp in (9.20e9, 9.21e9)])
        for arguments in (("play", bag), ("pub", self.space.path("a.jsonl"))):
            with self.subTest(verb=arguments[0]):
                bus = self.start_broker()
                listener = self.listener(bus)
                done = self.run_ok(*arguments, "--loop", "--burst", *bus.urls, code=FAILED)
                self.assertIn("2262", done.stderr)
                self.assertEqual([harness.unpack_frame(frame)["_ts"]
                                  for _, frame in listener.take(2)], [9.20e9, 9.21e9])
                self.assertEqual(bus.stop(), DONE)

    def test_a_loop_of_nothing_ends(self):
        bus = self.start_broker()
        source = self.space.path("none.jsonl")
        with open(source, "w", encoding="utf-8"):
            pass
        self.run_ok("pub", source, "--loop", "--wait", "0", *bus.urls)
        self.assertEqual(bus.stop(), DONE)

    def test_a_wait_for_a_listener_is_not_followed_by_a_heap_of_frames(self):
        """The clock starts with the first frame, at the first point that is chosen."""
        bag = self.make_bag("a", [("early", 1000.0, {})] +
                            [("a", 2000.0 + n / 10, {"n": n}) for n in range(41)])
        bus = self.start_broker()
        play = self.space.start("play", bag, "--track", "a", "--wait", "1000", *bus.urls)
        harness.wait_until(lambda: self.space.run("ctl", "play", "status").returncode == DONE,
                           "the node")
        time.sleep(1.5)  # so long the clock ran on before
        listener = self.listener(bus)
        listener.take(1)
        began = time.monotonic()
        listener.take(10)
        self.assertGreaterEqual(time.monotonic() - began, 0.8)
        self.assertEqual(play.wait(), DONE, play.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_silence_is_told_of_and_skipped_when_asked(self):
        bag = self.make_bag("a", [("a", 1000.0, {"n": 0}), ("a", 1e6, {"n": 1})])
        bus = self.start_broker()
        listener = self.listener(bus)
        play = self.space.start("play", bag, *bus.urls)
        play.wait_for_line(r"silence of 999000\.0 s.*--max-gap")
        self.assertEqual(play.stop(), DONE)
        listener.take(1)
        done = self.run_ok("play", bag, "--max-gap", "5", *bus.urls)
        self.assertRegex(done.stderr, r"(?m)^zbag play: skips 999000\.0 s")
        self.assertEqual([harness.unpack_frame(frame)["n"] for _, frame in listener.take(2)],
                         [0, 1])
        self.assertEqual(bus.stop(), DONE)

    def test_what_is_nowhere_is_told_in_one_line(self):
        bag = self.numbered(frames=5, step=1.0)
        for options, words in ((("--track", "robot/b"), ("robot/b", "did you mean robot/a")),
                               (("--track", "robot/a", "--track", "x/**"), ("x/**",)),
                               (("--remap", "robot/c:=d"), ("robot/c",)),
                               (("--start", "2000"), ("asked for",)),
                               (("--start", "+0.1", "--end", "+0.9"), ("asked for",)),
                               (("--start", "+50", "--end", "+40"), ("asked for",)),
                               (("--loop", "--burst", "--end", "900"), ("asked for",)),
                               (("--exclude", "**"), ("no point is chosen",))):
            with self.subTest(options=options):
                done = self.run_ok("play", bag, *options, "--wait", "1000", "--publish-to",
                                   "tcp://127.0.0.1:1", code=LOSSY)
                self.assert_one_line(done.stderr, *words)
        done = self.run_ok("pub", self.space.path("a.jsonl"), "--track", "x/**", "--burst", "--wait",
                           "0", "--publish-to", "tcp://127.0.0.1:1", code=LOSSY)
        self.assertIn("no track of", done.stderr)

    def test_an_empty_bag_plays_nothing(self):
        bag = self.space.path("empty.zbag")
        recorder = self.start_recorder(bag)
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual(self.play(bag, "--burst"), [])

    def test_an_empty_bag_is_said_to_be_so_and_waits_for_nobody(self):
        bag = self.space.path("empty.zbag")
        self.assertEqual(self.start_recorder(bag).stop(), DONE)
        done = self.run_ok("play", bag, "--wait", "100000", "--publish-to", "tcp://127.0.0.1:1")
        self.assertIn("nothing to play", done.stderr)

    def test_a_bag_being_recorded_can_be_played(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(100):
            sensor.send("a", {"_ts": 1000.0 + n, "n": n})
        witness.take(100)
        self.run_ok("ctl", "record", "flush")
        self.assertEqual(len(self.play(bag, "--burst")), 100)
        self.assertEqual(recorder.stop(), DONE)

    def test_a_missing_bag_among_several_is_named(self):
        bag = self.numbered(frames=3)
        done = self.space.run("play", bag, "nowhere.zbag", "--burst")
        self.assertEqual(done.returncode, harness.FAILED)
        self.assert_one_line(done.stderr, "nowhere.zbag")

    def test_a_remap_to_no_track_name_is_refused_before_anything_plays(self):
        bag = self.numbered(frames=3)
        for options in (("--remap", "robot/a:=.."), ("--prefix", "a//b")):
            with self.subTest(options=options):
                done = self.space.run("play", bag, "--burst", "--wait", "0.1", *options)
                self.assertEqual(done.returncode, harness.USAGE, done.stderr)
                self.assert_one_line(done.stderr)


if __name__ == "__main__":
    harness.main()
