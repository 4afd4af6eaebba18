#!/usr/bin/env python3
"""Logs of LCM read (issue 15): one that liblcm has written, what is damaged, what is cut off."""

import ctypes
import ctypes.util
import os
import struct
import unittest

import harness
from harness import DAMAGED, DONE, LOSSY


def event(number, us, channel, data, magic=0xEDA1DA01):
    channel = channel.encode()
    return struct.pack(">IQQII", magic, number, us, len(channel), len(data)) + channel + data


class LcmTest(harness.SystemTest):

    def take(self, data, code=DONE):
        path = self.space.path("lcmlog-2026-11-29.00")
        with open(path, "wb") as file:
            file.write(data)
        return self.take_file(path, code)

    def take_file(self, path, code=DONE):
        self.count = getattr(self, "count", 0) + 1
        bag = self.space.path(f"in{self.count}.zbag")
        said = self.run_ok("import", path, "-o", bag, code=code).stderr
        points = self.points(bag) if os.path.exists(bag) else []
        return [(track, harness.without_bus_fields(fields)) for track, fields in points], said

    def test_channels_are_tracks_of_bytes(self):
        data = (event(0, 1_700_000_000_000_001, "POSE", b"\x01\x23\x45\x67\x89\xab\xcd\xefrest") +
                event(1, 1_700_000_000_500_000, "/CAMERA/left", b"short") +
                event(2, 1_700_000_001_000_000, "POSE", b"\xff" * 8))
        points, said = self.take(data)
        self.assertEqual(sorted(points, key=lambda one: one[1]["_ts"]), [
            ("POSE", {"_ts": 1_700_000_000.000001, "data": b"\x01\x23\x45\x67\x89\xab\xcd\xefrest",
                      "fingerprint": "0123456789abcdef"}),
            ("CAMERA/left", {"_ts": 1_700_000_000.5, "data": b"short"}),
            ("POSE", {"_ts": 1_700_000_001.0, "data": b"\xff" * 8, "fingerprint": "f" * 16})])
        self.assertEqual(said.count("does not say what its messages are"), 1)

    def test_a_log_of_liblcm_is_read(self):
        name = ctypes.util.find_library("lcm")
        if name is None:
            raise unittest.SkipTest("no liblcm here")
        lcm = ctypes.CDLL(name)

        class Event(ctypes.Structure):
            _fields_ = [("number", ctypes.c_int64), ("us", ctypes.c_int64),
                        ("channel_bytes", ctypes.c_int32), ("data_bytes", ctypes.c_int32),
                        ("channel", ctypes.c_char_p), ("data", ctypes.c_char_p)]

        lcm.lcm_eventlog_create.restype = ctypes.c_void_p
        lcm.lcm_eventlog_write_event.argtypes = [ctypes.c_void_p, ctypes.POINTER(Event)]
        lcm.lcm_eventlog_destroy.argtypes = [ctypes.c_void_p]
        path = self.space.path("log.lcm")
        log = lcm.lcm_eventlog_create(path.encode(), b"w")
        wanted = []
        for n in range(200):
            data = bytes((n * k + 1) % 255 + 1 for k in range(n % 50 + 1))
            one = Event(0, 1_000_000 + n * 1000, len(f"C{n % 3}"), len(data), f"C{n % 3}".encode(), data)
            self.assertEqual(lcm.lcm_eventlog_write_event(log, ctypes.byref(one)), 0)
            fields = {"_ts": (1_000_000 + n * 1000) / 10**6, "data": data}
            if len(data) >= 8:
                fields["fingerprint"] = data[:8].hex()
            wanted.append((f"C{n % 3}", fields))
        lcm.lcm_eventlog_destroy(log)
        points, _ = self.take_file(path)
        self.assertEqual(sorted(points, key=lambda one: one[1]["_ts"]), wanted)

    def test_damage_costs_the_event_it_hits(self):
        events = [event(n, 1_000_000 + n, "A", bytes([n]) * 40) for n in range(6)]
        for at, change in ((20, b"\x7f"), (24, b"\x01"), (27, b"\x29"), (12, b"\xff")):
            with self.subTest(at=at):
                bad = events[2][:at] + change + events[2][at + 1:]
                points, said = self.take(b"".join(events[:2]) + bad + b"".join(events[3:]), LOSSY)
                self.assertEqual([fields["data"][0] for _, fields in points], [0, 1, 3, 4, 5])
                begin = 2 * len(events[0])
                self.assertIn(f"at byte {begin}: no whole event; it goes on at byte "
                              f"{begin + len(bad)}", said)

    def test_a_begin_that_is_damaged_costs_the_event_before_it_too(self):
        """As in liblcm: how long that is can not be told."""
        events = [event(n, 1_000_000 + n, "A", bytes([n]) * 40) for n in range(6)]
        events[2] = b"\0" + events[2][1:]
        points, _ = self.take(b"".join(events), LOSSY)
        self.assertEqual([fields["data"][0] for _, fields in points], [0, 3, 4, 5])

    def test_a_log_that_is_cut_off_gives_its_whole_events(self):
        events = [event(n, 1_000_000 + n, "CHANNEL", bytes([n]) * 30) for n in range(20)]
        data, size_of_one = b"".join(events), len(events[0])
        for size in range(4, len(data), 29):
            points, _ = self.take(data[:size], DONE if size % size_of_one == 0 else DAMAGED)
            self.assertEqual(len(points), size // size_of_one)

    def test_a_log_of_nothing_but_magic_is_read_to_its_end(self):
        huge = struct.pack(">IQQII", 0xEDA1DA01, 0, 0, 1, 2**32 - 1)
        large = struct.pack(">IQQII", 0xEDA1DA01, 0, 0, 999, 100_000)
        for junk in (b"\xed\xa1\xda\x01" * 200_000, huge * 10_000, large * 10_000):
            points, said = self.take(junk + event(1, 5_000_000, "A", b"x"), LOSSY)
            self.assertIn(("A", {"_ts": 5.0, "data": b"x"}), points)
            self.assertIn("counted without a word each", said)


if __name__ == "__main__":
    harness.main()
