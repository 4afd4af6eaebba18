"""Strangers that know nothing of zbag, on the bus with pyzmq and msgpack alone.

Proves section 6.2 of the issue and the rules of wire.md for foreign publishers: what they send is
recorded and replayed back with equal fields, and their loss is unknown, never zero.
"""

import struct
import time

import msgpack

import harness
from harness import DONE, LOSSY

F32 = struct.unpack("<f", struct.pack("<f", 0.1))[0]  # 0.1 as a float32, exactly


def float32(value):
    return b"\xca" + struct.pack(">f", value)


def ext_stamp(seconds, nanoseconds):
    """A MessagePack timestamp, extension type -1, in its 8-byte form."""
    return b"\xd7\xff" + struct.pack(">Q", nanoseconds << 34 | seconds)


FIELDS = {
    "int": -5, "big": 2**63 + 1, "least": -2**63, "real": 1.0, "nan": float("nan"),
    "inf": float("inf"), "minus_zero": -0.0, "yes": True, "nil": None, "text": "Grüße",
    "image": bytes(range(256)) * 300,
    "nested": {"a": {"b": [1, 2.5, None, {"c": "d"}]}}, "empty_map": {}, "empty_list": [],
    "empty_bin": b"", "ext": msgpack.ExtType(42, b"\x00\x01"), "": "a field without a name",
    "_foreign": "an unknown field of the bus",
}


class StrangerTest(harness.SystemTest):

    def record(self, messages, *options, code=DONE):
        """Publishes (topic, frame, more parts...) and gives the bag."""
        bag = self.space.path("stranger.zbag")
        recorder = self.start_recorder(bag, *options)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for message in messages:
            sensor.send(*message)
        self.assertEqual(recorder.stop(), code, recorder.stderr)
        self.assert_whole(bag)
        return bag

    def replay(self, bag, count, *options):
        """The raw messages `play` sends to a subscriber of pyzmq."""
        bus = self.start_broker()
        listener = self.listener(bus)
        self.run_ok("play", bag, "--burst", *options, *bus.urls)
        messages = listener.take(count)
        self.assertIsNone(listener.receive(0.3))
        self.assertEqual(bus.stop(), DONE)
        return messages

    def test_all_types_come_back_equal_with_their_stamps(self):
        """Both ways: in the bag and at a subscriber of the replay."""
        sent = [("robot/all", {"_ts": 1000.25 + i, "n": i, **FIELDS}) for i in range(20)]
        bag = self.record(sent)
        expected = [(track, harness.exact(frame)) for track, frame in sent]
        found = [(track, harness.exact(fields)) for track, fields in self.points(bag)]
        self.assertEqual(found, expected)
        heard = [(topic.decode(), harness.without_bus_fields(harness.unpack_frame(frame)))
                 for topic, frame in self.replay(bag, len(sent))]
        heard = [(track, harness.exact(fields)) for track, fields in heard]
        self.assertEqual(heard, expected)

    def test_loss_of_a_stranger_is_unknown_and_not_zero(self):
        bag = self.record([("a", {"_ts": 1.0, "x": 1})])
        info = self.info(bag)
        self.assertIsNone(info["lost"])
        self.assertIsNone(info["tracks"][0]["lost"])
        self.assertIn("unknown", self.run_ok("info", bag).stdout.decode())

    def test_a_frame_without_ts_is_stamped_with_now_strictly_ascending(self):
        before = time.time()
        bag = self.record([("a", {"n": n}) for n in range(500)] + [("b", {})])
        after = time.time()
        points = self.points(bag)
        numbers = [fields["n"] for track, fields in points if track == "a"]
        self.assertEqual(numbers, list(range(500)))
        keys = [harness.key_of(fields["_ts"]) for _, fields in points]
        self.assertEqual(keys, sorted(set(keys)))
        self.assertGreaterEqual(points[0][1]["_ts"], before - 0.001)
        self.assertLessEqual(points[-1][1]["_ts"], after + 1.0)

    def test_stamps_of_every_kind_are_taken_and_sent_on_as_float64(self):
        frames = {
            "integer": (msgpack.packb({"_ts": 1000}), 1000.0),
            "float32": (b"\x81\xa3_ts" + float32(1000.5), 1000.5),
            "ext_8": (b"\x81\xa3_ts" + ext_stamp(1700000000, 123456789), 1700000000.123456789),
            "ext_4": (b"\x81\xa3_ts\xd6\xff" + struct.pack(">I", 1700000001), 1700000001.0),
            "ext_12": (b"\x81\xa3_ts\xc7\x0c\xff" + struct.pack(">Iq", 500000000, 1700000002),
                       1700000002.5),
            "last": (msgpack.packb({"x": 1, "_ts": 1700000003.5}), 1700000003.5),
            "minus_zero": (msgpack.packb({"_ts": -0.0}), 0.0),
            "before_1970": (msgpack.packb({"_ts": -1.5}), -1.5),
        }
        bag = self.record([(name, frame) for name, (frame, _) in frames.items()])
        stamps = {track: fields["_ts"] for track, fields in self.points(bag)}
        expected = {name: stamp for name, (_, stamp) in frames.items()}
        self.assertEqual(stamps, expected)
        self.assertEqual({type(stamp) for stamp in stamps.values()}, {float})
        for topic, frame in self.replay(bag, len(frames)):
            stamp = struct.pack(">d", expected[topic.decode()])
            self.assertEqual(frame[1:14], b"\xa3_ts\xcb" + stamp, topic)

    def test_float32_stays_float32(self):
        """Byte for byte at the subscriber, and as its exact double in JSON."""
        pairs = b"\xa1x" + float32(F32) + b"\xa1y\x92" + float32(F32) + float32(2.5)
        bag = self.record([("a", b"\x83\xa3_ts\xcb" + struct.pack(">d", 5.0) + pairs)])
        self.assertIn(pairs, self.replay(bag, 1)[0][1])
        self.assertIn(f'"x":{F32!r}', self.run_ok("cat", bag).stdout.decode())
        self.assertEqual(self.info(bag)["tracks"][0]["fields"]["x"], "float32")

    def test_a_leading_slash_is_removed_and_said_once(self):
        bag = self.space.path("slash.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(10):
            sensor.send("/imu" if n % 2 else "imu", {"_ts": float(n), "n": n})
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertEqual([(track, fields["n"]) for track, fields in self.points(bag)],
                         [("imu", n) for n in range(10)])
        warnings = [line for line in recorder.lines if "/imu" in line]
        self.assertEqual(len(warnings), 1, recorder.stderr)

    def test_a_leading_slash_passes_a_filter_that_names_the_track(self):
        """The subscription is by the bytes of the topic, the filter by the name of the track."""
        bus = self.start_broker()
        bag = self.space.path("slash.zbag")
        recorder = self.start_client_recorder(bus, bag, "--track", "imu")
        sensor = self.publisher(bus).wait_for_subscriber(b"imu")
        sensor.send("/imu", {"_ts": 1.0})
        sensor.send("imu", {"_ts": 2.0})
        self.assertEqual(recorder.stop(), DONE)
        self.assertEqual([fields["_ts"] for _, fields in self.points(bag)], [1.0, 2.0])
        self.assertEqual(bus.stop(), DONE)

    def test_extra_parts_are_kept_as_binary_fields(self):
        bag = self.record([("eye", {"_ts": 1.0, "w": 2}, b"\x00\x01\x02", b"", b"x" * 70_000)])
        self.assertEqual(self.points(bag), [("eye", {"_ts": 1.0, "w": 2, "_part2": b"\x00\x01\x02",
                                                     "_part3": b"", "_part4": b"x" * 70_000})])

    def test_a_numbering_that_is_none_is_a_field_that_is_shown_and_not_replayed(self):
        """It was hidden, and played beside the player's own: refused as duplicate_key."""
        bag = self.record([("a", {"_ts": 1.0, "x": 1, "_src": "camera", "_seq": -1})])
        self.assertEqual(self.points(bag), [("a", {"_ts": 1.0, "x": 1, "_src": "camera",
                                                   "_seq": -1})])
        frame = harness.unpack_frame(self.replay(bag, 1)[0][1])
        self.assertEqual([type(frame[name]) for name in ("_src", "_seq")], [int, int])
        self.assertEqual(frame["x"], 1)

    def test_what_we_send_has_two_parts_and_ts_first(self):
        """The rule that keeps PlotJuggler alive, for pub, play, and replayed extra parts."""
        bag = self.record([("eye", {"w": 2, "_ts": 1.0}, b"blob")])
        source = self.space.path("n.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            file.write('{"track":"a","_ts":1.5,"fields":{"x":1}}\n')
        bus = self.start_broker()
        listener = self.listener(bus)
        self.run_ok("play", bag, "--burst", *bus.urls)
        self.run_ok("pub", source, "--burst", *bus.urls)
        for parts, stamp in zip(listener.take(2), (1.0, 1.5)):
            self.assertEqual(len(parts), 2)
            self.assertEqual(parts[1][1:14], b"\xa3_ts\xcb" + struct.pack(">d", stamp))
            self.assertEqual(list(harness.unpack_frame(parts[1]))[:3], ["_ts", "_seq", "_src"])
        self.assertEqual(bus.stop(), DONE)

    def test_system_messages_of_ours_have_two_parts_and_ts_first(self):
        bus = self.start_broker()
        raw = self.listener(bus).socket
        bag = self.record([("a", {"_ts": 1.0})])
        self.run_ok("play", bag, "--burst", *bus.urls)
        sessions = 0
        while raw.poll(1000):
            parts = raw.recv_multipart()
            self.assertEqual(len(parts), 2, parts[0])
            self.assertEqual(parts[1][1:6], b"\xa3_ts\xcb", parts[0])
            sessions += parts[0] == b"_sys/session"
        self.assertGreater(sessions, 0)
        self.assertEqual(bus.stop(), DONE)

    def test_a_player_numbers_its_frames_so_that_its_loss_is_known(self):
        bag = self.record([("a", {"_ts": float(n)}) for n in range(10)])
        frames = [harness.unpack_frame(frame) for _, frame in self.replay(bag, 10)]
        self.assertEqual([frame["_seq"] for frame in frames], list(range(10)))
        self.assertEqual(len({frame["_src"] for frame in frames}), 1)

    def test_numbers_of_a_stranger_are_believed(self):
        """_src and _seq of another program: gaps are lost frames, a frame that comes twice is
        skipped."""
        seqs = (0, 1, 2, 5, 6, 6, 9)
        bag = self.record([("a", {"_ts": 10.0 + seq, "_src": 77, "_seq": seq})
                           for seq in seqs], code=LOSSY)
        info = self.info(bag)
        self.assertEqual(info["lost"], 4)
        self.assertEqual(info["skipped"], 1)
        self.assertEqual(info["points"], 6)

    def test_a_raw_minus_one_inherits_the_last_stamp_of_its_src(self):
        minus_one = [(-1).to_bytes(1, "big", signed=True), b"\xd0\xff", b"\xd3" + b"\xff" * 8,
                     b"\xcb" + struct.pack(">d", -1.0), float32(-1.0)]
        messages = [("a", {"_ts": 100.0, "_src": 5, "x": 0}), ("b", {"_ts": 200.0, "_src": 6})]
        messages += [(f"inherit/{i}", b"\x82\xa3_ts" + stamp + b"\xa4_src\x05")
                     for i, stamp in enumerate(minus_one)]
        bag = self.record(messages)
        points = self.points(bag, "--track", "inherit/*")
        stamps = {track: fields["_ts"] for track, fields in points}
        self.assertEqual(stamps, {f"inherit/{i}": 100.0 for i in range(len(minus_one))})

    def test_hundreds_of_tracks_and_large_frames_pass(self):
        messages = [(f"many/{n}", {"_ts": 1.0, "n": n}) for n in range(500)]
        messages += [("camera", {"_ts": 2.0 + n, "image": bytes([n]) * 5_000_000})
                     for n in range(5)]
        bag = self.record(messages)
        points = dict((f"{track}@{fields['_ts']}", fields) for track, fields in self.points(bag))
        self.assertEqual(len(points), 505)
        for n in range(5):
            self.assertEqual(points[f"camera@{2.0 + n}"]["image"], bytes([n]) * 5_000_000)


if __name__ == "__main__":
    harness.main()
