"""A recording of any length in neutral form, the same one every time it is asked for.

It has what makes bags costly to rewrite: images that do not compress, scans that do, many small
points, and on every track points that come far too late, so that blocks overlap.
"""

import random

TICKS_PER_SECOND = 1000  # a small point each
TICKS_PER_SCAN = 200
TICKS_PER_IMAGE = 400
IMAGE_BYTES = 144 * 1024
LATE_SHARE = 0.04
LATE_TICKS_MAX = 20_000  # 7 MB of images: far behind what is still in memory

IMU = '{"track":"robot/imu","_ts":%r,"fields":{"n":%d,"state":"nominal","ax":%r,"az":9.81}}\n'
SCAN = '{"track":"laser/front","_ts":%r,"fields":{"n":%d,"ranges":[%s]}}\n'
IMAGE = '{"track":"cam","_ts":%r,"fields":{"n":%d,"data_hex":"%s"}}\n'


def write_recording(path, ticks, seed=1, start=1000.0, ticks_ahead=0):
    """Writes a recording of so many ticks; returns how many points it has.

    During the first `ticks_ahead` ticks the clock is a day ahead, as that of a robot may be until
    it is set: all that follows is late.
    """
    rand = random.Random(seed)
    scans = [",".join(f"{3 + rand.random():.2f}" for _ in range(540)) for _ in range(20)]
    points = 0

    def stamp_of(tick):
        """No two of a track are equal: late points fall between the others."""
        if tick < ticks_ahead:
            return start + 86_400 + tick / TICKS_PER_SECOND
        if rand.random() >= LATE_SHARE:
            return start + tick / TICKS_PER_SECOND
        late = rand.randrange(1, LATE_TICKS_MAX)
        between = 0.1 + 0.8 * (tick % LATE_TICKS_MAX) / LATE_TICKS_MAX
        return start + (max(0, tick - late) + between) / TICKS_PER_SECOND

    with open(path, "w", encoding="ascii") as file:
        for tick in range(ticks):
            file.write(IMU % (stamp_of(tick), tick, rand.random()))
            points += 1
            if tick % TICKS_PER_SCAN == 0:
                file.write(SCAN % (stamp_of(tick), tick, scans[tick // TICKS_PER_SCAN % 20]))
                points += 1
            if tick % TICKS_PER_IMAGE == 0:
                file.write(IMAGE % (stamp_of(tick), tick, rand.randbytes(IMAGE_BYTES).hex()))
                points += 1
    return points
