#!/usr/bin/env python3
"""The verbs that make bags of bags: recover, compact, cut and merge, as processes.

What they promise is held against `cat --format raw`: the same points, bit for bit.
"""

import json
import os
import random

import harness
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE, SystemTest, wait_until

PAGE = 4096


class BagsTest(SystemTest):
    """A bag of three tracks with late frames, duplicates of `_ts` and an image."""

    def import_bag(self, name="a.zbag", count=3000, seed=1, first=0, *more):
        """Frames in an order of arrival that is not that of time."""
        rand = random.Random(seed)
        lines = []
        for i in range(first, first + count):
            late = rand.randrange(40) if rand.random() < 0.2 else 0
            stamp = 1000 + max(0, i - late) / 100
            track = ("robot/arm", "laser/front", "base")[i % 3]
            lines.append('{"track":"%s","_ts":%r,"fields":{"n":%d,"v":%r}}'
                         % (track, stamp, i, rand.random()))
            if i % 500 == 0:
                lines.append('{"track":"cam","_ts":%r,"fields":{"data_hex":"%s"}}'
                             % (stamp, rand.randbytes(100_000).hex()))
        path = self.space.path(name + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        bag = self.space.path(name)
        self.run_ok("import", path, "-o", bag, "--quiet", *more)
        return bag

    @staticmethod
    def published(bag):
        """The frames an imported bag was made from, each as the point it alone would be."""
        points = []
        with open(bag + ".jsonl", encoding="utf-8") as file:
            for line in map(json.loads, file):
                fields = {"_ts": line["_ts"], **line["fields"]}
                if "data_hex" in fields:
                    fields["data"] = bytes.fromhex(fields.pop("data_hex"))
                points.append(fields)
        return points

    def raw(self, bag, *more):
        return self.run_ok("cat", bag, "--format", "raw", *more).stdout

    def pages(self, bag, track):
        """Every point by index."""
        return self.run_ok("cat", bag, "--track", track, "--start-index", "0").stdout

    def copy_of(self, bag, name, change):
        with open(bag, "rb") as file:
            content = bytearray(file.read())
        change(content)
        path = self.space.path(name)
        with open(path, "wb") as file:
            file.write(content)
        return path


class RecoverTest(BagsTest):
    def test_a_whole_bag_is_copied(self):
        bag = self.import_bag()
        new = self.space.path("new.zbag")
        done = self.run_ok("recover", bag, "-o", new)
        self.assertIn("the bag is whole", done.stderr)
        self.assertEqual(self.raw(new), self.raw(bag))
        self.assert_whole(new)

    def test_everything_comes_back_without_meta_pages(self):
        for mode in ("join", "shallow", "append"):
            bag = self.import_bag(f"{mode}.zbag", 3000, 2, 0, "--merge", mode)
            expected = self.raw(bag)
            broken = self.copy_of(bag, f"{mode}-broken.zbag",
                                  lambda content: content.__setitem__(
                                      slice(0, 2 * PAGE), os.urandom(2 * PAGE)))
            new = self.space.path(f"{mode}-new.zbag")
            done = self.run_ok("recover", broken, "-o", new, code=LOSSY)
            self.assertIn("both meta pages are damaged", done.stderr)
            self.assertEqual(self.raw(new), expected)
            self.assert_whole(new)
            self.assertEqual(self.info(new)["received"], self.info(bag)["received"])

    def test_a_flipped_byte_costs_its_block_and_is_named(self):
        bag = self.import_bag()
        expected = self.points(bag)

        def flip(content):
            # The image's block lies on pages of its own.
            at = content.index(b"ZBK1", content.index(bytes(self.points(bag, "--track", "cam")[0][1]
                                                           ["data"])) - 200)
            content[at + 60_000] ^= 1
        broken = self.copy_of(bag, "broken.zbag", flip)
        new = self.space.path("new.zbag")
        done = self.run_ok("recover", broken, "-o", new, code=LOSSY)
        self.assertRegex(done.stderr, r"track cam from \S+ to \S+, 1 point:")
        found = self.points(new)
        self.assertEqual(len(found), len(expected) - 1)
        self.assertEqual([p for p in expected if p in found], found)
        self.assertRegex(self.run_ok("check", broken, code=DAMAGED).stderr,
                         r"track cam from \S+ to \S+, 1 point: .*checksum")
        self.assert_whole(new)

    def test_a_truncated_bag_gives_what_it_holds(self):
        bag = self.import_bag(count=600)
        # Later frames of a point replaced its fields. Where they lie in what is gone, the state
        # before them may still be found.
        states = self.published(bag)
        self.assertEqual([fields for _, fields in self.points(bag) if fields not in states], [])
        size = os.path.getsize(bag)
        for share in (0.9, 0.5, 0.2):
            broken = self.copy_of(bag, f"{share}.zbag",
                                  lambda content, n=int(size * share): content.__delitem__(
                                      slice(n, None)))
            new = self.space.path(f"{share}-new.zbag")
            done = self.space.run("recover", broken, "-o", new)
            self.assertIn(done.returncode, (LOSSY, DAMAGED), done.stderr)
            if done.returncode == LOSSY:
                # The names may lie in the part that is gone.
                found = [fields for _, fields in self.points(new)]
                self.assertEqual([fields for fields in found if fields not in states], [])
                self.assertEqual(len({repr(fields) for fields in found}), len(found))
                self.assert_whole(new)

    def test_damage_of_the_journal_is_told_alike_by_all_who_read(self):
        bag = self.space.path("killed.zbag")
        recorder = self.start_recorder(bag, "--sync", "3600000", "--compression", "none")
        witness = self.listener(recorder)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for number in range(20):
            sensor.send("a", {"_ts": float(number), "text": f"needle-{number:03}"})
            witness.take(1)
            self.run_ok("ctl", "record", "flush")
        recorder.kill()

        def change(content):
            content[:] = content.replace(b"needle-012", b"noodle-012")
        broken = self.copy_of(bag, "broken.zbag", change)

        def told(verb, *more, code=DAMAGED):
            done = self.run_ok(verb, broken, *more, code=code)
            return [line.replace(f"zbag {verb}: ", "") for line in done.stderr.splitlines()
                    if "journal" in line]
        expected = told("cat", "--all")
        self.assertRegex(expected[0], r"table journal, \d+: wrong checksum; points are left out")
        self.assertEqual(told("cat", "--track", "a", "--start-index", "13"), expected)
        self.assertEqual(told("cut", "-o", self.space.path("cut.zbag")), expected)
        self.assertRegex(told("check")[0], r"table journal, \d+: wrong checksum$")
        new = self.space.path("new.zbag")
        self.assertIn("points that it alone held may be missing",
                      told("recover", "-o", new, code=LOSSY)[-1])
        self.assertEqual(len(self.points(new, "--track", "a")), 19)

    def test_what_cannot_be_done_is_said_in_one_line(self):
        bag = self.import_bag(count=10)
        new = self.space.path("new.zbag")
        self.assert_one_line(self.run_ok("recover", bag, "-o", bag, code=FAILED).stderr, "exists")
        self.assert_one_line(self.run_ok("recover", bag, code=USAGE).stderr, "--output")
        noise = self.space.path("noise")
        with open(noise, "wb") as file:
            file.write(b"x" * 100_000)
        self.assert_one_line(self.run_ok("recover", noise, "-o", new, code=DAMAGED).stderr, noise)
        self.assertFalse(os.path.exists(new))


class CompactTest(BagsTest):
    def test_points_pages_and_counters_stay(self):
        bag = self.import_bag()
        before = self.info(bag)
        points = self.raw(bag)
        pages = {t["name"]: self.pages(bag, t["name"]) for t in before["tracks"]}
        done = self.run_ok("compact", bag)
        self.assertRegex(done.stderr, r"compacted [\d,]+ points, .* before, .* after")
        after = self.assert_whole(bag)
        self.assertEqual(self.raw(bag), points)
        for track, expected in pages.items():
            self.assertEqual(self.pages(bag, track), expected, track)
        for changed in ("size_bytes", "creator"):
            before.pop(changed), after.pop(changed)
        for tracks in (before["tracks"], after["tracks"]):
            for track in tracks:
                track.pop("late_points")
        self.assertEqual(after, before)

    def test_a_bag_that_is_being_recorded_is_refused(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag)
        error = self.run_ok("compact", bag, code=FAILED).stderr
        self.assert_one_line(error, "recorded" if "recorded" in error else "written", "zbag cut")
        self.assertEqual(recorder.stop(), DONE)
        self.run_ok("compact", bag)

    def test_into_a_new_bag(self):
        bag = self.import_bag()
        new = self.space.path("new.zbag")
        self.run_ok("compact", bag, "-o", new)
        self.assertEqual(self.raw(new), self.raw(bag))
        self.assert_one_line(self.run_ok("compact", bag, "-o", new, code=FAILED).stderr, "exists")


class CutTest(BagsTest):
    def test_by_time_and_tracks(self):
        bag = self.import_bag()
        new = self.space.path("new.zbag")
        self.run_ok("cut", bag, "-o", new, "--start", "+5", "--end", "+12", "--exclude", "base")
        expected = [p for p in self.points(bag)
                    if 1005 <= p[1]["_ts"] <= 1012 and p[0] != "base"]
        self.assertEqual(self.points(new), expected)
        info = self.assert_whole(new)
        self.assertEqual(info["received"], len(expected))

    def test_without_a_choice_it_is_a_copy_with_all_counters(self):
        bag = self.import_bag()
        new = self.space.path("new.zbag")
        self.run_ok("cut", bag, "-o", new)
        self.assertEqual(self.raw(new), self.raw(bag))
        before, after = self.info(bag), self.assert_whole(new)
        for name in ("points", "received", "merged", "overwritten", "lost", "runs"):
            self.assertEqual(after[name], before[name], name)

    def test_state_at_start_adds_the_last_point_before(self):
        bag = self.import_bag()
        new = self.space.path("new.zbag")
        self.run_ok("cut", bag, "-o", new, "--start", "+10", "--duration", "5", "--state-at-start")
        points = self.points(bag)
        expected = []
        for track in sorted({p[0] for p in points}):
            expected += [p for p in points if p[0] == track and p[1]["_ts"] < 1010][-1:]
        expected.sort(key=lambda p: (p[1]["_ts"], p[0]))
        expected += [p for p in points if 1010 <= p[1]["_ts"] <= 1015]
        self.assertEqual(self.points(new), expected)

    def test_a_live_bag_is_copied(self):
        bag = self.space.path("live.zbag")
        new = self.space.path("new.zbag")
        recorder = self.start_recorder(bag)
        sensor = self.publisher(recorder).wait_for_subscriber()
        for i in range(500):
            sensor.send("arm", {"_ts": 1000.0 + i, "n": i})
        wait_until(lambda: self.info(bag)["points"] == 500, "500 points")
        self.run_ok("cut", bag, "-o", new)
        self.assertEqual([f["n"] for _, f in self.points(new)], list(range(500)))
        info = self.assert_whole(new)
        self.assertEqual(info["runs"][0]["status"], "closed")
        for i in range(500, 600):
            sensor.send("arm", {"_ts": 1000.0 + i, "n": i})
        wait_until(lambda: self.info(bag)["points"] == 600, "600 points")
        self.assertEqual(recorder.stop(), DONE)
        self.assert_whole(bag)

    def test_a_track_that_is_not_there_is_named(self):
        bag = self.import_bag(count=10)
        self.assert_one_line(self.run_ok("cat", bag, "--track", "bose", code=LOSSY).stderr, "bose", "base")
        done = self.run_ok("cut", bag, "-o", self.space.path("n.zbag"), "--track", "bose", code=LOSSY)
        self.assertIn("did you mean base?", done.stderr)


class MergeTest(BagsTest):
    def test_two_halves_are_the_whole(self):
        bag = self.import_bag()
        halves = [self.space.path("1.zbag"), self.space.path("2.zbag")]
        self.run_ok("cut", bag, "-o", halves[0], "--end", "+10")
        self.run_ok("cut", bag, "-o", halves[1], "--start", "+10.000001")
        new = self.space.path("new.zbag")
        self.run_ok("merge", *halves, "-o", new)
        self.assertEqual(self.raw(new), self.raw(bag))
        info = self.assert_whole(new)
        self.assertEqual(len(info["runs"]), 1)
        self.assertEqual(info["lost"], self.info(bag)["lost"])

    def test_points_of_one_stamp_merge_or_stay(self):
        bags = []
        for i, fields in enumerate(('"a":1,"b":1', '"b":2,"c":3')):
            path = self.space.path(f"{i}.jsonl")
            with open(path, "w", encoding="utf-8") as file:
                file.write('{"track":"t","_ts":5.0,"fields":{%s}}\n' % fields)
            bags.append(self.space.path(f"{i}.zbag"))
            self.run_ok("import", path, "-o", bags[-1])
        merged, kept = self.space.path("m.zbag"), self.space.path("k.zbag")
        done = self.run_ok("merge", *bags, "-o", kept)
        self.assertIn("1 kept apart", done.stderr)
        self.assertEqual([f for _, f in self.points(kept)],
                         [{"_ts": 5.0, "a": 1, "b": 1}, {"_ts": 5.0, "b": 2, "c": 3}])
        info = self.assert_whole(kept)
        self.assertEqual((info["received"], info["merged"], info["kept_apart"]), (2, 0, 1))
        os.remove(kept)
        done = self.run_ok("merge", *bags, "-o", merged, "--merge", "shallow")
        self.assertIn("--merge join", done.stderr)
        self.assertEqual(self.points(merged), [("t", {"_ts": 5.0, "a": 1, "b": 2, "c": 3})])
        info = self.assert_whole(merged)
        self.assertEqual((info["received"], info["merged"], info["overwritten"]), (2, 1, 1))
        self.run_ok("merge", *bags, "-o", kept, "--merge", "append")
        self.assertEqual([f for _, f in self.points(kept)],
                         [{"_ts": 5.0, "a": 1, "b": 1}, {"_ts": 5.0, "b": 2, "c": 3}])
        self.assert_whole(kept)
        self.run_ok("merge", *bags, "-o", self.space.path("x.zbag"), "--merge", "best", code=USAGE)


class ExportTest(BagsTest):

    def test_an_export_onto_a_file_names_it(self):
        bag = self.import_bag(count=10)
        file = self.space.path("taken")
        with open(file, "w", encoding="utf-8"):
            pass
        error = self.run_ok("export", bag, "-o", file, "--format", "jsonl", code=FAILED).stderr
        self.assert_one_line(error, file, "exists", "another name")


if __name__ == "__main__":
    harness.main()
