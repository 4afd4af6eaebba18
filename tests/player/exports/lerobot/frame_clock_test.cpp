#include "player/exports/lerobot/frame_clock.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kMs = 1'000'000;

// Which row, counted from 0, each frame is.
struct Frames {
  std::vector<std::size_t> rows;
  std::uint64_t passed_over = 0;
  std::uint64_t repeated = 0;
};

Result<Frames> frames_of(unsigned rate, const std::vector<std::int64_t>& keys) {
  Frames made;
  FrameClock clock(rate, [&](std::uint64_t frame, MapBytes row) {
    EXPECT_EQ(frame, made.rows.size());
    made.rows.push_back(row.count);
    return Status();
  });
  for (std::size_t n = 0; n < keys.size(); ++n) {
    Fields fields;
    for (std::size_t i = 0; i < n; ++i) fields.emplace_back("f" + std::to_string(i), 1);
    std::string map;
    encode_fields(fields, map);
    if (Status added = clock.add(keys[n], bytes_of(map)); !added)
      return tl::unexpected(added.error());
  }
  if (Status last = clock.finish(); !last) return tl::unexpected(last.error());
  EXPECT_EQ(clock.rows(), keys.size());
  EXPECT_EQ(clock.frames(), made.rows.size());
  made.passed_over = clock.passed_over();
  made.repeated = clock.repeated();
  return made;
}

TEST(FrameClockTest, RowsNearTheirTimesAreAFrameEach) {
  const Frames frames = frames_of(10, {5, 96 * kMs, 208 * kMs, 290 * kMs}).value();
  EXPECT_EQ(frames.rows, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(frames.passed_over + frames.repeated, 0u);
}

TEST(FrameClockTest, AGapRepeatsAndACrowdIsPassedOver) {
  const Frames frames = frames_of(10, {0, 100 * kMs, 110 * kMs, 120 * kMs, 500 * kMs}).value();
  EXPECT_EQ(frames.rows, (std::vector<std::size_t>{0, 1, 3, 3, 4, 4}));
  EXPECT_EQ(frames.passed_over, 1u);
  EXPECT_EQ(frames.repeated, 2u);
}

TEST(FrameClockTest, OneRowIsOneFrameAndNoneIsNone) {
  EXPECT_EQ(frames_of(30, {-7}).value().rows.size(), 1u);
  EXPECT_TRUE(frames_of(30, {}).value().rows.empty());
}

TEST(FrameClockTest, GapsAndNothingElseAreRefused) {
  const Result<Frames> frames = frames_of(1'000, {0, kMs, 2 * kMs, 3'600'000 * kMs});
  ASSERT_FALSE(frames);
  EXPECT_EQ(frames.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace zbag
