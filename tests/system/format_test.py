"""The bag's format, read by an independent decoder in Python, and what is exported from a bag.

Proves that a bag is what recorder/bag/FORMAT.md and layout.hpp say: big-endian keys in their order,
blocks that another program decodes to the points `cat` prints, text formats any JSON parser takes.
"""

import json
import lzma
import math
import os
import shutil
import struct
import subprocess

import lmdb
import msgpack
import xxhash

import harness
from harness import DONE, LOSSY, USAGE

HEADER = struct.Struct("<4sBBBBIIqqIIQQQ")
MAGIC = b"ZBK1"
LATE, INDEXED, LONE = 1, 2, 4
LONE_PAYLOAD = 112
SIGN = 1 << 63
LATE_SERIAL = 0x80000000


class Input:
    """The body of a block, taken from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        if self.at > len(self.data):
            raise ValueError("the block ends early")
        return self.data[self.at - count:self.at]

    def fixed(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def delta(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def chain(self, first, count):
        """`count` numbers, each as its difference to the one before."""
        values = [first]
        while len(values) < count:
            values.append(values[-1] + self.delta())
        return values


def seconds_of(key):
    """The double a key stands for, where the block names no other."""
    whole = key // 1_000_000_000
    return whole + (key - whole * 1_000_000_000) / 1e9


def decode_rows(header, body):
    """The points of an uncompressed `rows` block as dicts."""
    count, data = header["count"], Input(body)
    keys = [header["first"]]
    while len(keys) < count:
        keys.append(keys[-1] + data.varint())
    stamps, at = [seconds_of(key) for key in keys], 0
    for _ in range(data.varint()):
        at += data.varint()
        stamps[at] = data.fixed("d")
    walls = data.chain(data.fixed("q"), count)
    offsets = data.chain(data.fixed("q"), count)
    sources = [data.fixed("Q") for _ in range(data.varint())]
    presence = data.fixed("B")
    codes = [{0: 0, 1: 1}[presence] if presence < 2 else data.varint() for _ in range(count)]
    presence = data.fixed("B")
    has_seq = list(data.take(count)) if presence == 2 else [presence] * count
    seqs, seq = [], 0
    for has in has_seq:
        seq += data.delta() if has else 0
        seqs.append(seq if has else None)
    indices, index = [None] * count, 0
    if header["flags"] & INDEXED:
        for i in range(count):
            index += data.delta()
            indices[i] = index
    lengths = [data.varint() for _ in range(count)]
    maps = [data.take(length) for length in lengths]
    if data.at != len(body):
        raise ValueError("bytes are left over")
    return [{"key": keys[i], "ts": stamps[i], "wall": walls[i], "mono": walls[i] - offsets[i],
             "src": sources[codes[i] - 1] if codes[i] else None, "seq": seqs[i],
             "index": indices[i], "map": harness.unpack_frame(maps[i])} for i in range(count)]


def decode_lone(header, value):
    stamp, wall, mono, src, seq, flags = struct.unpack_from("<dqqQQQ", value, HEADER.size)
    index = header["ordinal"] if header["flags"] & LATE else None
    return [{"key": header["first"], "ts": stamp, "wall": wall, "mono": mono, "index": index,
             "src": src if flags & 1 else None, "seq": seq if flags & 2 else None,
             "map": harness.unpack_frame(value[LONE_PAYLOAD:])}]


def decode_block(value):
    names = ("magic", "version", "codec", "compression", "flags", "track", "count", "first", "last",
             "raw", "stored", "ordinal", "checksum", "zero")
    header = dict(zip(names, HEADER.unpack_from(value)))
    if header["magic"] != MAGIC or header["codec"] != 0 or header["compression"] != 0:
        raise ValueError(f"not an uncompressed rows block: {header}")
    if header["flags"] & LONE:
        return header, decode_lone(header, value)
    return header, decode_rows(header, value[HEADER.size:])


def open_record(table, key, value):
    """The record in a value: its last eight bytes are the checksum of table, key and the rest."""
    record, stored = value[:-8], struct.unpack("<Q", value[-8:])[0]
    found = 0
    for part in (table.encode(), key, record):
        found = xxhash.xxh3_64_intdigest(part, seed=found)
    if found != stored:
        raise ValueError(f"wrong checksum of the record {key} in {table}")
    return record


class Tables:
    """The tables of a bag that is closed, through python lmdb; every record's checksum is right."""

    def __init__(self, path):
        with lmdb.open(path, subdir=False, readonly=True, lock=False, max_dbs=16) as env:
            with env.begin() as read:
                names = [name for name, _ in read.cursor()]
                self.tables = {name.decode(): list(read.cursor(env.open_db(name, txn=read,
                                                                          create=False)))
                               for name in names}
        for name, entries in self.tables.items():
            if name != "blocks":
                self.tables[name] = [(key, open_record(name, key, value)) for key, value in entries]

    def __getitem__(self, name):
        return self.tables[name]

    def tracks(self):
        """Records by track id, each with its name."""
        records = ((name, msgpack.unpackb(value)) for name, value in self["tracks"])
        return {record["id"]: {**record, "name": name.decode()} for name, record in records}


class FormatTest(harness.SystemTest):

    def record_messy(self, *options):
        """Frames of many kinds: out of order, equal stamps, numbered and not, large and small."""
        bag = self.space.path("messy.zbag")
        recorder = self.start_recorder(bag, "--compression", "none", *options)
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        arrived = {}

        def send(track, stamp, **fields):
            sensor.send(track, {"_ts": stamp, **fields})
            arrived.setdefault(track, []).append(fields["n"])

        for part in range(3):
            for n in range(300):
                send("plain", 1e9 + part * 300 + n + 1 / 3, n=part * 300 + n, _src=7,
                     _seq=part * 300 + n)
                send("strange", -5.5 + part * 100 + n / 7, n=n + 1000 * part, list=[n, float(n)])
            for n in range(20):
                send("late", 500.0 - part * 100 - n, n=part * 20 + n)
                send("image", 10.0 * part + n, n=part * 20 + n, data=os.urandom(70_000))
                send("mixed", 50.0 + n, n=part * 20 + n, **({"_src": 9 + n % 3, "_seq": n // 3}
                                                          if n % 4 and part == 0 else {}))
            witness.take(660)
            self.run_ok("ctl", "record", "flush")
        self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)  # `mixed` has gaps
        self.assert_whole(bag)
        return bag, arrived

    def decoded(self, tables):
        """Points of every track by (key, serial of the block, place in it)."""
        names = {track: record["name"] for track, record in tables.tracks().items()}
        points = {}
        for key, value in tables["blocks"]:
            track, first, serial = struct.unpack(">IQI", key)
            header, block = decode_block(value)
            self.assertEqual(header["track"], track)
            self.assertEqual(header["first"], first - SIGN)
            self.assertEqual(header["last"], block[-1]["key"])
            self.assertEqual(header["stored"], len(value) - HEADER.size)
            self.assertEqual(bool(serial & LATE_SERIAL), bool(header["flags"] & LATE))
            points.setdefault(names[track], []).extend((serial, header, point) for point in block)
        return points

    def test_keys_are_big_endian_and_in_order(self):
        bag, _ = self.record_messy("--merge", "append")
        tables = Tables(bag)
        for name in ("meta", "tracks", "blocks", "losses"):
            keys = [key for key, _ in tables[name]]
            self.assertEqual(keys, sorted(set(keys)), name)
        ids = tables.tracks()
        self.assertEqual({record["name"] for record in ids.values()},
                         {"plain", "strange", "late", "image", "mixed"})
        ends = {}
        for key, value in tables["blocks"]:
            self.assertEqual(len(key), 16)
            track, first, serial = struct.unpack(">IQI", key)
            header, _ = decode_block(value)
            if serial & LATE_SERIAL:
                continue
            # Blocks of the main run ascend and do not overlap, negative stamps first.
            self.assertGreaterEqual(first - SIGN, ends.get(track, -SIGN))
            ends[track] = header["last"]

    def test_late_points_have_entries_in_order_of_arrival(self):
        bag, _ = self.record_messy("--merge", "append")
        tables = Tables(bag)
        ranks = {}
        for key, value in tables["order"]:
            track, index = struct.unpack(">IQ", key)
            _, rank = struct.unpack(">QQ", value)
            if rank >> 63:  # folded: it is late no more
                continue
            self.assertEqual(rank, ranks.get(track, -1) + 1)
            self.assertLess(index, sum(tables.tracks()[track][count]
                                       for count in ("main_points", "late_points")))
            ranks[track] = rank
        late = {track: record["late_points"] for track, record in tables.tracks().items()}
        self.assertGreater(sum(late.values()), 0)
        self.assertEqual({track: rank + 1 for track, rank in ranks.items()},
                         {track: count for track, count in late.items() if count})

    def test_the_meta_table_says_format_and_run(self):
        bag, _ = self.record_messy()
        meta = dict(Tables(bag)["meta"])
        record = msgpack.unpackb(meta[b"bag"])
        self.assertEqual(record["format"], self.info(bag)["format_version"])
        runs = [msgpack.unpackb(value) for key, value in meta.items() if key.startswith(b"run/")]
        self.assertEqual([run["closed"] for run in runs], [True])
        self.assertNotIn(b"writer", meta)

    def test_blocks_decode_to_what_cat_prints(self):
        """Stamps bit for bit, fields, _src and _seq, of main and late and lone blocks."""
        bag, _ = self.record_messy("--merge", "append")
        shown = {}
        for track, fields in self.points(bag, "--all"):
            shown.setdefault(track, []).append(harness.exact(fields))
        decoded = self.decoded(Tables(bag))
        kinds = {header["flags"] for points in decoded.values() for _, header, _ in points}
        self.assertLessEqual({0, LONE}, kinds)
        self.assertTrue(any(flags & LATE for flags in kinds), kinds)
        for track, points in decoded.items():
            found = []
            for _, _, point in points:
                fields = {"_ts": point["ts"]}
                fields.update({"_seq": point["seq"]} if point["seq"] is not None else {})
                fields.update({"_src": point["src"]} if point["src"] is not None else {})
                found.append(harness.exact({**fields, **point["map"]}))
            self.assertEqual(sorted(map(str, found)), sorted(map(str, map(self.bus_fields_first,
                                                                        shown[track]))), track)

    @staticmethod
    def bus_fields_first(fields):
        """cat's fields with _ts, _seq, _src in front, _src as a number however it is shown."""
        pairs = {name: value for name, value in fields[1]}
        front = [(name, pairs.pop(name)) for name in ("_ts", "_seq", "_src") if name in pairs]
        front = [(name, ("int", int(value[1], 16)) if value[0] == "str" else value)
                 for name, value in front]
        return ("map", (*front, *pairs.items()))

    def test_arrival_stamps_ascend_with_arrival(self):
        bag, arrived = self.record_messy("--merge", "append")
        for track, points in self.decoded(Tables(bag)).items():
            by_number = {point["map"]["n"]: point for _, _, point in points}
            monos = [by_number[n]["mono"] for n in arrived[track] if n in by_number]
            self.assertEqual(monos, sorted(monos), track)

    def test_the_index_of_a_track_is_its_order_of_arrival_across_flushes(self):
        """Late points keep the index they came with: --start-index counts on past them."""
        bag, arrived = self.record_messy("--merge", "append")
        for track in ("plain", "late"):
            numbers = [fields["n"] for _, fields in
                       self.points(bag, "--track", track, "--start-index", "0")]
            self.assertEqual(sorted(numbers), sorted(arrived[track]))
            step = len(numbers) // 3
            for part in range(3):
                self.assertEqual(set(numbers[part * step:(part + 1) * step]),
                                 set(arrived[track][part * step:(part + 1) * step]), track)

    def test_a_merged_point_is_one_point_with_the_fields_of_all_its_frames(self):
        """Frames of equal key over three flushes, the later ones behind the written end."""
        bag, _ = self.record_messy("--merge", "shallow")
        points = [point for _, _, point in self.decoded(Tables(bag))["mixed"]]
        self.assertEqual(sorted(point["key"] for point in points),
                         [int(50e9) + n * 10**9 for n in range(20)])
        shown = {fields["_ts"]: fields["n"] for _, fields in self.points(bag, "--track", "mixed")}
        self.assertEqual(shown, {50.0 + n: 40 + n for n in range(20)})

    def test_a_bag_can_be_copied_when_closed_and_is_one_file(self):
        bag, _ = self.record_messy()
        copy = self.space.path("copy.zbag")
        shutil.copy(bag, copy)
        self.assertEqual(self.points(copy), self.points(bag))

    def test_a_closed_bag_is_read_where_nothing_can_be_written(self):
        """Read-only file in a read-only folder, without a lock file."""
        bag, _ = self.record_messy()
        folder = self.space.path("frozen")
        os.mkdir(folder)
        copy = shutil.copy(bag, folder)
        mounted = subprocess.run(["mount", "--bind", "-o", "ro", folder, folder],
                                 capture_output=True, check=False).returncode == 0
        if not mounted:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=False, capture_output=True)
        self.assertEqual(len(self.points(copy)), len(self.points(bag)))
        self.run_ok("check", copy)


SET = "px4_fmu_v6c"


def strict_json(text):
    """Python takes NaN and Infinity, which are no JSON: they are an error here."""
    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    return json.loads(text, parse_constant=refuse)


class ExportTest(harness.SystemTest):

    def real_bag(self, name=SET):
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", harness.recording_path(name), "-o", bag, "--merge", "append")
        return bag

    def stranger_bag(self):
        """Every kind of value there is, also those JSON has no word for."""
        bag = self.space.path("values.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        values = {"nan": math.nan, "inf": math.inf, "ninf": -math.inf, "nil": None, "zero": -0.0,
                  "big": 2**64 - 1, "least": -2**63, "tiny": 5e-324, "third": 1 / 3, "huge": 1e300,
                  "whole": 3.0, "yes": True, "text": 'q"\\\n\u0001é\U0001F600', "bin": b"\x00\xff",
                  "ext": msgpack.ExtType(5, b"ab"), "map": {"nil": None, "bin": b"x", "list": [b"y",
                  None, math.nan]}, "list": [[], {}, [1, 2.5]], "track": "a field called track",
                  "timestamp": 7, "_own": 1, "a.b": 1}
        for n in range(3):
            sensor.send("values/all", {"_ts": 1000.1 + n, "n": n, **values})
        not_utf8 = b"\xa1s\xa2\xff\xfe"
        sensor.send("values/odd", b"\x82\xa3_ts\xcb" + struct.pack(">d", 5.0) + not_utf8)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        return bag

    def test_json_files_parse_strictly(self):
        for bag in (self.real_bag(), self.stranger_bag()):
            folder, one = bag + ".d", bag + ".json"
            self.run_ok("export", bag, "--format", "json", "-o", folder)
            self.run_ok("export", bag, "--format", "json", "-o", one)
            with open(one, encoding="utf-8") as file:
                whole = strict_json(file.read())
            tracks = {track["name"]: track["points"] for track in self.info(bag)["tracks"]}
            self.assertEqual(set(whole["tracks"]), set(tracks))
            for track, points in tracks.items():
                with open(os.path.join(folder, track + ".json"), encoding="utf-8") as file:
                    document = strict_json(file.read())
                self.assertEqual(document, whole["tracks"][track])
                self.assertEqual(document["count"], points)
                self.assertEqual(len(document["entries"]), points)

    def test_jsonl_rows_parse_strictly(self):
        for bag in (self.real_bag(), self.stranger_bag()):
            folder = bag + ".rows"
            self.run_ok("export", bag, "--format", "jsonl", "-o", folder)
            for track in self.info(bag)["tracks"]:
                with open(os.path.join(folder, track["name"] + ".jsonl"), encoding="utf-8") as file:
                    rows = [strict_json(line) for line in file]
                self.assertEqual(len(rows), track["points"])
                stamps = [row["timestamp"] for row in rows]
                self.assertEqual(stamps, sorted(stamps))

    def test_cat_prints_json_that_parses_strictly(self):
        for bag in (self.real_bag(), self.stranger_bag()):
            lines = self.run_ok("cat", bag).stdout.decode().splitlines()
            points = self.points(bag)
            self.assertEqual(len(lines), len(points))
            for line, (track, fields) in zip(lines, points):
                row = strict_json(line)
                self.assertEqual(list(row)[:2], ["_ts", "track"])
                self.assertEqual((row["_ts"], row["track"]), (fields["_ts"], track))

    def test_cat_prints_values_as_cli_md_says(self):
        bag = self.stranger_bag()
        text = self.run_ok("cat", bag, "--track", "values/all", "--limit", "1").stdout.decode()
        for part in ('"nan":null', '"inf":"inf"', '"ninf":"-inf"', '"nil":null', '"zero":-0.0',
                     '"big":18446744073709551615', '"least":-9223372036854775808', '"whole":3.0',
                     '"bin":"AP8="', '"ext":{"$ext":5,"$bin":"YWI="}', '"track_":"a field',
                     '"_ts":1000.1,'):
            self.assertIn(part, text)
        row = strict_json(text)
        self.assertEqual((row["third"], row["tiny"], row["huge"]), (1 / 3, 5e-324, 1e300))
        odd = self.run_ok("cat", bag, "--track", "values/odd").stdout.decode()
        self.assertIn('"s":{"$bin":"//4="}', odd)

    def test_neutral_export_and_import_go_round(self):
        """export -> import -> export is the same file; the bags hold the same points."""
        for bag in (self.real_bag(), self.real_bag("tilt_laser"), self.stranger_bag()):
            with self.subTest(bag=os.path.basename(bag)):
                first, second, again = (bag + end for end in (".1.jsonl", ".2.jsonl", ".again"))
                self.run_ok("export", bag, "--format", "jsonl", "-o", first)
                self.run_ok("import", first, "-o", again, "--merge", "append")
                self.run_ok("export", again, "--format", "jsonl", "-o", second)
                with open(first, encoding="utf-8") as one, open(second, encoding="utf-8") as other:
                    lines, others = one.read().splitlines(), other.read().splitlines()
                self.assertTrue(lines == others, next(
                    (pair for pair in zip(lines, others) if pair[0] != pair[1]), "lengths"))
                for line in lines:
                    strict_json(line)
                found, wanted = ([(track, harness.exact(fields)) for track, fields in
                                  self.points(one)] for one in (again, bag))
                self.assertTrue(found == wanted, next(
                    (pair for pair in zip(found, wanted) if pair[0] != pair[1]), "lengths"))

    def test_text_that_looks_like_something_else_goes_round_too(self):
        """Text "inf" is not infinity, and a text field called x_hex is no binary field x."""
        first = self.space.path("first.zbag")
        recorder = self.start_recorder(first)
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("a", {"_ts": 1.0, "word": "inf"})
        sensor.send("a", {"_ts": 2.0, "x_hex": "00ff"})
        sensor.send("a", {"_ts": 3.0, "x_hex": "hello"})
        sensor.send("a", {"_ts": 4.0, "map": {"$nil": True}, "file": {"$bin": "AA=="}})
        sensor.send("a", {"_ts": 5.0, "data_file": "image.png"})
        sensor.send("a", b"\x82\xa3_ts\xcb" + struct.pack(">d", 6.0) + b"\xa1s\xa2\xff\xfe")
        self.assertEqual(recorder.stop(), DONE)
        wanted = dict((fields["_ts"], fields) for _, fields in self.points(first))
        text, again = self.space.path("first.jsonl"), self.space.path("again.zbag")
        self.run_ok("export", first, "--format", "jsonl", "-o", text)
        self.space.run("import", text, "-o", again)
        found = dict((fields["_ts"], fields) for _, fields in self.points(again))
        for stamp, fields in wanted.items():
            with self.subTest(fields=fields):
                self.assertEqual(found.get(stamp), fields)

    def test_a_neutral_export_of_a_real_recording_says_what_the_source_said(self):
        """Line by line as JSON values; only the digits of _ts a double cannot hold may differ."""
        bag, out = self.real_bag("mines_exp1"), self.space.path("out.jsonl")
        self.run_ok("export", bag, "--format", "jsonl", "-o", out)
        with lzma.open(harness.recording_path("mines_exp1"), "rt", encoding="utf-8") as source:
            wanted = sorted((harness.key_of(line["_ts"]), line["track"], json.dumps(line["fields"]))
                            for line in map(json.loads, source))
        with open(out, encoding="utf-8") as file:
            found = sorted((harness.key_of(line["_ts"]), line["track"], json.dumps(line["fields"]))
                           for line in map(strict_json, file))
        self.assertTrue(found == wanted)

    def test_an_export_never_overwrites_and_leaves_nothing_half_done(self):
        bag = self.stranger_bag()
        out = self.space.path("there.jsonl")
        with open(out, "w", encoding="utf-8") as file:
            file.write("mine\n")
        done = self.space.run("export", bag, "--format", "jsonl", "-o", out)
        self.assertEqual(done.returncode, harness.FAILED)
        self.assert_one_line(done.stderr, out)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine\n")


class ChoiceTest(harness.SystemTest):
    """What of a bag is printed or exported, in which order and layout."""

    LINES = (("arm", 1.0, {"a": 1, "b": 2, "cam": {"pos": {"x": 3, "y": 4}, "id": 5}}),
             ("base/odom", 1.0, {"v": 7}), ("arm", 2.0, {"b": 6}), ("base/odom", 3.0, {"a": 8}))

    def setUp(self):
        super().setUp()
        source = self.space.path("in.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for track, stamp, fields in self.LINES:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        self.bag = self.space.path("in.zbag")
        self.run_ok("import", source, "-o", self.bag)

    def lines(self, *arguments):
        return [strict_json(line) for line in
                self.run_ok(*arguments).stdout.decode().splitlines()]

    def lines_of(self, *names):
        with open(self.space.path(*names), encoding="utf-8") as file:
            return [strict_json(line) for line in file]

    def test_cat_prints_the_latest_first_when_reversed(self):
        forwards = self.lines("cat", self.bag)
        self.assertEqual([line["_ts"] for line in forwards], [1.0, 1.0, 2.0, 3.0])
        self.assertEqual(self.lines("cat", self.bag, "--reverse"), forwards[::-1])
        self.assertEqual(self.lines("cat", self.bag, "--reverse", "--limit", "2"),
                         forwards[:1:-1])
        self.assertEqual(self.lines("cat", self.bag, "--reverse", "--start", "1", "--end", "2"),
                         forwards[2::-1])
        self.assertEqual(self.lines("cat", self.bag, "--reverse", "--track", "arm"),
                         [forwards[2], forwards[0]])

    def test_cat_prints_the_columns_asked_for_and_none_for_unknown_names(self):
        self.run_ok("cat", self.bag, "--columns", "a,cam.pos.x,nothing", code=LOSSY)
        self.assertEqual(self.lines("cat", self.bag, "--columns", "a,cam.pos.x,cam.nothing"),
                         [{"_ts": 1.0, "track": "arm", "a": 1, "cam.pos.x": 3},
                          {"_ts": 1.0, "track": "base/odom"}, {"_ts": 2.0, "track": "arm"},
                          {"_ts": 3.0, "track": "base/odom", "a": 8}])

    def test_an_export_keeps_stamps_and_the_columns_asked_for(self):
        """S0.30: two of five fields, by their flattened names; an unknown name is no error where
        a map may have it. (One that no bag knows of is, on the command line.)"""
        arm = [{"timestamp": 1.0, "a": 1, "cam.pos.x": 3}, {"timestamp": 2.0}]
        odom = [{"timestamp": 1.0}, {"timestamp": 3.0, "a": 8}]
        columns = ("--columns", "a,cam.pos.x,cam.nothing")
        done = self.run_ok("export", self.bag, "--format", "json", "-o", "-", *columns)
        self.assertEqual(strict_json(done.stdout), {"tracks": {
            "arm": {"entries": arm, "count": 2}, "base/odom": {"entries": odom, "count": 2}}})
        out = self.space.path("rows")
        self.run_ok("export", self.bag, "--format", "jsonl", "-o", out, *columns)
        self.assertEqual(self.lines_of("rows", "arm.jsonl"), arm)
        self.assertEqual(self.lines_of("rows", "base", "odom.jsonl"), odom)
        neutral = self.lines("export", self.bag, "--format", "jsonl", "-o", "-", "--columns", "a")
        self.assertEqual([line["fields"] for line in neutral], [{"a": 1}, {}, {}, {"a": 8}])

    def test_a_layout_asked_for_goes_before_that_of_the_name(self):
        """A folder that is called as a file, and a file that is called as a folder."""
        rows, neutral = self.space.path("rows.jsonl"), self.space.path("neutral")
        self.run_ok("export", self.bag, "--format", "jsonl", "--layout", "rows", "-o", rows)
        self.assertEqual(self.lines_of("rows.jsonl", "arm.jsonl"),
                         [{"timestamp": 1.0, "a": 1, "b": 2, "cam.pos.x": 3, "cam.pos.y": 4,
                           "cam.id": 5}, {"timestamp": 2.0, "b": 6}])
        self.assertEqual(self.lines_of("rows.jsonl", "base", "odom.jsonl"),
                         [{"timestamp": 1.0, "v": 7}, {"timestamp": 3.0, "a": 8}])
        self.run_ok("export", self.bag, "--format", "jsonl", "--layout", "neutral", "-o", neutral)
        self.assertEqual(self.lines_of("neutral"),
                         [{"track": track, "_ts": stamp, "fields": fields}
                          for track, stamp, fields in self.LINES])
        done = self.run_ok("export", self.bag, "--format", "jsonl", "--layout", "sideways", "-o",
                           self.space.path("none"), code=USAGE)
        self.assert_one_line(done.stderr, "--layout", "sideways", "neutral", "rows")
        self.assertFalse(os.path.exists(self.space.path("none")))


if __name__ == "__main__":
    harness.main()
