"""Real recordings survive pub --burst -> record -> cat, over a real bus with three processes.

Proves section 6.1 of the issue: every point equals the source after merging, with --merge append
every frame does, nothing is lost, and the bag's counters say the same.
"""

import glob
import json
import lzma
import os
import struct
import unittest

import msgpack

import harness
from harness import DONE, LOSSY

NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000))[0]
IS_LONG = "ZBAG_TEST_LONG" in os.environ and not harness.is_sanitized()
SPECIAL_TEXT = {"inf": float("inf"), "-inf": float("-inf")}


def convert(value):
    """A JSON value by the rules of `pub` in cli.md."""
    if value is None:
        return NAN
    if isinstance(value, str):
        return SPECIAL_TEXT.get(value, value)
    if isinstance(value, list):
        return [convert(item) for item in value]
    if isinstance(value, dict):
        return convert_fields(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -2**63 <= value < 2**64:
        return float(value)
    return value


def convert_fields(fields):
    """A JSON object: NAME_hex becomes the binary field NAME."""
    converted = {}
    for name, value in fields.items():
        if name.endswith("_hex") and isinstance(value, str):
            converted[name[:-4]] = bytes.fromhex(value)
        else:
            converted[name] = convert(value)
    return converted


def inline_data(fields, folder):
    """data_file, data_offset and data_len give way to the bytes they speak of."""
    if "data_file" not in fields:
        return fields
    with open(os.path.join(folder, fields["data_file"]), "rb") as file:
        file.seek(fields.get("data_offset", 0))
        data = file.read(fields.get("data_len", -1))
    named = {"data" if name == "data_file" else name: value for name, value in fields.items()}
    named["data"] = data
    for name in ("data_offset", "data_len"):
        named.pop(name, None)
    return named


def read_frames(path):
    """(track, _ts, fields) of every line, in the file's order."""
    folder = os.path.dirname(path)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            fields = inline_data(convert_fields(line["fields"]), folder)
            yield line["track"], float(line["_ts"]) + 0.0, fields


def joined_points(frames):
    """What a bag holds by default (wire.md, Merge): a frame joins the newest point of its stamp where
    each of its fields is absent or equal, else it is a further point."""
    points = {}
    for track, stamp, fields in frames:
        of_stamp = points.setdefault((harness.key_of(stamp), track.encode()), [])
        fits = of_stamp and all(
            name not in of_stamp[-1] or harness.exact(of_stamp[-1][name]) == harness.exact(value)
            for name, value in fields.items())
        if fits:
            of_stamp[-1].update(fields)
        else:
            of_stamp.append({"_ts": stamp, **fields})
    return [(track.decode(), point) for key, track in sorted(points) for point in points[key, track]]


def overwritten_points(frames):
    """What it holds with --merge shallow: the later value of a field wins; and how many did."""
    points, overwritten = {}, 0
    for track, stamp, fields in frames:
        known = points.setdefault((harness.key_of(stamp), track.encode()), {"_ts": stamp})
        overwritten += sum(1 for name, value in fields.items()
                           if name in known and harness.exact(known[name]) != harness.exact(value))
        known.update(fields)
    return [(track.decode(), points[key, track]) for key, track in sorted(points)], overwritten


def appended_points(frames):
    """What it holds with --merge append: every frame, by (key, track, arrival)."""
    numbered = enumerate(frames)
    ordered = sorted(numbered, key=lambda f: (harness.key_of(f[1][1]), f[1][0].encode(), f[0]))
    return [(track, {"_ts": stamp, **fields}) for _, (track, stamp, fields) in ordered]


def compare_points(test, found, expected):
    """Point by point, so that a failure names the first one that differs and is short."""
    for at, (one, other) in enumerate(zip(found, expected)):
        if (one[0], harness.exact(one[1])) != (other[0], harness.exact(other[1])):
            test.fail(f"point {at}: found {str(one)[:600]}, expected {str(other)[:600]}")
    test.assertEqual(len(found), len(expected))


def check_tap(test, code, taken, frames):
    """The tap saw frames of the recording, unchanged, and its exit code is one of success."""
    known = {(track, msgpack.packb({"_ts": stamp, **fields})) for track, stamp, fields in frames}
    shown = [(track, msgpack.packb(harness.without_bus_fields(fields)))
             for track, fields in taken if not track.startswith("_sys/")]
    test.assertIn(code, (DONE, LOSSY))
    test.assertGreater(len(shown), 0)
    test.assertLessEqual(len(shown), len(frames))
    strange = [track for track, fields in shown if (track, fields) not in known]
    test.assertEqual(strange, [])


def stamps_of(frames):
    return len({(harness.key_of(stamp), track) for track, stamp, _ in frames})


def record_set(test, path, merge, bag):
    """The three processes, each at its own work; gives what the tap said and showed."""
    # Under a sanitizer a burst is faster than the disk: nothing must be dropped for want of room.
    recorder = test.start_recorder(bag, "--buffer-mb", "1000",
                                   *(["--merge", merge] if merge != "join" else []))
    tap_out = test.space.path(f"tap_{merge}.raw")
    tap = test.space.start("tap", "**", "_sys/**", "--format", "raw", *recorder.urls,
                           stdout_path=tap_out)
    test.await_tap(recorder, lambda: os.path.getsize(tap_out))
    test.run_ok("pub", path, "--burst", *recorder.urls, deadline=4 * harness.DEADLINE)
    test.assertEqual(recorder.stop(deadline=4 * harness.DEADLINE), DONE, recorder.stderr)
    code = tap.stop()
    with open(tap_out, "rb") as file:
        return code, harness.unpack_raw(file.read())


def check_set(test, name, modes=("join", "append")):
    """Records a set under each mode and compares the bags with the source."""
    path = harness.recording_path(name)
    frames = list(read_frames(path))
    shallow, overwritten = overwritten_points(frames)
    by_mode = {"join": joined_points(frames), "append": appended_points(frames), "shallow": shallow}
    for merge in modes:
        expected = by_mode[merge]
        bag = test.space.path(f"{name}_{merge}.zbag")
        code, taken = record_set(test, path, merge, bag)
        compare_points(test, test.points(bag), expected)
        info = test.assert_whole(bag)
        test.assertEqual(info["lost"], 0)
        test.assertEqual(info["points"], len(expected))
        test.assertEqual(info["received"], len(frames))
        test.assertEqual(info["merged"], len(frames) - len(expected))
        test.assertEqual(info["overwritten"], overwritten if merge == "shallow" else 0)
        test.assertEqual(info["kept_apart"],
                         len(expected) - stamps_of(frames) if merge == "join" else 0)
        check_tap(test, code, taken, frames)
    return len(frames), len(by_mode["join"])


class RecordingsTest(harness.SystemTest):
    """Every point and every frame comes back as it was published."""

    def test_intel_lab_short(self):
        check_set(self, "intel_lab_short")

    def test_g1_tiny(self):
        check_set(self, "g1_tiny")

    def test_tilt_laser(self):
        check_set(self, "tilt_laser", ("join", "append", "shallow"))

    def test_px4_fmu_v6c(self):
        check_set(self, "px4_fmu_v6c")

    def test_ouster_os1_3scans(self):
        check_set(self, "ouster_os1_3scans")

    def test_comma2k19_car(self):
        check_set(self, "comma2k19_car")

    def test_mines_exp1(self):
        check_set(self, "mines_exp1")


class ImportTest(harness.SystemTest):
    """All of them again, straight into a bag."""

    # Frames that are equal to the point of their stamp; of the other recordings there are none.
    MERGED = {"px4_auav_x21": 677, "utias_mrclam1": 52, "turtlebot3_sim": 10, "aces": 1}
    MANY = 1_000_000  # bytes of a recording that is read only when there is time

    def test_every_recording_comes_back_value_for_value(self):
        folder = harness.data_folder() or self.skipTest("no recordings: ZBAG_TEST_DATA")
        for path in sorted(glob.glob(os.path.join(folder, "*", "*.jsonl.xz"))):
            if os.path.getsize(path) > self.MANY and not IS_LONG:
                continue
            name = os.path.basename(path).removesuffix(".jsonl.xz")
            with self.subTest(name=name):
                frames = list(read_frames(path))
                expected = joined_points(frames)
                bag = self.space.path(name + ".zbag")
                self.run_ok("import", path, "-o", bag)
                compare_points(self, self.points(bag), expected)
                info = self.info(bag)
                self.assertEqual(info["merged"], self.MERGED.get(name, 0))
                self.assertEqual(info["points"] + info["merged"], len(frames))
                self.assertEqual(info["kept_apart"], len(expected) - stamps_of(frames))


if __name__ == "__main__":
    harness.main()
