// Frames a constant time apart, each of them the row that is nearest in time.
//
//   FrameClock clock(30, [&](std::uint64_t frame, MapBytes row) { ... });
//   for each row: clock.add(key, map);
//   clock.finish();
//
// Holds one row. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "schemas/map_bytes.hpp"
#include "schemas/result.hpp"

namespace zbag {

class FrameClock {
 public:
  using Take = std::function<Status(std::uint64_t frame, MapBytes row)>;
  FrameClock(unsigned rate, Take take) : rate_(rate), take_(std::move(take)) {}

  // REQUIRES: a map that was validated; a key that is no less than the one before. kUnsupported:
  // most of it is gaps, which would be a great many frames.
  Status add(std::int64_t key, std::span<const std::uint8_t> map);
  Status finish();

  std::uint64_t frames() const { return frames_; }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t passed_over() const { return passed_over_; }  // rows that are no frame
  std::uint64_t repeated() const { return repeated_; }        // frames of the row before
  std::int64_t first() const { return first_; }  // key of the first row; 0: there is none

 private:
  // Of the frame, as doubles tell it: that of the first is 0.
  double seconds_of(std::uint64_t frame) const {
    return static_cast<double>(frame) / static_cast<double>(rate_);
  }
  Status take_until(double seconds);

  const unsigned rate_;
  const Take take_;
  std::int64_t first_ = 0;
  std::optional<std::int64_t> key_;  // of the row that is held
  std::string map_;
  std::uint64_t frames_of_row_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t passed_over_ = 0;
  std::uint64_t repeated_ = 0;
};

}  // namespace zbag
