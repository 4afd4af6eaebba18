#!/usr/bin/env python3
"""One vocabulary of selection: what is chosen of bags and of the bus, how it is written, and what is
said of what is nowhere.

Several bags and folders of bags are here, too.
"""

import json
import os
import re

import lmdb

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE


class SelectionTest(harness.SystemTest):
    """Bags of two tracks, ten points each, a second apart."""

    def make_bag(self, name="a", start=1000.0, tracks=("robot1/imu", "robot2/imu")):
        source = self.space.path(name.replace("/", "_") + ".jsonl")
        with open(source, "w", encoding="utf-8") as file:
            for n in range(10):
                for track in tracks:
                    file.write(json.dumps({"track": track, "_ts": start + n, "fields": {
                        "n": n, "pos": {"x": n, "y": -n}}}) + "\n")
        bag = self.space.path(name + ".zbag")
        self.run_ok("import", source, "-o", bag, "--quiet")
        return bag

    def cat(self, *arguments, code=DONE):
        return [json.loads(line) for line in self.run_ok("cat", *arguments, code=code).stdout
                .splitlines()]

    def neutral(self, *arguments, code=DONE):
        done = self.run_ok("export", *arguments, "--format", "jsonl", "-o", "-", code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def made(self, verb, bag, *options):
        """The points of the bag that `cut` or `merge` makes."""
        new = self.space.path("made.zbag")
        self.run_ok(verb, bag, "-o", new, *options)
        self.assert_equation(self.assert_whole(new))
        points = self.cat(new)
        os.remove(new)
        return points

    def played(self, *arguments):
        bus = self.start_broker()
        listener = self.listener(bus)
        done = self.run_ok("play", *arguments, "--burst", *bus.urls)
        said = int(done.stderr.split("published ")[1].split(" frame")[0])
        heard = [(topic.decode(), harness.without_bus_fields(harness.unpack_frame(frame)))
                 for topic, frame in listener.take(said)]
        self.assertIsNone(listener.receive(0.2))
        self.assertEqual(bus.stop(), DONE)
        return heard


class QuantitiesTest(SelectionTest):
    """Durations and sizes as people write them."""

    def config(self, *options):
        lines = self.run_ok("record", "--print-config", *options).stdout.decode().splitlines()
        return dict(line.split("#")[0].strip().split(": ") for line in lines[1:] if "# not set" not in
                    line and not line.strip().startswith("#"))

    def test_spans_and_sizes_have_units_wherever_they_come_from(self):
        path = self.space.path("c.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("record:\n  duration: 1m30s\n  max-size: 1GB\n")
        self.space.env["ZBAG_MIN_FREE"] = "512MiB"
        config = self.config("--config", path, "--set", "sync=1.5s", "--buffer-mb", "1GiB",
                             "--flush-interval", "250ms", "--max-duration", "2h")
        wanted = {"duration": "90", "max-size": "1000", "min-free": "536.870912", "sync": "1500",
                  "buffer-mb": "1073.741824", "flush-interval": "0.25", "max-duration": "7200"}
        self.assertEqual({name: config[name].strip() for name in wanted}, wanted)

    def test_a_bad_one_is_told_with_an_example(self):
        for option, word in (("--duration", "1m30s"), ("--sync", "250ms"), ("--max-size", "512MB")):
            with self.subTest(option=option):
                done = self.run_ok("record", "--print-config", option, "3 parsecs", code=USAGE)
                self.assert_one_line(done.stderr, option, "3 parsecs", word)

    def test_a_launch_file_has_them_too(self):
        path = self.space.path("l.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("nodes:\n  a: {command: 'true', restart_delay: 1m 30s}\n")
        done = self.run_ok("launch", path, "--dry-run", code=USAGE)
        self.assert_one_line(done.stderr, f"{path}:2", "1m30s")
        with open(path, "w", encoding="utf-8") as file:
            file.write("nodes:\n  a: {command: 'true', restart_delay: 1m30s, wait_timeout: 250ms}\n")
        self.run_ok("launch", path, "--dry-run")


class ChoiceTest(SelectionTest):
    """The same words mean the same for every verb that reads bags."""

    def test_tracks_times_and_a_limit_choose_alike_for_every_verb_that_gives_points(self):
        bag = self.make_bag()
        for options, expected in (
                (("--start", "+2", "--duration", "2s"), [(n, t) for n in (2, 3, 4) for t in "12"]),
                (("--start", "+2", "--end", "+3", "--duration", "2h"),
                 [(n, t) for n in (2, 3) for t in "12"]),
                (("--end", "+8", "--duration", "1000ms"), [(n, t) for n in (0, 1) for t in "12"]),
                (("--exclude", "robot1/**", "--limit", "2"), [(0, "2"), (1, "2")]),
                (("--track", "robot*/imu", "--limit", "3"), [(0, "1"), (0, "2"), (1, "1")]),
                (("--track", "/robot2/imu", "--start", "-1"), [(8, "2"), (9, "2")])):
            with self.subTest(options=options):
                names = [(n, f"robot{t}/imu") for n, t in expected]
                self.assertEqual([(line["n"], line["track"]) for line in self.cat(bag, *options)], names)
                self.assertEqual([(line["fields"]["n"], line["track"])
                                  for line in self.neutral(bag, *options)], names)
                self.assertEqual([(frame["n"], track) for track, frame in
                                  self.played(bag, *options)], names)
                for verb in ("cut", "merge"):
                    self.assertEqual([(line["n"], line["track"])
                                      for line in self.made(verb, bag, *options)], names)
                out = self.space.path("_".join(("out", *options)).replace("/", "_"))
                self.run_ok("export", bag, *options, "--format", "json", "-o", out)
                found = []
                for track in ("robot1", "robot2"):
                    path = os.path.join(out, track, "imu.json")
                    if os.path.exists(path):
                        with open(path, encoding="utf-8") as file:
                            found += [(row["n"], f"{track}/imu") for row in json.load(file)["entries"]]
                self.assertEqual(sorted(found), sorted(names))

    def test_columns_choose_alike_and_are_called_fields_too(self):
        bag = self.make_bag(tracks=("a",))
        for option in ("--columns", "--fields"):
            words = (bag, option, "pos.y", "--limit", "1")
            self.assertEqual(self.cat(*words), [{"_ts": 1000.0, "track": "a", "pos.y": 0}])
            self.assertEqual(self.neutral(*words)[0]["fields"], {"pos": {"y": 0}})
            self.assertEqual(self.played(*words), [("a", {"_ts": 1000.0, "pos": {"y": 0}})])
            for verb in ("cut", "merge"):
                self.assertEqual(self.made(verb, *words),
                                 [{"_ts": 1000.0, "track": "a", "pos": {"y": 0}}])
        self.assertEqual(self.cat(bag, "--columns", "pos", "--limit", "1"),
                         [{"_ts": 1000.0, "track": "a", "pos.x": 0, "pos.y": 0}])

    def test_cut_chooses_by_track_and_time(self):
        bag, new = self.make_bag(), self.space.path("new.zbag")
        self.run_ok("cut", bag, "-o", new, "--track", "robot*/imu", "--exclude", "/robot1/*",
                    "--start", "+2", "--duration", "1s")
        self.assertEqual([(line["n"], line["track"]) for line in self.cat(new)],
                         [(2, "robot2/imu"), (3, "robot2/imu")])

    def test_what_is_chosen_of_several_bags_is_chosen_before_they_are_merged(self):
        bags = [self.make_bag(name, tracks=("a",)) for name in ("a", "b")]
        words = (*bags, "--columns", "n", "--limit", "5")
        self.assertEqual([line["n"] for line in self.cat(*words)], [0, 0, 1, 1, 2])
        new = self.space.path("new.zbag")
        done = self.run_ok("merge", "-o", new, *words)
        self.assertIn(": 3 points, 0 kept apart, 2 merged into others", done.stderr)
        self.assertEqual(self.cat(new), [{"_ts": 1000.0 + n, "track": "a", "n": n} for n in range(3)])
        track = self.assert_whole(new)["tracks"][0]
        self.assertEqual((track["fields"], track["points"]), ({"n": "int"}, 3))

    def test_a_limit_of_none_is_no_limit(self):
        bag = self.make_bag(tracks=("a",))
        for verb in ("cut", "merge"):
            self.assertEqual(len(self.made(verb, bag, "--limit", "0")), 10)

    def test_a_replay_stops_after_so_many_points_also_in_laps(self):
        bag = self.make_bag(tracks=("a",))
        self.assertEqual([frame["n"] for _, frame in self.played(bag, "--loop", "--limit", "13")],
                         [n % 10 for n in range(13)])

    def test_an_option_is_called_by_its_other_name_in_files_and_variables(self):
        path = self.space.path("c.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("tap:\n  fields: [x, y]\n  count: 4\n")
        text = self.run_ok("tap", "--print-config", "--config", path).stdout.decode()
        self.assertIn("columns: [x, y]  #", text)
        self.assertIn("limit: 4  #", text)
        self.space.env.update(ZBAG_COUNT="5", ZBAG_FIELDS="z")
        text = self.run_ok("tap", "--print-config", "--config", path).stdout.decode()
        self.assertIn("columns: [z]  # ZBAG_FIELDS", text)
        self.assertIn("limit: 5  # ZBAG_COUNT", text)
        self.assertIn("limit: 6  # --set", self.run_ok(
            "tap", "--print-config", "--set", "count=6").stdout.decode())


class NowhereTest(SelectionTest):
    """What is named and is nowhere is one line, exit 3, and no file."""

    def test_a_name_that_is_nowhere_is_told_by_every_verb(self):
        bag, out = self.make_bag(), self.space.path("out")
        for options, words in ((("--track", "robot1/imo"), ("no track matches", "robot1/imu?")),
                               (("--track", "robot9*/imu"), ("no track matches robot9*/imu",)),
                               (("--columns", "n,number"), ("column number",)),
                               (("--columns", "n.x"), ("column n.x",))):
            for verb in (("cat",), ("play", "--publish-to", "tcp://127.0.0.1:1"),
                         ("export", "--format", "jsonl", "-o", out),
                         ("export", "--format", "json", "-o", out + ".json"), ("cut", "-o", out),
                         ("merge", "-o", out)):
                with self.subTest(options=options, verb=verb):
                    done = self.run_ok(verb[0], bag, *verb[1:], *options, code=LOSSY)
                    self.assert_one_line(done.stderr, f"zbag {verb[0]}: ", *words)
                    self.assertEqual(done.stdout, b"")
                    self.assertFalse(os.path.exists(out) or os.path.exists(out + ".json"))

    # Everything is there that was asked for: nothing is lost or skipped (cli.md, Exit codes).
    def test_an_exclusion_of_nothing_is_a_warning_of_every_verb_that_knows_all_tracks(self):
        bag, out = self.make_bag(), self.space.path("out")
        bus = self.start_broker()
        listener = self.listener(bus)
        sending = ("--burst", *bus.urls)
        for verb, source, *options in (
                ("cat", bag), ("info", bag), ("check", bag), ("play", bag, *sending),
                ("export", bag, "-o", out, "--format", "jsonl"), ("cut", bag, "-o", out + "1.zbag"),
                ("merge", bag, "-o", out + "2.zbag"), ("pub", self.space.path("a.jsonl"), *sending)):
            with self.subTest(verb=verb):
                done = self.run_ok(verb, source, *options, "--exclude", "robot2/*", "--exclude",
                                   "robot3/imu")
                warnings = [line for line in done.stderr.splitlines() if "warning" in line]
                self.assert_one_line("".join(warnings) + "\n", f"zbag {verb}: ", "--exclude: no track "
                                     "matches robot3/imu; did you mean robot1/imu?")
        listener.take(20)
        self.assertEqual(bus.stop(), DONE)

    def test_of_a_bag_that_is_being_recorded_it_is_a_warning(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        sensor.send("a", {"_ts": 1.0, "n": 1})
        harness.wait_until(lambda: self.info(bag)["points"] == 1, "the point")
        done = self.run_ok("cat", bag, "--track", "a", "--track", "b")
        self.assertIn("warning: no track matches b", self.assert_one_line(done.stderr))
        self.assertEqual(recorder.stop(), DONE)

    def test_a_range_without_points_writes_the_empty_shape_and_says_so(self):
        bag = self.make_bag(tracks=("a",))
        for times in (("--start", "+0.1", "--end", "+0.9"), ("--start", "5000"),
                      ("--start", "+5", "--end", "+4")):
            with self.subTest(times=times):
                for verb in ("cat", "play"):
                    done = self.run_ok(verb, bag, *times, code=LOSSY)
                    self.assert_one_line(done.stderr, f"zbag {verb}: no point is chosen",
                                         "some from 1970-01-01T00:16:40",
                                         "to 1970-01-01T00:16:49")
                for name, format_, content in (("o.jsonl", "jsonl", b""),
                                               ("o.json", "json", b'{"entries":[],"count":0}\n')):
                    out = self.space.path(name)
                    done = self.run_ok("export", bag, *times, "--format", format_, "-o", out,
                                       code=LOSSY)
                    self.assertIn("zbag export: no point is chosen", done.stderr)
                    with open(out, "rb") as file:
                        self.assertEqual(file.read(), content)
                    os.remove(out)
                new = self.space.path("new.zbag")
                self.assertIn("zbag cut: no point is chosen",
                              self.run_ok("cut", bag, "-o", new, *times, code=LOSSY).stderr)
                self.assertEqual(self.assert_whole(new)["points"], 0)
                os.remove(new)

    def test_an_index_behind_the_last_and_a_track_without_its_robot_get_a_hint(self):
        bag = self.make_bag()
        done = self.run_ok("cat", bag, "--track", "robot1/imu", "--start-index", "10", code=LOSSY)
        self.assert_one_line(done.stderr, "robot1/imu has 10 points")
        done = self.run_ok("cat", bag, "--track", "imu", code=LOSSY)
        self.assert_one_line(done.stderr, "did you mean '**/imu'?")

    def test_who_takes_one_track_is_told_its_name_and_of_no_pattern(self):
        bag = self.make_bag()
        for words in (("analyze", bag, "trends", "--track", "imu", "--field", "n"),
                      ("plot", bag, "imu:n", "-o", self.space.path("p.svg")),
                      ("cat", bag, "--where", "imu: n > 1")):
            with self.subTest(words=words):
                done = self.run_ok(*words, code=LOSSY)
                self.assert_one_line(done.stderr, "no track imu; did you mean robot1/imu?")
        done = self.run_ok("analyze", bag, "trends", "imu", code=USAGE)
        self.assert_one_line(done.stderr, "'imu' is one argument too many", "--track TRACK")

    def test_a_relative_time_needs_points(self):
        bag = self.space.path("empty.zbag")
        self.assertEqual(self.start_recorder(bag).stop(), DONE)
        out = ("-o", self.space.path("out.zbag"))
        for verb, *options in (("cat",), ("play",), ("cut", *out),
                               ("export", "-o", self.space.path("out"), "--format", "jsonl")):
            for time in (("--start", "+1"), ("--end=-1",)):
                with self.subTest(verb=verb, time=time):
                    done = self.run_ok(verb, bag, *options, *time, code=LOSSY)
                    self.assert_one_line(done.stderr, "relative", "there are no points")
        self.assertFalse(os.path.exists(out[1]) or os.path.exists(self.space.path("out")))

    def test_a_bag_without_points_has_given_all_it_has(self):
        bag = self.space.path("empty.zbag")
        self.assertEqual(self.start_recorder(bag).stop(), DONE)
        self.assertEqual(self.run_ok("cat", bag).stderr, "")
        self.run_ok("export", bag, "--format", "jsonl", "-o", "-")


class SeveralBagsTest(SelectionTest):
    """Several bags, or a folder of them."""

    def make_folder(self):
        """runs/b.zbag (first in time), runs/a.zbag, runs/run_1/run.zbag."""
        os.makedirs(self.space.path("runs", "run_1", "deep"))
        self.make_bag("runs/a", 2000.0, ("a",))
        self.make_bag("runs/b", 1000.0, ("b",))
        self.make_bag("runs/run_1/run", 3000.0, ("c",))
        self.make_bag("runs/run_1/deep/no", 4000.0, ("d",))
        return self.space.path("runs")

    def test_cat_and_export_play_a_folder_as_one_by_time(self):
        folder = self.make_folder()
        self.assertEqual([line["track"] for line in self.cat(folder)], ["b"] * 10 + ["a"] * 10 +
                         ["c"] * 10)
        self.assertEqual([line["track"] for line in self.neutral(folder)], ["b"] * 10 + ["a"] * 10 +
                         ["c"] * 10)
        self.assertEqual([track for track, _ in self.played(folder, "--start", "-9", "--limit", "2")],
                         ["c", "c"])
        bags = (os.path.join(folder, "b.zbag"), os.path.join(folder, "a.zbag"))
        self.assertEqual([line["_ts"] for line in self.cat(*bags, "--limit", "11")],
                         [1000.0 + n for n in range(10)] + [2000.0])

    def test_a_bag_of_two_names_is_read_once(self):
        folder = self.make_folder()
        os.symlink("a.zbag", os.path.join(folder, "latest.zbag"))
        bag = os.path.join(folder, "a.zbag")
        self.assertEqual(len(self.cat(folder)), 30)
        self.assertEqual(len(self.cat(bag, os.path.join(folder, ".", "a.zbag"))), 10)

    def test_merge_joins_a_folder(self):
        new = self.space.path("new.zbag")
        done = self.run_ok("merge", self.make_folder(), "-o", new)
        self.assertIn("merged 3 bags", done.stderr)
        self.assertEqual(self.assert_whole(new)["points"], 30)

    def test_merge_copies_a_choice_as_cut_does(self):
        new = self.space.path("new.zbag")
        folder = self.make_folder()
        self.run_ok("merge", folder, "-o", new, "--track", "a", "--track", "b", "--exclude", "b",
                    "--start", "+1000", "--duration", "3")
        cut = self.space.path("cut.zbag")
        self.run_ok("cut", os.path.join(folder, "a.zbag"), "-o", cut, "--end", "+3")
        self.assertGreater(len(self.cat(cut)), 0)
        self.assertEqual(self.cat(new), self.cat(cut))
        self.assertEqual([track["name"] for track in self.assert_whole(new)["tracks"]], ["a"])
        done = self.run_ok("merge", folder, "-o", self.space.path("x.zbag"), "--track", "c",
                           "--track", "nosuch", code=LOSSY)
        self.assert_one_line(done.stderr, "no track matches nosuch")
        self.assertFalse(os.path.exists(self.space.path("x.zbag")))

    def test_info_shows_the_chosen_tracks_alone(self):
        bag = self.make_bag()
        for chosen in (("--track", "robot1/**"), ("--exclude", "robot2/*")):
            info = json.loads(self.run_ok("info", bag, "--json", *chosen).stdout)
            self.assertEqual([track["name"] for track in info["tracks"]], ["robot1/imu"])
            self.assertEqual((info["points"], info["received"]), (10, 10))
            self.assertIn(b"points     10 in 1 of 2 tracks", self.run_ok("info", bag, *chosen).stdout)
        self.assertIn(b"points     20 in 2 tracks", self.run_ok("info", bag).stdout)
        done = self.run_ok("info", bag, "--track", "robot1/imo", code=LOSSY)
        self.assert_one_line(done.stderr, "did you mean robot1/imu?")
        self.assertEqual(done.stdout, b"")

    def test_check_looks_at_the_chosen_tracks_alone(self):
        bag = self.make_bag()
        for chosen in (("--track", "robot1/**"), ("--exclude", "robot2/*")):
            self.assertIn(b": whole: 10 points in 1 block; 1 of 2 tracks looked at",
                          self.run_ok("check", bag, *chosen).stdout)
            report = json.loads(self.run_ok("check", bag, "--json", *chosen).stdout)
            self.assertEqual((report["tracks"], report["tracks_left_out"], report["points"]),
                             (1, 1, 10))
        report = json.loads(self.run_ok("check", bag, "--json").stdout)
        self.assertEqual((report["tracks"], report["tracks_left_out"]), (2, 0))
        self.hurt_track(bag, "robot2/imu")
        self.assertIn("robot2/imu", self.run_ok("check", bag, code=DAMAGED).stderr)
        self.assertIn("robot2/imu", self.run_ok("check", bag, "--track", "*/imu", code=DAMAGED).stderr)
        self.assertEqual(self.run_ok("check", bag, "--track", "robot1/imu").stderr, "")

    def hurt_track(self, bag, name):
        """Changes a byte of the track's only block."""
        with lmdb.open(bag, subdir=False, max_dbs=16, readonly=True, lock=False) as env:
            with env.begin() as read, read.cursor(env.open_db(b"blocks", txn=read)) as cursor:
                blocks = [bytes(value) for _, value in cursor]
        track = [one["name"] for one in self.info(bag)["tracks"]].index(name)
        with open(bag, "r+b") as file:
            data = file.read()
            at = data.rindex(blocks[track]) + len(blocks[track]) // 2
            file.seek(at)
            file.write(bytes([data[at] ^ 0xFF]))

    def test_of_tracks_that_are_nowhere_or_all_excluded_nothing_is_looked_at(self):
        bag = self.make_bag()
        for verb in ("info", "check"):
            for chosen, words in ((("--track", "robot1/imo"), ("did you mean robot1/imu?",)),
                                  (("--exclude", "**"), ("no track is chosen", "--exclude"))):
                with self.subTest(verb=verb, chosen=chosen):
                    done = self.run_ok(verb, bag, *chosen, code=LOSSY)
                    self.assert_one_line(done.stderr, f"zbag {verb}: ", *words)
                    self.assertEqual(done.stdout, b"")

    def test_who_asks_for_a_part_of_tracks_that_are_looked_at_whole_is_told_who_gives_it(self):
        bag = self.make_bag()
        for verb in ("info", "check"):
            for option in ("--start=+1", "--end=+1", "--duration=1", "--columns=n", "--limit=1"):
                with self.subTest(verb=verb, option=option):
                    done = self.run_ok(verb, bag, option, code=USAGE)
                    self.assert_one_line(done.stderr, option.split("=")[0], "whole", "--track",
                                         "zbag cut")

    def test_a_bag_whose_pages_are_damaged_may_hold_what_is_named(self):
        bags = [self.make_bag(name) for name in ("a", "b")]
        with open(bags[1], "r+b") as file:
            file.truncate(5000)
        for verb in ("info", "check"):
            with self.subTest(verb=verb):
                done = self.run_ok(verb, *bags, "--track", "robot1/imu", "--track", "leg", code=DAMAGED)
                self.assertIn("warning: no track matches leg", done.stderr)
                self.assertIn(bags[1], done.stderr)
                self.assertEqual(done.stdout.decode().count("1 of 2 tracks"), 1)

    # What one bag lacks another may have.
    def test_info_and_check_choose_of_all_bags_together(self):
        folder = self.make_folder()
        reports = json.loads(self.run_ok("check", folder, "--json", "--track", "a").stdout)
        self.assertEqual(sorted(report["points"] for report in reports), [0, 0, 10])

    def test_info_opens_a_bag_as_often_for_a_choice_as_for_all(self):
        bag = self.make_bag()

        def opened(*words):
            with harness.OpenCounter(bag) as counter:
                self.run_ok("info", bag, *words)
            return counter.count

        # A choice asks besides whether the bag is being written: it may come to hold what is named.
        self.assertGreater(opened(), 1)
        self.assertLessEqual(opened("--track", "robot1/imu"), opened() + 1)

    def test_info_of_several_bags_chooses_of_all_together(self):
        done = self.run_ok("info", self.make_folder(), "--json", "--track", "a")
        names = [[track["name"] for track in bag["tracks"]] for bag in json.loads(done.stdout)]
        self.assertEqual(sorted(names), [[], [], ["a"]])

    def test_info_and_check_of_a_folder_are_arrays_and_of_a_bag_an_object(self):
        folder = self.make_folder()
        for verb in ("info", "check"):
            with self.subTest(verb=verb):
                several = json.loads(self.run_ok(verb, folder, "--json").stdout)
                self.assertEqual([one["points"] for one in several], [10, 10, 10])
                one = json.loads(self.run_ok(verb, os.path.join(folder, "a.zbag"), "--json").stdout)
                self.assertEqual(one["path"], os.path.join(folder, "a.zbag"))
                runs = json.loads(self.run_ok(verb, os.path.join(folder, "run_1"), "--json").stdout)
                self.assertEqual(len(runs), 2)

    def test_check_of_several_is_a_line_each_and_the_worst_exit_code(self):
        bags = [self.make_bag(name) for name in ("a", "b", "c")]
        done = self.run_ok("check", *bags)
        self.assertEqual([line.split(": ")[:2] for line in done.stdout.decode().splitlines()],
                         [[bag, "whole"] for bag in bags])
        with open(bags[1], "r+b") as file:
            file.truncate(5000)
        done = self.run_ok("check", *bags, code=DAMAGED)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assert_one_line(done.stderr, bags[1])
        reports = json.loads(self.run_ok("check", "--json", *bags, code=DAMAGED).stdout)
        self.assertEqual([one["path"] for one in reports], [bags[0], bags[2]])

    def test_verbs_that_make_a_bag_of_one_take_one(self):
        bags = [self.make_bag(name) for name in ("a", "b")]
        for verb in (("compact",), ("recover", "-o", "n.zbag"), ("cut", "-o", "n.zbag")):
            with self.subTest(verb=verb):
                done = self.run_ok(*verb, *bags, code=USAGE)
                self.assert_one_line(done.stderr, f"{verb[0]} takes exactly one BAG, not 2")
        self.assertFalse(os.path.exists(self.space.path("n.zbag")))

    def test_a_folder_without_bags_and_pages_of_several_are_told(self):
        os.mkdir(self.space.path("none"))
        for verb in ("info", "cat", "check", "play"):
            done = self.run_ok(verb, self.space.path("none"), code=FAILED)
            self.assert_one_line(done.stderr, "none", "no *.zbag")
        bags = [self.make_bag(name) for name in ("a", "b")]
        done = self.run_ok("cat", *bags, "--track", "robot1/imu", "--start-index", "0", code=USAGE)
        self.assert_one_line(done.stderr, "one bag")


class LeadingSlashTest(SelectionTest):
    """One leading / is taken off, wherever a track is named."""

    def test_names_and_patterns_may_have_one(self):
        bag = self.make_bag(tracks=("a",))
        self.assertEqual(len(self.cat(bag, "--track", "/a", "--start-index", "5")), 5)
        self.assertEqual({track for track, _ in self.played(
            bag, "--remap", "/a:=/b", "--prefix", "/again", "--limit", "3")}, {"again/b"})
        source = self.space.path("slash.jsonl")
        with open(source, "w", encoding="utf-8") as file:
            file.write('{"track":"/imu","_ts":1.0,"fields":{}}\n')
        self.run_ok("import", source, "-o", self.space.path("s.zbag"), "--merge", "/imu=deep")
        self.assertEqual(self.cat(self.space.path("s.zbag")), [{"_ts": 1.0, "track": "imu"}])

    def test_tap_and_topics_show_the_name_under_which_it_is_recorded(self):
        bus = self.start_broker()
        sensor = self.publisher(bus)
        for pattern in ("imu", "/i*"):
            with self.subTest(pattern=pattern):
                tap = self.space.start("tap", pattern, "--limit", "2", *bus.urls)
                sensor.wait_for_subscriber(b"imu")  # the last of both
                sensor.send("imu", {"_ts": 1.0})
                sensor.send("/imu", {"_ts": 2.0})
                self.assertEqual(tap.wait(), DONE, tap.stderr)
                self.assertEqual([json.loads(line)["track"] for line in tap.out_lines],
                                 ["imu", "imu"])
        topics = self.space.start("topics", "--track", "/imu", "--duration", "1000s", "--json",
                                  *bus.urls)
        harness.wait_until(lambda: self.heard(bus, sensor, "topics"), "the frames")
        self.assertEqual(topics.stop(), DONE)
        self.assertEqual([one["name"] for one in json.loads("".join(topics.out_lines))], ["imu"])
        self.assertEqual(bus.stop(), DONE)

    def heard(self, bus, sensor, node):
        sensor.send("/imu", {"_ts": 1.0})
        sensor.send("imu", {"_ts": 1.0})
        done = self.space.run("ctl", node, "status")
        return done.returncode == DONE and json.loads(done.stdout)["frames"] > 3


class ListeningTest(SelectionTest):
    """What is chosen of the bus."""

    def test_a_tap_takes_tracks_exclusions_columns_and_a_limit(self):
        bus = self.start_broker()
        sensor = self.publisher(bus)
        tap = self.space.start("tap", "robot1/*", "--track", "arm*/joints", "--exclude", "*/raw",
                               "--columns", "n", "--limit", "3", *bus.urls)
        sensor.wait_for_subscriber(b"robot1/")  # the last of all
        for n, track in enumerate(("robot1/imu", "robot1/raw", "arm2/joints", "arm2/x", "robot1/gps")):
            sensor.send(track, {"_ts": 1.0, "n": n, "m": 0})
        self.assertEqual(tap.wait(), DONE, tap.stderr)
        self.assertEqual([json.loads(line) for line in tap.out_lines],
                         [{"_ts": 1.0, "track": track, "n": n} for n, track in
                          ((0, "robot1/imu"), (2, "arm2/joints"), (4, "robot1/gps"))])
        self.assertEqual(bus.stop(), DONE)

    def test_a_tap_ends_after_its_duration(self):
        bus = self.start_broker()
        done = self.run_ok("tap", "--duration", "50ms", *bus.urls)
        self.assertEqual(done.stdout, b"")
        self.assertIn("nothing from", done.stderr)
        self.assertEqual(bus.stop(), DONE)

    def test_a_track_that_is_never_heard_is_told_with_the_nearest_that_is(self):
        bus = self.start_broker()
        self.make_bag()
        sensor = self.space.start("pub", self.space.path("a.jsonl"), "--loop", "--rate", "20",
                                  "--quiet", "--publish-to", bus.publish_to)
        self.run_ok("tap", "robot1/imu", "-n", "1", "--subscribe-to", bus.subscribe_to)
        for verb, *options in (("tap", "--duration", "0.3"), ("tap", "--timeout", "0.3"),
                               ("topics", "--duration", "0.3"), ("topics", "--json")):
            for chosen in (("robot1/imo",), ("--track", "robot1/imo", "--track", "x/**")):
                with self.subTest(verb=verb, options=options, chosen=chosen):
                    done = self.run_ok(verb, *chosen, *options, "--subscribe-to", bus.subscribe_to,
                                       code=LOSSY)
                    self.assert_one_line(done.stderr.replace(
                        f"ready subscribe-to={bus.subscribe_to}\n", ""), "robot1/imo",
                        "did you mean robot1/imu?")
        sensor.stop()
        self.assertEqual(bus.stop(), DONE)

    def test_a_recorder_names_patterns_that_match_nothing_heard(self):
        """In a warning after some seconds and at the end; where nothing came of it, exit 3."""
        self.make_bag()
        for is_host in (True, False):
            bus = None if is_host else self.start_broker()
            bag = self.space.path(f"{is_host}.zbag")
            words = ("--track", "robot1/imo", "--exclude", "lasr/**")
            recorder = (self.start_recorder(bag, *words) if is_host else
                        self.start_client_recorder(bus, bag, *words))
            where = bus or recorder
            sensor = self.space.start("pub", self.space.path("a.jsonl"), "--loop", "--rate", "20",
                                      "--quiet", "--publish-to", where.publish_to)
            self.run_ok("tap", "robot1/imu", "-n", "1", "--subscribe-to", where.subscribe_to)
            told = r"--track: so far no track matches robot1/imo; did you mean robot1/imu\?"
            recorder.wait_for_line(told)
            self.assertEqual(recorder.stop(), LOSSY, recorder.stderr)
            sensor.kill()
            self.assertEqual(len(re.findall(told, recorder.stderr)), 1)
            self.assertRegex(recorder.stderr, "record: --track: no track matches robot1/imo; did "
                             r"you mean robot1/imu\?")
            self.assertIn("--exclude: no track matches lasr/**", recorder.stderr)

    def test_a_recorder_that_has_recorded_something_only_warns(self):
        self.make_bag()
        recorder = self.start_recorder(self.space.path("r.zbag"), "--track", "robot1/imo",
                                       "--track", "/robot2/*", "--exclude", "robot1/**")
        self.run_ok("pub", self.space.path("a.jsonl"), "--burst", "--publish-to",
                    recorder.publish_to)
        self.assertEqual(recorder.stop(), DONE, recorder.stderr)
        self.assertRegex(recorder.stderr, "warning: --track: no track matches robot1/imo")
        self.assertNotIn("--exclude:", recorder.stderr)
        self.assertNotIn("robot2/*", recorder.stderr)

    def test_a_column_that_no_frame_has_is_told_with_the_nearest(self):
        bus = self.start_broker()
        self.make_bag()
        sensor = self.space.start("pub", self.space.path("a.jsonl"), "--loop", "--rate", "20",
                                  "--quiet", "--publish-to", bus.publish_to)
        for columns, word in (("pos.xx,n", "no frame has a column pos.xx; did you mean pos.x?"),
                              ("nope", "no frame has a column nope")):
            done = self.run_ok("tap", "--columns", columns, "-n", "3", "--subscribe-to",
                               bus.subscribe_to, code=LOSSY)
            self.assertIn(word, done.stderr.splitlines()[-1])
        self.run_ok("tap", "--columns", "pos,n,_ts", "-n", "3", "--subscribe-to", bus.subscribe_to)
        sensor.stop()
        self.assertEqual(bus.stop(), DONE)

    def test_topics_show_chosen_columns_of_so_many_tracks(self):
        bus = self.start_broker()
        self.make_bag()
        sensor = self.space.start("pub", self.space.path("a.jsonl"), "--loop", "--rate", "20",
                                  "--quiet", "--publish-to", bus.publish_to)
        self.run_ok("tap", "robot2/imu", "-n", "1", "--subscribe-to", bus.subscribe_to)
        words = ("topics", "--limit", "1", "--columns", "lost,rate", "--duration", "0.5",
                 "--subscribe-to", bus.subscribe_to)
        done = self.run_ok(*words)
        self.assertRegex(done.stdout, rb"^track +rate +lost\nrobot1/imu .*\n$")
        self.assert_one_line(done.stderr, "and 1 more track")
        listed = json.loads(self.run_ok(*words, "--json").stdout)
        self.assertEqual([set(one) for one in listed], [{"name", "rate_hz", "lost"}])
        self.assert_one_line(self.run_ok(*words, "--columns", "x", code=USAGE).stderr, "rate")
        sensor.stop()
        self.assertEqual(bus.stop(), DONE)

    def test_pub_of_no_track_of_the_file_waits_for_nobody(self):
        self.make_bag()
        nowhere = ("--wait", "1000", "--publish-to", "tcp://127.0.0.1:1")
        for chosen, words in ((("--track", "nosuch"), ("matches nosuch",)),
                              (("--exclude", "**"), ("--exclude",))):
            with self.subTest(chosen=chosen):
                done = self.run_ok("pub", self.space.path("a.jsonl"), *chosen, *nowhere, code=LOSSY)
                self.assert_one_line(done.stderr, "no track of", *words)

    def test_pub_leaves_tracks_out(self):
        bus = self.start_broker()
        listener = self.listener(bus)
        self.make_bag()
        self.run_ok("pub", self.space.path("a.jsonl"), "--exclude", "robot1/*", "--burst", *bus.urls)
        self.assertEqual({topic for topic, _ in listener.take(10)}, {b"robot2/imu"})
        self.assertIsNone(listener.receive(0.2))
        self.assertEqual(bus.stop(), DONE)


if __name__ == "__main__":
    harness.main()
