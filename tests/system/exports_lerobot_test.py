#!/usr/bin/env python3
"""Data sets of LeRobot, version 3.0, held against the rules of its own loader."""

import json
import math
import os
import warnings

import harness
import python_packages
from harness import FAILED, USAGE

OWN = {"timestamp": "float32", "frame_index": "int64", "episode_index": "int64", "index": "int64",
       "task_index": "int64"}
STATS = ["min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"]
TOLERANCE = 1e-4  # seconds, the loader's own
FIRST = "chunk-000/file-000"


class DataSet:
    """A set as the loader reads it: everything is checked, what is read is kept."""

    def __init__(self, case, root):
        self.case, self.root = case, root
        self.np = python_packages.load("numpy")
        self.parquet = python_packages.load("pyarrow.parquet")
        self.arrow = python_packages.load("pyarrow")
        self.pandas = python_packages.load("pandas")
        self.av = python_packages.load("av")
        with open(self.path("meta/info.json"), encoding="utf-8") as file:
            self.info = json.load(file)
        with open(self.path("meta/stats.json"), encoding="utf-8") as file:
            self.stats = json.load(file)
        self.features, self.fps = self.info["features"], self.info["fps"]
        self.check_info()
        self.table = self.read_data()
        self.check_indexes()
        self.episode = self.read_episode()
        self.videos = {key: self.read_video(key) for key in self.video_keys()}
        self.check_stats()

    def path(self, name):
        return os.path.join(self.root, name)

    def video_keys(self):
        return [key for key, one in self.features.items() if one["dtype"] == "video"]

    def check_info(self):
        case, info = self.case, self.info
        case.assertEqual(info["codebase_version"], "v3.0")
        case.assertIs(type(self.fps), int)
        case.assertGreater(self.fps, 0)
        case.assertEqual((info["total_episodes"], info["total_tasks"], info["splits"]),
                         (1, 1, {"train": "0:1"}))
        case.assertEqual(set(info), {
            "codebase_version", "fps", "features", "total_episodes", "total_frames", "total_tasks",
            "chunks_size", "data_files_size_in_mb", "video_files_size_in_mb", "data_path",
            "video_path", "robot_type", "splits"})
        where = {"chunk_index": 0, "file_index": 0}
        case.assertEqual(info["data_path"].format(**where), f"data/{FIRST}.parquet")
        case.assertEqual(info["video_path"] is None, not self.video_keys())
        for key, dtype in OWN.items():
            case.assertEqual(self.features[key], {"dtype": dtype, "shape": [1], "names": None})
        for key, one in self.features.items():
            case.assertNotIn("/", key)
            case.assertIn(one["dtype"], ("float32", "int64", "bool", "video"), key)
            if one["dtype"] == "video":
                case.assertEqual(one["names"], ["height", "width", "channels"])
                case.assertEqual(info["video_path"].format(video_key=key, **where),
                                 f"videos/{key}/{FIRST}.mp4")
                case.assertEqual(one["info"]["video.fps"], self.fps)
            elif key not in OWN:
                case.assertEqual(one["shape"], [len(one["names"])], key)

    def read_data(self):
        """As the features say: a number where there is one, else lists of one length."""
        arrow, case = self.arrow, self.case
        table = self.parquet.read_table(self.path(f"data/{FIRST}.parquet"))
        rows = {key: one for key, one in self.features.items() if one["dtype"] != "video"}
        case.assertEqual(set(table.column_names), set(rows))
        for key, one in rows.items():
            number = {"float32": arrow.float32(), "int64": arrow.int64(), "bool": arrow.bool_()}
            kind = table.schema.field(key).type
            case.assertEqual(table.column(key).null_count, 0, key)
            if one["shape"] == [1]:
                case.assertEqual(kind, number[one["dtype"]], key)
                continue
            case.assertTrue(arrow.types.is_list(kind) and kind.value_type == number[one["dtype"]],
                            (key, kind))
            case.assertEqual({len(row) for row in table.column(key).to_pylist()}, {one["shape"][0]})
        return table

    def column(self, key):
        return self.np.array(self.table.column(key).to_pylist(), dtype="float64")

    def check_indexes(self):
        case, count = self.case, self.info["total_frames"]
        case.assertEqual(self.table.num_rows, count)
        for key in ("frame_index", "index"):
            case.assertEqual(self.table.column(key).to_pylist(), list(range(count)))
        for key in ("episode_index", "task_index"):
            case.assertEqual(set(self.table.column(key).to_pylist()), {0})
        wanted = (self.np.arange(count) / self.fps).astype("float32")
        case.assertTrue((self.table.column("timestamp").to_numpy() == wanted).all())

    def read_episode(self):
        case = self.case
        tasks = self.pandas.read_parquet(self.path("meta/tasks.parquet"))
        case.assertEqual((tasks.index.name, list(tasks.columns)), ("task", ["task_index"]))
        case.assertEqual(tasks["task_index"].tolist(), [0])
        self.task = tasks.iloc[0].name
        rows = self.parquet.read_table(self.path(f"meta/episodes/{FIRST}.parquet")).to_pylist()
        case.assertEqual(len(rows), 1)
        episode, count = rows[0], self.info["total_frames"]
        wanted = {"episode_index": 0, "tasks": [self.task], "length": count,
                  "data/chunk_index": 0, "data/file_index": 0, "dataset_from_index": 0,
                  "dataset_to_index": count, "meta/episodes/chunk_index": 0,
                  "meta/episodes/file_index": 0}
        for key in self.video_keys():
            wanted.update({f"videos/{key}/chunk_index": 0, f"videos/{key}/file_index": 0,
                           f"videos/{key}/from_timestamp": 0.0,
                           f"videos/{key}/to_timestamp": count / self.fps})
        case.assertEqual({key: value for key, value in episode.items()
                          if not key.startswith("stats/")}, wanted)
        return episode

    def read_video(self, key):
        """Its frames, each within the loader's tolerance of the row's timestamp."""
        case, frames = self.case, []
        height, width, _ = self.features[key]["shape"]
        with self.av.open(self.path(f"videos/{key}/{FIRST}.mp4")) as video:
            case.assertEqual(self.features[key]["info"]["video.codec"],
                             {"libdav1d": "av1"}.get(video.streams.video[0].codec_context.name,
                                                     video.streams.video[0].codec_context.name))
            times = []
            for frame in video.decode(video=0):
                case.assertEqual((frame.width, frame.height, frame.format.name),
                                 (width, height, "yuv420p"))
                times.append(float(frame.pts * frame.time_base))
                frames.append(frame.to_ndarray(format="rgb24"))
        stamps = self.table.column("timestamp").to_pylist()
        case.assertEqual(len(frames), len(stamps))
        for time, stamp in zip(times, stamps):
            case.assertLess(abs(time - stamp), TOLERANCE)
        return frames

    def check_stats(self):
        case, np = self.case, self.np
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a number
        case.assertEqual(set(self.stats), set(self.features))
        for key, stats in self.stats.items():
            case.assertEqual(set(stats), set(STATS), key)
            case.assertEqual(stats["count"], [self.info["total_frames"]])
            for name in STATS:
                case.assertEqual(self.episode[f"stats/{key}/{name}"], stats[name], (key, name))
            if self.features[key]["dtype"] == "video":
                self.check_colours(key, stats)
                continue
            values = self.column(key).reshape(self.info["total_frames"], -1)
            values = np.where(np.isfinite(values), values, np.nan)
            for name, of in (("min", np.nanmin), ("max", np.nanmax), ("mean", np.nanmean),
                             ("std", np.nanstd)):
                self.check_stat(stats[name], of(values, axis=0))
            for name in STATS[5:]:
                self.check_stat(stats[name], np.nanquantile(values, int(name[1:]) / 100, axis=0))

    def check_stat(self, said, wanted):
        """Of what has no finite number it is 0."""
        self.np.testing.assert_allclose(said, self.np.nan_to_num(wanted), rtol=1e-6, atol=1e-9)

    def check_colours(self, key, stats):
        """Within what two ways from YUV to RGB differ by."""
        np = self.np
        pixels = np.array(self.videos[key], dtype="float64").reshape(-1, 3) / 255
        for name, of in (("mean", pixels.mean(axis=0)), ("std", pixels.std(axis=0)),
                         ("q50", np.quantile(pixels, 0.5, axis=0)),
                         ("q99", np.quantile(pixels, 0.99, axis=0))):
            self.case.assertEqual(np.array(stats[name]).shape, (3, 1, 1))
            np.testing.assert_allclose(np.array(stats[name]).reshape(3), of, atol=0.03,
                                       err_msg=name)


class LerobotTest(harness.SystemTest):

    def bag(self, *points, name="day.zbag", kinds=()):
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for track, stamp, fields in points)
        bag = self.space.path(name)
        self.run_ok("import", self.write(name + ".jsonl", lines), "-o", bag)
        for track, kind in kinds:
            self.run_ok("schema", bag, track, kind)
        return bag

    def export(self, bag, *more, name="set"):
        out = self.space.path(name)
        said = self.run_ok("export", bag, "-o", out, "--format", "lerobot", *more).stderr
        return DataSet(self, out), said

    def refuse(self, bag, *words, code=FAILED, more=(), out="refused"):
        before = sorted(os.listdir(self.space.folder))
        done = self.run_ok("export", bag, "-o", self.space.path(out), "--format", "lerobot", *more,
                           code=code)
        self.assert_one_line(done.stderr, *words)
        self.assertEqual(sorted(os.listdir(self.space.folder)), before)

    def picture(self, n, width=32, height=24):
        """Of one colour, that tells the number."""
        data = bytes((8 * n % 256, 128, 255 - 8 * n % 256)) * (width * height)
        return {"encoding": "rgb8", "width": width, "height": height, "step": 3 * width,
                "data_hex": data.hex()}

    def day(self):
        """A camera of 10 Hz, joints of 50 Hz from a moment before, commands of 20 Hz."""
        points = [("cam/front", 100 + n / 10, self.picture(n)) for n in range(20)]
        points += [("robot/arm", 99.99 + n / 50,
                    {"position": [n / 50, -n / 50], "grip": n % 3, "name": "arm", "raw_hex": "ff"})
                   for n in range(105)]
        points += [("robot/cmd", 99.98 + n / 20, {"x": n / 20, "on": n % 2 == 0}) for n in range(42)]
        return self.bag(*points)

    def test_a_set_holds_what_its_loader_asks_for(self):
        made, said = self.export(self.day())
        self.assertEqual((made.fps, made.info["total_frames"], made.task), (10, 20, "day"))
        self.assertEqual(made.features["observation.state"]["names"],
                         ["robot/arm.grip", "robot/arm.position_x", "robot/arm.position_y"])
        self.assertEqual(made.features["action"]["names"], ["robot/cmd.on", "robot/cmd.x"])
        self.assertEqual(made.features["observation.images.cam_front"]["shape"], [24, 32, 3])
        state, action = made.column("observation.state"), made.column("action")
        for n in range(20):
            joints = 5 * n  # the last by then
            self.assertAlmostEqual(state[n][1], joints / 50, places=5)
            self.assertAlmostEqual(state[n][2], -joints / 50, places=5)
            self.assertEqual(state[n][0], joints % 3)
            self.assertAlmostEqual(action[n][1], 2 * n / 20, places=5)
        for n, frame in enumerate(made.videos["observation.images.cam_front"]):
            red, green, blue = frame.reshape(-1, 3).mean(axis=0)
            for seen, sent in ((red, 8 * n), (green, 128), (blue, 255 - 8 * n)):
                self.assertLess(abs(seen - sent), 6, n)
        for words in ("export: pictures: observation.images.cam_front of track cam/front",
                      "export: numbers of observation.state: 3 of track robot/arm",
                      "warning: left out, as no number of a frame: name, raw of track robot/arm",
                      "export: numbers of action: 2 of track robot/cmd",
                      "export: frames are the points of track cam/front, at 10 a second"):
            self.assertIn(words, said)
        self.assertNotIn("rate", said)

    def test_the_clock_and_the_way_are_chosen(self):
        bag = self.day()
        made, _ = self.export(bag, "--align", "robot/cmd", "--how", "linear")
        self.assertEqual((made.fps, made.info["total_frames"]), (20, 41))
        for n, (_, x, y) in enumerate(made.column("observation.state").tolist()):
            self.assertAlmostEqual(x, -y, places=6)
            self.assertLessEqual(abs(x - (0.04 + n / 20)), 0.021)  # lists are not between points
        nearest, _ = self.export(bag, "--how", "nearest", name="nearest")
        self.assertEqual(nearest.fps, 10)

    def test_numbers_alone_are_a_set_on_the_clock_of_most_points(self):
        bag = self.bag(*(("a", n / 5, {"x": n}) for n in range(10)),
                       *(("b", n / 20, {"y": [n, 1, 2]}) for n in range(40)))
        made, said = self.export(bag)
        self.assertEqual((made.fps, made.info["total_frames"], made.info["video_path"]),
                         (20, 40, None))
        self.assertEqual(made.features["observation.state"]["shape"], [4])
        self.assertFalse(os.path.exists(made.path("videos")))
        self.assertIn("frames are the points of track b", said)

    def test_one_number_is_no_list(self):
        made, _ = self.export(self.bag(*(("a", n / 5, {"x": n}) for n in range(10)),
                                       *(("a/cmd", n / 5, {"v": -n}) for n in range(10))))
        self.assertEqual(made.column("observation.state").tolist(), list(range(10)))
        self.assertEqual(made.column("action").tolist(), [-n for n in range(10)])

    def test_steps_are_action_reward_done_and_state(self):
        bag = self.bag(*(("sim/step", n / 10, {
            "timestamp": n / 10, "position": [float(n), 0.5], "orientation": 0.1, "velocity": [1, 2],
            "concentration": 0.25, "gradient": [0, 1], "action": {"turn": n / 2, "go": 1},
            "reward": n / 4, "done": n == 9}) for n in range(10)),
            *(("robot/cmd", n / 10, {"x": 1.0}) for n in range(10)),
            kinds=[("sim/step", "step")])
        made, said = self.export(bag)
        self.assertEqual(made.features["action"]["names"],
                         ["sim/step.action.go", "sim/step.action.turn"])
        self.assertEqual(made.features["next.done"],
                         {"dtype": "bool", "shape": [1], "names": ["sim/step.done"]})
        self.assertEqual(made.table.column("next.done").to_pylist(), 9 * [False] + [True])
        self.assertEqual(made.column("next.reward").tolist(), [n / 4 for n in range(10)])
        self.assertEqual(made.features["observation.state"]["names"], [
            "robot/cmd.x", "sim/step.concentration", "sim/step.gradient_x", "sim/step.gradient_y",
            "sim/step.orientation", "sim/step.position_x", "sim/step.position_y",
            "sim/step.velocity_x", "sim/step.velocity_y"])
        self.assertIn("left out, as no number of a frame: timestamp", said)

    def test_what_a_recording_said_is_the_task(self):
        bag = self.space.path("live.zbag")
        recorder = self.start_recorder(bag, "--metadata", "task=pick it up: 'now'", "--metadata",
                                       "robot_type=so100")
        publisher = self.publisher(recorder)
        publisher.wait_for_subscriber()
        for n in range(5):
            publisher.send("arm", {"_ts": 1.0 + n, "q": n})
        harness.wait_until(lambda: self.info(bag)["points"] == 5, "all points")
        self.assertEqual(recorder.stop(), 0)
        made, _ = self.export(bag)
        self.assertEqual((made.task, made.info["robot_type"]), ("pick it up: 'now'", "so100"))

    def test_missing_numbers_are_nan_and_the_others_count(self):
        points = [("a", n / 10, {"x": float(n), "y": 1.0, "big": 1e300}) for n in range(10)]
        points[3][2]["x"] = None
        del points[4][2]["y"]
        made, said = self.export(self.bag(*points))
        values = made.column("observation.state")
        self.assertTrue(math.isnan(values[3][1]) and math.isnan(values[4][2]))
        self.assertTrue(math.isinf(values[0][0]))
        self.assertEqual(made.stats["observation.state"]["max"], [0, 9, 1])
        self.assertIn("2 numbers were missing and are NaN", said)

    def test_what_no_float32_is_is_left_out_and_what_is_infinite_counted(self):
        made, said = self.export(self.bag(*(("scan", n / 10, {
            "recv_ns": 10**18 + n, "header": {"seq": n, "stamp": -2**24 - 1}, "most": 2**24,
            "ids": [1, 2**24 + 1], "r": [1.0, math.inf if n % 5 else 3.0, -math.inf if n % 2 else 2.0]})
            for n in range(10))))
        self.assertEqual(made.features["observation.state"]["names"],
                         ["scan.header.seq", "scan.most", "scan.r_x", "scan.r_y", "scan.r_z"])
        self.assertIn("left out, too large for a float32: header.stamp, ids, recv_ns of track scan", said)
        self.assertIn("fields with infinite numbers: 13 in scan.r", said)
        self.assertEqual([row[1] for row in made.column("observation.state").tolist()], 10 * [2.0**24])

    def test_rows_begin_with_the_camera_that_is_last(self):
        points = [("cam/a", n / 10, self.picture(n)) for n in range(20)]
        points += [("cam/b", 0.55 + n / 10, self.picture(n)) for n in range(10)]
        made, said = self.export(self.bag(*points))
        self.assertEqual(made.info["total_frames"], 14)
        self.assertIn("6 points of track cam/a come before all tracks have begun", said)
        self.assertLess(abs(made.videos["observation.images.cam_a"][0][..., 0].mean() - 48), 6)
        self.assertLess(abs(made.videos["observation.images.cam_b"][0][..., 0].mean()), 6)

    def test_an_irregular_clock_becomes_a_constant_rate(self):
        stamps = [0, 0.1, 0.2, 0.21, 0.3, 0.69, 0.8, 0.9, 1.0]
        made, said = self.export(self.bag(*(("a", t, {"x": t}) for t in stamps)))
        self.assertEqual((made.fps, made.info["total_frames"]), (10, 11))
        for n, x in enumerate(made.column("observation.state")):
            self.assertAlmostEqual(x, min(stamps, key=lambda t: abs(t - n / 10)), places=6)
        self.assertIn("does not keep that rate: 1 of its points are no frame, 3 frames repeat", said)

    def test_pictures_that_are_too_old_are_told(self):
        points = [("a", n / 10, {"x": n}) for n in range(20)]
        points += [("cam", n / 10, self.picture(n)) for n in range(5)]
        _, said = self.export(self.bag(*points), "--align", "a", "--tolerance", "0.05")
        self.assertIn("frames have no picture at their time and repeat the one before: 15 of track cam", said)

    def test_a_picture_of_another_size_is_refused(self):
        points = [("cam", n / 10, self.picture(n, width=32 if n < 5 else 64)) for n in range(10)]
        self.refuse(self.bag(*points), "track cam, point at 0.5", "64 x 24", "32 x 24")

    def test_sides_that_are_odd_are_those_of_the_video(self):
        points = [("cam", n / 10, self.picture(n, width=33, height=25)) for n in range(5)]
        made, _ = self.export(self.bag(*points))
        self.assertEqual(made.features["observation.images.cam"]["shape"], [26, 34, 3])

    def test_names_of_strangers_stay_in_the_folder(self):
        points = []
        for n in range(4):
            points += [(track, n / 10, self.picture(n)) for track in ("a.b/c", "a_b/c", "A_b/c")]
            points += [("\u202e'; drop table \"x\"", n / 10, {"../..\n": n, "x\"]": n})]
        made, _ = self.export(self.bag(*points))
        self.assertEqual(sorted(made.video_keys()),
                         ["observation.images.A_b_c", "observation.images.a_b_c_",
                          "observation.images.a_b_c__"])
        self.assertEqual(sorted(os.listdir(self.space.path("set"))), ["data", "meta", "videos"])

    def test_what_cannot_be_a_set_is_one_line_and_nothing_is_left(self):
        bag = self.day()
        os.makedirs(self.space.path("full/of"))
        self.refuse(bag, "is not empty", out="full")
        self.export(bag, "--force", name="full")
        self.assertEqual(sorted(os.listdir(self.space.path("full"))), ["data", "meta", "of", "videos"])
        done = self.run_ok("export", bag, "-o", "-", "--format", "lerobot", code=USAGE)
        self.assert_one_line(done.stderr, "stdout can not take")
        self.refuse(bag, "no track nope", more=("--align", "nope"))
        self.refuse(bag, "--columns does not go with", code=USAGE, more=("--columns", "x"))
        self.refuse(bag, "nothing of cam/front", more=("--align", "robot/arm", "--tolerance", "0",
                                                       "--track", "cam/front", "--track",
                                                       "robot/arm"))
        texts = self.bag(*(("t", n, {"note": "a"}) for n in range(3)), name="texts.zbag")
        self.refuse(texts, "no pictures and no numbers are chosen")
        far = self.bag(*(("a", t, {"x": 1.0}) for t in (0, 0.001, 0.002, 1e6)), name="far.zbag")
        self.refuse(far, "mostly gaps")
        done = self.space.run("export", bag, "-o", self.space.path("none"), "--format", "lerobot",
                              "--start", "500")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse(os.path.exists(self.space.path("none")))

    def test_a_full_disk_leaves_nothing(self):
        disk = self.small_disk("64k")
        points = [("cam", n / 10, {"encoding": "rgb8", "width": 200, "height": 200, "step": 600,
                                   "data_hex": os.urandom(120_000).hex()}) for n in range(20)]
        done = self.run_ok("export", self.bag(*points), "-o", os.path.join(disk, "set"),
                           "--format", "lerobot", code=FAILED)
        self.assert_one_line(done.stderr, "No space left")
        self.assertEqual(os.listdir(disk), [])


if __name__ == "__main__":
    harness.main()
