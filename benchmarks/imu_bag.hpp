// A large bag of one track, as `record` writes it, for programs that read bags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "recorder/bag/write/bag_writer.hpp"

namespace zbag::bench {

struct ImuBag {
  static inline const std::string kTrack = "robot/imu";
  static constexpr double kPointBytes = 9.0 * 10;  // of its fields, about

  std::size_t points = 0;  // at 1 kHz
  BagOptions storage = {.compression = {Compression::kLz4, 0}};
  std::int64_t arrives_behind_ns = 0;  // its stamp
  // How far the first of the fields is from that of other such bags.
  double offset = 0.0;

  static const std::vector<const char*>& fields();  // ten float64
};

// At `path`, in place of what is there. Ends the program when it can not.
void make_bag(const std::string& path, const ImuBag& bag);

}  // namespace zbag::bench
