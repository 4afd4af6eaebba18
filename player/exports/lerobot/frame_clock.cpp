#include "player/exports/lerobot/frame_clock.hpp"

#include <fmt/format.h>

#include "schemas/apart.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Frames a row: more of them would be gaps and nothing else.
constexpr std::uint64_t kFramesOfARowMax = 100;
constexpr std::uint64_t kFramesMin = 10'000;  // that may be gaps for all that

}  // namespace

Status FrameClock::add(std::int64_t key, std::span<const std::uint8_t> map) {
  if (key_) {
    const double before = static_cast<double>(apart(first_, *key_)) / 1e9;
    const double next = static_cast<double>(apart(first_, key)) / 1e9;
    if (Status taken = take_until(before + (next - before) / 2); !taken) return taken;
    passed_over_ += frames_of_row_ == 0 ? 1 : 0;
  } else {
    first_ = key;
  }
  ++rows_;
  key_ = key;
  map_.assign(reinterpret_cast<const char*>(map.data()), map.size());
  frames_of_row_ = 0;
  return {};
}

Status FrameClock::finish() {
  if (!key_) return {};
  const double last = static_cast<double>(apart(first_, *key_)) / 1e9;
  return take_until(last + seconds_of(1) / 2);
}

// The row that is held is the nearest one up to that time.
Status FrameClock::take_until(double seconds) {
  for (; seconds_of(frames_) <= seconds; ++frames_) {
    if (frames_ > kFramesMin && frames_ > kFramesOfARowMax * rows_) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("it is mostly gaps: {} rows would be more than {} frames at {} a "
                              "second; choose a part with --start and --end",
                              rows_, frames_, rate_));
    }
    Status taken = take_(frames_, *open_map(bytes_of(map_)));
    if (!taken) return taken;
    repeated_ += frames_of_row_++ > 0 ? 1 : 0;
  }
  return {};
}

}  // namespace zbag
