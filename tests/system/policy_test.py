"""What a recorder does with frames by its options: every frame has one fate, and it is counted.

Proves the equation of wire.md (The fate of a frame) for merge modes, late frames, filters and
overflow, and what `tap` and `topics` show of the bus.
"""

import json
import os

import lmdb
import msgpack

import harness
from harness import DONE, FAILED, LOSSY, USAGE


class PolicyTest(harness.SystemTest):

    def record(self, batches, *options, code=DONE):
        """Publishes batches of (track, frame), each written before the next is sent."""
        bag = self.space.path("policy.zbag")
        recorder = self.start_recorder(bag, *options)
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for batch in batches:
            for track, frame in batch:
                sensor.send(track, frame)
            witness.take(len(batch))
            self.run_ok("ctl", "record", "flush")
        self.assertEqual(recorder.stop(), code, recorder.stderr)
        self.stderr = recorder.stderr
        return bag, self.assert_whole(bag)

    def frames(self, bag, of_track=None):
        return [fields for track, fields in self.points(bag) if of_track in (None, track)]


FIRST = {"_ts": 5.0, "a": 1, "map": {"x": 1, "y": 1}}
SECOND = {"_ts": 5.0, "b": 2, "map": {"y": 2}}


class SplitTest(PolicyTest):
    """A recording in several bags: --max-size, --max-duration, --max-files, ctl split."""

    def parts(self):
        folder = self.space.path()
        return sorted(name for name in os.listdir(folder) if name.endswith(".zbag"))

    def test_split_on_request_answers_when_the_bag_is_complete(self):
        bag = self.space.path("day.zbag")
        recorder = self.start_recorder(bag)
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        self.assertIn("no points yet", self.run_ok("ctl", "record", "split", code=FAILED).stderr)
        for number in range(100):
            sensor.send("t", {"_ts": float(number)})
        witness.take(100)
        answer = json.loads(self.run_ok("ctl", "record", "split").stdout)
        self.assertEqual(os.path.basename(answer["bag"]), "day_0001.zbag")
        self.assertEqual(answer["complete"], bag)
        info = self.assert_whole(bag)
        self.assertEqual((info["points"], info["runs"][-1]["status"]), (100, "closed"))
        sensor.send("t", {"_ts": 100.0})
        witness.take(1)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertIn("recorded 2 bags, ", recorder.stderr)
        self.assertIn("points 101 ", recorder.stderr)
        self.assertEqual(self.assert_whole(self.space.path("day_0001.zbag"))["points"], 1)
        joined = self.space.path("joined.zbag")
        self.run_ok("merge", bag, self.space.path("day_0001.zbag"), "-o", joined)
        self.assertEqual(self.assert_whole(joined)["points"], 101)

    def test_a_ring_keeps_the_newest_bags_and_tells_of_the_others(self):
        recorder = self.start_recorder(self.space.path("day.zbag"), "--sync", "5",
                                       "--max-duration", "0.02", "--max-files", "3")
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        number = 0
        while "day_0005.zbag" not in self.parts():
            sensor.send("t", {"_ts": float(number)})
            witness.take(1)
            number += 1
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        parts = self.parts()
        self.assertEqual(len(parts), 3)
        self.assertRegex(recorder.stderr, r"\d+ older bags with [\d,]+ points removed by --max-files")
        self.assertIn(f"points {number:,} ", recorder.stderr)
        kept = []
        for part in parts:
            self.assert_whole(self.space.path(part))
            kept += [fields["_ts"] for _, fields in self.points(self.space.path(part))]
        self.assertEqual(kept, [float(n) for n in range(number - len(kept), number)])

    def test_the_parts_of_a_series_are_read_back_as_one(self):
        """S2.60: a dozen, in order, by the folder and by their names."""
        folder = self.space.path("run")
        os.mkdir(folder)
        recorder = self.start_recorder(os.path.join(folder, "day.zbag"))
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for number in range(13):
            if number > 0:
                self.run_ok("ctl", "record", "split")
            sensor.send("t", {"_ts": float(number)})
            witness.take(1)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        parts = [os.path.join(folder, name) for name in sorted(os.listdir(folder))
                 if name.endswith(".zbag")]
        self.assertEqual(len(parts), 13)
        for bags in ([folder], parts, parts[::-1]):
            with self.subTest(bags=len(bags)):
                lines = self.run_ok("cat", *bags, "--format", "json").stdout.splitlines()
                self.assertEqual([json.loads(line)["_ts"] for line in lines],
                                 [float(number) for number in range(13)])

    def test_a_size_no_bag_can_keep_is_refused(self):
        done = self.space.run("record", "-o", self.space.path("day.zbag"), "--max-size", "0.5")
        self.assertEqual(done.returncode, USAGE)
        self.assert_one_line(done.stderr, "--max-size", "1 MB")


class MergeTest(PolicyTest):

    def test_nothing_is_replaced_by_default(self):
        """D1, S0.11: fields join while they are new or equal; a different value is a further point."""
        frames = [{"_ts": 5.0, "q": 1}, {"_ts": 5.0, "v": 2}, {"_ts": 5.0, "q": 1, "v": 2},
                  {"_ts": 5.0, "q": 3}, {"_ts": 5.0, "q": 3, "w": 4}]
        in_one_batch = [[("t", frame) for frame in frames]]
        one_by_one = [[("t", frame)] for frame in frames]
        for batches in (in_one_batch, one_by_one):
            with self.subTest(flushes=len(batches)):
                bag, info = self.record(batches)
                self.assertEqual(self.frames(bag), [{"_ts": 5.0, "q": 1, "v": 2},
                                                    {"_ts": 5.0, "q": 3, "w": 4}])
                self.assertEqual((info["received"], info["points"], info["merged"]), (5, 2, 3))
                self.assertEqual((info["kept_apart"], info["overwritten"]), (1, 0))
                self.assertIn("(1 kept apart)", self.stderr)
                os.remove(bag)

    def test_what_comes_late_joins_the_newest_point_of_its_stamp(self):
        late = [[("t", {"_ts": 1.0, "q": 1}), ("t", {"_ts": 1.0, "q": 2}), ("t", {"_ts": 9.0, "q": 0})],
                [("t", {"_ts": 1.0, "v": 3})], [("t", {"_ts": 1.0, "q": 4})]]
        bag, info = self.record(late)
        self.assertEqual(self.frames(bag), [{"_ts": 1.0, "q": 1}, {"_ts": 1.0, "q": 2, "v": 3},
                                            {"_ts": 1.0, "q": 4}, {"_ts": 9.0, "q": 0}])
        self.assertEqual((info["points"], info["merged"], info["kept_apart"]), (4, 1, 2))

    def test_a_mode_may_be_given_for_some_tracks(self):
        batch = [(track, {"_ts": 1.0, "x": n}) for track in ("cam/a", "arm") for n in range(3)]
        bag, info = self.record([batch], "--merge", "shallow", "--merge", "cam/*=append")
        self.assertEqual(self.frames(bag, "arm"), [{"_ts": 1.0, "x": 2}])
        self.assertEqual([f["x"] for f in self.frames(bag, "cam/a")], [0, 1, 2])
        self.assertEqual((info["overwritten"], info["kept_apart"]), (2, 0))

    def test_shallow_merges_fields_and_the_later_value_wins(self):
        for batches in ([[("t", FIRST), ("t", SECOND)]], [[("t", FIRST)], [("t", SECOND)]]):
            with self.subTest(flushes=len(batches)):
                bag, info = self.record(batches, "--merge", "shallow")
                self.assertEqual(self.frames(bag), [{"_ts": 5.0, "a": 1, "map": {"y": 2}, "b": 2}])
                self.assertEqual((info["points"], info["merged"], info["overwritten"]), (1, 1, 1))
                self.assertIn("--merge join", self.stderr)
                os.remove(bag)

    def test_deep_merges_nested_maps(self):
        for batches in ([[("t", FIRST), ("t", SECOND)]], [[("t", FIRST)], [("t", SECOND)]]):
            with self.subTest(flushes=len(batches)):
                bag, info = self.record(batches, "--merge", "deep")
                self.assertEqual(self.frames(bag),
                                 [{"_ts": 5.0, "a": 1, "map": {"x": 1, "y": 2}, "b": 2}])
                self.assertEqual((info["points"], info["merged"], info["overwritten"]), (1, 1, 1))
                os.remove(bag)

    def test_append_keeps_every_frame_in_order_of_arrival(self):
        for batches in ([[("t", FIRST), ("t", SECOND)]], [[("t", FIRST)], [("t", SECOND)]]):
            with self.subTest(flushes=len(batches)):
                bag, info = self.record(batches, "--merge", "append")
                self.assertEqual(self.frames(bag), [FIRST, SECOND])
                self.assertEqual((info["points"], info["merged"]), (2, 0))
                os.remove(bag)

    def test_nil_is_a_value_and_absence_is_none(self):
        bag, _ = self.record([[("t", {"_ts": 1.0, "a": 1, "b": 2}),
                               ("t", {"_ts": 1.0, "a": None})]], "--merge", "shallow")
        self.assertEqual(self.frames(bag), [{"_ts": 1.0, "a": None, "b": 2}])

    def test_equal_values_do_not_count_as_overwritten(self):
        nan = float("nan")
        bag, info = self.record([[("t", {"_ts": 1.0, "a": 1, "n": nan})] * 3])
        self.assertEqual((info["merged"], info["overwritten"]), (2, 0))

    def test_overwriting_is_warned_about_once_a_track(self):
        batch = [("t", {"_ts": 1.0, "a": n}) for n in range(50)]
        _, info = self.record([batch], "--merge", "shallow")
        self.assertEqual(info["overwritten"], 49)
        warnings = [line for line in self.stderr.splitlines() if "warning" in line]
        self.assertEqual(len(warnings), 1, self.stderr)
        self.assertIn("--merge join", warnings[0])


class LateTest(PolicyTest):
    """Frames for points that are written already."""

    BATCHES = [[("t", {"_ts": float(n), "n": n}) for n in range(10)],
               [("t", {"_ts": 3.0, "late": 1}), ("t", {"_ts": 3.5, "n": 35})]]

    def test_merge_puts_them_into_the_stored_point(self):
        bag, info = self.record(self.BATCHES)
        self.assertEqual([fields["_ts"] for fields in self.frames(bag)],
                         [0.0, 1.0, 2.0, 3.0, 3.5, *map(float, range(4, 10))])
        self.assertEqual(self.frames(bag)[3], {"_ts": 3.0, "n": 3, "late": 1})
        self.assertEqual((info["points"], info["merged"]), (11, 1))

    def test_reject_refuses_them_as_late(self):
        bag, info = self.record(self.BATCHES, "--late-merge", "reject", code=LOSSY)
        self.assertEqual(info["refused"], {"late": 1})
        self.assertEqual(self.frames(bag)[3], {"_ts": 3.0, "n": 3})
        self.assertEqual(info["points"], 11)

    def test_append_keeps_them_as_points_of_their_own(self):
        bag, info = self.record(self.BATCHES, "--late-merge", "append")
        self.assertEqual([fields for fields in self.frames(bag) if fields["_ts"] == 3.0],
                         [{"_ts": 3.0, "n": 3}, {"_ts": 3.0, "late": 1}])
        self.assertEqual((info["points"], info["merged"]), (12, 0))


class FilterTest(PolicyTest):

    NAMES = ("robot/imu", "robot/imu/raw", "robot/image", "robots", "other")

    def recorded(self, *options):
        bag, info = self.record([[(name, {"_ts": 1.0}) for name in self.NAMES]], *options)
        self.assertEqual(info["received"], len(self.NAMES))
        return {track for track, _ in self.points(bag)}, info

    def test_tracks_are_chosen_by_pattern_and_the_rest_is_counted_as_skipped(self):
        tracks, info = self.recorded("--track", "robot/*", "--track", "other")
        self.assertEqual(tracks, {"robot/imu", "robot/image", "other"})
        self.assertEqual(info["skipped_by_reason"], {"filter": 2})

    def test_excluded_tracks_are_counted_as_skipped(self):
        tracks, info = self.recorded("--exclude", "robot/**")
        self.assertEqual(tracks, {"robots", "other"})
        self.assertEqual(info["skipped_by_reason"], {"filter": 3})

    def test_a_prefix_is_no_pattern(self):
        """robot/im subscribes to robot/imu by its bytes, and must not record it."""
        bus = self.start_broker()
        bag = self.space.path("prefix.zbag")
        recorder = self.start_client_recorder(bus, bag, "--track", "robot/im", "--track", "robot")
        witness = self.listener(bus)
        sensor = self.publisher(bus).wait_for_subscriber(b"robot/im")
        for name in (*self.NAMES, "robot", "robot/im"):
            sensor.send(name, {"_ts": 1.0})
        witness.take(len(self.NAMES) + 2)
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual({track for track, _ in self.points(bag)}, {"robot", "robot/im"})
        self.assertEqual(bus.stop(), DONE)

    def test_system_topics_are_recorded_when_a_pattern_names_them(self):
        bag = self.space.path("system.zbag")
        recorder = self.start_recorder(bag, "--track", "_sys/note", "--track", "a")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("_sys/note", {"_ts": 1.0})
        sensor.send("_sys/other", {"_ts": 1.0})
        sensor.send("a", {"_ts": 1.0})
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual({track for track, _ in self.points(bag)}, {"_sys/note", "a"})


class OverflowTest(PolicyTest):
    """Memory that is full, because the disk stands still: a stranger holds LMDB's lock of the bag,
    so that the recorder can store nothing until it lets go."""

    FRAMES = 400
    FRAME_BYTES = 150_000
    BUFFER_MB = 4
    # More do not fit: what lies in the buffer, and what moves between it and the socket.
    HELD_MAX = 4 * BUFFER_MB * 1_000_000 // FRAME_BYTES

    def stop_disk(self, bag):
        """The transaction that lets go when it is aborted."""
        stranger = lmdb.open(bag, subdir=False, max_dbs=1)
        self.addCleanup(stranger.close)
        return stranger.begin(write=True)

    def send_all(self, recorder):
        sensor = self.publisher(recorder).wait_for_subscriber()
        noise = os.urandom(self.FRAME_BYTES)
        for n in range(self.FRAMES):
            sensor.send("image", {"_ts": float(n), "n": n, "data": noise, "_src": 1, "_seq": n})

    def start_flooded(self, policy):
        """A recorder that takes nothing to disk, and a witness of what it has taken from the bus."""
        self.floods = getattr(self, "floods", 0) + 1
        bag = self.space.path(f"{policy}_{self.floods}.zbag")
        recorder = self.start_recorder(bag, "--on-overflow", policy, "--buffer-mb", self.BUFFER_MB)
        witness = self.listener(recorder)
        disk = self.stop_disk(bag)
        self.send_all(recorder)
        return bag, recorder, witness, disk

    def check_bag(self, bag):
        """Nothing twice, nothing lost on the way; gives the counters and what was kept."""
        info = self.assert_whole(bag)
        self.assertEqual(info["received"], self.FRAMES)
        self.assertEqual(info["lost"], 0)  # dropped by us is not lost on the way
        numbers = [fields["n"] for fields in self.frames(bag)]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(len(numbers) + info["dropped"], self.FRAMES)
        return info, numbers

    def flood(self, policy):
        """Drops for certain: what the witness has seen, the recorder that hosts the bus took."""
        bag, recorder, witness, disk = self.start_flooded(policy)
        witness.take(self.FRAMES)
        disk.abort()
        self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)
        info, numbers = self.check_bag(bag)
        self.assertGreaterEqual(info["dropped"], self.FRAMES - self.HELD_MAX)
        self.assertIn(f"dropped {info['dropped']} ", recorder.stderr)
        return numbers

    def test_block_waits_and_drops_nothing(self):
        bag, recorder, witness, disk = self.start_flooded("block")

        def is_full():
            status = json.loads(self.run_ok("ctl", "record", "status").stdout)
            return status["buffer_bytes"] >= self.BUFFER_MB * 1_000_000
        harness.wait_until(is_full, "memory to be full")
        taken = 0
        while witness.receive(timeout=0.2) is not None:
            taken += 1
            self.assertLessEqual(taken, self.HELD_MAX)
        disk.abort()
        witness.take(self.FRAMES - taken)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        info, _ = self.check_bag(bag)
        self.assertEqual((info["dropped"], info["points"]), (0, self.FRAMES))

    def test_flush_counts_what_it_cannot_hold(self):
        """The socket is always read and memory is bounded: what the disk cannot take is counted."""
        self.assertEqual(self.flood("flush")[0], 0)

    def test_drop_newest_counts_what_it_drops_and_keeps_the_first(self):
        self.assertEqual(self.flood("drop-newest")[0], 0)

    def test_drop_oldest_counts_what_it_drops_and_keeps_the_last(self):
        """Several times, because what is dropped while a track is new depends on the moment."""
        for _ in range(5):
            self.assertEqual(self.flood("drop-oldest")[-1], self.FRAMES - 1)


class SyncIdleTest(PolicyTest):
    """--sync-idle: a robot that says little is written less often, and loses nothing by it."""

    def metrics(self, recorder_name):
        return json.loads(self.run_ok("ctl", recorder_name, "metrics").stdout)

    def test_little_waits_and_is_written_when_it_has_grown_or_is_asked_for(self):
        """Beside a recorder that writes in every interval, which counts the intervals."""
        bus = self.start_broker()
        idle_bag = self.space.path("idle.zbag")
        busy = self.start_client_recorder(bus, self.space.path("busy.zbag"), "--sync", "5",
                                          "--name", "busy")
        idle = self.start_client_recorder(bus, idle_bag, "--sync", "5", "--sync-idle", "3600000",
                                          "--name", "idle")
        sensor = self.publisher(bus).wait_for_subscriber()
        sent = 0
        while self.metrics("busy")["commits"] < 20:
            sensor.send("t", {"_ts": float(sent), "n": sent})
            sent += 1
            harness.wait_until(lambda: self.metrics("busy")["points"] == sent, "the point")
        before = self.metrics("idle")
        self.assertEqual((before["commits"], before["points"]), (0, 0))
        self.run_ok("ctl", "idle", "flush")
        self.assertEqual(self.metrics("idle")["points"], sent)
        # 64 KiB are not little: all of it is written in the next interval.
        sensor.send("t", {"_ts": float(sent), "n": sent, "data": bytes(70_000)})
        harness.wait_until(lambda: self.metrics("idle")["points"] == sent + 1, "the large point")
        self.assertEqual(self.metrics("idle")["commits"], 2)
        idle.kill()
        self.run_ok("check", idle_bag)
        self.assertEqual([fields["n"] for fields in self.frames(idle_bag)], list(range(sent + 1)))
        self.assertEqual((busy.stop(), bus.stop()), (DONE, DONE))

    def test_what_waits_is_written_at_the_end_of_the_idle_interval_and_at_a_stop(self):
        bag = self.space.path("idle.zbag")
        recorder = self.start_recorder(bag, "--sync", "1", "--sync-idle", "20")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("t", {"_ts": 0.0, "n": 0})
        harness.wait_until(lambda: self.metrics("record")["points"] == 1, "its interval's end")
        self.assertEqual([fields["n"] for fields in self.frames(bag)], [0])
        self.assertEqual(recorder.stop(), DONE)
        slow = self.space.path("slow.zbag")
        recorder = self.start_recorder(slow, "--sync-idle", "3600000")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("t", {"_ts": 0.0, "n": 0})
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual([fields["n"] for fields in self.frames(slow)], [0])


class WatchingTest(PolicyTest):

    def test_tap_stops_after_n_frames_and_shows_the_fields_asked_for(self):
        recorder = self.start_recorder(self.space.path("a.zbag"))
        tap = self.space.start("tap", "robot/*", "-n", "2", "--fields", "b,a", *recorder.urls)
        tap.wait_for_line("^ready ")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sent = 0
        while tap.is_running and sent < 100_000:
            sensor.send("robot/x", {"_ts": float(sent), "a": sent, "b": 1, "c": 2})
            sensor.send("other", {"_ts": float(sent), "a": sent})
            sent += 1
            if sent % 100 == 0:
                self.run_ok("ctl", "record", "status")
        self.assertIn(tap.wait(), (DONE, LOSSY))
        self.assertEqual(len(tap.out_lines), 2)
        for line in map(json.loads, tap.out_lines):
            self.assertEqual(set(line), {"_ts", "track", "a", "b"})
            self.assertEqual(line["track"], "robot/x")
        self.assertIn(recorder.stop(), (DONE, LOSSY))

    def test_a_tap_that_hears_nothing_in_time_fails(self):
        bus = self.start_broker()
        done = self.space.run("tap", "--timeout", "0.3", *bus.urls)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("0 frames in 0.3 s", done.stderr.splitlines()[-1])
        self.assertEqual(bus.stop(), DONE)

    def test_topics_lists_tracks_with_publisher_rate_and_loss(self):
        source = self.space.path("s.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(5000):
                file.write('{"track":"robot/%d","_ts":%f,"fields":{"n":1}}\n' % (n % 2, n / 100))
        recorder = self.start_recorder(self.space.path("a.zbag"))
        pub = self.space.start("pub", source, "--loop", "--name", "arm", *recorder.urls)
        listed = {}

        def is_listed():
            done = self.run_ok("topics", "--json", "--duration", "1", *recorder.urls)
            topics = json.loads(done.stdout)
            listed.update((topic["name"], topic) for topic in topics)
            return len(listed) == 2
        harness.wait_until(is_listed, "both tracks")
        self.assertEqual(set(listed), {"robot/0", "robot/1"})
        for topic in listed.values():
            self.assertEqual((topic["publishers"], topic["lost"]), (1, 0))
            self.assertGreater(topic["rate_hz"], 10.0)
        self.assertEqual(pub.stop(), DONE)
        self.assertEqual(recorder.stop(), DONE)

    def test_what_a_tap_shows_is_what_cat_shows(self):
        recorder = self.start_recorder(self.space.path("a.zbag"))
        tap = self.space.start("tap", "**", "_sys/hello", "--format", "json", *recorder.urls)
        self.await_tap(recorder, lambda: tap.out_lines)
        sensor = self.publisher(recorder).wait_for_subscriber()
        frame = {"_ts": 1000.1, "x": 1 / 3, "f": msgpack.ExtType(3, b"x"), "b": b"\x00", "n": None}
        sensor.send("a", frame)
        tap.wait_for_line('"track":"a"', tap.out_lines)
        self.assertIn(tap.stop(), (DONE, LOSSY))
        self.assertEqual(recorder.stop(), DONE)
        shown = self.run_ok("cat", self.space.path("a.zbag")).stdout.decode().strip()
        self.assertIn(shown, tap.out_lines)


if __name__ == "__main__":
    harness.main()
