#!/usr/bin/env python3
"""Importing: what is left of one that ends early, and what comes through it unchanged.

Proves cli.md (import, cat, exit codes): a bag that looks whole is whole, and no other is touched.
"""

import json
import lzma
import os
import signal
import subprocess
import threading
import unittest

import harness
from harness import DAMAGED, FAILED, LOSSY, USAGE


def line_of(track, stamp, **fields):
    return json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"


class ImportTest(harness.SystemTest):

    def piped(self, bag, *more):
        """An import that reads what is written to its stdin."""
        process = subprocess.Popen([harness.binary(), "import", "-", "-o", bag, *more],
                                   env=self.space.env, cwd=self.space.folder,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def feed(self, process, first, limit):
        process.stdin.write("".join(line_of("a", float(n), n=n)
                                    for n in range(first, limit)).encode())
        process.stdin.flush()

    def ended(self, process, code):
        """What it said, once its input has ended."""
        said = process.communicate(timeout=harness.DEADLINE)[1].decode("utf-8", "replace")
        self.assertEqual(process.returncode, code, said)
        return said

    def numbers(self, bag):
        done = self.run_ok("cat", bag)
        return [json.loads(line)["n"] for line in done.stdout.decode().splitlines()]

    def has(self, bag, frames):
        return os.path.exists(bag) and self.space.run("cat", bag).stdout.count(b"\n") >= frames

    def begun(self, name="d.zbag"):
        """An import that has stored a thousand frames and waits for more."""
        bag = self.space.path(name)
        process = self.piped(bag)
        self.feed(process, 0, 1000)
        harness.wait_until(lambda: self.has(bag, 1000), "frames")
        return bag, process

    def replaced(self, bag):
        """Somebody's bag of one frame in its place."""
        precious = self.space.path("precious.zbag")
        self.run_ok("import", self.write("p.jsonl", line_of("p", 1.0, n=7)), "-o", precious)
        os.rename(precious, bag)

    def test_a_stop_removes_its_own_bag_and_no_other(self):
        bag, process = self.begun()
        self.replaced(bag)
        process.send_signal(signal.SIGINT)
        self.assertIn("stopped; nothing was written", self.ended(process, FAILED))
        self.assertEqual(self.numbers(bag), [7])
        self.assertFalse(os.path.exists(self.space.path("d.rescued.zbag")))

    def test_a_bag_that_is_replaced_goes_on_in_a_copy(self):
        bag, process = self.begun()
        self.replaced(bag)
        self.feed(process, 1000, 2000)
        said = self.ended(process, LOSSY)
        rescued = self.space.path("d.rescued.zbag")
        self.assertIn(f"imported 2,000 frames into {rescued}", said)
        self.assertEqual(self.numbers(bag), [7])
        self.assertEqual(self.numbers(rescued), list(range(2000)))

    def test_a_bag_that_is_removed_goes_on_in_a_copy(self):
        bag, process = self.begun()
        os.remove(bag)
        said = self.ended(process, LOSSY)
        self.assertIn("imported 1,000 frames into " + self.space.path("d.rescued.zbag"), said)
        self.assertFalse(os.path.exists(bag))

    def test_a_bag_that_is_cut_short_is_left_for_recover(self):
        bag, process = self.begun()
        os.truncate(bag, 8192)
        self.feed(process, 1000, 1100)
        said = self.ended(process, DAMAGED)
        self.assertIn("zbag recover", said)
        self.assertTrue(os.path.exists(bag))

    def test_a_stop_on_a_quiet_pipe_leaves_nothing(self):
        bag, process = self.begun()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(harness.DEADLINE), FAILED)  # while nothing comes
        self.assertIn("stopped; nothing was written", self.ended(process, FAILED))
        self.assertFalse(os.path.exists(bag))
        self.assertFalse(os.path.exists(bag + "-lock"))

    def test_a_stop_is_heard_among_blank_lines(self):
        bag, process = self.begun()
        blank = threading.Event()

        def write():
            try:
                while True:
                    process.stdin.write(b"\n" * 65536)
                    blank.set()
            except (BrokenPipeError, ValueError):
                pass
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        blank.wait(harness.DEADLINE)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(harness.DEADLINE), FAILED)
        writer.join(harness.DEADLINE)
        self.assertIn("stopped; nothing was written", process.stderr.read().decode())
        self.assertFalse(os.path.exists(bag))

    def test_the_run_of_what_ended_early_stays_open(self):
        whole = lzma.compress("".join(
            line_of("a", float(n), n=n, s=os.urandom(40).hex()) for n in range(3000)).encode())
        path = self.space.path("cut.jsonl.xz")
        with open(path, "wb") as file:
            file.write(whole[:len(whole) // 2])
        bag = self.space.path("cut.zbag")
        done = self.run_ok("import", path, "-o", bag, code=DAMAGED)
        self.assertIn("left unclosed", done.stderr)
        runs = json.loads(self.run_ok("info", bag, "--json").stdout)["runs"]
        self.assertEqual([run["status"] for run in runs], ["open"])
        self.assertEqual(self.numbers(bag), list(range(len(self.numbers(bag)))))

    @unittest.skipIf(subprocess.run(["unshare", "-rm", "true"], capture_output=True,
                                    check=False).returncode, "no mounts of our own here")
    def test_a_full_disk_with_nothing_made_is_a_failure_of_every_verb(self):
        source = self.write("in.jsonl", "".join(
            line_of("a", float(n), n=n, s=os.urandom(400).hex()) for n in range(4000)))
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag)
        os.mkdir(self.space.path("small"))
        for command in (("import", source, "-o", "small/new.zbag"),
                        ("cut", bag, "-o", "small/new.zbag"),
                        ("export", bag, "-o", "small/new.jsonl", "--format", "jsonl")):
            with self.subTest(command=command):
                done = subprocess.run(
                    ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=200k none small && '
                     '"$@"; code=$?; ls small; exit $code', "sh", harness.binary(), *command],
                    env=self.space.env, cwd=self.space.folder, capture_output=True, check=False)
                self.assertEqual(done.returncode, FAILED, done.stderr)
                self.assertEqual(done.stdout, b"", done.stderr)

    def raw(self, bag, *options):
        return self.run_ok("cat", bag, "--format", "raw", *options).stdout

    def test_what_looks_like_a_word_comes_back_from_cat_and_export(self):
        for fields in ({"fields": {"x": 1}}, {"fields_": {"x": 1}}, {"fields": 1},
                       {"fields": {"x": 1}, "b": 2}, {"m": {"$bin": "AA=="}},
                       {"m": {"$ext": 1, "$bin": "AA=="}}, {"m": {"$$bin": "AA=="}},
                       {"$bin": "AA=="}):
            with self.subTest(fields=fields):
                at = len(os.listdir(self.space.folder))
                words = json.dumps(fields).replace('"$', '"$$')
                source = self.write(f"{at}.jsonl", f'{{"track":"a","_ts":1,"fields":{words}}}\n')
                bag = self.space.path(f"{at}.zbag")
                self.run_ok("import", source, "-o", bag)
                for verb, *options in (("cat",), ("cat", "--all"),
                                       ("export", "-o", "-", "--format", "jsonl", "--layout",
                                        "neutral")):
                    text = self.run_ok(verb, bag, *options).stdout.decode()
                    again = self.space.path(f"{at}{len(os.listdir(self.space.folder))}.zbag")
                    self.run_ok("import", self.write("again.jsonl", text), "-o", again)
                    self.assertEqual(self.raw(again), self.raw(bag), text)

    def test_system_tracks_come_through(self):
        source = self.write("in.jsonl", line_of("a", 1.0, n=1) + line_of("_sys/log", 2.0, n=2))
        bag, again = self.space.path("a.zbag"), self.space.path("again.zbag")
        self.run_ok("import", source, "-o", bag)
        done = self.run_ok("export", bag, "-o", "-", "--format", "jsonl", "--layout", "neutral",
                           "--track", "**", "--track", "_sys/**")
        self.run_ok("import", self.write("out.jsonl", done.stdout.decode()), "-o", again)
        choice = ("--track", "**", "--track", "_sys/**")
        self.assertEqual(self.raw(again, *choice), self.raw(bag, *choice))
        self.assertEqual(self.raw(again, *choice).count(b"_sys/log"), 1)

    def test_a_frame_may_hold_as_many_values_as_it_is_told(self):
        source = self.write("in.jsonl", '{"track":"a","_ts":1,"fields":{"v":['
                            + ",".join(["1"] * 1_100_000) + "]}}\n")
        bag = self.space.path("a.zbag")
        self.run_ok("import", source, "-o", bag, code=LOSSY)
        self.run_ok("import", source, "-o", bag, "--max-items", "1200000")

    def test_rows_that_nothing_says_the_track_of_are_refused_with_the_remedy(self):
        process = self.piped(self.space.path("a.zbag"))
        process.stdin.write(b'{"timestamp":1.0,"n":1}\n')
        said = self.ended(process, FAILED)
        self.assertIn("TRACK.jsonl", said)
        self.assertNotIn("imported", said)

    def test_a_link_out_of_a_folder_is_not_followed(self):
        os.mkdir(self.space.path("out"))
        self.write("out/a.jsonl", line_of("a", 1.0, n=1))
        os.symlink("a.jsonl", self.space.path("out", "b.jsonl"))
        bag = self.space.path("a.zbag")
        self.run_ok("import", self.space.path("out"), "-o", bag)
        self.assertEqual(self.numbers(bag), [1])
        os.symlink(self.write("secret.jsonl", line_of("s", 1.0, n=2)),
                   self.space.path("out", "c.jsonl"))
        done = self.run_ok("import", self.space.path("out"), "-o", self.space.path("c.zbag"),
                           code=FAILED)
        self.assertIn("out/c.jsonl: a link out of the folder", done.stderr)

    def test_what_is_no_recording_in_a_folder_costs_no_other_file(self):
        self.write("day/imu.csv", "time,ax\n1.0,2\n2.0,3\n")
        self.write("day/names.csv", "who,what\na,b\n")
        bag = self.space.path("day.zbag")
        done = self.run_ok("import", self.space.path("day"), "-o", bag, code=LOSSY)
        self.assertRegex(done.stderr.splitlines()[0], "names.csv.*--time-field.*left out")
        self.assertEqual([track["name"] for track in self.info(bag)["tracks"]], ["imu"])
        os.remove(self.space.path("day", "imu.csv"))
        done = self.run_ok("import", self.space.path("day"), "-o", self.space.path("no.zbag"), code=USAGE)
        self.assert_one_line(done.stderr, "names.csv", "--time-field")
        self.assertFalse(os.path.exists(self.space.path("no.zbag")))

    def test_members_of_a_line_may_come_in_any_order(self):
        lines = ['{"_ts":1.0,"track":"a","n":1}', '{"track":"a","_ts":2.0,"n":2}', '{"n":3,"track":"a","_ts":3.0}',
                 '{"fields":{"n":4},"_ts":4.0,"track":"a"}', '{"_seq":7,"n":5,"_ts":5.0,"track":"a"}']
        bag = self.space.path("a.zbag")
        self.run_ok("import", self.write("a.jsonl", "\n".join(lines) + "\n"), "-o", bag)
        self.assertEqual(self.numbers(bag), [1, 2, 3, 4, 5])

    def test_what_was_refused_is_known_to_the_bag(self):
        bag = self.space.path("a.zbag")
        lines = line_of("a", 1.0, n=1) + "nonsense\n" * 3
        self.run_ok("import", self.write("a.jsonl", lines), "-o", bag, code=LOSSY)
        self.assertEqual(self.info(bag)["runs"][0]["metadata"]["import_refused"], 3)

    def test_tracks_are_chosen(self):
        lines = self.write("a.jsonl", "".join(line_of(track, float(n), n=n) for n in range(3)
                                              for track in ("arm/left", "arm/right", "camera")))
        for words, tracks in ((("--track", "arm/*"), ["arm/left", "arm/right"]),
                              (("--exclude", "arm/**"), ["camera"]),
                              (("--track", "camera", "--track", "arm/left"), ["arm/left", "camera"])):
            with self.subTest(words):
                bag = self.space.path("a.zbag")
                self.run_ok("import", lines, "-o", bag, *words)
                self.assertEqual([track["name"] for track in self.info(bag)["tracks"]], tracks)
                os.remove(bag)
        done = self.run_ok("import", lines, "-o", bag, "--track", "camera", "--track", "arn/left", code=LOSSY)
        self.assertIn("no track matches arn/left; did you mean arm/left?", done.stderr)
        self.assertEqual(self.numbers(bag), [0, 1, 2])
        os.remove(bag)
        done = self.run_ok("import", lines, "-o", bag, "--track", "nothing", code=LOSSY)
        self.assertFalse(os.path.exists(bag))

    def test_files_of_one_name_are_told_of(self):
        one, two = (self.write(f"{day}/imu.csv", f"time,x\n{day}.0,2\n") for day in (1, 2))
        bag = self.space.path("a.zbag")
        done = self.run_ok("import", one, two, "-o", bag)
        self.assert_one_line(done.stderr.splitlines()[0] + "\n", one, two, "both of track imu")
        self.assertEqual([track["points"] for track in self.info(bag)["tracks"]], [2])
        os.remove(bag)
        done = self.run_ok("import", self.space.folder, "-o", bag)
        self.assertNotIn("both of track", done.stderr)
        self.assertEqual([track["name"] for track in self.info(bag)["tracks"]], ["1/imu", "2/imu"])

    def test_what_no_format_has_a_use_for_is_refused(self):
        rows = self.write("a.csv", "time,when,x\n1.0,1.0,2\n")
        lines = self.write("a.jsonl", line_of("b", 1.0, n=1))
        bag = self.space.path("a.zbag")
        missing = self.run_ok("import", "none.bag", "-o", bag, "--stamp", "log", code=FAILED)
        self.assert_one_line(missing.stderr, "none.bag", "No such file")
        for source, words, named in ((rows, ("--stamp", "header"), "ros1, mcap, ros2"),
                                     (lines, ("--time-field", "when"), "hdf5, csv, parquet"),
                                     (rows, ("--videos", "decode"), "lerobot")):
            done = self.run_ok("import", source, "-o", bag, *words, code=USAGE)
            self.assert_one_line(done.stderr, f"{words[0]} is for {named}", "leave it out")
        # One of several has a use for it; and a setting of a file is for all imports there will be.
        settings = self.write("settings.yaml", "import: {stamp: log, time-field: when}\n")
        self.run_ok("import", rows, lines, "-o", bag, "--config", settings)
        os.remove(bag)
        self.run_ok("import", rows, lines, "-o", bag, "--time-field", "when")

    def test_rows_of_one_time_are_points_and_frames_of_one_are_told_of(self):
        rows = self.write("a.csv", "time,x\n1.0,2\n1.0,2\n1.0,3\n")
        frames = self.write("a.jsonl", '{"track":"a","_ts":1.0,"fields":{"x":2}}\n' * 3)
        for source, options, points, says in ((rows, (), 3, "imported 3 frames into"),
                                              (rows, ("--merge", "join"), 2, "1 of them into points"),
                                              (frames, (), 1, "2 of them into points"),
                                              (frames, ("--merge", "append"), 3, "imported 3 frames")):
            with self.subTest(source=source, options=options):
                bag = self.space.path("a.zbag")
                done = self.run_ok("import", source, "-o", bag, *options)
                self.assertEqual(self.info(bag)["points"], points)
                self.assertIn(says, done.stderr)
                os.remove(bag)

    def test_a_folder_that_is_called_like_a_file_is_looked_into(self):
        self.write("day/imu.csv/part-0.csv", "time,ax\n1.0,2\n")
        bag = self.space.path("day.zbag")
        self.run_ok("import", self.space.path("day"), "-o", bag)
        self.assertEqual([track["name"] for track in self.info(bag)["tracks"]], ["imu.csv/part-0"])

    def test_a_link_to_a_folder_is_not_passed_over_in_silence(self):
        self.write("day/imu.csv", "time,ax\n1.0,2\n")
        self.write("else/more.csv", "time,ax\n1.0,2\n")
        os.symlink(self.space.path("else"), self.space.path("day", "more"))
        done = self.run_ok("import", self.space.path("day"), "-o", self.space.path("x.zbag"), code=FAILED)
        self.assert_one_line(done.stderr, "day/more", "not followed")

    def test_nothing_stands_behind_a_document(self):
        path = self.write("a.json", '{"entries":[{"timestamp":1.0,"x":1}],"count":1}\n{"timestamp":2.0,"x":2}\n')
        done = self.run_ok("import", path, "-o", self.space.path("x.zbag"), code=DAMAGED)
        self.assertIn("a.json", done.stderr)

    def test_damage_of_one_file_costs_no_other_one(self):
        first = self.write("a.csv", "time,a\n1.0,2\n2.0,\"3\n")
        other = self.write("b.csv", "time,b\n1.0,2\n2.0,3\n")
        bag = self.space.path("ab.zbag")
        done = self.run_ok("import", first, other, "-o", bag, code=DAMAGED)
        self.assertIn("a.csv", done.stderr)
        self.assertIn("run is left unclosed", done.stderr)
        points = {track["name"]: track["points"] for track in self.info(bag)["tracks"]}
        self.assertEqual(points["b"], 2)

    def test_a_mark_of_utf8_before_the_first_line_is_passed_over(self):
        bag = self.space.path("a.zbag")
        self.run_ok("import", self.write("in.jsonl", "\ufeff" + line_of("a", 1.0, n=1)), "-o", bag)
        self.assertEqual(self.numbers(bag), [1])


if __name__ == "__main__":
    harness.main()
