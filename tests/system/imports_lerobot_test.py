#!/usr/bin/env python3
"""Data sets of LeRobot read (issue 15): sets of v2.1 and v3.0 written here by the format's document,
value for value; what `export --format lerobot` writes; sets that are not whole, or lie."""

import fractions
import json
import math
import os
import random
import shutil

import harness
import python_packages
from harness import DAMAGED, DONE, FAILED, LOSSY, USAGE

FPS = 10
CAMERA = "observation.images.cam"
PNG = b"\x89PNG\r\n\x1a\n"
TASKS = ["pick it up", "put it d\u00f6wn"]
VERSION_2 = {
    "data": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
    "video": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"}
VERSION_3 = {
    "data": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    "video": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"}
# Of version 3: the data file and the video of each episode, which do not end together.
DATA_FILES = [(0, 0), (0, 0), (0, 1), (1, 0), (1, 0)]
VIDEO_FILES = [(0, 0), (0, 0), (0, 0), (1, 0), (1, 0)]
LENGTHS = [7, 4, 1, 12, 5]


class SetMaker:
    """A set of random values, and what `import` should make of it: [(track, _ts, fields)]."""

    def __init__(self, root, version, seed=0, cameras=True):
        self.root, self.version, self.is_2 = root, version, version.startswith("v2")
        self.cameras = cameras
        self.np, self.arrow = python_packages.load("numpy"), python_packages.load("pyarrow")
        self.parquet = python_packages.load("pyarrow.parquet")
        self.av = python_packages.load("av")
        self.random = random.Random(seed)
        self.templates = VERSION_2 if self.is_2 else VERSION_3
        self.rows, self.wanted = [], []
        self.make_rows()

    def path(self, name):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def number(self):
        value = self.random.choice([self.random.uniform(-9, 9), math.nan, math.inf, -0.0])
        return float(self.np.float32(value))

    def make_rows(self):
        index = 0
        for episode, length in enumerate(LENGTHS):
            for frame in range(length):
                # The task changes within an episode, too.
                task = (episode + (1 if frame >= 3 else 0)) % 2
                state = [self.number() for _ in range(3)]
                row = {
                    "observation.state": state, "action": [self.number(), self.number()],
                    "next.reward": self.number(), "next.done": frame == length - 1,
                    "counter": self.random.randrange(-2 ** 63, 2 ** 63),
                    "grid": [[1, frame], [episode, 4]], "note": f"{episode} \u00e4 {frame}",
                    "sparse": None if frame % 2 else [0.5],
                    "observation.images.top": {"bytes": PNG + self.random.randbytes(50),
                                               "path": f"frame-{frame:06d}.png"},
                    "timestamp": frame / FPS, "frame_index": frame, "episode_index": episode,
                    "index": index, "task_index": task}
                self.rows.append(row)
                self.want(row, index)
                index += 1

    def stamp(self, row):
        return (row["index"] - row["frame_index"]) / FPS + float(self.np.float32(row["timestamp"]))

    def want(self, row, index):
        stamp, frame, episode = self.stamp(row), row["frame_index"], row["episode_index"]
        before = self.rows[-2] if frame else None
        if not before or before["task_index"] != row["task_index"]:
            self.wanted.append(("episode", stamp, {
                "episode_index": episode, "is_first": not frame, "length": LENGTHS[episode],
                "task_index": row["task_index"], "task": TASKS[row["task_index"]]}))
        state = dict(zip(("a.pos", "b.pos", "a.pos_3"), row["observation.state"]))
        for track, fields in (("observation/state", state), ("action", {"value": row["action"]}),
                              ("next/reward", {"value": row["next.reward"]}),
                              ("next/done", {"value": row["next.done"]}),
                              ("counter", {"n": row["counter"]}), ("grid", {"value": row["grid"]}),
                              ("note", {"value": row["note"]}),
                              ("observation/images/top", {
                                  "format": "png", "width": 4, "height": 3,
                                  "data": row["observation.images.top"]["bytes"]})):
            self.wanted.append((track, stamp, fields))
        if row["sparse"]:
            self.wanted.append(("sparse", stamp, {"value": row["sparse"]}))
        if self.cameras:
            name, at = self.video_of(episode)
            seconds = at / FPS + float(self.np.float32(row["timestamp"]))
            self.wanted.append(("observation/images/cam", stamp, {
                "file": name, "frame": at + frame, "timestamp": seconds}))

    def places(self, episode):
        """Where an episode lies, as templates have it."""
        chunk, file = DATA_FILES[episode]
        return {"episode_chunk": episode // 2, "episode_index": episode, "chunk_index": chunk,
                "file_index": file}

    def video_of(self, episode):
        """The file of its video, and its first frame in it."""
        if self.is_2:
            return self.templates["video"].format(video_key=CAMERA, **self.places(episode)), 0
        chunk, file = VIDEO_FILES[episode]
        before = sum(LENGTHS[one] for one in range(episode) if VIDEO_FILES[one] == (chunk, file))
        return self.templates["video"].format(video_key=CAMERA, chunk_index=chunk,
                                              file_index=file), before

    def info(self):
        def feature(dtype, shape, names=None):
            return {"dtype": dtype, "shape": shape, "names": names}
        state = ["a.pos", "b.pos", "a.pos"]
        features = {
            "observation.state": feature("float32", [3], {"motors": state} if self.is_2 else state),
            "action": feature("float32", [2], ["motors"]), "next.reward": feature("float32", [1]),
            "next.done": feature("bool", [1]), "counter": feature("int64", [1], {"n": 0}),
            "grid": feature("int64", [2, 2], ["x", "y"]), "note": feature("string", [1]),
            "sparse": feature("float32", [1]),
            "observation.images.top": feature("image", [3, 3, 4], ["channels", "height", "width"])}
        if self.cameras:
            features[CAMERA] = {**feature("video", [48, 64, 3], ["height", "width", "channel"]),
                                "info": {"video.fps": FPS, "video.is_depth_map": False}}
        for name in ("frame_index", "episode_index", "index", "task_index"):
            features[name] = feature("int64", [1])
        features["timestamp"] = feature("float32", [1])
        return {"codebase_version": self.version, "robot_type": "so100", "fps": FPS,
                "total_episodes": len(LENGTHS), "total_frames": sum(LENGTHS), "total_tasks": 2,
                "chunks_size": 2, "splits": {"train": "0:5"}, "data_path": self.templates["data"],
                "video_path": self.templates["video"], "features": features}

    def schema(self):
        arrow = self.arrow
        real, whole = arrow.float32(), arrow.int64()
        state = arrow.list_(real) if self.is_2 else arrow.list_(real, 3)
        types = {"observation.state": state, "action": arrow.list_(real), "next.reward": real,
                 "next.done": arrow.bool_(), "counter": whole,
                 "grid": arrow.list_(arrow.list_(whole)), "note": arrow.string(),
                 "sparse": arrow.list_(real), "timestamp": real,
                 "observation.images.top": arrow.struct([("bytes", arrow.binary()),
                                                         ("path", arrow.string())])}
        return arrow.schema([(name, types.get(name, whole)) for name in self.rows[0]])

    def write(self):
        files = {}
        for row in self.rows:
            name = self.templates["data"].format(**self.places(row["episode_index"]))
            files.setdefault(name, []).append(row)
        for name, rows in files.items():
            self.parquet.write_table(self.arrow.Table.from_pylist(rows, self.schema()),
                                     self.path(name))
        self.write_text("meta/info.json", json.dumps(self.info(), indent=4))
        self.write_text("meta/stats.json", "{}")
        if self.is_2:
            self.write_lines("meta/episodes.jsonl", [
                {"episode_index": n, "tasks": TASKS, "length": length}
                for n, length in enumerate(LENGTHS)])
            self.write_lines("meta/tasks.jsonl", [
                {"task_index": n, "task": task} for n, task in enumerate(TASKS)])
        else:
            self.write_tables()
        if self.cameras:
            self.write_videos()
        return self

    def write_text(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def write_lines(self, name, lines):
        self.write_text(name, "".join(json.dumps(line) + "\n" for line in lines))

    def write_tables(self):
        rows = []
        for episode, length in enumerate(LENGTHS):
            chunk, file = DATA_FILES[episode]
            row = {"episode_index": episode, "length": length, "data/chunk_index": chunk,
                   "data/file_index": file, "tasks": TASKS, "stats/action/min": [0.5]}
            if self.cameras:
                at = self.video_of(episode)[1] / FPS
                chunk, file = VIDEO_FILES[episode]
                row.update({f"videos/{CAMERA}/chunk_index": chunk,
                            f"videos/{CAMERA}/file_index": file,
                            f"videos/{CAMERA}/from_timestamp": at,
                            f"videos/{CAMERA}/to_timestamp": at + length / FPS})
            rows.append(row)
        for n, part in enumerate((rows[:3], rows[3:])):
            self.parquet.write_table(self.arrow.Table.from_pylist(part),
                                     self.path(f"meta/episodes/chunk-000/file-{n:03d}.parquet"))
        self.parquet.write_table(
            self.arrow.table({"task_index": [0, 1], "__index_level_0__": TASKS}),
            self.path("meta/tasks.parquet"))

    def colour(self, episode, frame):
        return (episode * 50, frame * 20, 255 - frame * 20)

    def write_videos(self):
        files = {}
        for episode, length in enumerate(LENGTHS):
            files.setdefault(self.video_of(episode)[0], []).extend(
                self.colour(episode, frame) for frame in range(length))
        for name, colours in files.items():
            write_video(self.av, self.np, self.path(name), colours)


def write_video(av, np, path, colours, codec="libx264", form=None):
    """A frame of each colour. `form`: how its numbers stand for colours."""
    size = (64, 48)
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for key, value in (form or {}).items():
            setattr(stream.codec_context, key, value)
        for n, colour in enumerate(colours):
            pixels = np.full((size[1], size[0], 3), colour, dtype="uint8")
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if form:
                frame = frame.reformat(format="yuv420p", dst_colorspace=form["colorspace"],
                                       dst_color_range=form["color_range"])
            frame.pts, frame.time_base = n, fractions.Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def exact(points):
    """In an order of their own, to the bit."""
    return sorted(((track, stamp, harness.exact(dict(sorted(fields.items()))))
                   for track, stamp, fields in points), key=lambda one: (one[0], one[1], str(one[2])))


class LerobotImportTest(harness.SystemTest):

    def made(self, version, name="set", **more):
        return SetMaker(self.space.path(name), version, **more).write()

    def imported(self, path, *more, code=DONE):
        self.count = getattr(self, "count", 0) + 1
        bag = self.space.path(f"in{self.count}.zbag")
        done = self.run_ok("import", path, "-o", bag, *more, code=code)
        return bag, done.stderr

    def taken(self, bag, *more):
        rows = []
        for track, fields in self.points(bag, "--exclude", "_sys/**", *more):
            fields = harness.without_bus_fields(fields)
            rows.append((track, fields.pop("_ts"), fields))
        return rows

    def attachments(self, bag):
        out = self.space.path("out.mcap")
        self.run_ok("export", bag, "-o", out, "--force")
        reader = python_packages.load("mcap.reader")
        with open(out, "rb") as file:
            return {one.name: one.data for one in reader.make_reader(file).iter_attachments()}

    def refused(self, made, *words, code=DAMAGED):
        """No bag, and one line that says why."""
        done = self.space.run("import", made.root, "-o", self.space.path("none.zbag"))
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertFalse(os.path.exists(self.space.path("none.zbag")))
        return self.assert_one_line(done.stderr, *words)

    def change_info(self, made, **more):
        info = made.info()
        info.update(more)
        made.write_text("meta/info.json", json.dumps(info))
        return made


class WholeSetTest(LerobotImportTest):

    def assert_set_comes_whole(self, version):
        made = self.made(version)
        bag, said = self.imported(made.root)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))
        self.assert_whole(bag)
        self.assertEqual(len(said.splitlines()), 2, said)
        self.assertIn("its episodes follow one another on one line of time, from 0 on", said)
        metadata = self.info(bag)["runs"][0]["metadata"]
        self.assertEqual(metadata["robot_type"], "so100")
        self.assertEqual(metadata["lerobot"], {
            "codebase_version": version, "fps": FPS, "total_episodes": 5, "total_tasks": 2,
            "total_frames": sum(LENGTHS), "splits": {"train": "0:5"}})
        kept = self.attachments(bag)
        videos = {made.video_of(n)[0] for n in range(len(LENGTHS))}
        self.assertEqual(set(kept), {"meta/info.json", "meta/stats.json"} | videos)
        for name, content in kept.items():
            with open(made.path(name), "rb") as file:
                self.assertEqual(content, file.read(), name)
        shown = self.run_ok("schema", bag, "observation/images/top").stdout.decode()
        self.assertIn("compressed_image", shown)

    def test_version_2_comes_whole(self):
        self.assert_set_comes_whole("v2.1")

    def test_version_3_comes_whole(self):
        self.assert_set_comes_whole("v3.0")

    def test_episodes_do_not_overlap_and_each_begins_once(self):
        bag, _ = self.imported(self.made("v3.0", cameras=False).root)
        episodes = [(stamp, fields) for _, stamp, fields in self.taken(bag, "--track", "episode")]
        firsts = [stamp for stamp, fields in sorted(episodes, key=lambda one: one[0])
                  if fields["is_first"]]
        self.assertEqual(firsts, [sum(LENGTHS[:n]) / FPS for n in range(len(LENGTHS))])

    def test_more_files_than_a_process_may_open_are_each_read(self):
        made = self.made("v2.1", cameras=False)
        for episode in range(len(LENGTHS)):
            # Nothing but what is in them tells one from the other.
            os.utime(made.path(made.templates["data"].format(**made.places(episode))), (1e9, 1e9))
        bag = self.space.path("few.zbag")
        done = self.space.run("import", made.root, "-o", bag, behind=("prlimit", "--nofile=102"))
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_a_set_within_a_folder_is_found(self):
        made = self.made("v2.1", name="sets/one", cameras=False)
        bag, _ = self.imported(self.space.path("sets"))
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_a_set_in_the_store_of_the_hub_is_links(self):
        made = self.made("v3.0", name="store/snapshots/abc", cameras=False)
        os.mkdir(self.space.path("store/blobs"))
        for n, name in enumerate(("meta/info.json", "data/chunk-000/file-000.parquet")):
            os.rename(made.path(name), self.space.path(f"store/blobs/{n}"))
            os.symlink(self.space.path(f"store/blobs/{n}"), made.path(name))
        bag, _ = self.imported(made.root)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_without_what_says_the_tasks_the_rest_comes(self):
        made = self.made("v2.1", cameras=False)
        os.remove(made.path("meta/tasks.jsonl"))
        bag, said = self.imported(made.root, code=DAMAGED)
        self.assertIn("meta/tasks.jsonl: it is not there", said)
        for _, _, fields in made.wanted:
            fields.pop("task", None)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_names_that_no_track_can_have_are_changed_or_told(self):
        made = SetMaker(self.space.path("set"), "v3.0", cameras=False)
        names = {"action": "a..b", "note": "episode", "counter": "observation/state",
                 "sparse": "_sys.x", "grid": "x" * 201}
        for row in made.rows:
            for old, new in names.items():
                row[new] = row.pop(old)
        made.schema = lambda: None
        bag, said = self.imported(made.write().root, code=LOSSY)
        self.assertIn("is left out: no track can be called so", said)
        tracks = {track for track, _, _ in self.taken(bag)}
        self.assertLessEqual({"a..b", "episode_2", "observation/state_2", "_sys.x",
                              "observation/state"}, tracks)


class VideoTest(LerobotImportTest):

    def frames(self, bag):
        """Of the camera, by their stamps: the mean colour, sides."""
        av = python_packages.load("av")
        found = {}
        for _, stamp, fields in self.taken(bag, "--track", "observation/images/cam"):
            decoder = av.CodecContext.create("mjpeg", "r")
            (frame,) = decoder.decode(av.Packet(fields["data"])) or decoder.decode(None)
            pixels = frame.to_ndarray(format="rgb24").reshape(-1, 3)
            found[stamp] = (pixels.mean(axis=0).tolist(), fields["width"], fields["height"],
                            fields["format"])
        return found

    def wanted(self, made):
        return {made.stamp(row): made.colour(row["episode_index"], row["frame_index"])
                for row in made.rows}

    def assert_frames(self, made, bag, near=6):
        found, wanted = self.frames(bag), self.wanted(made)
        self.assertEqual(set(found), set(wanted))
        for stamp, colour in wanted.items():
            mean, *form = found[stamp]
            self.assertEqual(form, [64, 48, "jpeg"])
            for seen, sent in zip(mean, colour):
                self.assertLess(abs(seen - sent), near, (stamp, mean, colour))

    def test_each_frame_is_decoded_where_it_belongs(self):
        for version in ("v2.1", "v3.0"):
            with self.subTest(version):
                made = self.made(version, name=version)
                bag, said = self.imported(made.root, "--videos", "decode")
                self.assert_frames(made, bag)
                self.assert_whole(bag)
                self.assertEqual(len(said.splitlines()), 2, said)

    def test_colours_are_those_of_the_video_however_it_has_them(self):
        made = self.made("v3.0")
        colours = [made.colour(3, frame) for frame in range(12)]
        colours += [made.colour(4, frame) for frame in range(5)]
        name = made.path(made.video_of(3)[0])
        for form in ({"colorspace": 1, "color_range": 1}, {"colorspace": 5, "color_range": 2}):
            with self.subTest(form):
                write_video(made.av, made.np, name, colours, form=form)
                bag, _ = self.imported(made.root, "--videos", "decode")
                self.assert_frames(made, bag, near=8)

    def test_distances_stay_references(self):
        made = self.made("v3.0")
        info = made.info()
        info["features"][CAMERA]["info"]["is_depth_map"] = True
        self.change_info(made, features=info["features"])
        bag, said = self.imported(made.root, "--videos", "decode")
        self.assertIn("a video of distances, which is kept by reference", said)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_two_sets_are_two_bags(self):
        one, two = self.made("v2.1", "one").root, self.made("v3.0", "two").root
        done = self.run_ok("import", one, two, "-o", self.space.path("in.zbag"), code=USAGE)
        self.assert_one_line(done.stderr, "one and", "two are data sets", "a bag of its own")

    def test_videos_that_are_not_there_are_told(self):
        made = self.made("v2.1")
        shutil.rmtree(made.path("videos/chunk-000"))
        bag, said = self.imported(made.root, code=LOSSY)
        self.assertIn(f"2 videos of {CAMERA} are not there: what refers to them is kept", said)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))
        bag, said = self.imported(made.root, "--videos", "decode", code=DAMAGED)
        self.assertIn("episode_000000.mp4: it is not there (and 1 more)", said)
        self.assertEqual(len(self.frames(bag)), sum(LENGTHS[2:]))
        others = [one for one in made.wanted if one[0] != "observation/images/cam"]
        self.assertEqual(exact(one for one in self.taken(bag)
                               if one[0] != "observation/images/cam"), exact(others))

    def test_videos_that_are_cut_off_or_none_cost_their_frames(self):
        made = self.made("v2.1")
        name = made.path(made.video_of(3)[0])
        with open(name, "rb") as file:
            whole = file.read()
        for cut in (0, 1, 20, len(whole) // 2, whole.rindex(b"stsz")):
            with open(name, "wb") as file:
                file.write(whole[:cut])
            done = self.space.run("import", made.root, "-o", self.space.path(f"cut{cut}.zbag"),
                                  "--videos", "decode")
            self.assertIn(done.returncode, (DAMAGED, LOSSY), done.stderr)
            self.assertIn("episode_000003.mp4", done.stderr)
            self.assertGreaterEqual(len(self.frames(self.space.path(f"cut{cut}.zbag"))),
                                    sum(LENGTHS) - LENGTHS[3])
        rng = random.Random(1)
        for n in range(20):
            damaged = bytearray(whole)
            for _ in range(8):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            with open(name, "wb") as file:
                file.write(damaged)
            done = self.space.run("import", made.root, "-o", self.space.path(f"bad{n}.zbag"),
                                  "--videos", "decode")
            self.assertIn(done.returncode, (DONE, DAMAGED, LOSSY), done.stderr)

    def test_a_video_shorter_than_its_episode_is_told_frame_by_frame(self):
        made = self.made("v2.1")
        write_video(made.av, made.np, made.path(made.video_of(3)[0]),
                    [made.colour(3, frame) for frame in range(9)])
        bag, said = self.imported(made.root, "--videos", "decode", code=LOSSY)
        self.assertEqual(len(self.frames(bag)), sum(LENGTHS) - 3)
        self.assertEqual(said.count("episode_000003.mp4: there is no frame at"), 3)

    def test_a_video_of_another_kind_is_not_read(self):
        made = self.made("v2.1")
        name = made.path(made.video_of(3)[0])
        shutil.copy(made.path("meta/info.json"), self.space.path("secret"))
        for text in ("#EXTM3U\n#EXTINF:1,\n" + self.space.path("secret") + "\n",
                     "ffconcat version 1.0\nfile " + self.space.path("secret") + "\n"):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
            _, said = self.imported(made.root, "--videos", "decode", code=DAMAGED)
            self.assertIn("episode_000003.mp4: ", said)


class ExportedSetTest(LerobotImportTest):
    """What `export --format lerobot` writes."""

    def exported(self):
        points = []
        for n in range(20):
            pixels = bytes((8 * n % 256, 128, 255 - 8 * n)) * (32 * 24)
            points.append(("cam/front", 100 + n / FPS, {
                "encoding": "rgb8", "width": 32, "height": 24, "step": 96,
                "data_hex": pixels.hex()}))
            points.append(("robot/arm", 100 + n / FPS, {"x": n / 7, "y": -n}))
            points.append(("robot/cmd", 100 + n / FPS, {"go": n / 3}))
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for track, stamp, fields in points)
        first, out = self.space.path("first.zbag"), self.space.path("exported")
        self.run_ok("import", self.write("day.jsonl", lines), "-o", first)
        self.run_ok("export", first, "-o", out, "--format", "lerobot")
        return out

    def test_numbers_come_back_as_they_were_exported(self):
        out = self.exported()
        parquet, np = python_packages.load("pyarrow.parquet"), python_packages.load("numpy")
        table = parquet.read_table(os.path.join(out, "data/chunk-000/file-000.parquet")).to_pylist()
        bag, _ = self.imported(out)
        states = [(stamp, fields) for _, stamp, fields in
                  self.taken(bag, "--track", "observation/state")]
        actions = [(stamp, fields) for _, stamp, fields in self.taken(bag, "--track", "action")]
        self.assertEqual(states, [
            (row["timestamp"], dict(zip(("robot/arm.x", "robot/arm.y"), row["observation.state"])))
            for row in table])
        self.assertEqual(actions, [(row["timestamp"], {"robot/cmd.go": row["action"]})
                                   for row in table])
        self.assertEqual(actions[7][1]["robot/cmd.go"], float(np.float32(7 / 3)))
        ((_, stamp, episode),) = self.taken(bag, "--track", "episode")
        self.assertEqual((stamp, episode), (0.0, {
            "episode_index": 0, "is_first": True, "task_index": 0, "task": "first", "length": 20}))
        self.assertIn("videos/observation.images.cam_front/chunk-000/file-000.mp4",
                      self.attachments(bag))

    def test_what_is_imported_is_exported_alike(self):
        bag, _ = self.imported(self.exported(), "--videos", "decode")
        again = self.space.path("again")
        self.run_ok("export", bag, "-o", again, "--format", "lerobot", "--exclude", "episode")
        second, _ = self.imported(again)
        numbers = {}
        for one in (bag, second):
            numbers[one] = sorted(
                (stamp, sorted(map(str, fields.values()))) for track, stamp, fields in
                self.taken(one) if track in ("observation/state", "action"))
        self.assertEqual(numbers[second], numbers[bag])


class DamagedSetTest(LerobotImportTest):

    def test_a_truncated_file_costs_what_is_in_it(self):
        for version in ("v2.1", "v3.0"):
            with self.subTest(version):
                made = self.made(version, name=version, cameras=False)
                name = made.path(made.templates["data"].format(**made.places(2)))
                os.truncate(name, os.path.getsize(name) // 2)
                bag, said = self.imported(made.root, code=DAMAGED)
                self.assertIn(os.path.basename(name), said)
                starts = sum(LENGTHS[:2]) / FPS, sum(LENGTHS[:3]) / FPS
                wanted = [one for one in made.wanted if not starts[0] <= one[1] < starts[1] - 1e-6]
                self.assertEqual(exact(self.taken(bag)), exact(wanted))

    def test_missing_files_are_told_and_the_others_come(self):
        made = self.made("v2.1", cameras=False)
        for episode in (1, 3):
            os.remove(made.path(made.templates["data"].format(**made.places(episode))))
        bag, said = self.imported(made.root, code=DAMAGED)
        self.assertIn("episode_000001.parquet: it is not there (and 1 more)", said)
        self.assertIn("episode_000003.parquet: it is not there", said)
        self.assertEqual({fields["episode_index"] for _, _, fields in
                          self.taken(bag, "--track", "episode")}, {0, 2, 4})

    def test_an_episode_that_is_there_twice_is_read_once(self):
        made = self.made("v2.1", cameras=False)
        with open(made.path("meta/episodes.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"episode_index": 2, "length": 99}) + "\n")
        bag, said = self.imported(made.root, code=DAMAGED)
        self.assertIn("1 episodes are there twice", said)
        self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_any_cut_of_any_file_of_meta_is_told(self):
        for version in ("v2.1", "v3.0"):
            made = self.made(version, name=version, cameras=False)
            for folder, _, names in os.walk(made.path("meta/")):
                for name in names:
                    self.cut_and_import(made, os.path.join(folder, name))

    def cut_and_import(self, made, path):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            whole = file.read()
        # Without anything in it, it is no set at all.
        for cut in ([] if name == "info.json" else [0]) + [len(whole) // 2, len(whole) - 2]:
            with self.subTest(version=made.version, name=name, cut=cut):
                with open(path, "wb") as file:
                    file.write(whole[:cut])
                self.count = getattr(self, "count", 0) + 1
                bag = self.space.path(f"cut{self.count}.zbag")
                done = self.space.run("import", made.root, "-o", bag)
                is_read = name != "stats.json" and (cut > 0 or name != "tasks.jsonl")
                self.assertEqual(done.returncode, DAMAGED if is_read else DONE, done.stderr)
                if is_read:
                    self.assertIn(name, done.stderr)
        with open(path, "wb") as file:
            file.write(whole)

    def test_info_that_lies_is_one_line(self):
        made = self.made("v3.0", cameras=False)
        for more, words in (
                ({"data_path": "../{chunk_index}/{file_index}.parquet"}, "not lie within the folder"),
                ({"data_path": "/etc/{file_index}"}, "not lie within the folder"),
                ({"data_path": "data/{chunk_index}/../../../x"}, "not lie within the folder"),
                ({"data_path": "data/{nope}.parquet"}, "{nope}, which is not known"),
                ({"data_path": "data/{chunk_index:99999999d}"}, "which is not known"),
                ({"data_path": "data/{chunk_index:0999999d}"}, "which is not known"),
                ({"data_path": "data/{chunk_index.__class__}"}, "which is not known"),
                ({"data_path": "data/{chunk_index"}, "a brace alone"),
                ({"data_path": None}, "it has no data_path"),
                ({"data_path": "a" * 5000}, "very long"),
                ({"video_path": "videos/../../{video_key}"}, "not lie within the folder"),
                ({"fps": math.nan}, "its fps is no number"), ({"fps": 0}, "its fps is no number"),
                ({"fps": -1}, "its fps is no number"), ({"fps": "10"}, "its fps is no number"),
                ({"fps": 1e300}, "its fps is no number"),
                ({"features": []}, "it names no features"),
                ({"features": {"x": 5}}, "feature x has no dtype"),
                ({"features": {f"f{n}": {"dtype": "float32"} for n in range(5000)}},
                 "more than 4096 features"),
                ({"codebase_version": "v3"}, "of version v3;")):
            with self.subTest(more if len(str(more)) < 200 else words):
                self.change_info(made, **more)
                code = FAILED if "codebase_version" in more else DAMAGED
                self.refused(made, "meta/info.json", words, code=code)
        for text in ("[\"codebase_version\"]", "{\"codebase_version\":", "\"codebase_version\"",
                     "{\"codebase_version\": 5, \"codebase_version\": 6}",
                     "[" * 100_000 + "\"codebase_version\""):
            made.write_text("meta/info.json", text)
            self.assertNotEqual(self.space.run("import", made.root, "-o",
                                               self.space.path("none.zbag")).returncode, DONE)

    def test_numbers_of_info_cost_nothing(self):
        for version in ("v2.1", "v3.0"):
            made = self.made(version, name=version, cameras=False)
            self.change_info(made, total_episodes=10 ** 18, total_frames=10 ** 18, total_tasks=-5)
            bag, _ = self.imported(made.root)
            self.assertEqual(exact(self.taken(bag)), exact(made.wanted))

    def test_keys_of_cameras_lead_nowhere(self):
        made = self.made("v2.1", cameras=False)
        features = made.info()["features"]
        secret = self.write("secret.mp4", "not yours")
        features["../../.." + secret[:-4]] = {"dtype": "video", "shape": [1, 1, 3]}
        self.change_info(made, features=features, video_path="videos/{video_key}.mp4")
        for more in ((), ("--videos", "decode")):
            bag, said = self.imported(made.root, *more, code=DAMAGED)
            self.assertIn("does not lie within the folder", said)
            self.assertEqual(exact(self.taken(bag)), exact(made.wanted))
            self.assertEqual(set(self.attachments(bag)), {"meta/info.json", "meta/stats.json"})

    def test_links_out_of_the_folder_are_not_followed(self):
        made = self.made("v3.0")
        video, data = made.video_of(0)[0], made.templates["data"].format(**made.places(0))
        for name in (video, data):
            os.rename(made.path(name), self.space.path("else"))
            os.symlink(self.space.path("else"), made.path(name))
            _, said = self.imported(made.root, code=DAMAGED)
            self.assertIn(f"{name}: a link out of the folder", said)
            os.remove(made.path(name))
            os.rename(self.space.path("else"), made.path(name))

    def test_shapes_that_do_not_fit_keep_their_values(self):
        made = SetMaker(self.space.path("set"), "v2.1", cameras=False)
        made.schema = lambda: None
        for row in made.rows:
            row["observation.state"] = row["observation.state"][:2] + [0.5] * row["frame_index"]
        bag, _ = self.imported(made.write().root)
        values = sorted((stamp, harness.exact(fields)) for _, stamp, fields in
                        self.taken(bag, "--track", "observation/state"))
        names = ("a.pos", "b.pos", "a.pos_3")
        wanted = []
        for row in made.rows:
            state = row["observation.state"]
            fields = dict(zip(names, state)) if len(state) == 3 else {"value": state}
            # from_pylist() without a schema has made the set's seconds doubles.
            wanted.append(((row["index"] - row["frame_index"]) / FPS + row["timestamp"],
                           harness.exact(fields)))
        self.assertEqual(str(values), str(sorted(wanted)))

    def test_places_that_are_none_cost_their_frames(self):
        made = SetMaker(self.space.path("set"), "v3.0", cameras=False)
        for n, (name, value) in enumerate((("frame_index", -1), ("index", -5), ("index", None),
                                           ("episode_index", -2), ("frame_index", 2 ** 62))):
            made.rows[n][name] = value
        bag, said = self.imported(made.write().root, code=LOSSY)
        self.assertIn("refused 5 frames", said)
        self.assertIn("file-000.parquet: row 3: it does not say which frame it is", said)
        self.assertEqual(len(self.taken(bag, "--track", "note")), sum(LENGTHS) - 5)

    def test_times_that_are_not_at_its_rate_are_told(self):
        made = SetMaker(self.space.path("set"), "v3.0", cameras=False)
        for n, value in enumerate((math.nan, 7.5, None, -1.0)):
            made.rows[n]["timestamp"] = value
        bag, said = self.imported(made.write().root)
        self.assertIn("4 frames are not where their timestamp says", said)
        stamps = sorted(stamp for _, stamp, _ in self.taken(bag, "--track", "note"))
        for stamp, row in zip(stamps, made.rows):
            self.assertAlmostEqual(stamp, row["index"] / FPS, places=6)

    def test_columns_that_every_set_has_are_asked_for(self):
        made = SetMaker(self.space.path("set"), "v2.1", cameras=False)
        made.write()
        path = made.path(made.templates["data"].format(**made.places(0)))
        made.parquet.write_table(made.parquet.read_table(path).drop(["frame_index"]), path)
        bag, said = self.imported(made.root, code=DAMAGED)
        self.assertIn("episode_000000.parquet: it has no column frame_index", said)
        self.assertEqual(len(self.taken(bag, "--track", "note")), sum(LENGTHS[1:]))

    def test_pictures_that_are_not_in_the_file_are_refused(self):
        made = SetMaker(self.space.path("set"), "v3.0", cameras=False)
        made.rows[0]["observation.images.top"] = {"bytes": None, "path": "/etc/passwd"}
        bag, said = self.imported(made.write().root, code=LOSSY)
        self.assertIn("the picture of observation.images.top is not in the file", said)
        self.assertEqual(len(self.taken(bag, "--track", "observation/images/top")),
                         sum(LENGTHS) - 1)


if __name__ == "__main__":
    harness.main()
