#!/usr/bin/env python3
"""Bags of ROS by the `rosbags` package: what reads them in Python, without a ROS.

    rosbags_peer.py make FOLDER MESSAGES    run.bag (ROS 1) and run2/ (ROS 2, MCAP with CDR) of an IMU,
                                            a laser scan of 360 beams in ten and a transform in five
    rosbags_peer.py read PATH               every message as an object; prints a line of
                                            "SECONDS CPU_SECONDS MESSAGES", without its own start
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "system"))
import python_packages  # noqa: E402

numpy = python_packages.load("numpy")
typesys = python_packages.load("rosbags.typesys")
STEP_NS = 2_500_000
SCAN_EVERY, TRANSFORM_EVERY = 10, 5


class Messages:
    """Those of a robot, one after another; each call gives (topic, kind, time, message)."""

    def __init__(self, store):
        self.types = store.types
        self.random = numpy.random.default_rng(1)

    def of(self, kind, **members):
        return self.types[kind](**members)

    def header(self, at):
        name = "std_msgs/msg/Header"
        members = {"stamp": self.of("builtin_interfaces/msg/Time", sec=at // 10**9,
                                    nanosec=at % 10**9), "frame_id": "base_link"}
        if "seq" in self.types[name].__dataclass_fields__:
            members["seq"] = 0
        return self.of(name, **members)

    def point(self):
        x, y, z = map(float, self.random.normal(size=3))
        return self.of("geometry_msgs/msg/Vector3", x=x, y=y, z=z)

    def turn(self):
        x, y, z, w = map(float, self.random.normal(size=4))
        return self.of("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)

    def imu(self, at):
        return self.of("sensor_msgs/msg/Imu", header=self.header(at), orientation=self.turn(),
                       orientation_covariance=numpy.zeros(9), angular_velocity=self.point(),
                       angular_velocity_covariance=numpy.zeros(9), linear_acceleration=self.point(),
                       linear_acceleration_covariance=numpy.zeros(9))

    def scan(self, at):
        ranges = (3 + self.random.random(360)).astype("float32")
        return self.of("sensor_msgs/msg/LaserScan", header=self.header(at), angle_min=-3.14,
                       angle_max=3.14, angle_increment=0.0175, time_increment=0.0, scan_time=0.025,
                       range_min=0.1, range_max=30.0, ranges=ranges, intensities=ranges)

    def transform(self, at):
        moved = self.of("geometry_msgs/msg/Transform", translation=self.point(), rotation=self.turn())
        return self.of("geometry_msgs/msg/TransformStamped", header=self.header(at),
                       child_frame_id="laser", transform=moved)

    def __call__(self, count):
        for n in range(count):
            at = 1_700_000_000 * 10**9 + n * STEP_NS
            if n % SCAN_EVERY == 0:
                yield "/scan", "sensor_msgs/msg/LaserScan", at, self.scan(at)
            elif n % TRANSFORM_EVERY == 1:
                yield "/laser_at", "geometry_msgs/msg/TransformStamped", at, self.transform(at)
            else:
                yield "/imu", "sensor_msgs/msg/Imu", at, self.imu(at)


def write(writer, store, serialize, count):
    connections = {}
    with writer:
        for topic, kind, at, message in Messages(store)(count):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(connections[topic], at, serialize(message, kind))


def make(folder, count):
    rosbag1, rosbag2 = map(python_packages.load, ("rosbags.rosbag1", "rosbags.rosbag2"))
    store = typesys.get_typestore(typesys.Stores.ROS1_NOETIC)
    write(rosbag1.Writer(folder / "run.bag"), store, store.serialize_ros1, count)
    store = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
    writer = rosbag2.Writer(folder / "run2", version=9, storage_plugin=rosbag2.StoragePlugin.MCAP)
    write(writer, store, store.serialize_cdr, count)


def read(path):
    highlevel = python_packages.load("rosbags.highlevel")
    store = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
    begin, cpu, count = time.perf_counter(), time.process_time(), 0
    with highlevel.AnyReader([path], default_typestore=store) as reader:
        for connection, _, raw in reader.messages():
            reader.deserialize(raw, connection.msgtype)
            count += 1
    print(time.perf_counter() - begin, time.process_time() - cpu, count)


def main():
    verb, path, *more = sys.argv[1:]
    if verb == "make":
        make(pathlib.Path(path), int(*more))
    else:
        read(pathlib.Path(path))


if __name__ == "__main__":
    main()
