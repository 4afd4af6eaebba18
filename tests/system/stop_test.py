"""Starting, stopping and talking to nodes: nothing under way is lost, and nobody hangs.

Proves S0.16 (a stop drains what was published), the rules of cli.md for signals, --wait, --duration
and ctl, and wire.md's accounting when brokers, publishers and recorders come and go.
"""

import json
import os
import signal
import time

import msgpack
import zmq

import harness
from harness import DONE, LOSSY

IS_LONG = "ZBAG_TEST_LONG" in os.environ and not harness.is_sanitized()


def write_recording(path, frames, tracks=1, padding=0):
    """A neutral recording of numbered frames, 1 ms apart."""
    with open(path, "w", encoding="utf-8") as file:
        for n in range(frames):
            fields = {"n": n, "text": "x" * padding}
            file.write(json.dumps({"track": f"robot/{n % tracks}", "_ts": 1000.0 + n / 1000,
                                   "fields": fields}) + "\n")
    return path


def memory_of(process):
    """Resident kilobytes."""
    with open(f"/proc/{process.popen.pid}/status", encoding="ascii") as file:
        return int(file.read().split("VmRSS:")[1].split()[0])


class StopTest(harness.SystemTest):
    """What the classes below share."""

    def recording(self, frames=1000, **more):
        return write_recording(self.space.path("source.jsonl"), frames, **more)

    def ctl(self, node, op, *more, code=DONE):
        done = self.run_ok("ctl", node, op, *more, code=code)
        return json.loads(done.stdout) if code == DONE and op != "describe" else done

    def await_node(self, node):
        harness.wait_until(lambda: self.space.run("ctl", node, "status").returncode == DONE, node)

    def numbers(self, bag):
        return [fields["n"] for _, fields in self.points(bag)]


class RecorderStopTest(StopTest):

    def test_a_stop_drains_what_was_just_published(self):
        """S0.16: 10 000 frames, then SIGTERM at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                bag = self.space.path(f"{number.name}.zbag")
                recorder = self.start_recorder(bag)
                sensor = self.publisher(recorder).wait_for_subscriber()
                for n in range(10_000):
                    sensor.send(f"robot/{n % 3}", {"_ts": 1000.0 + n / 1000, "n": n})
                self.assertEqual(recorder.stop(number), DONE, recorder.stderr)
                self.assertEqual(self.numbers(bag), list(range(10_000)))
                self.assertEqual(self.assert_whole(bag)["runs"][0]["status"], "closed")

    def test_a_stop_drains_through_a_broker_of_another_process(self):
        bus = self.start_broker()
        bag = self.space.path("a.zbag")
        recorder = self.start_client_recorder(bus, bag)
        sensor = self.publisher(bus).wait_for_subscriber()
        for n in range(10_000):
            sensor.send("robot/0", {"_ts": 1000.0 + n / 1000, "n": n})
        self.assertEqual(recorder.stop(signal.SIGTERM), DONE, recorder.stderr)
        self.assertEqual(self.numbers(bag), list(range(10_000)))
        self.assertEqual(bus.stop(), DONE)

    def test_a_recorder_that_is_fed_without_end_stops_at_once(self):
        """Stop means now: a sensor that goes on is recorded for 0.3 s more, not for ten."""
        for with_broker in (True, False):
            with self.subTest(with_broker=with_broker):
                bag = self.space.path(f"{with_broker}.zbag")
                bus = self.start_recorder(bag) if with_broker else self.start_broker()
                recorder = bus if with_broker else self.start_client_recorder(bus, bag)
                pub = self.space.start("pub", self.recording(2000), "--loop", *bus.urls)
                harness.wait_until(lambda: self.ctl("record", "status")["received"] > 100, "frames")
                recorder.send_signal(signal.SIGINT)
                self.assertIn(recorder.wait(), (DONE, LOSSY), recorder.stderr)
                self.assertNotIn("still coming", recorder.stderr)
                pub.kill()
                numbers = self.numbers(bag)
                self.assertEqual(numbers[:2000], list(range(2000))[:len(numbers)])
                info = self.assert_whole(bag)
                if not harness.is_sanitized():
                    self.assertLess(info["runs"][0]["end"] - info["runs"][0]["start"], 8.0)

    def backlog(self, frames, size):
        """What a recorder has of frames that all had left `pub` when it was told to stop."""
        bus = self.start_broker()
        bag = self.space.path(f"{size}.zbag")
        # Room for all of it: how fast a recorder under a sanitizer writes is not asked here.
        recorder = self.start_client_recorder(bus, bag, "--compression", "none", "--buffer-mb", "2000")
        source = self.recording(frames, padding=size)
        self.run_ok("pub", source, "--burst", *bus.urls, deadline=4 * harness.DEADLINE)
        self.assertEqual(recorder.stop(signal.SIGINT, deadline=4 * harness.DEADLINE), DONE,
                         recorder.stderr)
        self.assertEqual(bus.stop(), DONE)
        return self.assert_whole(bag)

    def test_a_stop_loses_nothing_of_a_backlog(self):
        """The signal comes at the instant `pub` has ended, with most still in the broker."""
        many, large = (1_000_000, 1_500) if IS_LONG else (100_000, 150)
        for frames, size in ((many, 150), (large, 1_000_000)):
            with self.subTest(frames=frames, size=size):
                info = self.backlog(frames, size)
                self.assertEqual((info["points"], info["lost"]), (frames, 0))

    def test_duration_ends_the_recording(self):
        began = time.monotonic()
        recorder = self.start_recorder(self.space.path("a.zbag"), "--duration", "0.5")
        self.assertEqual(recorder.wait(), DONE)
        self.assertGreaterEqual(time.monotonic() - began, 0.5)

    def test_a_recorder_without_output_makes_a_run_folder(self):
        recorder = self.await_ready(self.space.start(
            "record", "--with-broker", "--min-free", "10", "--base-directory", "days",
            "--metadata", "robot=r2", *harness.PORTS))
        self.assertEqual(recorder.stop(), DONE)
        path = recorder.wait_for_line(r"recording to (days/run_\d{8}_\d{6}/run\.zbag) ").group(1)
        info = self.info(path)
        self.assertEqual(info["runs"][0]["metadata"], {"robot": "r2"})

    def test_quiet_says_nothing_but_ready(self):
        recorder = self.start_recorder(self.space.path("a.zbag"), "--quiet")
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual(len(recorder.lines), 1, recorder.stderr)


class HangUpTest(StopTest):
    """SIGHUP, and signals that were ignored when a node was started."""

    def test_a_terminal_that_closes_stops_as_sigterm_does(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(1000):
            sensor.send("a", {"_ts": float(n), "n": n})
        self.assertEqual(recorder.stop(signal.SIGHUP), DONE, recorder.stderr)
        self.assertEqual(self.numbers(bag), list(range(1000)))
        self.assertEqual(self.assert_whole(bag)["runs"][0]["status"], "closed")

    def test_a_signal_that_was_ignored_stays_so(self):
        """As nohup has it, and as a shell script starts what runs in its background."""
        for number in (signal.SIGHUP, signal.SIGINT):
            with self.subTest(signal=number.name):
                before = signal.signal(number, signal.SIG_IGN)  # children have it from us
                try:
                    broker = self.start_broker()
                finally:
                    signal.signal(number, before)
                broker.send_signal(number)
                self.assertEqual(self.ctl("broker", "status")["publish_to"], broker.publish_to)
                self.assertTrue(broker.is_running)
                self.assertEqual(broker.stop(signal.SIGTERM), DONE)


class SenderStopTest(StopTest):

    def test_a_sender_that_waits_for_a_listener_stops_at_once(self):
        bus = self.start_broker()
        source = self.recording(50)
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag)
        for arguments in (("pub", source), ("play", bag)):
            for stop in ("signal", "ctl"):
                with self.subTest(verb=arguments[0], stop=stop):
                    sender = self.space.start(*arguments, "--wait", "100000", *bus.urls)
                    self.await_node(arguments[0])
                    self.assertTrue(self.ctl(arguments[0], "status")["waiting"])
                    if stop == "ctl":
                        self.assertTrue(self.ctl(arguments[0], "stop")["stopping"])
                    else:
                        sender.send_signal(signal.SIGINT)
                    self.assertEqual(sender.wait(), DONE, sender.stderr)
                    self.assertIn("published 0 frames", sender.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_broker_that_goes_and_comes_back_is_told_of(self):
        bus = self.start_broker()
        witness = self.listener(bus)
        source = self.recording(3000)
        pub = self.space.start("pub", source, "--rate", "0.5", *bus.urls)
        witness.take(10)
        bus.kill()
        pub.wait_for_line("the broker at .* has gone", deadline=10)
        bus = self.start_broker(*bus.urls)
        pub.wait_for_line("the broker at .* is back")
        self.assertEqual(pub.stop(), DONE, pub.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_sender_does_not_wait_in_silence_for_a_broker_that_has_gone(self):
        bus = self.start_broker()
        witness = self.listener(bus)
        pub = self.space.start("pub", self.recording(20_000), "--rate", "4", *bus.urls)
        witness.take(10)
        bus.kill()
        pub.wait_for_line("has gone")
        pub.send_signal(signal.SIGINT)
        pub.wait_for_line("there is no broker at")
        pub.send_signal(signal.SIGINT)
        self.assertEqual(pub.wait(), LOSSY, pub.stderr)
        pub.wait_for_line("gave up: .* frames")

    def test_pub_that_waits_for_room_stops_at_the_first_word(self):
        """Its queue is full, and no broker takes any of it."""
        source = self.recording(2, padding=100_000)  # large, so that few make a full queue
        for stop in ("signal", "ctl"):
            with self.subTest(stop=stop):
                bus = self.start_broker()
                witness = self.listener(bus)
                pub = self.space.start("pub", source, "--loop", "--burst", *bus.urls)
                witness.take(2)
                bus.kill()
                pub.wait_for_line("has gone")
                sent = lambda: self.ctl("pub", "status")["published"]
                harness.wait_until(lambda: len({sent() for _ in range(8)}) == 1, "a full queue")
                if stop == "ctl":
                    self.ctl("pub", "stop")
                else:
                    pub.send_signal(signal.SIGINT)
                # It waits for its last frames to leave; the next signal ends that.
                pub.wait_for_line("there is no broker at")
                pub.send_signal(signal.SIGINT)
                self.assertEqual(pub.wait(), LOSSY, pub.stderr)
                self.assertNotIn("slow", pub.stderr)

    def test_the_first_signal_lets_everything_leave(self):
        """What pub says it published has arrived, also when it was told to stop in the middle."""
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        pub = self.space.start("pub", self.recording(20_000, padding=200), "--loop", "--burst",
                               *recorder.urls)
        harness.wait_until(lambda: self.ctl("record", "status")["received"] > 1000, "frames")
        self.assertEqual(pub.stop(signal.SIGINT), DONE, pub.stderr)
        said = pub.wait_for_line(r"published ([\d,]+) frames").group(1)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        info = self.assert_whole(bag)
        self.assertEqual(info["received"], int(said.replace(",", "")))
        self.assertEqual(info["lost"], 0)

    def test_a_second_signal_of_pub_gives_up_on_a_stopped_broker(self):
        """It says how many frames are dropped, and does not hang."""
        bus = self.start_broker()
        witness = self.listener(bus)
        pub = self.space.start("pub", self.recording(10_000, padding=2000), "--burst", "--loop",
                               *bus.urls)
        witness.take(100)
        bus.send_signal(signal.SIGSTOP)
        self.addCleanup(bus.send_signal, signal.SIGCONT)
        # What cannot leave piles up in the process: more than the kernel's buffers hold.
        before = memory_of(pub)
        harness.wait_until(lambda: memory_of(pub) > before + 20_000, "frames to pile up")
        pub.send_signal(signal.SIGINT)
        # Once it has seen the first signal it waits for frames to leave; the next one ends that.
        harness.wait_until(lambda: not pub.is_running or pub.send_signal(signal.SIGINT),
                           "pub to end")
        self.assertEqual(pub.wait(), LOSSY, pub.stderr)
        pub.wait_for_line("gave up: .* frames")

    def test_a_broker_that_never_was_does_not_hold_play_after_two_signals(self):
        source = self.recording(2000)
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag)
        play = self.space.start("play", bag, "--wait", "0.1", "--rate", "0.01", "--publish-to",
                                "tcp://127.0.0.1:1", "--subscribe-to", "tcp://127.0.0.1:1")
        play.wait_for_line("nobody listens")
        play.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: not play.is_running or play.send_signal(signal.SIGTERM),
                           "its end")
        self.assertIn(play.wait(), (DONE, LOSSY))

    def test_senders_to_nobody_warn_after_wait_and_go_on(self):
        bus = self.start_broker()
        source = self.recording(50)
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag)
        for arguments in (("pub", source), ("play", bag)):
            with self.subTest(verb=arguments[0]):
                began = time.monotonic()
                done = self.run_ok(*arguments, "--burst", "--wait", "0.5", "--publish-to",
                                   bus.publish_to, "--subscribe-to", bus.subscribe_to)
                self.assertGreaterEqual(time.monotonic() - began, 0.5)
                self.assertIn(f"nobody listens at {bus.subscribe_to}, or there is no broker at "
                              f"{bus.publish_to}, after 0.5 s", done.stderr)
                self.assertIn("published 50 frames", done.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_sender_starts_at_once_when_somebody_listens(self):
        recorder = self.start_recorder(self.space.path("a.zbag"))
        done = self.run_ok("pub", self.recording(50), "--burst", "--wait", "1000", *recorder.urls)
        self.assertNotIn("nobody", done.stderr)
        self.assertEqual(recorder.stop(), DONE)

    def test_a_slow_subscriber_loses_nothing_of_a_burst(self):
        """pub blocks instead of dropping: a recorder with little memory that blocks gets all."""
        bus = self.start_broker()
        bag = self.space.path("a.zbag")
        recorder = self.start_client_recorder(bus, bag, "--buffer-mb", "2", "--on-overflow",
                                              "block")
        self.run_ok("pub", self.recording(30_000, padding=1000), "--burst", *bus.urls,
                    deadline=4 * harness.DEADLINE)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(self.numbers(bag), list(range(30_000)))
        self.assertEqual(bus.stop(), DONE)


class ControlTest(StopTest):

    def test_a_recorder_answers_everything_it_describes(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        described = self.ctl("record", "describe").stdout.decode()
        for op in ("status", "pause", "resume", "flush", "stop", "metrics"):
            self.assertRegex(described, rf"(?m)^{op}\s+\S")
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()

        def send(first, limit):
            for n in range(first, limit):
                sensor.send("a", {"_ts": float(n), "n": n})
            witness.take(limit - first)

        send(0, 10)
        self.assertEqual(self.ctl("record", "pause"), {"paused": True})
        self.assertTrue(self.ctl("record", "status")["paused"])
        send(10, 20)
        self.assertEqual(self.ctl("record", "resume"), {"paused": False})
        send(20, 30)
        self.ctl("record", "flush")
        self.assertEqual(self.numbers(bag), [*range(10), *range(20, 30)])
        status = self.ctl("record", "status")
        self.assertEqual((status["received"], status["points"], status["skipped"]),
                         (30, 20, {"pause": 10}))
        self.assertEqual(status["bag"], bag)
        self.assertEqual(self.ctl("record", "metrics")["points"], 20)
        self.ctl("record", "stop")
        self.assertEqual(recorder.wait(), DONE, recorder.stderr)
        self.assert_whole(bag)

    def test_start_paused_records_from_resume_on(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag, "--start-paused")
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("a", {"_ts": 0.0, "n": 0})
        witness.take(1)
        self.ctl("record", "resume")
        sensor.send("a", {"_ts": 1.0, "n": 1})
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual(self.numbers(bag), [1])

    def test_a_player_can_be_paused_stepped_sought_and_stopped(self):
        source = self.recording(60_000)  # a minute
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag)
        bus = self.start_broker()
        listener = self.listener(bus)
        play = self.space.start("play", bag, "--start-paused", *bus.urls)
        self.await_node("play")
        described = self.ctl("play", "describe").stdout.decode()
        for op in ("status", "pause", "resume", "toggle", "seek", "rate", "step", "stop"):
            self.assertRegex(described, rf"(?m)^{op}\s+\S")
        self.assertTrue(self.ctl("play", "status")["paused"])
        self.ctl("play", "step", "count=3")
        taken = [harness.unpack_frame(frame)["n"] for _, frame in listener.take(3)]
        self.assertEqual(taken, [0, 1, 2])
        self.ctl("play", "seek", "time=1030.0")
        self.ctl("play", "step")
        self.assertEqual(harness.unpack_frame(listener.take(1)[0][1])["n"], 30_000)
        self.ctl("play", "seek", "offset=5")
        self.ctl("play", "step")
        self.assertEqual(harness.unpack_frame(listener.take(1)[0][1])["n"], 5_000)
        self.assertIsNone(listener.receive(0.2))
        self.assertEqual(self.ctl("play", "rate", "rate=4")["rate"], 4.0)
        self.assertFalse(self.ctl("play", "toggle")["paused"])
        numbers = [harness.unpack_frame(frame)["n"] for _, frame in listener.take(100)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 100)))
        self.assertTrue(self.ctl("play", "pause")["paused"])
        self.assertFalse(self.ctl("play", "resume")["paused"])
        self.ctl("play", "stop")
        self.assertEqual(play.wait(), DONE, play.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_seek_takes_every_form_of_time_and_answers_with_where_it_leads(self):
        bag = self.space.path("a.zbag")
        self.run_ok("import", self.recording(60_001), "-o", bag)  # 1000 to 1060
        bus = self.start_broker()
        self.listener(bus)
        play = self.space.start("play", bag, "--start-paused", "--start", "+10", *bus.urls)
        self.await_node("play")
        for argument, expected in (("time=1030.5", 1030.5), ("time=1970-01-01T00:17:20Z", 1040.0),
                                   ("time=+20", 1020.0), ("time=+0m30s", 1030.0),
                                   ("time=-5", 1055.0), ("time=-0m10s", 1050.0),
                                   ("offset=5", 1015.0), ("offset=0m20s", 1030.0),
                                   ("time=0", 1010.0), ("time=1e6", 1060.0)):
            with self.subTest(argument=argument):
                self.assertEqual(self.ctl("play", "seek", argument)["time"], expected)
        harness.wait_until(lambda: not self.ctl("play", "status")["waiting"], "a listener")
        before = self.ctl("play", "seek", "time=1020")["published"]
        after = self.ctl("play", "step", "count=3")
        self.assertEqual((after["published"], after["time"], after["steps_left"]),
                         (before + 3, 1020.002, 0))
        for argument in ("tme=1030", "time=soon", "offset=-5", "offset=x", ""):
            with self.subTest(argument=argument):
                done = self.run_ok("ctl", "play", "seek", *argument.split(), code=harness.USAGE)
                self.assert_one_line(done.stderr, "seek")
        for argument in ("count=0", "count=-1", "count=1.5", "count=x", "count=1e300", "cnt=1"):
            with self.subTest(argument=argument):
                done = self.run_ok("ctl", "play", "step", argument, code=harness.USAGE)
                self.assert_one_line(done.stderr, "step")
        self.run_ok("ctl", "play", "pause", "x=1", code=harness.USAGE)
        self.assertEqual(self.ctl("play", "status")["time"], 1020.002)
        self.assertTrue(self.ctl("play", "stop")["stopping"])
        self.assertEqual(play.wait(), DONE, play.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_wrong_requests_are_answered_with_one_line(self):
        recorder = self.start_recorder(self.space.path("a.zbag"))
        bag = self.space.path("b.zbag")
        self.run_ok("import", self.recording(100), "-o", bag)
        play = self.space.start("play", bag, "--start-paused", *recorder.urls)
        self.await_node("play")
        for arguments, word in ((("record", "fly"), "fly"), (("play", "rate", "rate=0"), "rate"),
                                (("play", "rate", "rate=x"), "rate"), (("play", "rate"), "rate"),
                                (("play", "seek", "time=nan"), ""),
                                (("nobody", "status"), "nobody"),
                                (("play", "seek", "novalue"), "novalue"),
                                (("../x", "status"), "../x")):
            with self.subTest(arguments=arguments):
                done = self.space.run("ctl", *arguments)
                self.assertNotEqual(done.returncode, DONE)
                self.assertIn(word, self.assert_one_line(done.stderr))
        self.assertEqual(play.stop(), DONE)
        self.assertEqual(recorder.stop(), DONE)

    def test_a_malformed_request_is_answered_with_an_error(self):
        """The protocol of wire.md, spoken by a stranger: parts before the last come back."""
        recorder = self.start_recorder(self.space.path("a.zbag"), "--name", "rec")
        socket = self.strangers.socket(zmq.DEALER)
        socket.linger = 0
        self.addCleanup(socket.close)
        socket.connect("ipc://" + self.space.path("rt", "rec.ctl"))

        def ask(*parts):
            socket.send_multipart(parts)
            self.assertTrue(socket.poll(int(harness.DEADLINE * 1000)))
            reply = socket.recv_multipart()
            return reply[:-1], msgpack.unpackb(reply[-1])

        head, reply = ask(b"", b"mine", msgpack.packb({"op": "status", "id": [1, "x"]}))
        self.assertEqual((head, reply["id"], reply["ok"]), ([b"", b"mine"], [1, "x"], True))
        for bad in (b"\xff", b"", b"\xc1", msgpack.packb([1]), msgpack.packb({"op": 5}),
                    msgpack.packb({"op": "fly", "id": "q"})):
            _, reply = ask(b"", bad)
            self.assertFalse(reply["ok"])
            self.assertRegex(reply["error"]["code"], "^[a-z_]+$")
        self.assertEqual(recorder.stop(), DONE)

    def test_two_recorders_of_one_runtime_folder_get_names_of_their_own(self):
        first = self.start_recorder(self.space.path("a.zbag"))
        second = self.start_recorder(self.space.path("b.zbag"))
        self.assertEqual(self.ctl("record", "status")["bag"], self.space.path("a.zbag"))
        self.assertEqual(self.ctl("record-2", "status")["bag"], self.space.path("b.zbag"))
        self.assertEqual((first.stop(), second.stop()), (DONE, DONE))


class ComingAndGoingTest(StopTest):

    def test_a_recorder_started_before_its_broker_waits_and_records(self):
        bus = self.start_broker()
        urls = bus.urls
        self.assertEqual(bus.stop(), DONE)
        bag = self.space.path("a.zbag")
        recorder = self.space.start("record", "-o", bag, "--min-free", "10", *urls)
        recorder.wait_for_line("waiting for a broker")
        bus = self.start_broker(*urls)
        self.await_ready(recorder)
        self.run_ok("pub", self.recording(500), "--burst", *urls)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(self.numbers(bag), list(range(500)))
        self.assertEqual(self.info(bag)["lost"], 0)
        self.assertEqual(bus.stop(), DONE)

    def test_a_broker_restarted_in_the_middle_loses_nothing_that_is_not_counted(self):
        """What was under way when it died is lost and counted; everything after it is recorded."""
        bus = self.start_broker()
        urls = bus.urls
        bag = self.space.path("a.zbag")
        recorder = self.start_client_recorder(bus, bag)
        pub = self.space.start("pub", self.recording(1000), "--loop", *urls)
        harness.wait_until(lambda: self.ctl("record", "status")["received"] > 200, "frames")
        self.assertEqual(bus.stop(), DONE)
        bus = self.start_broker(*urls)
        before = self.ctl("record", "status")["received"]
        harness.wait_until(lambda: self.ctl("record", "status")["received"] > before + 500,
                           "frames after the restart")
        self.assertEqual(pub.stop(), DONE, pub.stderr)
        said = int(pub.wait_for_line(r"published ([\d,]+) frames").group(1).replace(",", ""))
        code = recorder.stop()
        info = self.assert_whole(bag)
        self.assertEqual(info["received"] + info["lost"], said)
        self.assertEqual(code, LOSSY if info["lost"] else DONE, recorder.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_publisher_started_again_is_a_new_source_and_nothing_is_lost(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        source = self.recording(300, tracks=2)
        for name in ("lidar", "lidar"):
            self.run_ok("pub", source, "--burst", "--name", name, *recorder.urls)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        info = self.assert_whole(bag)
        self.assertEqual((info["received"], info["points"], info["merged"], info["lost"]),
                         (600, 300, 300, 0))
        sources = {publisher["src"] for publisher in info["publishers"]}
        self.assertEqual(len(sources), 2)
        self.assertEqual({publisher["publisher"] for publisher in info["publishers"]}, {"lidar"})

    def test_split_tracks_is_one_source_a_track(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        self.run_ok("pub", self.recording(300, tracks=3), "--burst", "--split-tracks",
                    *recorder.urls)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        info = self.assert_whole(bag)
        self.assertEqual((info["received"], info["lost"]), (300, 0))
        self.assertEqual(len({publisher["src"] for publisher in info["publishers"]}), 3)

    def test_a_late_recorder_shows_missed_before_and_not_lost(self):
        """A session announces its counts every 5 s, so a late recorder need not guess."""
        bus = self.start_broker()
        witness = self.listener(bus)
        pub = self.space.start("pub", self.recording(1000), "--loop", *bus.urls)
        first = harness.unpack_frame(witness.take(300)[0][1])["_seq"]
        self.assertEqual(first, 0)
        bag = self.space.path("a.zbag")
        recorder = self.start_client_recorder(bus, bag)
        harness.wait_until(lambda: self.ctl("record", "status")["received"] > 100, "frames")
        self.assertEqual(pub.stop(), DONE)
        said = int(pub.wait_for_line(r"published ([\d,]+) frames").group(1).replace(",", ""))
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        info = self.assert_whole(bag)
        self.assertEqual(info["lost"], 0)
        missed = info["tracks"][0]["missed_before"]
        self.assertGreaterEqual(missed, 300)
        self.assertEqual(info["received"] + missed, said)
        self.assertEqual(bus.stop(), DONE)

    def test_frames_of_a_track_that_never_showed_are_told_of_when_its_session_closes(self):
        """What a stranger says it sent and did not arrive is lost, where frames show that there is
        such a track; of another it is told, for anybody may say so."""
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        session = {"_ts": 1.0, "_src": 9, "name": "cam", "host": "h", "pid": 1}
        sensor.send("_sys/session", {**session, "state": "open", "counts": {}})
        sensor.send("a", {"_ts": 1.0, "_src": 9, "_seq": 0})
        sensor.send("_sys/session", {**session, "state": "closed", "counts": {"a": 4, "b": 5}})
        self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)
        info = self.assert_whole(bag)
        self.assertEqual(info["lost"], 3)
        self.assertEqual([track["name"] for track in info["tracks"]], ["a"])
        self.assertIn("track b: cam says it sent 5 frames, of which none came", recorder.stderr)


if __name__ == "__main__":
    harness.main()
