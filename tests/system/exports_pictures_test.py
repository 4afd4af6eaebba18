#!/usr/bin/env python3
"""Cameras: their pictures as files and as videos, which PyAV reads frame for frame."""

import json
import os
import struct
import subprocess
import zlib

import harness
import python_packages
from harness import FAILED, USAGE


def png(width, height, pixel):
    """A whole PNG of RGB, pixel(x, y) each."""
    def chunk(name, body):
        return (struct.pack(">I", len(body)) + name + body
                + struct.pack(">I", zlib.crc32(name + body)))
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width))
                    for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class PictureTest(harness.SystemTest):

    def bag(self, *points, name="in.zbag"):
        lines = "".join(json.dumps({"track": track, "_ts": stamp, "fields": fields}) + "\n"
                        for track, stamp, fields in points)
        self.run_ok("import", self.write(name + ".jsonl", lines), "-o", self.space.path(name))
        return self.space.path(name)

    def assert_refused(self, code, bag, form, *words, out="refused", more=()):
        """One line, and nothing is left."""
        before = sorted(os.listdir(self.space.folder))
        done = self.run_ok("export", bag, "-o", self.space.path(out), "--format", form, *more,
                           code=code)
        self.assert_one_line(done.stderr, *words)
        self.assertEqual(sorted(os.listdir(self.space.folder)), before)


class ImagesTest(PictureTest):

    def images(self, bag, *more):
        out = self.space.path("img")
        done = self.run_ok("export", bag, "-o", out, "--format", "images", *more)
        with open(os.path.join(out, "index.jsonl"), encoding="utf-8") as file:
            index = [json.loads(line) for line in file]
        return out, index, done.stderr

    def bytes_of(self, out, line):
        with open(os.path.join(out, line["file"]), "rb") as file:
            return file.read()

    def raw(self, encoding, width, height, data, **more):
        return {"encoding": encoding, "width": width, "height": height, "data_hex": data.hex(),
                **more}

    def test_coded_pictures_are_files_of_their_bytes(self):
        picture = png(2, 1, lambda x, y: (x, y, 9))
        jpeg = b"\xff\xd8\xff\xe0 as it is"
        bag = self.bag(("cam/a", 1.5, {"data_hex": picture.hex(), "format": "wrong"}),
                       ("cam/a", 2.0, {"data_hex": jpeg.hex(), "gain": 3}),
                       ("cam/b", 1.0, {"other_hex": jpeg.hex(), "file": "f"}),
                       ("imu", 1.0, {"ax": 1}))
        out, index, _ = self.images(bag)
        self.assertEqual(index, [
            {"file": "images/cam/a/000000_1500000000.png", "track": "cam/a", "_ts": 1.5,
             "_ts_ns": 1500000000, "format": "wrong"},
            {"file": "images/cam/a/000001_2000000000.jpg", "track": "cam/a", "_ts": 2.0,
             "_ts_ns": 2000000000, "gain": 3},
            {"file": "images/cam/b/000000_1000000000.jpg", "track": "cam/b", "_ts": 1.0,
             "_ts_ns": 1000000000, "file_": "f"}])
        self.assertEqual([self.bytes_of(out, line) for line in index], [picture, jpeg, jpeg])

    def test_raw_pixels_are_netpbm_bit_for_bit(self):
        bag = self.bag(
            ("c", 1.0, self.raw("bgr8", 2, 1, bytes(range(6)))),
            ("c", 2.0, self.raw("rgb8", 1, 2, bytes([1, 2, 3, 0, 4, 5, 6]), step=4)),
            ("c", 3.0, self.raw("mono8", 3, 1, b"abc")),
            ("c", 4.0, self.raw("mono16", 1, 1, b"\x01\x02")),
            ("c", 5.0, self.raw("16UC1", 1, 1, b"\x01\x02", is_bigendian=1)),
            ("c", 6.0, self.raw("bgra8", 1, 1, b"\1\2\3\4")))
        out, index, _ = self.images(bag)
        self.assertEqual([self.bytes_of(out, line) for line in index], [
            b"P6\n2 1\n255\n\2\1\0\5\4\3", b"P6\n1 2\n255\n\1\2\3\4\5\6", b"P5\n3 1\n255\nabc",
            b"P5\n1 1\n65535\n\2\1", b"P5\n1 1\n65535\n\1\2",
            b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n\3\2\1\4"])

    def test_points_without_a_picture_are_left_out_and_counted(self):
        bag = self.bag(("cam", 1.0, {"data_hex": "ffd8ff00"}), ("cam", 2.0, {"data_hex": "00"}),
                       ("cam", 3.0, {"x": 1}))
        _, index, said = self.images(bag)
        self.assertEqual(len(index), 1)
        self.assertIn("are left out: 2 of track cam", said)

    def test_pixels_that_are_not_there_are_refused(self):
        for fields, words in (
                (self.raw("rgb8", 2, 2, b"123"), ("3 bytes", "2 x 2")),
                (self.raw("rgb8", 1 << 40, 1 << 40, b"123"), ("3 bytes",)),
                (self.raw("rgb8", 2, 1, b"123456", step=1), ("1 bytes a row",)),
                (self.raw("yuv\x1b[2J", 2, 1, b"123456"), ("yuv\\x1b[2J",))):
            with self.subTest(fields=fields):
                bag = self.bag(("cam", 1.0, fields), name=f"{len(words[0])}{fields['width']}.zbag")
                self.assert_refused(FAILED, bag, "images", "track cam, point at 1.0", *words)

    def test_bags_without_pictures_and_taken_folders_are_refused(self):
        bag = self.bag(("imu", 1.0, {"ax": 1}))
        self.assert_refused(USAGE, bag, "images", "no chosen point holds a picture")
        self.write("taken/mine", "")
        self.assert_refused(FAILED, bag, "images", "taken", "is not empty", out="taken")

    def test_a_track_may_be_called_as_the_index(self):
        bag = self.bag(("index.jsonl", 1.0, {"data_hex": "ffd8ff00"}))
        _, index, _ = self.images(bag)
        self.assertEqual(index[0]["file"], "images/index.jsonl/000000_1000000000.jpg")

    def test_a_real_camera_comes_out_as_it_went_in(self):
        recording = harness.recording_path("g1_tiny")
        bag = self.space.path("g1.zbag")
        self.run_ok("import", recording, "-o", bag)
        out, index, _ = self.images(bag)
        self.assertEqual(len(index), 30)
        for number, line in enumerate(index, 1):
            name = f"cam_high/{number:06}.jpg"
            with open(os.path.join(os.path.dirname(recording), name), "rb") as file:
                self.assertEqual(self.bytes_of(out, line), file.read(), name)


# Prints what a video holds, as JSON: PyAV is FFmpeg by another hand and of another version.
READ_VIDEO = """
import json, sys
import av
with av.open(sys.argv[1]) as video:
    stream = video.streams.video[0]
    frames = list(video.decode(stream))
    print(json.dumps({
        "codec": stream.codec_context.name, "comment": video.metadata.get("comment"),
        "size": [stream.width, stream.height],
        "us": [round(frame.pts * frame.time_base * 1_000_000) for frame in frames],
        "pixels": [frame.to_ndarray(format="rgb24")[0, 0].tolist() for frame in frames],
        "corners": [frame.to_ndarray(format="rgb24")[-1, -1].tolist() for frame in frames]}))
"""


def read_video(path):
    python_packages.load("av")
    # A process of its own: what it decodes wrongly ends no test.
    python = python_packages.FOLDER / "bin" / "python"
    done = subprocess.run([python, "-c", READ_VIDEO, path], capture_output=True, check=True)
    return json.loads(done.stdout)


def still(width, height, colour):
    return {"data_hex": png(width, height, lambda x, y: colour).hex()}


class VideoTest(PictureTest):

    def video(self, bag, *more, name="cam.mp4"):
        out = self.space.path(name)
        done = self.run_ok("export", bag, "-o", out, "--format", "mp4", *more)
        return read_video(out), done.stderr

    def assert_colour(self, pixel, wanted):
        for have, want in zip(pixel, wanted):
            self.assertAlmostEqual(have, want, delta=12)

    def test_each_picture_is_a_frame_at_its_own_stamp(self):
        stamps = [1000.0, 1000.04, 1000.041, 1003.5, 1003.533333]
        colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 200), (20, 20, 20)]
        for codec in ("h264", "av1"):
            with self.subTest(codec=codec):
                bag = self.bag(*(("cam", stamp, still(64, 48, colour))
                                 for stamp, colour in zip(stamps, colours)), name=codec + ".zbag")
                video, _ = self.video(bag, "--codec", codec, name=codec + ".mp4")
                self.assertIn(codec, (video["codec"], {"libdav1d": "av1"}.get(video["codec"])))
                self.assertEqual(video["us"], [0, 40000, 41000, 3500000, 3533333])
                self.assertEqual(video["comment"], "_ts of 0: 1000.0")
                for pixel, colour in zip(video["pixels"], colours):
                    self.assert_colour(pixel, colour)

    def test_stamps_of_one_microsecond_follow_each_other(self):
        bag = self.bag(*(("cam", stamp, still(32, 32, (9, 9, 9)))
                         for stamp in (1.0, 1.0000002, 1.0000003, 2.0)))
        video, said = self.video(bag)
        self.assertEqual(video["us"], [0, 1, 2, 1000000])
        self.assertIn("begin in the next: 2 of track cam", said)

    def test_odd_sides_get_a_row_and_a_column_more(self):
        bag = self.bag(("cam", 1.0, still(33, 31, (200, 60, 60))))
        video, _ = self.video(bag)
        self.assertEqual(video["size"], [34, 32])
        self.assert_colour(video["corners"][0], (200, 60, 60))

    def test_raw_pixels_are_frames(self):
        raw = {"encoding": "bgr8", "width": 32, "height": 32,
               "data_hex": (bytes([20, 40, 220]) * 1024).hex()}
        video, _ = self.video(self.bag(("cam", 1.0, raw)))
        self.assert_colour(video["pixels"][0], (220, 40, 20))

    def test_cameras_are_files_below_a_folder_and_other_bytes_none(self):
        bag = self.bag(("a/cam", 1.0, still(32, 32, (0, 0, 0))), ("lidar", 1.0, {"data_hex": "00"}),
                       ("b", 1.0, still(32, 32, (0, 0, 0))), ("imu", 1.0, {"x": 1}))
        out = self.space.path("out")
        self.run_ok("export", bag, "-o", out, "--format", "mp4")
        found = sorted(os.path.relpath(os.path.join(folder, name), out)
                       for folder, _, names in os.walk(out) for name in names)
        self.assertEqual(found, ["a/cam.mp4", "b.mp4"])

    def test_the_only_camera_of_a_robot_needs_no_choice(self):
        bag = self.bag(("cam", 1.0, still(32, 32, (0, 0, 0))), ("imu", 1.0, {"x": 1}))
        self.run_ok("export", bag, "-o", self.space.path("c.mp4"), "--format", "mp4")

    def test_what_is_no_video_is_refused_and_leaves_nothing(self):
        white = (255, 255, 255)
        huge = bytearray(png(1, 1, lambda x, y: white))
        huge[16:24] = struct.pack(">II", 60000, 60000)
        huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
        large_jpeg = (b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x22\0\2\x11\1\3\x11\1"
                      b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0\0\xff\xd9")
        for number, (points, words) in enumerate((
                ([still(32, 32, white), still(64, 32, white)], ("64 x 32", "32 x 32", "2.0")),
                ([{"data_hex": "ffd8ffe0" + "41" * 90}], ("damaged", "1.0")),
                ([{"data_hex": huge.hex()}], ("too large", "1.0")),
                ([{"data_hex": large_jpeg.hex()}], ("too large", "1.0")))):
            with self.subTest(words=words):
                bag = self.bag(*(("cam", 1.0 + at, fields) for at, fields in enumerate(points)),
                               name=f"{number}.zbag")
                self.assert_refused(FAILED, bag, "mp4", "track cam, point at", *words, out="o.mp4")
        far = self.bag(("cam", 1.0, still(32, 32, white)), ("cam", 5000.0, still(32, 32, white)),
                       name="far.zbag")
        self.assert_refused(FAILED, far, "mp4", "4999 s behind", "--start", out="o.mp4")

    def test_options_of_a_video_are_for_videos(self):
        bag = self.bag(("imu", 1.0, {"x": 1}))
        self.assert_refused(USAGE, bag, "mp4", "no chosen point holds a picture", out="o.mp4")
        self.assert_refused(USAGE, bag, "json", "--codec", more=("--codec", "av1"), out="o.json")
        self.assert_refused(USAGE, bag, "mp4", "--codec", more=("--codec", "vhs"), out="o.mp4")

    def test_a_real_camera_has_all_its_frames_at_their_stamps(self):
        bag = self.space.path("g1.zbag")
        self.run_ok("import", harness.recording_path("g1_tiny"), "-o", bag)
        points = self.run_ok("cat", bag, "--track", "camera/head", "--columns", "width").stdout
        stamps = [json.loads(line)["_ts"] for line in points.splitlines()]
        video, _ = self.video(bag)
        self.assertEqual(video["size"], [640, 480])
        self.assertEqual(video["us"], [round((stamp - stamps[0]) * 1e6) for stamp in stamps])


if __name__ == "__main__":
    harness.main()
