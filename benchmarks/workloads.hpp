// The workloads of performance.md, made once and reused: frames as our publishers send them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zbag::bench {

struct Workload {
  std::string name;
  std::vector<std::string> tracks;
  struct Frame {
    std::uint32_t track;
    std::int64_t ts_ns;
    std::string bytes;  // MessagePack map with _ts, _seq, _src first
  };
  std::vector<Frame> frames;  // in order of time, tracks interleaved
  double bytes() const;       // of all frames
};

// How many frames the full workloads have.
inline constexpr std::size_t kW1Frames = 1'000'000;
inline constexpr std::size_t kW2Frames = 100'000;
inline constexpr std::size_t kW3Frames = 1'500;

Workload w1_small(std::size_t frames);   // 20 tracks, 13 keys, ten doubles: an IMU
Workload w2_medium(std::size_t frames);  // 10 tracks, 4 096 B: random-walk ranges as bin
Workload w3_large(std::size_t frames);   // 4 tracks, 1 MiB: camera frames as bin

}  // namespace zbag::bench
