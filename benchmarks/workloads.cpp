#include "benchmarks/workloads.hpp"

#include <fmt/format.h>

#include <numeric>
#include <random>

#include "schemas/frame.hpp"

namespace zbag::bench {
namespace {

constexpr std::int64_t kStartNs = 1'795'202'544'000'000'000;

Workload workload(const std::string& name, std::size_t tracks, const char* pattern) {
  Workload work;
  work.name = name;
  for (std::size_t i = 0; i < tracks; ++i)
    work.tracks.push_back(fmt::format(fmt::runtime(pattern), i));
  return work;
}

// Adds a frame to the track whose turn it is.
void add(Workload& work, std::size_t i, std::int64_t step_ns, std::span<const FieldView> fields) {
  const std::size_t tracks = work.tracks.size();
  const Timestamp stamp = Timestamp::from_ns(kStartNs + static_cast<std::int64_t>(i) * step_ns);
  std::string bytes;
  encode_frame({stamp, i / tracks, 0x1234'5678'9abc'def0ULL}, fields, bytes);
  work.frames.push_back({static_cast<std::uint32_t>(i % tracks), stamp.ns(), std::move(bytes)});
}

// Pixels or ranges that compress badly, cheap to make: one random pool, read from shifting places.
std::string noise(std::size_t bytes, std::mt19937_64& random) {
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    const std::uint64_t word = random();
    __builtin_memcpy(&out[i], &word, 8);
  }
  return out;
}

}  // namespace

double Workload::bytes() const {
  return std::accumulate(frames.begin(), frames.end(), 0.0, [](double sum, const Frame& frame) {
    return sum + static_cast<double>(frame.bytes.size());
  });
}

Workload w1_small(std::size_t frames) {
  Workload work = workload("W1 small", 20, "robot/imu{}");
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0.0, 0.1);
  work.frames.reserve(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    const std::array<FieldView, 10> fields = {{{"acc_x", normal(random)},
                                               {"acc_y", normal(random)},
                                               {"acc_z", 9.81 + normal(random)},
                                               {"gyro_x", normal(random)},
                                               {"gyro_y", normal(random)},
                                               {"gyro_z", normal(random)},
                                               {"q_w", normal(random)},
                                               {"q_x", normal(random)},
                                               {"q_y", normal(random)},
                                               {"q_z", normal(random)}}};
    add(work, i, 50'000, fields);
  }
  return work;
}

Workload w2_medium(std::size_t frames) {
  Workload work = workload("W2 medium", 10, "laser/scan{}");
  std::mt19937_64 random(2);
  constexpr std::size_t kBeams = (4096 - 66) / 2;
  work.frames.reserve(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    std::string ranges(kBeams * 2, '\0');
    std::uint16_t range = 3000;
    for (std::size_t beam = 0; beam < kBeams; beam += 4) {
      std::uint64_t word = random();
      for (std::size_t k = 0; k < 4 && beam + k < kBeams; ++k, word >>= 16) {
        range = static_cast<std::uint16_t>(range + (word & 0x3fu) - 31);
        __builtin_memcpy(&ranges[(beam + k) * 2], &range, 2);
      }
    }
    const std::span<const std::uint8_t> bin(reinterpret_cast<const std::uint8_t*>(ranges.data()),
                                            ranges.size());
    const std::array<FieldView, 3> fields = {
        {{"angle_min", -1.5708}, {"step", 0.0015}, {"ranges", bin}}};
    add(work, i, 1'000'000, fields);
  }
  return work;
}

Workload w3_large(std::size_t frames) {
  Workload work = workload("W3 large", 4, "camera/image{}");
  std::mt19937_64 random(3);
  const std::string pool = noise(2u << 20, random);
  work.frames.reserve(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    const auto* const at =
        reinterpret_cast<const std::uint8_t*>(pool.data()) + random() % (1u << 20);
    const std::span<const std::uint8_t> bin(at, (1u << 20) - 100);
    const std::array<FieldView, 4> fields = {
        {{"width", 1024}, {"height", 1024}, {"encoding", "mono8"}, {"data", bin}}};
    add(work, i, 10'000'000, fields);
  }
  return work;
}

}  // namespace zbag::bench
