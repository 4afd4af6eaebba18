"""A recorder killed with SIGKILL leaves a whole bag that lacks at most the last moment.

Proves promise 1 of bag.md: the bag opens with no repair step, `check` passes, what is there is a
prefix of what arrived over all tracks, and what is missing arrived within the last --sync interval.
To that is added what recording.hpp says comes on top, as the machine has it at that moment: what the
disk takes, and the time it gave to others (stall_meter.py).

    ZBAG_KILLS=1000 crash_test.py
"""

import glob
import os
import random
import signal
import sys
import threading
import time

import msgpack

import harness
from harness import DONE
from stall_meter import StallMeter

SYNC = 0.100       # seconds, what record is asked for
HAND_OVER = 0.010  # what it may keep a chunk that is not full (recording.hpp, kHandOverEvery)
# A commit's own work and the way through TCP and between threads; a sanitizer makes more of it.
WORK = 1.0 if harness.is_sanitized() else 0.010
DISK_TIMES = 2     # a commit waits for the disk twice: its pages, then the page that names them
DISK_TIMES_OF_SPLIT = 8  # the new file, its name, its run and the end of the old one come before
TRACKS = 5
RATE = 2000.0      # frames a second
IS_LONG = "ZBAG_TEST_LONG" in os.environ and not harness.is_sanitized()
KILLS = int(os.environ.get("ZBAG_KILLS", "200" if IS_LONG else "30"))
LATE_EVERY = 7     # of frames that come late, so that the recorder folds: every seventh
LATE_BY = 0.03025    # seconds: between the stamps of others


class Sensor(threading.Thread):
    """Publishes numbered frames over one socket and remembers when each was sent."""

    def __init__(self, publisher, sends_late=False):
        super().__init__(daemon=True)
        self.publisher = publisher
        self.sends_late = sends_late
        self.sent_at = []
        self.lag_max = 0.0
        self._stopping = threading.Event()

    def run(self):
        began = time.monotonic()
        while not self._stopping.is_set():
            number = len(self.sent_at)
            due = began + number / RATE
            left = due - time.monotonic()
            if left > 0:
                time.sleep(left)
            behind = LATE_BY if self.sends_late and number % LATE_EVERY == 0 else 0.0
            frame = {"_ts": 1000.0 + number / RATE - behind, "n": number,
                     "text": "x" * (number % 200)}
            # Before the send: what is sent later than the kill cannot be missed.
            self.sent_at.append(time.monotonic())
            self.publisher.send(f"robot/{number % TRACKS}", msgpack.packb(frame))

    def stop(self):
        self._stopping.set()
        self.join()

    def give_up(self):
        """After a kill: what is queued for the dead must not reach a later recorder on its port."""
        self.stop()
        self.publisher.close()


class Missing:
    """What a kill has cost, and the machine's own part in it."""

    def __init__(self, sensor=None, meter=None, found=0, before_kill=0.0, disk_times=0):
        sent_at = sensor.sent_at if sensor else []
        self.sent = sum(1 for moment in sent_at if moment <= before_kill)
        self.frames = max(0, self.sent - found)
        self.age = self.stalled = 0.0
        if self.frames > 0:
            oldest = sent_at[found]
            self.age = before_kill - oldest
            lost, disk = meter.found(oldest, before_kill)
            self.stalled = lost + disk_times * disk

    @property
    def allowed(self):
        return SYNC + HAND_OVER + WORK + self.stalled

    def __str__(self):
        return (f"{self.sent} sent, {self.frames} missing, the oldest of them "
                f"{self.age * 1000:.0f} ms old; allowed {self.allowed * 1000:.0f} ms, of them "
                f"{self.stalled * 1000:.0f} ms of the machine")


class CrashTest(harness.SystemTest):

    def kill_at_start(self, bag, after):
        """Killed before it is ready: there is no bag yet, or a whole one without points."""
        recorder = self.space.start("record", "--with-broker", "-o", bag, "--min-free", "10",
                                    *harness.PORTS)
        self.pause(after)
        recorder.kill()
        if os.path.exists(bag):
            self.run_ok("check", bag)
            self.assertEqual(self.points(bag), [])
        return Missing()

    def kill_while_recording(self, bag, after, stops_first=False, sends_late=False):
        """Killed `after` seconds; gives what that has cost."""
        recorder = self.start_recorder(bag, "--sync", str(int(SYNC * 1000)))
        meter = StallMeter(self, recorder.popen.pid)
        sensor = Sensor(self.publisher(recorder).wait_for_subscriber(), sends_late)
        sensor.start()
        self.pause(after)
        if stops_first:
            # What comes from here on is drained for a while, then no longer: send no more.
            sensor.stop()
            recorder.send_signal(signal.SIGINT)
            self.pause(after / 4)
        before_kill = time.monotonic()
        has_ended = not recorder.is_running
        recorder.kill()
        sensor.give_up()
        meter.close()
        self.run_ok("check", bag)
        numbers = [(track, fields["n"]) for track, fields in self.points(bag)]
        # Stamps that ascend with the numbers: time order is the order of sending. No gap at all.
        if sends_late:
            numbers.sort(key=lambda point: point[1])
        self.assertEqual(numbers, [(f"robot/{n % TRACKS}", n) for n in range(len(numbers))])
        missing = Missing(sensor, meter, len(numbers), before_kill, DISK_TIMES)
        info = self.info(bag)
        if not stops_first:
            self.assertEqual(info["runs"][-1]["status"], "open")
        if has_ended:
            self.assertEqual(missing.frames, 0)
        self.assertEqual(info["points"], len(numbers))
        self.assert_equation(info)
        return missing

    def kill_while_splitting(self, bag, after):
        """The same of a recorder that goes on in a new bag all the time."""
        recorder = self.start_recorder(bag, "--sync", str(int(SYNC * 1000)),
                                       "--max-duration", "0.03")
        meter = StallMeter(self, recorder.popen.pid)
        sensor = Sensor(self.publisher(recorder).wait_for_subscriber())
        sensor.start()
        self.pause(after)
        before_kill = time.monotonic()
        recorder.kill()
        sensor.give_up()
        meter.close()
        numbers = []
        bags = [bag, *sorted(glob.glob(bag.replace(".zbag", "_[0-9]*.zbag")))]
        for part in bags:
            info = self.assert_whole(part)
            found = [fields["n"] for _, fields in self.points(part)]
            self.assertEqual(info["points"], len(found))
            numbers += found
        self.assertEqual(numbers, list(range(len(numbers))))
        self.bags += len(bags)
        return Missing(sensor, meter, len(numbers), before_kill, DISK_TIMES_OF_SPLIT)

    @staticmethod
    def pause(seconds):
        """The moment of a kill, not a wait for anything."""
        threading.Event().wait(seconds)

    def test_a_kill_at_any_moment_costs_at_most_the_sync_interval(self):
        moments = random.Random(20261120)
        results = []
        self.bags = 0  # that splits have made
        for i in range(KILLS):
            bag = self.space.path(f"crash_{i}.zbag")
            phase = ("start", "record", "split", "late", "split", "stop")[i % 6]
            if phase == "start":
                result = self.kill_at_start(bag, moments.uniform(0.0, 0.08))
            elif phase == "split":
                result = self.kill_while_splitting(bag, moments.uniform(0.3, 1.2))
            else:
                result = self.kill_while_recording(bag, moments.uniform(0.05, 1.2), phase == "stop",
                                                   phase == "late")
            results.append(result)
            print(f"  kill {i:3d} ({phase}): {result}", file=sys.stderr)
            self.assertLessEqual(result.age, result.allowed, phase)
        ages = sorted(result.age for result in results)
        print(f"  {KILLS} kills of a recorder: 0 bags broken, {sum(r.sent for r in results)} frames "
              f"sent, {sum(r.frames for r in results)} missing; the oldest: "
              f"median {ages[len(ages) // 2] * 1000:.0f} ms, worst {ages[-1] * 1000:.0f} ms; "
              f"sync {SYNC * 1000:.0f} ms", file=sys.stderr)
        self.assertGreaterEqual(self.bags, 3 * sum(1 for i in range(KILLS) if i % 6 in (2, 4)))

    def test_what_was_flushed_before_the_kill_is_there(self):
        """After a flush that returned nothing is missing."""
        bag = self.space.path("flushed.zbag")
        recorder = self.start_recorder(bag, "--sync", "3600000")
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for number in range(1000):
            sensor.send("robot/0", {"_ts": float(number), "n": number})
        witness.take(1000)  # what the recorder's broker passes on, it has taken itself
        self.run_ok("ctl", "record", "flush")
        recorder.kill()
        self.run_ok("check", bag)
        self.assertEqual([fields["n"] for _, fields in self.points(bag)], list(range(1000)))

    def test_a_killed_recorder_does_not_block_the_next_one(self):
        """Ports, node name and runtime files of the dead are free again."""
        first = self.start_recorder(self.space.path("first.zbag"))
        first.kill()
        second = self.await_ready(self.space.start(
            "record", "--with-broker", "-o", self.space.path("second.zbag"), "--min-free", "10",
            "--name", "record", *first.urls))
        self.assertEqual(second.stop(), DONE)

    def test_a_bag_is_read_whole_while_it_is_written(self):
        """Readers next to the writer see a prefix, at any instant, and do not disturb it."""
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        sensor = Sensor(self.publisher(recorder).wait_for_subscriber())
        sensor.start()
        seen = []
        for _ in range(5):
            numbers = [fields["n"] for _, fields in self.points(bag)]
            self.assertEqual(numbers, list(range(len(numbers))))
            seen.append(len(numbers))
            self.run_ok("check", bag)
        sensor.stop()
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(len(self.points(bag)), len(sensor.sent_at))


if __name__ == "__main__":
    harness.main()
