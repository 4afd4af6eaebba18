"""Messages of ROS with random values, and what `import` should make of them: what the tests of every
format that holds such messages share."""

import random
import struct

import harness

# Of each kind of member that messages have; a message of another type is its name.
DEFINITIONS = {
    "test_msgs/msg/Part": "string label\nfloat32[] values\nuint8[] data\n",
    "test_msgs/msg/All": "\n".join([
        "std_msgs/Header header", "bool flag", "int8 i8", "uint8 u8", "int16 i16", "uint16 u16",
        "int32 i32", "uint32 u32", "int64 i64", "uint64 u64", "float32 f32", "float64 f64",
        "string text", "time at", "duration span", "float64[9] matrix", "int32[] list",
        "string[] words", "uint8[] data", "test_msgs/Part part", "test_msgs/Part[] parts",
        "uint8 LIMIT=5"]) + "\n",
}

# What lies on the wire of ROS 2 where a message has no members.
OF_NOTHING = "structure_needs_at_least_one_member"

KINDS = [*DEFINITIONS, "sensor_msgs/msg/Imu", "sensor_msgs/msg/Image", "nav_msgs/msg/Odometry",
         "sensor_msgs/msg/PointCloud2", "geometry_msgs/msg/TransformStamped",
         "diagnostic_msgs/msg/DiagnosticArray"]


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


class RandomMessages:
    """`typesys`: that of the `rosbags` package."""

    def __init__(self, typesys, seed):
        self.typesys = typesys
        self.random = random.Random(seed)
        self.is_ros1 = True

    def store(self, name):
        """The types of a ROS, with our own."""
        self.is_ros1 = name.startswith("ROS1")
        store = self.typesys.get_typestore(getattr(self.typesys.Stores, name))
        for kind, text in DEFINITIONS.items():
            store.register(self.typesys.get_types_from_msg(text, kind))
        return store

    def make(self, store, kind):
        """A message, and the fields it should become."""
        definition = store.fielddefs[kind][1]
        values, fields = {}, {}
        for name, (node, what) in definition:
            values[name], fields[name] = self.value(store, node, what)
        fields.pop(OF_NOTHING, None)
        return store.types[kind](**values), fields

    def value(self, store, node, what):
        import numpy
        node = int(node)
        if node == 1:  # a plain one
            return self.plain(what[0])
        if node == 2:  # a message
            if what in ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration"):
                seconds, rest = self.random.randrange(2**31), self.random.randrange(10**9)
                return (store.types[what](sec=seconds, nanosec=rest),
                        seconds * 10**9 + rest)
            return self.make(store, what)
        inner, count = what[0], what[1] if node == 3 else self.random.randrange(5)
        pairs = [self.value(store, *inner) for _ in range(count)]
        given = [pair[0] for pair in pairs]
        fields = [pair[1] for pair in pairs]
        if int(inner[0]) != 1 or inner[1][0] == "string":
            return given, fields
        kind = {"octet": "uint8", "byte": "uint8", "char": "uint8"}.get(inner[1][0], inner[1][0])
        array = numpy.array(given, dtype=kind)
        return array, bytes(given) if kind == "uint8" else fields

    def plain(self, kind):
        if kind == "string":
            text = "".join(self.random.choice("abc äß€") for _ in range(self.random.randrange(9)))
            return text, text
        if kind == "bool":
            value = self.random.random() < 0.5
            return value, value
        if kind == "float32":
            value = as_float32(self.random.uniform(-1e6, 1e6))
            return value, value
        if kind == "float64":
            value = self.random.choice([self.random.uniform(-1e9, 1e9), float("inf"), -0.0])
            return value, value
        bits = int("".join(filter(str.isdigit, kind)) or 8)
        if kind in ("byte", "octet") and not self.is_ros1:  # has no sign there, of which they differ
            value = self.random.randrange(128)
            return value, value
        low = 0 if kind.startswith("u") or kind == "char" else -2**(bits - 1)
        value = self.random.randrange(low, low + 2**bits)
        return value, value


def assert_points(test, points, wanted):
    """That they are the `wanted`: (track, log time, fields), stamped by their headers."""
    ours = {}
    for track, fields in points:
        ours.setdefault(track, []).append(harness.without_bus_fields(fields))
    for track, log_ns, fields in wanted:
        stamp = (fields["header"]["stamp"] if "header" in fields else log_ns) / 10**9
        expected = dict(fields)
        if "header" in fields:
            expected["recv_ns"] = log_ns
        found = [f for f in ours[track]
                 if harness.exact({k: v for k, v in f.items() if k != "_ts"})
                 == harness.exact(expected)]
        test.assertTrue(found, f"{track}: {expected}\n{ours[track][:2]}")
        test.assertIn(stamp, [f["_ts"] for f in found])
    test.assertEqual(sum(map(len, ours.values())), len(wanted))
