"""What `info` says of a bag to people: on a terminal, in a pipe, and of bags that are odd."""

import fcntl
import json
import os
import struct

import harness
import python_packages
import terminal
from harness import DAMAGED, DONE

F_OFD_SETLK = 37  # <linux/fcntl.h>; how others mark a bag as open: FORMAT.md, The lock file


class InfoTest(harness.SystemTest):

    def make_bag(self, lines, *options):
        source = self.space.path("in.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for track, stamp, fields in lines:
                file.write(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n")
        bag = self.space.path("in.zbag")
        self.run_ok("import", source, "-o", bag, *options)
        return bag

    def shown(self, bag):
        return self.run_ok("info", bag).stdout.decode()

    def on_terminal(self, bag, rows, columns):
        """The lines that reach a terminal of that size."""
        return terminal.output_of(self.space, columns, "info", "--all", bag,
                                  rows=rows).splitlines()

    def table(self, lines):
        start = next(n for n, line in enumerate(lines) if line.startswith("  track "))
        return lines[start:]

    def test_a_table_fits_the_terminal_and_names_stay_different(self):
        names = [f"robot/{side}/arm/joint_{n}/state/filtered" for side in ("left", "right")
                 for n in range(48)]
        bag = self.make_bag([(name, float(n), {f"field_{i}": i for i in range(20)})
                             for name in names for n in range(2)])
        for columns in (80, 120):
            with self.subTest(columns=columns):
                lines = self.on_terminal(bag, 24, columns)
                rows = self.table(lines)[1:]
                self.assertEqual(len(rows), 96)
                self.assertLessEqual(max(map(len, rows)), columns)
                self.assertEqual(len({row.split()[0] for row in rows}), 96)
                self.assertEqual(self.table(lines)[0].count("fields"), int(columns > 80))

    def test_a_pipe_gets_everything_whole(self):
        name = "robot/" + "x" * 180
        fields = {f"field_{i}": i for i in range(40)}
        text = self.shown(self.make_bag([(name, 1.0, fields)]))
        self.assertIn(name, text)
        self.assertIn("field_39 int", text)
        self.assertIn("in 1 track\n", text)

    def test_json_has_what_programs_count_on(self):
        """cli.md, Bags."""
        bag = self.make_bag([("a", 1.0, {"x": 1.5}), ("a", 3.0, {"x": 2.5}), ("b", 2.0, {})])
        info = self.info(bag)
        self.assertEqual(info["path"], bag)
        self.assertEqual(info["size_bytes"], os.path.getsize(bag))
        self.assertEqual([info[name] for name in ("format_version", "start", "end", "duration", "points")],
                         [1, 1.0, 3.0, 2.0, 3])
        self.assertEqual([info[name] for name in ("received", "merged", "kept_apart", "overwritten",
                                                  "refused", "dropped", "skipped")],
                         [3, 0, 0, 0, {}, 0, 0])
        track = info["tracks"][0]
        self.assertEqual([track[name] for name in ("name", "points", "first_ts", "last_ts", "rate_hz",
                                                   "fields", "overwritten")],
                         ["a", 2, 1.0, 3.0, 0.5, {"x": "float64"}, 0])
        self.assertGreater(track["bytes"], 0)
        self.assertEqual(track["lost"], 0)

    def test_its_counts_are_those_of_a_recount(self):
        """S2.65: points, first, last and rate of each track, against what cat prints of it."""
        source = harness.recording_path("husky_outdoor")
        bag = self.space.path("husky.zbag")
        self.run_ok("import", source, "-o", bag, "--quiet")
        stamps = {}
        for name, fields in self.points(bag):
            stamps.setdefault(name, []).append(fields["_ts"])
        info = self.info(bag)
        self.assertEqual(info["points"], sum(map(len, stamps.values())))
        self.assertEqual({track["name"] for track in info["tracks"]}, set(stamps))
        for track in info["tracks"]:
            of_track = stamps[track["name"]]
            self.assertEqual((track["points"], track["first_ts"], track["last_ts"]),
                             (len(of_track), min(of_track), max(of_track)), track["name"])
            if len(of_track) > 1:
                self.assertAlmostEqual(track["rate_hz"],
                                       (len(of_track) - 1) / (max(of_track) - min(of_track)))

    def test_times_are_shown_to_the_nearest_millisecond(self):
        text = self.shown(self.make_bag([("a", 1795168800.123, {}), ("a", 1795168801.4, {})]))
        self.assertIn("2026-11-20T10:00:00.123Z", text)
        self.assertIn("2026-11-20T10:00:01.400Z", text)

    def test_a_bag_from_one_end_of_time_to_the_other_has_a_length_and_a_rate(self):
        bag = self.make_bag([("a", -9.2e9, {}), ("a", 0.0, {}), ("a", 9.2e9, {})])
        info = self.info(bag)
        self.assertEqual(info["duration"], 1.84e10)
        self.assertGreater(info["tracks"][0]["rate_hz"], 0)
        self.assertIn("0.0 Hz", self.shown(bag))

    def test_points_far_from_the_rest_are_named(self):
        bag = self.make_bag([("a", 1000.0 + n, {}) for n in range(3)] +
                            [("a", 5000.0 + n, {}) for n in range(200)] +
                            [("a", 1e6, {})] + [("b", 5000.0 + n, {}) for n in range(100)])
        text = self.shown(bag)
        self.assertIn("far from the rest: a: 3 of 204 points lie 1h06m38s before the rest: "
                      "1970-01-01T00:16:40.000Z to 1970-01-01T00:16:42.000Z", text)
        self.assertIn("a: 1 of 204 points lies ", text)
        self.assertEqual(text.count("far from the rest"), 2)
        self.assertEqual([one["side"] for one in self.info(bag)["outliers"]], ["before", "behind"])

    def test_the_lowest_and_the_highest_rate_are_those_of_blocks(self):
        bag = self.make_bag([("a", 1000.0 + n / 10, {"n": n * 7919}) for n in range(20_000)] +
                            [("a", 9000.0 + n / 100, {"n": n * 7919}) for n in range(20_000)] +
                            [("b", 1000.0, {})])
        one, other = self.info(bag)["tracks"]
        self.assertLess(one["rate_min_hz"], 10.1)
        self.assertGreater(one["rate_max_hz"], 99)
        self.assertEqual((other["rate_min_hz"], other["rate_max_hz"]), (None, None))
        self.assertRegex(self.shown(bag), r" [\d.]+/100\.0 ")

    def test_a_bag_that_compact_would_shrink_says_so(self):
        """What waited in the journal: a bag that somebody has open when it is closed keeps its pages."""
        bag = self.space.path("wide.zbag")
        recorder = self.start_recorder(bag, "--sync", "1")
        sensor = self.publisher(recorder).wait_for_subscriber()
        for n in range(1_000_000):
            for track in range(100):
                sensor.send(f"wide/{track}", {"_ts": 1000.0 + n, "text": os.urandom(150).hex()})
            if n % 10 or n < 60:
                continue
            metrics = json.loads(self.run_ok("ctl", "record", "metrics").stdout)
            if metrics["commits"] > 60:
                break
        with open(bag, "rb") as held:
            fcntl.fcntl(held, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 2**62 + 1, 1, 0))
            self.assertEqual(recorder.stop(), DONE)
        left = self.info(bag)["reclaimable_bytes"]
        self.assertGreater(left, 1_000_000)
        self.assertIn(f"compact {bag} -o NEW", self.shown(bag))
        small = self.space.path("small.zbag")
        self.run_ok("compact", bag, "-o", small)
        given_back = os.path.getsize(bag) - os.path.getsize(small)
        self.assertGreater(given_back, 0.8 * left)
        self.assertEqual(self.info(small)["reclaimable_bytes"], 0)

    def test_overwritten_values_are_shown_by_track(self):
        bag = self.make_bag([("a", 1.0, {"n": n}) for n in range(3)] + [("b", 1.0, {})], "--merge",
                            "shallow")
        header, first, second = self.table(self.shown(bag).splitlines())[:3]
        self.assertIn("overwritten", header)
        self.assertRegex(first, r"^  a .* 2  n int")
        self.assertRegex(second, r"^  b .* 0 *$")

    def test_attachments_are_listed(self):
        self.assertEqual(self.info(self.make_bag([("a", 1.0, {})]))["attachments"], [])
        writer = python_packages.load("mcap.writer")
        path = self.space.path("in.mcap")
        files = {"calib.yaml": b"a: 1\n", "maps/\x1b[31m": b"x" * 2_500_000, "none": b"", "robot.urdf": b"<r/>"}
        with open(path, "wb") as file:
            mcap = writer.Writer(file)
            mcap.start()
            mcap.add_message(mcap.register_channel("t", "json", 0), 1, b"{}", 1)
            for name, content in files.items():
                mcap.add_attachment(1, 1, name, "", content)
            mcap.finish()
        bag = self.space.path("files.zbag")
        self.run_ok("import", path, "-o", bag)
        self.assertEqual(self.info(bag)["attachments"],
                         [{"name": name, "bytes": len(content)} for name, content in files.items()])
        text = self.shown(bag)
        for line in ("  attachment calib.yaml, 5 B\n", ", 2.5 MB\n", "  attachment none, 0 B\n"):
            self.assertIn(line, text)
        self.assertNotIn("\x1b", text)
        text = terminal.output_of(self.space, 80, "info", bag, rows=24)
        self.assertIn("and 2 more: zbag info --all", text)
        self.assertNotIn("robot.urdf", text)

    def test_of_more_tracks_than_fit_the_worst_are_shown(self):
        bag = self.make_bag([(f"track/{n:02}", 1.0, {"n": n}) for n in range(96)]
                            + [(f"track/{n}", 1.0, {"n": 0}) for n in (77, 95)], "--merge", "shallow")
        shown = self.table(terminal.output_of(self.space, 80, "info", bag).splitlines())[1:]
        self.assertLess(len(shown), 20)
        self.assertEqual([line.split()[0] for line in shown[:3]],
                         ["track/77", "track/95", "track/00"])
        self.assertIn("track/00", self.table(self.shown(bag).splitlines())[1])

    def test_every_loss_is_told_when_asked_for(self):
        bag = self.space.path("lossy.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for src in range(1, 10):
            for seq in (0, src + 1):
                sensor.send("arm", {"_ts": float(src), "n": seq, "_src": src, "_seq": seq})
        harness.wait_until(lambda: json.loads(self.run_ok("ctl", "record", "metrics").stdout)
                           ["received"] == 18, "the frames")
        self.assertEqual(recorder.stop(), harness.LOSSY)
        for words, count in (((), 5), (("--losses",), 9)):
            text = terminal.output_of(self.space, 80, "info", *words, bag)
            self.assertEqual(text.count(" lost\n"), count, text)

    def test_a_run_that_was_not_closed_is_told_of(self):
        bag = self.space.path("a.zbag")
        recorder = self.start_recorder(bag)
        self.assertNotIn("not closed 1", self.shown(bag))
        recorder.kill()
        self.assertIn("not closed 1 run", self.shown(bag))

    def test_a_damaged_page_tree_is_named(self):
        """Whichever page it is, LMDB is not let near it; one that nothing leads to any more is none."""
        whole = self.make_bag([(f"robot/{n % 80}", 1000.0 + n, {"n": n}) for n in range(8000)])
        said = self.shown(whole)
        with open(whole, "rb") as file:
            content = file.read()
        bag = self.space.path("damaged.zbag")
        named = 0
        for at in range(2 * 4096, len(content), 4096):
            number, kind = int.from_bytes(content[at:at + 8], "little"), content[at + 10:at + 12]
            if number != at // 4096 or kind not in (b"\1\0", b"\2\0"):
                continue
            for fill in (b"\0", b"\xff"):
                with open(bag, "wb") as file:
                    file.write(content[:at] + fill * 4096 + content[at + 4096:])
                done = self.space.run("info", bag)
                with self.subTest(page=number, fill=fill):
                    self.assertIn(done.returncode, (DONE, DAMAGED), done.stderr)
                    if done.returncode == DONE:
                        self.assertEqual(done.stdout.decode().replace(bag, whole), said)
                    else:
                        self.assert_one_line(done.stderr, bag, f"page {number}")
                        named += 1
        self.assertGreater(named, 10)


if __name__ == "__main__":
    harness.main()
