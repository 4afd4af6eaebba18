"""What nodes tell others: on their control sockets, and on the system topics of wire.md."""

import json
import os
import signal
import time

import msgpack
import zmq

import harness
from harness import DONE, LOSSY, PORTS, USAGE


class NodeTest(harness.SystemTest):

    def ctl(self, node, op):
        return json.loads(self.run_ok("ctl", node, op).stdout)

    def await_node(self, node):
        harness.wait_until(lambda: self.space.run("ctl", node, "status").returncode == DONE, node)

    def system_listener(self, bus, topic):
        """Gives the frames of a system topic, as a stranger hears them."""
        socket = self.strangers.socket(zmq.SUB)
        socket.linger = 0
        self.addCleanup(socket.close)
        socket.subscribe(topic)
        socket.connect(bus.subscribe_to)

        def next_frame():
            self.assertTrue(socket.poll(int(harness.DEADLINE * 1000)), topic)
            heard, frame = socket.recv_multipart()
            self.assertEqual(heard, topic)
            return msgpack.unpackb(frame)
        return next_frame


class ListenerNodeTest(NodeTest):
    """Verbs that listen answer, too, under their name."""

    def test_a_tap_tells_what_it_has_shown_and_stops_when_asked(self):
        bus = self.start_broker()
        tap = self.space.start("tap", "--name", "spy", *bus.urls)
        self.await_node("spy")
        self.publisher(bus).wait_for_subscriber().send("a", {"_ts": 1.0})
        harness.wait_until(lambda: self.ctl("spy", "status")["printed"] == 1, "the frame")
        self.assertTrue(self.ctl("spy", "stop")["stopping"])
        self.assertEqual(tap.wait(), DONE, tap.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_topics_answer_under_their_name(self):
        bus = self.start_broker()
        topics = self.space.start("topics", "--watch", "--name", "board", *bus.urls)
        self.await_node("board")
        self.assertEqual(self.ctl("board", "status")["frames"], 0)
        self.ctl("board", "stop")
        self.assertEqual(topics.wait(), DONE, topics.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_broker_says_what_it_forwarded_unless_it_is_to_be_quiet(self):
        for more, says in (((), True), (("--quiet",), False)):
            with self.subTest(options=more):
                bus = self.start_broker(*PORTS, *more)
                self.assertEqual(bus.stop(), DONE)
                self.assertEqual("forwarded 0 messages" in bus.stderr, says, bus.stderr)


class ListTest(NodeTest):
    """`ctl` without a node lists those that run, of every kind."""

    def listed(self):
        done = self.run_ok("ctl")
        lines = done.stdout.decode().splitlines()
        self.assertEqual(done.stderr, "" if lines else "no node is running here\n")
        rows = [line.split(None, 3) for line in lines]
        self.assertEqual(rows[:1], [["NODE", "VERB", "PID", "STATUS"]][:len(rows)])
        return {row[0]: (row[1], int(row[2]), *row[3:]) for row in rows[1:]}

    def recording(self):
        path = self.space.path("in.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for n in range(5):
                file.write('{"track":"a","_ts":%d,"fields":{"n":%d}}\n' % (n, n))
        return path

    def test_every_kind_of_node_is_listed_and_reached(self):
        self.assertEqual(self.listed(), {})
        bus = self.start_broker()
        bag = self.space.path("a.zbag")
        played = self.space.path("b.zbag")
        self.run_ok("import", self.recording(), "-o", played)
        nodes = {"broker": bus, "record": self.start_client_recorder(bus, bag),
                 "player": self.space.start("play", played, "--start-paused", "--name", "player",
                                            *bus.urls),
                 "spy": self.space.start("tap", "--name", "spy", *bus.urls),
                 "topics": self.space.start("topics", "--watch", *bus.urls),
                 "pub": self.space.start("pub", self.recording(), "--loop", *bus.urls)}
        verbs = {name: {"player": "play", "spy": "tap"}.get(name, name) for name in nodes}
        for name in nodes:
            self.await_node(name)
            self.assertIn(name, self.run_ok("ctl").stdout.decode())
        listed = self.listed()
        self.assertEqual({name: row[:2] for name, row in listed.items()},
                         {name: (verbs[name], nodes[name].popen.pid) for name in nodes})
        for name, said in (("broker", bus.publish_to), ("record", bag), ("player", "paused"),
                           ("spy", "printed"), ("topics", "frames"), ("pub", "published")):
            self.assertIn(said, listed[name][2])
        for name in reversed(nodes):
            self.run_ok("ctl", name, "stop")
            self.assertIn(nodes[name].wait(), (DONE, LOSSY), nodes[name].stderr)
        self.assertEqual(self.listed(), {})

    def test_what_a_killed_node_has_left_is_no_node(self):
        tap = self.space.start("tap", "--publish-to", "tcp://127.0.0.1:1",
                               "--subscribe-to", "tcp://127.0.0.1:1")
        self.await_node("tap")
        self.assertEqual(list(self.listed()), ["tap"])
        tap.kill()
        self.assertTrue(os.path.exists(self.space.path("rt", "tap.ctl")))
        self.assertEqual(self.listed(), {})

    def test_a_node_that_hangs_is_listed_and_does_not_hang_the_others(self):
        tap = self.space.start("tap", "--publish-to", "tcp://127.0.0.1:1",
                               "--subscribe-to", "tcp://127.0.0.1:1")
        self.await_node("tap")
        tap.send_signal(signal.SIGSTOP)
        lines = self.run_ok("ctl", "--timeout", "0.2").stdout.decode().splitlines()
        tap.send_signal(signal.SIGCONT)
        self.assertEqual(len(lines), 2)
        self.assertIn("did not answer", lines[1])
        self.assertEqual(tap.stop(), DONE)

    def test_a_node_alone_tells_what_it_can(self):
        bus = self.start_broker()
        self.assertEqual(self.run_ok("ctl", "broker").stdout,
                         self.run_ok("ctl", "broker", "describe").stdout)
        self.assertEqual(bus.stop(), DONE)


class SystemTopicTest(NodeTest):

    def start_with_a_point(self):
        """A bag with a point in it, its recorder, and what hears of bags."""
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        bags = self.system_listener(recorder, b"_sys/bag")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("a", {"_ts": 1.0})
        harness.wait_until(lambda: self.ctl("record", "status")["received"] == 1, "the frame")
        return bag, recorder, bags

    def test_a_bag_is_told_of_when_it_begins_and_when_it_is_complete(self):
        bag, recorder, bags = self.start_with_a_point()
        self.ctl("record", "split")
        second = self.ctl("record", "status")["bag"]
        heard = {}
        while (second, "open") not in heard.values():
            frame = bags()
            self.assertLess(abs(frame["_ts"] - time.time()), 60)
            heard[len(heard)] = (frame["path"], frame["event"])
        self.assertIn((bag, "complete"), heard.values())
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)

    def test_a_bag_that_was_removed_is_told_of_as_rescued(self):
        """It is not complete: there is none."""
        bag, recorder, bags = self.start_with_a_point()
        os.remove(bag)
        rescued = self.space.path("a.rescued.zbag")
        heard = []
        while (rescued, "open") not in heard:
            frame = bags()
            heard.append((frame["path"], frame["event"]))
        self.assertIn((bag, "rescued"), heard)
        self.assertNotIn((bag, "complete"), heard)
        self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)

    def test_recorders_that_are_started_at_once_take_a_number_each(self):
        bus = self.start_broker()
        pattern = self.space.path("n_{n}.zbag")
        recorders = [self.space.start("record", "-o", pattern, "--min-free", "10", "--name",
                                      f"record-of-{n}", *bus.urls) for n in range(4)]
        for recorder in recorders:
            recorder.wait_for_line(harness.READY.pattern)
        for recorder in recorders:
            self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(sorted(name for name in os.listdir(self.space.folder)
                                if name.endswith(".zbag")),
                         [f"n_{n}.zbag" for n in range(1, 5)])

    def test_losses_are_told_of_as_what_was_lost_since(self):
        recorder = self.start_recorder(self.space.path("a.zbag"))
        losses = self.system_listener(recorder, b"_sys/loss")
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for first, count in ((0, 0), (5, 4), (15, 9)):
            sensor.send("a", {"_ts": float(first), "_src": 7, "_seq": first})
            witness.take(1)
            if count > 0:
                news = losses()
                self.assertEqual({name: news[name] for name in ("track", "src", "count", "reason")},
                                 {"track": "a", "src": 7, "count": count, "reason": "gap"})
        self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)

    def test_warnings_are_told_of(self):
        recorder = self.start_recorder(self.space.path("a.zbag"), "--name", "rec")
        log = self.system_listener(recorder, b"_sys/log")
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("a", b"\xc0")
        said = log()
        self.assertEqual((said["level"], said["node"]), ("warning", "rec"))
        self.assertIn("not_a_map", said["text"])
        self.assertEqual(recorder.stop(), LOSSY)

    def test_system_topics_are_recorded_when_a_pattern_names_them(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag, "--track", "_sys/bag", "--track", "a")
        harness.wait_until(lambda: self.ctl("record", "status")["received"] >= 1, "its own talk")
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(self.points(bag, "--track", "_sys/bag")[0][1]["event"], "open")


class BrokerGoneTest(NodeTest):

    def test_a_recorder_tells_of_a_broker_that_goes_and_comes_back(self):
        bus = self.start_broker()
        bag = self.space.path("a.zbag")
        recorder = self.start_client_recorder(bus, bag)
        bus.kill()
        recorder.wait_for_line("the broker at .* has gone", deadline=10)
        bus = self.start_broker(*bus.urls)
        recorder.wait_for_line("the broker at .* is back")
        sensor = self.publisher(bus).wait_for_subscriber()
        sensor.send("a", {"_ts": 1.0, "n": 1})
        harness.wait_until(lambda: self.ctl("record", "status")["received"] == 1, "the frame")
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_who_listens_tells_of_a_broker_that_goes_and_comes_back(self):
        bus = self.start_broker()
        tap = self.space.start("tap", "_sys/**", *bus.urls)
        topics = self.space.start("topics", "--watch", "_sys/**", *bus.urls)
        self.await_tap(bus, lambda: tap.out_lines and "_sys/hello" in topics.stderr)
        bus.kill()
        for node in (tap, topics):
            node.wait_for_line("the broker at .* has gone", deadline=10)
        bus = self.start_broker(*bus.urls)
        for node in (tap, topics):
            node.wait_for_line("the broker at .* is back")
            self.assertEqual(node.stop(), DONE, node.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_duration_ends_a_recorder_that_has_no_broker(self):
        bag = self.space.path("a.zbag")
        done = self.run_ok("record", "-o", bag, "--duration", "1", "--min-free", "10",
                           "--publish-to", "tcp://127.0.0.1:1", "--subscribe-to",
                           "tcp://127.0.0.1:1")
        self.assertIn("recorded", done.stderr)


class NothingIgnoredTest(NodeTest):
    """Nothing is accepted and ignored."""

    def bag(self, lines):
        source = self.space.path("in.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for track, stamp, fields in lines:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        bag = self.space.path("in.zbag")
        self.run_ok("import", source, "-o", bag)
        return bag

    def test_what_a_start_index_does_not_go_with_is_refused(self):
        bag = self.bag([("a", float(n), {"n": n}) for n in range(9)])
        for option in (("--start", "3"), ("--end", "5"), ("--duration", "2"), ("--exclude", "b"),
                       ("--reverse",)):
            with self.subTest(option=option):
                done = self.run_ok("cat", bag, "--track", "a", "--start-index", "2", *option,
                                   code=USAGE)
                self.assertIn(f"does not go with {option[0]}", done.stderr)
        lines = self.run_ok("cat", bag, "--track", "a", "--start-index", "2", "--limit", "2",
                            "--columns", "n", "--all").stdout.splitlines()
        self.assertEqual([json.loads(line)["n"] for line in lines], [2, 3])
        self.assertEqual([json.loads(line)["_seq"] for line in lines], [2, 3])

    def test_columns_are_chosen_in_every_format(self):
        bag = self.bag([("a", 1.0, {"n": 1, "m": {"x": 2, "y": 3}})])
        self.assertEqual(self.points(bag, "--columns", "m.y"), [("a", {"_ts": 1.0, "m.y": 3})])

    def test_a_choice_without_points_says_so(self):
        bag = self.bag([("a", float(n), {"n": n}) for n in range(9)])
        for options, word in ((("--start", "20"), "no point is chosen"),
                              (("--track", "b"), "no track matches b"),
                              (("--track", "a", "--start-index", "9"), "no point is chosen")):
            with self.subTest(options=options):
                done = self.run_ok("cat", bag, *options, code=LOSSY)
                self.assert_one_line(done.stderr, word)
                self.assertEqual(done.stdout, b"")

    def test_a_key_that_no_verb_has_is_refused_wherever_it_stands(self):
        path = self.space.path("c.yaml")
        for text, line, hint in (("all:\n  synk: 5\n", 2, "did you mean sync"),
                                 ("record:\n  sync: 5\nplay:\n  rat: 2\n", 4, "play.rat")):
            with self.subTest(text=text):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = self.run_ok("record", "--print-config", "--config", path, code=USAGE)
                self.assert_one_line(done.stderr, f"{path}:{line}", hint)
        with open(path, "w", encoding="utf-8") as file:
            file.write("all:\n  sync: 5\n  rate: 2\n")
        self.run_ok("tap", "--print-config", "--config", path)

    def test_names_of_plume_that_mean_nothing_here_are_told(self):
        self.space.env.update(PLUME_ASYNC_IO="1", PLUME_BUFFER_SIZE="500")
        done = self.run_ok("record", "--print-config")
        self.assertIn("PLUME_ASYNC_IO is set", self.assert_one_line(done.stderr))
        self.assertEqual(self.run_ok("cat", "--print-config").stderr, "")

    def test_variables_of_ours_that_mean_nothing_are_told_with_the_nearest(self):
        self.space.env.update(ZBAG_DURATON="1", ZBAG_SYNC="50", ZBAG_EMPTY="", ZBAG_TEST_DATA="x")
        for verb in ("record", "cat"):
            self.assertIn("ZBAG_DURATON is set and no option of zbag: not used; did you mean "
                          "ZBAG_DURATION?",
                          self.assert_one_line(self.run_ok(verb, "--print-config").stderr))


if __name__ == "__main__":
    harness.main()
