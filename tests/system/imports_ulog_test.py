#!/usr/bin/env python3
"""ULog of PX4 read (issue 15): files written here by the format's document, of random messages and
of what autopilots write that is hard, and the frames of a real flight as others have read it."""

import lzma
import json
import math
import os
import random
import struct

import harness
from harness import DAMAGED, DONE, LOSSY

MAGIC = b"ULog\x01\x12\x35"
SYNC = bytes.fromhex("2f731320250cbb12")
CODES = {"int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i",
         "uint32_t": "I", "int64_t": "q", "uint64_t": "Q", "float": "f", "double": "d", "bool": "?"}


def message(kind, body):
    return struct.pack("<HB", len(body), ord(kind)) + body


class Writer:
    """The bytes of a file; formats are {name: [(type, count or None, field)]}."""

    def __init__(self, start_us=1_000_000, version=1):
        self.data = MAGIC + bytes([version]) + struct.pack("<Q", start_us)
        self.formats = {}

    def add(self, kind, body):
        self.data += message(kind, body)
        return self

    def format(self, name, *fields):
        self.formats[name] = fields
        text = "".join(f"{kind}{'' if count is None else f'[{count}]'} {field};"
                       for kind, count, field in fields)
        return self.add("F", f"{name}:{text}".encode())

    def flags(self, needed=0, offsets=(0, 0, 0)):
        return self.add("B", bytes(8) + bytes([needed]) + bytes(7) + struct.pack("<3Q", *offsets))

    def pair(self, kind, key, value, front=b""):
        return self.add(kind, front + bytes([len(key)]) + key.encode() + value)

    def subscribe(self, number, name, instance=0):
        return self.add("A", struct.pack("<BH", instance, number) + name.encode())

    def log(self, number, body):
        return self.add("D", struct.pack("<H", number) + body)

    def pack(self, name, values):
        """Values of a format as they lie; padding is not asked for."""
        out = b""
        for kind, count, field in self.formats[name]:
            if field.startswith("_padding"):
                out += bytes(count or 1)
                continue
            value = values[field]
            if kind == "char":
                out += value.encode().ljust(count or 1, b"\0")
                continue
            for one in value if count is not None else [value]:
                out += self.pack(kind, one) if kind in self.formats else struct.pack("<" + CODES[kind], one)
        return out


ATTITUDE = (("uint64_t", None, "timestamp"), ("float", 4, "q"), ("uint8_t", None, "n"),
            ("uint8_t", 7, "_padding0"))


def attitude(us, n=0):
    return struct.pack("<Q4fB", us, 1, 0, 0.5, math.nan, n)


class UlogTest(harness.SystemTest):

    def take(self, data, *more, code=DONE):
        """What `import` makes of it: ({track: [fields]}, stderr)."""
        path = self.space.path("flight.ulg")
        with open(path, "wb") as file:
            file.write(data)
        self.count = getattr(self, "count", 0) + 1
        self.bag = self.space.path(f"in{self.count}.zbag")
        done = self.run_ok("import", path, "-o", self.bag, "--merge", "append", *more, code=code)
        tracks = {}
        if os.path.exists(self.bag):
            for track, fields in self.points(self.bag, "--exclude", "_sys/**"):
                tracks.setdefault(track, []).append(harness.without_bus_fields(fields))
        return tracks, done.stderr

    def metadata(self):
        return self.info(self.bag)["runs"][-1]["metadata"]

    def random_value(self, rng, kind, count, formats):
        if kind == "char":
            return "".join(rng.choice("abc äé~") for _ in range(rng.randrange((count or 1) // 2 + 1)))
        if count is not None:
            return [self.random_value(rng, kind, None, formats) for _ in range(count)]
        if kind in formats:
            return {field: self.random_value(rng, of, many, formats)
                    for of, many, field in formats[kind] if not field.startswith("_padding")}
        if kind == "bool":
            return rng.random() < 0.5
        if kind in ("float", "double"):
            value = rng.choice([rng.uniform(-1e9, 1e9), math.inf, -0.0, rng.uniform(-1, 1)])
            return struct.unpack("<f", struct.pack("<f", value))[0] if kind == "float" else value
        bits = int("".join(filter(str.isdigit, kind)))
        low = 0 if kind.startswith("u") else -2**(bits - 1)
        return rng.randrange(low, low + 2**bits)

    def test_random_messages_of_all_types_come_back(self):
        rng = random.Random(15)
        writer, wanted = Writer(), {}
        plain = list(CODES) + ["char"]
        for n in range(12):
            fields = [(rng.choice(plain), rng.choice([None, None, rng.randrange(1, 40)]), f"f{m}")
                      for m in range(rng.randrange(1, 20))]
            if n >= 4:  # of others, and padding wherever it may be
                fields.insert(rng.randrange(len(fields)), (f"t{rng.randrange(n)}", rng.choice([None, 3]), "in"))
                fields.insert(rng.randrange(len(fields)), ("uint8_t", rng.randrange(1, 8), "_padding0"))
            writer.format(f"t{n}", ("uint64_t", None, "timestamp"), *fields)
        for n in range(12):
            writer.subscribe(n, f"t{n}", n % 3)
        for n in range(400):
            number = rng.randrange(12)
            values = self.random_value(rng, f"t{number}", None, writer.formats)
            values["timestamp"] = 2_000_000 + 1_000 * n
            writer.log(number, writer.pack(f"t{number}", values))
            wanted.setdefault(f"t{number}/{number % 3}", []).append(values)
        tracks, _ = self.take(writer.data)
        self.assertEqual(sorted(tracks), sorted(wanted))
        for track, messages in wanted.items():
            self.assertEqual(len(tracks[track]), len(messages))
            for ours, values in zip(tracks[track], messages):
                self.assertEqual(ours.pop("_ts"), values.pop("timestamp") / 10**6)
                self.assertEqual(harness.exact(ours), harness.exact(values))
        self.assert_whole(self.bag)

    def test_a_real_flight_is_as_others_have_read_it(self):
        """Its frames, written as ULog by their values, come back as they are."""
        with lzma.open(harness.recording_path("px4_fmu_v6c"), "rt") as file:
            frames = [json.loads(line) for line in file]
        writer, kinds, numbers, wanted = Writer(), {}, {}, {}
        for frame in frames:
            self.note_types(frame["track"].split("/")[0], frame["fields"], kinds)
        for name, fields in kinds.items():
            if name != "log":
                writer.format(name, ("uint64_t", None, "timestamp"),
                              *((kind, count, field) for field, (kind, count) in fields.items()))
        for frame in frames:
            track, us = frame["track"], round(frame["_ts"] * 10**6)
            name, instance = track.split("/")
            fields = frame["fields"]
            if name == "log":
                writer.add("L", struct.pack("<BQ", ord(fields["level"]), us) + fields["text"].encode())
            elif set(fields) != set(kinds[name]):
                continue
            else:
                if track not in numbers:
                    numbers[track] = len(numbers)
                    writer.subscribe(numbers[track], name, int(instance))
                fields = {field: self.as_written(kinds[name][field][0], value)
                          for field, value in fields.items()}
                writer.log(numbers[track], writer.pack(name, {"timestamp": us, **fields}))
            wanted.setdefault(track, []).append((us / 10**6, fields))
        self.assertGreater(sum(map(len, wanted.values())), 4_000)
        tracks, _ = self.take(writer.data)
        self.assertEqual(sorted(tracks), sorted(wanted))
        for track, messages in wanted.items():
            ours = tracks[track]
            self.assertEqual([one.pop("_ts") for one in ours], [stamp for stamp, _ in messages])
            for one, (_, fields) in zip(ours, messages):
                self.assertEqual(harness.exact(sorted(one.items())),
                                 harness.exact(sorted(fields.items())))

    @staticmethod
    def note_types(name, fields, kinds):
        """Types that hold what is seen of them; what is nested stays out."""
        known = kinds.setdefault(name, {})
        for field, value in fields.items():
            many = value if isinstance(value, list) else [value]
            if isinstance(value, dict) or field == "timestamp":
                continue
            kind = "double"
            if isinstance(value, str) and value not in ("inf", "-inf"):
                known[field] = ("char", max(len(value.encode()) + 1, known.get(field, ("", 0))[1]))
                continue
            if all(isinstance(one, bool) for one in many):
                kind = "bool"
            elif all(isinstance(one, int) for one in many) and known.get(field, ("int64_t",))[0] != "double":
                kind = "uint64_t" if max(many) > 2**62 else "int64_t"
            known[field] = (kind, len(value) if isinstance(value, list) else None)

    @staticmethod
    def as_written(kind, value):
        def number(one):
            one = math.nan if one is None else float(one) if one in ("inf", "-inf") else one
            return float(one) if kind == "double" else one
        return [number(one) for one in value] if isinstance(value, list) else number(value)

    def test_padding_and_the_time_are_no_fields_and_padding_may_be_missing(self):
        writer = Writer().format("att", *ATTITUDE).subscribe(3, "att", 1)
        writer.log(3, attitude(5_250_000, 7)).log(3, attitude(6_000_000, 8) + bytes(7))
        writer.log(3, attitude(7_000_000, 9) + bytes(9))
        tracks, said = self.take(writer.data)
        self.assertEqual([(one["_ts"], one["n"], sorted(one)) for one in tracks["att/1"]],
                         [(stamp, n, ["_ts", "n", "q"]) for stamp, n in ((5.25, 7), (6.0, 8), (7.0, 9))])
        original = dict(self.points(self.bag, "--track", "_sys/original/**"))["_sys/original/att/1"]
        self.assertEqual((original["name"], original["encoding"], original["messages"]),
                         ("att", "ulog", "ulog"))
        self.assertEqual(original["text"], "att:uint64_t timestamp;float[4] q;uint8_t n;"
                                           "uint8_t[7] _padding0;\n")
        self.assertEqual(said.count("\n"), 1, said)

    def test_texts_parameters_and_dropouts_are_kept(self):
        writer = Writer().flags()
        writer.pair("I", "char[3] sys_name", b"PX4").pair("I", "uint32_t ver", struct.pack("<I", 7))
        writer.pair("M", "char[2] perf", b"ab", b"\0").pair("M", "char[2] perf", b"cd", b"\1")
        writer.pair("M", "char[1] perf", b"e", b"\0")
        writer.pair("M", "uint8_t[3] metadata_events", b"\xfd\0\1", b"\0")
        writer.pair("M", "uint8_t[2] metadata_events", b"\2\3", b"\1")
        writer.pair("P", "float MC_ROLL_P", struct.pack("<f", 6.5))
        writer.pair("P", "int32_t SYS_ID", struct.pack("<i", -4))
        writer.pair("Q", "int32_t SYS_ID", struct.pack("<i", 1), b"\3")
        writer.pair("Q", "float MC_ROLL_P", struct.pack("<f", 2.5), b"\1")
        writer.format("att", *ATTITUDE).subscribe(0, "att").log(0, attitude(2_000_000))
        writer.add("L", b"6" + struct.pack("<Q", 2_500_000) + "Armed äß\t".encode())
        writer.add("C", b"3" + struct.pack("<HQ", 9, 2_600_000) + b"tagged \xff")
        writer.add("O", struct.pack("<H", 30)).add("S", SYNC).add("O", struct.pack("<H", 12))
        writer.pair("P", "float MC_ROLL_P", struct.pack("<f", 7.5))
        writer.add("R", struct.pack("<H", 0))
        tracks, said = self.take(writer.data)
        self.assertEqual(tracks["log/0"], [
            {"_ts": 2.5, "level": "6", "text": "Armed äß\t"},
            {"_ts": 2.6, "level": "3", "tag": 9, "text": "tagged \\xff"}])
        self.assertEqual(tracks["changed_parameters"], [{"_ts": 2.6, "MC_ROLL_P": 7.5}])
        self.assertIn("dropouts of its logger, 2 of 42 ms in all", said)
        self.assertEqual(self.metadata()["ulog"], {
            "info": {"sys_name": "PX4", "ver": 7, "perf": ["abcd", "e"]},
            "parameters": {"MC_ROLL_P": 6.5, "SYS_ID": -4},
            "default_parameters": {"system": {"MC_ROLL_P": 2.5, "SYS_ID": 1},
                                   "configuration": {"SYS_ID": 1}}})
        mcap = self.space.path("out.mcap")
        self.run_ok("export", self.bag, "-o", mcap, "--format", "mcap")
        with open(mcap, "rb") as file:
            data = file.read()
        self.assertRegex(data, rb"(?s)metadata_events.{0,60}\xfd\x00\x01\x02\x03")

    def test_a_message_without_a_time_is_of_that_of_the_one_before(self):
        writer = Writer(start_us=500_000).format("att", *ATTITUDE)
        writer.format("bare", ("int16_t", None, "x"), ("uint64_t", None, "timestamp_sample"))
        writer.subscribe(0, "att").subscribe(1, "bare")
        bare = struct.pack("<hQ", -3, 77)
        writer.log(1, bare).log(0, attitude(3_000_000)).log(1, bare).log(0, attitude(0))
        tracks, _ = self.take(writer.data)
        self.assertEqual(tracks["bare/0"], [{"_ts": 0.5, "x": -3, "timestamp_sample": 77},
                                            {"_ts": 3.0, "x": -3, "timestamp_sample": 77}])
        self.assertEqual([one["_ts"] for one in tracks["att/0"]], [3.0, 3.0])

    def test_what_was_written_behind_the_file_after_a_crash_is_read(self):
        start = Writer().flags(1, (1, 0, 0)).format("att", *ATTITUDE).subscribe(0, "att")
        start.log(0, attitude(2_000_000)).log(0, attitude(3_000_000))
        cut = start.data[:-9]
        tail = message("D", struct.pack("<H", 0) + attitude(4_000_000))
        flags = message("B", bytes(8) + b"\1" + bytes(7) + struct.pack("<3Q", len(cut), 0, 0))
        data = cut[:16] + flags + cut[16 + len(flags):] + tail
        tracks, _ = self.take(data)
        self.assertEqual([one["_ts"] for one in tracks["att/0"]], [2.0, 4.0])

    def test_damage_costs_what_lies_before_the_next_sync(self):
        writer = Writer().format("att", *ATTITUDE).subscribe(0, "att").log(0, attitude(2_000_000))
        bad = writer.data + bytes(200) + b"junk"
        more = message("S", SYNC) + message("D", struct.pack("<H", 0) + attitude(3_000_000))
        tracks, said = self.take(bad + more, code=LOSSY)
        self.assertEqual([one["_ts"] for one in tracks["att/0"]], [2.0, 3.0])
        self.assertIn(f"at byte {len(writer.data)}: no message; it goes on at byte {len(bad)}", said)
        _, said = self.take(bad, code=DAMAGED)
        self.assertIn(f"at byte {len(writer.data)}: no message, and none behind it", said)

    def test_messages_that_are_none_cost_themselves(self):
        writer = Writer().format("att", *ATTITUDE).subscribe(0, "att")
        writer.log(9, b"\0" * 8).log(0, attitude(1_000_000)[:-1]).add("F", b"no colon")
        writer.add("F", b"x:float;").add("F", b"att:float x;").add("A", b"\0").add("L", b"6")
        writer.pair("P", "foo X", b"1234").pair("I", "uint64_t t", b"1234").add("O", b"1")
        writer.subscribe(5, "gone").add("Z", b"new").log(0, attitude(2_000_000))
        tracks, said = self.take(writer.data, code=LOSSY)
        self.assertEqual([one["_ts"] for one in tracks["att/0"]], [2.0])
        for words in ("data of no subscription", "att/0: 24 bytes, where its format has 25",
                      "a format without a name", "format x: float is no field",
                      "a second format with the name att", "a subscription that is not whole",
                      "a logged text that is not whole", "foo X is no type and name",
                      "uint64_t t: 4 bytes of 8", "a dropout without a length",
                      "there is no format gone", "messages of the type Z are not known"):
            self.assertIn(words, said)
        self.assertIn("refused 11 frames", said)

    def test_formats_of_strangers_are_bounded(self):
        bomb = Writer().format("b0", ("uint64_t", 60, "x"))
        for n in range(1, 12):
            bomb.format(f"b{n}", (f"b{n - 1}", 60_000, "x"))
        loop = Writer().format("a", ("b", None, "x")).format("b", ("a", None, "x"))
        deep = Writer().format("d0", ("uint8_t", None, "x"))
        for n in range(1, 100):
            deep.format(f"d{n}", (f"d{n - 1}", None, "x"))
        nothing = Writer().format("e").format("f", ("e", 60_000, "x"))
        for writer, name, words in ((bomb, "b11", "is larger than a message"), (loop, "a", "of itself"),
                                    (deep, "d99", "more than 64 deep"), (nothing, "f", "is of nothing")):
            writer.subscribe(0, name).log(0, bytes(60_000))
            _, said = self.take(writer.data, code=LOSSY)
            self.assertIn(words, said)

    def test_another_version_is_refused_by_its_number(self):
        done = self.take(Writer(version=2).data, code=1)[1]
        self.assert_one_line(done, "flight.ulg", "version 2; 0 and 1 are read")

    def test_what_a_reader_must_know_and_does_not_is_refused(self):
        done = self.take(Writer().flags(2).format("att", *ATTITUDE).data, code=1)[1]
        self.assert_one_line(done, "flight.ulg: at byte", "what a reader must know")

    def test_a_file_that_is_cut_off_gives_its_whole_messages(self):
        writer = Writer().flags().format("att", *ATTITUDE).subscribe(0, "att")
        head = len(writer.data)
        for n in range(20):
            writer.log(0, attitude(1_000_000 + n * 1000, n))
        step = len(message("D", b"\0\0" + attitude(0)))
        for size in range(0, len(writer.data), 17):
            whole = max(0, size - head) // step
            path = self.space.path("cut.ulg")
            with open(path, "wb") as file:
                file.write(writer.data[:size])
            bag = self.space.path(f"cut{size}.zbag")
            done = self.space.run("import", path, "-o", bag)
            self.assertIn(done.returncode, (DONE, LOSSY, DAMAGED), done.stderr)
            kept = len(self.points(bag, "--track", "att/0")) if os.path.exists(bag) else 0
            self.assertEqual(kept, whole, (size, done.stderr))


if __name__ == "__main__":
    harness.main()
